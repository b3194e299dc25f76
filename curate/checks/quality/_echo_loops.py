"""The loop of `echoes`, compiled by numba on first use and kept on disk.

Text k is ``data[starts[k]:starts[k + 1]]``, UTF-8; words are runs of letters and digits, and of
all characters beyond ASCII.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["shared_words"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
MOST = 8192
"""Bytes of a prompt that are looked at."""


@compiled
def shared_words(
    asked: Bytes, asked_starts: Ints, said: Bytes, said_starts: Ints, share: Floats
) -> None:
    """Write which share of the different words of each prompt its answer has.

    The answer is read as far as twice the prompt's length, and 200 bytes: an echo begins there.
    """
    slots = np.zeros(4 * MOST, np.uint64)
    seen = np.zeros(4 * MOST, np.bool_)
    for k in range(asked_starts.size - 1):
        begin, end = asked_starts[k], min(asked_starts[k + 1], asked_starts[k] + MOST)
        size = end - begin
        stop = min(said_starts[k + 1], said_starts[k] + 2 * size + 200)
        if 2 * (stop - said_starts[k]) < size:
            continue
        room = 64
        while room < size:
            room *= 2
        slots[:room] = 0
        seen[:room] = False
        n = _words(asked, begin, end, slots, seen, room, True)
        both = _words(said, said_starts[k], stop, slots, seen, room, False)
        if n:
            share[k] = both / n


@compiled
def _words(
    data: Bytes,
    begin: int,
    end: int,
    slots: npt.NDArray[np.uint64],
    seen: npt.NDArray[np.bool_],
    room: int,
    adding: bool,
) -> int:
    """Put the words of a text into an open table, or count those of the table that it has."""
    mask, value, n = np.uint64(room - 1), np.uint64(0), 0
    for at in range(begin, end + 1):
        byte = data[at] if at < end else np.uint8(32)
        if 65 <= byte <= 90:
            byte += np.uint8(32)
        if byte >= 128 or 97 <= byte <= 122 or 48 <= byte <= 57:
            if value == 0:
                value = np.uint64(14695981039346656037)
            value = (value ^ np.uint64(byte)) * np.uint64(1099511628211)
        elif value:
            place = (value ^ (value >> np.uint64(31))) & mask
            while slots[place] != 0 and slots[place] != value:
                place = (place + np.uint64(1)) & mask
            if adding and slots[place] == 0:
                slots[place] = value
                n += 1
            elif not adding and slots[place] == value and not seen[place]:
                seen[place] = True
                n += 1
            value = np.uint64(0)
    return n
