"""Prompts under the names that tables use, and rows of a prompt with one completion or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import first, group_of, key_of, leftover, time_of, tools_of
from curate.ingest.messages import chat, is_chat, json_text, prompt_messages, said
from curate.ingest.reader import Reader

__all__ = [
    "PROMPTS",
    "PROMPT_COMPLETION",
    "has_prompt",
    "label_of",
    "prompt_of",
    "shared",
    "text_or_message",
]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]

_PROMPTS = ("prompt", "messages", "instruction", "question", "query", "input")
_SYSTEMS = ("system", "system_prompt")
_ASIDE = {*_SYSTEMS, "tools", "functions"}


def has_prompt(row: Row) -> bool:
    """Say whether a row names a prompt."""
    return any(row.get(key) for key in _PROMPTS)


def prompt_of(row: Row) -> tuple[list[Message], set[str]]:
    """Return a row's prompt and the keys that it stands in.

    The first of prompt, messages, instruction (with input below it), question, query and input
    that is there.

    Raises:
        RowError: If there is none of them.
    """
    key = next((k for k in _PROMPTS if row.get(k)), None)
    if key is None:
        known = ", ".join(_PROMPTS)
        raise RowError(f"no prompt under any of {known}; name its column with columns: prompt")
    system = first(row, _SYSTEMS)
    used = {key, *_ASIDE}
    value = row[key]
    if key == "instruction" and isinstance(value, str):
        used.add("input")
        below = row.get("input")
        value = f"{value}\n{below}" if below else value
    if not isinstance(value, str) and not is_chat(value) and not isinstance(value, dict):
        raise RowError(f"`{key}` is neither a text nor a chat")
    return prompt_messages(value, system=system), used


def text_or_message(value: Json) -> Message:
    """Return a completion given as a text, a message or a list that ends with one.

    Raises:
        RowError: If it is none of these.
    """
    if value is None or isinstance(value, str | int | float):
        return said("assistant", "" if value is None else json_text(value))
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        raise RowError("a completion is neither a text nor a message")
    messages = chat(value)
    if len(messages) != 1:
        raise RowError(f"a completion has {len(messages)} messages; one is read")
    return {**messages[0], "role": "assistant"}


def label_of(value: Json) -> bool | None:
    """Return a thumb as a boolean: true/false, 1/0, "true"/"false"; None for anything else."""
    if isinstance(value, bool):
        return value
    return _LABELS.get(str(value).strip().lower())


_LABELS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def shared(row: Row) -> dict[str, Json]:
    """Return what every table may say of a row: tools, time, group and key."""
    return {
        "tools": tools_of(row),
        "time": time_of(row),
        "group": group_of(row),
        "key": key_of(row),
    }


def _is_prompt_completion(row: Row) -> bool:
    return has_prompt(row) and any(row.get(key) is not None for key in _COMPLETIONS)


_COMPLETIONS = ("completion", "response", "output", "answer", "text", "completion_text")
_MODELS = ("model", "model_name", "generator", "model_id", "engine")


def _read_prompt_completion(row: Row, context: Context) -> Iterator[Exchange]:
    messages, used = prompt_of(row)
    key = next((k for k in _COMPLETIONS if k not in used and row.get(k) is not None), None)
    if key is None:
        raise RowError("no completion beside the prompt")
    label = label_of(row.get("label"))
    model = first(row, _MODELS)
    known = {*used, key, *_MODELS, *(("label",) if label is not None else ())}
    answer = Answer(
        message=_last_of(row[key], messages),
        model=str(model or ""),
        finish_reason=row.get("finish_reason"),
        metadata=None if label is None else {"label": label},
    )
    metadata = leftover(row, known | {"finish_reason"})
    yield Exchange(messages=messages, answers=(answer,), metadata=metadata, **shared(row))


def _last_of(value: Json, messages: list[Message]) -> Message:
    """Return the last turn of a completion; turns before it join the prompt."""
    if isinstance(value, list) and len(value) > 1:
        turns = chat(value)
        messages += turns[:-1]
        return {**turns[-1], "role": "assistant"}
    return text_or_message(value)


PROMPT_COMPLETION = Reader(
    name="prompt-completion",
    about="TRL prompt-completion, standard and conversational, with or without a label (KTO)",
    matches=_is_prompt_completion,
    read=_read_prompt_completion,
)


def _read_prompt(row: Row, context: Context) -> Iterator[Exchange]:
    messages, used = prompt_of(row)
    yield Exchange(messages=messages, metadata=leftover(row, used), **shared(row))


PROMPTS = Reader(
    name="prompts",
    about="prompts without answers (TRL prompt-only)",
    matches=has_prompt,
    read=_read_prompt,
)
