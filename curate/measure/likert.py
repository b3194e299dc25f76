"""How far judges' grades are apart once their leniency is taken off.

In: grades, shape (n_items, n_judges), NaN = unscored. Out: arrays, NaN where there is nothing to
compare. Judges differ in how high they grade everybody; left in, that looks like disagreement
about every item.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Correction", "leniency", "likert_spread", "panel_grade", "without_leniency"]

Floats = npt.NDArray[np.float64]
Correction = Literal["bias", "z", "none"]


def leniency(grades: npt.ArrayLike) -> Floats:
    """Return how far above the panel each judge grades, in grade points.

    The judges' effects of the additive model ``grade = item + judge + noise``, by least squares
    over the grades that are there (two-way layout with missing cells; Searle, 1971). So a judge who
    was given the better answers is not taken for a lenient one, as with plain means. The effects
    add up to 0 over judges that are linked by common items; where every judge graded every item,
    they are the judges' means less the mean of all.

    Args:
        grades: Shape (n_items, n_judges), NaN = unscored.

    Returns:
        Shape (n_judges,): above 0 = lenient; NaN for a judge without grades, 0 for one that
        shares no item with another.

    >>> leniency([[5, 4], [3, 2], [4, 3]]).round(6).tolist()
    [0.5, -0.5]
    """
    matrix = _matrix(grades)
    there = ~np.isnan(matrix)
    counts = there.sum(axis=1, keepdims=True)
    shares = there / np.maximum(counts, 1)
    laplacian = np.diag(there.sum(axis=0).astype(np.float64)) - there.T.astype(np.float64) @ shares
    above = np.where(there, matrix - _row_means(matrix), 0.0).sum(axis=0)
    effects: Floats = np.linalg.pinv(laplacian, rcond=1e-10, hermitian=True) @ above
    return np.where(there.any(axis=0), effects, np.nan)


def without_leniency(grades: npt.ArrayLike, *, correct: Correction = "bias") -> Floats:
    """Return grades with what is particular to each judge taken off.

    ``bias`` takes off each judge's `leniency`: the values stay grade points. ``z`` also sets each
    judge's own mean to 0 and its standard deviation to 1, for judges that use the scale more and
    less widely; they are then comparable only where judges graded much the same items, and a judge
    that gives everybody one grade is NaN, as it says nothing of any item. ``none`` changes nothing.

    Args:
        grades: Shape (n_items, n_judges), NaN = unscored.
        correct: What to take off.

    Returns:
        Shape of `grades`.

    >>> without_leniency([[5, 4], [3, 2]]).round(6).tolist()
    [[4.5, 4.5], [2.5, 2.5]]
    """
    matrix = _matrix(grades)
    if correct == "none":
        return matrix
    if correct == "bias":
        return matrix - leniency(matrix)
    return _standardised(matrix)


def likert_spread(grades: npt.ArrayLike, *, correct: Correction = "bias") -> Floats:
    """Return how far judges are apart on each item: 0 = of one mind.

    The standard deviation (n - 1) of the item's grades after `without_leniency`.

    Args:
        grades: Shape (n_items, n_judges), NaN = unscored.
        correct: What is taken off first.

    Returns:
        Shape (n_items,), in grade points (``z``: in standard deviations of a judge's grades); NaN
        where fewer than two judges graded.

    >>> likert_spread([[5, 4], [3, 2], [4, 3]]).tolist()
    [0.0, 0.0, 0.0]
    """
    matrix = without_leniency(grades, correct=correct)
    counts = (~np.isnan(matrix)).sum(axis=1)
    squares = np.nansum((matrix - _row_means(matrix)) ** 2, axis=1)
    spread = np.sqrt(squares / np.maximum(counts - 1, 1))
    return np.where(counts > 1, np.where(spread < _ROUNDING, 0.0, spread), np.nan)


def panel_grade(grades: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Floats:
    """Return the panel's grade of each item: the weighted mean of grades without leniency.

    Args:
        grades: Shape (n_items, n_judges), NaN = unscored.
        weights: How much judges count, shape (n_judges,), not negative; None = all the same.

    Returns:
        Shape (n_items,); NaN where nobody that counts graded.

    Raises:
        ValueError: If a weight is missing, negative or NaN.

    >>> panel_grade([[5, 4], [3, float("nan")]]).round(6).tolist()
    [4.5, 2.5]
    """
    matrix = without_leniency(grades)
    given = np.ones(matrix.shape[1]) if weights is None else np.asarray(weights, np.float64)
    if given.shape != matrix.shape[1:] or not (given >= 0).all():
        raise ValueError(f"weights have the shape {matrix.shape[1:]} and are not negative")
    counted = np.where(np.isnan(matrix), 0.0, given)
    whole = counted.sum(axis=1)
    sums = np.where(np.isnan(matrix), 0.0, matrix * given).sum(axis=1)
    means: Floats = np.divide(sums, whole, out=np.full(len(matrix), np.nan), where=whole > 0)
    return means


_ROUNDING = 1e-9


def _matrix(grades: npt.ArrayLike) -> Floats:
    matrix = np.asarray(grades, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(f"grades have the shape (n_items, n_judges), not {matrix.shape}")
    return matrix


def _row_means(matrix: Floats) -> Floats:
    """Return each row's mean of what is there, shape (n, 1); 0 where nothing is."""
    counts = (~np.isnan(matrix)).sum(axis=1, keepdims=True)
    means: Floats = np.nansum(matrix, axis=1, keepdims=True) / np.maximum(counts, 1)
    return means


def _standardised(matrix: Floats) -> Floats:
    centred = matrix - _row_means(matrix.T).T
    counts = np.maximum((~np.isnan(matrix)).sum(axis=0), 1)
    deviation = np.sqrt(np.nansum(centred**2, axis=0) / counts)
    return np.where(deviation > _ROUNDING, centred / np.where(deviation > 0, deviation, 1), np.nan)
