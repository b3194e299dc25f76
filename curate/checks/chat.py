"""What can be wrong with a list of chat messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

__all__ = ["chat", "ends", "speaks", "tool_list"]

Arguments = Literal["either", "text"]

ROLES = ("system", "developer", "user", "assistant", "tool")
_KEYS = {
    *("role", "content", "name", "tool_calls", "tool_call_id"),
    *("refusal", "thinking", "weight", "train"),
}
_SURROGATE = re.compile("[\ud800-\udfff]")


def chat(messages: Any, name: str, *, arguments: Arguments, weights: bool = False) -> Iterator[str]:
    """Say what is wrong with a chat from its beginning.

    System messages come first, then a user speaks; no two assistant messages in a row; a tool
    answers a call that was made.

    Args:
        messages: The list to look at.
        name: How to call it.
        arguments: Whether a tool call's arguments must be a JSON text, or may be an object.
        weights: Whether assistant messages may have a weight.
    """
    yield from speaks(messages, name, arguments=arguments, weights=weights)
    turns = [m for m in messages if isinstance(m, Mapping)] if isinstance(messages, list) else []
    roles = [m.get("role") for m in turns]
    spoken = [n for n, role in enumerate(roles) if role not in ("system", "developer")]
    if turns and not spoken:
        yield f"{name} holds no turn but system"
    if spoken and roles[spoken[0]] != "user":
        yield f"{name}: the first turn is {roles[spoken[0]]}, not user"
    if spoken != list(range(len(roles) - len(spoken), len(roles))):
        yield f"{name}: a system turn after the beginning"
    yield from _order(roles, name)
    yield from _answers(turns, name)


def speaks(
    messages: Any, name: str, *, arguments: Arguments, weights: bool = False
) -> Iterator[str]:
    """Say what is wrong with each message of a list by itself.

    Args:
        messages: The list to look at.
        name: How to call it.
        arguments: Whether a tool call's arguments must be a JSON text, or may be an object.
        weights: Whether assistant messages may have a weight.
    """
    if not isinstance(messages, list) or not messages:
        yield f"{name} is no list of messages, or empty"
        return
    for number, message in enumerate(messages):
        where = f"{name}[{number}]"
        if isinstance(message, Mapping):
            yield from _message(message, where, arguments, weights)
        else:
            yield f"{where} is no message"


def ends(messages: Any, name: str, *roles: str) -> Iterator[str]:
    """Say so where a chat does not end with one of `roles`."""
    if isinstance(messages, list) and messages and isinstance(messages[-1], Mapping):
        last = messages[-1].get("role")
        if last not in roles:
            yield f"{name} ends with {last}, not {' or '.join(roles)}"


def tool_list(tools: Any, name: str) -> Iterator[str]:
    """Say what is wrong with the tools on offer."""
    if not isinstance(tools, list):
        yield f"{name} is no list"
        return
    for number, tool in enumerate(tools):
        known = isinstance(tool, Mapping) and tool.get("type") == "function"
        function = tool.get("function") if known else None
        if not isinstance(function, Mapping) or not function.get("name"):
            yield f"{name}[{number}] is no function with a name"


def _message(
    message: Mapping[str, Any], where: str, arguments: Arguments, weights: bool
) -> Iterator[str]:
    role = message.get("role")
    if role not in ROLES:
        yield f"{where}: unknown role {role!r}"
    yield from (f"{where}: unknown key {k}" for k in message if k not in _KEYS)
    yield from (f"{where}.{k} is null" for k, v in message.items() if v is None)
    calls = message.get("tool_calls")
    yield from _content(message, where, bool(calls))
    if calls is not None:
        yield from _calls(calls, where, role, arguments)
    if "weight" in message:
        yield from _weight(message, where, weights)


def _content(message: Mapping[str, Any], where: str, calls: bool) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        if not content.strip() and not calls and message.get("role") != "tool":
            yield f"{where} is empty"
        if _SURROGATE.search(content):
            yield f"{where} holds half a surrogate pair, which UTF-8 cannot"
    elif content is not None or not calls:
        yield f"{where}: content is {type(content).__name__}, not text"


def _calls(calls: Any, where: str, role: Any, arguments: Arguments) -> Iterator[str]:
    if role != "assistant":
        yield f"{where}: a {role} turn calls tools"
    if not isinstance(calls, list) or not calls:
        yield f"{where}: tool_calls is no list, or empty"
        return
    for call in calls:
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not function.get("name"):
            yield f"{where}: a tool call without a function's name"
            continue
        if arguments == "text" and not call.get("id"):
            yield f"{where}: a tool call without an id"
        yield from _arguments(function.get("arguments"), where, arguments)


def _arguments(value: Any, where: str, wanted: Arguments) -> Iterator[str]:
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            yield f"{where}: arguments of a tool call are no JSON"
    elif wanted == "text" or not isinstance(value, Mapping):
        yield f"{where}: arguments of a tool call are {type(value).__name__}, not a JSON text"


def _weight(message: Mapping[str, Any], where: str, weights: bool) -> Iterator[str]:
    if not weights or message.get("role") != "assistant":
        yield f"{where}: a weight does not belong here"
    if message["weight"] not in (0, 1) or isinstance(message["weight"], bool):
        yield f"{where}: weight {message['weight']!r} is not 0 or 1"


def _order(roles: Sequence[Any], name: str) -> Iterator[str]:
    for number, (role, after) in enumerate(pairwise(roles), 1):
        if role == after == "assistant":
            yield f"{name}[{number}]: two assistant turns in a row"
        if after == "tool" and role not in ("assistant", "tool"):
            yield f"{name}[{number}]: a tool turn after {role}"


def _answers(turns: Sequence[Mapping[str, Any]], name: str) -> Iterator[str]:
    called: set[str] = set()
    for number, turn in enumerate(turns):
        calls = turn.get("tool_calls")
        if isinstance(calls, list):
            called |= {str(c.get("id")) for c in calls if isinstance(c, Mapping)}
        id = turn.get("tool_call_id")
        if turn.get("role") == "tool" and id and str(id) not in called:
            yield f"{name}[{number}] answers a call that was not made"
