"""A quick look that most rows pass: nothing is wrong with them, so nothing has to be said."""

from __future__ import annotations

from typing import Any

from curate.checks.chat import chat, ends

__all__ = ["is_plain"]

_SPECIAL = frozenset({"tool_calls", "tool_call_id", "weight", "refusal"})


def is_plain(row: Any, target: str, seen: dict[Any, bool]) -> bool:
    """Return whether a row is surely right for a target; False says only that it must be looked at.

    Args:
        row: As parsed.
        target: One of `targets.AUDITED`.
        seen: What was found of sequences of roles before; filled here.
    """
    if type(row) is not dict or row.get("tools") is not None:
        return False
    if target == "trl-messages":
        return _is_chat(row.get("messages"), seen)
    if target == "trl-prompt-completion":
        return _says(row.get("prompt")) and _says(row.get("completion"))
    if target == "trl-preference":
        return _says(row.get("prompt")) and _differ(row.get("chosen"), row.get("rejected"))
    if target == "trl-unpaired":
        label = type(row.get("label")) is bool
        return label and _says(row.get("prompt")) and _says(row.get("completion"))
    if target == "alpaca":
        return _is_alpaca(row)
    return False


def _is_chat(messages: Any, seen: dict[Any, bool]) -> bool:
    if type(messages) is not list:
        return False
    roles = []
    for message in messages:
        if type(message) is not dict or not message.keys().isdisjoint(_SPECIAL):
            return False
        if not _says(message.get("content")):
            return False
        roles.append(message.get("role"))
    key = tuple(roles)
    try:
        known = seen.get(key)
    except TypeError:
        return False
    if known is None:
        known = _in_order(roles)
        if len(seen) < _MOST:
            seen[key] = known
    return known


_MOST = 4096


def _in_order(roles: list[Any]) -> bool:
    turns = [{"role": role, "content": "x"} for role in roles]
    wrong = [
        *chat(turns, "messages", arguments="either"),
        *ends(turns, "messages", "assistant"),
    ]
    return not wrong


def _says(text: Any) -> bool:
    """Return whether a value is a text that says something and can be written as UTF-8."""
    if type(text) is not str or not text or text.isspace():
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _differ(chosen: Any, rejected: Any) -> bool:
    """Return whether two texts differ in their first words."""
    if not (_says(chosen) and _says(rejected) and chosen.isascii() and rejected.isascii()):
        return False
    return bool(chosen.split(None, 3)[:3] != rejected.split(None, 3)[:3])


def _is_alpaca(row: dict[str, Any]) -> bool:
    known = row.keys().isdisjoint(("history", "system", "chosen", "rejected"))
    return (
        known
        and _says(row.get("instruction"))
        and _says(row.get("output"))
        and type(row.get("input", "")) is str
    )
