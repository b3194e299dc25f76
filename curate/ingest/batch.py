"""What ingest hands out: some rows' worth of records, candidates, pairs and rejected rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate.records import CANDIDATES, PAIRS, RECORDS, Rejected

__all__ = ["Batch", "Rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What some rows of the source came to."""

    records: pa.RecordBatch
    """Of the schema `RECORDS`: prompts met for the first time."""
    candidates: pa.RecordBatch
    """Of the schema `CANDIDATES`; a record's row may stand in an earlier batch."""
    pairs: pa.RecordBatch
    """Of the schema `PAIRS`; so may its candidates."""
    rejected: tuple[Rejected, ...]
    rows: int
    """How many rows of the source were read for this, rejected ones included."""


class Rows:
    """Rows of the three tables as tuples, in the order of the schemas."""

    def __init__(self) -> None:
        self.records: list[tuple[Any, ...]] = []
        self.candidates: list[tuple[Any, ...]] = []
        self.pairs: list[tuple[Any, ...]] = []

    def batch(self, rejected: tuple[Rejected, ...], rows: int) -> Batch:
        """Return all of it as Arrow."""
        return Batch(
            records=_batch(self.records, RECORDS),
            candidates=_batch(self.candidates, CANDIDATES),
            pairs=_batch(self.pairs, PAIRS),
            rejected=rejected,
            rows=rows,
        )


def _batch(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
