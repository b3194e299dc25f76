"""What ingest hands out: some rows' worth of records, candidates, pairs and rejected rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate.records import CANDIDATES, PAIRS, RECORDS, Rejected

__all__ = ["Batch", "Columns", "append"]


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


class Columns:
    """Values of the three tables, column by column, in the order of the schemas."""

    def __init__(self) -> None:
        self.records: list[list[Any]] = [[] for _ in RECORDS]
        self.candidates: list[list[Any]] = [[] for _ in CANDIDATES]
        self.pairs: list[list[Any]] = [[] for _ in PAIRS]

    def batch(self, rejected: tuple[Rejected, ...], rows: int) -> Batch:
        """Return all of it as Arrow."""
        return Batch(
            records=_batch(self.records, RECORDS),
            candidates=_batch(self.candidates, CANDIDATES),
            pairs=_batch(self.pairs, PAIRS),
            rejected=rejected,
            rows=rows,
        )


def append(columns: list[list[Any]], values: Sequence[Any]) -> None:
    """Add one row, its values in the order of the schema."""
    for column, value in zip(columns, values, strict=True):
        column.append(value)


def _batch(columns: list[list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
