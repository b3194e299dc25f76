"""Chats as a reviewer reads them: turns of plain text, tool calls and all.

In: `Message` and `Record`. Out: turns of role and text, and answers as one text. Nothing of
which model spoke, what it scored, or why it was chosen goes in. Text is data: it is shown as
it is, never as markup; what no database or JSON can hold (NUL, lone surrogates) is replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from curate.records import Message, Record, ToolCall

__all__ = ["LONGEST_TURN", "MOST_TURNS", "answer", "editable", "plain", "turns"]

LONGEST_TURN = 18_000
"""Characters of one turn; Argilla refuses more than 20,000, counted after escaping."""
_LONGEST_ESCAPED = 20_000
MOST_TURNS = 480
"""Turns of one chat; Argilla refuses more than 500."""
_LONGEST_ROLE = 20
_EMPTY = "(empty)"


def turns(record: Record) -> list[dict[str, str]]:
    """Return a record's prompt as turns of `role` and `content`, none of them empty.

    Tools on offer come first, as a turn of their own. A turn longer than `LONGEST_TURN` goes
    on in the next of the same role; of a chat longer than `MOST_TURNS` the middle is left
    out, and a turn says so.

    >>> from curate.records import Message, Record
    >>> turns(Record(id="r1", messages=(Message(role="user", content="2 + 2?"),)))
    [{'role': 'user', 'content': '2 + 2?'}]
    """
    spoken = [(_role(message), _turn(message)) for message in record.messages]
    if record.tools:
        spoken.insert(0, ("tools on offer", plain(_tools(record.tools))))
    pieces = [(role, piece) for role, text in spoken for piece in _pieces(text)]
    return [{"role": role, "content": text} for role, text in _shortened(pieces)]


def answer(message: Message) -> str:
    """Return a completion as a reviewer reads it, never empty.

    >>> from curate.records import Message
    >>> answer(Message(role="assistant", content="Four.")), answer(Message(role="assistant"))
    ('Four.', '(empty)')
    """
    said = [message.content or "", message.refusal or ""]
    said += [_call(call) for call in message.tool_calls]
    said += [_parts(message.parts)]
    return plain("\n\n".join(text for text in said if text.strip())) or _EMPTY


def editable(message: Message) -> str:
    """Return the part of a completion that a reviewer rewrites: its text, calls left out."""
    return plain(message.content or message.refusal or "")


def plain(text: str) -> str:
    """Return text that JSON and every database can hold.

    >>> plain("a" + chr(0) + "b" + chr(0xD800)) == "a" + chr(0x2400) + "b" + chr(0xFFFD)
    True
    """
    if text.isascii() and "\x00" not in text:
        return text
    return _SURROGATE.sub("\ufffd", text.replace("\x00", "\u2400"))


_SURROGATE = re.compile("[\ud800-\udfff]")


def _role(message: Message) -> str:
    name = f" {message.name}" if message.name and message.role == "tool" else ""
    return plain(f"{message.role}{name}".strip() or "turn")[:_LONGEST_ROLE].strip()


def _turn(message: Message) -> str:
    text = answer(message)
    return _readable(text) if message.role == "tool" else text


def _call(call: ToolCall) -> str:
    return f"[calls the tool {call.name or 'without a name'}]\n{_readable(call.arguments or '')}"


def _readable(text: str) -> str:
    """Lay JSON out over lines; leave all else as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _tools(raw: str) -> str:
    try:
        tools = json.loads(raw)
    except (ValueError, RecursionError):
        return raw
    if not isinstance(tools, list) or not tools:
        return raw
    return "\n".join(f"- {_tool(tool)}" for tool in tools)


def _tool(tool: Any) -> str:
    inner = tool.get("function", tool) if isinstance(tool, dict) else tool
    if not isinstance(inner, dict) or not inner.get("name"):
        return json.dumps(tool, ensure_ascii=False)
    schema = inner.get("parameters") or inner.get("input_schema") or {}
    known = schema.get("properties") if isinstance(schema, dict) else None
    arguments = ", ".join(map(str, known)) if isinstance(known, dict) else ""
    about = f": {inner['description']}" if inner.get("description") else ""
    return f"{inner['name']}({arguments}){about}"


def _parts(raw: str | None) -> str:
    """Say which parts are not text; what they hold is not shown."""
    if not raw:
        return ""
    try:
        parts = json.loads(raw)
    except (ValueError, RecursionError):
        parts = []
    kinds = [str(p.get("type") or "part") for p in _listed(parts) if isinstance(p, dict)]
    kinds = [kind for kind in kinds if kind not in ("text", "input_text", "output_text")]
    return "\n".join(f"[{kind}: part of this turn, not shown here]" for kind in kinds or ["part"])


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _pieces(text: str) -> Iterator[str]:
    """Cut a long text where a line, else a word, ends."""
    while len(text) > (most := _most(text)):
        at = max(text.rfind("\n", 0, most), text.rfind(" ", 0, most))
        at = at if at > most // 2 else most
        yield text[:at] if text[:at].strip() else _EMPTY
        text = text[at:]
    yield text if text.strip() else _EMPTY


def _most(text: str) -> int:
    """Return how much of a text fits into one turn: a fifth of it if nearly all is escaped."""
    fits = len(escape(text[:LONGEST_TURN], quote=False)) <= _LONGEST_ESCAPED
    return LONGEST_TURN if fits else _LONGEST_ESCAPED // len("&amp;")


def _shortened(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(pieces) <= MOST_TURNS:
        return pieces
    start, end = MOST_TURNS // 4, MOST_TURNS - MOST_TURNS // 4 - 1
    note = ("note", f"({len(pieces) - start - end} turns are left out here)")
    return [*pieces[:start], note, *pieces[-end:]]
