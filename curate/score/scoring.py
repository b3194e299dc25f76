"""One row of scores a candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import measure, tokens
from curate.config import ScoreConfig
from curate.llm import Ask
from curate.score.columns import SCORES, why_nan
from curate.score.committee import PANEL, seats
from curate.score.comparing import Compared, Embed, compare
from curate.score.graded import graded
from curate.score.lexical import lexical
from curate.score.reading import BATCH, read
from curate.score.reasons import Known, why
from curate.score.recommended import Situation
from curate.score.samples import sampled
from curate.score.uncertainty import check, uncertain
from curate.texts import answer_text, prompt_text

__all__ = ["Embed", "score"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


def score(
    records: pa.Table,
    candidates: pa.Table,
    *,
    config: ScoreConfig,
    embed: Embed | None = None,
    prompt_vectors: Vectors | None = None,
    reviewed: Vectors | None = None,
    verdicts: pa.Table | None = None,
    ask: Ask | None = None,
) -> pa.Table:
    """Score candidates: how far the committee of all answers to a prompt disagrees with each.

    Answers are compared by what is read out of them (``config.answer``); with ``auto``, by one's
    pattern if there is one, else as `answers.choose` finds from a sample of the completions.
    Only where nothing can be read are they embedded, and then only answers to prompts that have
    several.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`; samples of one model share record and model.
        config: What is asked for.
        embed: Turns answers into vectors; called only if answers are compared by similarity.
        prompt_vectors: One row a record, shape (n_records, n_dims), for `novelty`.
        reviewed: Vectors of prompts that were reviewed, shape (n_reviewed, n_dims).
        verdicts: Table of `records.VERDICTS` on candidates, for the judges' columns.
        ask: Asks the model of ``config.answer.entailment``, where answers are compared by it.

    Returns:
        Table of `SCORES`, one row a candidate, in their order; `COLUMNS` explains each column.

    Raises:
        ConfigError: If the pattern is no regular expression, ``config.uncertainty`` is no score,
            or the cross-encoder cannot be loaded.
    """
    check(config.uncertainty)
    known = _gather(records, candidates, config, embed=embed, ask=ask)
    judged = graded(candidates["id"], verdicts)
    scores = {
        **_committee(known.compared),
        **known.sampled.scores,
        **lexical(known.read.texts, seats(known.record, known.models)),
        **judged.scores,
        "novelty": _novelty(prompt_vectors, reviewed, known.record),
    }
    reasons = [*why(known, embedded=prompt_vectors is not None), *judged.reasons]
    sure = uncertain(config.uncertainty, scores, _situation(known), reasons)
    scores |= {"uncertainty": sure.value}
    columns = {
        **_described(candidates, known, config),
        "uncertainty_from": sure.source,
        **scores,
        "prompt_tokens": _prompt_tokens(records, known.record, config.tokenizer),
        "why_nan": why_nan(scores, sure.reasons),
    }
    return pa.table({name: columns[name] for name in SCORES.names}).cast(SCORES)


def _gather(
    records: pa.Table,
    candidates: pa.Table,
    config: ScoreConfig,
    *,
    embed: Embed | None,
    ask: Ask | None,
) -> Known:
    record, models = _record_of(records, candidates), _models(candidates)
    found = read(candidates, config)
    compared = compare(
        found,
        seats(record, models),
        config,
        questions=lambda rows: _questions(records, np.unique(record[record >= 0])[rows]),
        embed=embed,
        ask=ask,
    )
    return Known(
        record=record,
        models=models,
        read=found,
        compared=compared,
        sampled=sampled(candidates, record, models, compared),
    )


def _record_of(records: pa.Table, candidates: pa.Table) -> Ints:
    """Return each candidate's row in `records`, -1 where it has none."""
    at = pc.index_in(candidates["record_id"], value_set=records["id"].combine_chunks())
    return _ints(at.fill_null(-1))


def _models(candidates: pa.Table) -> Ints:
    """Return a number for each candidate's model, -1 where the source does not say."""
    names = pc.fill_null(candidates["model"], "")
    known = pc.filter(pc.unique(names), pc.not_equal(pc.unique(names), ""))
    return _ints(pc.index_in(names, value_set=known).fill_null(-1))


def _questions(records: pa.Table, rows: Ints) -> list[str]:
    return [prompt_text(chat) for chat in records["messages"].take(pa.array(rows)).to_pylist()]


def _committee(compared: Compared) -> dict[str, Floats]:
    found = compared.verdicts
    return {
        "vote_entropy": found.vote_entropy,
        "margin_uncertainty": found.margin_uncertainty,
        "contradiction": found.contradiction,
        "contradiction_weighted": found.contradiction_weighted,
        "doubt": found.doubt,
        "dissimilarity": compared.dissimilarity,
    }


def _described(candidates: pa.Table, known: Known, config: ScoreConfig) -> dict[str, pa.Array]:
    """Return the columns that say what a row is."""
    found = known.compared.verdicts
    return {
        "candidate_id": candidates["id"],
        "record_id": candidates["record_id"],
        "is_target": _is_target(candidates, config.target),
        "answer": known.read.answers,
        "answer_source": pa.repeat(pa.scalar(known.read.extract), len(candidates)),
        "answer_group": _whole(found.group),
        "n_members": _whole(np.nan_to_num(found.n_members)),
        "n_answers": _whole(np.nan_to_num(found.n_answers)),
        "n_samples": _whole(known.sampled.n_samples),
        "answer_tokens": pa.array(known.read.n_tokens),
        "answer_characters": pc.utf8_length(known.read.texts),
    }


def _is_target(candidates: pa.Table, target: Sequence[str]) -> pa.Array:
    if not target:
        return pa.repeat(pa.scalar(True), len(candidates))
    return pc.is_in(candidates["model"], value_set=pa.array(target, pa.string()))


def _novelty(prompt_vectors: Vectors | None, reviewed: Vectors | None, record: Ints) -> Floats:
    if prompt_vectors is None or len(prompt_vectors) == 0:
        return np.full(len(record), np.nan)
    return np.where(record >= 0, measure.novelty(prompt_vectors, reviewed)[record], np.nan)


def _situation(known: Known) -> Situation:
    found = known.compared.verdicts
    n_members, n_named = np.nan_to_num(found.n_members), np.nan_to_num(found.n_named)
    return Situation(
        models=n_members > 1,
        panel=n_named >= PANEL,
        samples=known.sampled.n_samples > 1,
        logprobs=~np.isnan(known.sampled.logprob_mean),
        long=np.full(len(n_members), known.read.extract == "embedding"),
    )


def _prompt_tokens(records: pa.Table, record: Ints, tokenizer: tokens.Tokenizer) -> pa.Array:
    counts = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(records), BATCH):
        chats = records["messages"].slice(start, BATCH).to_pylist()
        whole = ["\n".join(map(answer_text, chat)) for chat in chats]
        counts.append(tokens.count(whole, tokenizer=tokenizer))
    return pa.array(np.concatenate(counts)).take(pa.array(record, mask=record < 0))


def _whole(values: Floats) -> pa.Array:
    missing = np.isnan(values)
    return pa.array(np.where(missing, 0, values).astype(np.int32), mask=missing)


def _ints(values: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(values.to_numpy(), dtype=np.int64)
