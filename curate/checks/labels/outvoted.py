"""Answers that a committee contradicts: several models agree on another one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.labels.final import ANNOUNCED, comparable, final_answer
from curate.checks.labels.preferences import log_odds_of
from curate.checks.labels.topics import topics
from curate.checks.labels.votes import choices_of
from curate.checks.rows import Rows
from curate.measure.consensus import doubt_by_group
from curate.records import Evidence, Finding

__all__ = ["CHECK", "Committee", "Doubts", "committees", "doubts", "outvoted_answers"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Rows with what others answered, as codes; equal codes of one row are equal answers."""

    rows: Ints
    """Shape (n,)."""
    given: Floats
    """Shape (n,); NaN = no answer given."""
    votes: Floats
    """Shape (n, n_votes); NaN = none."""
    members: Ints
    """Shape of `votes`."""
    names: tuple[str, ...]
    """Of the members."""
    said: tuple[tuple[str, ...], ...]
    """Of each row what its codes stand for."""
    n_options: int | None
    """How many choices every row has; None = no end of them, or not the same number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What is held against rows."""

    rows: Ints
    log_odds: Floats
    """Of being wrong."""
    other: tuple[str, ...]
    """What the others say instead; empty = nothing."""
    share: Floats
    """Share of the votes for it."""
    n_votes: Ints


def outvoted_answers(rows: Rows) -> Floats:
    """Return the log-odds that each row's answer is wrong, by what others answered.

    Others are the votes that the row holds, or rows of the same prompt by other models, of which
    three have to announce a final answer.

    Args:
        rows: Preferences are left out (see `doubtful-preferences`).

    Returns:
        Shape (n_rows,); NaN where nothing can be said.
    """
    out = np.full(len(rows), np.nan)
    for found in (_by_prompt(rows), _by_votes(rows)):
        known = ~np.isnan(found.log_odds)
        out[found.rows[known]] = found.log_odds[known]
    return out


def _run(rows: Rows, context: Context) -> Found:
    """Find rows whose answer the committee contradicts."""
    parts = [found for found in (_by_votes(rows), _by_prompt(rows)) if len(found.rows)]
    known = [np.flatnonzero(~np.isnan(part.log_odds)) for part in parts]
    if not sum(map(len, known)):
        return Found(check=CHECK.name, skipped=_NO_VOTES)
    bar = log_odds_of(context.threshold(CHECK))
    listed = [
        (part, int(at))
        for part, here in zip(parts, known, strict=True)
        for at in here
        if part.log_odds[at] >= bar and part.other[at]
    ]
    listed.sort(key=lambda item: (-item[0].log_odds[item[1]], item[0].rows[item[1]]))
    looked = np.unique(np.concatenate([p.rows[h] for p, h in zip(parts, known, strict=True)]))
    odds = np.concatenate([p.log_odds[h] for p, h in zip(parts, known, strict=True)])
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(part, at) for part, at in listed),
        looked_at=len(looked),
        figures={"wrong_at_most": round(float(_chance(odds).mean()), 4), "rows": len(looked)},
    )


_NO_VOTES = (
    "no row has the answers of two others: add a column predictions ({model: answer}), or rows of "
    "one prompt answered by three models or more (column model)"
)


def doubts(committee: Committee, topic: Ints | None = None) -> Doubts:
    """Return how likely each row's given answer is wrong, as log-odds, by `measure.outvoted`.

    Args:
        committee: As `committees` reads it.
        topic: Which topic each of its rows is of, -1 = none; None = not known.
    """
    from curate.measure.label_noise import outvoted

    found = outvoted(
        committee.given,
        committee.votes,
        members=committee.members,
        topics=topic,
        n_options=committee.n_options,
    )
    codes = committee.votes[np.arange(len(found.other)), np.maximum(found.other, 0)]
    other = tuple(
        said[int(code)] if at >= 0 else ""
        for said, code, at in zip(committee.said, codes.tolist(), found.other, strict=True)
    )
    return Doubts(
        rows=committee.rows,
        log_odds=found.log_odds,
        other=other,
        share=found.share,
        n_votes=(~np.isnan(committee.votes)).sum(axis=1),
    )


def committees(rows: Rows) -> Committee:
    """Read the votes that rows hold; preferences are left out (see `doubtful-preferences`).

    Args:
        rows: Those without votes or without an answer are not read.
    """
    usable = pc.and_(rows.votes.is_valid(), rows.answer.is_valid())
    at = np.flatnonzero(usable.to_numpy(zero_copy_only=False) & ~rows.is_preference)
    taken = pa.array(at)
    votes = [json.loads(text) or [] for text in rows.votes.take(taken).to_pylist()]
    answers = rows.answer.take(taken).to_pylist()
    choices = _choices(rows.metadata.take(taken), answers)
    readers = [_given if among is None else _among(among) for among in choices]
    given = [read(answer) for read, answer in zip(readers, answers, strict=True)]
    sizes = {None if among is None else len(among) for among in choices}
    return _coded(at, given, votes, readers, sizes.pop() if len(sizes) == 1 else None)


def _by_votes(rows: Rows) -> Doubts:
    committee = committees(rows)
    return doubts(committee, topics(rows, committee.rows))


def _choices(metadata: pa.Array, answers: Sequence[str]) -> list[frozenset[str] | None]:
    """Return the texts of each row's choices; None where it has none, or answers with none."""
    held = pc.match_substring_regex(metadata, '"(?:choices|options|endings)"').fill_null(False)
    texts = metadata.to_pylist()
    out: list[frozenset[str] | None] = [None] * len(texts)
    for n in np.flatnonzero(held.to_numpy(zero_copy_only=False)).tolist():
        found = choices_of(json.loads(texts[n]))
        among = frozenset(map(str.strip, found.values()) if found else ())
        out[n] = among if answers[n].strip() in among else None
    return out


def _among(choices: frozenset[str]) -> Callable[[str], str]:
    """Return how votes are read where there are choices: these only, word by word."""
    return lambda text: text.strip() if text.strip() in choices else ""


def _coded(
    at: Ints,
    answers: Sequence[str],
    votes: Sequence[list[list[Any]]],
    readers: Sequence[Callable[[str], str]],
    n_options: int | None,
) -> Committee:
    width = max(1, *map(len, votes)) if votes else 1
    given, table = np.full(len(at), np.nan), np.full((len(at), width), np.nan)
    members, number = np.zeros((len(at), width), np.int64), dict[str, int]()
    said = []
    for n, (answer, named, read) in enumerate(zip(answers, votes, readers, strict=True)):
        codes = {answer: 0} if answer else {}
        given[n] = 0.0 if answer else np.nan
        for k, (by, value) in enumerate(named):
            members[n, k] = number.setdefault(str(by), len(number))
            plain = "" if value is None else read(str(value))
            table[n, k] = codes.setdefault(plain, len(codes)) if plain else np.nan
        said.append(tuple(codes))
    return Committee(
        rows=at,
        given=given,
        votes=table,
        members=members,
        names=tuple(number),
        said=tuple(said),
        n_options=n_options,
    )


def _given(text: str) -> str:
    """Return what a row answers: what it announces, else the whole of it."""
    return _remembered(text) if len(text) <= _REMEMBERED else _announced(text)


_REMEMBERED = 200


@lru_cache(maxsize=65536)
def _remembered(text: str) -> str:
    return _announced(text)


def _announced(text: str) -> str:
    final = final_answer(text)
    return comparable(text) if final is None else final.value


def _by_prompt(rows: Rows) -> Doubts:
    """Hold rows of one prompt, by several models, against each other."""
    from curate.measure.consensus import consensus

    at, prompt, model, answer = _answered(rows)
    table, members, place, said = _laid_out(at, prompt, model, answer)
    if not len(table):
        return _NOTHING
    found = consensus(table, members=members)
    filled = place >= 0
    lowest = np.argsort(np.where(np.isnan(found.log_odds), np.inf, found.log_odds), axis=1)
    other = [_rival(table[i], lowest[i], j) for i, j in np.argwhere(filled).tolist()]
    odds, chosen = found.log_odds[filled], place[filled]
    topic = topics(rows, chosen)
    votes = table[np.nonzero(filled)[0]]
    n_others = (~np.isnan(votes)).sum(axis=1) - 1
    return Doubts(
        rows=chosen,
        log_odds=odds if topic is None else doubt_by_group(odds, topic),
        other=tuple(
            said[i][int(code)] if code >= 0 else ""
            for i, code in zip(np.nonzero(filled)[0].tolist(), other, strict=True)
        ),
        share=(votes == np.array(other)[:, None]).sum(axis=1) / n_others,
        n_votes=n_others,
    )


def _answered(rows: Rows) -> tuple[Ints, Ints, list[str], list[str]]:
    """Return rows of prompts that three rows have, by a named model, with an announced answer."""
    model = rows.column("model")
    if model.null_count == len(rows):
        return np.empty(0, np.int64), np.empty(0, np.int64), [], []
    prompt = rows.prompt.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
    counts = np.bincount(prompt[prompt >= 0], minlength=1)
    usable = pc.and_(model.is_valid(), rows.answer.is_valid()).to_numpy(zero_copy_only=False)
    usable &= (prompt >= 0) & (counts[np.maximum(prompt, 0)] >= _FEWEST) & ~rows.is_preference
    short = pc.less_equal(pc.utf8_length(rows.answer), 60)
    told = pc.or_(short, pc.match_substring_regex(rows.answer, ANNOUNCED))
    usable &= told.fill_null(False).to_numpy(zero_copy_only=False)
    at = np.flatnonzero(usable)
    finals = [final_answer(text) for text in rows.answer.take(pa.array(at)).to_pylist()]
    kept = [n for n, final in enumerate(finals) if final is not None]
    at = at[kept]
    names = model.take(pa.array(at)).to_pylist()
    return at, prompt[at].astype(np.int64), names, [f.value for f in finals if f is not None]


_FEWEST = 3
"""Models that a prompt needs."""


def _laid_out(
    at: Ints, prompt: Ints, model: list[str], answer: list[str]
) -> tuple[Floats, Ints, Ints, list[list[str]]]:
    """Return codes, members and rows, one line a prompt, and what its codes stand for."""
    groups: dict[int, list[int]] = {}
    for n, key in enumerate(prompt.tolist()):
        groups.setdefault(key, []).append(n)
    kept = [g for g in groups.values() if len({model[n] for n in g}) >= _FEWEST]
    width = max(map(len, kept), default=0)
    table, place = np.full((len(kept), width), np.nan), np.full((len(kept), width), -1, np.int64)
    members, number = np.zeros((len(kept), width), np.int64), dict[str, int]()
    said = []
    for i, group in enumerate(kept):
        codes: dict[str, int] = {}
        for j, n in enumerate(group):
            table[i, j] = codes.setdefault(answer[n], len(codes))
            members[i, j] = number.setdefault(model[n], len(number))
            place[i, j] = at[n]
        said.append(list(codes))
    return table, members, place, said


def _rival(codes: Floats, order: Ints, j: int) -> int:
    """Return the code of the likeliest answer that is not the j-th vote's; -1 = none."""
    rivals = (int(codes[k]) for k in order if not np.isnan(codes[k]) and codes[k] != codes[j])
    return next(rivals, -1)


_NOTHING = Doubts(
    rows=np.empty(0, np.int64),
    log_odds=np.empty(0),
    other=(),
    share=np.empty(0),
    n_votes=np.empty(0, np.int64),
)


def _finding(found: Doubts, at: int) -> Finding:
    row, other, n = int(found.rows[at]), found.other[at], int(found.n_votes[at])
    times, odds = round(float(found.share[at]) * n), float(found.log_odds[at])
    shown = other if len(other) <= _SHOWN else other[:_SHOWN] + "…"
    wrong = min(float(_chance(np.array(odds))), 0.999)
    answer = "answers" if times == 1 else "answer"
    message = (
        f"{times} of {n} others {answer} {shown!r} instead; weighed by how reliable each is, this "
        f"answer is wrong with probability {wrong:.3g} (less where models share a mistake): check "
        "it, and correct it or leave the row out"
    )
    note = f"outvoted by {times} of {n}"
    evidence = Evidence(row=row, note=note, beside=other, beside_name="the others' answer")
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=(row,),
        score=odds,
        evidence=(evidence,),
    )


_SHOWN = 80


def _chance(log_odds: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)), np.float64)


CHECK = Check(
    name="outvoted-answers",
    family="labels",
    about="Answers beside which several models agree on another one.",
    severity="warning",
    threshold=0.99,
    means="probability that the answer is wrong, by a reliability-weighted consensus; at or above",
    run=_run,
)
"""The consensus is too sure of itself where members share mistakes: with 5 % of references
replaced, 73 % of the findings at 0.99 are replaced ones on GSM8K (12 models; 90 % of these are
found) and 58 % on CRUXEval (10 weak models; 37 %), where the threshold was chosen."""
