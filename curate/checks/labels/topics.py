"""What rows are about, as their metadata says it: labels of some topics are worse than others'."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows

__all__ = ["TOPIC_KEYS", "topics"]

Ints = npt.NDArray[np.int64]

TOPIC_KEYS = ("subject", "topic", "category", "task", "domain", "subset")
"""Keys of a row's metadata that say what it is about; the first that half the rows have counts."""


def topics(rows: Rows, at: Ints) -> Ints | None:
    """Return which topic each of some rows is of, numbered from 0; -1 = not said.

    Args:
        rows: All rows.
        at: Which of them, shape (n,).

    Returns:
        Shape (n,); None where rows do not say, or where topics are too many to tell apart.
    """
    if not len(at) or rows.metadata.null_count == len(rows):
        return None
    texts = rows.metadata.take(pa.array(at))
    for key in TOPIC_KEYS:
        held = pc.match_substring(texts, f'"{key}"').fill_null(False)
        if pc.sum(held).as_py() * 2 >= len(at):
            return _numbered([_value(text, key) for text in texts.to_pylist()])
    return None


def _value(text: str | None, key: str) -> str | None:
    said: Any = json.loads(text).get(key) if text else None
    return said if isinstance(said, str) else None


def _numbered(said: list[str | None]) -> Ints | None:
    names: dict[str, int] = {}
    numbers = [-1 if text is None else names.setdefault(text, len(names)) for text in said]
    few = 1 < len(names) <= len(said) / _LEAST
    return np.array(numbers, np.int64) if few else None


_LEAST = 10
"""Rows that a topic has on average."""
