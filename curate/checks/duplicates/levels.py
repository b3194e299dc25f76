"""What each row is for, training or testing, and which of two copies stays.

In: rows. Out: a level a row: 0 training, 1 choosing (valid, dev), 2 testing, -1 not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.rows import Rows

__all__ = ["keeping_order", "levels_of", "split_levels"]

Ints = npt.NDArray[np.int64]


def split_levels(names: Sequence[str | None]) -> Ints:
    """Return what each split is for: 0 training, 1 choosing (valid, dev), 2 testing, -1 not known.

    Args:
        names: Of splits or files.

    >>> split_levels(["train_sft", "valid", "my-test.jsonl", "latest", None]).tolist()
    [0, 1, 2, -1, -1]
    """
    return np.array([_level(name or "") for name in names], np.int64)


def _level(name: str) -> int:
    words = set(re.split(r"[^a-z]+", name.lower()))
    return next((level for level, known in _LEVELS.items() if words & known), -1)


_LEVELS: Mapping[int, frozenset[str]] = {
    2: frozenset({"test", "testing", "eval", "evaluation", "holdout", "heldout", "benchmark"}),
    1: frozenset({"valid", "validation", "val", "dev", "devel", "development"}),
    0: frozenset({"train", "training", "sft", "dpo", "finetune", "finetuning", "trainset"}),
}


def levels_of(rows: Rows) -> tuple[Ints, npt.NDArray[np.str_]]:
    """Return each row's level and the name of its split: by column, else by its file's name."""
    coded = rows.column("split").cast(pa.string()).dictionary_encode()
    known = [*coded.dictionary.to_pylist(), *rows.files]
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    codes = np.where(codes >= 0, codes, len(coded.dictionary) + rows.file)
    levels = split_levels(known)
    if len(coded.dictionary) == 0 and len(rows.files) < 2:
        levels[:] = -1
    return levels[codes], np.array(known)[codes]


def keeping_order(rows: Rows) -> Ints:
    """Return all rows, first those that stay among copies: tested ones, then earlier ones.

    A copy of a tested row is taken out of the training side, not out of the test.
    """
    return np.argsort(-levels_of(rows)[0], kind="stable")
