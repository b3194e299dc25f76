"""Columns of a plain table under the names that readers know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from curate.errors import InputError
from curate.ingest.exchange import RowError

__all__ = ["PARTS", "renamer"]

Json = Any
Row = Mapping[str, Json]

PARTS = {
    "prompt": "prompt",
    "completion": "completion",
    "chosen": "chosen",
    "rejected": "rejected",
    "system": "system",
    "model": "model",
    "label": "label",
    "group": "conversation_id",
    "time": "timestamp",
    "id": "id",
    "response_a": "response_a",
    "response_b": "response_b",
    "model_a": "model_a",
    "model_b": "model_b",
    "winner": "winner",
    "completions": "completions",
    "messages": "messages",
}
"""What a column can be, and the key under which readers look for it."""

_BODY = ("prompt", "completion", "chosen", "rejected", "response_a", "response_b", "messages")
_PROMPTS = ("prompt", "messages", "instruction", "question", "query", "input")
_COMPLETIONS = ("completion", "response", "output", "answer", "text")


def renamer(columns: Mapping[str, str]) -> Callable[[Row], Row]:
    """Return a function that puts a row's named columns under the names that readers know.

    Columns that would be taken for the named ones are kept with an underscore before them.

    Args:
        columns: Part (a key of `PARTS`) to column.

    Raises:
        InputError: If a part has no such name.
    """
    unknown = [part for part in columns if part not in PARTS]
    if unknown:
        raise InputError(f"columns: no part named {unknown[0]!r}; known: {', '.join(PARTS)}")
    moved = {PARTS[part]: column for part, column in columns.items()}
    hidden = _rivals(columns) - set(moved.values())
    body = [column for part, column in columns.items() if part in _BODY]

    def rename(row: Row) -> Row:
        for column in body:
            if column not in row:
                raise RowError(f"no column {column!r} (or it is empty); there are: {_few(row)}")
        rest = {_aside(k, hidden): v for k, v in row.items() if k not in moved.values()}
        return rest | {name: row.get(column) for name, column in moved.items()}

    return rename


def _rivals(columns: Mapping[str, str]) -> set[str]:
    rivals = {PARTS[part] for part in columns}
    if "prompt" in columns:
        rivals |= set(_PROMPTS)
    if "completion" in columns:
        rivals |= set(_COMPLETIONS)
    return rivals


def _aside(name: str, hidden: set[str]) -> str:
    return f"_{name}" if name in hidden else name


def _few(row: Row) -> str:
    return ", ".join(map(str, list(row)[:12]))
