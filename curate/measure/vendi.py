"""How many different things a set holds, in effect.

In: vectors, or their similarities. Out: one number between 1 and the number of rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure.similarity import unit

__all__ = ["vendi", "vendi_of_similarity"]


def vendi(vectors: npt.ArrayLike, *, order: float = 1.0) -> float:
    """Return the Vendi score of rows under their cosine: the effective number of different ones.

    The exponential of the Renyi entropy of the eigenvalues of K / n, K the similarities (Friedman
    and Dieng, 2023; orders other than 1: Pasarkar and Dieng, 2024). Eigenvalues come from the
    smaller of X X' and X' X, so thousands of rows are no burden.

    Args:
        vectors: Shape (n, n_dims), any length; rows of zeros are left out.
        order: 1 = Shannon; small orders count rare things more, infinity the commonest alone.

    Returns:
        From 1 (all alike) to n (all orthogonal); NaN for no rows.

    >>> round(vendi([[1, 0], [0, 1], [0, 2]]), 3)
    1.89
    """
    rows = unit(np.asarray(vectors, np.float64)).astype(np.float64)
    rows = rows[np.any(rows != 0, axis=1)] if rows.size else rows[:0]
    if not len(rows):
        return float("nan")
    gram = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    return _effective_number(np.linalg.eigvalsh(gram / len(rows)), order)


def vendi_of_similarity(similarity: npt.ArrayLike, *, order: float = 1.0) -> float:
    """Return the Vendi score of rows whose similarities are given.

    Args:
        similarity: Symmetric, ones on the diagonal, shape (n, n).
        order: As in `vendi`.

    >>> round(vendi_of_similarity([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]), 6)
    2.124979
    """
    near = np.asarray(similarity, np.float64)
    if not len(near):
        return float("nan")
    return _effective_number(np.linalg.eigvalsh(near / len(near)), order)


def _effective_number(eigenvalues: npt.ArrayLike, order: float) -> float:
    if order <= 0:
        raise ValueError(f"order must be above 0, not {order:g}")
    shares = np.asarray(eigenvalues, np.float64)
    shares = shares[shares > _ZERO]
    shares = shares / shares.sum()
    if order == 1:
        return float(np.exp(-(shares * np.log(shares)).sum()))
    if np.isinf(order):
        return float(1 / shares.max())
    return float((shares**order).sum() ** (1 / (1 - order)))


_ZERO = 1e-12
"""Eigenvalues below are rounding."""
