"""How sure an AUROC is: DeLong's variance, and an interval that stays within 0 and 1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure.intervals import UNKNOWN, Interval, share_interval

__all__ = ["area_interval", "auroc_interval", "delong_variance"]

Floats = npt.NDArray[np.float64]


def auroc_interval(scores: npt.ArrayLike, wrong: npt.ArrayLike) -> Interval:
    """Return how often a wrong row has a higher score than a right one, with its interval.

    Args:
        scores: Shape (n_rows,), NaN = no score; such rows are left out.
        wrong: Shape (n_rows,), of 0 and 1; NaN = not known, left out too.

    Returns:
        Unknown where nothing or everything is wrong.

    >>> found = auroc_interval([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0])
    >>> found.value, found.n
    (0.875, 4)
    """
    x, y = np.asarray(scores, np.float64), np.asarray(wrong, np.float64)
    there = ~(np.isnan(x) | np.isnan(y))
    x, positive = x[there], y[there] >= 0.5
    m, n = int(positive.sum()), int((~positive).sum())
    if not (m and n):
        return UNKNOWN
    above, below = _placements(x, positive)
    area = float(above.mean())
    return area_interval(area, _variance(above, below), m + n, fewest=min(m, n))


def delong_variance(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Return the variance of an AUROC (DeLong, DeLong and Clarke-Pearson, 1988).

    Args:
        scores: Shape (n_rows,).
        positive: Which rows should have the higher scores, shape (n_rows,).

    Returns:
        0.25, the greatest there is, with fewer than two rows of either kind.
    """
    if positive.all() or not positive.any():
        return 0.25
    return _variance(*_placements(scores, positive))


def area_interval(area: float, variance: float, n: int, *, fewest: int = 1) -> Interval:
    """Return the interval of an AUROC of known variance, as that of a share.

    It is worth as many draws as give a share of that variance; where nothing varied, as many as
    there are rows of the rarer kind.

    Args:
        area: The AUROC.
        variance: Its variance.
        n: Rows that it rests on.
        fewest: Rows of the rarer kind.
    """
    even = area * (1 - area)
    worth = even / variance if variance > 0 and even > 0 else fewest
    low, high = share_interval(area, worth)
    return Interval(value=area, low=low, high=high, n=n)


def _placements(scores: Floats, positive: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the share of the other kind that each row beats (or, negative, is beaten by)."""
    from scipy.stats import rankdata

    m, n = positive.sum(), (~positive).sum()
    ranks = rankdata(scores)
    above = (ranks[positive] - rankdata(scores[positive])) / n
    below = 1 - (ranks[~positive] - rankdata(scores[~positive])) / m
    return above, below


def _variance(above: Floats, below: Floats) -> float:
    if min(len(above), len(below)) < 2:
        return 0.25
    return float(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below))
