"""Labelled rows: classes, good and bad answers, or preferences, told apart by their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from curate.errors import ConfigError, InputError
from curate.simulate.rows import Columns, Met, found, read_rows

__all__ = ["AnswerRows", "ClassRows", "Kind", "Labelled", "PairRows", "labelled"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kind = Literal["classes", "rewrite", "preferences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRows:
    """Texts with a class each."""

    texts: list[str]
    labels: list[str]
    groups: list[str]
    split: list[str]
    """What the file says of each row's split, "" where it says nothing."""
    votes: Floats | None
    """How many people said each class (in sorted order), (n_rows, n_classes)."""

    kind: Kind = "classes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRows:
    """Answers of models to prompts, good or bad; None = not recorded."""

    prompts: list[str]
    """Prompt of each answer."""
    answers: list[str]
    models: list[str]
    wrong: list[bool | None]
    groups: list[str]
    need: Floats | None
    """A score column of the file, NaN where it has none."""

    kind: Kind = "rewrite"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRows:
    """Two answers to one prompt, and which is preferred."""

    prompts: list[str]
    a: list[str]
    b: list[str]
    outcomes: list[int]
    """0 = a preferred, 1 = b, 2 = tie."""
    groups: list[str]
    split: list[str]
    votes: Floats | None
    """How many people said a, b, tie, (n_pairs, 3)."""

    kind: Kind = "preferences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What the files hold."""

    data: ClassRows | AnswerRows | PairRows
    rejected: Counter[str] = field(default_factory=Counter)
    """Rows that were left out: reason to how many."""


def labelled(
    paths: Sequence[str | Path], *, task: str = "auto", columns: Columns | None = None
) -> Labelled:
    """Read labelled files.

    Args:
        paths: Files, folders and globs; see `read_rows`.
        task: classes, rewrite, preferences, or auto: by the columns.
        columns: Names of columns that are not the usual ones.

    Raises:
        ConfigError: If there is no such task.
        InputError: If the files hold nothing of the kind; the message says what they hold.
    """
    if task not in ("auto", *get_args(Kind)):
        raise ConfigError(f"no task named {task!r}; known: auto, {', '.join(get_args(Kind))}")
    met = read_rows(paths)
    named = columns or Columns()
    kind = _kind(met, named) if task == "auto" else task
    data, rejected = _of(kind, met, named)
    return Labelled(data=data, rejected=met.rejected + rejected)


def _kind(met: Met, columns: Columns) -> str:
    from curate.simulate.answer_rows import is_answers
    from curate.simulate.class_rows import is_class
    from curate.simulate.pair_rows import is_pair

    sample = met.rows[:64]
    for kind, known in (("preferences", is_pair), ("rewrite", is_answers), ("classes", is_class)):
        if sum(known(row, columns) for row in sample) * 2 > len(sample):
            return kind
    raise InputError(
        f"{met.name}: neither classes (text and label), nor good and bad answers (prompt, "
        "completion or completions, correct), nor preferences (chosen and rejected, or response_a, "
        f"response_b and winner or votes) are there; columns found: {found(sample)}. Name them "
        "with --task, --text, --label, --prompt, --completion"
    )


def _of(kind: str, met: Met, columns: Columns) -> tuple[Any, Counter[str]]:
    from curate.simulate.answer_rows import answer_rows
    from curate.simulate.class_rows import class_rows
    from curate.simulate.pair_rows import pair_rows

    readers = {"classes": class_rows, "rewrite": answer_rows, "preferences": pair_rows}
    return readers[kind](met, columns)
