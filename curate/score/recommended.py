"""Which score says best what deserves a person's time, by what is known of an answer.

`RECOMMENDED` is read from the top: the first row that fits an answer, and whose score is a number
there, is its `uncertainty`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["RECOMMENDED", "Recommendation", "Situation", "recommend"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of each answer, shape (n_answers,) each."""

    models: Mask
    """Whether several models answered the prompt."""
    panel: Mask
    """Whether three or more known models answered the prompt."""
    samples: Mask
    """Whether its model answered the prompt several times."""
    logprobs: Mask
    """Whether it has a log-probability."""
    long: Mask
    """Whether nothing short could be read out of it, so that whole texts were compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One row of the table; None = either way."""

    score: str
    why: str
    """With its source."""
    models: bool | None = None
    panel: bool | None = None
    samples: bool | None = None
    logprobs: bool | None = None
    long: bool | None = None


RECOMMENDED: Sequence[Recommendation] = (
    Recommendation(
        panel=True,
        long=False,
        score="doubt",
        why="Who is reliable, and which prompts are hard, can be told from votes alone: above "
        "the plain share of votes on four sets of four (`benchmarks.uncertainty`).",
    ),
    Recommendation(
        models=True,
        long=False,
        score="contradiction_weighted",
        why="Where nobody can be told to be the better one, what others say is the best witness "
        "(`benchmarks.uncertainty`).",
    ),
    Recommendation(
        samples=True,
        logprobs=True,
        score="cocoa",
        why="Probability and consistency tell more together than apart (Vashurin et al., 2025).",
    ),
    Recommendation(
        models=True,
        long=True,
        score="dissimilarity",
        why="Long answers of different models are hardly ever the same, but more or less alike "
        "(Lin et al., 2023).",
    ),
    Recommendation(
        samples=True,
        long=True,
        score="dissimilarity",
        why="Long answers are seldom the same, but more or less alike (Lin et al., 2023).",
    ),
    Recommendation(
        samples=True,
        score="contradiction",
        why="The answer that samples agree on is the surest (self-consistency; Wang et al., 2022): "
        "nothing tried was surely above it (`benchmarks.uncertainty`).",
    ),
    Recommendation(
        logprobs=True,
        score="perplexity",
        why="Of one answer nothing but its probability is known.",
    ),
)
"""From the most to the least telling."""


def recommend(
    situation: Situation,
    scores: Mapping[str, Floats],
    table: Sequence[Recommendation] = RECOMMENDED,
) -> tuple[Floats, pa.Array]:
    """Return each answer's recommended score, and which it is.

    Where all answers have one and the same score, it is repeated as it is. Where they differ,
    numbers of one score cannot be held against those of another: each is then given as its place
    among the answers of the same score, the share of them below it, half of the equal included.

    Args:
        situation: What is known of each answer.
        scores: Shape (n_answers,) each.
        table: Read from the top.

    Returns:
        Scores, NaN where no row fits, shape (n_answers,); and their names, null where none does.
    """
    names = list(dict.fromkeys(row.score for row in table))
    which = np.full(len(situation.models), -1, dtype=np.int8)
    value = np.full(len(which), np.nan)
    for row in table:
        fits = (which < 0) & _fits(row, situation) & ~np.isnan(scores[row.score])
        value[fits], which[fits] = scores[row.score][fits], names.index(row.score)
    used = np.unique(which[which >= 0])
    if len(used) > 1:
        for own in (which == score for score in used):
            value[own] = _places(value[own])
    return value, pa.array(names, pa.string()).take(pa.array(which, mask=which < 0))


def _fits(row: Recommendation, situation: Situation) -> Mask:
    fits = np.ones(len(situation.models), dtype=bool)
    for fact in ("models", "panel", "samples", "logprobs", "long"):
        wanted = getattr(row, fact)
        if wanted is not None:
            fits &= getattr(situation, fact) == wanted
    return fits


def _places(values: Floats) -> Floats:
    """Return where each value stands among all: the share below, half of the equal included.

    Values that differ by rounding are equal, so that places do not hang on the order of rows.

    >>> _places(np.array([3.0, 1.0, 3.0, 8.0])).tolist()
    [0.5, 0.125, 0.5, 0.875]
    """
    _, which, count = np.unique(values.round(9), return_inverse=True, return_counts=True)
    below = np.cumsum(count) - count
    places: Floats = ((below + count / 2) / len(values))[which]
    return places
