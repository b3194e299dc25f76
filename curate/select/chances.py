"""With which chance a row came into the queue, where a strategy draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from curate.select.strategies import Picker

__all__ = ["chances_of", "inclusion"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def chances_of(picker: Picker, rows: Ints) -> Floats | None:
    """Return the chance with which a picker that draws would take each row; None if it draws not.

    Args:
        picker: A strategy's picker; one that draws has a mapping `chance` from row to the
            probability to be among the rows that it offers, before any is refused.
        rows: Row indices.
    """
    chance: Mapping[int, float] | None = getattr(picker, "chance", None)
    if chance is None:
        return None
    return np.array([chance.get(row, np.nan) for row in rows.tolist()], np.float64)


def inclusion(
    queue: Ints,
    lot: Ints,
    lot_if_drawn: Floats | None,
    lot_chance: float,
    active: Ints,
    active_chance: Floats,
) -> Floats:
    """Return each picked row's chance to be in the queue by lot or by the strategy's draw.

    That is p + (1 - p) s for the lot's chance p and the strategy's chance s for a row that the lot
    left. For rows that the lot took, s is what the strategy would have given them beside the rows
    that it had. Rows that came in by a rule, a quota or as typical ones are NaN.

    Args:
        queue: Picked rows, in order, shape (n_picked,).
        lot: Those drawn by lot.
        lot_if_drawn: Their chances with the strategy, shape (len(lot),).
        lot_chance: Of each row on offer to be drawn by lot; NaN where it is not equal for all.
        active: Rows that the strategy drew.
        active_chance: Their chances, shape (len(active),).

    >>> none = np.empty(0, np.int64)
    >>> inclusion(np.array([3]), none, np.empty(0), 0.1, np.array([3]), np.array([0.5]))
    array([0.55])
    """
    by_strategy = dict(zip(active.tolist(), active_chance.tolist(), strict=True))
    if lot_if_drawn is not None and not np.isnan(active_chance).any():
        by_strategy |= dict(zip(lot.tolist(), lot_if_drawn.tolist(), strict=True))
    drawn = np.array([by_strategy.get(row, np.nan) for row in queue.tolist()], np.float64)
    return lot_chance + (1 - lot_chance) * drawn
