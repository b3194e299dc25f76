"""Groups of alike rows, for the strategies that go from group to group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.select.facility_location import facility_location

__all__ = ["clusters", "in_turn"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def clusters(vectors: Floats, n_clusters: int, *, rng: int | np.random.Generator = 7) -> Ints:
    """Number each row's k-means cluster.

    Lloyd's algorithm (1982), started from the rows that `facility_location` picks, which makes it
    the same at every call, and breaks ties by the lowest index. Of large pools a sample is
    clustered (`_MOST_FITTED` rows, the start from fewer) and the others go to the nearest centre,
    so that the cost is n_rows x n_clusters products, once.

    Args:
        vectors: Shape (n_rows, n_dims).
        n_clusters: How many at most; with fewer distinct rows, fewer.
        rng: Seed or generator of the samples.

    Returns:
        A number from 0 on for each row, shape (n_rows,); some numbers may not occur.

    >>> clusters(np.array([[1, 0], [0, 1], [0.9, 0.1]], "f4"), 2)
    array([0, 1, 0])
    """
    if not len(vectors):
        return np.empty(0, np.int64)
    rng = np.random.default_rng(rng)
    fitted = vectors[_sample(len(vectors), _MOST_FITTED, rng)]
    start = fitted[_sample(len(fitted), max(_STARTED_FROM, 3 * n_clusters), rng)]
    centres = start[facility_location(start, max(1, n_clusters))]
    labels = _nearest(fitted, centres)
    for _ in range(_ROUNDS):
        centres = _means(fitted, labels, centres)
        before, labels = labels, _nearest(fitted, centres)
        if (labels == before).all():
            break
    return labels if len(fitted) == len(vectors) else _nearest(vectors, centres)


_MOST_FITTED = 20_000
_STARTED_FROM = 3_000
_ROUNDS = 25


def _sample(n: int, most: int, rng: np.random.Generator) -> Ints:
    if n <= most:
        return np.arange(n)
    return np.sort(rng.choice(n, most, replace=False))


def _nearest(vectors: Floats, centres: Floats) -> Ints:
    half = np.einsum("ij,ij->i", centres, centres) / 2
    labels = np.empty(len(vectors), np.int64)
    for i in range(0, len(vectors), _BLOCK):
        labels[i : i + _BLOCK] = (vectors[i : i + _BLOCK] @ centres.T - half).argmax(axis=1)
    return labels


_BLOCK = 8192


def _means(vectors: Floats, labels: Ints, centres: Floats) -> Floats:
    """Return each cluster's mean; one without rows keeps its centre."""
    order = np.argsort(labels, kind="stable")
    numbers, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    means = centres.copy()
    means[numbers] = np.add.reduceat(vectors[order], starts, axis=0) / sizes[:, None]
    return means


def in_turn(labels: Ints, order: Ints, *, before: npt.ArrayLike = 0) -> Ints:
    """Return how many rows of a row's own cluster come before it.

    Args:
        labels: Cluster of each row, shape (n_rows,).
        order: Rows, first come first, shape (n_listed,).
        before: How many each cluster (by number) has had already.

    Returns:
        One number for each entry of `order`, shape (n_listed,).

    >>> in_turn(np.array([0, 1, 0]), np.array([2, 1, 0]))
    array([0, 0, 1])
    """
    listed = labels[order]
    grouped = np.argsort(listed, kind="stable")
    _, starts, sizes = np.unique(listed[grouped], return_index=True, return_counts=True)
    turn = np.empty(len(order), np.int64)
    turn[grouped] = np.arange(len(order)) - np.repeat(starts, sizes)
    had = np.asarray(before, np.int64)
    return turn + (had if not had.ndim else had[listed])
