"""Curated rows as the table they are stored in, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from curate.records import CURATED, Curated, Message, message_from, message_row

__all__ = ["curated_from", "curated_table"]

_PLAIN = ("id", "item_id", "record_id", "task", "outcome", "support", "n_responses", "agreement")


def curated_table(curated: Sequence[Curated]) -> pa.Table:
    """Return the rows as a table of the schema `CURATED`; lone surrogates become U+FFFD."""
    return pa.Table.from_pylist([_row(row) for row in curated], schema=CURATED)


def curated_from(table: pa.Table) -> list[Curated]:
    """Return the rows that a table of the schema `CURATED` holds."""
    return [_curated(row) for row in table.to_pylist()]


def _row(curated: Curated) -> dict[str, Any]:
    row = {name: getattr(curated, name) for name in _PLAIN}
    row["chosen"] = _message(curated.chosen)
    row["rejected"] = _message(curated.rejected)
    row["sources"] = list(curated.sources)
    return row


def _message(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    row = message_row(message)
    return {k: _storable(v) if isinstance(v, str) else v for k, v in row.items()}


def _storable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _curated(row: dict[str, Any]) -> Curated:
    agreement = row["agreement"]
    return Curated(
        **{name: row[name] for name in _PLAIN if name != "agreement"},
        agreement=math.nan if agreement is None else agreement,
        chosen=message_from(row["chosen"]) if row["chosen"] else None,
        rejected=message_from(row["rejected"]) if row["rejected"] else None,
        sources=tuple(row["sources"]),
    )
