"""What of a benchmark is looked for: its questions, their stems without options, long answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.checks.check import Beside

__all__ = ["LONG", "SHORT", "Part", "lines_of", "parts", "questions"]

Side = Literal["question", "stem", "turn", "answer"]

SHORT = 8
"""An item of fewer words, numbers aside, must be met as a whole."""
LONG = 13
"""Words that an answer must have to be looked for by itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """A text of a benchmark that is looked for."""

    text: str
    benchmark: int
    row: int
    """Of the benchmark."""
    side: Side


def parts(benchmarks: Sequence[Beside]) -> list[Part]:
    """Return the texts to look for.

    Of a chat each user turn is looked for by itself (the first one, and later ones of `SHORT`
    words), unless it opens many items, as worked examples do. A multiple-choice question is looked
    for with its options and, where it is long enough, without. An answer is looked for where it has
    `LONG` words.
    """
    found: list[Part] = []
    for number, benchmark in enumerate(benchmarks):
        asked = _asked(benchmark)
        for row, (turns, answer) in enumerate(zip(asked, _cells(benchmark), strict=True)):
            found += [Part(t, number, row, "turn" if k else "question") for k, t in turns]
            found += [Part(stem, number, row, "stem") for _, turn in turns for stem in _stem(turn)]
            if answer and _n_words(answer) >= LONG:
                found.append(Part(answer, number, row, "answer"))
    return found


def questions(texts: Sequence[str]) -> list[Part]:
    r"""Return plain texts as parts of one benchmark, with the stems of those that have options.

    >>> [part.side for part in questions(["Which of these many metals is liquid at room "
    ...     "temperature?\nA. iron\nB. mercury"])]
    ['question', 'stem']
    """
    whole = [Part(text, 0, row, "question") for row, text in enumerate(texts)]
    stems = [Part(s, 0, row, "stem") for row, text in enumerate(texts) for s in _stem(text)]
    return whole + stems


def lines_of(data: bytes, begin: int, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return the line of each word of an item, counted from 1; 0 for the label of an option.

    A line ends where the text has a line break or the label of an option (``(b)``, ``C.``).
    An item of a single line has none: 0 throughout.

    Args:
        data: UTF-8 bytes of the item.
        begin: Where they stand in what `starts` counts in.
        starts: First byte of each word.
    """
    marks = list(_MARK.finditer(data))
    if not marks:
        return np.zeros(len(starts), np.int32)
    bounds = np.array([mark.start() for mark in marks])
    lines = np.searchsorted(bounds, starts - begin, side="right").astype(np.int32) + 1
    for mark in marks:
        label = (starts - begin >= mark.start()) & (starts - begin < mark.end())
        lines[label] = 0
    return lines


_LABEL = rb"(?:(?<=\s)|\A)[(\[]?(?:[A-Ha-h]|\d{1,2})[)\].:](?=\s)"
_MARK = re.compile(_LABEL + rb"|\n")
_OPTION = re.compile(_LABEL.decode())


def _stem(text: str) -> Iterator[str]:
    labels = list(_OPTION.finditer(text))
    if len(labels) > 1 and _n_words(stem := text[: labels[0].start()].strip()) >= SHORT:
        yield stem


def _cells(benchmark: Beside) -> list[str | None]:
    cells: list[str | None] = benchmark.rows.answer.to_pylist()
    return cells


def _asked(benchmark: Beside) -> list[list[tuple[int, str]]]:
    """Return each row's user turns with their numbers, those that open many rows left out."""
    rows = benchmark.rows
    cells = zip(
        rows.prompt.to_pylist(), rows.asked.to_pylist(), rows.turns.to_pylist(), strict=True
    )
    asked = [_turns(*cell) for cell in cells]
    opens = Counter(turn for turns in asked if len(turns) > 1 for _, turn in turns)
    most = max(_FEW, len(asked) // 20)
    return [[t for t in turns if opens[t[1]] <= most] or turns[-1:] for turns in asked]


_FEW = 3


def _turns(prompt: str | None, asked: str | None, turns: Any) -> list[tuple[int, str]]:
    said = [
        (prompt or "")[turn["start"] : turn["end"]]
        for turn in turns or ()
        if turn["role"] == "user"
    ]
    if len(said) < 2:
        said = [asked or prompt or ""]
    kept = [(k, text) for k, text in enumerate(said) if not k or _n_words(text) >= SHORT]
    return [(k, text) for k, text in kept if _n_words(text)]


def _n_words(text: str) -> int:
    return sum(not word.isdecimal() for word in _WORD.findall(text))


_WORD = re.compile(r"\w+|[^\w\s\x00-\x7f]")
