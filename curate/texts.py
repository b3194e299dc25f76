"""What a chat says, as one text: the words to embed, to compare and to count.

In: rows of the shape of `records.MESSAGE` (as Arrow gives them), or `Message` records.
Out: plain text. System prompts are left out: boilerplate that is the same in every chat would
decide every similarity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curate.records import Message, message_row

__all__ = [
    "READING",
    "RETYPED",
    "TYPING",
    "Turn",
    "answer_text",
    "chat_text",
    "distinctive",
    "prompt_text",
    "shared_lines",
    "without_lines",
]

READING = 238.0
"""Words a minute, silent reading of English prose (Brysbaert, 2019)."""
TYPING = 40.0
"""Words a minute, composing at a keyboard (Dhakal et al., 2018: 52 when copying)."""
RETYPED = 0.3
"""Share of an answer's words that a rewrite types anew."""

MessageRow = Mapping[str, Any]
Turn = tuple[str, int, int]
"""Who speaks, and which characters (start, end) of a text are said."""


def answer_text(message: Message | MessageRow) -> str:
    """Return what a completion says: its text, its refusal, and the tools it calls.

    Reasoning that the log holds apart from the answer (`thinking`) is left out: it is not
    what the user reads.

    >>> answer_text({"role": "assistant", "content": "Four."})
    'Four.'
    >>> call = {"name": "add", "arguments": '{"a": 2, "b": 2}', "id": None}
    >>> answer_text({"role": "assistant", "content": None, "tool_calls": [call]})
    'add({"a": 2, "b": 2})'
    """
    row = _row(message)
    said = (row.get("content"), row.get("refusal"), *_calls(row))
    return "\n".join(text for text in said if text)


def prompt_text(messages: Sequence[Message | MessageRow], *, turns: int = 2) -> str:
    """Return what a prompt asks: its last turns, without system prompts.

    A chat of one user turn gives that turn as it is. A longer one gives the last `turns` user
    turns with what stands between and after them (answers, tool calls, tool results), each led
    by its role, so that "and the other one?" keeps what it refers to.

    Args:
        messages: A record's messages.
        turns: How many user turns to keep, counted from the end.

    >>> prompt_text([{"role": "system", "content": "Be brief."},
    ...              {"role": "user", "content": "2 + 2?"}])
    '2 + 2?'
    """
    spoken = [(row["role"], answer_text(row)) for row in map(_row, messages)]
    spoken = [(role, text) for role, text in spoken if role not in _UNSPOKEN and text]
    tail = spoken[_start_of_last(turns, [role for role, _ in spoken]) :]
    return tail[0][1] if len(tail) == 1 else "\n".join(f"{role}: {text}" for role, text in tail)


def chat_text(messages: Sequence[MessageRow]) -> tuple[str, list[Turn]]:
    r"""Return a whole chat as one text, and who says which characters of it.

    A single user turn as it is; else each turn, system prompts included, led by its role, one
    below the other.

    >>> chat_text([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    ('system: Be brief.\nuser: Hi', [('system', 8, 17), ('user', 24, 26)])
    """
    if len(messages) == 1 and messages[0]["role"] == "user":
        text = answer_text(messages[0])
        return text, [("user", 0, len(text))]
    parts: list[str] = []
    turns: list[Turn] = []
    at = 0
    for message in messages:
        said, lead = answer_text(message), f"{message['role']}: "
        turns.append((message["role"], at + len(lead), at + len(lead) + len(said)))
        parts.append(lead + said)
        at += len(lead) + len(said) + 1
    return "\n".join(parts), turns


def distinctive(texts: Sequence[str]) -> list[str]:
    r"""Return the texts without the lines that more than half of them share.

    A template around every prompt ("Please answer this question by first reasoning …") would
    decide every similarity, as a system prompt would. Lines are compared without the space
    around them; a text of nothing but shared lines stays as it is, and so do fewer than
    `_FEW` texts, of which little can be told.

    >>> asked = [f"What is {n} + {n}?\nShow your work." for n in range(30)]
    >>> distinctive(asked)[2]
    'What is 2 + 2?'
    """
    return without_lines(texts, shared_lines(texts))


def shared_lines(texts: Sequence[str]) -> set[str]:
    """Return the lines that more than half of the texts share; none of fewer than `_FEW`."""
    if len(texts) < _FEW:
        return set()
    counts = Counter(line for text in texts for line in {part.strip() for part in text.split("\n")})
    return {line for line, times in counts.items() if times > len(texts) / 2}


def without_lines(texts: Sequence[str], lines: set[str]) -> list[str]:
    """Return the texts without some lines; a text of nothing but these stays as it is."""
    return [(_without(text, lines) if lines else text) or text for text in texts]


_FEW = 20


def _without(text: str, lines: set[str]) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip() not in lines).strip()


_UNSPOKEN = ("system", "developer")


def _row(message: Message | MessageRow) -> MessageRow:
    return message_row(message) if isinstance(message, Message) else message


def _calls(row: MessageRow) -> Iterable[str]:
    calls = row.get("tool_calls") or ()
    return (f"{call['name'] or ''}({call['arguments'] or ''})" for call in calls)


def _start_of_last(turns: int, roles: Sequence[str]) -> int:
    asked = [i for i, role in enumerate(roles) if role == "user"]
    return asked[-turns] if len(asked) >= turns else 0
