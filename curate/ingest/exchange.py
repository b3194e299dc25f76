"""What a reader makes of one row: a prompt, the answers to it, and what compares them.

In: messages of the shape of `records.MESSAGE` (missing keys count as null).
Out: `Exchange`, which `assembly` turns into records, candidates and pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from curate.records import Vote

__all__ = [
    "Answer",
    "Asked",
    "Comparison",
    "Context",
    "Exchange",
    "RowError",
    "Turns",
    "each",
    "from_chat",
]

Json = Any
Turns = Literal["last", "every"]


class RowError(Exception):
    """A row that cannot be read; the message is the reason that people are shown."""


class Asked(Protocol):
    """Requests that were found in files of their own, by name."""

    def take(self, name: str) -> Mapping[str, Json] | None:
        """Return a request, which counts as answered from now on; None where there is none."""

    def was_taken(self, name: str) -> bool:
        """Say whether an answer asked for this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reader may need besides the row."""

    turns: Turns = "last"
    requests: Asked


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One completion as the row has it (a Struct: one is made for every row of a log)."""

    message: dict[str, Json]
    model: str = ""
    params: Mapping[str, Json] | str | None = None
    """As an object, or as its JSON text."""
    logprobs: tuple[float, float] | None = None
    """Sum and mean over the tokens."""
    finish_reason: str | None = None
    metadata: dict[str, Json] | str | None = None
    """As an object, or as its JSON text."""
    key: str | None = None
    """What the source calls this answer: the same key and content twice is a duplicate."""
    time: float | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two answers side by side, by their place in `Exchange.answers`."""

    a: int = 0
    b: int = 1
    winner: Vote | None = None
    judge: str = ""
    metadata: dict[str, Json] | None = None
    key: str | None = None


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with its answers, none, one or many."""

    messages: Sequence[dict[str, Json]]
    answers: Sequence[Answer] = ()
    comparisons: Sequence[Comparison] = ()
    tools: str | None = None
    time: float | None = None
    group: str | None = None
    """Conversation, session or user, as the source names it; hashed before it is kept."""
    metadata: dict[str, Json] | None = None
    """Of the row as a whole."""
    key: str | None = None
    """What the source calls this row."""
    merge: bool = False
    """Equal answers of one model are one answer shown again (pairs), not a repeated sample."""
    where: str = ""
    """Which part of the row this is, for reasons ("turn 3")."""


Part = TypeVar("Part")


def each(parts: Iterable[Part], read: Callable[[Part], Exchange]) -> Iterator[Exchange | RowError]:
    """Read the parts of a row one by one; a part that cannot be read stands as its reason."""
    for part in parts:
        try:
            yield read(part)
        except RowError as bad:
            yield bad


def from_chat(
    messages: Sequence[dict[str, Json]],
    turns: Turns,
    *,
    model: str = "",
    params: Mapping[str, Json] | None = None,
    finish_reason: str | None = None,
    metadata: dict[str, Json] | None = None,
    key: str | None = None,
    time: float | None = None,
    group: str | None = None,
    tools: str | None = None,
    weights: Sequence[Json] | None = None,
) -> Iterator[Exchange]:
    """Cut a chat into prompts and answers.

    Args:
        messages: The whole chat.
        turns: "last": what comes before the last assistant turn is the prompt and that turn the
            answer; "every": each assistant turn answers what comes before it. A chat without an
            assistant turn is a prompt without an answer.
        model: Who answered; so are `params` and `finish_reason` said of every answer.
        params: See `Answer`.
        finish_reason: See `Answer`; of the last turn.
        metadata: Of the row.
        key: See `Exchange`.
        time: Seconds since the epoch.
        group: See `Exchange`.
        tools: JSON text of the tools on offer.
        weights: Training weight of each message, where the source has any.
    """
    spoken = [i for i, message in enumerate(messages) if message["role"] == "assistant"]
    shared: dict[str, Json] = {"tools": tools, "time": time, "group": group, "key": key}
    if not spoken:
        yield Exchange(messages=messages, metadata=metadata, **shared)
        return
    for i in spoken[-1:] if turns == "last" else spoken:
        last = i == spoken[-1]
        answer = Answer(
            message=messages[i],
            model=model,
            params=params,
            finish_reason=finish_reason if last else None,
            metadata=_turn_notes(messages, i, last, weights),
        )
        yield Exchange(
            messages=messages[:i],
            answers=(answer,),
            metadata=metadata,
            where="" if turns == "last" else f"turn {i + 1}",
            **shared,
        )


def _turn_notes(
    messages: Sequence[dict[str, Json]], i: int, last: bool, weights: Sequence[Json] | None
) -> dict[str, Json] | None:
    notes: dict[str, Json] = {}
    if last and i + 1 < len(messages):
        for role in dict.fromkeys(m["role"] for m in messages[i + 1 :]):
            notes[f"followed_by_{role}"] = True
    if weights and weights[i] is not None:
        notes["weight"] = weights[i]
    return notes or None
