"""Whether two samples of rows come from one place: a test by classifier, exact by relabelling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.measure.delong import area_interval, delong_variance
from curate.measure.intervals import Interval

__all__ = ["MOST", "TwoSample", "drawn", "rows_drawn", "two_sample"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST = 5_000
"""Rows of each side that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSample:
    """How well a classifier tells new rows from old ones."""

    auroc: Interval
    """0.5 = not at all, 1 = always; NaN where there are too few rows."""
    p_value: float
    """How often a relabelling by chance is told apart as well."""
    n_old: int
    """Rows that were looked at."""
    n_new: int


def two_sample(
    old: npt.ArrayLike,
    new: npt.ArrayLike,
    *,
    folds: int = 5,
    permutations: int = 199,
    most: int = MOST,
    rng: np.random.Generator | int = 7,
) -> TwoSample:
    """Test whether new rows come from where the old ones came from.

    A linear classifier (Fisher's discriminant, shrunk) learns to tell them apart on four fifths
    of the rows and is tried on the last; the AUROC is the mean over the folds, its interval
    DeLong's (1988). The p-value is that of a permutation test: all is learned anew for each
    relabelling, so it is exact for any number of rows (classifier two-sample tests: Lopez-Paz and
    Oquab, 2017; with this classifier: Kim et al., 2021).

    Cost: at most `most` rows of each side are looked at, drawn by lot; `folds` factorisations of
    an n_dims x n_dims matrix, and one matrix product for all relabellings.

    Args:
        old: Shape (n_old, n_dims).
        new: Shape (n_new, n_dims).
        folds: Parts that are held out in turn.
        permutations: Relabellings; 199 allow p-values from 0.005.
        most: Rows of each side that are looked at.
        rng: Of the draws.

    Returns:
        NaN where a side has fewer rows than twice the folds.

    >>> x = np.eye(4)[np.arange(400) % 4]
    >>> two_sample(x[:200], x[200:]).p_value > 0.05
    True
    """
    rng = np.random.default_rng(rng)
    a, b = drawn(old, most, rng), drawn(new, most, rng)
    if min(len(a), len(b)) < 2 * folds:
        nothing = Interval(value=math.nan, low=math.nan, high=math.nan)
        return TwoSample(auroc=nothing, p_value=math.nan, n_old=len(a), n_new=len(b))
    labels = np.repeat([0.0, 1.0], [len(a), len(b)])
    tries = _relabelled(labels, permutations, rng)
    parts = rng.permutation(len(labels)) % folds
    areas, variance = _held_out_areas(np.concatenate([a, b]), tries, parts)
    at_least = int((areas[1:] >= areas[0] - _ROUNDING).sum())
    return TwoSample(
        auroc=area_interval(float(areas[0]), variance, len(labels), fewest=min(len(a), len(b))),
        p_value=(1 + at_least) / (1 + permutations),
        n_old=len(a),
        n_new=len(b),
    )


_ROUNDING = 1e-12


def rows_drawn(x: npt.ArrayLike, most: int, rng: np.random.Generator) -> Ints:
    """Return at most so many rows, rising, drawn by lot where there are more."""
    n = len(np.asarray(x))
    if n <= most:
        return np.arange(n)
    return np.sort(rng.choice(n, most, replace=False))


def drawn(x: npt.ArrayLike, most: int, rng: np.random.Generator) -> Floats:
    """Return at most so many of the rows, drawn by lot where there are more."""
    rows = np.asarray(x)[rows_drawn(x, most, rng)]
    return np.asarray(rows, np.float64)


def _relabelled(labels: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Return the labels and `n` shuffles of them, shape (n_rows, 1 + n)."""
    shuffled = [rng.permutation(labels) for _ in range(n)]
    return np.stack([labels, *shuffled], axis=1)


def _held_out_areas(x: Floats, tries: Floats, parts: Ints) -> tuple[Floats, float]:
    """Return the mean AUROC over the parts held out, of each labelling, and the first's variance.

    Args:
        x: Shape (n_rows, n_dims).
        tries: Labellings, shape (n_rows, n_tries).
        parts: In which part each row is held out, shape (n_rows,).
    """
    areas, variance = np.zeros(tries.shape[1]), 0.0
    for part in np.unique(parts).tolist():
        test = parts == part
        weight = float(test.mean())
        scores = _discriminant(x[~test], tries[~test], x[test])
        areas += weight * _areas(scores, tries[test])
        variance += weight**2 * delong_variance(scores[:, 0], tries[test, 0] == 1)
    return areas, variance


def _discriminant(x: Floats, labels: Floats, test: Floats) -> Floats:
    """Return the scores of held-out rows by a linear classifier of each labelling.

    Least squares on the labels gives Fisher's direction; the covariance is shrunk to its mean
    eigenvalue, the more the fewer rows there are for its dimensions.
    """
    n, dims = x.shape
    middle = x.mean(axis=0)
    centred = x - middle
    covariance = centred.T @ centred / n
    shrink = min(1.0, dims / n) * float(np.trace(covariance)) / dims
    covariance[np.diag_indices(dims)] += shrink + _ROUNDING
    direction = np.linalg.solve(covariance, centred.T @ (labels - labels.mean(axis=0)) / n)
    scores: Floats = (test - middle) @ direction
    return scores.round(12)


def _areas(scores: Floats, labels: Floats) -> Floats:
    """Return the AUROC of each column; .5 where a column has one label only."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    positive = labels.sum(axis=0)
    negative = len(labels) - positive
    pairs = positive * negative
    wins = (ranks * labels).sum(axis=0) - positive * (positive + 1) / 2
    areas: Floats = np.where(pairs > 0, wins / np.maximum(pairs, 1), 0.5)
    return areas
