"""How much of one text stands in another: n-grams of few items, looked up in any number of texts.

In: words of items (a benchmark's questions) and of texts (training rows), as `tokens` gives them.
Out: which item stands in which text, how much of it, and which word is which. The items are
indexed, the texts stream by, so memory grows with the items and with what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.measure.word_runs import Words, buffers, words

__all__ = [
    "GRAM",
    "Counts",
    "Items",
    "Lookup",
    "Overlaps",
    "Tokens",
    "Weights",
    "alignment",
    "counted",
    "indexed",
    "overlaps",
    "screened",
    "tokens",
    "weighed",
]

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Small = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

GRAM = 3
"""Words of an n-gram that a match may start from: with one word in ten replaced, a word that is
kept lies in a kept run of three with a chance of .97."""


class Tokens(NamedTuple):
    """Words of texts with what it takes to align them; those of text k from ``offsets[k]`` on."""

    hashes: Hashes
    """Equal for equal words, every number being the same."""
    literal: Hashes
    """Equal for equal words, numbers as they are."""
    edges: Flags
    """Whether a word begins a text, a line or a sentence."""
    starts: Ints
    """First byte of each word."""
    ends: Ints
    """First byte behind each."""
    offsets: Ints
    """Shape (n_texts + 1,)."""


class Lookup(NamedTuple):
    """The n-grams of items, by their hash."""

    sizes: Ints
    """Lengths of the n-grams."""
    keys: Hashes
    """Open-addressed table of hashes; 0 = free."""
    numbers: Small
    """Number of the n-gram at each place of the table."""
    firsts: Ints
    """Where the places of each n-gram start in `items` and `places`, shape (n_grams + 1,)."""
    items: Small
    places: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Items by the n-grams that stand in them."""

    tokens: Tokens
    numbers: Flags
    """Which words are bare numbers."""
    lines: Small
    """Line of each word within its item; 0 = a line that need not be there as a whole."""
    grams: Hashes
    """Distinct n-grams (`GRAM` words, or all words of a shorter item), shape (n_grams,)."""
    gram_of: Ints
    """Which one begins at each word; -1 = none."""
    lookup: Lookup
    vocabulary: Hashes
    word_of: Ints
    """Which word of the vocabulary each word is."""
    word_table: tuple[Hashes, Small]

    def __len__(self) -> int:
        return len(self.tokens.offsets) - 1


class Counts(NamedTuple):
    """In how many texts the items' n-grams and words stand."""

    n_texts: int
    grams: Ints
    words: Ints


class Weights(NamedTuple):
    """How much each word and n-gram tells: what stands everywhere tells nothing."""

    words: Floats
    """Of each word of the items, in nats; numbers have none."""
    grams: Floats
    """Of each n-gram when texts are screened; 0 = looked up only when they are aligned."""
    totals: Floats
    """Sum over the n-grams of each item, shape (n_items,)."""


class Overlaps(NamedTuple):
    """Pairs of a text and an item, with what they have in common."""

    texts: Small
    items: Small
    facts: Floats
    """As `_alignment_loops.judged` writes them, shape (n_pairs, 11)."""

    @property
    def scores(self) -> Floats:
        """Containment: weight of the item's words that stand in the text, over all their weight."""
        return _shares(self.facts)

    @property
    def run(self) -> Floats:
        """Longest run of words that are literally the same."""
        return self.facts[:, 2]

    @property
    def same(self) -> Floats:
        """Words of the item that stand in the text literally, numbers included."""
        return self.facts[:, 6]

    @property
    def in_place(self) -> Floats:
        """Words at the same distance from the first one met as in the item."""
        return self.facts[:, 7]

    @property
    def alone(self) -> Flags:
        """Whether the item's place is a text, line or sentence by itself."""
        return self.facts[:, 8] > 0

    @property
    def ordered(self) -> Flags:
        """Whether the words that are met stand in the item's order."""
        return self.facts[:, 9] > 0

    @property
    def gap(self) -> Floats:
        """Longest run of the item's words that is missing."""
        return self.facts[:, 10]


def tokens(data: Bytes, offsets: Ints) -> Tokens:
    """Return the words of texts, ready to be aligned.

    Args:
        data: UTF-8 bytes of the texts, uint8.
        offsets: Where each starts, and where the last one ends, shape (n_texts + 1,).
    """
    from curate.measure import _containment_loops as loops

    one = words(data, offsets, numbers="one")
    kept = words(data, offsets, numbers="kept")
    literal = loops.literal(one.starts, one.ends, kept.hashes, kept.starts)
    edges = loops.breaks(data, one.starts, one.ends, one.offsets)
    return Tokens(one.hashes, literal, edges, one.starts, one.ends, one.offsets)


def indexed(items: Tokens, lines: Small | None = None) -> Items:
    """Index items by their n-grams.

    Args:
        items: Their words.
        lines: Line of each word within its item, counted from 1, where short lines may have changed
            places (options); 0 elsewhere. None = nowhere.
    """
    from curate.measure import _containment_loops as loops

    keys = loops.gram_keys(items.hashes, items.offsets, GRAM)
    at = np.flatnonzero(keys)
    grams, number = np.unique(keys[at], return_inverse=True)
    item = np.repeat(np.arange(len(items.offsets) - 1), np.diff(items.offsets))[at]
    place = at - items.offsets[item]
    order = np.lexsort((place, item, number))
    gram_of = np.full(len(keys), -1, np.int64)
    gram_of[at] = number
    sizes = np.unique(np.minimum(np.diff(items.offsets), GRAM))
    singles = loops.gram_keys(items.hashes, np.arange(len(keys) + 1), 1)
    vocabulary, word_of = np.unique(singles, return_inverse=True)
    return Items(
        tokens=items,
        numbers=items.hashes == words(*buffers(["7"]), numbers="one").hashes[0],
        lines=np.zeros(len(keys), np.int32) if lines is None else lines,
        grams=grams,
        gram_of=gram_of,
        lookup=Lookup(
            sizes[sizes > 0],
            *_table(grams),
            np.searchsorted(number[order], np.arange(len(grams) + 1)).astype(np.int64),
            item[order].astype(np.int32),
            place[order].astype(np.int32),
        ),
        vocabulary=vocabulary,
        word_of=word_of,
        word_table=_table(vocabulary),
    )


def counted(items: Items, texts: Words | Tokens) -> Counts:
    """Count in how many texts each n-gram and each word of the items stands."""
    from curate.measure import _containment_loops as loops

    grams = np.zeros(len(items.grams), np.int64)
    single = np.zeros(len(items.vocabulary), np.int64)
    loops.count_texts(texts.hashes, texts.offsets, *items.lookup[:3], grams)
    one = np.ones(1, np.int64)
    loops.count_texts(texts.hashes, texts.offsets, one, *items.word_table, single)
    return Counts(len(texts.offsets) - 1, grams, single)


def weighed(items: Items, seen: Counts) -> Weights:
    """Weigh the items' words by how rare they are among the items and in other texts.

    An n-gram weighs ``ln((n + 1) / (df + .5))``, `df` being in how many of the n items and texts it
    stands; a word the lesser of its own weight and of that of the rarest n-gram around it, so that
    neither common words nor a template of rare ones count.

    Args:
        items: What `indexed` gave.
        seen: How often their n-grams stand in other texts; a sample will do.
    """
    own = counted(items, items.tokens)
    n = own.n_texts + seen.n_texts
    rare = np.log((n + 1) / (own.grams + seen.grams + 0.5))
    alone = np.log((n + 1) / (own.words + seen.words + 0.5))
    around = np.where(items.gram_of >= 0, rare[items.gram_of], 0.0) if len(rare) else np.zeros(0)
    weights = np.minimum(alone[items.word_of], _rarest_around(items, around))
    weights[items.numbers] = 0.0
    return Weights(weights, *_screening(items, rare))


def screened(items: Items, weights: Weights, texts: Words, share: float) -> tuple[Small, Small]:
    """Return texts and items worth aligning: those that share enough of the item's n-grams.

    Args:
        items: What `indexed` gave.
        weights: What `weighed` gave.
        texts: Words with ``numbers="one"``.
        share: Weight of the n-grams that a text must hold, of those of the item.
    """
    from curate.measure import _containment_loops as loops

    least = np.maximum(share * weights.totals, 1e-9)
    return loops.candidates(texts.hashes, texts.offsets, items.lookup, weights.grams, least)


def overlaps(
    items: Items, weights: Weights, texts: Tokens, which: Small, sought: Small
) -> Overlaps:
    """Align texts with items.

    Args:
        items: What `indexed` gave.
        weights: What `weighed` gave.
        texts: What `tokens` gave.
        which: Text of each pair.
        sought: Item of each pair.
    """
    from curate.measure import _alignment_loops as loops

    facts = np.zeros((len(which), _FACTS))
    loops.judged(
        *(texts, items.tokens, items.lines, weights.words, items.lookup, which, sought, facts)
    )
    return Overlaps(which, sought, facts)


def alignment(items: Items, weights: Weights, texts: Tokens, text: int, item: int) -> Small:
    """Return which word of a text each word of an item is, counted within the text; -1 = none."""
    from curate.measure import _alignment_loops as loops

    return loops.mapped(texts, text, items.tokens, item, items.lines, weights.words, items.lookup)


_FACTS = 11


def _shares(facts: Floats) -> Floats:
    return np.divide(facts[:, 0], facts[:, 1], out=np.zeros(len(facts)), where=facts[:, 1] > 0)


def _table(keys: Hashes) -> tuple[Hashes, Small]:
    from curate.measure import _containment_loops as loops

    bits = max(4, int(4 * len(keys)).bit_length())
    return loops.filled(keys, bits)


def _rarest_around(items: Items, weights: Floats) -> Floats:
    """Return the greatest weight of the n-grams that each word lies in."""
    best = weights.copy()
    item = np.repeat(np.arange(len(items)), np.diff(items.tokens.offsets))
    for back in range(1, GRAM):
        same = item[back:] == item[:-back]
        before = np.where(same, weights[:-back], 0.0)
        best[back:] = np.maximum(best[back:], before)
    return best


def _screening(items: Items, rare: Floats) -> tuple[Floats, Floats]:
    """Return the n-grams' weights for screening, and their sum by item.

    N-grams of many items are left out, unless an item would keep too little.
    """
    gram = np.repeat(np.arange(len(rare)), np.diff(items.lookup.firsts))
    pairs = np.unique(np.stack([gram, items.lookup.items.astype(np.int64)], axis=1), axis=0)
    gram, item = pairs[:, 0], pairs[:, 1]
    common = np.bincount(gram, minlength=len(rare)) > _MANY
    total = np.bincount(item, rare[gram], len(items))
    kept = np.bincount(item, np.where(common, 0.0, rare)[gram], len(items))
    needy = kept < total / 2
    common[np.unique(gram[needy[item]])] = False
    weights = np.where(common, 0.0, rare)
    return weights, np.bincount(item, weights[gram], len(items)).astype(np.float64)


_MANY = 64
