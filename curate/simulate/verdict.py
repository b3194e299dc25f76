"""Whether a strategy saved labels, in words."""

from __future__ import annotations

import math

import numpy as np

from curate.simulate.curves import THRESHOLDS, Curves
from curate.simulate.efficiency import Efficiency

__all__ = ["compared_at", "verdict"]


def verdict(curves: Curves, strategy: str, threshold: float | None = None) -> str:
    """Say whether a strategy saved labels against random, with the interval.

    Args:
        curves: What was simulated.
        strategy: One of its strategies.
        threshold: See `Curves.verdict`.
    """
    if strategy == curves.baseline:
        return "the baseline"
    if curves.sizes and threshold is None:
        size = curves.sizes[-1]
        return _judged(curves.label_efficiency_at(size, strategy), f"in {size:,} answers", curves)
    if np.isnan(curves.full) or np.isnan(curves.values[strategy]).any():
        return f"cannot be told: {curves.metric} is not known at every point"
    at = compared_at(curves) if threshold is None else threshold
    if at is None:
        return _by_area(curves, strategy)
    where = f"at {100 * at:g} % of the full-data metric"
    return _judged(curves.label_efficiency(at, strategy), where, curves)


def compared_at(curves: Curves) -> float | None:
    """Return the threshold that strategies are compared at, the same for all of them.

    90 %, or the highest below it that random reaches, or else that some strategy reaches; None
    where nothing reaches 70 %.
    """
    falling = [t for t in sorted(THRESHOLDS, reverse=True) if t <= _FIRST]
    for names in ([curves.baseline], curves.strategies):
        for t in falling:
            if any(math.isfinite(curves.label_efficiency(t, name).labels) for name in names):
                return t
    return None


_FIRST = 0.9


def _judged(found: Efficiency, where: str, curves: Curves) -> str:
    if math.isnan(found.low):
        return f"{_bare(found, where, curves)}; too few seeds to tell it from chance"
    low, high = found.low, found.high
    if low > 1:
        return _better(found, where, curves)
    if high < 1:
        return _worse(found, where, curves)
    return f"no better than random {where} (saves {_span(found)})"


def _bare(found: Efficiency, where: str, curves: Curves) -> str:
    if math.isnan(found.ratio):
        return f"neither it nor random gets there within {curves.labels[-1]:,.0f} labels, {where}"
    return f"label efficiency {found.ratio:.2f} {where}"


def _better(found: Efficiency, where: str, curves: Curves) -> str:
    if math.isinf(found.ratio):
        most = curves.labels[-1]
        return (
            f"random never gets there: {found.labels:,.0f} labels {where}, random not with "
            f"{most:,.0f} (saves at least {_percent(1 - found.labels / most)} %)"
        )
    least = "at least " if not curves.sizes and found.labels <= curves.labels[0] else ""
    return f"saves {least}{_span(found)} of the labels {where}"


def _worse(found: Efficiency, where: str, curves: Curves) -> str:
    if found.ratio == 0:
        return (
            f"worse than random: never gets there {where} with {curves.labels[-1]:,.0f} labels, "
            f"random with {found.random_labels:,.0f}"
        )
    ends = sorted((1 / found.low - 1 if found.low else math.inf, 1 / found.high - 1))
    more = f"{_percent(1 / found.ratio - 1)} % [{_percent(ends[0])}, {_percent(ends[1])}]"
    return f"worse than random: needs {more} more labels {where}"


def _span(found: Efficiency) -> str:
    low, high = found.saving_interval
    return f"{_percent(found.saving)} % [{_percent(low)}, {_percent(high)}]"


def _percent(share: float) -> str:
    if math.isinf(share):
        return "∞" if share > 0 else "−∞"
    return "?" if math.isnan(share) else f"{round(100 * share) + 0:d}".replace("-", "−")


def _by_area(curves: Curves, strategy: str) -> str:
    area = curves.area(strategy)
    ends = (area.over_random, area.over_random_low, area.over_random_high)
    span = "{} [{}, {}]".format(*(f"{end:+.3f}".replace("-", "−") for end in ends))
    word = "no better than random"
    if area.over_random_low > 0:
        word = "better than random"
    if area.over_random_high < 0:
        word = "worse than random"
    return (
        f"{word} by the area under the curve ({span}); none reaches "
        f"{100 * min(THRESHOLDS):g} % of the full-data metric with {curves.labels[-1]:,.0f} labels"
    )
