"""Rows of a text and its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.errors import InputError
from curate.simulate.labelled import ClassRows
from curate.simulate.rows import Columns, Met, Row, first_of, found, words

__all__ = ["class_rows", "group_of", "is_class", "split_of"]

Json = Any

_TEXTS = ("text", "utterance", "sentence", "query", "question", "input", "content", "prompt")
_LABELS = ("label", "labels", "class", "category", "intent", "target", "gold")
_GROUPS = ("group", "conversation_id", "conversation", "session_id", "user_id", "user", "author")
_VOTES = ("votes", "annotations", "labels")


def is_class(row: Row, columns: Columns) -> bool:
    """Say whether a row has a text and a class."""
    text, label = _names(row, columns)
    return bool(text and label and words(row[text], prompt=True) and _class(row[label]))


def class_rows(met: Met, columns: Columns) -> tuple[ClassRows, Counter[str]]:
    """Return the rows that have a text and a class, and why others were left out.

    Raises:
        InputError: If none has.
    """
    rejected: Counter[str] = Counter()
    kept: list[tuple[Row, str, str]] = []
    for row in met.rows:
        text, label = _names(row, columns)
        said = words(row[text], prompt=True) if text else ""
        if not said or not label or not _class(row[label]):
            rejected["no text" if not said else "no label"] += 1
        else:
            kept.append((row, said, _class(row[label])))
    if not kept:
        raise InputError(
            f"{met.name}: no row has a text and a label; columns found: {found(met.rows)}; name "
            "them with --text and --label"
        )
    data = ClassRows(
        texts=[text for _, text, _ in kept],
        labels=[label for _, _, label in kept],
        groups=[group_of(row, columns, text) for row, text, _ in kept],
        split=[split_of(row) for row, _, _ in kept],
        votes=_votes([(row, label) for row, _, label in kept]),
    )
    return data, rejected


def _names(row: Row, columns: Columns) -> tuple[str, str]:
    text = first_of(row, [columns.text] if columns.text else _TEXTS)
    label = first_of(row, [columns.label] if columns.label else _LABELS)
    return text, label


def _class(value: Json) -> str:
    return str(value) if isinstance(value, str | int | float | bool) else ""


def group_of(row: Row, columns: Columns, otherwise: str) -> str:
    """Return a row's group: a column's value, or what the row itself is."""
    name = first_of(row, [columns.group] if columns.group else _GROUPS)
    return f"{name}={row[name]}" if name else f"={otherwise}"


def split_of(row: Row) -> str:
    """Return which split a row is said to be of, "" where nothing is said."""
    value = row.get("split")
    return value.strip().lower() if isinstance(value, str) else ""


def _votes(rows: list[tuple[Row, str]]) -> npt.NDArray[np.float64] | None:
    at = {label: i for i, label in enumerate(sorted({label for _, label in rows}))}
    counts = np.zeros((len(rows), len(at)))
    for i, (row, _) in enumerate(rows):
        for vote in _voted(row):
            if vote in at:
                counts[i, at[vote]] += 1
    return counts if counts.any() else None


def _voted(row: Row) -> list[str]:
    votes = row.get(first_of(row, _VOTES), [])
    if isinstance(votes, Mapping):
        votes = list(votes.values())
    if not isinstance(votes, list):
        return []
    said = [v.get("vote", v.get("label")) if isinstance(v, Mapping) else v for v in votes]
    return [_class(v) for v in said if v is not None]
