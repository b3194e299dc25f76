"""The loops of `agreement`, compiled by numba on first use and kept on disk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["code_small_integers", "nominal_sums", "spread_sums", "value_counts"]

Codes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@compiled
def code_small_integers(ratings: Floats, codes: Codes, most: int) -> tuple[int, int]:
    """Write `rating - lowest` into `codes`, -1 where nobody rated.

    Returns:
        The lowest rating, and the highest code; highest code -1 where there is no rating, -2
        where ratings are no integers or lie more than `most` apart.
    """
    low, high = np.inf, -np.inf
    for row in ratings:
        for value in row:
            if value == value:
                if value != np.floor(value):
                    return 0, -2
                low, high = min(low, value), max(high, value)
    if low > high:
        codes[:] = -1
        return 0, -1
    if not high - low <= most:
        return 0, -2
    for i in range(ratings.shape[0]):
        for j in range(ratings.shape[1]):
            value = ratings[i, j]
            codes[i, j] = np.int16(value - low) if value == value else np.int16(-1)
    return int(low), int(high - low)


@compiled
def value_counts(codes: Codes, n_values: int) -> Counts:
    """Count each value over the items that at least two people rated, shape (n_values,)."""
    counts = np.zeros(n_values, np.int64)
    for row in codes:
        if _n_rated(row) > 1:
            for code in row:
                if code >= 0:
                    counts[code] += 1
    return counts


@compiled
def nominal_sums(codes: Codes) -> float:
    """Sum, over items, of disagreeing ordered pairs per (raters of the item - 1)."""
    total, lost = 0.0, 0.0
    for row in codes:
        rated = _n_rated(row)
        if rated > 1:
            differ = 0
            for i in range(row.size):
                for j in range(i):
                    if row[i] >= 0 and row[j] >= 0 and row[i] != row[j]:
                        differ += 2
            total, lost = _added(total, lost, differ / (rated - 1))
    return total


@compiled
def spread_sums(codes: Codes, place: Floats) -> float:
    """Sum, over items, of squared differences in place per (raters of the item - 1)."""
    total, lost = 0.0, 0.0
    for row in codes:
        rated = _n_rated(row)
        if rated > 1:
            spread = 0.0
            for i in range(row.size):
                for j in range(i):
                    if row[i] >= 0 and row[j] >= 0:
                        spread += 2 * (place[row[i]] - place[row[j]]) ** 2
            total, lost = _added(total, lost, spread / (rated - 1))
    return total


@compiled
def _added(total: float, lost: float, term: float) -> tuple[float, float]:
    """Add without losing what does not fit (Kahan, 1965): a million terms stay exact to 1e-15."""
    fitting = term - lost
    grown = total + fitting
    return grown, (grown - total) - fitting


@compiled
def _n_rated(row: Codes) -> int:
    rated = 0
    for code in row:
        if code >= 0:
            rated += 1
    return rated
