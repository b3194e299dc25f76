"""How right a ranked list is, told from a few of its findings drawn by lot.

In: what a check found. Out: which findings to show a reviewer, each with its chance to be drawn;
and, with the reviewer's verdicts, the precision down to several cutoffs with its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.checks.check import Found
from curate.measure.estimates import hajek, stratified
from curate.measure.intervals import UNKNOWN, Interval

__all__ = ["Precision", "Sample", "precision_at", "ranked_sample"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Findings to be looked at, drawn by lot within stretches of the ranked list."""

    findings: Ints
    """Which of `Found.findings`, worst score first, shape (m,)."""
    chances: Floats
    """With which each was drawn, shape (m,)."""
    stretch: Ints
    """Which stretch of the list each is of, shape (m,)."""
    ends: tuple[int, ...]
    """Where each stretch of the ranked list ends: the cutoffs of which something can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How many of the first findings are right."""

    first: int
    """Down to this place of the ranked list."""
    share: Interval
    """Of them that are right, with a 95 % interval; its `n` is how many were looked at."""


def ranked_sample(
    found: Found | npt.ArrayLike, n: int, rng: np.random.Generator | int = 7
) -> Sample:
    """Draw findings for a reviewer, more densely where the list is worst.

    The list, worst score first, is cut into stretches that double in length; about as many
    findings are drawn of each, simply by lot, so that the head, of which one wants to know most,
    is known best, and nothing has no chance. Ties go to the finding that comes first.

    Args:
        found: What a check found; or scores, shape (n_findings,), NaN last.
        n: How many to draw; all where there are no more.
        rng: Generator or seed.

    >>> sample = ranked_sample([5.0, 9.0, 1.0], 2, rng=0)
    >>> len(sample.findings), sample.ends
    (2, (3,))
    """
    scores = _scores(found)
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), kind="stable")
    ends = _ends(len(order), n)
    sizes = np.diff(np.array([0, *ends]))
    drawn = _allotted(sizes, n)
    generator = np.random.default_rng(rng)
    places = [
        start + np.sort(generator.permutation(size)[:take])
        for start, size, take in zip(np.cumsum(sizes) - sizes, sizes, drawn, strict=True)
    ]
    at = np.concatenate([np.empty(0, np.int64), *places]).astype(np.int64)
    stretch = np.repeat(np.arange(len(sizes)), drawn)
    chances = np.repeat(drawn / np.maximum(sizes, 1), drawn)
    return Sample(findings=order[at], chances=chances, stretch=stretch, ends=ends)


def precision_at(verdicts: npt.ArrayLike, sample: Sample) -> list[Precision]:
    """Return how many of the first findings are right, for each cutoff of the sample.

    Each stretch's share of right ones is estimated by its own draw (Wilson's interval, for a draw
    without replacement), and the stretches down to the cutoff are put together by their lengths.
    Findings without a verdict are taken to be like the others of their stretch; below a stretch
    without any verdict nothing is said.

    Args:
        verdicts: Of each drawn finding, in the sample's order: 1 = right, 0 = false alarm, NaN =
            no answer.
        sample: As `ranked_sample` drew it.

    Raises:
        ValueError: If there are not as many verdicts as were drawn.

    >>> sample = ranked_sample(np.arange(8.0), 8)
    >>> [(p.first, p.share.value) for p in precision_at([1, 1, 1, 1, 1, 0, 0, 0], sample)]
    [(4, 1.0), (8, 0.625)]
    """
    said = np.asarray(verdicts, np.float64)
    if said.shape != sample.findings.shape:
        raise ValueError(f"{said.shape} verdicts, but {len(sample.findings)} findings were drawn")
    sizes = np.diff(np.array([0, *sample.ends])).tolist()
    parts = [_share(said[sample.stretch == k], size) for k, size in enumerate(sizes)]
    return [
        Precision(first=end, share=_together(parts[: k + 1], sizes[: k + 1]))
        for k, end in enumerate(sample.ends)
    ]


def _scores(found: Found | npt.ArrayLike) -> Floats:
    if isinstance(found, Found):
        return np.array([finding.score for finding in found.findings], np.float64)
    return np.asarray(found, np.float64)


_FEWEST = 3
"""Findings to be drawn of a stretch, if it has as many."""
_MOST_STRETCHES = 6


def _ends(n_findings: int, n: int) -> tuple[int, ...]:
    """Return where stretches end: each as long as all before it together.

    >>> _ends(1000, 30)
    (32, 63, 125, 250, 500, 1000)
    """
    ends = [n_findings] if n_findings and n > 0 else []
    while ends and len(ends) < min(_MOST_STRETCHES, n // _FEWEST) and ends[0] >= 2 * _FEWEST:
        ends.insert(0, -(-ends[0] // 2))
    return tuple(ends)


def _allotted(sizes: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return how many to draw of each stretch: the same of all, the rest from where there is more.

    >>> _allotted(np.array([2, 4, 100]), 12).tolist()
    [2, 4, 6]
    """
    drawn = np.zeros(len(sizes), np.int64)
    left = min(max(n, 0), int(sizes.sum()))
    while left:
        open_ = np.flatnonzero(drawn < sizes)
        each = max(left // len(open_), 1)
        for k in open_:
            take = min(each, int(sizes[k] - drawn[k]), left)
            drawn[k] += take
            left -= take
    return drawn


def _share(verdicts: Floats, size: int) -> Interval:
    """Return a stretch's share of right findings; unknown where none has a verdict."""
    return UNKNOWN if np.isnan(verdicts).all() else hajek(verdicts, size)


def _together(parts: Sequence[Interval], sizes: Sequence[int]) -> Interval:
    whole = stratified(parts, sizes)
    return whole.within(0.0, 1.0) if whole.known else whole
