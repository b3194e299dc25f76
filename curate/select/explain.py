"""Why a row is, or is not, in the queue."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.records import Selection
from curate.select.pool import Pool
from curate.select.uncertainty import by_need
from curate.select.vectors import unit_rows

__all__ = ["Explanation", "Near", "Standing", "explain_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One score of a row, and where it stands by it."""

    name: str
    value: float
    rank: int | None
    """1 = highest of the rows that could be picked; None where the score is NaN."""
    of: int
    """How many rows that could be picked have this score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A row beside another."""

    id: str
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of a row in a round, and why."""

    id: str
    row: int
    status: str
    """One sentence, as `Selection.explain` says it."""
    picked_as: int | None
    """1 = first in the queue; None = not in it."""
    part: str | None
    """active, random, always or typical; None = not in the queue."""
    probability: float
    """Chance of inclusion by design; NaN where nothing was left to chance."""
    inclusion: float
    """Chance to be in the queue at all, where the strategy draws too; else NaN."""
    standings: tuple[Standing, ...]
    """The need first, then the other scores."""
    nearest_reviewed: Near | None
    nearest_picked: Near | None
    """The nearest other row of the queue."""
    by_need_alone: bool | None
    """Whether it would be among as many rows picked by need alone; None = not on offer."""

    def text(self) -> str:
        """Return the explanation as lines to read."""
        lines = [f"{self.id}: {self.status}"]
        lines += [f"  {_standing(s)}" for s in self.standings]
        lines.append(
            f"  nearest reviewed or queued before: {_near(self.nearest_reviewed, 'none yet')}"
        )
        lines.append(f"  nearest in the queue: {_near(self.nearest_picked, 'none')}")
        lines.append(f"  {_COUNTERFACTUAL[self.by_need_alone]}")
        if not math.isnan(self.inclusion):
            lines.append(f"  chance to be in the queue, by lot or by draw: {self.inclusion:.4f}")
        return "\n".join(lines)


_COUNTERFACTUAL = {
    True: "by need alone it would have been picked",
    False: "by need alone it would not have been picked",
    None: "it was not on offer, whatever its need",
}


def _standing(s: Standing) -> str:
    if s.rank is None:
        return f"{s.name}: none (not scored)"
    return f"{s.name}: {s.value:.4g}, rank {s.rank:,} of {s.of:,}"


def _near(near: Near | None, nothing: str) -> str:
    return nothing if near is None else f"{near.id} (cosine {near.cosine:.3f})"


def explain_row(pool: Pool, selection: Selection, row: int) -> Explanation:
    """Say why a row is, or is not, in the queue.

    Args:
        pool: What was on offer.
        selection: The queue that was picked from it.
        row: Index into the pool.

    Raises:
        IndexError: If the pool has no such row.
    """
    if not 0 <= row < len(pool):
        raise IndexError(f"no row {row} in a pool of {len(pool)}")
    at = np.flatnonzero(selection.indices == row)
    n = int(at[0]) if len(at) else None
    others = selection.indices[selection.indices != row]
    return Explanation(
        id=pool.ids[row],
        row=row,
        status=selection.explain(row),
        picked_as=None if n is None else n + 1,
        part=None if n is None else selection.part[n],
        probability=float("nan") if n is None else float(selection.probability[n]),
        inclusion=float("nan")
        if n is None or selection.inclusion is None
        else float(selection.inclusion[n]),
        standings=_standings(pool, selection, row),
        nearest_reviewed=_nearest(pool, row, pool.covered[pool.covered != row]),
        nearest_picked=_nearest(pool, row, others),
        by_need_alone=_by_need_alone(pool, selection, row),
    )


def _standings(pool: Pool, selection: Selection, row: int) -> tuple[Standing, ...]:
    columns = {pool.need_name: pool.need, **selection.scores}
    return tuple(_stand(name, values, pool.open, row) for name, values in columns.items())


def _stand(
    name: str, values: npt.NDArray[np.float64], on_offer: npt.NDArray[np.bool_], row: int
) -> Standing:
    value = float(values[row])
    compared = values[on_offer & ~np.isnan(values)]
    higher = int((compared > value).sum())
    rank = None if np.isnan(value) else higher + 1
    return Standing(name=name, value=value, rank=rank, of=len(compared))


def _nearest(pool: Pool, row: int, others: npt.NDArray[np.int64]) -> Near | None:
    if not len(others):
        return None
    cosines = unit_rows(pool.vectors[others]) @ unit_rows(pool.vectors[[row]])[0]
    best = int(cosines.argmax())
    return Near(id=pool.ids[int(others[best])], cosine=min(1.0, float(cosines[best])))


def _by_need_alone(pool: Pool, selection: Selection, row: int) -> bool | None:
    if not pool.open[row]:
        return None
    need = np.where(pool.open, pool.need, np.nan)
    top = by_need(need)[: len(selection)]
    return bool(row in top and not np.isnan(need[row]))
