"""Answers that run in a loop: the same words, lines or letters over and over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Check, Context, Found
from curate.checks.evidence import joined
from curate.checks.quality.judging import Fault, Ints, bytes_of, judged, shown
from curate.checks.rows import Rows

__all__ = ["CHECK", "loop", "repeated_share"]

SIZE = 6
"""Words of a run that are held against each other."""
_FEWEST = 4
"""Times that a run must occur: a refrain comes back twice or thrice."""
_CLEARLY, _LONG = 0.95, 120
"""Share, and number of runs, from which on also what holds no letters, and code, is a loop."""


def repeated_share(texts: Sequence[str | None] | pa.Array) -> npt.NDArray[np.float32]:
    """Return which share of each text's runs of 6 words stood in it before.

    0 = says nothing twice; a loop comes close to 1. One letter 60 times over makes 1.

    Args:
        texts: None counts as empty.

    Returns:
        Shape (n_texts,).

    >>> repeated_share(["one two three four five six seven", "round and " * 99]).tolist()
    [0.0, 0.9896373152732849]
    """
    return _repeated(texts)[0]


def loop(answer: str, prompt: str = "") -> Fault | None:
    """Say whether an answer runs in a loop.

    Args:
        answer: What was answered.
        prompt: What was asked: who asks for repetition gets it.

    >>> loop("I see. " + "The cat sat on the mat again. " * 9).says
    'repeats “The cat sat on the mat again.” 9 times'
    """
    run = _LETTER.search(answer)
    if run:
        times = run.end() - run.start()
        return Fault(says=f"repeats “{run[1]}” {times} times", spans=(run.span(),), score=1.0)
    if _ASKED.search(prompt):
        return None
    words = list(_WORD.finditer(answer, 0, _MOST))
    runs = _runs([word[0].lower() for word in words])
    if not runs:
        return None
    counts = Counter(runs)
    worst, times = counts.most_common(1)[0]
    share = 1 - len(counts) / len(runs)
    if times < _FEWEST or (not _spoken(answer, worst) and not _clearly(answer, share, len(runs))):
        return None
    at = [n for n, one in enumerate(runs) if one == worst]
    period = min(b - a for a, b in pairwise(at))
    unit = answer[words[at[0]].start() : _stop(words, at[0] + period, answer)]
    spans = joined((words[n].start(), words[n + SIZE - 1].end()) for n in at[1:])
    return Fault(
        says=f"repeats “{shown(unit.strip())}” {max(times, _times(runs, period))} times",
        spans=spans[:_SPANS],
        score=share,
        note=f"{share:.0%} of it was said before",
    )


_LETTER = re.compile(r"([A-Za-z])\1{59,}")
_WORD = re.compile(r"[A-Za-z0-9\u0080-\u07ff]+|[\u0800-\U0010ffff]")
_ASKED = re.compile(
    r"(?i)\brepeat|\btimes\b.{0,40}\b(?:write|say|print)|\b(?:write|say|print|type)\b.{0,80}"
    r"\b\d+ times|wiederhol|répèt|repite|repet"
)
_MOST = 200_000
_SPANS = 200


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(words[n:] for n in range(SIZE)), strict=False)) if len(words) > SIZE else []


def _spoken(answer: str, run: tuple[str, ...]) -> bool:
    """Return whether a run is language: tables of numbers and code have their repetitions."""
    letters = sum(any(c.isalpha() for c in word) for word in run)
    return letters >= SIZE / 2 and "```" not in answer and not _CODE.search(answer)


def _clearly(answer: str, share: float, n_runs: int) -> bool:
    return share >= _CLEARLY and n_runs >= _LONG and "```" not in answer


_CODE = re.compile(
    r"(?m)^\s*(?:[{}<]|\w+\(.*\)\s*;?$|.*[;{}]\s*$|\||\"\w+\":|def |return |if .*:$)"
)


def _stop(words: list[re.Match[str]], number: int, answer: str) -> int:
    return words[number].start() if number < len(words) else len(answer)


def _times(runs: list[tuple[str, ...]], period: int) -> int:
    """Return how often the unit itself stands, where it is shorter than a run."""
    same = sum(a == b for a, b in zip(runs, runs[period:], strict=False))
    return (same + SIZE - 1) // period + 1 if period < SIZE else 0


def _repeated(
    texts: Sequence[str | None] | pa.Array,
) -> tuple[npt.NDArray[np.float32], Ints]:
    from curate.checks.quality._repeat_loops import repeated

    column = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    share, times = np.zeros(len(column), np.float32), np.zeros(len(column), np.int64)
    data, starts = bytes_of(column)
    repeated(data, starts, SIZE, share, times)
    return share, times


def _run(rows: Rows, context: Context) -> Found:
    least = context.threshold(CHECK)

    def looping(texts: pa.Array) -> Ints:
        share, times = _repeated(texts)
        return np.flatnonzero((share >= least) & (times >= _FEWEST))

    return judged(
        CHECK,
        rows,
        context,
        filter=looping,
        judge=loop,
        advice="drop it, or cut it before the loop",
    )


CHECK = Check(
    name="repetition",
    family="quality",
    about="Answers that run in a loop of words, lines or letters.",
    severity="error",
    threshold=0.3,
    means="share of an answer's runs of 6 words that stood in it before; at or above, with one run "
    "4 times over, is flagged",
    run=_run,
    by_row=True,
)
