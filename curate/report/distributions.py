"""How scores are spread over pool and queue, and how they go with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate import measure

__all__ = ["Bar", "Histogram", "histogram", "rank_correlation", "wilson"]

Floats = npt.NDArray[np.floating]
Bools = npt.NDArray[np.bool_]

_FEW_VALUES = 24
_BINS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bin."""

    low: float
    high: float
    """Equal to `low` where the bin is a single value; the last bin may hold more above it."""
    pool: int
    queue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """One score over the pool, and the queue's part of it."""

    bars: tuple[Bar, ...]
    missing: int
    """Rows without a value."""
    above: int
    """Rows beyond the last bin's upper edge, counted in the last bin."""
    median_pool: float
    median_queue: float

    @property
    def n_pool(self) -> int:
        """Rows of the pool with a value."""
        return sum(bar.pool for bar in self.bars)

    @property
    def n_queue(self) -> int:
        """Rows of the queue with a value."""
        return sum(bar.queue for bar in self.bars)


def histogram(values: Floats, queued: Bools) -> Histogram:
    """Count a score's values in bins, for the pool and for the queue.

    A score of at most 24 distinct values gets one bar a value; any other 36 bins of equal
    width. Where a few rows lie far out, the last bin ends at the 99.5th percentile and
    holds all that lies above.

    Args:
        values: Score of each row, shape (n,); what is not finite counts as missing.
        queued: Which rows are in the queue, shape (n,).

    >>> h = histogram(np.array([0.0, 1.0, 1.0, np.nan]), np.array([False, True, False, True]))
    >>> [(b.low, b.pool, b.queue) for b in h.bars], h.missing
    ([(0.0, 1, 0), (1.0, 2, 1)], 1)
    """
    values = np.asarray(values, dtype=np.float64)
    there = np.isfinite(values)
    pool, queue = values[there], values[there & queued]
    distinct = np.unique(pool)
    bars, above = _by_value(pool, queue, distinct), 0
    if len(distinct) > _FEW_VALUES:
        bars, above = _by_bin(pool, queue)
    return Histogram(
        bars=bars,
        missing=int(len(values) - len(pool)),
        above=above,
        median_pool=_median(pool),
        median_queue=_median(queue),
    )


def _by_value(pool: Floats, queue: Floats, distinct: Floats) -> tuple[Bar, ...]:
    return tuple(
        Bar(low=v, high=v, pool=int((pool == v).sum()), queue=int((queue == v).sum()))
        for v in distinct[: _FEW_VALUES + 1].tolist()
    )


def _by_bin(pool: Floats, queue: Floats) -> tuple[tuple[Bar, ...], int]:
    low, high, top = float(pool.min()), float(np.quantile(pool, 0.995)), float(pool.max())
    if top - low < 2 * (high - low) or high == low:
        high = top
    edges = np.linspace(low, high, _BINS + 1)
    in_pool = np.histogram(np.minimum(pool, high), edges)[0].tolist()
    in_queue = np.histogram(np.minimum(queue, high), edges)[0].tolist()
    bounds = edges.tolist()
    bars = tuple(
        Bar(low=bounds[i], high=bounds[i + 1], pool=in_pool[i], queue=in_queue[i])
        for i in range(_BINS)
    )
    return bars, int((pool > high).sum())


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def rank_correlation(x: Floats, y: Floats) -> float:
    """Return Spearman's rank correlation over the rows where both have a value.

    Ties share their mean rank.

    Returns:
        A value in [-1, 1]; NaN with fewer than three such rows or a constant column.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([3.0, 2.0, 1.0]))
    -1.0
    """
    return float(measure.rank_correlations(np.column_stack([x, y]))[0, 1])


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); NaN for n = 0.

    >>> [round(v, 3) for v in wilson(5, 10)]
    [0.237, 0.763]
    """
    if n == 0:
        return float("nan"), float("nan")
    z = 1.959963984540054
    share, spread = successes / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * (share * (1 - share) / n + spread / (4 * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
