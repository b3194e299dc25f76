"""Rows that are the same as an earlier one, letter for letter once normalised."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Context, Found
from curate.checks.duplicates.clusters import cluster_figures, members, places, said
from curate.checks.duplicates.levels import keeping_order
from curate.checks.rows import Rows
from curate.measure.word_runs import buffers, text_keys
from curate.records import Evidence, Finding

__all__ = ["CHECK", "exact_duplicates", "first_copies"]

Ints = npt.NDArray[np.int64]


def exact_duplicates(*columns: Any, punctuation: bool = True) -> Ints:
    """Return the first row that says the same as each row: itself where it says something new.

    The same: equal in every column, once letters are folded (Unicode's compatibility forms,
    case) and white space is one space; by hashes of 128 bits a text.

    Args:
        *columns: Texts, as Arrow arrays or sequences of the same length; null = empty.
        punctuation: False = punctuation and symbols count as white space.

    Returns:
        Shape (n_rows,).

    >>> exact_duplicates(["2 + 2?", "2  + 2?", "2 + 3?"], ["Four.", "four.", "Four."]).tolist()
    [0, 0, 2]
    """
    keys = [text_keys(*buffers(column), punctuation=punctuation) for column in columns]
    together = np.ascontiguousarray(np.concatenate(keys, axis=1))
    names = together.view(np.dtype((np.void, together.itemsize * together.shape[1]))).ravel()
    _, first, number = np.unique(names, return_index=True, return_inverse=True)
    firsts: Ints = first[number]
    return firsts


def first_copies(rows: Rows) -> Ints:
    """Return the row that stays of each row's copies: a tested one, else the first.

    Rows that say nothing are no copies.
    """
    first = exact_duplicates(rows.prompt, rows.answer, rows.rejected)
    backwards = keeping_order(rows)[::-1]
    stays = first.copy()
    stays[first[backwards]] = backwards
    return np.where(said(rows), stays[first], np.arange(len(rows)))


def _run(rows: Rows, context: Context) -> Found:
    first = first_copies(rows)
    gone = np.flatnonzero(first != np.arange(len(rows)))
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, lead, copies) for lead, copies in members(first)),
        looked_at=int(said(rows).sum()),
        figures=cluster_figures(rows, first, gone),
    )


def _finding(rows: Rows, lead: int, copies: Ints) -> Finding:
    many = "1 copy" if len(copies) == 1 else f"{len(copies):,} copies"
    note = f"the same as {rows.place(lead)}"
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=f"{many} of {rows.place(lead)}, alike but for case and white space "
        f"({places(rows, copies)}): each is trained on as often as it stands there; keep one",
        rows=tuple(copies.tolist()),
        against=(lead,),
        score=float(len(copies)),
        evidence=tuple(
            Evidence(row=row, field="row", note=note) for row in copies[:_SHOWN].tolist()
        ),
    )


_SHOWN = 5

CHECK = Check(
    name="exact-duplicates",
    family="duplicates",
    about="Rows that repeat an earlier one: prompt, answer and rejected answer.",
    severity="warning",
    threshold=float("nan"),
    run=_run,
)
