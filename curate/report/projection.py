"""Vectors to points in the plane, the same ones for the same seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["project_2d"]

Floats = npt.NDArray[np.floating]
Points = npt.NDArray[np.float64]

_FEW = 10
_NEIGHBOURS = 8
_BLOCK = 2_000


def project_2d(vectors: Floats, *, seed: int = 0, landmarks: int = 3_000) -> Points:
    """Lay vectors out in the plane, near ones near each other.

    t-SNE (van der Maaten & Hinton, 2008) started from the first two principal components. Of
    more rows than `landmarks`, so many drawn at random are laid out so, and each other row is
    put between its nearest eight of them. Fewer than ten rows, or rows that do not differ,
    are shown by their principal components alone. One thread, so that the order of summation,
    and with it the picture, is the same in every run.

    Args:
        vectors: One row per prompt, shape (n, n_dims); unit length for cosine distances.
        seed: Of the draw and of the layout.
        landmarks: How many rows are laid out by t-SNE itself; time grows with it.

    Returns:
        Points, shape (n, 2), each axis centred at 0, the wider spread within [-1, 1].

    >>> project_2d(np.eye(3, dtype=np.float32)).shape
    (3, 2)
    """
    rows = np.nan_to_num(np.asarray(vectors, dtype=np.float32))
    if len(rows) == 0:
        return np.empty((0, 2))
    chosen = _landmarks(len(rows), max(landmarks, _FEW), seed)
    points = _layout(rows[chosen], seed)
    if len(chosen) < len(rows):
        points = _between(rows, chosen, points)
    return _framed(points)


def _landmarks(n: int, most: int, seed: int) -> npt.NDArray[np.intp]:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _layout(rows: Floats, seed: int) -> Points:
    start = _principal(rows)
    if len(rows) < _FEW or not np.ptp(start):
        return start
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    spread = start / start[:, 0].std() * 1e-4
    with threadpool_limits(limits=1):
        tsne = TSNE(
            init=spread.astype(np.float32),
            perplexity=min(30.0, (len(rows) - 1) / 3),
            learning_rate="auto",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(tsne.fit_transform(rows), dtype=np.float64)


def _principal(rows: Floats) -> Points:
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    biggest = np.abs(axes).argmax(axis=0)
    points = centred @ (axes * np.sign(axes[biggest, np.arange(axes.shape[1])]))
    return np.pad(points, ((0, 0), (0, 2 - points.shape[1])))


def _between(rows: Floats, landmarks: npt.NDArray[np.intp], points: Points) -> Points:
    placed = np.empty((len(rows), 2))
    anchors = rows[landmarks]
    squares = (anchors * anchors).sum(axis=1)
    for start in range(0, len(rows), _BLOCK):
        gap = squares - 2 * rows[start : start + _BLOCK] @ anchors.T
        near = np.argpartition(gap, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        placed[start : start + _BLOCK] = _middle(
            np.take_along_axis(gap, near, axis=1), points[near]
        )
    placed[landmarks] = points
    return placed


def _middle(gaps: Floats, points: Points) -> Points:
    nearer = np.exp(gaps.min(axis=1, keepdims=True) - gaps)
    weights = (nearer / nearer.sum(axis=1, keepdims=True)) ** 4
    weights /= weights.sum(axis=1, keepdims=True)
    middle: Points = (points * weights[:, :, None]).sum(axis=1)
    return middle


def _framed(points: Points) -> Points:
    centred: Points = points - (points.max(axis=0) + points.min(axis=0)) / 2
    widest = float(np.abs(centred).max())
    return centred / widest if widest else centred
