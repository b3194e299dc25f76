"""How many labels random needs for what a strategy reaches with fewer, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RESAMPLES", "Efficiency", "labels_to_reach", "percentiles", "ratio", "resampled"]

Floats = npt.NDArray[np.float64]

RESAMPLES = 2000
"""How often seeds are drawn again for an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Labels that random needs / labels that a strategy needs, for the same value of a metric."""

    strategy: str
    threshold: float
    """Share of the full-data metric; NaN where a number of labels was asked about instead."""
    target: float
    """The metric's value that both must reach."""
    labels: float
    """Labels that the strategy needs; inf = it never gets there."""
    random_labels: float
    """Labels that random needs; inf = it never gets there."""
    ratio: float
    """inf = random never gets there, 0 = only random does, NaN = neither."""
    low: float
    """Of the 95 % bootstrap interval over seeds, paired; NaN with fewer than `MIN_SEEDS`."""
    high: float

    @property
    def saving(self) -> float:
        """Share of random's labels that the strategy does without; below 0 it needs more."""
        return saving(self.ratio)

    @property
    def saving_interval(self) -> tuple[float, float]:
        """Interval of `saving`."""
        return saving(self.low), saving(self.high)


def saving(ratio: float) -> float:
    """Return the share of labels that a label efficiency saves.

    >>> saving(1.25), saving(0.5), saving(float("inf"))
    (0.19999999999999996, -1.0, 1.0)
    """
    if np.isnan(ratio):
        return float("nan")
    return 1 - 1 / ratio if ratio > 0 else float("-inf")


def labels_to_reach(labels: Floats, curves: Floats, target: float | Floats) -> Floats:
    """Return with how many labels each curve first reaches a value.

    Between two points of a curve the labels are interpolated linearly; a curve that starts at or
    above the target needs the labels of its first point.

    Args:
        labels: Labels at each point, rising, shape (n_points,).
        curves: Shape (..., n_points).
        target: What is to be reached, broadcast against the curves without their last axis.

    Returns:
        Shape (...); inf where the target is never reached, or NaN.

    >>> labels_to_reach(np.array([10.0, 20, 30]), np.array([0.2, 0.4, 0.8]), 0.5).tolist()
    22.5
    """
    goal = np.broadcast_to(np.asarray(target, np.float64), curves.shape[:-1])
    there = curves >= goal[..., None]
    first = there.argmax(axis=-1)
    before = np.maximum(first - 1, 0)
    low, high = (np.take_along_axis(curves, i[..., None], -1)[..., 0] for i in (before, first))
    rise = np.where(high > low, high - low, 1.0)
    share = np.where(first > 0, np.clip((goal - low) / rise, 0, 1), 1.0)
    found = labels[before] + share * (labels[first] - labels[before])
    return np.where(there.any(axis=-1), found, np.inf)


def ratio(random_labels: Floats, labels: Floats) -> Floats:
    """Return random's labels / the strategy's: inf where only random, 0 where only it, fails.

    >>> ratio(np.array([30.0, np.inf, 30, np.inf]), np.array([20.0, 20, np.inf, np.inf])).tolist()
    [1.5, inf, 0.0, nan]
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(random_labels, np.float64) / np.asarray(labels, np.float64)


def resampled(n_seeds: int, n: int = RESAMPLES, *, rng: int = 7) -> Floats:
    """Return weights of `n` bootstrap resamples of seeds, rows adding up to 1, (n, n_seeds)."""
    draws = np.random.default_rng(rng).multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n)
    return draws / n_seeds


def percentiles(values: Floats, n_seeds: int) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of what resamples gave; inf counts, NaN does not.

    NaN with fewer than `MIN_SEEDS` seeds, or where half of the resamples gave nothing.
    """
    known = np.sort(values[~np.isnan(values)])
    if n_seeds < MIN_SEEDS or len(known) * 2 < len(values):
        return float("nan"), float("nan")
    at = [round(share * (len(known) - 1)) for share in (0.025, 0.975)]
    return float(known[at[0]]), float(known[at[1]])


MIN_SEEDS = 3
"""Fewer seeds say nothing of the spread."""
