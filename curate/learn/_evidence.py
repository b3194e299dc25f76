"""How strong the prior should be, from the data alone.

MacKay's condition (Neural Computation 4, 1992): the precision alpha is right where
``alpha |w - m|^2 = gamma``, the number of parameters that the data determine. It rests on
Laplace's approximation, which far from Gaussian posteriors (few answers, strong features) asks
for too much shrinkage. How much is known where the truth is: were every row independent of the
others, any precision would be as good as any other, and Laplace's condition would still be off by
``alpha |w - m|^2 / gamma`` of one row. That ratio, at the variance that a row's logit has before
its own label is seen, corrects gamma; it goes to 1 as answers become many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Climb", "Prior", "prior_centre"]

Floats = npt.NDArray[np.float64]

LOG_SPREAD_SD = 0.5
"""How sure that guess is: standard deviation of its logarithm."""
LOOSE = 1 / (2 * LOG_SPREAD_SD) ** 2
"""The hyperprior's precision, of the logarithm of a precision."""


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
    spread: float
    """Standard deviation of the logits that features bring about where it is `centre`."""
    n_answers: float
    """Sum of the weights of all rows."""
    n_classes: int

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

    def slope(self, *, fit: float, energy: float, sharpness: float) -> float:
        """Return the derivative of the log evidence in `log_precision`.

        Args:
            fit: gamma, the number of parameters that the data determine.
            energy: alpha |w - m|^2.
            sharpness: Trace of the loss's curvature in the logits, over all rows.
        """
        right = fit * _laplace_bias(self._unseen_variance(fit, sharpness), self.n_classes)
        return 0.5 * (right - energy) - LOOSE * (self.log_precision - self.centre)

    def _unseen_variance(self, fit: float, sharpness: float) -> float:
        """Return the mean variance of a row's logit before its own label is seen."""
        most = self.spread**2 * float(np.exp(self.centre - self.log_precision))
        left = 1.0 - fit / (self.n_answers * (self.n_classes - 1))
        if sharpness <= 0 or left <= 0:
            return most
        return min(fit / sharpness / left, most)


class Climb:
    """Steps up to the greatest evidence: by secants, each at most 2 long."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def step(self, at: float, slope: float, guess: float) -> float:
        """Return how far to go from `at`.

        Args:
            at: The logarithm of the precision.
            slope: Of the log evidence there.
            guess: A cautious value of its negative second derivative, for the first step.
        """
        steep = guess + LOOSE
        if self._last is not None and self._last[0] != at:
            secant = -(slope - self._last[1]) / (at - self._last[0])
            steep = secant if secant > 0.5 * LOOSE else steep
        self._last = (at, slope)
        return float(np.clip(slope / steep, -2.0, 2.0))


def prior_centre(features: Floats, weights: Floats, spread: float) -> float:
    """Return the precision, as a logarithm, at which features give logits of that spread."""
    square = float(weights @ np.einsum("ij,ij->i", features, features) / weights.sum())
    return float(np.log(square) if square > 0 else 0.0) - 2 * float(np.log(spread))


def _laplace_bias(variance: float, n_classes: int) -> float:
    """Return ``alpha |w|^2 / gamma`` at the mode of one label, logits of variance `variance`."""
    others = n_classes - 1
    v = variance / 2 if n_classes == 2 else variance
    p = _mode_chance(v, n_classes)
    q = (1 - p) / others
    energy = v * ((1 - p) ** 2 + others * q * q)
    fit = (others - 1) * _seen(v * q) + _seen(v * n_classes * p * q)
    return energy / fit if fit > 0 else 1.0


def _mode_chance(v: float, n_classes: int) -> float:
    """Return the chance of the one label seen, at the mode: its logit leads by ``v(1 - p + q)``."""
    low, high = 0.0, 2.0 * v
    for _ in range(60):
        lead = (low + high) / 2
        p = 1 / (1 + (n_classes - 1) * np.exp(-lead))
        pulled = v * (1 - p) * n_classes / (n_classes - 1)
        low, high = (lead, high) if lead < pulled else (low, lead)
    return float(p)


def _seen(odds: float) -> float:
    return odds / (1 + odds)
