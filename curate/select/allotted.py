"""Rows by lot with chances that are known exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Offer
from curate.select.uncertainty import InOrder

__all__ = ["ByLot", "proportional_chance", "systematic"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class ByLot(InOrder):
    """Offers rows in the order of a draw, and knows the chance that each row had.

    Args:
        offer: What a strategy may look at.
        drawn: The rows drawn.
        spare: The others, for when some of those are refused.
        chance: Of each row to be drawn: row to probability.
        refused: Rows that are never offered: reason.
    """

    def __init__(
        self,
        offer: Offer,
        drawn: Ints,
        spare: Ints,
        chance: Mapping[int, float],
        refused: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(offer, np.concatenate([drawn, spare]), refused)
        self.chance = chance
        self._drawn = set(drawn.tolist())

    def take(self, row: int) -> str:
        """Close `row` and say its chance, its need and its rank."""
        said = super().take(row)
        if row in self._drawn:
            return f"drawn by lot with chance {self.chance[row]:.4f}; {said}"
        return f"by lot in the place of a row that was refused; {said}"


def proportional_chance(size: Doubles, k: float) -> Doubles:
    """Return chances in proportion to `size` that add up to `k`, none above 1.

    Args:
        size: Shape (n_rows,), >= 0.
        k: How many are drawn on average.

    Returns:
        Shape (n_rows,); all 1 where no more than `k` sizes are above 0 (0 where the size is).

    >>> proportional_chance(np.array([8.0, 1.0, 1.0]), 2).tolist()
    [1.0, 0.5, 0.5]
    """
    chance = np.zeros(len(size))
    certain = np.zeros(len(size), bool)
    if (size > 0).sum() <= k:
        return (size > 0).astype(np.float64)
    while True:
        rest = size[~certain]
        chance[~certain] = rest * ((k - certain.sum()) / rest.sum())
        over = ~certain & (chance >= 1 - _ROUNDING)
        if not over.any():
            return chance
        certain |= over
        chance[over] = 1.0
        if certain.sum() >= k:
            chance[~certain] = 0.0
            return chance


_ROUNDING = 1e-12


def systematic(chance: Doubles, rng: np.random.Generator, *, strata: Ints | None = None) -> Ints:
    """Draw rows so that each is drawn with its chance, exactly.

    Systematic sampling of the rows in random order (Madow, 1949; Goodman and Kish, 1950): chances
    lie end to end on a line, and rows are drawn where a comb of step 1 at a random place meets
    them. As many come as the chances add up to (rounded up or down by lot), of the whole and of
    each stratum.

    Args:
        chance: Shape (n_rows,), from 0 to 1.
        rng: Where the draws come from.
        strata: Numbers from 0 on of groups whose rows lie together, shape (n_rows,).

    Returns:
        Row indices in random order.

    >>> sorted(systematic(np.array([1.0, 0.5, 0.5, 0.0]), np.random.default_rng(0)))[0]
    np.int64(0)
    """
    sure = np.flatnonzero(chance >= 1)
    rows = rng.permutation(np.flatnonzero((chance > 0) & (chance < 1)))
    if strata is not None and len(rows):
        place = rng.permutation(strata.max() + 1)
        rows = rows[np.argsort(place[strata[rows]], kind="stable")]
    upto = np.cumsum(chance[rows])
    total = upto[-1] if len(rows) else 0.0
    if abs(total - round(total)) < _ROUNDED:
        upto *= round(total) / total if total else 1.0
    comb = np.arange(rng.random(), upto[-1] if len(rows) else 0.0, 1.0)
    drawn = rows[np.searchsorted(upto, comb, side="right")]
    return rng.permutation(np.concatenate([sure, drawn]))


_ROUNDED = 1e-6
"""Chances meant to add up to a whole number do so but for rounding."""
