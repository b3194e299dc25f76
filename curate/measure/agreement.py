"""How far raters agree, beyond what chance would give.

In: one ratings matrix ``(n_items, n_raters)``, NaN where nobody rated; models and people alike.
Out: numbers, NaN where there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "bootstrap_interval",
    "item_agreement",
    "krippendorff_alpha",
    "percent_agreement",
    "rater_agreement",
]

Ratings = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Level = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: npt.ArrayLike, *, level: Level = "nominal") -> float:
    """Return Krippendorff's alpha: 1 = all agree, 0 = as by chance, below 0 = worse.

    Use it where not everybody rated everything: missing ratings are simply left out. Alpha is
    ``1 - observed / expected disagreement`` over the items that at least two people rated
    (Krippendorff, Content Analysis, 2004, chapter 11). The ordinal distance of two values is
    the distance of their mid-ranks, so ordinal alpha is interval alpha of mid-ranks; no matrix
    of values against values is built.

    Args:
        ratings: One row per item, shape (n_items, n_raters), NaN = not rated.
        level: ``nominal`` (labels), ``ordinal`` (ranked values) or ``interval`` (differences
            mean something).

    Returns:
        Alpha; NaN where no item has two ratings, or all ratings are one and the same value
        (nothing could have differed).

    >>> round(krippendorff_alpha([[1, 1], [2, 2], [3, 3], [1, 2]]), 3)
    0.667
    """
    from curate.measure import _agreement_loops as loops

    codes, values = _coded(_matrix(ratings))
    counts = loops.value_counts(codes, len(values))
    n = float(counts.sum())
    if n == 0 or np.count_nonzero(counts) < 2:
        return float("nan")
    if level == "nominal":
        observed = loops.nominal_sums(codes)
        expected = (n**2 - float(np.square(counts.astype(float)).sum())) / (n - 1)
    else:
        place = values if level == "interval" else _mid_ranks(counts)
        place = place - np.average(place, weights=counts)
        observed = loops.spread_sums(codes, place)
        expected = 2 * n * float((counts * place**2).sum()) / (n - 1)
    return float(1 - observed / expected)


def bootstrap_interval(
    statistic: Callable[[Ratings], float],
    ratings: npt.ArrayLike,
    *,
    n: int = 1000,
    confidence: float = 0.95,
    rng: np.random.Generator | int = 0,
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of a statistic over items.

    Items are drawn with replacement, raters stay (Efron, 1979; the percentile interval: the
    middle `confidence` of the resampled values). Resamples on which the statistic is NaN are
    left out.

    Args:
        statistic: From a ratings matrix to a number, e.g. `krippendorff_alpha`.
        ratings: Shape (n_items, n_raters), NaN = not rated.
        n: How many resamples.
        confidence: Share of the resampled values that the interval holds.
        rng: Generator or seed.

    Returns:
        Lower and upper end; NaN, NaN where there are no items or no resample has a value.
    """
    matrix = _matrix(ratings)
    if not len(matrix):
        return float("nan"), float("nan")
    draw = np.random.default_rng(rng)
    rows = (draw.integers(len(matrix), size=len(matrix)) for _ in range(n))
    values = np.array([statistic(matrix[picked]) for picked in rows])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def percent_agreement(ratings: npt.ArrayLike) -> float:
    """Return the share of pairs of ratings of one item that are equal, over all such pairs.

    Chance is not taken off; report it beside `krippendorff_alpha`, never instead.

    Args:
        ratings: Shape (n_items, n_raters), NaN = not rated.

    >>> percent_agreement([[1, 1, 2], [3, 3, float("nan")]])     # 1 of 3 pairs, 1 of 1
    0.5
    """
    equal, pairs = _pairings(_matrix(ratings))
    return _share(equal.sum(), pairs.sum())


def item_agreement(ratings: npt.ArrayLike) -> Ratings:
    """Return, for each item, the share of pairs of its ratings that are equal.

    Args:
        ratings: Shape (n_items, n_raters), NaN = not rated.

    Returns:
        Shape (n_items,); NaN where fewer than two people rated.
    """
    equal, pairs = _pairings(_matrix(ratings))
    return _shares(equal.sum(axis=1), pairs.sum(axis=1))


def rater_agreement(ratings: npt.ArrayLike) -> Ratings:
    """Return, for each rater, the share of pairings with other raters in which both agree.

    Args:
        ratings: Shape (n_items, n_raters), NaN = not rated.

    Returns:
        Shape (n_raters,); NaN for a rater whose items nobody else rated.

    >>> rater_agreement([[1, 1, 2], [3, 3, 3]]).tolist()
    [0.75, 0.75, 0.5]
    """
    equal, pairs = _pairings(_matrix(ratings))
    return _shares(equal.sum(axis=0), pairs.sum(axis=0))


def _matrix(ratings: npt.ArrayLike) -> Ratings:
    matrix = np.asarray(ratings, dtype=np.float64)
    if matrix.ndim == 1 and not len(matrix):
        return matrix.reshape(0, 0)
    if matrix.ndim != 2:
        raise ValueError(f"ratings must have the shape (n_items, n_raters), not {matrix.shape}")
    return matrix


def _coded(matrix: Ratings) -> tuple[npt.NDArray[np.signedinteger], Ratings]:
    """Number the distinct ratings in their order; -1 where nobody rated."""
    from curate.measure import _agreement_loops as loops

    codes = np.empty(matrix.shape, np.int16)
    low, top = loops.code_small_integers(matrix, codes, _FEW)
    if top >= -1:
        return codes, np.arange(low, low + top + 1, dtype=np.float64)
    values, inverse = np.unique(matrix, return_inverse=True, equal_nan=True)
    wide = inverse.reshape(matrix.shape).astype(np.int64)
    if np.isnan(values[-1]):
        values = values[:-1]
        wide[wide == len(values)] = -1
    return wide, values


_FEW = 10_000


def _mid_ranks(counts: Ints) -> Ratings:
    ranks: Ratings = np.cumsum(counts) - counts / 2
    return ranks


def _pairings(matrix: Ratings) -> tuple[Ints, Ints]:
    """Count, for each rating, the others of its item that equal it, and the others at all."""
    rated = ~np.isnan(matrix)
    equal = np.zeros(matrix.shape, np.int64)
    for other in range(matrix.shape[1]):
        equal += matrix == matrix[:, other : other + 1]
    pairs = np.where(rated, rated.sum(axis=1, keepdims=True) - 1, 0)
    return equal - rated, pairs


def _shares(parts: Ints, wholes: Ints) -> Ratings:
    shares = np.full(len(wholes), np.nan)
    np.divide(parts, wholes, out=shares, where=wholes > 0)
    return shares


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
