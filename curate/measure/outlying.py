"""Answers that are at odds with what is answered to the same or a near prompt.

In: vectors of prompts and of answers, row by row. Out: for each answer how far it stands from the
others of its neighbourhood, against how far these stand from each other. No labels are needed: what
most get wrong alike looks right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.measure.neighbours import neighbours

__all__ = ["Outlying", "contrary", "outlying_answers"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlying:
    """How each answer stands to those of its neighbourhood."""

    agreement: Floats
    """Weighted mean cosine to the other answers, shape (n,); NaN = too few of them."""
    expected: Floats
    """The others' own agreement, weighted the same, shape (n,)."""
    score: Floats
    """How far the answer falls short of what is expected, as a robust z score, shape (n,)."""
    neighbours: Ints
    """Rows that were looked at, shape (n, k), the heaviest first; -1 = none."""
    weights: Floats
    """How much each counts, shape (n, k): 1 = the same prompt."""


def outlying_answers(
    asked: Vectors,
    answers: Vectors,
    *,
    n_neighbours: int = 64,
    width: float = 0.1,
    least: float = 2.0,
    rng: int | np.random.Generator = 7,
) -> Outlying:
    """Say which answers disagree with the agreement of their neighbourhood.

    A neighbourhood is the rows with the most similar prompts, each weighted by the kernel
    ``exp((cosine - 1) / width)`` (Nadaraya, 1964; Watson, 1964): rows of the same prompt count
    fully. An answer's agreement is its weighted mean similarity to the others' answers; the
    doubt is by how much it falls short of what the others' own agreement lets expect, as the
    local outlier factor compares densities (Breunig et al., 2000): where all answers differ, none
    is held against.

    Args:
        asked: Unit vectors of the prompts, shape (n, n_dims).
        answers: Unit vectors of the answers, shape (n, n_dims).
        n_neighbours: Rows that are looked at for each.
        width: Of the kernel; at a cosine of 1 - `width` a row counts 0.37.
        least: Sum of weights below which nothing can be said.
        rng: Seed or generator of the search for neighbours.

    >>> far = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], "f4")
    >>> found = outlying_answers(np.ones((4, 1), "f4"), far)
    >>> int(np.nanargmax(found.score)), found.agreement.round(2).tolist()
    (3, [0.67, 0.67, 0.67, 0.0])
    """
    n = len(asked)
    if not n:
        nothing = np.empty((0, 0))
        none, no = np.empty(0), np.empty((0, 0), np.int64)
        return Outlying(agreement=none, expected=none, score=none, neighbours=no, weights=nothing)
    rows, weights = _neighbourhoods(asked, n_neighbours, width, rng)
    total = weights.sum(axis=1)
    enough = total >= least
    agreement = np.where(enough, _agreement(answers, rows, weights), np.nan)
    expected = _expected(agreement, rows, weights)
    return Outlying(
        agreement=agreement,
        expected=expected,
        score=_standardised(expected - agreement),
        neighbours=rows,
        weights=weights,
    )


def contrary(said: npt.ArrayLike, found: Outlying, *, least: float = 0.5) -> Floats:
    """Return the share of near neighbours that say the opposite (yes for no), weighted.

    Half a vote for either side is added. Only rows that count at least `least` are looked at: what
    is yes to one question may well be no to the next.

    Args:
        said: 1 = yes, -1 = no, 0 = neither, shape (n,).
        found: The neighbourhoods.
        least: Weight of a neighbour.

    Returns:
        Shape (n,); NaN where the row itself says neither, or no near one says either.
    """
    own = np.asarray(said, np.float64)
    theirs = np.where(found.neighbours >= 0, own[np.maximum(found.neighbours, 0)], 0.0)
    near = np.where(found.weights >= least, found.weights, 0.0)
    against = (near * (theirs == -own[:, None])).sum(axis=1)
    both = (near * (theirs != 0)).sum(axis=1)
    known = (own != 0) & (both > 0)
    return np.where(known, (against + 0.5) / (both + 1.0), np.nan)


_BLOCK = 8192


def _neighbourhoods(
    asked: Vectors, n_neighbours: int, width: float, rng: int | np.random.Generator
) -> tuple[Ints, Floats]:
    """Return each row's neighbours without itself, the heaviest first, and their weights."""
    rows, cosines = neighbours(asked, n_neighbours + 1, rng=rng)
    own = rows == np.arange(len(asked))[:, None]
    weights = np.where((rows < 0) | own, 0.0, np.exp((cosines - 1.0) / width))
    weights = np.minimum(np.where(weights < _FAINT, 0.0, weights), 1.0)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n_neighbours]
    kept = np.take_along_axis(weights, order, axis=1)
    found = np.take_along_axis(rows, order, axis=1).astype(np.int64)
    return np.where(kept > 0, found, -1), np.asarray(kept, np.float64)


_FAINT = 0.01


def _agreement(answers: Vectors, rows: Ints, weights: Floats) -> Floats:
    out = np.zeros(len(rows))
    for at in range(0, len(rows), _BLOCK):
        here = slice(at, at + _BLOCK)
        w = weights[here].astype(np.float32)
        for k in range(rows.shape[1]):
            some = np.flatnonzero(w[:, k] > 0)
            other = answers[rows[here][some, k]]
            out[at + some] += w[some, k] * np.einsum("ij,ij->i", answers[at + some], other)
    total = weights.sum(axis=1)
    return np.asarray(out / np.where(total > 0, total, 1.0))


def _expected(agreement: Floats, rows: Ints, weights: Floats) -> Floats:
    theirs = agreement[np.maximum(rows, 0)]
    counts = np.where(np.isnan(theirs), 0.0, weights)
    total = counts.sum(axis=1)
    mean = (counts * np.nan_to_num(theirs)).sum(axis=1) / np.where(total > 0, total, 1.0)
    return np.where((total > 0) & ~np.isnan(agreement), mean, np.nan)


def _standardised(values: Floats) -> Floats:
    """Return robust z scores: from the median, by the median distance from it."""
    known = values[~np.isnan(values)]
    if not len(known):
        return values
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))
    return np.asarray((values - middle) / (spread if spread > 0 else max(float(known.std()), 1e-9)))
