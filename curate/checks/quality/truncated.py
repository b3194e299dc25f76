"""Answers that were cut off: by what the log says, or by how they end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.quality.code import blocks
from curate.checks.quality.endings import DANGLING, is_list, is_prose, unspaced
from curate.checks.quality.judging import Fault, Field, Ints, finding, found, matching, taken
from curate.checks.rows import Rows
from curate.records import Finding
from curate.tokens import Tokenizer, count

__all__ = ["CHECK", "Ending", "cut_off", "ending"]


class Ending(NamedTuple):
    """How an answer ends that may have been cut off."""

    what: str
    score: float
    """0.9 = it cannot end so; 0.4 = it lacks a full stop, which most others may lack as well."""
    start: int


def ending(answer: str) -> Ending | None:
    """Say how an answer ends, if not as answers end; None for all that may end as it does.

    Short answers, numbers, lists, verse, code, tables, headings, signatures and scripts without
    full stops may end without one.

    Args:
        answer: What was answered.

    >>> ending("The committee met on Tuesday and decided, after a long talk, to give all the").what
    'ends in “the”'
    >>> ending("Paris") is None
    True
    """
    text = answer.rstrip()
    fence = _open_fence(text)
    if fence is not None:
        return Ending("ends inside a code block", 0.9, fence)
    if len(text) < _SHORT or not _OPEN_END.match(text[-1]) or unspaced(text[-1]):
        return None
    line_start = text.rfind("\n") + 1
    line = text[line_start:]
    if not is_prose(text, line):
        return _dangling(text) if _is_long_item(line) else None
    bracket = _open_bracket(line)
    if bracket is not None:
        return Ending("leaves a bracket open", 0.8, line_start + bracket)
    found_dangling = _dangling(text)
    if found_dangling:
        return found_dangling
    if not _OWN_STOP.search(text) or is_list(line):
        return None
    return Ending("ends without a full stop", 0.4, len(text) - len(_last_word(text)))


def cut_off(rows: Rows, *, tokenizer: Tokenizer = "o200k_base") -> dict[int, Fault]:
    """Return the answers that were cut off, with what shows it.

    The log's word (`finish_reason` length) is certain. Else the ending counts (`ending`); a full
    stop that is missing counts only where at least four in five answers of the file (for the longer
    half: or of the shorter half) have one, or where the answer is exactly as long, in characters
    or tokens, as many others.

    Args:
        rows: The rows; files are judged apart.
        tokenizer: In which tokens lengths are compared.
    """
    return _faults(rows, tokenizer)[0]


def _faults(rows: Rows, tokenizer: Tokenizer) -> tuple[dict[int, Fault], list[_Habit]]:
    faults = dict(_said_so(rows))
    ends = {row: end for row, end in _endings(rows.answer) if row not in faults}
    habits = _habits(rows, ends)
    alike = _as_long_as_others(rows, list(ends), tokenizer)
    for row, end in ends.items():
        text = rows.answer[row].as_py()
        habit = habits[rows.file[row]].of(len(text.encode()))
        fault = _weighed(text, end, habit, alike.get(row, ""))
        if fault is not None:
            faults[row] = fault
    return faults, habits


_SHORT = 60
_OPEN = r"[\p{L}\p{M}\p{N},(\[{„–—-]"
"""A last character that ends no sentence (RE2)."""
_HABIT = 0.8
_OWN_STOP = re.compile(r"(?<!\d)[.!?…][\"”’')]*\s|[。！？]")
"""An answer that has no full stop anywhere does not miss one at its end."""
_OPEN_END = re.compile(r"[^\W_]|[,(\[{„–—-]")
_CUT_REASONS = (
    *("length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "token_limit"),
    "incomplete",
)


def _open_fence(text: str) -> int | None:
    if "```" not in text and "~~~" not in text:
        return None
    fenced = blocks(text)
    return fenced[-1].start if fenced and not fenced[-1].closed else None


def _open_bracket(line: str) -> int | None:
    """Return where the last bracket of a line opens that is not closed."""
    at = line.rfind("(")
    if at < 0 or ")" in line[at:] or line[at - 1 : at] in (":", ";"):
        return None
    return at if line.count("(") > line.count(")") else None


def _is_long_item(line: str) -> bool:
    return len(line) >= _SHORT and line.count(" ") >= 8


def _dangling(text: str) -> Ending | None:
    word = _last_word(text)
    start = len(text) - len(word)
    if word in DANGLING and not text.endswith(_WHOLE):
        return Ending(f"ends in “{word}”", 0.9, start)
    if word[-1] in ",([{„" or (word[-1] in "-–—" and len(word) > 1):
        return Ending(f"ends in “{word[-20:]}”", 0.9, start)
    return None


_WHOLE = ("as such",)
"""Endings that are whole, though their last word dangles by itself."""


def _last_word(text: str) -> str:
    return text[-100:].split()[-1]


def _said_so(rows: Rows) -> Iterator[tuple[int, Fault]]:
    reasons = rows.column("finish_reason")
    hit = pc.fill_null(pc.is_in(reasons, value_set=pa.array(_CUT_REASONS, reasons.type)), False)
    for row in np.flatnonzero(hit.to_numpy(zero_copy_only=False)):
        text = rows.answer[int(row)].as_py()
        if text is not None:
            says = f"was cut off: its log says so (finish reason {reasons[int(row)].as_py()})"
            yield int(row), Fault(says=says, spans=_tail(text, len(text) - 20))


def _tail(text: str, start: int) -> tuple[tuple[int, int], ...]:
    end = len(text.rstrip())
    return ((max(min(start, end - 1), 0), end),) if end else ()


def _endings(answers: pa.Array) -> Iterator[tuple[int, Ending]]:
    for row, text in taken(_suspects(answers), answers):
        end = ending(text)
        if end is not None:
            yield row, end


def _suspects(answers: pa.Array) -> Ints:
    """Return the rows that end as prose does not, or hold a fence."""
    tails = _last_characters(answers)
    long = pc.greater_equal(pc.binary_length(answers), _SHORT)
    open_end = pc.and_(pc.match_substring_regex(tails, _OPEN), long)
    suspect = pc.fill_null(pc.or_(open_end, pc.match_substring(answers, "```")), False)
    return np.flatnonzero(suspect.to_numpy(zero_copy_only=False))


class _Habit(NamedTuple):
    ends: float
    """Share of the longer answers of a file that ends with a mark."""
    short_ends: float
    """The same of the shorter half of these: where a limit cuts the long ones, these say it."""
    median: float
    """Bytes."""

    def of(self, length: int) -> float:
        """Return which share of the answers to hold one of this length against ends with a mark."""
        return max(self.ends, self.short_ends) if length > self.median else self.ends


def _habits(rows: Rows, ends: Mapping[int, Ending]) -> list[_Habit]:
    """Return how the answers of each file end, but those that need no full stop."""
    length = pc.fill_null(pc.binary_length(rows.answer), 0).to_numpy(zero_copy_only=False)
    counts, openly = length >= _SHORT, np.zeros(len(rows), np.bool_)
    counts[matching(_last_characters(rows.answer), _OPEN)] = False
    openly[list(ends)] = True
    counts |= openly & (length >= _SHORT)
    files = (counts & (rows.file == file) for file in range(len(rows.files)))
    return [_habit(length[at], openly[at]) for at in files]


def _habit(length: npt.NDArray[Any], openly: npt.NDArray[np.bool_]) -> _Habit:
    if not len(length):
        return _Habit(float("nan"), float("nan"), float("nan"))
    median = float(np.median(length))
    short = openly[length <= median]
    return _Habit(1 - float(openly.mean()), 1 - float(short.mean()), median)


def _last_characters(texts: pa.Array) -> pa.Array:
    return pc.utf8_slice_codeunits(pc.utf8_rtrim_whitespace(texts), -1)


def _as_long_as_others(rows: Rows, suspects: list[int], tokenizer: Tokenizer) -> dict[int, str]:
    """Say of suspects that are exactly as long as many others of them, how long they are."""
    if len(suspects) < _PILE:
        return {}
    texts = [text for _, text in taken(np.array(suspects, np.int64), rows.answer)]
    kept, first = np.unique(np.array(texts, dtype=object), return_index=True)
    distinct = np.zeros(len(texts), np.bool_)
    distinct[first] = True
    characters = np.array([len(text) for text in texts])
    out = dict(_piled(suspects, characters, distinct, "characters"))
    if len(kept) <= _MOST_COUNTED:
        tokens = count((text[:_LONGEST] for text in texts), tokenizer=tokenizer)
        out.update(_piled(suspects, tokens, distinct, "tokens"))
    return out


_PILE, _MOST_COUNTED, _LONGEST = 10, 5000, 50_000


def _piled(
    suspects: list[int], lengths: Ints, distinct: npt.NDArray[np.bool_], unit: str
) -> Iterator[tuple[int, str]]:
    """Give the rows at a length that 10 have, and 10 times as many as lengths near it."""
    values, times = np.unique(lengths[distinct], return_counts=True)
    for value, n in zip(values, times, strict=True):
        near = times[(abs(values - value) <= 10) & (values != value)].sum() / 20
        if n >= _PILE and n >= 10 * max(near, 0.5):
            for at in np.flatnonzero(lengths == value):
                yield suspects[at], f"{value} {unit}, as {n - 1} others that end openly are"


def _weighed(text: str, end: Ending, habit: float, alike: str) -> Fault | None:
    score, says = end.score, f"seems cut off: it {end.what}"
    if alike:
        score, says = max(score, 0.95), f"{says}, and is {alike}"
    elif score < 0.5 and habit >= _HABIT:
        score, says = 0.4 + 0.4 * habit, f"{says}, though {habit:.0%} of the others have one"
    return Fault(says=says, spans=_tail(text, end.start), score=score) if score >= 0.5 else None


def _run(rows: Rows, context: Context) -> Found:
    least = context.threshold(CHECK)
    advice = "drop it, or have it written to its end"
    faults, habits = _faults(rows, context.tokenizer)
    findings: list[Finding] = [
        finding(CHECK, row, "answer", fault, advice)
        for row, fault in faults.items()
        if fault.score >= least
    ]
    rejected: Field = "rejected"
    for row, end in _endings(rows.rejected):
        if end.score >= least and end.score > 0.5:
            spans = _tail(rows.rejected[row].as_py(), end.start)
            fault = Fault(says=f"seems cut off: it {end.what}", spans=spans, score=end.score)
            findings.append(finding(CHECK, row, rejected, fault, ""))
    named = zip(rows.files, habits, strict=True)
    figures = {"end_with_a_mark": {name: h.ends for name, h in named if h.ends == h.ends}}
    return found(CHECK, findings, looked_at=int(rows.has_answer.sum()), figures=figures)


CHECK = Check(
    name="truncated",
    family="quality",
    about="Answers that were cut off, by what the log says or by how they end.",
    severity="warning",
    threshold=0.5,
    means="1 = the log says so, 0.95 = cut at the length of many others, 0.8 to 0.9 = cannot end "
    "so, less = no full stop where most have one; at or above is flagged",
    run=_run,
)
