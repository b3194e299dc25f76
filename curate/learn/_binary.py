"""Yes or no: one logit, with an exact Newton fit and a Laplace posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._gaussian import Gaussian
from curate.learn._likelihoods import Bernoulli, sigmoid
from curate.learn._newton import maximise
from curate.learn._problem import Problem, Wanted
from curate.learn._quadrature import expected

__all__ = ["Binary", "fit_binary"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A fitted logistic regression."""

    posterior: Gaussian

    @property
    def covariance(self) -> Floats:
        """Return that of the weights on the features."""
        return self.posterior.covariance

    @property
    def weights(self) -> Floats:
        """Return the weights on the features, shape (D,)."""
        return self.posterior.weights

    @property
    def precision(self) -> float:
        """Return the prior's."""
        return self.posterior.precision

    def logits(self, features: npt.ArrayLike) -> Floats:
        """Return 0 and the log odds of yes."""
        logit = self.posterior.mean(features)
        return np.stack([np.zeros_like(logit), logit], axis=1)

    def variance(self, features: npt.ArrayLike) -> Floats:
        """Return that of the log odds."""
        return self.posterior.variance(features)

    def predictive(self, features: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Return posterior mean chances and information."""
        sd = np.sqrt(self.variance(features))
        return expected(self.posterior.mean(features), sd, _chances)

    def draws(self, features: npt.ArrayLike, n: int, rng: np.random.Generator | int) -> Floats:
        """Return chances under drawn weights."""
        rows = np.asarray(features, dtype=np.float64)
        weights, biases = self.posterior.draws(n, rng)
        offset = biases - weights @ self.posterior.frame.centre
        return _chances(weights @ rows.T + offset[:, None])


def fit_binary(
    problem: Problem, share: Floats, prior_mean: Floats, wanted: Wanted, start: object
) -> Binary:
    """Fit by Newton's method."""
    prior = problem.prior(prior_mean, wanted.precision, spread=wanted.spread)
    theta = prior.mean.copy()
    if isinstance(start, Binary) and start.weights.shape == prior_mean.shape:
        theta[: problem.n_shown] = _first_guess(problem, start)
        prior = wanted.begun(prior, start.precision)
    data = Bernoulli(design=problem.design, share=share, weights=problem.weights)
    mode = maximise(data, prior, theta, learned=wanted.precision is None)
    r, shown = problem.frame.size, problem.n_shown
    return Binary(
        posterior=Gaussian(
            frame=problem.frame,
            weights=problem.frame.back(mode.theta[:r], prior_mean),
            bias=float(mode.theta[r]),
            inside=mode.covariance[:shown, :shown],
            precision=mode.prior.shared,
        )
    )


def _first_guess(problem: Problem, start: Binary) -> Floats:
    moved = problem.frame.centre[None, :]
    return np.append(problem.frame.turned(start.weights), start.posterior.mean(moved))


def _chances(logit: Floats) -> Floats:
    yes = sigmoid(logit)
    return np.stack([1.0 - yes, yes], axis=-1)
