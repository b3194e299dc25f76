"""What a head looks at: vectors and score columns on one scale.

Fitted on the pool, so that a row's features do not hang on which rows were answered. Columns are
replaced by the normal quantile of their rank (outliers and units mean nothing); where one is NaN,
its feature is the middle, and a column of its own says so: missing is never taken for 0. Each block
of vectors is centred and brought to as much variance as all columns have together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FeatureMap", "features", "map_features"]

Floats = npt.NDArray[np.float64]
N_KNOTS = 1001
"""Quantiles that are kept of a column with more distinct values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureMap:
    """How vectors and columns become features; call it with others of the same kind."""

    names: tuple[str, ...]
    """Of the columns among the features, in their order; a name with ``?`` says where one is NaN.
    They come first, before the vectors."""
    columns: tuple[_Column, ...]
    blocks: tuple[_Block, ...]

    def __call__(
        self, vectors: Sequence[npt.ArrayLike], columns: Mapping[str, npt.ArrayLike]
    ) -> npt.NDArray[np.float32]:
        """Return features, shape (n, n_features).

        Raises:
            ValueError: If a block or a column is missing, or their lengths differ.
        """
        if len(vectors) != len(self.blocks):
            raise ValueError(f"{len(self.blocks)} blocks of vectors are known, not {len(vectors)}")
        missing = [column.name for column in self.columns if column.name not in columns]
        if missing:
            raise ValueError(f"column {missing[0]!r} is missing")
        n = _length(vectors, columns)
        parts = [column(columns[column.name]) for column in self.columns]
        parts += [block(v) for block, v in zip(self.blocks, vectors, strict=True)]
        return np.concatenate([np.zeros((n, 0), np.float32), *parts], axis=1)


def map_features(
    vectors: Sequence[npt.ArrayLike], columns: Mapping[str, npt.ArrayLike]
) -> FeatureMap:
    """Learn from the pool how its vectors and columns become features.

    Args:
        vectors: Blocks of shape (n, d), e.g. of the prompts and of the answers; may be none.
        columns: Scores by name, each of shape (n,), NaN = not known; constant ones are left out.

    Raises:
        ValueError: If lengths differ.
    """
    _length(vectors, columns)
    known = [_column(name, _finite(v)) for name, v in columns.items()]
    kept = tuple(column for column in known if column.ranked or column.flagged)
    names = [name for column in kept for name in column.names]
    variance = float(max(1, len(names)))
    blocks = tuple(_block(np.asarray(v), variance) for v in vectors)
    return FeatureMap(names=tuple(names), columns=kept, blocks=blocks)


def features(
    vectors: Sequence[npt.ArrayLike], columns: Mapping[str, npt.ArrayLike]
) -> npt.NDArray[np.float32]:
    """Return the features of a pool's rows, shape (n, n_features), as fitted on that pool.

    >>> found = features([], {"need": [0.1, 0.2, 90.0], "same": [1.0, 1.0, 1.0]})
    >>> found.astype(float).round(2).tolist()
    [[-1.22], [0.0], [1.22]]
    """
    return map_features(vectors, columns)(vectors, columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    knots: Floats
    """Distinct values (or quantiles) of the pool, rising."""
    scores: Floats
    """Normal quantile of each, standardised over the pool."""
    absent: float
    """Share of the pool's rows where it is NaN."""

    @property
    def ranked(self) -> bool:
        return len(self.knots) > 1

    @property
    def flagged(self) -> bool:
        return 0.0 < self.absent < 1.0

    @property
    def names(self) -> list[str]:
        return [self.name] * self.ranked + [f"{self.name}?"] * self.flagged

    def __call__(self, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        given = _finite(values)
        gone = np.isnan(given)
        parts = []
        if self.ranked:
            parts.append(np.where(gone, 0.0, np.interp(given, self.knots, self.scores)))
        if self.flagged:
            parts.append((gone - self.absent) / np.sqrt(self.absent * (1 - self.absent)))
        return np.stack(parts, axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    centre: Floats
    scale: float

    def __call__(self, vectors: npt.ArrayLike) -> npt.NDArray[np.float32]:
        given = np.asarray(vectors)
        if given.ndim != 2 or given.shape[1] != len(self.centre):
            raise ValueError(f"vectors must be of shape (n, {len(self.centre)}), not {given.shape}")
        return ((given - self.centre) * self.scale).astype(np.float32)


def _length(vectors: Sequence[npt.ArrayLike], columns: Mapping[str, npt.ArrayLike]) -> int:
    lengths = {f"vectors {i}": len(np.asarray(v)) for i, v in enumerate(vectors)}
    lengths |= {name: len(np.asarray(values)) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"vectors and columns of different lengths: {lengths}")
    return next(iter(lengths.values()), 0)


def _column(name: str, values: Floats) -> _Column:
    known = np.sort(values[~np.isnan(values)])
    knots, scores = _quantiles(known)
    absent = float(np.isnan(values).mean()) if len(values) else 0.0
    return _Column(name=name, knots=knots, scores=scores, absent=absent)


def _finite(values: npt.ArrayLike) -> Floats:
    """Put infinite values beyond all others."""
    return np.clip(np.asarray(values, np.float64), -1e300, 1e300)


def _quantiles(known: Floats) -> tuple[Floats, Floats]:
    """Return distinct values and the standardised normal quantile of each one's mean rank."""
    from scipy.special import ndtri

    knots, counts = np.unique(known, return_counts=True)
    if len(knots) < 2:
        return knots[:0], knots[:0]
    scores = ndtri((np.cumsum(counts) - counts / 2) / len(known))
    mean = counts @ scores / len(known)
    scores = (scores - mean) / np.sqrt(counts @ (scores - mean) ** 2 / len(known))
    at = np.unique(np.linspace(0, len(knots) - 1, N_KNOTS).round().astype(np.int64))
    return knots[at], scores[at]


def _block(vectors: npt.NDArray[np.float32], variance: float) -> _Block:
    if vectors.ndim != 2:
        raise ValueError(f"vectors must be of shape (n, d), not {vectors.shape}")
    if not len(vectors):
        return _Block(centre=np.zeros(vectors.shape[1]), scale=1.0)
    spread = float(vectors.var(axis=0, dtype=np.float64).sum())
    scale = float(np.sqrt(variance / spread)) if spread > 1e-12 else 0.0
    return _Block(centre=vectors.mean(axis=0, dtype=np.float64), scale=scale)
