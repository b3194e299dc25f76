"""What becomes of rows of the pool: those of which nothing is said stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from curate.clean.rows import places

__all__ = ["DROPPED", "FLAGGED", "Fate", "Fates", "dropped_rows", "flagged_rows"]

What = Literal["record", "candidate", "pair"]

DROPPED = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("check", pa.string()),
        ("what", pa.string()),
        ("id", pa.string()),
    ]
)
"""`records.Rejected`, and which check dropped what: a record, a candidate or a pair, by its id."""

FLAGGED = pa.schema(
    [("id", pa.string()), ("what", pa.string()), ("check", pa.string()), ("reason", pa.string())]
)
"""Rows that stay, and are never asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Why a row is dropped or flagged."""

    action: Literal["drop", "flag"]
    check: str
    """Name of the check; keep or drop for a rule of the configuration."""
    reason: str


@dataclass(frozen=True, slots=True)
class Fates:
    """What becomes of rows, by row of the records, of the candidates and of the pairs."""

    records: dict[int, Fate] = field(default_factory=dict)
    candidates: dict[int, Fate] = field(default_factory=dict)
    pairs: dict[int, Fate] = field(default_factory=dict)

    def settle(self, what: What, row: int, fate: Fate) -> None:
        """Say what becomes of a row; what was said first stays, but that a drop ends a flag."""
        known = self._known(what)
        if row not in known or (fate.action == "drop" and known[row].action == "flag"):
            known[row] = fate

    def of(self, what: What, action: Literal["drop", "flag"]) -> dict[int, Fate]:
        """Return the rows that are dropped, or flagged, in their order."""
        known = self._known(what)
        return {row: known[row] for row in sorted(known) if known[row].action == action}

    def _known(self, what: What) -> dict[int, Fate]:
        return {"record": self.records, "candidate": self.candidates, "pair": self.pairs}[what]


def dropped_rows(
    table: pa.Table, what: What, fates: Mapping[int, Fate], *, named: bool = True
) -> pa.Table:
    """Return what is told of dropped rows, in their order.

    Args:
        table: What they were dropped from.
        what: Of what kind they are.
        fates: Why, by row of the table.
        named: Whether to tell ids; not where an id leads back to a text that must not be kept.
    """
    rows, why = list(fates), list(fates.values())
    some = table.select(["id", "source"]).take(pa.array(rows, pa.int64()))
    files, lines = places(some["source"])
    return pa.table(
        {
            "file": files.cast(pa.string()),
            "line": lines,
            "stage": ["clean"] * len(rows),
            "reason": [fate.reason for fate in why],
            "check": [fate.check for fate in why],
            "what": [what] * len(rows),
            "id": some["id"] if named else [""] * len(rows),
        },
        schema=DROPPED,
    )


def flagged_rows(ids: Iterable[str], what: What, fates: Iterable[Fate]) -> pa.Table:
    """Return what is told of flagged rows."""
    rows = [
        {"id": id, "what": what, "check": fate.check, "reason": fate.reason}
        for id, fate in zip(ids, fates, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=FLAGGED)
