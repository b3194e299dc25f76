"""Rows of two answers and which is preferred."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from curate.errors import InputError
from curate.ingest.readers.pairs import vote_of
from curate.records import digest
from curate.simulate.class_rows import group_of, split_of
from curate.simulate.labelled import PairRows
from curate.simulate.rows import Columns, Met, Row, first_of, found, words

__all__ = ["is_pair", "pair_rows"]

Json = Any
Pair = tuple[Row, str, str, str, list[int]]

_PROMPTS = ("prompt", "instruction", "question", "input", "source", "topic", "messages")
_SIDES = (
    ("response_a", "response_b"),
    ("answer_a", "answer_b"),
    ("completion_a", "completion_b"),
    ("output_a", "output_b"),
    ("response1", "response2"),
    ("response_1", "response_2"),
    ("response_0", "response_1"),
    ("output_1", "output_2"),
)
_WINNERS = ("winner", "preference", "human_gold", "gold", "label", "choice", "preferred", "vote")
_CODE = {"a": 0, "b": 1, "tie": 2, "both_bad": 2}


def is_pair(row: Row, columns: Columns) -> bool:
    """Say whether a row has two answers and what was preferred."""
    return isinstance(_read(row, columns), tuple)


def pair_rows(met: Met, columns: Columns) -> tuple[PairRows, Counter[str]]:
    """Return the rows that have two answers and an outcome, and why others were left out.

    Sides are exchanged by lot (by a row's content), so that no order tells the outcome.

    Raises:
        InputError: If none has.
    """
    rejected: Counter[str] = Counter()
    kept: list[Pair] = []
    for row in met.rows:
        pair = _read(row, columns)
        if isinstance(pair, str):
            rejected[pair] += 1
        else:
            kept.append(_shuffled(pair))
    if not kept:
        raise InputError(
            f"{met.name}: no row has two answers and what was preferred; columns found: "
            f"{found(met.rows)}; name the outcome with --label"
        )
    votes = np.array([np.bincount(pair[4], minlength=3) for pair in kept], np.float64)
    data = PairRows(
        prompts=[prompt for _, prompt, *_ in kept],
        a=[a for _, _, a, _, _ in kept],
        b=[b for *_, b, _ in kept],
        outcomes=[_settled(pair[4]) for pair in kept],
        groups=[group_of(row, columns, prompt or f"{a}{b}") for row, prompt, a, b, _ in kept],
        split=[split_of(row) for row, *_ in kept],
        votes=votes if (votes.sum(axis=1) > 1).any() else None,
    )
    return data, rejected


def _read(row: Row, columns: Columns) -> Pair | str:
    prompt = _prompt(row, columns)
    if row.get("chosen") is not None and row.get("rejected") is not None:
        chosen, rejected = words(row["chosen"]), words(row["rejected"])
        return (row, prompt, chosen, rejected, [0]) if chosen and rejected else "an empty answer"
    sides = next((s for s in _SIDES if s[0] in row and s[1] in row), None)
    if sides is None:
        return "no two answers side by side"
    a, b = (words(row[side]) for side in sides)
    if not a or not b:
        return "an empty answer"
    votes = _votes(row, columns)
    return (row, prompt, a, b, votes) if votes else "no outcome"


def _prompt(row: Row, columns: Columns) -> str:
    name = first_of(row, [columns.prompt] if columns.prompt else _PROMPTS)
    if not name:
        return ""
    asked = words(row[name], prompt=True)
    extra = row.get("input") if name == "instruction" else None
    return f"{asked}\n{extra}" if isinstance(extra, str) and extra else asked


def _votes(row: Row, columns: Columns) -> list[int]:
    """Return everybody's vote as 0 = a, 1 = b, 2 = tie, or the one outcome there is."""
    votes = row.get("votes")
    if isinstance(votes, dict):
        votes = list(votes.values())
    if columns.label is None and isinstance(votes, list):
        said = [v.get("vote") if isinstance(v, dict) else v for v in votes]
        known = [_CODE[w] for v in said if (w := vote_of(v)) is not None]
        if known:
            return known
    names = (columns.label,) if columns.label else _WINNERS
    model_a = row.get("model_a")
    first_is = model_a if isinstance(model_a, str) else ""
    found = (vote_of(row.get(n), first_is) or _named(row, row.get(n)) for n in names)
    return [_CODE[word] for word in found if word is not None][:1]


def _named(row: Row, value: Json) -> str | None:
    model_b = row.get("model_b")
    return "b" if isinstance(model_b, str) and value == model_b else None


def _settled(votes: list[int]) -> int:
    """Return what most said; a tie where two are said equally often."""
    counts = np.bincount(votes, minlength=3)
    best = np.flatnonzero(counts == counts.max())
    return int(best[0]) if len(best) == 1 else 2


def _shuffled(pair: Pair) -> Pair:
    row, prompt, a, b, votes = pair
    if int(digest("side", a, b)[0], 16) % 2:
        return pair
    return row, prompt, b, a, [(1, 0, 2)[vote] for vote in votes]
