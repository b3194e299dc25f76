"""Turns and answers that say nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import Fault, Ints, finding, found, matching, shown
from curate.checks.rows import Rows
from curate.records import Finding

__all__ = ["CHECK", "blank"]

_BLANK = r"^[\s\p{Z}\p{C}]*$"
_MARKS = r"^[\s\p{Z}\p{C}\p{P}]*$"
_TURN = r"(?:^|\n)[a-z_]{1,12}:[\s\p{Z}\p{C}]*(?:\n[a-z_]{1,12}:|$)"
"""A turn that may be blank: nothing before the next role."""


def blank(text: str) -> str:
    r"""Say what a text is that says nothing: "empty", "only white space", "only punctuation".

    White space counts in all its kinds: no-break, zero-width, control characters, NUL.

    >>> blank(" \u200b\x00"), blank("..."), blank("4"), blank("👍")
    ('only white space', 'only punctuation', '', '')
    """
    if not text:
        return "empty"
    one = pa.array([text], pa.large_string())
    if len(matching(one, _BLANK)):
        return "only white space"
    return "only punctuation" if len(matching(one, _MARKS)) else ""


def _run(rows: Rows, context: Context) -> Found:
    findings = [
        *_missing(rows),
        *(_answer(rows, int(row)) for row in matching(rows.answer, _MARKS)),
        *(_rejected(rows, int(row)) for row in matching(rows.rejected, _MARKS)),
        *_turns(rows),
    ]
    return found(CHECK, findings, looked_at=len(rows))


def _missing(rows: Rows) -> Iterator[Finding]:
    """Tell rows without any answer, in a file of which most rows have one."""
    has = rows.has_answer
    for file in range(len(rows.files)):
        inside = rows.file == file
        if has[inside].mean() > 0.5 if inside.any() else False:
            fault = Fault(says="is missing, though most rows of the file have one")
            for row in np.flatnonzero(inside & ~has):
                yield finding(CHECK, int(row), "answer", fault, "give it one, or take the row out")


def _answer(rows: Rows, row: int) -> Finding:
    text = rows.answer[row].as_py()
    what = blank(text)
    fault = Fault(
        says=f"is {what}" + (f": “{shown(text)}”" if what == "only punctuation" else ""),
        spans=((0, len(text)),) if text else (),
        score=0.5 if what == "only punctuation" else 1.0,
        severity="warning" if what == "only punctuation" else None,
    )
    return finding(CHECK, row, "answer", fault, "drop the row")


def _rejected(rows: Rows, row: int) -> Finding:
    fault = Fault(says=f"is {blank(rows.rejected[row].as_py())}", score=0.5)
    return finding(CHECK, row, "rejected", fault, "")


def _turns(rows: Rows) -> Iterator[Finding]:
    for row in _suspects(rows):
        text, turns = rows.prompt[row].as_py() or "", rows.turns[row].as_py() or []
        for number, turn in enumerate(turns, 1):
            said = text[turn["start"] : turn["end"]]
            if turn["role"] != "tool" and (not said or blank(said) in _NOTHING):
                fault = Fault(
                    says=f"has an empty turn: number {number}, of the {turn['role'] or 'unnamed'}",
                    spans=((turn["start"], turn["end"]),) if said else (),
                )
                yield finding(CHECK, int(row), "prompt", fault, "drop the row, or the turn")
                break


_NOTHING = ("empty", "only white space")


def _suspects(rows: Rows) -> Ints:
    """Return the rows of which a turn has no characters, or may have nothing but white space."""
    turns = rows.turns
    flat = pc.list_flatten(turns)
    parents = pc.list_parent_indices(turns).to_numpy(zero_copy_only=False)
    none = pc.equal(pc.struct_field(flat, "start"), pc.struct_field(flat, "end"))
    empty = parents[pc.fill_null(none, False).to_numpy(zero_copy_only=False)]
    white = matching(rows.prompt, _BLANK)
    return np.unique(np.concatenate([empty, white, matching(rows.prompt, _TURN)]).astype(np.int64))


CHECK = Check(
    name="empty-turns",
    family="quality",
    about="Turns without a text, answers that are missing, white space or punctuation.",
    severity="error",
    threshold=float("nan"),
    run=_run,
    by_row=True,
)
