"""Finding a benchmark's items in training texts, whatever stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.contamination.items import Part, lines_of, questions
from curate.checks.contamination.rules import (
    KINDS,
    THRESHOLD,
    Hits,
    Kind,
    apart,
    joined_hits,
    judged_hits,
    plain_words,
)
from curate.checks.contamination.spans import Spans, word_spans
from curate.measure.containment import (
    Counts,
    Items,
    Tokens,
    alignment,
    counted,
    indexed,
    overlaps,
    screened,
    tokens,
    weighed,
)
from curate.measure.word_runs import Words, blocks, buffers, words

__all__ = ["Match", "Search", "contaminated"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A benchmark's item that stands in a text."""

    text: int
    item: int
    score: float
    """Containment: weight of the item's words that stand in the text, of all their weight."""
    kind: Kind
    spans: Spans
    """Ranges of characters of the text."""
    item_spans: Spans
    """Ranges of characters of the item that stand in the text."""


def contaminated(
    texts: Sequence[str | None] | pa.Array,
    benchmark: Sequence[str],
    *,
    threshold: float = THRESHOLD,
) -> list[Match]:
    """Find a benchmark's items in texts, however long these are.

    Words are compared without case, punctuation and space, numbers as one. Runs of three words
    and more that an item shares with one place of a text are laid over it, in whichever order,
    and stretched over single words that differ; options may have changed places. The score is the
    share of the item's words that are covered so, each weighted by its rarity among the items and
    the texts, so that a template shared by many counts for little (containment: Broder, 1997;
    coverage of an item by matches: Touvron et al., 2023, A.6).

    Flagged are items of `SHORT` words and more with a score of at least `threshold`, or two thirds
    of it with a run of n words, n being 8 to 13 with the item's length. A shorter item must be
    there whole, with its numbers; of fewer than five words also by itself, as a line or sentence;
    by itself one of its words may differ. In an item of fewer than `LONG` words no large piece may
    be missing.

    Args:
        texts: Training texts; null = none.
        benchmark: What must not stand in them.
        threshold: Least containment.

    Returns:
        One for each item and text, in their order; of items that overlap in a text the one that
        covers most.

    >>> [found] = contaminated(["He said: WHO wrote   the novel Moby-Dick, and when?"],
    ...                        ["Who wrote the novel “Moby Dick”?"])
    >>> found.kind, found.spans
    ('verbatim', ((9, 40),))
    """
    column = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())
    search = Search(questions(benchmark), [column])
    hits = search.hits(column, threshold=threshold)
    return [
        Match(
            text=int(hits.texts[k]),
            item=search.parts[hits.parts[k]].row,
            score=float(hits.scores[k]),
            kind=KINDS[hits.kinds[k]],
            spans=spans,
            item_spans=item_spans,
        )
        for k, (spans, item_spans) in enumerate(search.spans(column, hits))
    ]


class Search:
    """Parts of benchmarks, indexed and weighed, to be looked for in columns of texts."""

    def __init__(self, wanted: Sequence[Part], columns: Sequence[pa.Array]):
        """Index the parts.

        Args:
            wanted: What is looked for.
            columns: Texts whose common words are to count for little: those to be searched.
        """
        self.parts = wanted
        """What is looked for."""
        data, self._begins = buffers([part.text for part in wanted])
        self._items = _indexed(data, self._begins)
        self.n_words = plain_words(self._items)
        """Words of each part, bare numbers aside."""
        self._weights = weighed(self._items, _seen(self._items, columns))
        self._answers = np.array([part.side == "answer" for part in wanted], np.bool_)
        owners = [(part.benchmark, part.row) for part in wanted]
        self._owners = np.array(owners, np.int64).reshape(-1, 2)

    def hits(self, texts: pa.Array, *, threshold: float) -> Hits:
        """Return which parts stand in which texts, by text, then by part."""
        data, offsets = buffers(texts)
        found = [self._block(texts, data, offsets, b, threshold) for b in blocks(offsets, _BLOCK)]
        return joined_hits(found)

    def spans(self, texts: pa.Array, hits: Hits) -> list[tuple[Spans, Spans]]:
        """Return where each hit shows, in its text and in its part."""
        rows, at = np.unique(hits.texts, return_inverse=True)
        column = texts.take(pa.array(rows))
        data, begins = buffers(column)
        found = tokens(data, begins)
        return [
            self._span(found, begins, str(column[int(text)]), int(text), int(part))
            for text, part in zip(at, hits.parts, strict=True)
        ]

    def _block(
        self, texts: pa.Array, data: Bytes, begins: Ints, block: slice, threshold: float
    ) -> Hits:
        near = words(data, begins[block.start : block.stop + 1], numbers="one")
        which, parts = screened(self._items, self._weights, near, _SCREEN * threshold)
        rows, at = np.unique(which, return_inverse=True)
        some = tokens(*buffers(texts.take(pa.array(rows + block.start))))
        pairs = overlaps(self._items, self._weights, some, at.astype(np.int32), parts)
        hits, facts = judged_hits(pairs, which + block.start, self._items, self._answers, threshold)
        return hits.take(apart(hits, facts, self._owners))

    def _span(
        self, found: Tokens, begins: Ints, text: str, row: int, part: int
    ) -> tuple[Spans, Spans]:
        to = alignment(self._items, self._weights, found, row, part)
        theirs = np.flatnonzero(to >= 0)
        mine = self._items.tokens
        return (
            word_spans(text, found, found.offsets[row] + np.sort(to[theirs]), begins[row]),
            word_spans(
                self.parts[part].text, mine, mine.offsets[part] + theirs, self._begins[part]
            ),
        )


_BLOCK = 1 << 24
"""Bytes of the texts that are held as words at a time."""
_SCREEN = 0.4
"""Of the threshold: share of an item's n-grams that a text must hold to be aligned with it."""
_SAMPLE = 20_000
"""Texts of a column that the rarity of words is counted in."""


def _indexed(data: Bytes, begins: Ints) -> Items:
    found = tokens(data, begins)
    raw = data.tobytes()
    lines = [
        lines_of(raw[begin:end], int(begin), found.starts[first:last])
        for begin, end, first, last in zip(
            begins[:-1], begins[1:], found.offsets[:-1], found.offsets[1:], strict=True
        )
    ]
    return indexed(found, np.concatenate(lines) if lines else None)


def _seen(items: Items, columns: Sequence[pa.Array]) -> Counts:
    counts = [counted(items, sample) for column in columns for sample in _samples(column)]
    grams = np.zeros(len(items.grams), np.int64)
    single = np.zeros(len(items.vocabulary), np.int64)
    for count in counts:
        grams += count.grams
        single += count.words
    return Counts(sum(count.n_texts for count in counts), grams, single)


def _samples(column: pa.Array) -> list[Words]:
    texts = column.drop_null()
    rows = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), _SAMPLE)).astype(np.int64))
    data, begins = buffers(texts.take(pa.array(rows)))
    return [
        words(data, begins[block.start : block.stop + 1], numbers="one")
        for block in blocks(begins, _BLOCK)
    ]
