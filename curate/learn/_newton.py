"""The mode of a penalised likelihood, how sharp it is, and how strong the prior should be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Likelihood", "Mode", "Prior", "maximise"]

Floats = npt.NDArray[np.float64]

SPREAD = 2.0
"""Prior guess of the standard deviation of the logits that features bring about."""
LOG_SPREAD_SD = 1.0
"""How sure that guess is: standard deviation of its logarithm."""
MOST_STEPS = 100
MOST_HALVINGS = 30


class Likelihood(Protocol):
    """What the data say of parameters, as a convex loss."""

    def loss(self, theta: Floats) -> float:
        """Return the negative log-likelihood."""

    def slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return its gradient, shape (P,), and Hessian, shape (P, P)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A Gaussian prior with a diagonal precision; the first entries share one that is learned."""

    mean: Floats
    """Shape (P,)."""
    weak: Floats
    """Precision of the entries that do not share the learned one, shape (P - n_shared,)."""
    log_precision: float
    """Natural logarithm of the shared precision."""
    centre: float
    """What `log_precision` is believed to be before any answer: a normal hyperprior."""

    @property
    def n_shared(self) -> int:
        """Return how many entries share the learned precision."""
        return len(self.mean) - len(self.weak)

    @property
    def shared(self) -> float:
        """Return the precision that they share."""
        return float(np.exp(self.log_precision))

    @property
    def precision(self) -> Floats:
        """Return the precision of each entry, shape (P,)."""
        return np.concatenate([np.full(self.n_shared, self.shared), self.weak])

    def moved(self, by: float) -> Prior:
        """Return it with another shared precision, within fifteen e-folds of the guess."""
        to = np.clip(self.log_precision + by, self.centre - 15, self.centre + 15)
        return replace(self, log_precision=float(to))

    def step(self, *, fit: float, energy: float, bend: float) -> float:
        """Return how far to move `log_precision` towards where the evidence is greatest.

        MacKay's condition ``gamma = alpha |w - m|^2`` (Neural Computation 4, 1992), with the
        hyperprior; a Newton step, at most 2 long.

        Args:
            fit: gamma, the number of parameters that the data determine.
            energy: alpha |w - m|^2.
            bend: Derivative of ``gamma - energy`` in `log_precision`.
        """
        variance = (2 * LOG_SPREAD_SD) ** 2
        slope = 0.5 * (fit - energy) - (self.log_precision - self.centre) / variance
        steep = max(-(0.5 * bend - 1 / variance), 0.25 * abs(fit) + 1 / variance)
        return float(np.clip(slope / steep, -2.0, 2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Where the posterior is greatest."""

    theta: Floats
    """Shape (P,)."""
    covariance: Floats
    """Inverse Hessian there, shape (P, P)."""
    prior: Prior


def prior_centre(features: Floats, weights: Floats) -> float:
    """Return the precision, as a logarithm, at which features give logits of the usual spread."""
    square = float(weights @ np.einsum("ij,ij->i", features, features) / weights.sum())
    return float(np.log(square) if square > 0 else 0.0) - 2 * float(np.log(SPREAD))


def maximise(likelihood: Likelihood, prior: Prior, start: Floats, *, learned: bool) -> Mode:
    """Find the mode by Newton's method, and the prior's precision beside it.

    Args:
        likelihood: What the data say.
        prior: With a first guess of the shared precision.
        start: Parameters to start at, shape (P,).
        learned: Whether to move the precision to where the evidence is greatest.
    """
    theta, covariance = start, np.zeros((0, 0))
    for _ in range(MOST_STEPS):
        slope, hessian = likelihood.slopes(theta)
        slope = slope + prior.precision * (theta - prior.mean)
        covariance = _inverse(hessian + np.diag(prior.precision))
        step = covariance @ slope
        decrement = float(step @ slope)
        theta = _descended(likelihood, prior, theta, step, decrement)
        move = _evidence_step(prior, theta, covariance) if learned and decrement < 1.0 else 0.0
        prior = prior.moved(move)
        if decrement < 1e-12 and abs(move) < 1e-5:
            break
    return Mode(theta=theta, covariance=covariance, prior=prior)


def _inverse(matrix: Floats) -> Floats:
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(matrix, lower=1)
    if failed:
        raise ValueError("features too large or too small for a stable fit; standardise them")
    lower = np.tril(dpotri(factor, lower=1)[0])
    return np.asarray(lower + np.tril(lower, -1).T)


def _descended(
    likelihood: Likelihood, prior: Prior, theta: Floats, step: Floats, decrement: float
) -> Floats:
    """Go the step, or half of it, or a quarter ..., so that the loss falls as it should."""
    if decrement < 1e-8:
        return theta - step
    before, share = _loss(likelihood, prior, theta), 1.0
    for _ in range(MOST_HALVINGS):
        if _loss(likelihood, prior, theta - share * step) <= before - 0.1 * share * decrement:
            break
        share /= 2
    return theta - share * step


def _loss(likelihood: Likelihood, prior: Prior, theta: Floats) -> float:
    off = theta - prior.mean
    return likelihood.loss(theta) + 0.5 * float(prior.precision @ off**2)


def _evidence_step(prior: Prior, theta: Floats, covariance: Floats) -> float:
    r, alpha = prior.n_shared, prior.shared
    off, inner = (theta - prior.mean)[:r], alpha * covariance[:r, :r]
    energy, trace = alpha * float(off @ off), float(np.trace(inner))
    bend = -trace + float(np.sum(inner**2)) - energy + 2 * alpha * float(off @ inner @ off)
    return prior.step(fit=r - trace, energy=energy, bend=bend)
