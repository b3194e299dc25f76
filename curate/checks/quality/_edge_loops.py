"""The loop of `boilerplate`, compiled by numba on first use and kept on disk.

Text k is ``data[starts[k]:starts[k + 1]]``, UTF-8.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["edges", "wholes"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
REACH = 300
"""A first or last sentence of more bytes is no phrase."""


@compiled
def edges(data: Bytes, starts: Ints, hashes: Hashes, places: Ints) -> None:
    """Write where the first and the last sentence of each text lie, and their hashes.

    A hash is 0 where there is no such sentence, or it is the whole text. `hashes` has the columns
    first, last and whole; `places` first start, first end, last start, last end, in bytes.
    """
    for k in range(starts.size - 1):
        begin, end = _trimmed(data, starts[k], starts[k + 1])
        places[k, 0], places[k, 3] = begin, end
        places[k, 1] = _first_end(data, begin, end)
        places[k, 2] = _last_start(data, begin, end)
        hashes[k, 2] = _hash(data, begin, end, 0)
        if begin < places[k, 1] < end:
            hashes[k, 0] = _hash(data, begin, places[k, 1], 4)
        if begin < places[k, 2] < end:
            hashes[k, 1] = _hash(data, places[k, 2], end, 4)


@compiled
def wholes(data: Bytes, starts: Ints, hashes: Hashes) -> None:
    """Write the hash of each text."""
    for k in range(starts.size - 1):
        hashes[k] = _hash(data, starts[k], starts[k + 1], 0)


@compiled
def _trimmed(data: Bytes, begin: int, end: int) -> tuple[int, int]:
    while begin < end and data[begin] <= 32:
        begin += 1
    while end > begin and data[end - 1] <= 32:
        end -= 1
    return begin, end


@compiled
def _ends_at(data: Bytes, at: int, end: int) -> int:
    """Return how many bytes from `at` end a sentence: 0 if none do."""
    byte = data[at]
    if byte == 10:
        return 1
    if byte == 46 or byte == 33 or byte == 63:
        return 1 if at + 1 >= end or data[at + 1] <= 32 else 0
    if at + 2 < end and byte == 0xE3 and data[at + 1] == 0x80 and data[at + 2] == 0x82:
        return 3
    if at + 2 < end and byte == 0xEF and data[at + 1] == 0xBC:
        return 3 if data[at + 2] == 0x81 or data[at + 2] == 0x9F else 0
    return 0


@compiled
def _first_end(data: Bytes, begin: int, end: int) -> int:
    for at in range(begin, min(end, begin + REACH)):
        size = _ends_at(data, at, end)
        if size:
            return at + size
    return begin


@compiled
def _last_start(data: Bytes, begin: int, end: int) -> int:
    at = end - 1
    while at > begin and (data[at] < 48 or data[at] == 63):
        at -= 1
    at -= 3
    while at > begin and at > end - REACH:
        size = _ends_at(data, at, end)
        if size:
            at += size
            while at < end and data[at] <= 32:
                at += 1
            return at
        at -= 1
    return begin


@compiled
def _hash(data: Bytes, begin: int, end: int, fewest: int) -> np.uint64:
    """Return FNV-1a of the letters and digits, lower case; 0 where there are too few of them."""
    value, letters = np.uint64(14695981039346656037), 0
    for at in range(begin, end):
        byte = data[at]
        if 65 <= byte <= 90:
            byte += np.uint8(32)
        if byte >= 128 or 97 <= byte <= 122 or 48 <= byte <= 57:
            value = (value ^ np.uint64(byte)) * np.uint64(1099511628211)
            letters += 1
    return value if letters >= fewest else np.uint64(0)
