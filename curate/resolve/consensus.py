"""From votes on units to outcomes, and how far the voters agreed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.measure.agreement import (
    bootstrap_interval,
    krippendorff_alpha,
    percent_agreement,
    rater_agreement,
)
from curate.measure.dawid_skene import dawid_skene

__all__ = ["Agreement", "Annotator", "Decision", "Level", "agreement", "decide", "votes_matrix"]

Ratings = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]
Method = Literal["majority", "dawid_skene"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """One person's part in a round."""

    name: str
    n_answers: int
    agreement: float
    """Share of pairings with other people in which both said the same; NaN if there is none."""
    first_displayed: float
    """Of the votes for one side of a pair, the share for the side shown first: .5 without
    position bias; NaN where the displayed order is not known or nothing was sided with."""
    n_sided: int
    """How many votes `first_displayed` rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far people agreed, over the units that at least two of them answered."""

    alpha: float
    """Krippendorff's alpha; NaN where it is not defined."""
    low: float
    """Lower end of the 95 % bootstrap interval over items."""
    high: float
    level: Level
    percent: float
    """Share of equal pairs of answers, chance not taken off."""
    n_units: int
    """Units (items; pairs of a ranking) with at least two answers."""
    n_answers: int
    annotators: tuple[Annotator, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as plain values for JSON; what is not defined is None."""
        plain = asdict(self)
        plain["annotators"] = [_nulls(person) for person in plain["annotators"]]
        return _nulls(plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the votes on one unit amount to."""

    outcome: int
    """Class with most behind it, the lowest of equals."""
    support: float
    """Share of the votes, or posterior, behind it; NaN without votes."""
    alone: bool
    """Whether no other class has as much."""


def votes_matrix(votes: Sequence[Mapping[str, int]], annotators: Sequence[str]) -> Ratings:
    """Return votes as a ratings matrix.

    Args:
        votes: For each unit, annotator to class.
        annotators: The columns.

    Returns:
        Shape (n_units, n_annotators), NaN = did not vote.
    """
    column = {name: n for n, name in enumerate(annotators)}
    matrix = np.full((len(votes), len(annotators)), np.nan)
    for row, cast in enumerate(votes):
        for name, value in cast.items():
            matrix[row, column[name]] = value
    return matrix


def decide(ratings: Ratings, n_classes: int, method: Method) -> list[Decision]:
    """Return what the votes on each unit amount to.

    Args:
        ratings: Class numbers, shape (n_units, n_annotators), NaN = did not vote.
        n_classes: How many classes there are.
        method: Share of votes, or posterior of a Dawid-Skene model over all units.
    """
    behind = _shares(ratings, n_classes)
    if method == "dawid_skene" and len(ratings):
        posteriors = dawid_skene(ratings, n_classes, smoothing=_SMOOTHING).posteriors
        behind = np.where(np.isnan(behind), np.nan, posteriors)
    return [_decision(row) for row in behind]


_SMOOTHING = 0.1


def agreement(
    ratings: Ratings,
    annotators: Sequence[str],
    *,
    sides: Mapping[str, Sequence[bool]],
    n_answers: Mapping[str, int],
    level: Level = "nominal",
    bootstrap: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Return how far people agreed.

    Args:
        ratings: Shape (n_units, n_annotators), NaN = did not vote.
        annotators: Names of the columns.
        sides: Annotator to, for each vote for one side of a pair, whether it was shown first.
        n_answers: Annotator to number of items answered.
        level: Level of measurement for alpha.
        bootstrap: Resamples behind the interval.
        seed: For the resamples.
    """
    shared = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    alpha = partial(krippendorff_alpha, level=level)
    low, high = bootstrap_interval(alpha, shared, n=bootstrap, rng=seed)
    with_others = rater_agreement(ratings)
    return Agreement(
        alpha=alpha(shared) if len(shared) else math.nan,
        low=low,
        high=high,
        level=level,
        percent=percent_agreement(shared) if len(shared) else math.nan,
        n_units=len(shared),
        n_answers=sum(n_answers.values()),
        annotators=tuple(
            _annotator(name, n_answers.get(name, 0), float(share), sides.get(name, ()))
            for name, share in zip(annotators, with_others, strict=True)
        ),
    )


def _shares(ratings: Ratings, n_classes: int) -> Ratings:
    counts = np.stack([(ratings == k).sum(axis=1) for k in range(n_classes)], axis=1)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def _decision(behind: npt.NDArray[np.float64]) -> Decision:
    if np.isnan(behind).any():
        return Decision(outcome=0, support=math.nan, alone=False)
    top = int(behind.argmax())
    others = np.delete(behind, top)
    return Decision(
        outcome=top,
        support=float(behind[top]),
        alone=not np.isclose(others, behind[top], rtol=1e-9, atol=0).any(),
    )


def _annotator(name: str, n_answers: int, share: float, sides: Sequence[bool]) -> Annotator:
    return Annotator(
        name=name,
        n_answers=n_answers,
        agreement=share,
        first_displayed=sum(sides) / len(sides) if sides else math.nan,
        n_sided=len(sides),
    )


def _nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
