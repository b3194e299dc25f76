"""The inner loops of `containment`, compiled (numba). Imported on use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

if TYPE_CHECKING:
    from curate.measure.containment import Lookup

__all__ = ["breaks", "candidates", "count_texts", "filled", "gram_keys", "key", "literal", "number"]

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_SALT = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0xC2B2AE3D27D4EB4F)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)


@compiled
def key(hashes: Hashes, at: int, n: int) -> np.uint64:
    """Return a hash of `n` words; never 0."""
    value = _SALT * np.uint64(n)
    for k in range(at, at + n):
        value = (value ^ hashes[k]) * _STEP
        value ^= value >> _HALF
    value *= _SPREAD
    value ^= value >> _HALF
    return value if value != np.uint64(0) else _SALT


@compiled
def gram_keys(hashes: Hashes, offsets: Ints, n: int) -> Hashes:
    """Return the hash of the up to `n` words from each word on, whole ones only: else 0.

    A text of fewer than `n` words has one gram, of all its words.
    """
    keys = np.zeros(hashes.shape[0], np.uint64)
    for text in range(offsets.shape[0] - 1):
        start, stop = offsets[text], offsets[text + 1]
        size = min(n, stop - start)
        if size > 0:
            for at in range(start, stop - size + 1):
                keys[at] = key(hashes, at, size)
    return keys


@compiled
def filled(keys: Hashes, bits: int) -> tuple[Hashes, Small]:
    """Return an open-addressed table of distinct keys: the keys by place, and their numbers."""
    size = 1 << bits
    table = np.zeros(size, np.uint64)
    numbers = np.full(size, -1, np.int32)
    for number in range(keys.shape[0]):
        at = np.int64(keys[number] & np.uint64(size - 1))
        while table[at] != 0:
            at = (at + 1) & (size - 1)
        table[at], numbers[at] = keys[number], number
    return table, numbers


@compiled
def number(table: Hashes, numbers: Small, key: np.uint64) -> np.int64:
    mask = table.shape[0] - 1
    at = np.int64(key & np.uint64(mask))
    while table[at] != 0:
        if table[at] == key:
            return np.int64(numbers[at])
        at = (at + 1) & mask
    return np.int64(-1)


@compiled
def count_texts(
    hashes: Hashes, offsets: Ints, sizes: Ints, table: Hashes, numbers: Small, counts: Ints
) -> None:
    """Add to `counts` in how many texts each n-gram of the table stands."""
    last = np.full(counts.shape[0], -1, np.int64)
    for text in range(offsets.shape[0] - 1):
        start, stop = offsets[text], offsets[text + 1]
        for n in sizes:
            for at in range(start, stop - n + 1):
                gram = number(table, numbers, key(hashes, at, n))
                if gram >= 0 and last[gram] != text:
                    last[gram] = text
                    counts[gram] += 1


@compiled
def candidates(
    hashes: Hashes, offsets: Ints, lookup: Lookup, weights: Floats, least: Floats
) -> tuple[Small, Small]:
    """Return texts and items, where a text holds enough of an item's n-grams.

    Args:
        hashes: Words of the texts.
        offsets: Where the words of each text start.
        lookup: The items' n-grams.
        weights: Of each n-gram; 0 = it does not count here.
        least: Weight that each item must reach.
    """
    n_items = least.shape[0]
    held = np.zeros(n_items)
    touched = np.empty(n_items, np.int32)
    last = np.full(weights.shape[0], -1, np.int64)
    room = 1024
    found_texts, found_items = np.empty(room, np.int32), np.empty(room, np.int32)
    n_found = 0
    for text in range(offsets.shape[0] - 1):
        start, stop = offsets[text], offsets[text + 1]
        n_touched = 0
        for n in lookup.sizes:
            for at in range(start, stop - n + 1):
                gram = number(lookup.keys, lookup.numbers, key(hashes, at, n))
                if gram < 0 or last[gram] == text or weights[gram] == 0:
                    continue
                last[gram] = text
                before = -1
                for k in range(lookup.firsts[gram], lookup.firsts[gram + 1]):
                    item = lookup.items[k]
                    if item == before:
                        continue
                    before = item
                    if held[item] == 0:
                        touched[n_touched] = item
                        n_touched += 1
                    held[item] += weights[gram]
        for k in range(n_touched):
            item = touched[k]
            if held[item] >= least[item]:
                if n_found == room:
                    found_texts = np.concatenate((found_texts, np.empty(room, np.int32)))
                    found_items = np.concatenate((found_items, np.empty(room, np.int32)))
                    room *= 2
                found_texts[n_found], found_items[n_found] = text, item
                n_found += 1
            held[item] = 0
    return found_texts[:n_found], found_items[:n_found]


@compiled
def literal(starts: Ints, ends: Ints, kept: Hashes, kept_starts: Ints) -> Hashes:
    """Return a hash of each word with its numbers as they are.

    Args:
        starts: First byte of each word, numbers being one.
        ends: First byte behind each.
        kept: Hashes of the same texts' words, numbers as they are: each lies within one of those.
        kept_starts: First byte of each of these.
    """
    out = np.empty(starts.shape[0], np.uint64)
    at = 0
    for k in range(starts.shape[0]):
        while at < kept.shape[0] and kept_starts[at] < starts[k]:
            at += 1
        value, n = np.uint64(0), 0
        while at < kept.shape[0] and kept_starts[at] < ends[k]:
            value = kept[at] if n == 0 else (value ^ kept[at]) * _STEP
            n += 1
            at += 1
        out[k] = value
    return out


@compiled
def breaks(data: Bytes, starts: Ints, ends: Ints, offsets: Ints) -> Flags:
    """Return which words begin a text, a line or a sentence."""
    out = np.zeros(starts.shape[0], np.bool_)
    for text in range(offsets.shape[0] - 1):
        for k in range(offsets[text], offsets[text + 1]):
            out[k] = k == offsets[text] or _ends_sentence(data, ends[k - 1], starts[k])
    return out


@compiled
def _ends_sentence(data: Bytes, begin: int, end: int) -> bool:
    for at in range(begin, end):
        byte = data[at]
        if byte == 10 or byte == 33 or byte == 46 or byte == 58 or byte == 59 or byte == 63:
            return True
        if byte == 0xE3 and at + 2 < end and data[at + 1] == 0x80 and data[at + 2] == 0x82:
            return True
        if byte == 0xEF and at + 2 < end and data[at + 1] == 0xBC:
            wide = data[at + 2]
            if wide == 0x81 or wide == 0x8E or wide == 0x9A or wide == 0x9B or wide == 0x9F:
                return True
    return False
