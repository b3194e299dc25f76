"""How large a difference is, and how sure: shares, ranks, means, many tests at once.

In: counts or arrays. Out: numbers, or an `Interval`. An effect of 0 (or a share of one half) is
no difference, and swapping the two sides turns every effect round.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from curate.measure.intervals import UNKNOWN, Interval, share_interval, student_t

__all__ = [
    "binomial_p",
    "cliffs_delta",
    "clustered_share",
    "cohens_d",
    "effective_number",
    "holm",
    "paired_d",
    "rank_biserial",
    "rate",
]

Floats = npt.NDArray[np.float64]


def rate(hits: float, n: float) -> Interval:
    """Return a share with its interval (Wilson, 1927).

    >>> found = rate(5, 10)
    >>> round(found.low, 3), found.value, round(found.high, 3)
    (0.237, 0.5, 0.763)
    """
    if n <= 0:
        return UNKNOWN
    low, high = share_interval(hits / n, n)
    return Interval(value=hits / n, low=low, high=high, n=int(n))


def clustered_share(hits: npt.ArrayLike, groups: npt.ArrayLike) -> Interval:
    """Return a share whose rows come in groups that need not be independent within.

    The variance is that of a ratio of group totals (Cochran, Sampling Techniques, 1977, 11.8);
    the interval is Wilson's for as many independent draws as give that variance, with Student's
    quantile for so many groups. Fewer than ten groups say too little of how groups differ: their
    rows count as independent.

    Args:
        hits: In [0, 1], shape (n_rows,).
        groups: Number of each row's group, from 0, shape (n_rows,).

    >>> copied = clustered_share(np.repeat([0, 1] * 10, 50), np.repeat(np.arange(20), 50))
    >>> single = rate(10, 20)
    >>> abs(copied.low - single.low) < 0.03
    True
    """
    x, group = np.asarray(hits, np.float64), np.asarray(groups)
    if not len(x):
        return UNKNOWN
    share = float(x.mean())
    sizes = np.bincount(group)
    n_groups = int((sizes > 0).sum())
    if n_groups < _FEW_GROUPS or not 0 < share < 1:
        worth = len(x) if n_groups < _FEW_GROUPS else n_groups
        low, high = share_interval(share, worth)
        return Interval(value=share, low=low, high=high, n=len(x))
    residual = np.bincount(group, weights=x) - share * sizes
    variance = n_groups / (n_groups - 1) * float(np.square(residual).sum()) / len(x) ** 2
    draws = share * (1 - share) / variance if variance > 0 else math.inf
    low, high = share_interval(share, min(len(x), draws), student_t(n_groups - 1))
    return Interval(value=share, low=low, high=high, n=len(x))


_FEW_GROUPS = 10


def binomial_p(hits: int, n: int, share: float = 0.5) -> float:
    """Return the p-value of the exact two-sided binomial test; NaN for no draw.

    >>> round(binomial_p(9, 10), 4)
    0.0215
    """
    from scipy.stats import binomtest

    return float(binomtest(hits, n, share).pvalue) if n else math.nan


def rank_biserial(differences: npt.ArrayLike) -> float:
    """Return the matched-pairs rank-biserial correlation of differences.

    Ranks of the differences' sizes that speak for a rise less those for a fall, over all of them
    (Kerby, 2014): 1 = all rise, -1 = all fall. Differences of 0 are left out.

    Args:
        differences: Shape (n_pairs,).

    >>> round(rank_biserial([1, 2, -3, 4]), 6)
    0.4
    """
    from scipy.stats import rankdata

    x = np.asarray(differences, np.float64)
    x = x[x != 0]
    if not len(x):
        return math.nan
    ranks = rankdata(np.abs(x))
    return float((ranks * np.sign(x)).sum() / ranks.sum())


def paired_d(differences: npt.ArrayLike) -> float:
    """Return Cohen's d of differences: their mean over their standard deviation (d_z).

    NaN for fewer than two, or where they do not vary (Cohen, 1988).

    >>> round(paired_d([1, 3]), 6)
    1.414214
    """
    x = np.asarray(differences, np.float64)
    spread = float(x.std(ddof=1)) if len(x) > 1 else 0.0
    return float(x.mean()) / spread if spread > 0 else math.nan


def cohens_d(ones: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Return the difference of two means over their pooled standard deviation (Cohen, 1988).

    >>> round(cohens_d([3, 5], [1, 3]), 6)
    1.414214
    """
    a, b = np.asarray(ones, np.float64), np.asarray(others, np.float64)
    if min(len(a), len(b)) < 2:
        return math.nan
    squares = (len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)
    spread = math.sqrt(squares / (len(a) + len(b) - 2))
    return float(a.mean() - b.mean()) / spread if spread > 0 else math.nan


def cliffs_delta(ones: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Return how much more often one of `ones` is above one of `others` than below (Cliff, 1993).

    Below .147 in size it is called negligible, from .474 large (Romano et al., 2006).

    >>> cliffs_delta([2, 3], [1, 2])
    0.75
    """
    from scipy.stats import rankdata

    a, b = np.asarray(ones, np.float64), np.asarray(others, np.float64)
    if not (len(a) and len(b)):
        return math.nan
    above = rankdata(np.concatenate([a, b]))[: len(a)].sum() - len(a) * (len(a) + 1) / 2
    return float(2 * above / (len(a) * len(b)) - 1)


def holm(p_values: npt.ArrayLike) -> Floats:
    """Return p-values corrected for being many, so that one false alarm in all is as rare as one.

    Step-down Bonferroni (Holm, 1979). NaN stays, and counts for none.

    Args:
        p_values: Shape (n_tests,).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, np.float64)
    out = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    times = np.arange(len(order), 0, -1)
    out[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * times)) if len(order) else 0.0
    return out


def effective_number(counts: npt.ArrayLike) -> float:
    """Return how many equally common kinds are as diverse: the exponential of the entropy.

    Hill's number of order 1 (Hill, 1973); from 1 to the number of kinds, NaN for none.

    >>> round(effective_number([5, 5, 5, 5]), 6), round(effective_number([9, 1]), 3)
    (4.0, 1.384)
    """
    x = np.asarray(counts, np.float64)
    x = x[x > 0]
    if not len(x):
        return math.nan
    shares = x / x.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
