"""Cosines of vectors: to each other, within an item, and to what was seen before.

In: vectors, shape (n, n_dims), of any length. Out: cosines in [-1, 1] and what follows from them.
A vector of zeros has cosine 0 with everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["cosine", "cosine_by_item", "dissimilarity", "nearest", "novelty", "unit"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_CELLS = 4_000_000
"""How many cosines are held at once."""


def unit(vectors: npt.ArrayLike) -> Vectors:
    """Return the vectors at length 1, float32; zeros stay zeros.

    >>> unit([[3.0, 4.0]]).round(2).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.sqrt(np.einsum("...i,...i->...", wide, wide))
    scaled: Vectors = (wide / np.where(norms > 0, norms, 1.0)[..., None]).astype(np.float32)
    return scaled


def cosine(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return the cosine of each row of `a` with the same row of `b`, shape (n,).

    >>> cosine([[1.0, 0.0]], [[1.0, 1.0]]).round(4).tolist()
    [0.7071]
    """
    return _within_bounds(np.einsum("ij,ij->i", unit(a), unit(b), dtype=np.float64))


def cosine_by_item(vectors: npt.ArrayLike, rows: npt.ArrayLike) -> Floats:
    """Return the cosines of each item's answers with each other.

    Args:
        vectors: One row an answer, shape (n_answers, n_dims).
        rows: Which answers belong to each item, shape (n_items, n), -1 = none.

    Returns:
        Shape (n_items, n, n); NaN in the rows and columns of missing answers, exactly 1 on the
        diagonal and between identical vectors.
    """
    at = np.asarray(rows, dtype=np.int64)
    missing = at < 0
    out = np.empty((*at.shape, at.shape[1]), dtype=np.float64)
    scaled = np.vstack([unit(vectors), np.zeros((1, np.shape(vectors)[1]), dtype=np.float32)])
    step = max(1, _CELLS // max(1, at.shape[1] * scaled.shape[1]))
    for start in range(0, len(at), step):
        part = scaled[at[start : start + step]]
        out[start : start + step] = part @ part.transpose(0, 2, 1)
    out[missing[:, :, None] | missing[:, None, :]] = np.nan
    return _within_bounds(out)


def dissimilarity(similarity: npt.ArrayLike, *, members: npt.ArrayLike | None = None) -> Floats:
    """Return how far each answer is, on average, from those of the other members.

    The mean of 1 - similarity over the others: one minus the answer's degree confidence (Lin et
    al., 2023), without its own.

    Args:
        similarity: Shape (n_items, n, n), NaN for missing answers.
        members: Who gave each answer, shape (n_items, n); None = each a member of its own. The
            others are the other members, or, where one member gave all, its other answers.

    Returns:
        Shape (n_items, n); NaN where there is no answer, or no other one.

    >>> dissimilarity([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]]).round(2).tolist()
    [[0.5, 0.45, 0.85]]
    """
    near = np.asarray(similarity, dtype=np.float64)
    other = _others(near, members)
    n = other.sum(axis=2)
    far = np.where(other, 1.0 - near, 0.0).sum(axis=2)
    return np.where(n > 0, far / np.maximum(n, 1), np.nan)


def nearest(vectors: npt.ArrayLike, others: npt.ArrayLike) -> tuple[Ints, Floats]:
    """Return, for each vector, which of the others is most similar, and how similar it is.

    Args:
        vectors: Shape (n, n_dims).
        others: Shape (n_others, n_dims).

    Returns:
        Index of the nearest other (ties: the lowest; -1 where there is none), and its cosine (NaN
        where there is none), each shape (n,).
    """
    a, b = unit(vectors), unit(others)
    index = np.full(len(a), -1, dtype=np.int64)
    best = np.full(len(a), np.nan)
    if len(b) == 0:
        return index, best
    step = max(1, _CELLS // len(b))
    for start in range(0, len(a), step):
        near = a[start : start + step] @ b.T
        index[start : start + step] = near.argmax(axis=1)
        best[start : start + step] = near.max(axis=1)
    return index, _within_bounds(best)


def novelty(vectors: npt.ArrayLike, reviewed: npt.ArrayLike | None) -> Floats:
    """Return how far each vector is from the nearest that was reviewed: 1 - cosine.

    Args:
        vectors: Shape (n, n_dims).
        reviewed: Shape (n_reviewed, n_dims); None = nothing was reviewed.

    Returns:
        Shape (n,), in [0, 2]; NaN where nothing was reviewed.
    """
    if reviewed is None or len(np.asarray(reviewed)) == 0:
        return np.full(len(np.asarray(vectors)), np.nan)
    return 1.0 - nearest(vectors, reviewed)[1]


_SAME = 1e-6
"""float32 cosines of equal vectors differ from 1 by less than this."""


def _within_bounds(cosines: npt.NDArray[Any]) -> Floats:
    """Take the rounding of float32 off cosines: nothing beyond 1, and equal vectors at 1."""
    bounded = np.clip(np.asarray(cosines, dtype=np.float64), -1.0, 1.0)
    return np.where(bounded > 1.0 - _SAME, 1.0, bounded)


def _others(near: Floats, members: npt.ArrayLike | None) -> npt.NDArray[np.bool_]:
    size = near.shape[1]
    there = ~np.isnan(near)
    not_itself = there & ~np.eye(size, dtype=bool)
    if members is None:
        return not_itself
    who = np.asarray(members, dtype=np.int64)
    elsewhere = there & (who[:, :, None] != who[:, None, :])
    several = elsewhere.any(axis=(1, 2))
    return np.where(several[:, None, None], elsewhere, not_itself)
