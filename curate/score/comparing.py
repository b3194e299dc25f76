"""Which answers to a prompt say the same, and what the committee makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import measure
from curate.config import AnswerConfig, ScoreConfig
from curate.llm import Ask
from curate.score.committee import Seats, Verdicts, verdicts
from curate.score.entailing import Judge
from curate.score.judges import AskedJudge, EncoderJudge
from curate.score.lexical import spoken
from curate.score.reading import Read
from curate.score.wordings import Questions, by_entailment

__all__ = ["Compared", "Embed", "compare"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]
"""From texts to unit vectors, shape (n_texts, n_dims)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the committee makes of answers; one value an answer."""

    verdicts: Verdicts
    dissimilarity: Floats
    similarities: Callable[[Ints], Floats] | None = None
    """From answers laid out as (n_prompts, n), -1 = none, to their cosines; None: not embedded."""
    unsettled: dict[int, str] = field(default_factory=dict)
    """Answer that could be read, but not compared: the reason."""
    missing: str | None = None
    """What nobody gave that is needed to compare answers."""


def compare(
    read: Read,
    seated: Seats,
    config: ScoreConfig,
    *,
    questions: Questions,
    embed: Embed | None,
    ask: Ask | None,
) -> Compared:
    """Group the answers to each prompt, in the way they were read.

    Args:
        read: What completions say.
        seated: Which of them stand side by side.
        config: How they are compared.
        questions: Asked only for prompts whose answers are compared by entailment.
        embed: Needed where answers are compared by similarity.
        ask: Needed where a model is asked.
    """
    n = len(read.texts)
    if read.extract == "embedding":
        return _by_vectors(read, seated, config.answer, embed)
    if read.extract in ("entailment", "nli"):
        judge = _judge(config.answer, ask)
        if judge is None:
            return _nothing(seated, n, "no model was given to ask")
        votes, why = by_entailment(read, seated, config.tokenizer, questions, judge)
        found = verdicts(votes, seated, n)
        return Compared(verdicts=found, dissimilarity=np.full(n, np.nan), unsettled=why)
    votes = seated.spread(read.codes)
    return Compared(verdicts=verdicts(votes, seated, n), dissimilarity=np.full(n, np.nan))


def _nothing(seated: Seats, n: int, missing: str) -> Compared:
    votes = np.full(seated.answers.shape, np.nan)
    return Compared(
        verdicts=verdicts(votes, seated, n), dissimilarity=np.full(n, np.nan), missing=missing
    )


def _judge(config: AnswerConfig, ask: Ask | None) -> Judge | None:
    if config.extract == "nli" and config.nli:
        return EncoderJudge(config.nli)
    if ask is None or config.entailment is None:
        return None
    return AskedJudge(ask, config.entailment)


def _by_vectors(read: Read, seated: Seats, config: AnswerConfig, embed: Embed | None) -> Compared:
    n = len(read.texts)
    if embed is None:
        return _nothing(seated, n, "answers were not embedded")
    votes, far = _by_similarity(read.texts, seated, config.similarity, embed)
    return Compared(
        verdicts=verdicts(votes, seated, n),
        dissimilarity=seated.gather(far, n),
        similarities=lambda at: _similarities(read.texts, at, embed),
    )


def _by_similarity(
    texts: pa.Array, seated: Seats, least: float, embed: Embed
) -> tuple[Floats, Floats]:
    """Group answers by the similarity of their vectors; and say how far each is from the others.

    A lone answer needs no vector: it is a group of its own.
    """
    there = seated.spread(spoken(texts), empty=0.0) > 0
    votes = np.where(there, 0.0, np.nan)
    far = np.full(votes.shape, np.nan)
    several = np.flatnonzero(there.sum(axis=1) > 1)
    step = max(1, 50_000 // max(1, votes.shape[1]))
    for start in range(0, len(several), step):
        rows = several[start : start + step]
        at = np.where(there[rows], seated.answers[rows], -1)
        near = _similarities(texts, at, embed)
        votes[rows] = measure.cluster_answers(near, least=least)
        far[rows] = measure.dissimilarity(near, members=seated.members[rows])
    return votes, far


def _similarities(texts: pa.Array, at: Ints, embed: Embed) -> Floats:
    wanted = at[at >= 0]
    rows = np.full(at.shape, -1, dtype=np.int64)
    rows[at >= 0] = np.arange(len(wanted))
    return measure.cosine_by_item(embed(texts.take(pa.array(wanted)).to_pylist()), rows)
