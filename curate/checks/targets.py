"""Which trainer a row is for, and what is wrong with it there; stricter or as found in the wild.

In: rows as plain values, e.g. parsed lines. Out: the name of a target, and sentences. What a
training file holds besides its target's columns is nobody's error: ids, scores, sources. An
export is held to the letter by `format.validate`; a file that is audited by `faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from curate.checks.chat import chat
from curate.checks.format import TARGETS, validate

__all__ = ["AUDITED", "faults", "target_of"]

Row = Mapping[str, Any]


def target_of(row: object) -> str | None:
    """Return the target that a row is written for, by its columns; None if nothing tells.

    ``rows`` is said of rows that hold a chat in another shape.

    >>> target_of({"messages": [{"role": "user", "content": "Hi"}], "id": 4})
    'trl-messages'
    >>> target_of({"instruction": "Add.", "input": "2 2", "output": "4"})
    'alpaca'
    >>> target_of({"text": "Once"}) is None
    True
    """
    if not isinstance(row, Mapping):
        return None
    has = row.keys()
    if isinstance(row.get("input"), Mapping) and "preferred_output" in has:
        return "openai-dpo"
    if "chosen" in has and "rejected" in has:
        return _preference(row)
    if "messages" in has:
        return _chat(row)
    if _speakers(row.get("conversations"), "from"):
        return "sharegpt"
    if "instruction" in has and "output" in has:
        return "alpaca"
    if "prompt" in has and "completion" in has:
        return "trl-unpaired" if "label" in has else "trl-prompt-completion"
    return "rows" if any(map(_is_chat, row.values())) else None


def faults(row: object, target: str, *, strict: bool = False) -> list[str]:
    """Say what is wrong with one row for a target; an empty list if nothing is.

    Args:
        row: As plain values.
        target: One of `AUDITED`.
        strict: Whether columns, and keys of messages, that the target does not know are wrong;
            if not, null in such, or in an optional one, counts as if it were not there.

    Raises:
        KeyError: If there is no such target.

    >>> faults({"prompt": "2 + 2?", "completion": " 4", "score": None}, "trl-prompt-completion")
    []
    """
    check = AUDITED[target]
    if not isinstance(row, Mapping):
        return [f"the row is {type(row).__name__}, no object"]
    try:
        if target in TARGETS:
            return validate(row if strict else _plain(row, target), target)
        return list(check(row))
    except RecursionError:
        return ["the row is nested too deep to be read"]


def _preference(row: Row) -> str:
    chosen = row["chosen"]
    if "instruction" in row and "prompt" not in row:
        return "alpaca"
    if _speakers(row.get("conversations"), "from"):
        return "sharegpt"
    if "messages" in row and "prompt" not in row:
        return "rows"
    whole = _speakers(chosen, "role") and chosen[0].get("role") not in ("assistant", "tool")
    return "trl-preference" if "prompt" in row and not whole else "trl-preference-implicit"


def _chat(row: Row) -> str:
    messages = row["messages"]
    if "parallel_tool_calls" in row:
        return "openai-sft"
    if not isinstance(messages, list):
        return "trl-messages"
    if _speakers(messages, "from"):
        return "rows"
    weighed = any(isinstance(m, Mapping) and "weight" in m for m in messages)
    return "openai-sft" if weighed else "trl-messages"


def _speakers(value: Any, key: str) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], Mapping)
        and (key in value[0])
    )


def _is_chat(value: Any) -> bool:
    return _speakers(value, "role") and ("content" in value[0] or "tool_calls" in value[0])


_COLUMNS = {
    "trl-messages": ("messages", "tools"),
    "trl-prompt-completion": ("prompt", "completion", "tools"),
    "trl-preference": ("prompt", "chosen", "rejected", "tools"),
    "trl-preference-implicit": ("chosen", "rejected", "tools"),
    "trl-unpaired": ("prompt", "completion", "label", "tools"),
    "openai-sft": ("messages", "tools", "parallel_tool_calls"),
    "openai-dpo": ("input", "preferred_output", "non_preferred_output"),
}
_OPTIONAL = ("tools", "parallel_tool_calls")
_KEYS = ("role", "content", "name", "tool_calls", "tool_call_id", "refusal", "thinking", "weight")


def _plain(row: Row, target: str) -> Row:
    """Return a row with nothing but what its target knows."""
    kept = {
        name: row[name]
        for name in _COLUMNS[target]
        if name in row and not (name in _OPTIONAL and row[name] is None)
    }
    return {name: _plain_value(value) for name, value in kept.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_message(one) for one in value]
    if isinstance(value, Mapping) and "messages" in value:
        inner = {k: v for k, v in value.items() if k in _COLUMNS["openai-sft"] and v is not None}
        return {name: _plain_value(one) for name, one in inner.items()}
    return value


def _plain_message(message: Any) -> Any:
    if not isinstance(message, Mapping) or "role" not in message:
        return message
    kept = {k: message[k] for k in _KEYS if k in message}
    if _has_parts(kept.get("content")):
        kept["content"] = " ".join(map(_part, kept["content"]))
    nothing = [k for k, v in kept.items() if k != "content" and (v is None or v == [])]
    for key in nothing:
        del kept[key]
    if kept.get("content") is None and kept.get("tool_calls"):
        kept.pop("content", None)
    return kept


def _has_parts(content: Any) -> bool:
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in content)
    )


def _part(part: Mapping[str, Any]) -> str:
    """Return the text of a content part; of an image or sound, what it is."""
    text = part.get("text", part.get("value"))
    return text if isinstance(text, str) else str(part["type"])


def _alpaca(row: Row) -> Iterator[str]:
    yield from _texts(row, ("instruction",), needed=True)
    yield from _texts(row, ("input", "system"), needed=False)
    if "chosen" in row or "rejected" in row:
        yield from _texts(row, ("chosen", "rejected"), needed=True)
        if row.get("chosen") is not None and row.get("chosen") == row.get("rejected"):
            yield "chosen and rejected are the same"
    else:
        yield from _texts(row, ("output",), needed=True)
    history = row.get("history") or []
    if not isinstance(history, list) or not all(_is_pair(turn) for turn in history):
        yield "history is no list of pairs of texts"


def _texts(row: Row, names: Sequence[str], *, needed: bool) -> Iterator[str]:
    for name in names:
        value = row.get(name)
        if isinstance(value, Mapping) and isinstance(value.get("value", value.get("content")), str):
            continue
        if value is None:
            if needed:
                yield f"{name} is null" if name in row else f"no column {name}"
        elif not isinstance(value, str):
            yield f"{name} is {type(value).__name__}, not text"
        elif needed and not value.strip():
            yield f"{name} is empty"


def _is_pair(turn: Any) -> bool:
    return isinstance(turn, list) and len(turn) == 2 and all(isinstance(t, str) for t in turn)


_ASKS = ("human", "user", "observation", "tool", "function_response", "prompter")
_SAYS = ("gpt", "assistant", "chatgpt", "bing", "bard", "model", "bot", "function_call")


def _sharegpt(row: Row) -> Iterator[str]:
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns:
        yield "conversations is no list of turns, or empty"
        return
    for number, turn in enumerate(turns):
        yield from _turn(turn, f"conversations[{number}]")
    said = [turn.get("from") for turn in turns if isinstance(turn, Mapping)]
    sides = [_side(role) for role in said if role not in ("system", "developer")]
    yield from _sides(sides, "conversations")
    preferred = "chosen" in row or "rejected" in row
    if preferred:
        yield from _texts(row, ("chosen", "rejected"), needed=True)
    wanted = "asks" if preferred else "says"
    if sides and sides[-1] not in (wanted, ""):
        who = "a human" if preferred else "gpt"
        yield f"conversations ends with {said[-1]}, not {who}"


def _turn(turn: Any, where: str) -> Iterator[str]:
    if not isinstance(turn, Mapping):
        yield f"{where} is no turn"
        return
    if turn.get("from") not in (*_ASKS, *_SAYS, "system", "developer"):
        yield f"{where}: unknown speaker {turn.get('from')!r}"
    value = turn.get("value")
    if not isinstance(value, str):
        yield f"{where}: value is {type(value).__name__}, not text"
    elif not value.strip():
        yield f"{where} is empty"


def _side(role: Any) -> str:
    return "asks" if role in _ASKS else "says" if role in _SAYS else ""


def _sides(sides: Sequence[str], name: str) -> Iterator[str]:
    if sides and sides[0] == "says":
        yield f"{name}: the first turn is an answer"
    if any(a == b == "says" for a, b in pairwise(sides)):
        yield f"{name}: two answers in a row"
    if any(a == b == "asks" for a, b in pairwise(sides)):
        yield f"{name}: two questions in a row"


def _rows(row: Row) -> Iterator[str]:
    """Check each chat of a row by itself, whatever its column is called."""
    for name, value in row.items():
        if _is_chat(value):
            plain = [_plain_message(message) for message in value]
            said = chat(plain, str(name), arguments="either", weights=True)
            yield from (text for text in said if "the first turn is" not in text)


AUDITED: Mapping[str, Callable[[Row], Iterator[str]]] = {
    **TARGETS,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "rows": _rows,
}
"""`TARGETS`, and the shapes besides them that training files come in."""
