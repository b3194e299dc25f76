"""Convex losses of labels and of comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Bernoulli", "Davidson", "davidson", "sigmoid"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bernoulli:
    """Yes or no, by logit ``design @ theta``."""

    design: Floats
    """Shape (n, P)."""
    share: Floats
    """Share of yes, shape (n,)."""
    weights: Floats
    """Shape (n,)."""

    def loss(self, theta: Floats) -> float:
        """Return the negative log-likelihood."""
        logit = self.design @ theta
        return float(self.weights @ (np.logaddexp(0.0, logit) - self.share * logit))

    def slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return its gradient and Hessian."""
        p = sigmoid(self.design @ theta)
        gradient = self.design.T @ (self.weights * (p - self.share))
        return gradient, _gram(self.design, self.weights * p * (1 - p))

    def sharpness(self, theta: Floats) -> float:
        """Return its curvature in the logit, added up over rows."""
        p = sigmoid(self.design @ theta)
        return float(self.weights @ (p * (1 - p)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Davidson:
    """First, second or tie, by gap ``design @ theta[:-1]`` and log tie parameter ``theta[-1]``."""

    design: Floats
    """Shape (n, P - 1)."""
    shares: Floats
    """Shares of first, second, tie, shape (n, 3)."""
    weights: Floats
    """Shape (n,)."""

    def loss(self, theta: Floats) -> float:
        """Return the negative log-likelihood."""
        gap, tie = self.design @ theta[:-1], theta[-1]
        total = np.logaddexp(np.logaddexp(gap / 2, -gap / 2), tie)
        lead = (self.shares[:, 0] - self.shares[:, 1]) / 2
        return float(self.weights @ (total - lead * gap - self.shares[:, 2] * tie))

    def slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return its gradient and Hessian."""
        p = davidson(self.design @ theta[:-1], float(theta[-1]))
        w, off = self.weights, p - self.shares
        lead = p[:, 0] - p[:, 1]
        curve = w * (1 - p[:, 2] - lead**2) / 4
        cross = self.design.T @ (-w * lead * p[:, 2] / 2)
        corner = float(w @ (p[:, 2] * (1 - p[:, 2])))
        gradient = self.design.T @ (w * (off[:, 0] - off[:, 1]) / 2)
        hessian = np.block(
            [[_gram(self.design, curve), cross[:, None]], [cross[None, :], np.array([[corner]])]]
        )
        return np.append(gradient, w @ off[:, 2]), hessian

    def sharpness(self, theta: Floats) -> float:
        """Return its curvature in the gap, added up over rows."""
        p = davidson(self.design @ theta[:-1], float(theta[-1]))
        return float(self.weights @ (1 - p[:, 2] - (p[:, 0] - p[:, 1]) ** 2)) / 4


def sigmoid(logit: Floats) -> Floats:
    """Return the logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)))


def davidson(gap: Floats, log_tie: float) -> Floats:
    """Return the chances of first, second and tie (Davidson, JASA 65, 1970), shape (n, 3).

    ``P(first) = e^(gap/2) / (e^(gap/2) + e^(-gap/2) + nu)``, with ``nu = e^log_tie``.

    >>> davidson(np.array([0.0]), 0.0).round(4).tolist()
    [[0.3333, 0.3333, 0.3333]]
    """
    logits = np.stack([gap / 2, -gap / 2, np.full(gap.shape, log_tie)], axis=-1)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def _gram(design: Floats, weights: Floats) -> Floats:
    rows = np.sqrt(np.maximum(weights, 0))[:, None] * design  # curvatures may round below 0
    return rows.T @ rows
