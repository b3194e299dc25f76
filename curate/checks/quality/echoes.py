"""Answers that say the prompt over again."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pyarrow as pa

from curate.checks.check import Check, Context, Found
from curate.checks.quality.judging import Fault, Ints, bytes_of, finding, found, taken
from curate.checks.rows import Rows
from curate.records import Finding

__all__ = ["CHECK", "echo"]

_FEWEST = 8
"""Words of a prompt that may be echoed: "Paris." after "Paris?" is an answer."""


def echo(answer: str, prompt: str) -> Fault | None:
    """Say whether an answer repeats the whole of its prompt, word by word or nearly.

    A text that was to be corrected or shortened comes back without its instruction, and is no
    echo, nor is an answer in the words of its question. Code that goes on where the prompt ends is
    none either.

    Args:
        answer: What was answered.
        prompt: What was asked.

    >>> asked = "Tell me a tale of two cities that never slept!"
    >>> echo(asked.upper(), asked).says
    'repeats the prompt'
    """
    asked, said = _words(prompt), list(_WORD.finditer(answer))
    if len(asked) < _FEWEST or _TO_REPEAT.search(prompt):
        return None
    spoken = [word[0].lower() for word in said]
    if spoken[: len(asked)] == asked:
        rest = len(answer) - said[len(asked) - 1].end()
        span = (said[0].start(), said[len(asked) - 1].end())
        if rest < 4:
            return Fault(says="repeats the prompt", spans=(span,))
        if _CODE.search(prompt):
            return None
        return Fault(
            says="begins with the whole prompt, and then answers", spans=(span,), score=0.6
        )
    covered, repeated = _overlap(asked, spoken)
    if min(covered, repeated) < _NEARLY or _answers(answer, prompt):
        return None
    score = 0.9 * min(covered, repeated)
    return Fault(says="repeats the prompt nearly", spans=((0, len(answer)),), score=score)


_WORD = re.compile(r"[^\W_\u2e80-\U0010ffff]+|[\u2e80-\U0010ffff]")
_TO_REPEAT = re.compile(r"(?i)\brepeat|\bverbatim\b|\becho\b|\bcopy\b|\bretype\b|word for word")
_CODE = re.compile(r"```|(?m:^\s*(?:def|class|import|from|function|public|#include|SELECT)\b)")
_NEARLY = 0.9


def _answers(answer: str, prompt: str) -> bool:
    """Return whether a question came back as a statement: "Which film is …?", "Psycho is …"."""
    return _QUESTION.search(prompt) is not None and _QUESTION.search(answer) is None


_QUESTION = re.compile("[?？؟]")


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _overlap(asked: list[str], spoken: list[str]) -> tuple[float, float]:
    """Return which share of the prompt's pairs of words the answer has, and the reverse."""
    one = set(pairwise(asked))
    other = set(pairwise(spoken))
    both = len(one & other)
    return both / max(len(one), 1), both / max(len(other), 1)


def _run(rows: Rows, context: Context) -> Found:
    least = context.threshold(CHECK)
    findings: list[Finding] = []
    for field in ("answer", "rejected"):
        texts = getattr(rows, field)
        for row, text, prompt in taken(_alike(rows.asked, texts), texts, rows.asked):
            fault = echo(text, prompt)
            if fault is not None and fault.score >= least:
                findings.append(finding(CHECK, row, field, fault, _ADVICE))
    return found(CHECK, findings, looked_at=int(rows.has_answer.sum()))


_ADVICE = "drop it, or cut the prompt off its beginning"


def _alike(prompts: pa.Array, answers: pa.Array) -> Ints:
    """Return the rows whose answer begins as the prompt does, or has most of its words."""
    if answers.null_count == len(answers):
        return np.zeros(0, np.int64)
    from curate.checks.quality._echo_loops import shared_words

    asked, asked_starts = bytes_of(prompts)
    said, said_starts = bytes_of(answers)
    share = np.zeros(len(answers), np.float32)
    shared_words(asked, asked_starts, said, said_starts, share)
    return np.flatnonzero(share >= 0.8)


CHECK = Check(
    name="echoes",
    family="quality",
    about="Answers that repeat the whole prompt, word by word or nearly.",
    severity="warning",
    threshold=0.5,
    means="1 = nothing but the prompt, 0.6 = the prompt and then an answer; at or above is flagged",
    run=_run,
    by_row=True,
)
