"""Rows of unit length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["unit_rows"]


def unit_rows(vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return the rows at length 1, zero rows and rows that are not finite as zero rows.

    Rows that have length 1 already are returned as they are, without a copy.

    Args:
        vectors: Shape (n_rows, n_dims).

    >>> unit_rows([[3, 4], [0, 0]])
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    rows = np.ascontiguousarray(vectors, np.float32)
    if rows.ndim != 2:
        raise ValueError(f"vectors must have two dimensions, not {rows.ndim}")
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    if np.all(np.abs(length - 1) < _UNIT):
        return rows
    good = np.isfinite(length) & (length > 0)
    scale = np.divide(1, length, where=good, out=np.zeros_like(length))
    return np.where(good[:, None], np.nan_to_num(rows) * scale[:, None], 0).astype(np.float32)


_UNIT = 1e-3
