"""When an item counts as met in a text, and in which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.checks.contamination.items import LONG, SHORT
from curate.measure.containment import Items, Overlaps

__all__ = [
    "KINDS",
    "THRESHOLD",
    "Hits",
    "Kind",
    "apart",
    "joined_hits",
    "judged_hits",
    "plain_words",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Kind = Literal["verbatim", "numbers changed", "order changed", "words changed", "in part"]

THRESHOLD = 0.6
"""Chosen on HumanEval, Arena-Hard, TruthfulQA's questions and half of MMLU-Redux's subjects."""
KINDS: tuple[Kind, ...] = (
    "verbatim",
    "numbers changed",
    "order changed",
    "words changed",
    "in part",
)
_ALONE = 5
"""An item of fewer words must stand by itself."""
_LEAST_FUZZY = 4
"""Words of an item, one of which may differ where it stands by itself."""
_PARTIAL = 2 / 3
"""Of the threshold: enough where a long run is shared word for word."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Texts with the parts of benchmarks that stand in them, one place each."""

    texts: Ints
    parts: Ints
    scores: Floats
    kinds: npt.NDArray[np.int8]
    """Index into `KINDS`."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, which: Ints | Flags) -> Hits:
        """Return some of them."""
        return Hits(self.texts[which], self.parts[which], self.scores[which], self.kinds[which])


def joined_hits(found: Sequence[Hits]) -> Hits:
    """Return hits one after the other."""
    none = Hits(np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0, np.int8))
    every = [none, *found]
    return Hits(
        np.concatenate([hits.texts for hits in every]),
        np.concatenate([hits.parts for hits in every]),
        np.concatenate([hits.scores for hits in every]),
        np.concatenate([hits.kinds for hits in every]),
    )


def plain_words(items: Items) -> Ints:
    """Return how many words each item has, bare numbers aside."""
    item = np.repeat(np.arange(len(items)), np.diff(items.tokens.offsets))
    return np.bincount(item[~items.numbers], minlength=len(items)).astype(np.int64)


def judged_hits(
    pairs: Overlaps,
    texts: npt.NDArray[np.integer],
    items: Items,
    answers: Flags,
    threshold: float,
) -> tuple[Hits, Floats]:
    """Return the pairs that count, and their facts.

    Args:
        pairs: Texts and items with what they have in common.
        texts: How the text of each pair is to be numbered.
        items: The index of the items.
        answers: Which items are answers.
        threshold: Least containment.
    """
    n = np.diff(items.tokens.offsets)[pairs.items]
    plain = plain_words(items)[pairs.items]
    exact = (pairs.same == n) & (pairs.in_place == n)
    scores = np.where(exact, 1.0, pairs.scores)
    kinds = _kinds(pairs, n, exact)
    enough = np.where(
        answers[pairs.items],
        _enough_of_answer(pairs, plain, scores, threshold),
        _enough_of_question(pairs, plain, scores, kinds, threshold),
    )
    met = np.where(plain < SHORT, _enough_of_short(pairs, n, exact, scores, threshold), enough)
    at = np.flatnonzero(met)
    hits = Hits(texts[at].astype(np.int64), pairs.items[at].astype(np.int64), scores[at], kinds[at])
    return hits, pairs.facts[at]


def _enough_of_question(
    pairs: Overlaps, plain: Ints, scores: Floats, kinds: npt.NDArray[np.int8], threshold: float
) -> Flags:
    """Say which questions are there: most of their weight, or less with a long run.

    Of a question under `LONG` words no large piece may be missing: the rest is a phrase.
    """
    whole = (plain >= LONG) | (kinds != KINDS.index("in part"))
    long_run = (scores >= _PARTIAL * threshold) & (pairs.run >= _long_run(plain))
    enough: Flags = whole & ((scores >= threshold) | long_run)
    return enough


def _enough_of_answer(pairs: Overlaps, plain: Ints, scores: Floats, threshold: float) -> Flags:
    """Say which answers are there: all but a little, with a long run.

    Answers follow from their questions by formulas that other answers follow too.
    """
    enough: Flags = (scores >= (1 + threshold) / 2) & (pairs.run >= _long_run(plain))
    return enough


def _enough_of_short(
    pairs: Overlaps, n: Ints, exact: Flags, scores: Floats, threshold: float
) -> Flags:
    """Say which short items are there: whole, or by themselves but for one word."""
    whole = exact & ((n >= _ALONE) | pairs.alone)
    but_one = pairs.alone & (n >= _LEAST_FUZZY) & (pairs.same >= n - 1)
    enough: Flags = whole | (but_one & (pairs.in_place == pairs.same) & (scores >= threshold))
    return enough


def apart(hits: Hits, facts: Floats, owners: Ints) -> Flags:
    """Say which hits stay: of what meets in one place of a text the item that covers most.

    What an item covers counts by its score, so that an item that is there whole goes before a
    longer one that is there nearly. Of one item's parts that which is not merely there in part
    stays, then that which covers most.

    Args:
        hits: By text.
        facts: Of each hit.
        owners: Benchmark and row of each part, shape (n_parts, 2); benchmarks do not compete.
    """
    stay = np.ones(len(hits), np.bool_)
    bounds = np.flatnonzero(np.diff(hits.texts, prepend=-1, append=-1))
    sizes = np.diff(bounds)
    for first, size in zip(bounds[:-1][sizes > 1], sizes[sizes > 1], strict=True):
        _clear(stay, range(int(first), int(first + size)), hits, facts, owners)
    return stay


def _clear(stay: Flags, rows: range, hits: Hits, facts: Floats, owners: Ints) -> None:
    of = {k: (int(owners[hits.parts[k], 0]), int(owners[hits.parts[k], 1])) for k in rows}
    cover = {k: (-round(facts[k, 0] * hits.scores[k], 6), -float(facts[k, 6])) for k in rows}
    best: dict[tuple[int, int], tuple[float, float]] = {}
    for k in rows:
        best[of[k]] = min(best.get(of[k], cover[k]), cover[k])
    partly = KINDS.index("in part")
    taken: dict[int, list[tuple[float, float]]] = {}
    for k in sorted(rows, key=lambda k: (best[of[k]], of[k], hits.kinds[k] == partly, cover[k])):
        low, high = facts[k, 3], facts[k, 4] + 1
        over = taken.setdefault(of[k][0], [])
        if any(min(high, b) - max(low, a) > (high - low) / 2 for a, b in over):
            stay[k] = False
        else:
            over.append((low, high))


def _long_run(n_words: Ints) -> Ints:
    """Return how long a run must be for an item of so many words: a third of it, 8 to 13.

    >>> _long_run(np.array([9, 30, 100])).tolist()
    [8, 10, 13]
    """
    return np.clip(n_words // 3, 8, 13)


def _kinds(pairs: Overlaps, n: Ints, exact: Flags) -> npt.NDArray[np.int8]:
    cases = [
        exact,
        (pairs.in_place == n) & (pairs.same < n),
        pairs.gap >= np.maximum(_GAP * n, 2),
        ~pairs.ordered,
    ]
    names = ("verbatim", "numbers changed", "in part", "order changed")
    numbers = [KINDS.index(name) for name in names]
    return np.select(cases, numbers, KINDS.index("words changed")).astype(np.int8)


_GAP = 0.3
"""Share of an item's words that are missing in one piece, for it to be there in part."""
