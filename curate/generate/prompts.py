"""Records as chats that a server takes, and why some cannot be asked.

In: rows of the shape of `records.MESSAGE`. Out: messages and tools in the shape of OpenAI's chat
API, which is what every compatible server reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate.records import Rejected

__all__ = ["Prompt", "Unaskable", "chat", "evenly", "prompts", "refused", "tools_on_offer"]

Json = Any
Row = Mapping[str, Json]


class Unaskable(Exception):
    """A prompt that no server would take; the message is the reason that people are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A record as it is asked."""

    record_id: str
    messages: tuple[Row, ...]
    """In the shape of OpenAI's API."""
    tools: tuple[Row, ...] = ()
    source: str = ""
    group: str = ""
    why_not: str | None = None
    """Why it cannot be asked."""

    def refusal(self, reason: str) -> Rejected:
        """Return the row that says where the record stands and what came between."""
        file, _, line = self.source.rpartition(":")
        if not line.isdigit():
            file, line = self.source, "0"
        return Rejected(file=file, line=int(line), stage="generate", reason=reason)


def prompts(records: pa.Table) -> Iterator[Prompt]:
    """Give each record as it is asked, in order; those that cannot be asked say why.

    Args:
        records: Table of `records.RECORDS`.
    """
    needed = records.select(["id", "messages", "tools", "source", "group"])
    for batch in needed.to_batches(max_chunksize=_ROWS):
        yield from map(_prompt, batch.to_pylist())


_ROWS = 1_000


def refused(records: pa.Table) -> list[Rejected]:
    """Return a row for each record that cannot be asked: where it stands, and why."""
    return [p.refusal(p.why_not) for p in prompts(records) if p.why_not is not None]


def evenly(records: pa.Table, limit: int | None) -> pa.Table:
    """Return at most `limit` records, evenly spread, in their order; None = all of them.

    >>> evenly(pa.table({"id": ["a", "b", "c", "d", "e"]}), 2)["id"].to_pylist()
    ['a', 'c']
    """
    n = records.num_rows
    if limit is None or limit >= n:
        return records
    return records.take(pa.array([i * n // limit for i in range(limit)], pa.int64()))


def chat(messages: Sequence[Row]) -> tuple[Row, ...]:
    """Return a record's messages in the shape of OpenAI's API.

    Logged reasoning is left out, a refusal stands as the assistant's text, and "developer" goes
    as "system", which every server knows. A tool call without an id gets one, and a tool's
    result without one answers the first call that is still open.

    Raises:
        Unaskable: If there is nothing to ask, or the chat's last word is the assistant's.

    >>> chat([{"role": "user", "content": "2 + 2?"}])
    ({'role': 'user', 'content': '2 + 2?'},)
    """
    _check(messages)
    open_calls: list[str] = []
    return tuple(_turn(n, row, open_calls) for n, row in enumerate(messages))


def tools_on_offer(tools: str | None) -> tuple[Row, ...]:
    """Return the tools of a record in the shape of OpenAI's API.

    A tool that was logged flat (Anthropic, OpenAI's Responses, the older `functions`) is put
    into its `function`; kinds that are no function go as they are.

    Raises:
        Unaskable: If they are no JSON list of objects.
    """
    listed = _json_list(tools, "the tools on offer") if tools else []
    return tuple(map(_tool, listed))


def _prompt(row: Row) -> Prompt:
    about = {
        "record_id": row["id"],
        "source": row["source"] or "",
        "group": row["group"] or "",
    }
    try:
        return Prompt(
            messages=chat(row["messages"] or ()), tools=tools_on_offer(row["tools"]), **about
        )
    except Unaskable as why:
        return Prompt(messages=(), why_not=str(why), **about)


def _check(messages: Sequence[Row]) -> None:
    if not messages:
        raise Unaskable("the prompt is empty")
    asked = [row for row in messages if row["role"] == "user"]
    if not asked:
        raise Unaskable("no user turn: there is nothing to answer")
    if not any((row.get("content") or "").strip() or row.get("parts") for row in asked):
        raise Unaskable("the user's turns are empty")
    if messages[-1]["role"] == "assistant":
        raise Unaskable("ends with the assistant's turn: it is answered already")


def _turn(number: int, row: Row, open_calls: list[str]) -> Row:
    role = "system" if row["role"] == "developer" else row["role"]
    turn: dict[str, Json] = {"role": role, "content": _content(row)}
    if row.get("name") and role != "tool":
        turn["name"] = row["name"]
    if row.get("tool_calls"):
        turn["tool_calls"] = _calls(number, row["tool_calls"])
        open_calls[:] = [call["id"] for call in turn["tool_calls"]]
    if role == "tool":
        turn["tool_call_id"] = _answered(row.get("tool_call_id"), open_calls)
    return turn


def _content(row: Row) -> Json:
    text = row.get("content")
    if text is None and not row.get("tool_calls"):
        text = row.get("refusal") or ""
    parts = [_part(part) for part in _spoken(row.get("parts"))]
    if not parts:
        return text
    return [*([{"type": "text", "text": text}] if text else []), *parts]


def _spoken(parts: str | None) -> Iterable[Row]:
    """Give the parts that belong to what was said: hidden reasoning does not."""
    listed = _json_list(parts, "the content parts") if parts else []
    return (part for part in listed if part.get("type") not in _HIDDEN)


_HIDDEN = ("thinking", "redacted_thinking", "reasoning")


def _part(part: Row) -> Row:
    """Return a part in OpenAI's shape: images of Anthropic's and of the Responses API too."""
    image = part.get("image_url")
    if part.get("type") == "input_image" and isinstance(image, str):
        return _image(image)
    source = part.get("source")
    if part.get("type") == "image" and isinstance(source, Mapping):
        kind, data = source.get("media_type"), source.get("data")
        return _image(str(source.get("url") or f"data:{kind};base64,{data}"))
    return part


def _image(url: str) -> Row:
    return {"type": "image_url", "image_url": {"url": url}}


def _calls(number: int, calls: Iterable[Row]) -> list[Row]:
    return [
        {
            "id": call.get("id") or f"call_{number}_{n}",
            "type": "function",
            "function": {"name": call["name"] or "", "arguments": call["arguments"] or "{}"},
        }
        for n, call in enumerate(calls)
    ]


def _answered(given: str | None, open_calls: list[str]) -> str:
    """Return the id of the call that a tool's result answers, and take it off the open ones."""
    if given is None and not open_calls:
        raise Unaskable("a tool's result answers no call")
    answered = given if given is not None else open_calls[0]
    if answered in open_calls:
        open_calls.remove(answered)
    return answered


def _tool(tool: Row) -> Row:
    if "function" in tool or "name" not in tool:
        return tool
    if tool.get("type", "function") not in ("function", "custom"):
        return tool
    schema = tool.get("parameters") or tool.get("input_schema") or {"type": "object"}
    inner = {"name": tool["name"], "description": tool.get("description"), "parameters": schema}
    said = {key: value for key, value in inner.items() if value is not None}
    return {"type": "function", "function": said}


def _json_list(text: str, what: str) -> list[Row]:
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        raise Unaskable(f"{what} are no JSON") from None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unaskable(f"{what} are no list of objects")
    return listed
