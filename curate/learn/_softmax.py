"""One of several classes: a softmax fit and a Kronecker-factored Laplace posterior.

The Hessian of the loss is a sum of ``(diag p - p p') (x) x x'``. It is taken as
``G (x) A``: the mean class factor times the features' factor weighted by each row's curvature
(Ritter, Botev and Barber, ICLR 2018). One eigenvalue problem of the features and one of the
classes then serve all classes, so that the variance of every class's logit costs two matrix
products a row; exact blocks would cost one quadratic form for each class. The same factors
precondition the search for the mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._evidence import Climb, Prior
from curate.learn._frame import Frame, chunks
from curate.learn._problem import Problem, Wanted
from curate.learn._quadrature import entropy

__all__ = ["Softmax", "fit_softmax", "softmax"]

Floats = npt.NDArray[np.float64]
MOST_ROUNDS = 20
ROUGH, CLOSE = 1e-2, 1e-4
"""Greatest slope at which a search ends, in units of posterior deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The curvature at given weights, as eigenvalue problems of features and of classes."""

    turn: Floats
    """From the design to unit-prior eigenvectors of the features, shape (P, P)."""
    classes: Floats
    """Eigenvectors of the classes, shape (C, C)."""
    spread: Floats
    """Posterior variance of each eigenweight where the prior's is 1, shape (P, C)."""
    share: Floats
    """Part of each squared eigenvector that lies on each parameter, shape (P, P)."""
    sharpness: float
    """Trace of the loss's curvature in the logits, over all rows."""

    def weights(self, unit: Floats) -> Floats:
        """Return offsets from the prior mean, given them in units of posterior deviations."""
        return self.turn @ (unit * np.sqrt(self.spread)) @ self.classes.T


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """A fitted softmax regression."""

    frame: Frame
    weights: Floats
    """On the features, shape (D, C)."""
    bias: Floats
    """Logits at the frame's centre, shape (C,)."""
    factors: Factors
    precision: float

    @property
    def covariance(self) -> Floats:
        """Return that of one class's weights, averaged over the classes."""
        r, c = self.frame.size, len(self.bias)
        lines = self.factors.turn[:r]
        inner = (lines * (self._by_class() @ np.ones(c))) @ lines.T / c
        off = (c - 1) / c / self.precision
        return self.frame.covariance(inner, off)

    def logits(self, features: npt.ArrayLike) -> Floats:
        """Return the mode's logits."""
        offset = self.bias - self.frame.centre @ self.weights
        parts = [rows @ self.weights + offset for _, rows in chunks(features, len(self.weights))]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.bias)))

    def variance(self, features: npt.ArrayLike) -> Floats:
        """Return the variance of the logits about their mean, added up over classes."""
        parts = [
            self._spreads(rows) @ (self._centred() ** 2).sum(axis=0)
            for _, rows in chunks(features, len(self.weights))
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def probabilities(self, features: npt.ArrayLike) -> Floats:
        """Return moderated chances: each logit shrunk by its own variance."""
        logits = self.logits(features)
        for part, rows in chunks(features, len(self.weights)):
            variance = self._spreads(rows) @ (self._centred() ** 2).T
            here = logits[part] - logits[part].mean(axis=1, keepdims=True)
            logits[part] = here / np.sqrt(1.0 + np.pi / 8 * _reach(len(self.bias)) * variance)
        return softmax(logits)

    def information(self, features: npt.ArrayLike) -> Floats:
        """Return the mutual information of label and weights over the fixed points."""
        logits = self.logits(features)
        points = _points(len(self.bias))
        turned = self._centred().T
        found = np.zeros(len(logits))
        for part, rows in chunks(features, len(self.weights)):
            deviation = np.sqrt(self._spreads(rows))
            found[part] = _information(logits[part], deviation, points, turned)
        return found

    def draws(self, features: npt.ArrayLike, n: int, rng: np.random.Generator | int) -> Floats:
        """Return chances under drawn weights."""
        generator = np.random.default_rng(rng)
        rows, mode = np.asarray(features, dtype=np.float64), self.logits(features)
        return np.stack([softmax(mode + self._drawn(rows, generator)) for _ in range(n)])

    def _drawn(self, rows: Floats, generator: np.random.Generator) -> Floats:
        size, d = self.factors.spread.shape, len(self.weights)
        inner = self.factors.weights(generator.standard_normal(size))
        off = np.zeros((d, size[1]))
        if self.frame.basis is not None:
            off = generator.standard_normal(off.shape) / np.sqrt(self.precision)
        r = self.frame.size
        moved = self.frame.back(inner[:r], off)
        return np.asarray((rows - self.frame.centre) @ moved + inner[r])

    def _centred(self) -> Floats:
        """Return the classes' eigenvectors without the shift that all share: it means nothing."""
        classes = self.factors.classes
        return np.asarray(classes - classes.mean(axis=0))

    def _by_class(self) -> Floats:
        return np.asarray(self.factors.spread * (self._centred() ** 2).sum(axis=0))

    def _spreads(self, rows: Floats) -> Floats:
        """Return the variances along the classes' eigenvectors, shape (n, C)."""
        inner = np.concatenate([self.frame.inside(rows), np.ones((len(rows), 1))], axis=1)
        along = inner @ self.factors.turn[: self.frame.size + 1]
        return along**2 @ self.factors.spread + self.frame.outside(rows)[:, None] / self.precision


def fit_softmax(
    problem: Problem, shares: Floats, prior_mean: Floats, wanted: Wanted, start: object
) -> Softmax:
    """Fit by preconditioned quasi-Newton steps, the prior's precision in between.

    Args:
        problem: The rows.
        shares: Of each class, shape (n, C).
        prior_mean: Of the weights on the features, shape (D, C).
        wanted: The prior.
        start: The last fit.
    """
    c, r = shares.shape[1], problem.frame.size
    prior = problem.prior(prior_mean[:, 0], wanted.precision, spread=wanted.spread, n_classes=c)
    centre = np.zeros((len(prior.mean), c))
    centre[:r] = problem.frame.turned(prior_mean.T).T
    weights = centre.copy()
    if isinstance(start, Softmax) and start.weights.shape == prior_mean.shape:
        weights[: problem.n_shown] = _first_guess(problem, start)
        prior = wanted.begun(prior, start.precision)
    weights, prior, factors = _settled(
        problem, shares, prior, centre, weights, wanted.precision is None
    )
    return Softmax(
        frame=problem.frame,
        weights=problem.frame.back(weights[:r], prior_mean),
        bias=weights[r],
        factors=factors,
        precision=prior.shared,
    )


def _reach(n_classes: int) -> float:
    """Return how much of a logit's variance moderates its chance.

    The more classes there are, the more the noise of the others averages out. Fitted to means over
    posterior draws on mixtures of Gaussians with 3 to 150 classes.
    """
    return float(4.5 * n_classes**-0.6)


def softmax(logits: Floats) -> Floats:
    """Return chances along the last axis, without overflow."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def _first_guess(problem: Problem, start: Softmax) -> Floats:
    bias = start.logits(problem.frame.centre[None, :])
    return np.concatenate([problem.frame.turned(start.weights.T).T, bias])


def _settled(
    problem: Problem, shares: Floats, prior: Prior, centre: Floats, weights: Floats, learned: bool
) -> tuple[Floats, Prior, Factors]:
    """Search for the mode and move the precision in turn, until neither moves."""
    factors, climb = _factors(problem, prior, weights), Climb()
    close = ROUGH if learned else CLOSE
    for _ in range(MOST_ROUNDS):
        weights = _mode(problem, shares, prior, centre, weights, factors, close)
        factors = _factors(problem, prior, weights)
        move = _evidence_step(climb, prior, weights - centre, factors) if learned else 0.0
        if abs(move) < 1e-4 and close == CLOSE:
            break
        close = CLOSE if abs(move) < 0.05 else ROUGH
        prior = prior.moved(move)
        factors = _factors(problem, prior, weights)
    return weights, prior, factors


def _factors(problem: Problem, prior: Prior, weights: Floats) -> Factors:
    p = softmax(problem.design @ weights)
    curve = problem.weights * (1.0 - np.einsum("ij,ij->i", p, p))
    total = float(curve.sum())
    between = np.diag(problem.weights @ p) - (problem.weights[:, None] * p).T @ p
    rows = np.sqrt(curve)[:, None] * problem.design / np.sqrt(prior.precision)
    of_features, vectors = np.linalg.eigh(rows.T @ rows)
    of_classes, classes = np.linalg.eigh(between / max(total, 1e-300))
    spread = 1.0 / (1.0 + np.maximum(of_features, 0)[:, None] * np.maximum(of_classes, 0))
    turn = vectors / np.sqrt(prior.precision)[:, None]
    return Factors(turn=turn, classes=classes, spread=spread, share=vectors**2, sharpness=total)


def _mode(
    problem: Problem,
    shares: Floats,
    prior: Prior,
    centre: Floats,
    weights: Floats,
    factors: Factors,
    close: float,
) -> Floats:
    """Return the weights of the mode: L-BFGS in units of posterior deviations."""
    from scipy.optimize import minimize

    rows, deviation = problem.design @ factors.turn, np.sqrt(factors.spread)
    base, size = problem.design @ centre, factors.spread.shape

    def loss(flat: Floats) -> tuple[float, Floats]:
        off = flat.reshape(size) * deviation
        logits = base + (rows @ off) @ factors.classes.T
        top = logits.max(axis=1, keepdims=True)
        odds = np.exp(logits - top)
        total = odds.sum(axis=1, keepdims=True)
        said = np.einsum("ij,ij->i", shares, logits)
        value = problem.weights @ (np.log(total[:, 0]) + top[:, 0] - said)
        pull = problem.weights[:, None] * (odds / total - shares)
        slope = deviation * (rows.T @ (pull @ factors.classes) + off)
        return float(value) + 0.5 * float(np.vdot(off, off)), slope.ravel()

    scale = np.sqrt(prior.precision)[:, None]
    vectors = factors.turn * scale
    begin = vectors.T @ (scale * (weights - centre)) @ factors.classes / deviation
    found = minimize(
        loss,
        begin.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 500, "maxcor": 10, "gtol": close, "ftol": 1e-14},
    )
    return centre + factors.weights(found.x.reshape(size))


def _evidence_step(climb: Climb, prior: Prior, off: Floats, factors: Factors) -> float:
    r = prior.n_shared
    fit = r * off.shape[1] - float((factors.share[:r] @ factors.spread).sum())
    energy = prior.shared * float((off[:r] ** 2).sum())
    slope = prior.slope(fit=fit, energy=energy, sharpness=factors.sharpness)
    return climb.step(prior.log_precision, slope, 0.25 * fit)


def _points(n_classes: int) -> Floats:
    """Return fixed normal points in pairs of opposites, each column of mean square 1.

    Shape (n_points, n_classes): 64 points, and more where few classes leave time for them.
    """
    n_pairs = max(32, 1024 // n_classes)
    half = np.random.default_rng(20).standard_normal((n_pairs, n_classes))
    half /= np.sqrt((half**2).mean(axis=0))
    return np.concatenate([half, -half])


def _information(logits: Floats, deviation: Floats, points: Floats, turned: Floats) -> Floats:
    average, doubt = np.zeros_like(logits), np.zeros(len(logits))
    for point in points:
        p = softmax(logits + (deviation * point) @ turned)
        average += p / len(points)
        doubt += entropy(p) / len(points)
    return np.maximum(entropy(average) - doubt, 0.0)
