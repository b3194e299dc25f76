"""Messages as the rows of a format hold them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from curate.export.writers import Example, Row, Unfit
from curate.records import Message, ToolCall

__all__ = [
    "chosen_of",
    "liked_alone",
    "openai_turn",
    "openai_turns",
    "pair_of",
    "storable",
    "tools_on_offer",
    "trl_turn",
    "trl_turns",
]


def trl_turns(messages: Sequence[Message]) -> list[Row]:
    """Return a chat as TRL reads it.

    Raises:
        Unfit: If a message holds what a chat template cannot render.
    """
    return [trl_turn(message) for message in messages]


def trl_turn(message: Message) -> Row:
    """Return a message as TRL reads it.

    A tool call's arguments are an object: chat templates quote a text once more (Qwen2.5) or
    fail on it (Qwen3.5). Keys are there only where they say something.

    Raises:
        Unfit: If it has parts that are not text, or arguments that are no object.
    """
    _refuse_parts(message)
    row: Row = {"role": message.role, "content": _text(message)}
    if message.role == "tool":
        row |= _said(name=message.name, tool_call_id=message.tool_call_id)
    if message.tool_calls:
        row["tool_calls"] = [_trl_call(call) for call in message.tool_calls]
    return row | _said(thinking=message.thinking)


def openai_turns(messages: Sequence[Message]) -> list[Row]:
    """Return a chat as OpenAI's fine-tuning reads it.

    Raises:
        Unfit: If a message holds what the service does not take.
    """
    return [openai_turn(message) for message in messages]


def openai_turn(message: Message) -> Row:
    """Return a message as OpenAI's fine-tuning reads it; logged reasoning is not part of it.

    Raises:
        Unfit: If it has parts that are not text, or a tool call without an id.
    """
    _refuse_parts(message)
    row: Row = {"role": message.role}
    if message.content is not None or message.refusal or not message.tool_calls:
        row["content"] = _text(message)
    row |= _said(name=message.name if message.role != "tool" else None)
    row |= _said(tool_call_id=message.tool_call_id)
    if message.tool_calls:
        row["tool_calls"] = [_openai_call(call) for call in message.tool_calls]
    return row


def chosen_of(example: Example) -> Message:
    """Return the answer to learn.

    Raises:
        Unfit: If there is none, or it lost another comparison.
    """
    chosen = example.curated.chosen
    if chosen is None:
        _none_chosen(example)
    if example.chosen_beaten:
        raise Unfit("preferred here, but beaten in another comparison")
    return chosen


def pair_of(example: Example) -> tuple[Message, Message]:
    """Return the preferred answer and the other one.

    Raises:
        Unfit: If there is no pair, or another row says the opposite.
    """
    chosen, rejected = example.curated.chosen, example.curated.rejected
    if chosen is None:
        _none_chosen(example)
    if rejected is None:
        raise Unfit("no rejected answer: it was good as it is")
    if example.contradicted:
        raise Unfit("another comparison of the same two answers says the opposite")
    return chosen, rejected


def liked_alone(example: Example) -> list[tuple[Message, bool]]:
    """Return each answer with whether it is wanted; not those on which rows contradict.

    Raises:
        Unfit: If no answer is left.
    """
    row = example.curated
    if example.bad:
        return [(message, False) for message in example.bad]
    if row.chosen is None:
        _none_chosen(example)
    known = [] if example.chosen_beaten else [(row.chosen, True)]
    if row.rejected is not None and not example.rejected_preferred:
        known.append((row.rejected, False))
    if not known:
        raise Unfit("each answer won one comparison and lost another")
    return known


def tools_on_offer(example: Example) -> list[Any]:
    """Return the record's tools.

    Raises:
        Unfit: If they are no JSON list.
    """
    if not example.record.tools:
        return []
    tools = _json(example.record.tools, "the tools on offer")
    if not isinstance(tools, list):
        raise Unfit("the tools on offer are no list")
    return tools


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: half a surrogate pair becomes U+FFFD.

    >>> storable("a" + chr(0xD800)) == "a" + chr(0xFFFD)
    True
    """
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


_SURROGATE = re.compile("[\ud800-\udfff]")

_NONE_CHOSEN = {
    "tie": "tie: neither answer is preferred",
    "both_bad": "both bad: neither answer is preferred",
    "unlabelable": "unlabelable",
}


def _none_chosen(example: Example) -> NoReturn:
    outcome = example.curated.outcome
    raise Unfit(_NONE_CHOSEN.get(outcome, f"{outcome}: no chosen answer"))


def _refuse_parts(message: Message) -> None:
    if message.parts:
        raise Unfit(f"a {message.role} turn holds parts that are not text")


def _text(message: Message) -> str:
    content = message.content if message.content is not None else message.refusal
    return storable(content or "")


def _said(**values: str | None) -> Row:
    return {name: storable(value) for name, value in values.items() if value}


def _trl_call(call: ToolCall) -> Row:
    arguments = _json(call.arguments or "{}", "the arguments of a tool call")
    if not isinstance(arguments, dict):
        raise Unfit("the arguments of a tool call are no object")
    function = {"name": storable(call.name), "arguments": arguments}
    return {**_said(id=call.id), "type": "function", "function": function}


def _openai_call(call: ToolCall) -> Row:
    if not call.id:
        raise Unfit("a tool call has no id")
    _json(call.arguments or "{}", "the arguments of a tool call")
    function = {"name": storable(call.name), "arguments": storable(call.arguments or "{}")}
    return {"id": storable(call.id), "type": "function", "function": function}


def _json(text: str, what: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Unfit(f"{what} are no JSON that UTF-8 can hold") from None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
