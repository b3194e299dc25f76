"""The mode of a penalised likelihood, and how sharp it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from curate.learn._evidence import Climb, Prior

__all__ = ["Likelihood", "Mode", "maximise"]

Floats = npt.NDArray[np.float64]

MOST_STEPS = 100
MOST_HALVINGS = 30


class Likelihood(Protocol):
    """What the data say of parameters, as a convex loss."""

    def loss(self, theta: Floats) -> float:
        """Return the negative log-likelihood."""

    def slopes(self, theta: Floats) -> tuple[Floats, Floats]:
        """Return its gradient, shape (P,), and Hessian, shape (P, P)."""

    def sharpness(self, theta: Floats) -> float:
        """Return its curvature in the logit, added up over rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Where the posterior is greatest."""

    theta: Floats
    """Shape (P,)."""
    covariance: Floats
    """Inverse Hessian there, shape (P, P)."""
    prior: Prior


def maximise(likelihood: Likelihood, prior: Prior, start: Floats, *, learned: bool) -> Mode:
    """Find the mode by Newton's method, and the prior's precision beside it.

    Args:
        likelihood: What the data say.
        prior: With a first guess of the shared precision.
        start: Parameters to start at, shape (P,).
        learned: Whether to move the precision to where the evidence is greatest.
    """
    theta, covariance, climb = start, np.zeros((0, 0)), Climb()
    for _ in range(MOST_STEPS):
        slope, hessian = likelihood.slopes(theta)
        slope = slope + prior.precision * (theta - prior.mean)
        covariance = _inverse(hessian + np.diag(prior.precision))
        step = covariance @ slope
        decrement = float(step @ slope)
        theta = _descended(likelihood, prior, theta, step, decrement)
        move = 0.0
        if learned and decrement < 1.0:
            move = _evidence_step(climb, prior, theta, covariance, likelihood.sharpness(theta))
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


def _evidence_step(
    climb: Climb, prior: Prior, theta: Floats, covariance: Floats, sharpness: float
) -> float:
    r, alpha = prior.n_shared, prior.shared
    off = (theta - prior.mean)[:r]
    fit = r - alpha * float(np.trace(covariance[:r, :r]))
    slope = prior.slope(fit=fit, energy=alpha * float(off @ off), sharpness=sharpness)
    return climb.step(prior.log_precision, slope, 0.25 * fit)
