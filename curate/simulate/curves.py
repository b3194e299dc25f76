"""Learning curves of several strategies over several seeds, and what they say against random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.simulate.efficiency import (
    Efficiency,
    labels_to_reach,
    percentiles,
    ratio,
    resampled,
)

__all__ = ["THRESHOLDS", "Area", "Curves"]

Floats = npt.NDArray[np.float64]

THRESHOLDS = (0.7, 0.8, 0.9, 0.95)
"""Shares of the full-data metric that label efficiency is told at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Area under a learning curve, divided by its width: the metric's mean over the labels."""

    value: float
    low: float
    high: float
    over_random: float
    """Difference from random's area, paired over seeds."""
    over_random_low: float
    over_random_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What came out of simulating strategies on labelled data."""

    metric: str
    """What `values` are: macro-F1, accuracy, errors found."""
    labels: Floats
    """Answers asked for at each point, rising, shape (n_points,)."""
    values: Mapping[str, Floats]
    """Strategy to the metric, shape (n_seeds, n_points)."""
    full: float = float("nan")
    """The metric with every label of the pool; NaN where there is no such thing."""
    floor: float = 0.0
    """The metric of guessing: thresholds are shares of the way from here to `full`."""
    rate: Floats | None = None
    """Errors found: share of wrong answers in what each seed had on offer, shape (n_seeds,);
    random needs value / rate labels for a value (its expectation: no noise of random's own)."""
    extras: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    """Further figures, e.g. "recall: oos": strategy to (n_seeds, n_points)."""
    sizes: tuple[int, ...] = ()
    """Queue sizes that label efficiency is told at, beside or instead of thresholds."""
    notes: tuple[str, ...] = ()
    """What a reader of the curves must know."""
    baseline: str = "random"

    @property
    def strategies(self) -> tuple[str, ...]:
        """Names, in the order in which they were asked for."""
        return tuple(self.values)

    @property
    def n_seeds(self) -> int:
        """How many seeds there are."""
        return len(next(iter(self.values.values()))) if self.values else 0

    def mean(self, strategy: str) -> Floats:
        """Return a strategy's curve, the mean over seeds, shape (n_points,)."""
        curve: Floats = self.values[strategy].mean(axis=0)
        return curve

    def band(self, strategy: str) -> tuple[Floats, Floats]:
        """Return the 95 % bootstrap interval of the mean over seeds at each point."""
        means = resampled(self.n_seeds) @ self.values[strategy]
        ends = [percentiles(column, self.n_seeds) for column in means.T]
        low, high = np.array(ends).T if ends else np.empty((2, 0))
        return low, high

    def target(self, threshold: float) -> float:
        """Return the metric's value at a share of the way from `floor` to `full`."""
        return self.floor + threshold * (self.full - self.floor)

    def label_efficiency(self, threshold: float, strategy: str) -> Efficiency:
        """Return how many labels random needs for each label of a strategy.

        Both for reaching `threshold` of the full-data metric, by their mean curves. The interval
        draws seeds again, the same ones for both (seeds share what is on offer).

        Args:
            threshold: Share of the full-data metric, e.g. 0.9.
            strategy: One of `strategies`.
        """
        target = self.target(threshold)
        return self._efficiency(strategy, threshold, target, target)

    def label_efficiency_at(self, n_labels: float, strategy: str) -> Efficiency:
        """Return how many labels random needs for what a strategy has after `n_labels`, a label.

        Args:
            n_labels: Within the labels of the curves.
            strategy: One of `strategies`.
        """
        values = self.values[strategy]
        weights = resampled(self.n_seeds)
        mine = _at(self.labels, values.mean(axis=0), n_labels)
        drawn = _at(self.labels, weights @ values, n_labels)
        needed = self._random_needs(np.full((1, self.n_seeds), 1 / self.n_seeds), mine)
        many = self._random_needs(weights, drawn)
        low, high = percentiles(many / n_labels, self.n_seeds)
        return Efficiency(
            strategy=strategy,
            threshold=float("nan"),
            target=float(mine),
            labels=float(n_labels),
            random_labels=float(needed[0]),
            ratio=float(needed[0] / n_labels),
            low=low,
            high=high,
        )

    def area(self, strategy: str) -> Area:
        """Return the area under a strategy's curve, by the trapezoidal rule over the labels."""
        weights = resampled(self.n_seeds)
        mine = _area(self.labels, self.values[strategy])
        random = _area(self.labels, self.values.get(self.baseline, np.full((1, 1), np.nan)))
        over = mine - random if self.baseline in self.values else np.full(self.n_seeds, np.nan)
        low, high = percentiles(weights @ mine, self.n_seeds)
        under, above = percentiles(weights @ over, self.n_seeds)
        return Area(
            value=float(mine.mean()),
            low=low,
            high=high,
            over_random=float(over.mean()),
            over_random_low=under,
            over_random_high=above,
        )

    def verdict(self, strategy: str, threshold: float | None = None) -> str:
        """Say in words whether a strategy saved labels.

        Args:
            strategy: One of `strategies`.
            threshold: Where to compare; None = 90 % of the full-data metric, or the next lower
                of `THRESHOLDS` that random or the strategy reaches; errors found: the last of
                `sizes`.
        """
        from curate.simulate.verdict import verdict

        return verdict(self, strategy, threshold)

    def as_json(self) -> dict[str, Any]:
        """Return all of it, figures included, as JSON's kinds (NaN stays NaN)."""
        from curate.simulate.told import told

        return told(self)

    def _efficiency(
        self, strategy: str, threshold: float, target: float, random_target: float
    ) -> Efficiency:
        weights = resampled(self.n_seeds)
        even = np.full((1, self.n_seeds), 1 / self.n_seeds)
        mine = self.values[strategy]
        needed = labels_to_reach(self.labels, even @ mine, target)
        random = self._random_needs(even, np.array([random_target]))
        many = ratio(
            self._random_needs(weights, np.full(len(weights), random_target)),
            labels_to_reach(self.labels, weights @ mine, target),
        )
        low, high = percentiles(many, self.n_seeds)
        return Efficiency(
            strategy=strategy,
            threshold=threshold,
            target=target,
            labels=float(needed[0]),
            random_labels=float(random[0]),
            ratio=float(ratio(random, needed)[0]),
            low=low,
            high=high,
        )

    def _random_needs(self, weights: Floats, target: Floats) -> Floats:
        """Return random's labels for a value in each resample, shape (n_resamples,)."""
        if self.rate is not None:
            return np.asarray(target / (weights @ self.rate), np.float64).reshape(len(weights))
        curve = weights @ self.values[self.baseline]
        return labels_to_reach(self.labels, curve, np.broadcast_to(target, len(weights)))


def _at(labels: Floats, curves: Floats, n_labels: float) -> Floats:
    """Return the curves' values at a number of labels, shape (...)."""
    flat = curves.reshape(-1, curves.shape[-1])
    values = np.array([np.interp(n_labels, labels, row) for row in flat])
    return values.reshape(curves.shape[:-1])


def _area(labels: Floats, values: Floats) -> Floats:
    """Return each seed's mean of the metric over the labels, shape (n_seeds,)."""
    if len(labels) < 2:
        return np.asarray(values.mean(axis=1), np.float64)
    area = np.trapezoid(values, labels, axis=1)
    return np.asarray(area / (labels[-1] - labels[0]), np.float64)
