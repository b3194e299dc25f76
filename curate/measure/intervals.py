"""Numbers with the interval that holds them: shares, sums of estimates, ratios of estimates.

Each interval is meant to hold the true value in 95 of 100 uses. A share of 0 of 20 has an
interval of some width too: that none was seen does not say that there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "ratio", "share_interval", "student_t", "total"]

NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number, the 95 % interval around it, and how many answers it rests on."""

    value: float
    low: float
    high: float
    n: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return not math.isnan(self.value)

    def scaled(self, factor: float, offset: float = 0.0) -> Interval:
        """Return ``factor * self + offset``, for a factor of at least 0."""
        value, low, high = (factor * v + offset for v in (self.value, self.low, self.high))
        return Interval(value=value, low=low, high=high, n=self.n)

    def within(self, least: float, most: float) -> Interval:
        """Return the interval cut to values that can be; what is unknown stays unknown.

        >>> Interval(value=0.9, low=0.7, high=1.1).within(0, 1).high
        1
        >>> UNKNOWN.within(0, 1)
        Interval(value=nan, low=nan, high=nan, n=0)
        """
        bounds = (self.value, self.low, self.high)
        value, low, high = (v if math.isnan(v) else min(most, max(least, v)) for v in bounds)
        return Interval(value=value, low=low, high=high, n=self.n)


UNKNOWN = Interval(value=math.nan, low=math.nan, high=math.nan)


def share_interval(share: float, n: float, critical: float = NORMAL) -> tuple[float, float]:
    """Return the interval of a share (Wilson, 1927).

    Args:
        share: In [0, 1].
        n: How many independent draws it is worth; need not be whole, infinite = known.
        critical: Quantile of the normal (or Student's) distribution.

    >>> [round(v, 3) for v in share_interval(0.0, 20)]
    [0.0, 0.161]
    """
    if not n > 0 or math.isnan(share):
        return math.nan, math.nan
    if math.isinf(n):
        return share, share
    spread = critical * critical / n
    middle = (share + spread / 2) / (1 + spread)
    half = critical / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def student_t(df: float) -> float:
    """Return the 97.5 % quantile of Student's t; NaN for no degree of freedom.

    >>> round(student_t(10), 3)
    2.228
    """
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.975)) if df > 0 else math.nan


def total(parts: Sequence[Interval], weights: Sequence[float]) -> Interval:
    """Return the weighted sum of independent estimates.

    The distances from each estimate to its own ends are added in quadrature (MOVER; Zou and
    Donner, 2008), so that intervals that are not symmetric stay so.

    Args:
        parts: What is added up.
        weights: At least 0 each.

    >>> half = Interval(value=0.5, low=0.4, high=0.7)
    >>> both = total([half, half], [0.5, 0.5])
    >>> round(both.low, 3), both.value, round(both.high, 3)
    (0.429, 0.5, 0.641)
    """
    if not parts:
        return UNKNOWN
    w = np.asarray(weights, np.float64)
    value, low, high = (
        np.array([getattr(part, name) for part in parts]) for name in ("value", "low", "high")
    )
    middle = float(w @ value)
    return Interval(
        value=middle,
        low=middle - float(np.sqrt(np.square(w * (value - low)).sum())),
        high=middle + float(np.sqrt(np.square(w * (high - value)).sum())),
        n=sum(part.n for part in parts),
    )


def ratio(above: Interval, below: Interval) -> Interval:
    """Return the ratio of two independent estimates, both at least 0.

    MOVER for ratios (Donner and Zou, 2012): with `above` known exactly its ends are
    ``above / below.high`` and ``above / below.low``.

    Returns:
        Infinite at the upper end where `below` may be 0; NaN where either is not known.

    >>> half, fifth = Interval(value=0.5, low=0.5, high=0.5), Interval(value=0.2, low=0.1, high=0.4)
    >>> found = ratio(half, fifth)
    >>> round(found.low, 3), round(found.value, 3), round(found.high, 3)
    (1.25, 2.5, 5.0)
    """
    if not (above.known and below.known):
        return UNKNOWN
    return Interval(
        value=_over(above.value, below.value),
        low=_end(above.value, below.value, above.low, below.high, -1),
        high=_end(above.value, below.value, above.high, below.low, 1),
        n=above.n + below.n,
    )


def _end(above: float, below: float, end: float, other: float, side: int) -> float:
    """Return the lower (-1) or upper (1) end of a ratio.

    Args:
        above: Estimate of the numerator.
        below: Estimate of the denominator.
        end: The numerator's end on that side.
        other: The denominator's end on the other side.
        side: Which end.
    """
    if other <= 0:
        return math.inf if end > 0 else math.nan
    divisor = other * (2 * below - other)
    if abs(divisor) < _ALMOST_NOTHING:
        return _over(end * (2 * above - end), 2 * above * below)
    inside = (above * below) ** 2 - end * (2 * above - end) * divisor
    return max(0.0, (above * below + side * math.sqrt(max(inside, 0.0))) / divisor)


_ALMOST_NOTHING = 1e-12


def _over(above: float, below: float) -> float:
    if below > 0:
        return above / below
    return math.inf if above > 0 else math.nan
