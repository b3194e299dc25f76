"""What a reader made of a row, as cells of `Rows`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from curate import texts
from curate.checks.labels.votes import choices_of, given_answer, votes_of
from curate.ingest.exchange import Answer, Comparison, Exchange

__all__ = ["Cells", "cells_of", "cells_of_text"]

Json = Any


class Cells(NamedTuple):
    """One row of `Rows`, before it becomes Arrow; None = nothing is said."""

    prompt: str
    asked: str
    answer: str | None
    rejected: str | None
    turns: list[texts.Turn]
    votes: str | None
    metadata: str | None
    columns: dict[str, str]
    """Only those of `checks.rows.COLUMNS` that the row says."""


class _Shared(NamedTuple):
    """What all rows of one exchange have in common."""

    exchange: Exchange
    raw: Mapping[str, Json]
    prompt: str
    asked: str
    turns: list[texts.Turn]
    votes: list[tuple[str, str]] | None


def cells_of(exchange: Exchange, raw: Json) -> Iterator[Cells]:
    """Yield the rows that an exchange comes to.

    Each decided comparison is one row, chosen against rejected (decided by the most votes, where
    the row names no winner); each answer that stands in none is a row of its own; so is a prompt
    without an answer. A question with choices gets them below it, and the choice that the row
    gives as its answer.

    Args:
        exchange: What a reader made of (a part of) a row.
        raw: The row as parsed.
    """
    row = raw if isinstance(raw, Mapping) else {}
    prompt, turns = texts.chat_text(exchange.messages)
    asked = texts.prompt_text(exchange.messages)
    shared = _Shared(exchange, row, prompt, asked, turns, votes_of(row))
    choices = choices_of(row)
    if choices and _names_a_choice(exchange, row):
        yield _question(shared, choices)
    else:
        yield from _of_answers(shared)


def _names_a_choice(exchange: Exchange, row: Mapping[str, Json]) -> bool:
    """Say whether a row's answer is no text of its own: none, or the letter of a choice."""
    said = [texts.answer_text(answer.message) for answer in exchange.answers]
    bare = {key: value for key, value in row.items() if key in ("choices", "options", "endings")}
    return not said or (len(said) == 1 and given_answer(bare | {"answer": said[0]}) is not None)


def _question(shared: _Shared, choices: Mapping[str, str]) -> Cells:
    below = "".join(f"\n{label}. {text}" for label, text in choices.items())
    shared = shared._replace(prompt=shared.prompt + below, asked=shared.asked + below)
    given = given_answer(shared.raw)
    answer = None if given is None else Answer(message={"role": "assistant", "content": given})
    return _cells(shared, answer, None, None)


def cells_of_text(raw: Mapping[str, Json]) -> Cells:
    """Return the row of a plain text: of a class where it has a label, else learned as it is."""
    text = str(raw["text"])
    labelled = any(raw.get(key) is not None for key in _NAMES["label"])
    prompt = text if labelled else ""
    turns = [("user", 0, len(text))] if labelled else []
    shared = _Shared(Exchange(messages=()), raw, prompt, prompt, turns, votes_of(raw))
    answer = None if labelled else Answer(message={"role": "assistant", "content": text})
    return _cells(shared, answer, None, None)


def _of_answers(shared: _Shared) -> Iterator[Cells]:
    exchange = shared.exchange
    winners = [c.winner or _most_voted(shared.votes) for c in exchange.comparisons]
    decided = [
        (c, winner)
        for c, winner in zip(exchange.comparisons, winners, strict=True)
        if winner in ("a", "b")
    ]
    compared = {n for c, _ in decided for n in (c.a, c.b)}
    for comparison, winner in decided:
        yield _preference(shared, comparison, winner)
    alone = shared._replace(votes=None) if exchange.comparisons else shared
    for n, answer in enumerate(exchange.answers):
        if n not in compared:
            yield _cells(alone, answer, None, None)
    if not exchange.answers:
        yield _cells(shared, None, None, None)


def _most_voted(votes: list[tuple[str, str]] | None) -> str | None:
    """Return a or b, whichever more people said; None where they are as many."""
    said = Counter(value for _, value in votes or () if value in ("a", "b"))
    return None if said["a"] == said["b"] else max(said, key=lambda value: said[value])


def _preference(shared: _Shared, comparison: Comparison, winner: str | None) -> Cells:
    sides = (comparison.a, comparison.b)
    chosen, rejected = sides if winner == "a" else sides[::-1]
    answers = shared.exchange.answers
    if winner == "b" and shared.votes:
        swapped = [(by, _OTHER.get(value, value)) for by, value in shared.votes]
        shared = shared._replace(votes=swapped)
    return _cells(shared, answers[chosen], answers[rejected], _Decided(comparison, winner or ""))


_OTHER = {"a": "b", "b": "a"}


class _Decided(NamedTuple):
    comparison: Comparison
    winner: str


def _cells(
    shared: _Shared, answer: Answer | None, rejected: Answer | None, decided: _Decided | None
) -> Cells:
    notes = _notes(shared, answer, decided)
    return Cells(
        prompt=shared.prompt,
        asked=shared.asked,
        answer=None if answer is None else texts.answer_text(answer.message),
        rejected=None if rejected is None else texts.answer_text(rejected.message),
        turns=shared.turns,
        votes=msgspec.json.encode(shared.votes).decode() if shared.votes else None,
        metadata=msgspec.json.encode(notes).decode() if notes else None,
        columns=_columns(shared, answer, rejected, decided, notes),
    )


def _notes(shared: _Shared, answer: Answer | None, decided: _Decided | None) -> dict[str, Json]:
    """Return everything else that the row says of the prompt, the answer and the comparison."""
    notes = dict(shared.exchange.metadata or {})
    for more in (answer and answer.metadata, decided and decided.comparison.metadata):
        notes |= msgspec.json.decode(more) if isinstance(more, str) else more or {}
    if decided is not None and not _SIDE_BY_SIDE.isdisjoint(shared.raw):
        notes.setdefault("winner", decided.winner)
    return notes


_SIDE_BY_SIDE = frozenset(
    (
        *("response_a", "answer_a", "completion_a", "output_a", "conversation_a"),
        *("response1", "response_1", "output_1"),
    )
)
"""Rows with one of these columns show two answers in an order; a ranking, or a chosen and a
rejected answer, have none that could bend a choice."""


def _columns(
    shared: _Shared,
    answer: Answer | None,
    rejected: Answer | None,
    decided: _Decided | None,
    notes: Mapping[str, Json],
) -> dict[str, str]:
    said: dict[str, Json] = {name: _first(shared.raw, notes, keys) for name, keys in _NAMES.items()}
    exchange = shared.exchange
    said["group"] = exchange.group
    said["time"] = exchange.time
    if decided is not None and decided.comparison.judge:
        said["annotator"] = decided.comparison.judge
    if answer is not None:
        said |= {"model": answer.model, "finish_reason": answer.finish_reason}
    if rejected is not None:
        said["rejected_model"] = rejected.model
    return {name: text for name, value in said.items() if (text := _text(value))}


_NAMES = {
    "id": ("id", "custom_id", "prompt_id", "question_id", "pair_id", "uuid", "task_id"),
    "split": ("split", "subset_split"),
    "source": ("source", "dataset", "data_source", "origin", "corpus"),
    "license": ("license", "licence", "license_id"),
    "annotator": ("annotator", "annotator_id", "labeler", "rater", "worker_id", "user_id"),
    "guideline": ("guideline", "guideline_version", "rubric_version"),
    "label": ("label", "kto_tag", "verdict", "class", "intent"),
}
"""Column to the keys that people write it under, the surest first."""


def _first(raw: Mapping[str, Json], notes: Mapping[str, Json], keys: Sequence[str]) -> Json:
    for place in (raw, notes):
        for key in keys:
            if (value := place.get(key)) is not None and not isinstance(value, list | dict):
                return value
    return None


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
