"""How a quality check is made: a quick filter over Arrow, then a judgement of the few texts left.

In: rows, and for each check a filter (texts to the numbers of those worth a look) and a judge
(one text and its prompt to a `Fault`, or None). Out: `Found`, one finding a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.rows import Rows
from curate.records import Evidence, Finding, Severity

__all__ = [
    "Fault",
    "Field",
    "Ints",
    "Judge",
    "bytes_of",
    "finding",
    "found",
    "judged",
    "matching",
    "shown",
    "taken",
]

Ints = npt.NDArray[np.int64]
Field = Literal["prompt", "answer", "rejected"]
_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with one text."""

    says: str
    """What was met, to follow "The answer": ``repeats “na na” 40 times``."""
    spans: tuple[tuple[int, int], ...] = ()
    """Characters of the text that show it."""
    score: float = 1.0
    """How sure, or how bad, in [0, 1]."""
    severity: Severity | None = None
    """Where it is not the check's."""
    note: str = ""
    advice: str = ""
    """What to do, where it is not what the check advises."""


Judge = Callable[[str, str], Fault | None]
"""From a text and what its prompt asks to what is wrong with the text."""
Filter = Callable[[pa.Array], Ints]


def judged(
    check: Check,
    rows: Rows,
    context: Context,
    *,
    filter: Filter,
    judge: Judge,
    advice: str,
    prompts: tuple[Filter, Judge] | None = None,
) -> Found:
    """Judge the answers that pass a filter, and the rejected ones; what is rejected is told only.

    Args:
        check: Whose findings these are; faults that score below its threshold are left out.
        rows: The rows.
        context: For the threshold.
        filter: Numbers of the texts worth a judgement.
        judge: What is wrong with a text.
        advice: What to do, to follow a semicolon.
        prompts: The same of prompts; None = they are not looked at.
    """
    fields: dict[Field, tuple[Filter, Judge]] = {
        "answer": (filter, judge),
        "rejected": (filter, judge),
    }
    if prompts is not None:
        fields["prompt"] = prompts
    least = context.threshold(check)
    findings = [
        finding(check, row, field, fault, advice)
        for field, by in fields.items()
        for row, fault in _faults(rows, field, *by)
        if not fault.score < least
    ]
    seen = rows.has_answer if prompts is None else np.ones(len(rows), np.bool_)
    return found(check, findings, looked_at=int(seen.sum()))


def found(
    check: Check,
    findings: list[Finding],
    *,
    looked_at: int,
    figures: Mapping[str, Any] | None = None,
) -> Found:
    """Return what a check says, its findings by row, with how many show in rejected answers."""
    ordered = sorted(findings, key=lambda one: one.evidence[0].row if one.evidence else -1)
    rejected = sum(f.evidence[0].field == "rejected" for f in ordered if f.evidence)
    extra = {"in_rejected": rejected} if rejected else {}
    return Found(
        check=check.name,
        findings=tuple(ordered),
        looked_at=looked_at,
        figures={**(figures or {}), **extra},
    )


def finding(check: Check, row: int, field: Field, fault: Fault, advice: str) -> Finding:
    """Return a fault as a finding; one in a rejected answer takes no row out."""
    evidence = (Evidence(row=row, field=field, spans=fault.spans, note=fault.note),)
    if field == "rejected":
        return Finding(
            check=check.name,
            severity="info",
            message=f"The rejected answer {fault.says}; it may stay if it is rejected for that",
            against=(row,),
            score=fault.score,
            evidence=evidence,
        )
    return Finding(
        check=check.name,
        severity=fault.severity or check.severity,
        message=f"The {field} {fault.says}; {fault.advice or advice}",
        rows=(row,),
        score=fault.score,
        evidence=evidence,
    )


def matching(texts: pa.Array, pattern: str) -> Ints:
    r"""Return the numbers of the texts that a pattern (RE2) matches.

    >>> matching(pa.array(["one", None, "two"]), "^t").tolist()
    [2]
    """
    if texts.null_count == len(texts):
        return np.zeros(0, np.int64)
    mask = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def taken(numbers: Ints, *columns: pa.Array) -> Iterator[tuple[Any, ...]]:
    """Give some cells of columns as ``(number, cell, ...)``, a few thousand at a time."""
    for start in range(0, len(numbers), _AT_A_TIME):
        some = numbers[start : start + _AT_A_TIME]
        at = pa.array(some)
        cells = [column.take(at).to_pylist() for column in columns]
        yield from zip(some.tolist(), *cells, strict=True)


def bytes_of(texts: pa.Array) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Return all texts as bytes, and where each starts, shape (n_texts + 1,); nulls are empty.

    Args:
        texts: large_string.
    """
    filled = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = filled.buffers()
    if offsets is None or data is None or not len(filled):
        return np.zeros(0, np.uint8), np.zeros(len(filled) + 1, np.int64)
    starts = np.frombuffer(offsets, np.int64)[filled.offset : filled.offset + len(filled) + 1]
    return np.frombuffer(data, np.uint8), starts


def shown(text: str, most: int = 60) -> str:
    r"""Return the beginning of a text in one line, to be quoted in a message.

    >>> shown("one\n two", most=5)
    'one t…'
    """
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[:most] + "…"


def _faults(rows: Rows, field: Field, filter: Filter, judge: Judge) -> Iterator[tuple[int, Fault]]:
    texts = getattr(rows, field)
    for row, text, prompt in taken(filter(texts), texts, rows.asked):
        fault = judge(text, prompt or "")
        if fault is not None:
            yield row, fault
