"""Coordinates in which a head is fitted.

Features are centred, so that nothing hangs on where their origin lies; and where there are fewer
rows than columns, they are turned into as many coordinates as there are rows. The prior is the
same in every direction, so that turning changes nothing: outside the rows' span the posterior is
the prior. This is the dual (kernel) form of the fit, at the cost of one QR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Frame", "chunks", "frame_of", "scaled"]

Floats = npt.NDArray[np.float64]
CHUNK = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the fitted coordinates lie in the space of the features."""

    centre: Floats
    """Shape (D,)."""
    basis: Floats | None
    """Orthonormal columns, shape (D, r); None = the features' own axes."""

    @property
    def size(self) -> int:
        """Return the number of fitted coordinates."""
        return len(self.centre) if self.basis is None else int(self.basis.shape[1])

    def inside(self, features: Floats) -> Floats:
        """Return the fitted coordinates of rows, shape (n, r)."""
        return self.turned(features - self.centre)

    def turned(self, directions: Floats) -> Floats:
        """Return the fitted coordinates of directions, shape (n, D) or (D,)."""
        return directions if self.basis is None else np.asarray(directions @ self.basis)

    def outside(self, features: Floats) -> Floats:
        """Return how far, squared, rows lie off the fitted coordinates, shape (n,)."""
        if self.basis is None:
            return np.zeros(len(features))
        off = features - self.centre
        off = off - (off @ self.basis) @ self.basis.T
        return np.asarray(np.einsum("ij,ij->i", off, off))

    def back(self, inside: Floats, elsewhere: Floats) -> Floats:
        """Return weights on the features: `inside`, and what `elsewhere` says off them.

        Args:
            inside: Weights on the fitted coordinates, shape (r, ...).
            elsewhere: Weights on the features, shape (D, ...).
        """
        if self.basis is None:
            return inside
        return np.asarray(elsewhere + self.basis @ (inside - self.basis.T @ elsewhere))

    def covariance(self, inside: Floats, variance: float) -> Floats:
        """Return the covariance of the weights on the features, shape (D, D).

        Args:
            inside: That of the weights on the fitted coordinates, shape (r, r).
            variance: Of a weight in any direction off them.
        """
        if self.basis is None:
            return inside
        off = inside - variance * np.eye(self.size)
        return np.asarray(variance * np.eye(len(self.centre)) + self.basis @ off @ self.basis.T)


def frame_of(features: Floats, centre: Floats) -> Frame:
    """Return the coordinates to fit these rows in.

    Args:
        features: Shape (n, D).
        centre: Shape (D,).
    """
    n, d = features.shape
    basis = np.linalg.qr((features - centre).T)[0] if n < d else None
    return Frame(centre=centre, basis=basis)


def scaled(nuisance: Floats, weights: Floats, *, centred: bool) -> Floats:
    """Bring columns to unit mean square, about their mean if `centred`; constant ones to 0."""
    total = weights.sum()
    columns = nuisance - (weights @ nuisance / total if centred else 0.0)
    size = np.sqrt(weights @ columns**2 / total)
    reach = np.abs(nuisance).max(axis=0, initial=0.0)
    return np.where(size > 1e-9 * reach, columns / np.where(size > 0, size, 1.0), 0.0)


def chunks(features: npt.ArrayLike, n_features: int) -> Iterator[tuple[slice, Floats]]:
    """Yield rows in double precision, a few thousand at a time.

    Raises:
        ValueError: If the rows are not `n_features` wide.
    """
    rows = np.asarray(features)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise ValueError(f"features must be of shape (n, {n_features}), not {rows.shape}")
    for start in range(0, len(rows), CHUNK):
        part = slice(start, min(start + CHUNK, len(rows)))
        yield part, rows[part].astype(np.float64)
