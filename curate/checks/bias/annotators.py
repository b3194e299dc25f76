"""Whether one annotator, or a handful, bends the preferences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.checks.bias.ballots import Ballots, ballots_of
from curate.checks.bias.preferences import Preferences, preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import percent
from curate.checks.rows import Rows
from curate.measure.effects import holm
from curate.measure.raters_apart import RatersApart, raters_apart
from curate.records import Evidence, Finding

__all__ = ["CHECK", "annotator_bias", "directions_apart"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def annotator_bias(
    hits: npt.ArrayLike, annotators: npt.ArrayLike, n_annotators: int
) -> tuple[RatersApart, Ints]:
    """Hold each annotator's share of something against what the others do.

    Shares are shrunk by a beta-binomial model of all the others (`measure.raters_apart`).

    Args:
        hits: 1 or 0 for each vote, NaN = does not tell; shape (n_votes,).
        annotators: Number of each vote's annotator, from 0.
        n_annotators: How many there are.

    Returns:
        The annotators beside each other, and how many telling votes each gave.
    """
    x, who = np.asarray(hits, np.float64), np.asarray(annotators)
    known = ~np.isnan(x)
    n = np.bincount(who[known], minlength=n_annotators)
    k = np.bincount(who[known], weights=x[known], minlength=n_annotators)
    return raters_apart(k, n), n


def directions_apart(
    steps: npt.ArrayLike, annotators: npt.ArrayLike, n_annotators: int
) -> tuple[Floats, ...]:
    """Hold the direction that each annotator's votes point in against everybody else's.

    A vote is a step from the answer that lost to the one that won. Each annotator's steps are
    projected on the mean step of all the others (so nobody is held against himself); few votes
    that pull a reward the other way, as planted ones do, have a mean projection below 0, whatever
    they are about. z = (own mean - the others' mean) / standard error, both means taken so.

    Args:
        steps: Shape (n_votes, n_dims).
        annotators: Number of each vote's annotator, from 0.
        n_annotators: How many there are.

    Returns:
        Of each annotator: the mean projection, the z-score, and how many times as long the mean
        step is without this one's votes (above 1: the votes work against all others'); NaN with
        fewer than two votes.
    """
    x, who = np.asarray(steps), np.asarray(annotators)
    n = np.bincount(who, minlength=n_annotators).astype(np.float64)
    sums = _summed(x, who, n_annotators)
    total = sums.sum(axis=0)
    others = _unit(total - sums)
    projected = _projected(x, others, who)
    mean, variance = _moments(projected, who, n)
    apart = _mean_of_others(mean, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (mean - apart) / np.sqrt(variance / n)
        without = np.linalg.norm(total - sums, axis=1) / (len(x) - n)
        gain = without / np.linalg.norm(total / len(x))
    told = (np.where((n > 1) & np.isfinite(found), found, np.nan) for found in (mean, z, gain))
    return tuple(told)


def _run(rows: Rows, context: Context) -> Found:
    pairs = preferences_of(rows)
    ballots = ballots_of(rows, pairs)
    if ballots is None:
        return Found(check=CHECK.name, skipped=_NOT_SAID)
    threshold = context.threshold(CHECK)
    tried = [_Trait(name, hits, ballots) for name, hits in ballots.traits.items()]
    _correct(tried)
    figures: dict[str, Any] = {
        "annotators": len(ballots.names),
        "votes": len(ballots.who),
        "traits": {trait.name: trait.table() for trait in tried},
    }
    findings = [finding for trait in tried for finding in trait.findings(threshold)]
    directions = _directions(context, pairs, ballots)
    if directions is not None:
        figures["directions"] = directions.table()
        findings += directions.findings()
    findings.sort(key=lambda finding: -finding.score)
    looked_at = len(np.unique(ballots.rows))
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=looked_at, figures=figures)


CHECK = Check(
    name="annotator-bias",
    family="bias",
    about="One annotator, or a handful, prefers otherwise than all the others do.",
    severity="warning",
    threshold=0.15,
    means="distance of an annotator's share (of longer answers, of first ones, of one model, of "
    "agreement), shrunk to what annotators are like, from the others', Holm-corrected p at most "
    ".01; flagged above",
    run=_run,
    fixes=False,
)

_NOT_SAID = (
    "fewer than two annotators are known of the preferences: keep the column annotator, or votes "
    "with the name of each voter"
)
_SURE = 0.01
_MOST = 50
"""Annotators a table shows."""


class _Trait:
    """What share of their votes annotators give to one thing."""

    def __init__(self, name: str, hits: Floats, ballots: Ballots):
        self.name, self.ballots, self.hits = name, ballots, hits
        self.apart, self.n = annotator_bias(hits, ballots.who, len(ballots.names))
        self.p = self.apart.p_value

    def table(self) -> list[dict[str, Any]]:
        """Return the annotators, those who stand out most first."""
        order = np.argsort(np.nan_to_num(self.p, nan=2.0), kind="stable")[:_MOST]
        return [self._row(j) for j in order.tolist() if self.n[j]]

    def _row(self, j: int) -> dict[str, Any]:
        return {
            "name": self.ballots.names[j],
            "n": int(self.n[j]),
            "rate": float(self.apart.rate[j]),
            "shrunk": float(self.apart.shrunk[j]),
            "others": float(self.apart.others[j]),
            "p_value": float(self.p[j]),
        }

    def findings(self, threshold: float) -> Iterator[Finding]:
        distance = np.abs(self.apart.shrunk - self.apart.others)
        for j in np.flatnonzero((self.p <= _SURE) & (distance > threshold)).tolist():
            yield self._finding(j, float(distance[j]))

    def _finding(self, j: int, distance: float) -> Finding:
        what = _WORDS.get(self.name) or f"chose {self.name} over other models"
        message = (
            f"Annotator {self.ballots.names[j]!r} {what} in {percent(self.apart.rate[j])} of "
            f"{self.n[j]:,} votes, the others in {percent(self.apart.others[j])} of theirs: read "
            "some of these rows, and weigh or leave out the votes if the guideline was not followed"
        )
        return Finding(
            check=CHECK.name,
            severity=CHECK.severity,
            message=message,
            rows=tuple(np.unique(self.ballots.rows[self.ballots.who == j]).tolist()),
            score=distance,
            evidence=self._examples(j),
        )

    def _examples(self, j: int) -> tuple[Evidence, ...]:
        """Return votes that go the way the annotator leans."""
        leans = 1.0 if self.apart.rate[j] >= self.apart.others[j] else 0.0
        at = np.flatnonzero((self.ballots.who == j) & (self.hits == leans))[:_EXAMPLES]
        return tuple(
            Evidence(row=int(self.ballots.rows[i]), field="row", note=self.ballots.told(i))
            for i in at.tolist()
        )


_EXAMPLES = 3
_WORDS = {
    "longer": "chose the longer answer",
    "first": "chose the answer shown first",
    "agreement": "said what most of the others said of the same pair",
}


def _correct(tried: list[_Trait]) -> None:
    """Correct the p-values of all annotators and traits together (Holm)."""
    ends = np.cumsum([len(trait.p) for trait in tried])[:-1]
    together = holm(np.concatenate([trait.p for trait in tried])) if tried else np.empty(0)
    for trait, p in zip(tried, np.split(together, ends), strict=False):
        trait.p = p


def _sampled(ballots: Ballots, seed: int) -> Ints:
    """Return the votes that took a side, by lot where there are many."""
    took = np.flatnonzero(ballots.side != 0)
    if len(took) <= _VOTES:
        return took
    return np.sort(np.random.default_rng(seed).choice(took, _VOTES, replace=False))


_VOTES = 100_000


def _directions(context: Context, pairs: Preferences, ballots: Ballots) -> _Directions | None:
    answer, rejected = (context.vectors.get(name) for name in ("answer", "rejected"))
    if answer is None or rejected is None:
        return None
    votes = _sampled(ballots, context.seed)
    at = pairs.rows[ballots.pair[votes]]
    steps = np.asarray(answer[at], np.float32) - np.asarray(rejected[at], np.float32)
    steps *= ballots.side[votes, None].astype(np.float32)
    return _Directions(steps, votes, ballots)


class _Directions:
    """Where the votes of each annotator point, beside everybody else's."""

    def __init__(self, steps: npt.NDArray[np.float32], votes: Ints, ballots: Ballots):
        n, who = len(ballots.names), ballots.who[votes]
        self.ballots = ballots
        self.mean, self.z, self.gain = directions_apart(steps, who, n)
        counts = np.bincount(who, minlength=n)
        self.p = holm(np.where(counts >= _FEWEST, _tail(self.z, counts - 1), np.nan))

    def table(self) -> list[dict[str, Any]]:
        """Return the annotators, those who pull against the others first."""
        told = np.flatnonzero(~np.isnan(self.p))
        order = told[np.argsort(self.z[told], kind="stable")][:_MOST].tolist()
        return [
            {
                "name": self.ballots.names[j],
                "projection": float(self.mean[j]),
                "z": float(self.z[j]),
                "step_without": float(self.gain[j]),
                "p_value": float(self.p[j]),
            }
            for j in order
        ]

    def findings(self) -> Iterator[Finding]:
        """Give those whose votes point against the others'."""
        for j in np.flatnonzero((self.p <= _SURE) & (self.mean < 0)).tolist():
            mine = self.ballots.who == j
            message = (
                f"The votes of annotator {self.ballots.names[j]!r} ({int(mine.sum()):,}) pull a "
                f"reward against what all others prefer (z = {self.z[j]:.1f} of the step from "
                "losing to winning answers; planted or swapped votes look so): read them, and "
                "leave them out if they are"
            )
            yield Finding(
                check=CHECK.name,
                severity=CHECK.severity,
                message=message,
                rows=tuple(np.unique(self.ballots.rows[mine]).tolist()),
                score=-float(self.z[j]),
            )


_FEWEST = 20
"""Votes from which a direction is told."""


def _tail(z: Floats, df: Ints) -> Floats:
    """Return how often Student's t is as low."""
    from scipy.special import stdtr

    tail: Floats = stdtr(np.maximum(df, 1), z)
    return tail


def _summed(x: npt.NDArray[Any], who: Ints, n: int) -> Floats:
    """Return the sum of each one's rows, shape (n, n_dims)."""
    order = np.argsort(who, kind="stable")
    numbers, starts = np.unique(who[order], return_index=True)
    sums = np.zeros((n, x.shape[1]))
    if len(numbers):
        sums[numbers] = np.add.reduceat(x[order], starts, axis=0, dtype=np.float64)
    return sums


def _projected(x: npt.NDArray[Any], directions: Floats, who: Ints) -> Floats:
    """Return each row times its own one's direction, in blocks."""
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(x), _BLOCK)]
    parts = [np.einsum("ij,ij->i", x[b].astype(np.float64), directions[who[b]]) for b in blocks]
    return np.concatenate([np.empty(0), *parts])


_BLOCK = 8_192


def _unit(x: Floats) -> Floats:
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    unit: Floats = np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    return unit


def _moments(values: Floats, who: Ints, n: Floats) -> tuple[Floats, Floats]:
    """Return each one's mean and variance."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(who, values, len(n)) / n
        squares = np.bincount(who, np.square(values - mean[who]), len(n))
        return mean, squares / (n - 1)


def _mean_of_others(mean: Floats, n: Floats) -> Floats:
    sums = np.where(n > 0, np.nan_to_num(mean) * n, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        others: Floats = (sums.sum() - sums) / (n.sum() - n)
    return others
