"""Rows of a chosen and a rejected answer: TRL, OpenAI DPO, axolotl, LLaMA-Factory, hh-rlhf."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.ingest.exchange import Answer, Comparison, Context, Exchange, RowError
from curate.ingest.fields import leftover, tools_of
from curate.ingest.messages import chat, is_chat, said
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import has_prompt, prompt_of, shared, text_or_message

__all__ = ["OPENAI_DPO", "PREFERENCE", "is_transcript", "transcript"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]

_SIDES = (
    ("chosen", "rejected"),
    ("chosen_response", "rejected_response"),
    ("chosen_messages", "rejected_messages"),
)
_OF_SIDES = ("chosen_model", "rejected_model", "model")


def _is_preference(row: Row) -> bool:
    return _sides(row) is not None or _ranked(row) is not None


def _sides(row: Row) -> tuple[str, str] | None:
    return next(
        (s for s in _SIDES if row.get(s[0]) is not None and row.get(s[1]) is not None), None
    )


def _read_preference(row: Row, context: Context) -> Iterator[Exchange]:
    sides = _sides(row)
    if sides is None:
        yield _nectar(row)
        return
    chosen, rejected = (row[side] for side in sides)
    if has_prompt(row) and not _repeats_prompt(row, chosen):
        messages, used = prompt_of(row)
        ends = [_end(messages, value) for value in (chosen, rejected)]
    else:
        used = {"prompt", "messages", "system", "tools"} if has_prompt(row) else {"tools"}
        messages, ends = _implicit(chosen, rejected)
    used |= {*sides, *_OF_SIDES}
    models = [row.get(k) or row.get("model") or "" for k in _OF_SIDES[:2]]
    answers = [
        Answer(message=end, model=model if isinstance(model, str) else "")
        for end, model in zip(ends, models, strict=True)
    ]
    comparison = Comparison(winner="a", metadata=leftover(row, used))
    yield Exchange(
        messages=messages, answers=answers, comparisons=(comparison,), merge=True, **shared(row)
    )


def _repeats_prompt(row: Row, chosen: Json) -> bool:
    """Say whether the sides are whole chats that begin with the prompt (UltraFeedback's way)."""
    if not is_chat(chosen) or len(chosen) < 2:
        return False
    return bool(chat(chosen)[0]["role"] != "assistant")


def _end(messages: list[Message], value: Json) -> Message:
    return text_or_message(value[-1:] if isinstance(value, list) and len(value) > 1 else value)


def _implicit(chosen: Json, rejected: Json) -> tuple[list[Message], list[Message]]:
    """Cut two whole chats into what they share and the two answers."""
    a, b = _whole(chosen), _whole(rejected)
    n = _shared_prefix(a, b)
    if a == b:
        raise RowError("chosen and rejected are the same chat: no pair")
    if n == len(a) or n == len(b):
        raise RowError("one chat is the beginning of the other: no answer to compare")
    if len(a) != n + 1 or len(b) != n + 1:
        raise RowError(
            f"the chats part at message {n + 1}, before the last answer: no pair of answers "
            "to one prompt"
        )
    return a[:n], [{**m, "role": "assistant"} for m in (a[n], b[n])]


def _whole(value: Json) -> list[Message]:
    if isinstance(value, str):
        return transcript(value)
    return chat(value)


def _shared_prefix(a: Sequence[Message], b: Sequence[Message]) -> int:
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n


def is_transcript(text: str) -> bool:
    """Say whether a text is a chat written as hh-rlhf does."""
    return _SPEAKER.match(text) is not None


def transcript(text: str) -> list[Message]:
    """Read a chat written as hh-rlhf does, each turn led by "Human:" or "Assistant:"."""
    pieces = _SPEAKER.split(text)
    if len(pieces) < 3:
        raise RowError(
            'chosen and rejected are texts without a prompt, and no "Human: … Assistant: …" '
            "transcript; name the prompt's column with columns: prompt"
        )
    roles = ["user" if who == "Human" else "assistant" for who in pieces[1::2]]
    return [said(role, said_text) for role, said_text in zip(roles, pieces[2::2], strict=True)]


_SPEAKER = re.compile(r"(?:\A|\n\n)(Human|Assistant):[ \n]?")


def _ranked(row: Row) -> Sequence[Row] | None:
    """Return the ranked answers of a Nectar row."""
    answers = row.get("answers")
    if not isinstance(answers, list) or len(answers) < 2 or not has_prompt(row):
        return None
    good = all(isinstance(a, dict) and "rank" in a and "answer" in a for a in answers)
    return answers if good else None


def _nectar(row: Row) -> Exchange:
    ranked = _ranked(row)
    if ranked is None:
        raise RowError("no chosen and rejected answers")
    messages, used = _nectar_prompt(row)
    answers = [
        Answer(
            message=text_or_message(one["answer"]),
            model=str(one.get("model") or ""),
            metadata=leftover(one, {"answer", "model"}),
        )
        for one in ranked
    ]
    comparisons = [
        Comparison(a=i, b=j, winner=_by_rank(ranked[i]["rank"], ranked[j]["rank"]))
        for i in range(len(ranked))
        for j in range(i + 1, len(ranked))
    ]
    return Exchange(
        messages=messages,
        answers=answers,
        comparisons=comparisons,
        metadata=leftover(row, used | {"answers"}),
        merge=True,
        **shared(row),
    )


def _nectar_prompt(row: Row) -> tuple[list[Message], set[str]]:
    prompt = row.get("prompt")
    if isinstance(prompt, str) and is_transcript(prompt):
        turns = transcript(prompt)
        return [t for t in turns if t["content"].strip()], {"prompt"}
    return prompt_of(row)


def _by_rank(a: Json, b: Json) -> Any:
    return "tie" if a == b else "a" if a < b else "b"


PREFERENCE = Reader(
    name="preference",
    about="chosen and rejected, prompt given or shared: TRL, axolotl, LLaMA-Factory, hh-rlhf",
    matches=_is_preference,
    read=_read_preference,
)


def _is_openai_dpo(row: Row) -> bool:
    return "preferred_output" in row and "non_preferred_output" in row


def _read_openai_dpo(row: Row, context: Context) -> Iterator[Exchange]:
    given = row.get("input")
    if not isinstance(given, dict):
        raise RowError("`input` is no object with messages")
    sides = ("preferred_output", "non_preferred_output")
    answers = [Answer(message=text_or_message(row[side])) for side in sides]
    about = shared(row) | {"tools": tools_of(given)}
    metadata = leftover({**row, **given}, {*sides, "input", "messages", "tools"})
    yield Exchange(
        messages=chat(given.get("messages")),
        answers=answers,
        comparisons=(Comparison(winner="a", metadata=metadata),),
        merge=True,
        **about,
    )


OPENAI_DPO = Reader(
    name="openai-dpo",
    about="OpenAI DPO: input.messages, preferred_output, non_preferred_output",
    matches=_is_openai_dpo,
    read=_read_openai_dpo,
)
