"""When an item counts as met in a text, and in which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.checks.contamination.items import SHORT
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
    pairs: Overlaps, texts: npt.NDArray[np.integer], items: Items, threshold: float
) -> tuple[Hits, Floats]:
    """Return the pairs that count, and their facts.

    Args:
        pairs: Texts and items with what they have in common.
        texts: How the text of each pair is to be numbered.
        items: The index of the items.
        threshold: Least containment.
    """
    n = np.diff(items.tokens.offsets)[pairs.items]
    plain = plain_words(items)[pairs.items]
    exact = (pairs.same == n) & (pairs.in_place == n)
    scores = np.where(exact, 1.0, pairs.scores)
    enough = (scores >= threshold) | (
        (scores >= _PARTIAL * threshold) & (pairs.run >= _long_run(plain))
    )
    whole = exact & ((n >= _ALONE) | pairs.alone)
    all_but_one = pairs.alone & (n >= _LEAST_FUZZY) & (pairs.same >= n - 1)
    all_but_one &= (pairs.in_place == pairs.same) & (scores >= threshold)
    met = np.where(plain < SHORT, whole | all_but_one, enough)
    at = np.flatnonzero(met)
    kinds = _kinds(pairs, n, exact)
    hits = Hits(texts[at].astype(np.int64), pairs.items[at].astype(np.int64), scores[at], kinds[at])
    return hits, pairs.facts[at]


def apart(hits: Hits, facts: Floats, benchmarks: Ints) -> Flags:
    """Say which hits stay: of parts of one benchmark that meet in a text the one that covers most.

    Args:
        hits: By text.
        facts: Of each hit.
        benchmarks: Of each part.
    """
    stay = np.ones(len(hits), np.bool_)
    bounds = np.flatnonzero(np.diff(hits.texts, prepend=-1, append=-1))
    sizes = np.diff(bounds)
    for first, size in zip(bounds[:-1][sizes > 1], sizes[sizes > 1], strict=True):
        _clear(stay, int(first), int(first + size), hits, facts, benchmarks)
    return stay


def _clear(stay: Flags, first: int, last: int, hits: Hits, facts: Floats, benchmarks: Ints) -> None:
    rows = range(first, last)
    taken: dict[int, list[tuple[float, float]]] = {}
    for k in sorted(rows, key=lambda k: (-round(facts[k, 0], 6), -facts[k, 6], hits.parts[k])):
        low, high = facts[k, 3], facts[k, 4] + 1
        over = taken.setdefault(int(benchmarks[hits.parts[k]]), [])
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
