"""What a head is given, checked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["rows_of", "shares_of", "weights_of"]

Floats = npt.NDArray[np.float64]


def rows_of(values: npt.ArrayLike, what: str, *, n: int | None = None) -> Floats:
    """Return a matrix of numbers, one row an answer.

    Args:
        values: Shape (n, n_columns).
        what: Its name in a message.
        n: How many rows there must be.

    Raises:
        ValueError: If it has another shape or holds something that is no finite number.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or (n is not None and len(matrix) != n):
        wanted = "(n, n_columns)" if n is None else f"({n}, n_columns)"
        raise ValueError(f"{what} must be of shape {wanted}, not {matrix.shape}")
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise ValueError(f"{what}: row {row}, column {column} is {matrix[row, column]}")
    return matrix


def weights_of(weights: npt.ArrayLike | None, n: int) -> Floats:
    """Return one weight a row; None = 1 each.

    Raises:
        ValueError: If there are no rows, or no row weighs anything.
    """
    if not n:
        raise ValueError("no answers to learn from: give at least one row")
    weight = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != (n,):
        raise ValueError(f"weights must be of shape ({n},), not {weight.shape}")
    if not (np.isfinite(weight).all() and weight.min() >= 0 and weight.max() > 0):
        raise ValueError("weights must be finite, none below 0 and one above 0")
    return weight


def shares_of(labels: npt.ArrayLike, n: int, n_classes: int) -> Floats:
    """Return each row's share of each class, shape (n, n_classes).

    Args:
        labels: Class numbers, shape (n,), or vote shares that add up to 1, shape (n, n_classes).
        n: How many rows there must be.
        n_classes: How many classes there are.

    Raises:
        ValueError: If a label is no class or a row's shares do not add up to 1.
    """
    given = np.asarray(labels, dtype=np.float64)
    if given.shape == (n,):
        return _one_hot(given, n_classes)
    if given.shape != (n, n_classes):
        raise ValueError(f"labels must be of shape ({n},) or ({n}, {n_classes}), not {given.shape}")
    off = ~(np.abs(given.sum(axis=1) - 1.0) < 1e-6) | (given < 0).any(axis=1)
    if off.any():
        row = int(np.argmax(off))
        raise ValueError(f"labels: the shares of row {row} must add up to 1, none below 0")
    return given


def _one_hot(labels: Floats, n_classes: int) -> Floats:
    known = (labels >= 0) & (labels < n_classes) & (labels == np.floor(labels))
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"labels: row {row} is {labels[row]:g}; classes are 0 to {n_classes - 1}; "
            "leave out rows that nobody answered"
        )
    return np.eye(n_classes)[labels.astype(np.int64)]
