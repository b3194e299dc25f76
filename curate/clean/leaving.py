"""Rows that leave the pool, with what goes because they do, and what is told of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.clean.fates import DROPPED, FLAGGED, Fate, Fates, What, dropped_rows, flagged_rows
from curate.clean.redacting import Tables

__all__ = ["Leaving", "flagged"]

Bools = npt.NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Leaving:
    """What left so far.

    Args:
        named: Whether ids are told; not as long as they lead back to texts that are not kept.
    """

    named: bool
    _told: list[pa.Table] = field(default_factory=list)

    def let_go(self, pool: Tables, fates: Fates) -> Tables:
        """Return the pool without the rows that are dropped, and what belongs to them."""
        records = fates.of("record", "drop")
        candidates = self._candidates(pool, records, fates.of("candidate", "drop"))
        pairs = dict(sorted({**fates.of("pair", "drop"), **_of_gone(pool, candidates)}.items()))
        gone: tuple[tuple[What, pa.Table, Mapping[int, Fate]], ...] = (
            ("record", pool.records, records),
            ("candidate", pool.candidates, candidates),
            ("pair", pool.pairs, pairs),
        )
        for what, table, rows in gone:
            self._tell(table, what, rows)
        return Tables(*(_without(table, rows) for _, table, rows in gone))

    def merged(self, records: pa.Table, merged: Mapping[int, str]) -> None:
        """Tell of records that became the same as others, named by where those stand."""
        fates = {
            row: Fate(
                action="drop",
                check="personal-data",
                reason=f"without personal data the same prompt as {place}, which has its answers",
            )
            for row, place in merged.items()
        }
        self._tell(records, "record", fates)

    def table(self) -> pa.Table:
        """Return all that left, as `DROPPED`: records, then candidates, then pairs of each step."""
        return pa.concat_tables([DROPPED.empty_table(), *self._told]).combine_chunks()

    def _candidates(
        self, pool: Tables, records: Mapping[int, Fate], own: Mapping[int, Fate]
    ) -> dict[int, Fate]:
        """Return the answers that go: those named, and those whose prompt goes."""
        ids = pool.records["id"].take(pa.array(list(records), pa.int64())).combine_chunks()
        at = pc.index_in(pool.candidates["record_id"], value_set=ids)
        orphans = np.flatnonzero(np.asarray(at.is_valid())).tolist()
        why = list(records.values())
        place = at.to_pylist() if orphans else []
        inherited = {row: _inherited(why[place[row]]) for row in orphans}
        return dict(sorted({**own, **inherited}.items()))

    def _tell(self, table: pa.Table, what: What, fates: Mapping[int, Fate]) -> None:
        if fates:
            self._told.append(dropped_rows(table, what, fates, named=self.named))


def _inherited(fate: Fate) -> Fate:
    return Fate(action="drop", check=fate.check, reason=f"its prompt is gone: {fate.reason}")


def _of_gone(pool: Tables, candidates: Mapping[int, Fate]) -> dict[int, Fate]:
    """Return the pairs of which an answer goes."""
    ids = pool.candidates["id"].take(pa.array(list(candidates), pa.int64())).combine_chunks()
    why = list(candidates.values())
    gone: dict[int, Fate] = {}
    for side in ("b", "a"):
        at = pc.index_in(pool.pairs[side], value_set=ids)
        for row in np.flatnonzero(np.asarray(at.is_valid())).tolist():
            fate = why[at[row].as_py()]
            reason = f"one of its answers is gone: {fate.reason}"
            gone[row] = Fate(action="drop", check=fate.check, reason=reason)
    return dict(sorted(gone.items()))


def _without(table: pa.Table, rows: Mapping[int, Fate]) -> pa.Table:
    if not rows:
        return table
    stays = np.ones(table.num_rows, bool)
    stays[list(rows)] = False
    return table.filter(pa.array(stays))


def flagged(before: Tables, left: Tables, fates: Fates) -> pa.Table:
    """Return what is told of rows that are flagged and still there, as `FLAGGED`.

    Args:
        before: The pool that the fates speak of.
        left: What is left of it.
        fates: What becomes of its rows.
    """
    told = [FLAGGED.empty_table()]
    kinds: tuple[tuple[What, pa.Table, pa.Table], ...] = (
        ("record", before.records, left.records),
        ("candidate", before.candidates, left.candidates),
    )
    for what, table, there in kinds:
        rows = fates.of(what, "flag")
        ids = table["id"].take(pa.array(list(rows), pa.int64()))
        said = flagged_rows(ids.to_pylist(), what, rows.values())
        told.append(said.filter(pc.is_in(said["id"], value_set=there["id"].combine_chunks())))
    return pa.concat_tables(told).combine_chunks()
