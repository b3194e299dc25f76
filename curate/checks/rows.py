"""Rows as checks see them: columns of texts, where each row stands, and what is said beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["COLUMNS", "TURNS", "Rows", "rows_of"]

COLUMNS = (
    *("id", "split", "group", "time", "model", "rejected_model", "source", "license"),
    *("annotator", "guideline", "label", "finish_reason"),
)
"""What rows may say beside their texts, as texts; a column that no row has is left out."""

TURNS = pa.list_(pa.struct([("role", pa.string()), ("start", pa.int32()), ("end", pa.int32())]))
"""The turns of a prompt: who speaks, and which characters of `Rows.prompt` are said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of training files, logs or benchmarks; all columns have n_rows cells.

    A row is a prompt with the answer that is learned from. A preference has a rejected answer
    besides; a row without an answer is a bare prompt.
    """

    files: tuple[str, ...]
    """Names of the files, as they were given."""
    file: npt.NDArray[np.int32]
    """Which file each row stands in."""
    line: npt.NDArray[np.int64]
    """1-based line, table row or array element; several rows may share one."""
    prompt: pa.Array
    """large_string: the whole prompt. A single user turn as it is; else each turn, system and
    tools included, led by its role, one below the other."""
    asked: pa.Array
    """large_string: what the prompt asks, as `texts.prompt_text` gives it: an end of `prompt`."""
    answer: pa.Array
    """large_string: the completion; of a preference the chosen one; null = none."""
    rejected: pa.Array
    """large_string: the rejected completion; null = the row is no preference."""
    turns: pa.Array
    """Of the type `TURNS`."""
    votes: pa.Array
    """large_string: JSON ``[[by, value], ...]``, or null. Of a preference value is a (the chosen
    one), b or tie; else what a model or person gave as the answer."""
    metadata: pa.Array
    """large_string: JSON object of everything else the row says, or null."""
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    """Name of `COLUMNS` to texts, null where a row says nothing."""

    def __len__(self) -> int:
        return len(self.line)

    def column(self, name: str) -> pa.Array:
        """Return one of `COLUMNS`, all null where no row says it."""
        known = self.columns.get(name)
        return pa.nulls(len(self), pa.string()) if known is None else known

    def place(self, row: int) -> str:
        """Say where a row stands: ``train.jsonl:12``."""
        return f"{self.files[self.file[row]]}:{self.line[row]}"

    @property
    def is_preference(self) -> npt.NDArray[np.bool_]:
        """Which rows hold a rejected answer."""
        return _mask(self.rejected.is_valid())

    @property
    def has_answer(self) -> npt.NDArray[np.bool_]:
        """Which rows hold an answer."""
        return _mask(self.answer.is_valid())

    def take(self, rows: npt.NDArray[np.int64]) -> Rows:
        """Return some of the rows."""
        at = pa.array(rows)
        texts = {name: getattr(self, name).take(at) for name in _TEXTS}
        columns = {name: values.take(at) for name, values in self.columns.items()}
        file, line = self.file[rows], self.line[rows]
        return Rows(files=self.files, file=file, line=line, columns=columns, **texts)


_TEXTS = ("prompt", "asked", "answer", "rejected", "turns", "votes", "metadata")


def rows_of(
    prompts: Sequence[str],
    answers: Sequence[str | None] | None = None,
    rejected: Sequence[str | None] | None = None,
    *,
    name: str = "rows",
    votes: Sequence[str | None] | None = None,
    metadata: Sequence[str | None] | None = None,
    **columns: Sequence[str | None],
) -> Rows:
    """Return rows of single-turn prompts held in memory, numbered from 1.

    Args:
        prompts: What is asked.
        answers: The completion of each.
        rejected: The rejected completion of each.
        name: What the file is to be called.
        votes: As `Rows.votes`.
        metadata: As `Rows.metadata`.
        **columns: Names of `COLUMNS` with a text or None for each row.

    >>> rows = rows_of(["2 + 2?"], ["4"], split=["train"])
    >>> rows.place(0), rows.column("split").to_pylist()
    ('rows:1', ['train'])
    """
    n = len(prompts)
    asked = _texts(prompts, n)
    turns = [[{"role": "user", "start": 0, "end": len(prompt)}] for prompt in prompts]
    return Rows(
        files=(name,),
        file=np.zeros(n, np.int32),
        line=np.arange(1, n + 1, dtype=np.int64),
        prompt=asked,
        asked=asked,
        answer=_texts(answers, n),
        rejected=_texts(rejected, n),
        turns=pa.array(turns, TURNS),
        votes=_texts(votes, n),
        metadata=_texts(metadata, n),
        columns={name: pa.array(values, pa.string()) for name, values in columns.items()},
    )


def _texts(values: Sequence[str | None] | None, n: int) -> pa.Array:
    return pa.array([None] * n if values is None else values, pa.large_string())


def _mask(values: Any) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask
