"""How well a score finds what is wrong.

In: scores, shape (n_rows,), higher = more in doubt, NaN = no score; and which rows are in fact
wrong. Rows without a score are left out: count them beside. Out: numbers, NaN where nothing or
everything is wrong. Rows with equal scores count as in random order, so that nothing hangs on the
order of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Estimate", "auroc", "average_precision", "prr", "ranking_quality"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its bootstrap interval."""

    value: float
    low: float
    high: float


def auroc(scores: npt.ArrayLike, wrong: npt.ArrayLike) -> float:
    """Return how often a wrong row has a higher score than a right one; ties count half.

    The area under the ROC curve; 0.5 = as by chance.

    Args:
        scores: Shape (n_rows,), NaN = no score.
        wrong: Shape (n_rows,).

    Raises:
        ValueError: If the shapes differ.

    >>> auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    0.875
    """
    return _auroc(*_sorted(*_known(scores, wrong)))


def average_precision(scores: npt.ArrayLike, wrong: npt.ArrayLike) -> float:
    """Return the mean share of wrong rows among those down to each wrong row.

    ``sum_k (R_k - R_{k-1}) P_k`` over the distinct scores from the top, as scikit-learn has it; the
    share of wrong rows is what chance gives.

    Args:
        scores: Shape (n_rows,), NaN = no score.
        wrong: Shape (n_rows,).

    Raises:
        ValueError: If the shapes differ.

    >>> round(average_precision([0.9, 0.8, 0.7, 0.1], [True, False, True, False]), 6)
    0.833333
    """
    return _average_precision(*_sorted(*_known(scores, wrong)))


def prr(scores: npt.ArrayLike, wrong: npt.ArrayLike, *, most: float = 1.0) -> float:
    """Return the prediction-rejection ratio: what leaving out the most doubtful rows gains.

    The mean share of right rows as more and more are left out in order of their scores, less
    what leaving them out at random gives, over the same for an oracle (Malinin et al., 2017); 1 =
    as good as the oracle, 0 = as by chance. The discrete sum is that of lm-polygraph
    (``PredictionRejectionArea``): up to ``int(most * n_rows)`` rows are left out.

    Args:
        scores: Shape (n_rows,), NaN = no score.
        wrong: Shape (n_rows,).
        most: The greatest share of rows to leave out; 0.5 looks at the first half only.

    Raises:
        ValueError: If the shapes differ.

    >>> prr([0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    1.0
    """
    return _prr(*_sorted(*_known(scores, wrong)), most)


def ranking_quality(
    scores: npt.ArrayLike,
    wrong: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    n: int = 1000,
    confidence: float = 0.95,
    rng: np.random.Generator | int = 0,
) -> Mapping[str, Estimate]:
    """Return all of these numbers with percentile bootstrap intervals over groups of rows.

    Whole groups are drawn with replacement (Efron, 1979): the answers to one prompt stand and
    fall together, and drawing rows one by one would pretend to know more than is known.

    Args:
        scores: Shape (n_rows,), NaN = no score.
        wrong: Shape (n_rows,).
        groups: Which rows belong together (one prompt's), shape (n_rows,); None = each alone.
        n: How many resamples.
        confidence: Share of the resampled values that an interval holds.
        rng: Generator or seed.

    Returns:
        ``auroc``, ``average_precision``, ``prr`` and ``prr_half`` (the first half rejected).

    Raises:
        ValueError: If the shapes differ.

    >>> quality = ranking_quality([3.0, 2.0, 1.0, 0.0], [True, False, True, False], n=20)
    >>> quality["auroc"].value, quality["auroc"].low <= 0.75 <= quality["auroc"].high
    (0.75, True)
    """
    score, bad, group = _known(scores, wrong, groups)
    score, bad, group = _sorted(score, bad, group)
    drawn = np.full((n, len(_METRICS)), np.nan)
    generator, n_groups = np.random.default_rng(rng), int(group.max(initial=-1)) + 1
    for values in drawn if n_groups else ():
        times = np.bincount(generator.integers(n_groups, size=n_groups), minlength=n_groups)
        rows = np.repeat(np.arange(len(score)), times[group])
        values[:] = _all(score[rows], bad[rows])
    bounds = [_interval(values, confidence) for values in drawn.T]
    return {
        name: Estimate(value=value, low=low, high=high)
        for name, value, (low, high) in zip(_METRICS, _all(score, bad), bounds, strict=True)
    }


def _known(
    scores: npt.ArrayLike, wrong: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> tuple[Floats, Bools, Ints]:
    score, bad = np.asarray(scores, dtype=np.float64), np.asarray(wrong, dtype=bool)
    group = np.arange(score.size) if groups is None else np.asarray(groups)
    if score.ndim != 1 or score.shape != bad.shape or score.shape != group.shape:
        raise ValueError(
            f"scores of the shape {score.shape}, but {bad.shape} truths and {group.shape} groups"
        )
    known = ~np.isnan(score)
    numbered = np.unique(group[known], return_inverse=True)[1].reshape(-1)
    return score[known], bad[known], numbered


def _sorted(score: Floats, wrong: Bools, group: Ints) -> tuple[Floats, Bools, Ints]:
    """Put the highest score first."""
    order = np.argsort(-score, kind="stable")
    return score[order], wrong[order], group[order]


def _ties(score: Floats, wrong: Bools) -> tuple[Floats, Floats]:
    """Return, for each distinct score from the top, how many rows are wrong, and how many right."""
    if not len(score):
        return np.zeros(0), np.zeros(0)
    starts = np.flatnonzero(np.append(True, score[1:] != score[:-1]))
    sizes = np.diff(np.append(starts, len(score)))
    bad = np.add.reduceat(wrong.astype(np.float64), starts)
    return bad, sizes - bad


def _auroc(score: Floats, wrong: Bools, group: Ints | None = None) -> float:
    bad, good = _ties(score, wrong)
    pairs = bad.sum() * good.sum()
    below = good.sum() - np.cumsum(good)
    return float((bad * (below + good / 2)).sum() / pairs) if pairs else float("nan")


def _average_precision(score: Floats, wrong: Bools, group: Ints | None = None) -> float:
    bad, good = _ties(score, wrong)
    if not bad.sum() or not good.sum():
        return float("nan")
    precision = np.cumsum(bad) / np.cumsum(bad + good)
    return float((bad * precision).sum() / bad.sum())


def _prr(score: Floats, wrong: Bools, group: Ints | None = None, most: float = 1.0) -> float:
    n = len(score)
    n_out, n_bad = int(most * n), int(wrong.sum())
    if not n_out or n_bad in (0, n):
        return float("nan")
    bad, good = _ties(score, wrong)
    share = np.repeat(good / (bad + good), (bad + good).astype(np.int64))[::-1]
    ideal = (np.arange(n) < n - n_bad).astype(np.float64)
    chance = 1.0 - n_bad / n
    room = _area(ideal, n_out) - chance
    return (_area(share, n_out) - chance) / room if room > 1e-12 else float("nan")


def _area(right: Floats, n_out: int) -> float:
    """Return the mean share of right rows over all that are kept, the surest coming first."""
    kept = np.arange(1, len(right) + 1)
    return float((np.cumsum(right) / kept)[-n_out:].mean())


def _all(score: Floats, wrong: Bools) -> list[float]:
    return [metric(score, wrong) for metric in _METRICS.values()]


def _interval(values: Floats, confidence: float) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


_METRICS: Mapping[str, Callable[[Floats, Bools], float]] = {
    "auroc": _auroc,
    "average_precision": _average_precision,
    "prr": _prr,
    "prr_half": lambda score, wrong: _prr(score, wrong, most=0.5),
}
