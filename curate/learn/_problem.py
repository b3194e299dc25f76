"""Answers, laid out for a fit: features in their frame, a bias, and what is only accounted for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._evidence import Prior, prior_centre
from curate.learn._frame import Frame, frame_of, scaled
from curate.learn._inputs import rows_of

__all__ = ["Problem", "Wanted", "compared", "labelled"]

Floats = npt.NDArray[np.float64]
WEAK = 0.1
"""Prior precision of the bias and of standardised nuisance columns: a standard deviation of 3.2
logits."""
MANY = 1.0
"""That of the biases where classes are more than two: a few answers say little of how frequent
each of many classes is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the prior on the weights."""

    precision: float | None
    """None = by evidence."""
    spread: float
    """Guess of the standard deviation of the logits that features bring about."""

    def begun(self, prior: Prior, last: float) -> Prior:
        """Return the prior with the `last` round's precision, where it is by evidence."""
        if self.precision is not None:
            return prior
        return prior.moved(float(np.log(last)) - prior.log_precision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a likelihood and a prior are made of."""

    design: Floats
    """Features in their frame, then the bias (labels only), then nuisance; shape (n, P)."""
    frame: Frame
    weights: Floats
    """Shape (n,)."""
    n_shown: int
    """Leading columns that predictions look at: features and bias."""

    def prior(
        self,
        mean: Floats,
        precision: float | None,
        *,
        spread: float,
        n_classes: int = 2,
        extra: Floats | None = None,
    ) -> Prior:
        """Return the prior, its precision a first guess where None is given.

        Args:
            mean: Of the weights on the features, shape (D,).
            precision: Shared by the weights on the features.
            spread: Guess of the standard deviation of the logits that features bring about.
            n_classes: How many classes the labels have.
            extra: Mean and precision of one more parameter at the end.
        """
        r = self.frame.size
        guess = prior_centre(self.design[:, :r], self.weights, spread)
        rest, weak = np.zeros(self.design.shape[1] - r), np.full(self.design.shape[1] - r, WEAK)
        if n_classes > 2:
            weak[0] = MANY
        tail = np.zeros((2, 0)) if extra is None else extra[:, None]
        return Prior(
            mean=np.concatenate([self.frame.turned(mean), rest, tail[0]]),
            weak=np.concatenate([weak, tail[1]]),
            log_precision=guess if precision is None else float(np.log(precision)),
            centre=guess,
            spread=spread,
            n_answers=float(self.weights.sum()),
            n_classes=n_classes,
        )


def labelled(features: Floats, weights: Floats, nuisance: npt.ArrayLike | None) -> Problem:
    """Lay out rows with labels: features and nuisance about their means, and a bias."""
    centre = weights @ features / weights.sum()
    frame = frame_of(features, centre)
    parts = [frame.inside(features), np.ones((len(features), 1))]
    if nuisance is not None:
        columns = rows_of(nuisance, "nuisance", n=len(features))
        parts.append(scaled(columns, weights, centred=True))
    return Problem(
        design=np.concatenate(parts, axis=1),
        frame=frame,
        weights=weights,
        n_shown=frame.size + 1,
    )


def compared(gaps: Floats, weights: Floats, nuisance: npt.ArrayLike | None) -> Problem:
    """Lay out differences of two answers: nothing is centred, so that swapping them flips all."""
    frame = frame_of(gaps, np.zeros(gaps.shape[1]))
    parts = [frame.inside(gaps)]
    if nuisance is not None:
        columns = rows_of(nuisance, "nuisance", n=len(gaps))
        parts.append(scaled(columns, weights, centred=False))
    return Problem(
        design=np.concatenate(parts, axis=1), frame=frame, weights=weights, n_shown=frame.size
    )
