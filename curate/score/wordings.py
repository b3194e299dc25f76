"""From completions to the distinct answers that are judged for entailment, and back.

Two completions are one answer where `answers` reads the same text out of both; the shortest
wording is the one that is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import tokens
from curate.score.answers import said
from curate.score.committee import Seats
from curate.score.entailing import Distinct, Judge, settle, short_first
from curate.score.reading import Read

__all__ = ["LONGEST", "Questions", "by_entailment"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Wordings = Mapping[float, str]
Questions = Callable[[Ints], list[str]]
"""From rows of the seats to what their prompts ask."""

LONGEST = 512
"""Answers of more tokens are not judged: models of inference do not read further."""


def by_entailment(
    read: Read, seated: Seats, tokenizer: tokens.Tokenizer, questions: Questions, judge: Judge
) -> tuple[Floats, dict[int, str]]:
    """Group the answers to each prompt by a judge of entailment.

    Args:
        read: What completions say.
        seated: Which of them stand side by side.
        tokenizer: Counts the tokens that `LONGEST` limits.
        questions: Asked only for prompts with several distinct answers.
        judge: Asked only for distinct answers to one prompt.

    Returns:
        Votes laid out as the seats, NaN = in no group; and for each answer that could be read but
        is in no group, the reason.
    """
    votes = seated.spread(read.codes)
    why: dict[int, str] = {}
    for rows in _chunks(votes):
        answers, codes = seated.answers[rows], votes[rows]
        wordings = [_wordings(read.texts, *row) for row in zip(answers, codes, strict=True)]
        too_long = _too_long(wordings, tokenizer)
        prompts = [
            Distinct(question, short_first([t for t in texts.values() if t not in too_long]))
            for question, texts in zip(questions(rows), wordings, strict=True)
        ]
        groups, reasons = _groups(prompts, judge)
        for i, row in enumerate(rows.tolist()):
            for column in np.flatnonzero(~np.isnan(codes[i])).tolist():
                text = wordings[i][codes[i, column]]
                votes[row, column] = groups[i].get(text, np.nan)
                if text not in groups[i]:
                    why[int(answers[i, column])] = reasons[i].get(text, _TOO_LONG)
    return votes, why


_CELLS = 400_000
"""How many pairs of answers are held at once."""
_ROWS = 2_000
"""How many prompts are Python objects at once."""
_TOO_LONG = f"longer than {LONGEST} tokens, so not compared by entailment"


def _chunks(votes: Floats) -> Iterator[Ints]:
    """Give the rows with several distinct answers, a bounded number of pairs at a time."""
    ordered = np.sort(votes, axis=1)
    changes = (ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, 1:])
    n_changes = changes.sum(axis=1)
    several = np.flatnonzero(n_changes > 0)
    step = min(_ROWS, max(1, _CELLS // (1 + int(n_changes.max(initial=0))) ** 2))
    yield from (several[start : start + step] for start in range(0, len(several), step))


def _wordings(texts: pa.Array, answers: Ints, codes: Floats) -> Wordings:
    """Return the shortest wording of each distinct answer to a prompt."""
    there = ~np.isnan(codes)
    worded = [said(text) for text in texts.take(pa.array(answers[there])).to_pylist()]
    of_code: dict[float, list[str]] = {}
    for code, text in zip(codes[there].tolist(), worded, strict=True):
        of_code.setdefault(code, []).append(text)
    return {code: short_first(list(set(found)))[0] for code, found in of_code.items()}


def _too_long(wordings: Sequence[Wordings], tokenizer: tokens.Tokenizer) -> set[str]:
    texts = sorted({text for row in wordings for text in row.values()})
    lengths = tokens.count(texts, tokenizer=tokenizer)
    return {text for text, n in zip(texts, lengths.tolist(), strict=True) if n > LONGEST}


def _groups(
    prompts: Sequence[Distinct], judge: Judge
) -> tuple[list[dict[str, float]], list[dict[str, str]]]:
    """Return the group of each wording, and why it has none, prompt by prompt."""
    found = settle(prompts, judge)
    groups: list[dict[str, float]] = []
    reasons: list[dict[str, str]] = []
    for i, prompt in enumerate(prompts):
        row = zip(prompt.answers, found.groups[i], strict=False)
        groups.append({text: float(group) for text, group in row if not np.isnan(group)})
        lost = {text: found.why.get((i, a)) for a, text in enumerate(prompt.answers)}
        reasons.append({text: reason for text, reason in lost.items() if reason})
    return groups, reasons
