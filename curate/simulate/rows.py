"""Labelled files as plain rows, those of several files that share an id made one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.ingest.files import Mended, Unreadable, find, opened, rows
from curate.texts import answer_text, prompt_text

__all__ = ["Columns", "Met", "Row", "first_of", "found", "read_rows", "said", "words"]

Json = Any
Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of columns that a person gave; None = those that are usual."""

    text: str | None = None
    label: str | None = None
    prompt: str | None = None
    completion: str | None = None
    group: str | None = None
    need: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Rows of the files, in their order, and what could not be read."""

    rows: list[Row]
    where: list[str]
    """File and line of each."""
    rejected: Counter[str]
    """Reason to how many."""
    name: str
    """What the files are called in messages."""


def read_rows(paths: Sequence[str | Path]) -> Met:
    """Read JSONL, JSON, CSV, Parquet or Arrow files, also .gz and .zst, folders and globs.

    A row of a later file whose id (`pair_id`, `prompt_id`, `row_id`, `id`, …) stands in an earlier
    file adds its columns to that row, so that answers and their truth may be kept apart.

    Raises:
        InputError: If a path does not exist or no row could be read.
    """
    sources = find(paths)
    met = Met(rows=[], where=[], rejected=Counter(), name=", ".join(s.name for s in sources))
    ids: dict[str, int] = {}
    for source in sources:
        new: dict[str, int] = {}
        with opened(source) as file:
            for line, value in rows(source, file):
                _take(met, ids, new, f"{source.name}:{line}", value)
        ids |= {id: at for id, at in new.items() if id not in ids}
    if not met.rows:
        why = met.rejected.most_common(1)[0][0] if met.rejected else "the files hold no rows"
        raise InputError(f"{met.name}: no row could be read; most often: {why}")
    return met


def _take(met: Met, ids: Mapping[str, int], new: dict[str, int], where: str, value: Json) -> None:
    row = value.value if isinstance(value, Mended) else value
    if isinstance(row, Unreadable):
        met.rejected[row.reason] += 1
        return
    if not isinstance(row, dict):
        met.rejected["the row is no object"] += 1
        return
    id = _id(row)
    at = ids.get(id, -1) if id else -1
    if at >= 0:
        met.rows[at] = {**row, **met.rows[at]}
        return
    if id:
        new.setdefault(id, len(met.rows))
    met.rows.append(row)
    met.where.append(where)


_IDS = ("pair_id", "prompt_id", "row_id", "example_id", "question_id", "item_id", "uid", "id")


def _id(row: Row) -> str:
    """Return the row's id with the column that it stands in, "" where there is none."""
    key = next((k for k in _IDS if isinstance(row.get(k), str | int)), "")
    return f"{key}={row[key]}" if key else ""


def first_of(row: Row, names: Sequence[str]) -> str:
    """Return the first name whose value in a row is not null, or ""."""
    return next((name for name in names if row.get(name) is not None), "")


def words(value: Json, *, prompt: bool = False) -> str:
    """Return what a text, a message, or a list of messages says; "" for anything else.

    >>> words([{"role": "user", "content": "2 + 2?"}], prompt=True)
    '2 + 2?'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    messages = [value] if isinstance(value, dict) else value
    if not isinstance(messages, list) or not all(_is_message(m) for m in messages):
        return ""
    if prompt:
        return prompt_text(messages)
    return answer_text(messages[-1]) if messages else ""


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and isinstance(value.get("content"), str) and "role" in value


def said(value: Json) -> bool | None:
    """Return whether a verdict says good, None where it says neither.

    >>> said("Correct"), said(0), said("maybe")
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return None if value not in (0, 1) else value == 1
    return _SAID.get(str(value).strip().lower())


_SAID = {
    **dict.fromkeys(
        ("true", "1", "1.0", "yes", "y", "good", "correct", "right", "pass", "passed", "up"), True
    ),
    **dict.fromkeys(
        ("false", "0", "0.0", "no", "n", "bad", "incorrect", "wrong", "fail", "failed", "down"),
        False,
    ),
}


def found(rows: Sequence[Row]) -> str:
    """Return the columns of rows, for messages."""
    names = list(dict.fromkeys(str(name) for row in rows[:64] for name in row))
    return ", ".join(names[:20]) or "none"
