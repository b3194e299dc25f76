"""A normal posterior over one weight vector: predictions with their variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._frame import Frame, chunks

__all__ = ["Gaussian"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian:
    """Weights on features (and a bias), normal about their mode."""

    frame: Frame
    weights: Floats
    """On the features, shape (D,)."""
    bias: float | None
    """Value at the frame's centre; None = there is none, and it is 0."""
    inside: Floats
    """Covariance of the fitted coordinates and, last, the bias; shape (r or r + 1, the same)."""
    precision: float
    """Of the prior: all that is known off the fitted coordinates."""

    @property
    def covariance(self) -> Floats:
        """Return that of the weights on the features, shape (D, D)."""
        r = self.frame.size
        return self.frame.covariance(self.inside[:r, :r], 1 / self.precision)

    def mean(self, features: npt.ArrayLike, *, origin: Floats | None = None) -> Floats:
        """Return the value of each row, shape (n,); `origin`: where it is the bias."""
        at = self.frame.centre if origin is None else origin
        offset = (self.bias or 0.0) - float(at @ self.weights)
        parts = [rows @ self.weights + offset for _, rows in chunks(features, len(at))]
        return np.concatenate(parts) if parts else np.zeros(0)

    def variance(self, features: npt.ArrayLike, *, origin: Floats | None = None) -> Floats:
        """Return the variance of that value, shape (n,)."""
        at = self.frame.centre if origin is None else origin
        shift = self.frame.centre - at
        parts = [self._variance(rows + shift) for _, rows in chunks(features, len(at))]
        return np.concatenate(parts) if parts else np.zeros(0)

    def draws(self, n_draws: int, rng: np.random.Generator | int) -> tuple[Floats, Floats]:
        """Draw weights on the features, shape (n_draws, D), and biases, shape (n_draws,)."""
        generator = np.random.default_rng(rng)
        d, r = len(self.weights), self.frame.size
        root = np.linalg.cholesky(self.inside)
        inner = generator.standard_normal((n_draws, len(root))) @ root.T
        off = np.zeros((d, 1))
        if self.frame.basis is not None:
            off = generator.standard_normal((n_draws, d)).T / np.sqrt(self.precision)
        moved = self.frame.back(inner[:, :r].T, off).T
        bias = np.zeros(n_draws) if self.bias is None else self.bias + inner[:, r]
        return np.asarray(self.weights + moved), bias

    def _variance(self, rows: Floats) -> Floats:
        inner = self.frame.inside(rows)
        if self.bias is not None:
            inner = np.concatenate([inner, np.ones((len(inner), 1))], axis=1)
        spread = np.einsum("ij,ij->i", inner @ self.inside, inner)
        return np.asarray(np.maximum(spread + self.frame.outside(rows) / self.precision, 0.0))
