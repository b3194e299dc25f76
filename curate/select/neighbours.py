"""The most similar rows of each row, exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["neighbours"]

Floats = npt.NDArray[np.float32]


def neighbours(vectors: Floats, n_neighbours: int) -> tuple[npt.NDArray[np.int32], Floats]:
    """Return each row's most similar rows by cosine, itself among them, in no order.

    Exact, by matrix products of blocks: n_rows^2 x n_dims multiplications, and memory for one
    block beside the result.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        n_neighbours: How many for each row; at most n_rows.

    Returns:
        Row indices and cosines, each of shape (n_rows, n_neighbours).
    """
    from curate.select._neighbours import keep_best

    n = len(vectors)
    size = min(n_neighbours, n)
    cosines = np.full((n, size), -2, np.float32)
    rows = np.full((n, size), -1, np.int32)
    for i in range(0, n, _CLIENTS):
        for j in range(0, n, _BLOCK):
            block = vectors[i : i + _CLIENTS] @ vectors[j : j + _BLOCK].T
            keep_best(block, j, cosines[i : i + _CLIENTS], rows[i : i + _CLIENTS])
    return rows, cosines


_CLIENTS = 2048
_BLOCK = 2048
