"""One row of scores a candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import measure, tokens
from curate.config import AnswerConfig, ScoreConfig
from curate.score.answers import Extract, choose, reader_for
from curate.score.columns import SCORES, Why, why_nan
from curate.score.committee import Seats, Verdicts, seats, verdicts
from curate.texts import answer_text

__all__ = ["Embed", "score"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]
"""From texts to unit vectors, shape (n_texts, n_dims)."""


def score(
    records: pa.Table,
    candidates: pa.Table,
    *,
    config: ScoreConfig,
    embed: Embed | None = None,
    prompt_vectors: Vectors | None = None,
    reviewed: Vectors | None = None,
) -> pa.Table:
    """Score candidates: how far the committee of all answers to a prompt disagrees with each.

    Answers are compared by what is read out of them (``config.answer``); with ``auto``, by one's
    pattern if there is one, else as `answers.choose` finds from a sample of the completions.
    Only where nothing can be read are they embedded, and then only answers to prompts that have
    several.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`.
        config: What is asked for.
        embed: Turns answers into vectors; called only if answers are compared by similarity.
        prompt_vectors: One row a record, shape (n_records, n_dims), for `novelty`.
        reviewed: Vectors of prompts that were reviewed, shape (n_reviewed, n_dims).

    Returns:
        Table of `SCORES`, one row a candidate, in their order; `COLUMNS` explains each column.

    Raises:
        ConfigError: If the pattern is no regular expression.
    """
    record = _record_of(records, candidates)
    read = _read(candidates, config)
    compared = _compare(read, seats(record, _models(candidates)), config.answer, embed)
    novelty = _novelty(prompt_vectors, reviewed, record)
    scores = {
        "vote_entropy": compared.verdicts.vote_entropy,
        "margin_uncertainty": compared.verdicts.margin_uncertainty,
        "contradiction": compared.verdicts.contradiction,
        "contradiction_weighted": compared.verdicts.contradiction_weighted,
        "dissimilarity": compared.dissimilarity,
        "novelty": novelty,
    }
    reasons = _reasons(read, compared, record, embed, prompt_vectors)
    columns = {
        "candidate_id": candidates["id"],
        "record_id": candidates["record_id"],
        "is_target": _is_target(candidates, config.target),
        "answer": read.answers,
        "answer_source": pa.repeat(pa.scalar(read.extract), len(candidates)),
        "answer_group": _whole(compared.verdicts.group),
        "n_members": _whole(np.nan_to_num(compared.verdicts.n_members)),
        "n_answers": _whole(np.nan_to_num(compared.verdicts.n_answers)),
        **scores,
        "answer_tokens": read.n_tokens,
        "prompt_tokens": _prompt_tokens(records, record, config.tokenizer),
        "answer_characters": pc.utf8_length(read.texts),
        "why_nan": why_nan(scores, reasons),
    }
    return pa.table(columns).cast(SCORES)


_BATCH = 10_000
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What completions say."""

    extract: Extract
    texts: pa.Array
    answers: pa.Array
    """What was read out of each; null where nothing was."""
    n_tokens: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """What the committee makes of them."""

    verdicts: Verdicts
    dissimilarity: Floats


def _record_of(records: pa.Table, candidates: pa.Table) -> Ints:
    """Return each candidate's row in `records`, -1 where it has none."""
    at = pc.index_in(candidates["record_id"], value_set=records["id"].combine_chunks())
    return _ints(at.fill_null(-1))


def _models(candidates: pa.Table) -> Ints:
    """Return a number for each candidate's model, -1 where the source does not say."""
    names = pc.fill_null(candidates["model"], "")
    known = pc.filter(pc.unique(names), pc.not_equal(pc.unique(names), ""))
    return _ints(pc.index_in(names, value_set=known).fill_null(-1))


def _is_target(candidates: pa.Table, target: Sequence[str]) -> pa.Array:
    if not target:
        return pa.repeat(pa.scalar(True), len(candidates))
    return pc.is_in(candidates["model"], value_set=pa.array(target, pa.string()))


def _read(candidates: pa.Table, config: ScoreConfig) -> _Read:
    """Read completions batch by batch, so that no more than a batch is ever Python objects."""
    texts = _joined(pa.array(map(answer_text, b), pa.string()) for b in _batches(candidates))
    extract = _extract(texts, config.answer)
    read = (
        (lambda _: None) if extract == "embedding" else reader_for(extract, config.answer.pattern)
    )
    answers, n_tokens = [], []
    for start in range(0, len(texts), _BATCH):
        batch = texts.slice(start, _BATCH).to_pylist()
        answers.append(pa.array(map(read, batch), pa.string()))
        n_tokens.append(tokens.count(batch, tokenizer=config.tokenizer))
    counts = np.concatenate([np.empty(0, dtype=np.int64), *n_tokens])
    return _Read(extract=extract, texts=texts, answers=_joined(answers), n_tokens=counts)


def _batches(candidates: pa.Table) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(candidates), _BATCH):
        yield candidates["message"].slice(start, _BATCH).to_pylist()


def _joined(parts: Iterable[pa.Array]) -> pa.Array:
    return pa.chunked_array(list(parts), pa.string()).cast(pa.large_string()).combine_chunks()


def _extract(texts: pa.Array, config: AnswerConfig) -> Extract:
    if config.extract != "auto":
        return config.extract
    if config.pattern:
        return "pattern"
    evenly = np.unique(np.linspace(0, len(texts) - 1, _SAMPLE).astype(np.int64))
    return choose(texts.take(pa.array(evenly)).to_pylist()) if len(texts) else "embedding"


def _compare(read: _Read, seated: Seats, config: AnswerConfig, embed: Embed | None) -> _Compared:
    n = len(read.texts)
    dissimilarity = np.full(n, np.nan)
    votes = np.full(seated.answers.shape, np.nan)
    if read.extract != "embedding":
        codes = read.answers.dictionary_encode().indices.cast(pa.float64())
        votes = seated.spread(codes.fill_null(np.nan).to_numpy(zero_copy_only=False))
    elif embed is not None:
        votes, far = _by_similarity(read.texts, seated, config.similarity, embed)
        dissimilarity = seated.gather(far, n)
    return _Compared(verdicts=verdicts(votes, seated, n), dissimilarity=dissimilarity)


def _by_similarity(
    texts: pa.Array, seated: Seats, least: float, embed: Embed
) -> tuple[Floats, Floats]:
    """Group answers by the similarity of their vectors; and say how far each is from the others.

    A lone answer needs no vector: it is a group of its own.
    """
    said = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
    there = seated.spread(said.to_numpy(zero_copy_only=False), empty=0.0) > 0
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


def _novelty(prompt_vectors: Vectors | None, reviewed: Vectors | None, record: Ints) -> Floats:
    if prompt_vectors is None or len(prompt_vectors) == 0:
        return np.full(len(record), np.nan)
    return np.where(record >= 0, measure.novelty(prompt_vectors, reviewed)[record], np.nan)


_COMMITTEE = ("vote_entropy", "margin_uncertainty", "contradiction", "contradiction_weighted")
_OWN = ("contradiction", "contradiction_weighted", "dissimilarity")


def _reasons(
    read: _Read,
    compared: _Compared,
    record: Ints,
    embed: Embed | None,
    prompt_vectors: Vectors | None,
) -> list[Why]:
    """Say why a score can be NaN, the most telling reason first."""
    everywhere = np.ones(len(record), dtype=bool)
    found = compared.verdicts
    embedding = read.extract == "embedding"
    unread = np.isnan(found.group)
    own = "the answer is empty" if embedding else f"no answer could be read by {read.extract}"
    few = np.nan_to_num(found.n_answers)
    unembedded = "not embedded: answers were compared by " + read.extract
    no_encoder = Why((*_COMMITTEE, "dissimilarity"), everywhere, "answers were not embedded")
    return [
        Why((*_COMMITTEE, *_OWN, "novelty"), record < 0, "its record is missing"),
        *([no_encoder] if embedding and embed is None else []),
        *([] if embedding else [Why(("dissimilarity",), everywhere, unembedded)]),
        Why(_OWN, unread, own),
        Why((*_COMMITTEE, *_OWN), few == 1, "only one member answered"),
        Why(_COMMITTEE, few == 0, "no member's answer could be compared"),
        Why(
            ("novelty",),
            everywhere,
            "prompts were not embedded" if prompt_vectors is None else "nothing was reviewed yet",
        ),
    ]


def _prompt_tokens(records: pa.Table, record: Ints, tokenizer: tokens.Tokenizer) -> pa.Array:
    counts = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(records), _BATCH):
        chats = records["messages"].slice(start, _BATCH).to_pylist()
        whole = ["\n".join(map(answer_text, chat)) for chat in chats]
        counts.append(tokens.count(whole, tokenizer=tokenizer))
    return pa.array(np.concatenate(counts)).take(pa.array(record, mask=record < 0))


def _whole(values: Floats) -> pa.Array:
    missing = np.isnan(values)
    return pa.array(np.where(missing, 0, values).astype(np.int32), mask=missing)


def _ints(values: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(values.to_numpy(), dtype=np.int64)
