"""Preferences among answers to one prompt that go round in a circle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.format import normal_form
from curate.checks.rows import Rows
from curate.measure.cycles import Circle, circles
from curate.records import Evidence, Finding

__all__ = ["CHECK", "preference_cycles"]

Ints = npt.NDArray[np.int64]


def preference_cycles(rows: Rows) -> list[Circle]:
    """Return the circles of preferences among answers to one prompt; `Circle`s name rows.

    Answers are the same where they differ in white space only. Of two rows that say the opposite
    of the same pair both are a circle.

    Args:
        rows: Those without a rejected answer are not looked at.
    """
    at, winners, losers = _compared(rows)
    return [_placed(circle, at) for circle in circles(winners, losers)]


def _run(rows: Rows, context: Context) -> Found:
    """Find circles of preferences."""
    complete = rows.is_preference & rows.has_answer
    if not complete.any():
        return Found(check=CHECK.name, skipped="no row holds a chosen and a rejected answer")
    found = preference_cycles(rows)
    listed = sorted(found, key=lambda c: (-len(c.again), c.shortest))
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, circle) for circle in listed),
        looked_at=int(complete.sum()),
        figures={
            "knots": len(found),
            "rows_to_ask_again": sum(len(circle.again) for circle in found),
            "opposites": sum(len(circle.shortest) == _OPPOSITE for circle in found),
        },
    )


_OPPOSITE = 2


def _compared(rows: Rows) -> tuple[Ints, Ints, Ints]:
    """Return preferences of prompts with several, and the numbers of their two answers."""
    complete = np.flatnonzero(rows.is_preference & rows.has_answer)
    prompts = _codes(rows.prompt.take(pa.array(complete)))
    several = np.bincount(prompts, minlength=1)[prompts] > 1
    at, prompts = complete[several].astype(np.int64), prompts[several]
    taken = pa.array(at)
    both = pa.concat_arrays([rows.answer.take(taken), rows.rejected.take(taken)])
    keys = np.tile(prompts, 2) * (len(both) + 1) + _normal_codes(both)
    numbers = np.unique(keys, return_inverse=True)[1].reshape(2, -1)
    return at, numbers[0].astype(np.int64), numbers[1].astype(np.int64)


def _codes(texts: pa.Array) -> Ints:
    coded = pc.fill_null(texts, "").dictionary_encode().indices
    return np.asarray(coded.to_numpy(zero_copy_only=False), np.int64)


def _normal_codes(texts: pa.Array) -> Ints:
    """Number texts, those alike but for white space as one."""
    coded = texts.dictionary_encode()
    odd = pc.match_substring_regex(coded.dictionary, r"^\s|\s$|[^\S ]|\s\s|[^\x00-\x7f]")
    at = odd.to_numpy(zero_copy_only=False)
    plain = coded.dictionary.to_pylist()
    for n in np.flatnonzero(at).tolist():
        plain[n] = normal_form(plain[n])
    number: dict[str, int] = {}
    same = np.array([number.setdefault(text, len(number)) for text in plain] or [0], np.int64)
    return np.asarray(same[coded.indices.to_numpy(zero_copy_only=False)], np.int64)


def _placed(circle: Circle, at: Ints) -> Circle:
    return Circle(
        answers=circle.answers,
        shortest=tuple(at[list(circle.shortest)].tolist()),
        again=tuple(at[list(circle.again)].tolist()),
        certain=circle.certain,
    )


def _finding(rows: Rows, circle: Circle) -> Finding:
    around = ", ".join(rows.place(row) for row in circle.shortest[:_SHOWN])
    more = ", …" if len(circle.shortest) > _SHOWN else ""
    n = len(circle.again)
    fewest = "" if circle.certain else "about "
    what = (
        f"{rows.place(circle.shortest[0])} and {rows.place(circle.shortest[1])} say the opposite "
        "of each other"
        if len(circle.shortest) == _OPPOSITE
        else f"Preferences go round in a circle of {len(circle.shortest)} ({around}{more})"
    )
    message = (
        f"{what}; of {len(circle.answers)} answers to one prompt, asking {fewest}{n} "
        f"{'row' if n == 1 else 'rows'} again settles it"
    )
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=circle.again,
        against=tuple(row for row in circle.shortest if row not in set(circle.again)),
        score=float(n),
        evidence=tuple(_evidence(circle)),
    )


_SHOWN = 6


def _evidence(circle: Circle) -> list[Evidence]:
    again = set(circle.again)
    sides = [
        (row, ", to be asked again" if row in again else "") for row in circle.shortest[:_SHOWN]
    ]
    return [
        side
        for row, more in sides
        for side in (
            Evidence(row=row, field="answer", note=f"preferred{more}"),
            Evidence(row=row, field="rejected", note=f"not preferred{more}"),
        )
    ]


CHECK = Check(
    name="preference-cycles",
    family="labels",
    about="Preferences among answers to one prompt that go round: A over B, B over C, C over A.",
    severity="error",
    threshold=float("nan"),
    run=_run,
)
"""A finding is a knot of answers; its rows are the fewest whose asking again unties it."""
