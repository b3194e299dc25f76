"""The loop of `repetition`, compiled by numba on first use and kept on disk.

Text k is ``data[starts[k]:starts[k + 1]]``, UTF-8. A word is a run of ASCII letters and digits
or of two-byte characters; every longer character is a word by itself, so that scripts without
spaces have words too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["repeated"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
MOST_WORDS = 1 << 15
"""Words of a text that are looked at, from its beginning and from its end on."""


@compiled
def repeated(data: Bytes, starts: Ints, size: int, share: Floats, times: Ints) -> None:
    """Write which share of each text's runs of `size` words came before in it, and the most times.

    `times` is how often the most frequent run occurs. Texts of fewer than ``2 size`` words have
    a share of 0, but one letter 60 times over counts with a share of 1.
    """
    words = np.zeros(MOST_WORDS, np.uint64)
    slots = np.zeros(4 * MOST_WORDS, np.uint64)
    counts = np.zeros(4 * MOST_WORDS, np.int32)
    for k in range(starts.size - 1):
        n, run = _words(data, starts[k], starts[k + 1], words)
        times[k] = 1
        if n >= 2 * size:
            share[k], times[k] = _runs(words, n, size, slots, counts)
        if run >= 60:
            share[k], times[k] = np.float32(1), max(times[k], run)


@compiled
def _words(data: Bytes, begin: int, end: int, words: Hashes) -> tuple[int, int]:
    """Hash the words of a text; return how many, and the longest run of one letter."""
    n, value, same, longest = 0, np.uint64(0), 1, 1
    at = begin
    while at < end and n < MOST_WORDS - 1:
        byte = data[at]
        if at > begin and _is_letter(byte) and byte == data[at - 1]:
            same += 1
            longest = max(longest, same)
        else:
            same = 1
        if byte >= 0xE0:
            if value:
                words[n], n, value = value, n + 1, np.uint64(0)
            width = 3 if byte < 0xF0 else 4
            value = np.uint64(14695981039346656037)
            for j in range(at, min(at + width, end)):
                value = (value ^ np.uint64(data[j])) * np.uint64(1099511628211)
            words[n], n, value = value, n + 1, np.uint64(0)
            at += width
            continue
        if byte >= 0x80 or _is_letter(byte) or 48 <= byte <= 57:
            if value == 0:
                value = np.uint64(14695981039346656037)
            low = byte + np.uint8(32) if 65 <= byte <= 90 else byte
            value = (value ^ np.uint64(low)) * np.uint64(1099511628211)
        elif value:
            words[n], n, value = value, n + 1, np.uint64(0)
        at += 1
    if value:
        words[n], n = value, n + 1
    return n, longest


@compiled
def _is_letter(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


@compiled
def _runs(words: Hashes, n: int, size: int, slots: Hashes, counts: Counts) -> tuple[float, int]:
    """Count runs of words in an open table of a power of two slots; leave it empty."""
    room = 64
    while room < 3 * n:
        room *= 2
    room = min(room, slots.size)
    mask = np.uint64(room - 1)
    slots[:room] = 0
    again, most = 0, 1
    for i in range(n - size + 1):
        key = np.uint64(0)
        for j in range(size):
            key = (key ^ words[i + j]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        key |= np.uint64(1)
        at = (key >> np.uint64(7)) & mask
        while slots[at] != 0 and slots[at] != key:
            at = (at + np.uint64(1)) & mask
        if slots[at] == key:
            again += 1
            counts[at] += 1
            most = max(most, counts[at])
        else:
            slots[at], counts[at] = key, 1
    return again / (n - size + 1), most
