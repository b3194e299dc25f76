"""Which answers to a prompt say the same, by asking whether one implies the other.

In: the distinct answers to each prompt, and a judge of statements. Out: the group of each answer.
A judge is a language model (`judges.AskedJudge`) or a cross-encoder (`judges.EncoderJudge`).

Answers are taken from the shortest to the longest (then by the hash of what they say), so that
groups do not depend on the order in which answers came. One is compared with the first member of
each group only, and backward only if forward holds: answers in k groups cost at most 2k
statements each, and identical answers none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from curate.measure.entailment import cluster_entailed, equivalent
from curate.records import digest

__all__ = ["Distinct", "Judge", "Judgement", "Settled", "Statement", "settle", "short_first"]

Floats = npt.NDArray[np.float64]
Cell = tuple[int, int, int]


class Statement(NamedTuple):
    """That, as answers to the question, the premise implies the hypothesis."""

    question: str
    premise: str
    hypothesis: str


class Judgement(NamedTuple):
    """How likely a statement holds; NaN where it could not be told, with the reason."""

    entailment: float
    contradiction: float = 0.0
    why: str | None = None

    @classmethod
    def unknown(cls, why: str) -> Judgement:
        """Return that a statement could not be judged."""
        return cls(float("nan"), float("nan"), why)


class Judge(Protocol):
    """Whatever tells whether statements hold."""

    def __call__(self, statements: Sequence[Statement]) -> Sequence[Judgement]:
        """Give one judgement a statement, in their order."""
        ...


class Distinct(NamedTuple):
    """The distinct answers to one prompt."""

    question: str
    answers: Sequence[str]
    """In the order in which they are to be taken; see `short_first`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Which answers say the same."""

    groups: Floats
    """Shape (n_prompts, most answers), NaN = in none."""
    why: dict[tuple[int, int], str]
    """Prompt and answer that is in no group: the reason."""


def short_first(answers: Sequence[str]) -> list[str]:
    """Return answers from the shortest to the longest, then by the hash of their content.

    >>> short_first(["It is the Nile.", "the Nile", "Nile"])
    ['Nile', 'the Nile', 'It is the Nile.']
    """
    return sorted(answers, key=lambda answer: (len(answer), digest(answer)))


def settle(prompts: Sequence[Distinct], judge: Judge) -> Settled:
    """Group each prompt's distinct answers by entailment in both directions.

    Args:
        prompts: No two answers of one prompt are the same text.
        judge: Asked for all prompts at once, round by round, until every answer has its group
            or cannot be told apart from one before it because a statement could not be judged.
    """
    work = _Work(prompts)
    while cells := work.open_cells():
        said = judge([work.statement(cell) for cell in cells])
        for cell, judgement in zip(cells, said, strict=True):
            work.note(cell, judgement)
    return work.settled()


class _Work:
    """What is known of who implies whom."""

    def __init__(self, prompts: Sequence[Distinct]) -> None:
        sizes = np.array([len(prompt.answers) for prompt in prompts], dtype=np.int64)
        size = int(sizes.max(initial=0))
        self._prompts = prompts
        self._there = np.arange(size) < sizes[:, None]
        self._entailment = np.full((len(sizes), size, size), np.nan)
        self._contradiction = np.full((len(sizes), size, size), np.nan)
        self._asked = np.broadcast_to(np.eye(size, dtype=bool), self._entailment.shape).copy()
        self._why: dict[int, list[tuple[Cell, str]]] = {}

    def open_cells(self) -> list[Cell]:
        """Return what to ask next: of each answer without a group, against each first member."""
        groups, same = self._groups(), self._same()
        found: list[Cell] = []
        for i, a in np.argwhere(self._there & np.isnan(groups)).tolist():
            leaders = [b for b in _first_members(groups[i]) if b < a and np.isnan(same[i, b, a])]
            found += [cell for b in leaders for cell in self._next(i, b, a)]
        return found

    def statement(self, cell: Cell) -> Statement:
        """Return what a cell asks."""
        i, premise, hypothesis = cell
        prompt = self._prompts[i]
        return Statement(prompt.question, prompt.answers[premise], prompt.answers[hypothesis])

    def note(self, cell: Cell, judgement: Judgement) -> None:
        """Keep what was said of a cell."""
        self._asked[cell] = True
        self._entailment[cell] = judgement.entailment
        self._contradiction[cell] = judgement.contradiction
        if judgement.why:
            self._why.setdefault(cell[0], []).append((cell, judgement.why))

    def settled(self) -> Settled:
        """Return the groups, and why an answer has none."""
        groups = self._groups()
        lost = np.argwhere(self._there & np.isnan(groups)).tolist()
        return Settled(groups=groups, why={(i, a): self._reason(i, a) for i, a in lost})

    def _same(self) -> Floats:
        return equivalent(self._entailment, self._contradiction)

    def _groups(self) -> Floats:
        return cluster_entailed(self._entailment, self._contradiction, there=self._there)

    def _next(self, i: int, b: int, a: int) -> list[Cell]:
        """Forward first; backward once forward is known not to rule it out, or cannot be told."""
        return [cell for cell in ((i, b, a), (i, a, b)) if not self._asked[cell]][:1]

    def _reason(self, i: int, a: int) -> str:
        said = [why for cell, why in self._why.get(i, ()) if a in cell[1:]]
        return min(said, default="it could not be compared with an answer that is in no group")


def _first_members(groups: Floats) -> list[int]:
    """Return the first member of each group, by column."""
    numbers, first = np.unique(groups[~np.isnan(groups)], return_index=True)
    columns = np.flatnonzero(~np.isnan(groups))
    return [int(columns[n]) for n in first[: len(numbers)]]
