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
Placed = tuple[float, str]
"""A group, and why there is none."""
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
        judged = _judged(wordings, questions(rows), tokenizer, judge)
        votes[rows], reasons = _placed(answers, codes, wordings, judged)
        why |= reasons
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


def _judged(
    wordings: Sequence[Wordings],
    questions: Sequence[str],
    tokenizer: tokens.Tokenizer,
    judge: Judge,
) -> list[dict[str, Placed]]:
    """Return the group of each wording, prompt by prompt, or why it has none."""
    too_long = _too_long(wordings, tokenizer)
    prompts = [
        Distinct(question, short_first([text for text in row.values() if text not in too_long]))
        for question, row in zip(questions, wordings, strict=True)
    ]
    found = settle(prompts, judge)
    placed = [dict.fromkeys(row.values(), (np.nan, _TOO_LONG)) for row in wordings]
    for i, prompt in enumerate(prompts):
        for a, text in enumerate(prompt.answers):
            placed[i][text] = (float(found.groups[i, a]), found.why.get((i, a), ""))
    return placed


def _placed(
    answers: Ints,
    codes: Floats,
    wordings: Sequence[Wordings],
    judged: Sequence[Mapping[str, Placed]],
) -> tuple[Floats, dict[int, str]]:
    """Bring groups of wordings back to the answers, laid out as they came."""
    votes, why = np.full(codes.shape, np.nan), {}
    for i, column in np.argwhere(~np.isnan(codes)).tolist():
        votes[i, column], reason = judged[i][wordings[i][codes[i, column]]]
        if reason:
            why[int(answers[i, column])] = reason
    return votes, why
