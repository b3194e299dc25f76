"""The texts of chat messages and of JSON, changed in place of each other in one pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

__all__ = ["mapped_json", "mapped_messages"]

Change = Callable[[Sequence[str], Sequence[str]], Sequence[str | None]]
"""(texts, what leads each: the key it stands under) to the changed texts."""
Take = Callable[[str, str], str]
MessageRow = Mapping[str, Any]


def mapped_messages(messages: Sequence[MessageRow], change: Change) -> list[dict[str, Any]]:
    """Return messages, rows of the shape of `records.MESSAGE`, with all their texts changed."""
    return _in_one_pass(messages, _message, change)


def mapped_json(texts: Sequence[str | None], change: Change) -> list[str | None]:
    """Return JSON texts with their keys, texts and numbers changed; what is no JSON, as a text.

    A number that was changed becomes a text. JSON in which nothing changed stays as written.
    """
    return _in_one_pass(texts, _optional_json, change)


def _in_one_pass(
    items: Sequence[Any], visit: Callable[[Any, Take], Any], change: Change
) -> list[Any]:
    """Visit all items to gather their texts, change these at once, visit again to put them back."""
    texts: list[str] = []
    leads: list[str] = []

    def gather(text: str, lead: str) -> str:
        texts.append(text)
        leads.append(lead)
        return text

    for item in items:
        visit(item, gather)
    changed = iter(change(texts, leads))
    return [visit(item, lambda text, lead: next(changed) or "") for item in items]


def _message(message: MessageRow, take: Take) -> dict[str, Any]:
    row = dict(message)
    for name in ("content", "name", "refusal", "thinking"):
        if row.get(name):
            row[name] = take(row[name], "")
    if row.get("parts"):
        row["parts"] = _json(row["parts"], take)
    if row.get("tool_calls"):
        row["tool_calls"] = [_call(call, take) for call in row["tool_calls"]]
    return row


def _call(call: MessageRow, take: Take) -> dict[str, Any]:
    arguments = call.get("arguments")
    return {**call, "arguments": _json(arguments, take) if arguments else arguments}


def _optional_json(text: str | None, take: Take) -> str | None:
    return _json(text, take) if text else text


def _json(text: str, take: Take) -> str:
    if _deep(text):
        return take(text, "")
    try:
        value = json.loads(text)
    except ValueError:
        return take(text, "")
    changed = _value(value, "", take)
    return text if _same(changed, value) else _dumped(changed)


def _deep(text: str) -> bool:
    """Say whether brackets may nest deeper than it is safe to follow."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    steps = (_STEP.get(mark, 0) for mark in text)
    return max(accumulate(steps)) > _DEEPEST


_DEEPEST = 100
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


def _value(value: Any, lead: str, take: Take) -> Any:
    """Change one value; `lead` is the key above it, which says what it is (``ssn: ``)."""
    if isinstance(value, str):
        return take(value, lead)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        said = take(text := json.dumps(value), lead)
        return value if said == text else said
    if isinstance(value, list):
        return [_value(inner, lead, take) for inner in value]
    return _object(value, take)


def _object(value: dict[str, Any], take: Take) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, inner in value.items():
        name = take(key, "")
        while name in out:
            name += "_"
        out[name] = _value(inner, f"{key}: ", take)
    return out


def _same(one: Any, other: Any) -> bool:
    """Say whether two values of JSON's kinds are written alike; NaN is like itself."""
    return json.dumps(one) == json.dumps(other)


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if _storable(text) else json.dumps(value)


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
