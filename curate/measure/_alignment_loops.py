"""Which word of a text each word of an item is, compiled (numba). Imported on use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled
from curate.measure._containment_loops import key, number

if TYPE_CHECKING:
    from curate.measure.containment import Lookup, Tokens

__all__ = ["judged", "mapped"]

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


@compiled
def _hits(words: Hashes, lookup: Lookup, item: int) -> tuple[Small, Small]:
    """Return where n-grams of an item start in it and in a text, in the text's order."""
    room = 256
    left, right = np.empty(room, np.int32), np.empty(room, np.int32)
    n = 0
    for at in range(words.shape[0]):
        for size in lookup.sizes:
            if at + size > words.shape[0]:
                continue
            gram = number(lookup.keys, lookup.numbers, key(words, at, size))
            if gram < 0:
                continue
            low, high = lookup.firsts[gram], lookup.firsts[gram + 1]
            k = low + np.searchsorted(lookup.items[low:high], item)
            listed = 0
            while k < high and lookup.items[k] == item and listed < _REPEATS:
                if n == room:
                    left = np.concatenate((left, np.empty(room, np.int32)))
                    right = np.concatenate((right, np.empty(room, np.int32)))
                    room *= 2
                left[n], right[n] = lookup.places[k], at
                n += 1
                k += 1
                listed += 1
    return left[:n], right[:n]


_REPEATS = 8


@compiled
def _window(left: Small, right: Small, weights: Floats, size: int, width: int) -> tuple[int, int]:
    """Return the run of hits, no wider than `width` words of the text, that covers most."""
    cover = np.zeros(weights.shape[0], np.int32)
    held, best, low, high, start = 0.0, -1.0, 0, 0, 0
    for stop in range(left.shape[0]):
        for p in range(left[stop], left[stop] + size):
            if cover[p] == 0:
                held += weights[p]
            cover[p] += 1
        while right[stop] - right[start] > width:
            for p in range(left[start], left[start] + size):
                cover[p] -= 1
                if cover[p] == 0:
                    held -= weights[p]
            start += 1
        if held > best + 1e-9:
            best, low, high = held, start, stop + 1
    while high < right.shape[0] and right[high] - right[low] <= width:
        high += 1
    return low, high


@compiled
def mapped(
    texts: Tokens,
    text: int,
    items: Tokens,
    item: int,
    lines: Small,
    weights: Floats,
    lookup: Lookup,
) -> Small:
    """Return which word of a text each word of an item is; -1 = none.

    An item that is there whole is laid so, by itself where it can be. Else the longest common runs
    are laid first, whatever their order; each is then stretched over
    words that differ, no more than `_APART` at a time; last come short lines (options), which
    must be there as a whole.
    """
    start, stop = texts.offsets[text], texts.offsets[text + 1]
    first, last = items.offsets[item], items.offsets[item + 1]
    words, item_words = texts.hashes[start:stop], items.hashes[first:last]
    n_words = last - first
    size = min(lookup.sizes[-1], n_words)
    to = np.full(n_words, -1, np.int32)
    left, right = _hits(words, lookup, item)
    if left.shape[0] == 0:
        return to
    literal_words, item_literal = texts.literal[start:stop], items.literal[first:last]
    whole = _whole(literal_words, item_literal, texts.edges[start:stop], left, right)
    if whole >= 0:
        return np.arange(whole, whole + n_words).astype(np.int32)
    low, high = _window(left, right, weights[first:last], size, n_words + n_words // 2 + _ROOM)
    begin, end = right[low], right[high - 1] + size
    left, right = left[low:high], right[low:high]
    owner = np.full(words.shape[0], -1, np.int32)
    runs = np.empty(left.shape[0], np.int32)
    for k in range(left.shape[0]):
        runs[k] = _run(words, item_words, left[k], right[k], end)
    for k in np.argsort(-runs, kind="mergesort"):
        _lay(to, owner, left[k], right[k], runs[k])
    _stretch(words, item_words, to, owner, 1)
    _stretch(words, item_words, to, owner, -1)
    near = max(0, begin - n_words), min(words.shape[0], end + n_words)
    _lay_lines(literal_words, item_literal, lines[first:last], to, owner, near)
    return to


_ROOM = 16


@compiled
def _whole(words: Hashes, item_words: Hashes, edges: Flags, left: Small, right: Small) -> np.int64:
    """Return where an item stands word for word, at best by itself; -1 = nowhere."""
    n, first = item_words.shape[0], np.int64(-1)
    for k in range(left.shape[0]):
        q = np.int64(right[k])
        if left[k] > 0 or q + n > words.shape[0]:
            continue
        same = 0
        while same < n and words[q + same] == item_words[same]:
            same += 1
        if same == n:
            if edges[q] and (q + n == words.shape[0] or edges[q + n]):
                return q
            first = q if first < 0 else first
    return first


@compiled
def _run(words: Hashes, item_words: Hashes, p: int, q: int, end: int) -> int:
    n = 0
    while p + n < item_words.shape[0] and q + n < end and item_words[p + n] == words[q + n]:
        n += 1
    return n


@compiled
def _lay(to: Small, owner: Small, p: int, q: int, n: int) -> None:
    for k in range(n):
        if to[p + k] < 0 and owner[q + k] < 0:
            to[p + k] = q + k
            owner[q + k] = p + k


@compiled
def _stretch(words: Hashes, item_words: Hashes, to: Small, owner: Small, way: int) -> None:
    """Follow each run over words that differ to words that are the same again."""
    n = to.shape[0]
    for step in range(n):
        p = step if way > 0 else n - 1 - step
        if to[p] < 0:
            continue
        for apart in range(1, _APART + 2):
            there, here = p + way * apart, to[p] + way * apart
            if there < 0 or there >= n or here < 0 or here >= words.shape[0] or to[there] >= 0:
                break
            if item_words[there] == words[here] and owner[here] < 0:
                to[there] = here
                owner[here] = there
                break


_APART = 2


@compiled
def _lay_lines(
    words: Hashes,
    item_words: Hashes,
    lines: Small,
    to: Small,
    owner: Small,
    place: tuple[int, int],
) -> None:
    """Find lines of an item that are not laid yet, whole, between two places of a text."""
    p = 0
    while p < to.shape[0]:
        stop = p
        open_words = False
        while stop < to.shape[0] and lines[stop] == lines[p]:
            open_words = open_words or to[stop] < 0 or words[to[stop]] != item_words[stop]
            stop += 1
        if open_words and lines[p] > 0 and stop - p <= _LINE:
            _lay_line(words, item_words, to, owner, (p, stop), place)
        p = stop


_LINE = 8
"""Words of a line at most; the runs of a longer one are found without it."""


@compiled
def _lay_line(
    words: Hashes,
    item_words: Hashes,
    to: Small,
    owner: Small,
    line: tuple[int, int],
    place: tuple[int, int],
) -> None:
    """Lay a line where it stands as a whole, over nothing but numbers that were laid askew."""
    n = line[1] - line[0]
    for q in range(place[0], place[1] - n + 1):
        same = True
        for k in range(n):
            p = owner[q + k]
            free = p < 0 or line[0] <= p < line[1] or item_words[p] != words[q + k]
            if not free or words[q + k] != item_words[line[0] + k]:
                same = False
                break
        if same:
            for k in range(line[0], line[1]):
                if to[k] >= 0:
                    owner[to[k]] = -1
            for k in range(n):
                if owner[q + k] >= 0:
                    to[owner[q + k]] = -1
                to[line[0] + k] = q + k
                owner[q + k] = line[0] + k
            return


@compiled
def judged(
    texts: Tokens,
    items: Tokens,
    lines: Small,
    weights: Floats,
    lookup: Lookup,
    which: Small,
    sought: Small,
    facts: Floats,
) -> None:
    """Write what each pair of a text and an item have in common, one row of `facts` each.

    Columns: covered weight, all weight, longest run of the same words, first word of the text,
    last word, words covered, words that are literally the same, words in their place beside the
    first one, whether the item stands alone (edges before and behind, as long as itself), whether
    the order is kept, longest run that is not covered.
    """
    for pair in range(which.shape[0]):
        start, stop = texts.offsets[which[pair]], texts.offsets[which[pair] + 1]
        first, last = items.offsets[sought[pair]], items.offsets[sought[pair] + 1]
        to = mapped(texts, which[pair], items, sought[pair], lines, weights, lookup)
        _facts(
            to,
            texts.literal[start:stop],
            items.literal[first:last],
            texts.edges[start:stop],
            weights[first:last],
            facts[pair],
        )


@compiled
def _facts(
    to: Small, words: Hashes, item_words: Hashes, edges: Flags, weights: Floats, facts: Floats
) -> None:
    n, run, gap = to.shape[0], 0, 0
    low, high, shift = words.shape[0], -1, 0
    before, anchored = -1, False
    facts[:] = 0
    facts[9] = 1
    for p in range(n):
        facts[1] += weights[p]
        if to[p] < 0:
            run, gap = 0, gap + 1
            facts[10] = max(facts[10], gap)
            continue
        same = words[to[p]] == item_words[p]
        run = (run + 1 if run and to[p] == before + 1 else 1) if same else 0
        gap = 0
        if to[p] < before:
            facts[9] = 0
        before = to[p]
        if not anchored:
            anchored, shift = True, to[p] - p
        facts[0] += weights[p]
        facts[2] = max(facts[2], run)
        low, high = min(low, to[p]), max(high, to[p])
        facts[5] += 1
        facts[6] += same
        facts[7] += to[p] - p == shift
    facts[3], facts[4] = low, high
    whole = shift >= 0 and shift + n <= words.shape[0]
    if whole and edges[shift]:
        facts[8] = shift + n == words.shape[0] or edges[shift + n]
