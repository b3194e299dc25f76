"""Whether chances hold what they say, and how to mend them on answers kept aside for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.learn._inputs import shares_of, weights_of
from curate.learn._softmax import softmax

__all__ = ["Bin", "Isotonic", "Reliability", "Temperature", "reliability"]

Floats = npt.NDArray[np.float64]


class Temperature:
    """Chances made less (or more) sure by one number: ``softmax(logits / T)`` (Guo et al., 2017).

    It never changes which class comes first. ``log T`` has a standard normal prior, so that a few
    rows, or rows that all turned out right, move it little. To calibrate a head, give it the
    logarithms of its chances. A fitted one is called with logits.

    >>> sure = np.array([[4.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 0.0]])
    >>> mended = Temperature().fit(sure, [0, 0, 1, 1])
    >>> bool(mended(sure)[0, 0] < 0.9)
    True
    """

    __slots__ = ("value",)

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def fit(
        self, logits: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
    ) -> Temperature:
        """Return the one that makes these labels likeliest.

        Args:
            logits: Shape (n, n_classes), up to a shift of each row.
            labels: Class numbers, shape (n,), or vote shares, shape (n, n_classes).
            weights: How much each row counts, shape (n,).

        Raises:
            ValueError: If there are no rows, or shapes do not fit.
        """
        rows = _finite(logits)
        weight = weights_of(weights, len(rows))
        shares = shares_of(labels, *rows.shape)
        low, high = -5.0, 5.0
        for _ in range(60):
            middle = (low + high) / 2
            rising = _cooling_gains(rows, shares, weight, middle)
            low, high = (middle, high) if rising else (low, middle)
        return Temperature(float(np.exp(-(low + high) / 2)))

    def __call__(self, logits: npt.ArrayLike) -> Floats:
        """Return chances, shape (n, n_classes)."""
        return softmax(_finite(logits) / self.value)


class Isotonic:
    """Chances as a rising step function of a score (Zadrozny and Elkan, 2002).

    Half a yes is put below all scores and half a no above them, so that no chance is 0 or 1. Use
    it where a few hundred rows are kept aside; with fewer, `Temperature`. A fitted one is called
    with scores, shape (n,), and gives chances of yes; NaN stays NaN.

    >>> Isotonic().fit([1.0, 2.0, 3.0, 4.0], [0, 0, 1, 1])([0.0, 2.5, 9.0]).round(2).tolist()
    [0.2, 0.5, 0.8]
    """

    __slots__ = ("_chances", "_scores")

    def __init__(self) -> None:
        self._scores = self._chances = np.zeros(0)

    def fit(
        self, scores: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
    ) -> Isotonic:
        """Return the one closest to these labels.

        Args:
            scores: Shape (n,); rows of NaN are left out.
            labels: 0 or 1, or the share of yes, shape (n,).
            weights: How much each row counts, shape (n,).

        Raises:
            ValueError: If no row has a score, or shapes do not fit.
        """
        from sklearn.isotonic import IsotonicRegression

        score, said = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
        if score.ndim != 1 or score.shape != said.shape:
            raise ValueError(f"scores of the shape {score.shape}, but labels of {said.shape}")
        weight = weights_of(weights, len(score))
        known = ~np.isnan(score)
        weight, score, said = weights_of(weight[known], int(known.sum())), score[known], said[known]
        knots, at = np.unique(
            np.concatenate([score, [score.min(), score.max()]]), return_inverse=True
        )
        weight, said = np.append(weight, [0.5, 0.5]), np.append(said, [1.0, 0.0])
        total = np.bincount(at, weight)
        rise = IsotonicRegression().fit(knots, np.bincount(at, weight * said) / total, total)
        fitted = Isotonic()
        fitted._scores, fitted._chances = knots, np.asarray(rise.predict(knots), dtype=np.float64)
        return fitted

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Return the chance of yes of each score, shape (n,)."""
        if not len(self._scores):
            raise ValueError("nothing is known yet: call fit, and use what it returns")
        score = np.asarray(scores, dtype=np.float64)
        return np.where(np.isnan(score), np.nan, np.interp(score, self._scores, self._chances))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Rows of about the same predicted chance."""

    low: float
    high: float
    n: int
    predicted: float
    """Mean predicted chance."""
    observed: float
    """How often it came true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How far chances hold what they say; NaN where there is nothing to judge."""

    n: int
    """Rows judged."""
    ece: float
    """Expected calibration error: mean of |predicted - observed| over bins of equally many rows."""
    brier: float
    """Mean squared error of the chances, added up over classes."""
    log_loss: float
    """Mean of -ln of the chance of what came true, nats."""
    table: tuple[Bin, ...]


def reliability(probabilities: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 10) -> Reliability:
    """Compare chances with what came true.

    Args:
        probabilities: Chance of yes, shape (n,); or of each class, shape (n, n_classes), where the
            chance of the first class is compared with how often it is right. Rows with NaN are
            left out.
        labels: 0 or 1, or shares of yes, shape (n,); or class numbers, shape (n,), or vote shares,
            shape (n, n_classes).
        bins: Of about equally many rows; rows of equal chance share one.

    Raises:
        ValueError: If shapes do not fit.

    >>> round(reliability([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 0]).ece, 3)
    0.15
    """
    chances, shares = _laid_out(probabilities, labels)
    if not len(chances):
        nan = float("nan")
        return Reliability(n=0, ece=nan, brier=nan, log_loss=nan, table=())
    one_column = np.ndim(probabilities) == 1
    first = np.ones(len(chances), np.int64) if one_column else chances.argmax(axis=1)
    every = np.arange(len(chances))
    table = _binned(chances[every, first], shares[every, first], bins)
    return Reliability(
        n=len(chances),
        ece=sum(b.n * abs(b.predicted - b.observed) for b in table) / len(chances),
        brier=float(((chances - shares) ** 2).sum(axis=1).mean()) / (2 if one_column else 1),
        log_loss=float(-(shares * np.log(np.maximum(chances, 1e-15))).sum(axis=1).mean()),
        table=table,
    )


def _finite(logits: npt.ArrayLike) -> Floats:
    rows = np.asarray(logits, dtype=np.float64)
    if rows.ndim != 2 or np.isnan(rows).any() or np.isposinf(rows).any():
        raise ValueError("logits must be numbers of shape (n, n_classes)")
    return np.maximum(rows, -1e6)


def _cooling_gains(rows: Floats, shares: Floats, weight: Floats, log_beta: float) -> bool:
    """Return whether a greater inverse temperature makes the labels likelier."""
    beta = np.exp(log_beta)
    pull = ((shares - softmax(beta * rows)) * rows).sum(axis=1)
    return bool(beta * float(weight @ pull) - log_beta > 0)


def _laid_out(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return chances and shares of each class, both of shape (n, n_classes)."""
    chances, said = np.asarray(probabilities, np.float64), np.asarray(labels, np.float64)
    if chances.ndim == 1:
        if said.shape != chances.shape:
            raise ValueError(f"{chances.shape} chances, but labels of the shape {said.shape}")
        chances = np.stack([1 - chances, chances], axis=1)
        said = np.stack([1 - said, said], axis=1)
    if chances.ndim != 2 or len(chances) != len(said):
        raise ValueError(f"chances of the shape {chances.shape}, but labels of {said.shape}")
    known = ~np.isnan(chances).any(axis=1)
    return chances[known], shares_of(said[known], int(known.sum()), chances.shape[1])


def _binned(predicted: Floats, observed: Floats, bins: int) -> tuple[Bin, ...]:
    from scipy.stats import rankdata

    of = np.floor((rankdata(predicted) - 0.5) * bins / len(predicted)).astype(np.int64)
    parts = [of == b for b in np.unique(of)]
    return tuple(_bin(predicted[part], observed[part]) for part in parts)


def _bin(predicted: Floats, observed: Floats) -> Bin:
    return Bin(
        low=float(predicted.min()),
        high=float(predicted.max()),
        n=len(predicted),
        predicted=float(predicted.mean()),
        observed=float(observed.mean()),
    )
