"""Turns of a chat as each tool writes them, as rows of the shape of `records.MESSAGE`.

In: what a row calls messages (OpenAI, Anthropic, ShareGPT, Responses items, OpenTelemetry parts).
Out: messages with their roles mapped, text parts joined, tool calls as JSON texts; null keys are
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from curate.ingest.exchange import RowError

__all__ = ["ROLES", "chat", "is_chat", "json_text", "kind_of", "prompt_messages", "said", "user"]

Json = Any
Message = dict[str, Json]

ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "customer": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "llm": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "ipython": "tool",
    "function_call": "call",
    "tool_call": "call",
}
"""Role as written: role as kept; "call" is an assistant's turn whose text is a tool call."""


def chat(raw: Json) -> list[Message]:
    """Return the messages of a chat.

    Args:
        raw: A list of messages, or a struct of lists (as older Parquet writers leave it).

    Raises:
        RowError: If it is no chat, or has a role that nobody knows.
    """
    messages: list[Message] = []
    for turn in raw if type(raw) is list else _turns(raw):
        if type(turn) is not dict:
            raise RowError(f"a message is {kind_of(turn)}, not an object with role and content")
        if turn.get("role") in _AS_IT_IS and type(turn.get("content")) is str and _is_bare(turn):
            messages.append({"role": turn["role"], "content": turn["content"]})
        else:
            messages += _normal(turn)
    return messages


def _is_bare(turn: Mapping[str, Json]) -> bool:
    """Say whether nothing but role and content says anything (APIs send many nulls)."""
    if len(turn) == 2:
        return True
    for key, value in turn.items():
        if value and key != "role" and key != "content":
            return False
    return True


def prompt_messages(raw: Json, *, system: Json = None) -> list[Message]:
    """Return a prompt's messages, be it a text, one message or a chat."""
    start = [said("system", system)] if isinstance(system, str) and system else []
    if isinstance(raw, str):
        return [*start, said("user", raw)]
    return [*start, *chat([raw] if isinstance(raw, dict) else raw)]


def user(text: str, system: str | None = None) -> list[Message]:
    """Return a prompt of one user turn, after a system prompt where there is one."""
    turn = said("user", text)
    return [said("system", system), turn] if system else [turn]


def said(role: str, text: str) -> Message:
    """Return a message of plain text."""
    return {"role": role, "content": text}


def is_chat(value: Json) -> bool:
    """Say whether a value is a list of messages (or one as a struct of lists)."""
    if isinstance(value, dict):
        return isinstance(value.get("role"), list) and "content" in value
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    return isinstance(first, dict) and ("role" in first or "from" in first)


def json_text(value: Json) -> str:
    """Return a JSON text of `value`; a text goes through as it is."""
    if isinstance(value, str):
        return value
    return _encode(value).decode()


_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder().decode
_AS_IT_IS = frozenset({"system", "developer", "user", "assistant"})


def _turns(raw: Json) -> Iterable[dict[str, Json]]:
    if isinstance(raw, dict) and isinstance(raw.get("role"), list):
        columns = {k: v for k, v in raw.items() if isinstance(v, list)}
        return [
            dict(zip(columns, row, strict=False)) for row in zip(*columns.values(), strict=False)
        ]
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise RowError(f"messages are {kind_of(raw)}, not a list")
    return raw


def _normal(turn: Mapping[str, Json]) -> list[Message]:
    role = _role(turn)
    message: Message = {"role": "assistant" if role == "call" else role}
    content = _first(turn, ("content", "value", "parts", "text"))
    if role == "call":
        message["tool_calls"] = _calls_from_text(content)
        return [message]
    for key in ("name", "tool_call_id", "refusal"):
        if value := turn.get(key):
            message[key] = json_text(value)
    if thinking := _first(turn, ("reasoning_content", "thinking", "reasoning")):
        message["thinking"] = json_text(thinking)
    if calls := _calls(turn):
        message["tool_calls"] = calls
    before = _take_content(message, content)
    only_results = before and set(message) == {"role"}
    return before if only_results else [*before, message]


def _role(turn: Mapping[str, Json]) -> str:
    raw = _first(turn, ("role", "from", "author", "type"))
    if isinstance(raw, dict):
        raw = raw.get("role") or raw.get("name")
    role = ROLES.get(raw) or ROLES.get(raw.lower()) if isinstance(raw, str) else None
    if role is None:
        known = ", ".join(ROLES)
        raise RowError(f"unknown role {raw!r}; known: {known}" if raw else "a message has no role")
    return role


def _take_content(message: Message, content: Json) -> list[Message]:
    """Put content into the message; return the tool results that stood in it, as messages."""
    if content is None:
        return []
    if isinstance(content, str):
        message["content"] = content
        return []
    if isinstance(content, dict):
        content = [content] if "type" in content or "text" in content else _plain(message, content)
    if not isinstance(content, Sequence):
        message["content"] = json_text(content)
        return []
    return _take_parts(message, content)


def _plain(message: Message, content: Mapping[str, Json]) -> Json:
    answer = content.get("answer")
    return [answer if isinstance(answer, str) else json_text(content)]


def _take_parts(message: Message, parts: Sequence[Json]) -> list[Message]:
    bag = _Bag()
    for part in parts:
        if isinstance(part, str):
            bag.texts.append(part)
        elif isinstance(part, dict):
            _PARTS.get(str(part.get("type") or _untyped(part)), _other)(part, bag)
        else:
            raise RowError(f"a content part is {kind_of(part)}, not an object")
    _unpack(bag, message)
    return bag.results


class _Bag:
    """What the parts of one message hold, by kind."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.thinking: list[str] = []
        self.refusals: list[str] = []
        self.calls: list[dict[str, Json]] = []
        self.results: list[Message] = []
        self.others: list[Json] = []


def _unpack(bag: _Bag, message: Message) -> None:
    glue = "" if message["role"] == "assistant" else "\n"
    if bag.texts:
        message["content"] = glue.join(bag.texts)
    if bag.thinking:
        message["thinking"] = "\n".join([message.get("thinking", ""), *bag.thinking]).lstrip("\n")
    if bag.refusals:
        message["refusal"] = "".join(bag.refusals)
    if bag.calls:
        message["tool_calls"] = [*message.get("tool_calls", ()), *bag.calls]
    if bag.others:
        message["parts"] = json_text(bag.others)
    if message["role"] == "tool" and len(bag.results) == 1:
        message |= {k: v for k, v in bag.results.pop().items() if v is not None}


def _untyped(part: Mapping[str, Json]) -> str:
    return next((k for k in ("text", "toolUse", "toolResult") if k in part), "")


def _text(part: Mapping[str, Json], bag: _Bag) -> None:
    text = _first(part, ("text", "content", "value"))
    if isinstance(text, str):
        bag.texts.append(text)
    elif text is not None:
        bag.texts.append(json_text(text))


def _thinking(part: Mapping[str, Json], bag: _Bag) -> None:
    text = _first(part, ("thinking", "text", "content", "value", "reasoning"))
    if text:
        bag.thinking.append(json_text(text))
    else:
        bag.others.append(part)


def _refusal(part: Mapping[str, Json], bag: _Bag) -> None:
    bag.refusals.append(json_text(part.get("refusal") or ""))


def _tool_use(part: Mapping[str, Json], bag: _Bag) -> None:
    part = part.get("toolUse") or part
    if isinstance(part.get("value"), str):
        bag.calls += _calls_from_text(part["value"])
    else:
        bag.calls.append(_call(part))


def _tool_result(part: Mapping[str, Json], bag: _Bag) -> None:
    part = part.get("toolResult") or part
    result: Message = {"role": "tool"}
    where = _first(part, ("tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "id"))
    if where is not None:
        result["tool_call_id"] = json_text(where)
    if name := _first(part, ("toolName", "name")):
        result["name"] = json_text(name)
    body = _first(part, ("content", "result", "response", "output", "value"))
    bag.results += _take_content(result, body)
    bag.results.append(result)


def _other(part: Mapping[str, Json], bag: _Bag) -> None:
    bag.others.append(part)


_PARTS: dict[str, Callable[[Mapping[str, Json], _Bag], None]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "thinking": _thinking,
    "reasoning": _thinking,
    "refusal": _refusal,
    "tool_use": _tool_use,
    "toolUse": _tool_use,
    "tool_call": _tool_use,
    "tool-call": _tool_use,
    "tool_result": _tool_result,
    "toolResult": _tool_result,
    "tool-result": _tool_result,
    "tool_call_response": _tool_result,
}


def _calls(turn: Mapping[str, Json]) -> list[dict[str, Json]] | None:
    calls = turn.get("tool_calls")
    if isinstance(calls, str):
        return _calls_from_text(calls) or None
    if calls:
        return [_call(call) for call in calls if isinstance(call, dict)] or None
    legacy = turn.get("function_call")
    return [_call(legacy)] if isinstance(legacy, dict) and legacy.get("name") else None


def _call(call: Mapping[str, Json]) -> dict[str, Json]:
    """Return a tool call; object arguments become JSON text, a text stays as logged."""
    inner = call.get("function") or call.get("custom") or call
    if not isinstance(inner, dict):
        inner = {"name": inner, **call}
    arguments = _first(inner, ("arguments", "args", "input", "parameters"))
    name = _first(inner, ("name", "toolName", "tool_name"))
    where = _first(call, ("id", "call_id", "toolCallId", "toolUseId", "tool_call_id"))
    return {
        "name": json_text(name) if name is not None else "",
        "arguments": "" if arguments is None else json_text(arguments),
        "id": None if where is None else json_text(where),
    }


def _calls_from_text(text: Json) -> list[dict[str, Json]]:
    """Read tool calls out of a JSON text; what is no JSON is kept as arguments of no name."""
    value = text
    if isinstance(text, str):
        try:
            value = _decode(text)
        except (msgspec.DecodeError, RecursionError):
            value = None
    calls = value if isinstance(value, list) else [value]
    if calls and all(isinstance(call, dict) for call in calls):
        return [_call(call) for call in calls]
    return [{"name": "", "arguments": json_text(text), "id": None}]


def _first(row: Mapping[str, Json], keys: Iterable[str]) -> Json:
    """Return the first value that is not null."""
    for key in keys:
        value = row.get(key)
        if value is not None:
            return value
    return None


def kind_of(value: Json) -> str:
    """Say what a JSON value is, in words."""
    if value is None:
        return "null"
    names = {"str": "a text", "dict": "an object", "list": "a list"}
    return names.get(type(value).__name__, f"a {type(value).__name__}")
