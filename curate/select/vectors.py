"""Rows of unit length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["unit_rows"]

Floats = npt.NDArray[np.float32]


def unit_rows(vectors: npt.ArrayLike) -> Floats:
    """Return the rows at length 1, zero rows and rows that are not finite as zero rows.

    Where every row has length 1 or 0 already, float32 rows are returned as they are, without a
    copy, so that a memory-mapped file stays one; else the copy is the only memory it takes.

    Args:
        vectors: Shape (n_rows, n_dims).

    Raises:
        ValueError: If `vectors` has not two dimensions.

    >>> unit_rows([[3, 4], [0, 0]])
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    rows = np.ascontiguousarray(vectors, np.float32)
    if rows.ndim != 2:
        raise ValueError(f"vectors must have two dimensions, not {rows.ndim}")
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK)]
    if all(_is_unit(rows[block]) for block in blocks):
        return rows
    unit = np.empty_like(rows)
    for block in blocks:
        unit[block] = _unit(rows[block])
    return unit


_BLOCK = 8192
_UNIT = 1e-3


def _is_unit(rows: Floats) -> bool:
    length = _length(rows)
    return bool(((np.abs(length - 1) < _UNIT) | (length == 0)).all())


def _unit(rows: Floats) -> Floats:
    length = _length(rows)
    good = np.isfinite(length) & (length > 0)
    near = good & (np.abs(length - 1) < _UNIT)
    scale = np.divide(1, length, where=good & ~near, out=near.astype(np.float64))
    unit: Floats = np.where(good[:, None], rows, 0) * scale[:, None]
    return unit.astype(np.float32)


def _length(rows: Floats) -> npt.NDArray[np.float64]:
    length: npt.NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return length
