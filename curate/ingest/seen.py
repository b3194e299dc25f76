"""What was met before, in little memory: digests to numbers, 16 bytes a slot."""

from __future__ import annotations

import hashlib
from array import array

__all__ = ["Seen", "hashed", "key_of"]


def key_of(digest: str) -> int:
    """Return the first 64 bits of a content id (one letter, then hexadecimal digits), never 0.

    >>> key_of("r00000000000000ff12")
    255
    """
    return int(digest[1:17], 16) or 1


def hashed(text: str) -> int:
    """Return 64 bits that stand for a text, the same on every machine, never 0."""
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big") or 1


class Seen:
    """A map from 64-bit keys to small numbers, held in two flat arrays.

    A Python dict of the same takes about six times the memory, which for a log of ten million
    rows is the difference between fitting and not. Open addressing with linear probing; the
    keys are digests, hence spread already. Two different rows share a key with a chance of
    n^2 / 2^65: one in 300,000 for ten million rows.

    Args:
        value_type: Code of `array.array` for the values: "L" or "Q".

    >>> seen = Seen()
    >>> seen.put(7, 1), seen.put(7, 2), len(seen)
    (0, 1, 1)
    """

    def __init__(self, value_type: str = "Q") -> None:
        self._type = value_type
        self._bits = 10
        self._used = 0
        self._clear()

    def __len__(self) -> int:
        return self._used

    def put(self, key: int, value: int) -> int:
        """Keep `value` under a new key; for a known one change nothing.

        Returns:
            0 for a new key, else the value that stands there.
        """
        keys, mask = self._keys, self._mask
        slot = key & mask
        while found := keys[slot]:
            if found == key:
                return self._values[slot]
            slot = (slot + 1) & mask
        keys[slot] = key
        self._values[slot] = value
        self._used += 1
        if self._used > self._room:
            self._grow()
        return 0

    def find(self, key: int) -> int:
        """Return the value under `key`, 0 where there is none."""
        slot = key & self._mask
        while found := self._keys[slot]:
            if found == key:
                return self._values[slot]
            slot = (slot + 1) & self._mask
        return 0

    def count(self, key: int) -> int:
        """Return how often `key` was counted before, and count it once more."""
        before = self.put(key, 1)
        if before:
            self._values[self._slot(key)] = before + 1
        return before

    def _slot(self, key: int) -> int:
        slot = key & self._mask
        while self._keys[slot] != key:
            slot = (slot + 1) & self._mask
        return slot

    def _clear(self) -> None:
        size = 1 << self._bits
        self._mask = size - 1
        self._room = size * 5 // 8
        self._keys = array("Q", bytes(8 * size))
        self._values = array(self._type, bytes(array(self._type).itemsize * size))

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        self._bits += 1
        self._used = 0
        self._clear()
        for key, value in zip(keys, values, strict=True):
            if key:
                self.put(key, value)
