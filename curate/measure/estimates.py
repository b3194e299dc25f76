"""What a draw by lot says of the whole it was drawn from.

In: values of the rows drawn (1 = wrong, 0 = right; a grade; a share), NaN where no answer came,
and the chance with which each was drawn, as a round stores it. Out: `Interval`. A row without
an answer is taken to be like those with one, drawn in the same round: say how many there are.

**One round.** The Horvitz-Thompson estimate weights each value by 1 / chance; Hájek's divides by
the sum of the weights instead of the known number of rows, and is the better one wherever values
do not grow with the chance. For equal chances both are the plain mean.

**Several rounds.** What was reviewed before a round is known, the rest is estimated by the rows
that the round drew from it: ``known_t + rest_t * mean_t`` is an unbiased estimate of the total,
whatever was picked on purpose in the rounds before. Given the past each such estimate is
right on average, so they are uncorrelated, and any mean of them with weights set before the
answers came is unbiased (as LURE is for draws of one row: Farquhar, Gal and Rainforth, 2021).
The weights here go by how many rows each draw is worth.

**Intervals** are of design: the chance is in the draw, not in the rows; a slice of all rows
leaves no doubt. Values with bounds have Wilson's interval at the number of independent draws that
the design is worth (as Korn and Graubard, 1998, did with Clopper and Pearson's), so that 0 wrong
of 20 does not become a certainty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.measure.intervals import (
    NORMAL,
    UNKNOWN,
    Interval,
    share_interval,
    student_t,
    total,
)

__all__ = [
    "Draw",
    "chance_mean",
    "hajek",
    "horvitz_thompson",
    "over_rounds",
    "stratified",
]

Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float] | None


def _nothing() -> Floats:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The rows of one population that one round drew by lot."""

    values: npt.ArrayLike
    """Shape (m,), NaN = no answer."""
    n_open: int
    """Rows of the population that could be drawn."""
    chances: npt.ArrayLike | None = None
    """Chance of each row drawn, shape (m,); None = all alike."""
    known: npt.ArrayLike = field(default_factory=_nothing)
    """Values of the population's rows that were reviewed in rounds before, (k,)."""
    gone: int = 0
    """Rows of the population that are no longer on offer, and were not reviewed."""

    @property
    def size(self) -> int:
        """Rows of the population."""
        return len(np.asarray(self.known)) + self.n_open + self.gone


def horvitz_thompson(
    values: npt.ArrayLike, chances: npt.ArrayLike, n_open: int, *, bounds: Bounds = (0.0, 1.0)
) -> Interval:
    """Return the mean over `n_open` rows: the sum of ``value / chance`` over their number.

    Horvitz and Thompson (1952); the variance needs first-order chances only (Hájek, 1964), and for
    equal chances is that of a simple random sample.

    Args:
        values: Of the rows drawn, shape (m,), NaN = no answer.
        chances: With which each was drawn, shape (m,).
        n_open: Rows that could be drawn.
        bounds: Least and greatest value there can be; None = there are none.

    Returns:
        Unknown where there is no answer.

    >>> horvitz_thompson([1, 0, 0, 1], [0.1] * 4, 40).value
    0.5
    """
    y, pi = _answered(values, chances)
    if not len(y):
        return UNKNOWN
    low, high = bounds or (0.0, 1.0)
    y = (y - low) / (high - low)
    drawn = _all_drawn(values)
    pi = pi * len(y) / drawn
    mean = float((y / pi).sum() / n_open)
    variance = _design_variance(y / pi, pi) / n_open**2
    return _interval(mean, variance, y, pi, bounds).scaled(high - low, low)


def hajek(
    values: npt.ArrayLike,
    n_open: int,
    *,
    chances: npt.ArrayLike | None = None,
    bounds: Bounds = (0.0, 1.0),
) -> Interval:
    """Return the mean over `n_open` rows, self-normalised: weighted by 1 / chance.

    Args:
        values: Of the rows drawn, shape (m,), NaN = no answer.
        n_open: Rows that could be drawn.
        chances: With which each was drawn, shape (m,); None = all alike.
        bounds: Least and greatest value there can be; None = there are none.

    Returns:
        Unknown where there is no answer.

    >>> none = hajek([0] * 20, 1000)
    >>> none.value, round(none.high, 2)
    (0.0, 0.16)
    """
    draw = Draw(values=values, n_open=n_open, chances=chances)
    return _combined([draw], np.ones(1), 0.0, bounds)


def over_rounds(draws: Sequence[Draw], *, bounds: Bounds = (0.0, 1.0)) -> Interval:
    """Return the mean over a population of which several rounds drew.

    Args:
        draws: One a round, each with what was known before it. Rows that left unasked, and
            known rows without a value, are taken to be like those on offer.
        bounds: Least and greatest value there can be; None = there are none.

    Returns:
        Unknown where no drawn row has an answer and something is left to know.

    >>> first = Draw(values=[1, 0, 0, 0], n_open=8)
    >>> second = Draw(values=[0, 0], n_open=2, known=[1, 0, 0, 0, 1, 0])
    >>> mean = over_rounds([first, second])  # nothing is left to know
    >>> mean.value, mean.low, mean.high
    (0.25, 0.25, 0.25)
    """
    usable = [d for d in draws if _mean(d) is not None]
    if not usable:
        return UNKNOWN
    rest = np.array([1 - _n_known(d) / d.size for d in usable])
    weights = _by_worth(rest**2 / np.array([_worth(d) for d in usable]))
    low, high = bounds or (0.0, 1.0)
    known = np.array([_known_sum(d, low, high) / d.size for d in usable])
    return _combined(usable, weights * rest, float(weights @ known), bounds)


def chance_mean(
    draws: Sequence[Draw], weights: Sequence[float], *, bounds: Bounds = (0.0, 1.0)
) -> Interval:
    """Return the mean of what each round's draw says of what was on offer in that round.

    With the numbers of rows picked on purpose as `weights`: what as many picks by chance, in the
    same rounds, would have found on average.

    Args:
        draws: One a round; those without an answer do not count.
        weights: At least 0 each.
        bounds: Least and greatest value there can be; None = there are none.
    """
    pairs = [(d, w) for d, w in zip(draws, weights, strict=True) if _mean(d) is not None and w > 0]
    if not pairs:
        return UNKNOWN
    w = np.array([weight for _, weight in pairs], np.float64)
    return _combined([draw for draw, _ in pairs], w / w.sum(), 0.0, bounds)


def stratified(parts: Sequence[Interval], sizes: Sequence[int]) -> Interval:
    """Return the mean over a population out of estimates for its parts.

    Args:
        parts: Mean of each part.
        sizes: Rows of each part.

    Returns:
        Unknown where a part of some size is.
    """
    n = sum(sizes)
    kept = [(part, size / n) for part, size in zip(parts, sizes, strict=True) if size]
    if any(not part.known for part, _ in kept):
        return UNKNOWN
    return total([part for part, _ in kept], [weight for _, weight in kept])


def _answered(values: npt.ArrayLike, chances: npt.ArrayLike | None) -> tuple[Floats, Floats]:
    y = np.asarray(values, np.float64).reshape(-1)
    pi = np.ones(len(y)) if chances is None else np.asarray(chances, np.float64).reshape(-1)
    if len(pi) != len(y):
        raise ValueError(f"{len(y)} values, {len(pi)} chances")
    there = ~np.isnan(y)
    if not (pi[there] > 0).all():
        raise ValueError("a row that was drawn had a chance above 0")
    return y[there], pi[there]


def _all_drawn(values: npt.ArrayLike) -> int:
    return int(np.asarray(values).size)


def _design_variance(expanded: Floats, pi: Floats) -> float:
    """Return the variance of a sum of ``value / chance`` (Hájek, 1964)."""
    m, left = len(pi), 1 - np.minimum(pi, 1)
    if m < 2 or not left.any():
        return 0.0
    middle = (left * expanded).sum() / left.sum()
    return float(m / (m - 1) * (left * np.square(expanded - middle)).sum())


def _interval(mean: float, variance: float, y: Floats, pi: Floats, bounds: Bounds) -> Interval:
    """Return the interval of a mean in units of the bounds.

    An estimated variance of few answers may be far too small: more independent draws than the
    weights are worth by themselves are not believed.
    """
    m, fraction = len(y), min(1.0, len(pi) / float((1 / pi).sum()))
    if bounds is None:
        half = student_t(m - 1) * math.sqrt(variance) if variance > 0 else _no_width(fraction)
        return Interval(value=mean, low=mean - half, high=mean + half, n=m)
    share = min(1.0, max(0.0, mean))
    even = share * (1 - share)
    worth = _independent(float((1 / pi).sum() ** 2 / (1 / pi**2).sum()), fraction)
    if variance > 0 and even > 0:
        worth = min(worth, even / variance)
    low, high = share_interval(share, worth, _critical(y, m))
    return Interval(value=mean, low=min(low, mean), high=max(high, mean), n=m)


def _no_width(fraction: float) -> float:
    return 0.0 if fraction >= 1 else math.nan


def _independent(m: float, fraction: float) -> float:
    """Return the independent draws that a sample of so large a fraction is worth."""
    return math.inf if fraction >= 1 else m / (1 - fraction)


def _critical(y: Floats, m: int) -> float:
    """Return Student's quantile where the spread is estimated, the normal one for yes and no."""
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    return NORMAL if binary or m < 2 else student_t(m - 1)


def _mean(draw: Draw) -> float | None:
    y, pi = _answered(draw.values, draw.chances)
    if not len(y):
        return None if draw.n_open + draw.gone else 0.0
    return float(np.average(y, weights=1 / pi))


def _worth(draw: Draw) -> float:
    """Return how many independent draws of the rest a draw is worth (Kish, 1965)."""
    y, pi = _answered(draw.values, draw.chances)
    if not len(y):
        return math.inf
    weights = 1 / pi
    kish = float(weights.sum() ** 2 / np.square(weights).sum())
    return _independent(kish, min(1.0, len(y) / draw.n_open))


def _by_worth(variances: Floats) -> Floats:
    """Return weights that add up to 1, the smaller a variance the larger."""
    certain = variances <= 0
    raw = certain.astype(np.float64) if certain.any() else 1 / variances
    weights: Floats = raw / raw.sum()
    return weights


def _n_known(draw: Draw) -> int:
    return int((~np.isnan(np.asarray(draw.known, np.float64))).sum())


def _known_sum(draw: Draw, low: float, high: float) -> float:
    known = np.asarray(draw.known, np.float64)
    known = known[~np.isnan(known)]
    return float(((known - low) / (high - low)).sum())


def _combined(
    draws: Sequence[Draw], coefficients: Floats, offset: float, bounds: Bounds
) -> Interval:
    """Return ``offset + sum of coefficient * mean of draw``, in the values' own units.

    Args:
        draws: With an answer each, or with nothing left to draw.
        coefficients: At least 0 each.
        offset: What is known, in units of the bounds.
        bounds: Of the values.
    """
    low, high = bounds or (0.0, 1.0)
    means = np.array([_scaled_mean(d, low, high) for d in draws])
    reach = float(coefficients.sum())
    values = [(_answered(d.values, d.chances)[0] - low) / (high - low) for d in draws]
    m = int(sum(len(y) for y in values))
    if np.isnan(means).any():
        return UNKNOWN
    if reach <= 0:
        return Interval(value=offset, low=offset, high=offset, n=m).scaled(high - low, low)
    shares = coefficients / reach
    mean = float(shares @ means)
    spread = float((shares**2 / np.array([_worth(d) for d in draws])).sum())
    inner = _spread_interval(mean, spread, values, bounds)
    return inner.scaled(reach, offset).scaled(high - low, low)


def _scaled_mean(draw: Draw, low: float, high: float) -> float:
    mean = _mean(draw)
    return math.nan if mean is None else (mean - low) / (high - low)


def _spread_interval(
    mean: float, spread: float, values: Sequence[Floats], bounds: Bounds
) -> Interval:
    """Return the interval of a mean of draws.

    Args:
        mean: The estimate, in units of the bounds.
        spread: Its variance per unit of variance of the values.
        values: Answers of each draw.
        bounds: Whether there are any.
    """
    y = np.concatenate(values)
    df = len(y) - sum(1 for v in values if len(v))
    within = sum(float(np.square(v - v.mean()).sum()) for v in values if len(v))
    variance = within / df if df > 0 else 0.0
    if bounds is None:
        half = student_t(df) * math.sqrt(variance * spread) if spread > 0 else 0.0
        half = math.nan if spread > 0 and variance == 0 else half
        return Interval(value=mean, low=mean - half, high=mean + half, n=len(y))
    worth = _worth_of_spread(mean, spread, variance, bool(np.isin(y, (0.0, 1.0)).all()))
    low, high = share_interval(mean, worth, _critical(y, df + 1))
    return Interval(value=mean, low=low, high=high, n=len(y))


def _worth_of_spread(mean: float, spread: float, variance: float, binary: bool) -> float:
    """Return the independent yes-or-no draws that give a mean of the same variance."""
    if spread <= 0:
        return math.inf
    even = mean * (1 - mean)
    return 1 / spread if binary or variance <= 0 or even <= 0 else even / (variance * spread)
