"""Whether rows are what a trainer accepts: one validator a target.

In: rows as plain values, and a target's name. Out: sentences that say what is wrong, or
`Finding`s that name the rows. Used on what is exported, and on any file that is audited.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from curate.checks.chat import chat, ends, speaks, tool_list
from curate.records import Finding

__all__ = ["TARGETS", "findings", "implicit_prompt", "normal_form", "validate"]

Row = Mapping[str, Any]


def validate(row: Row, target: str) -> list[str]:
    """Say what is wrong with one row for a target; an empty list if nothing is.

    Args:
        row: As plain values, e.g. a parsed line.
        target: One of `TARGETS`.

    Raises:
        KeyError: If there is no such target.

    >>> validate({"prompt": "The sky is", "completion": " blue."}, "trl-prompt-completion")
    []
    >>> validate({"prompt": "a", "chosen": "b", "rejected": "b "}, "trl-preference")
    ['chosen and rejected are the same']
    """
    return list(TARGETS[target](row))


def findings(rows: Sequence[Row], target: str) -> list[Finding]:
    """Say what is wrong with rows for a target, the same sentence once with all its rows.

    Beside what `validate` says of each row: whether all rows have the same columns of the same
    kind (a column that is missing in some rows becomes null there), and whether there are
    enough of them.

    Args:
        rows: All rows of a file.
        target: One of `TARGETS`.
    """
    said: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        for sentence in validate(row, target):
            said.setdefault(sentence, []).append(number)
    found = [
        Finding(check="format", severity="error", message=f"{target}: {text}", rows=tuple(where))
        for text, where in said.items()
    ]
    return found + list(_of_the_whole(rows, target))


def normal_form(text: str) -> str:
    r"""Return a text as it is compared: NFC, white space runs as one space, none at the ends.

    What a desk or a file cannot hold (NUL, lone surrogates) compares equal to what stands in
    its place.

    >>> normal_form(" e\u0301\n\nb ")
    'é b'
    """
    if text.isascii() and "\x00" not in text:
        return " ".join(text.split())
    storable = _SURROGATE.sub("\ufffd", text.replace("\x00", "\u2400"))
    return " ".join(unicodedata.normalize("NFC", storable).split())


def implicit_prompt(chosen: Sequence[Any], rejected: Sequence[Any]) -> int:
    """Return how many leading messages of two chats are their common prompt.

    The last message of either chat is never prompt, so that a chat which is the beginning of
    the other still has an answer.

    >>> implicit_prompt(["hi", "yes"], ["hi", "yes", "more"])
    1
    """
    room = min(len(chosen), len(rejected)) - 1
    same = (a == b for a, b in zip(chosen, rejected, strict=False))
    return next((n for n, equal in enumerate(same) if not equal or n == room), 0)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _trl_messages(row: Row) -> Iterator[str]:
    yield from _columns(row, ("messages",), ("tools",))
    yield from chat(row.get("messages"), "messages", arguments="either")
    yield from ends(row.get("messages"), "messages", "assistant")


def _trl_prompt_completion(row: Row) -> Iterator[str]:
    yield from _columns(row, ("prompt", "completion"), ("tools",))
    yield from _continues(row, ("completion",))


def _trl_preference(row: Row) -> Iterator[str]:
    yield from _columns(row, ("prompt", "chosen", "rejected"), ("tools",))
    yield from _continues(row, ("chosen", "rejected"))
    yield from _differ(row.get("chosen"), row.get("rejected"), "chosen and rejected")


def _trl_preference_implicit(row: Row) -> Iterator[str]:
    yield from _columns(row, ("chosen", "rejected"), ("tools",))
    chosen, rejected = row.get("chosen"), row.get("rejected")
    yield from _differ(chosen, rejected, "chosen and rejected")
    if isinstance(chosen, str) and isinstance(rejected, str):
        yield from (f"{k} is empty" for k in ("chosen", "rejected") if not row[k].strip())
        return
    for name in ("chosen", "rejected"):
        yield from chat(row.get(name), name, arguments="either")
        yield from ends(row.get(name), name, "assistant")
    if isinstance(chosen, list) and isinstance(rejected, list) and chosen != rejected:
        yield from _splits(chosen, rejected)


def _splits(chosen: list[Any], rejected: list[Any]) -> Iterator[str]:
    shared, shorter = implicit_prompt(chosen, rejected), min(len(chosen), len(rejected))
    if not shared:
        yield "chosen and rejected do not begin with the same prompt"
    elif chosen[:shorter] == rejected[:shorter]:
        yield "one chat is the beginning of the other"
    else:
        yield from ends(chosen[:shared], "the common prompt", "user", "tool")


def _trl_unpaired(row: Row) -> Iterator[str]:
    yield from _columns(row, ("prompt", "completion", "label"), ("tools",))
    yield from _continues(row, ("completion",))
    if not isinstance(row.get("label"), bool):
        yield f"label is {row.get('label')!r}, not true or false"


def _openai_sft(row: Row) -> Iterator[str]:
    yield from _columns(row, ("messages",), ("tools", "parallel_tool_calls"))
    messages = row.get("messages")
    yield from chat(messages, "messages", arguments="text", weights=True)
    yield from ends(messages, "messages", "assistant")
    yield from tool_list(row.get("tools", []), "tools")
    if isinstance(messages, list) and messages and not _learned(messages):
        yield "no assistant message has a weight other than 0: nothing to learn"


def _openai_dpo(row: Row) -> Iterator[str]:
    yield from _columns(row, ("input", "preferred_output", "non_preferred_output"), ())
    asked = row.get("input")
    if isinstance(asked, Mapping):
        yield from _columns(asked, ("messages",), ("tools", "parallel_tool_calls"), "input.")
        yield from chat(asked.get("messages"), "input.messages", arguments="text")
        yield from ends(asked.get("messages"), "input.messages", "user", "tool")
        yield from tool_list(asked.get("tools", []), "input.tools")
    else:
        yield "input is no object"
    for name in ("preferred_output", "non_preferred_output"):
        yield from _one_assistant(row.get(name), name)
    yield from _differ(
        row.get("preferred_output"), row.get("non_preferred_output"), "the two outputs"
    )


TARGETS: Mapping[str, Callable[[Row], Iterator[str]]] = {
    "trl-messages": _trl_messages,
    "trl-prompt-completion": _trl_prompt_completion,
    "trl-preference": _trl_preference,
    "trl-preference-implicit": _trl_preference_implicit,
    "trl-unpaired": _trl_unpaired,
    "openai-sft": _openai_sft,
    "openai-dpo": _openai_dpo,
}
"""Target to the function that says what is wrong with a row of it."""

_FEWEST = {"openai-sft": 10, "openai-dpo": 10}


def _columns(
    row: Row, needed: Sequence[str], optional: Sequence[str], where: str = ""
) -> Iterator[str]:
    yield from (f"no column {where}{name}" for name in needed if name not in row)
    yield from (f"unknown column {where}{k}" for k in row if k not in (*needed, *optional))
    yield from (f"{where}{k} is null" for k in row if row[k] is None)


def _continues(row: Row, answers: Sequence[str]) -> Iterator[str]:
    """Check a prompt and what follows it: both texts, or both chats."""
    prompt = row.get("prompt")
    if isinstance(prompt, str):
        if not prompt.strip():
            yield "prompt is empty"
        for name in answers:
            yield from _text(row.get(name), name)
        return
    yield from chat(prompt, "prompt", arguments="either")
    yield from ends(prompt, "prompt", "user", "tool")
    for name in answers:
        yield from speaks(row.get(name), name, arguments="either")
        yield from ends(row.get(name), name, "assistant")


def _text(value: Any, name: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{name} is no text, though prompt is"
    elif not value.strip():
        yield f"{name} is empty"


def _one_assistant(output: Any, name: str) -> Iterator[str]:
    if not isinstance(output, list) or len(output) != 1:
        yield f"{name} is not exactly one message"
        return
    yield from speaks(output, name, arguments="text")
    yield from ends(output, name, "assistant")


def _differ(one: Any, other: Any, names: str) -> Iterator[str]:
    if one is not None and _compared(one) == _compared(other):
        yield f"{names} are the same"


def _compared(value: Any) -> Any:
    if isinstance(value, str):
        return normal_form(value)
    if isinstance(value, Mapping):
        return {k: _compared(v) for k, v in value.items() if v is not None}
    return [_compared(v) for v in value] if isinstance(value, list) else value


def _learned(messages: Sequence[Any]) -> bool:
    spoken = [m for m in messages if isinstance(m, Mapping) and m.get("role") == "assistant"]
    return any(m.get("weight", 1) != 0 for m in spoken)


def _of_the_whole(rows: Sequence[Row], target: str) -> Iterator[Finding]:
    if len(rows) < _FEWEST.get(target, 0):
        text = f"{target}: {len(rows)} rows; the service takes no fewer than {_FEWEST[target]}"
        yield Finding(check="format", severity="warning", message=text)
    if target.startswith("trl-"):
        yield from _mixed(rows, target)


def _mixed(rows: Sequence[Row], target: str) -> Iterator[Finding]:
    kinds = [{name: type(value).__name__ for name, value in row.items()} for row in rows]
    odd = tuple(n for n, kind in enumerate(kinds) if kind != kinds[0])
    if odd:
        text = f"{target}: columns, or what they hold, differ from those of the first row"
        yield Finding(check="format", severity="error", message=text, rows=odd)
