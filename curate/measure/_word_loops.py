"""The inner loops of `word_runs`, compiled (numba). Imported on use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure._compiled import compiled

__all__ = ["GAP", "IGNORED", "LETTER", "NUMBER", "SINGLE", "mixed", "scan", "scan_all", "text_keys"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Points = npt.NDArray[np.int32]

GAP, LETTER, NUMBER, SINGLE, IGNORED = 0, 1, 2, 3, 4
"""What a character does: ends a word, belongs to one, is a digit of one, is a word by itself, is
passed over."""

_SEED = np.uint64(0x9E3779B97F4A7C15)
_STEP = np.uint64(0x100000001B3)
_STEP_2 = np.uint64(0xD6E8FEB86659FD93)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_SPREAD_2 = np.uint64(0xC4CEB9FE1A85EC53)
_HALF = np.uint64(33)
_ANY_NUMBER = np.uint64(35)
_SPACE = np.uint64(32)


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """Return 64 bits in which each depends on each of `value` (MurmurHash3's finaliser)."""
    value ^= value >> _HALF
    value *= _SPREAD
    value ^= value >> _HALF
    value *= _SPREAD_2
    return value ^ (value >> _HALF)


@compiled
def _point(data: Bytes, at: int, end: int) -> np.int64:
    """Return the character that starts at a byte, 0 where its bytes are not all there."""
    lead = np.int64(data[at])
    size = _size(lead)
    if at + size > end:
        return np.int64(0)
    point = lead & (0x7F >> size)
    for k in range(1, size):
        point = (point << 6) | (np.int64(data[at + k]) & 0x3F)
    return point


@compiled
def _size(lead: np.int64) -> int:
    """Return how many bytes a character beyond ASCII has."""
    return 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


@compiled
def _hashed(value: np.uint64, point: np.int64, folds: Points, fold_at: Points) -> np.uint64:
    """Take a character beyond ASCII, folded, into a hash."""
    if point >= fold_at.shape[0] - 1 or fold_at[point] == fold_at[point + 1]:
        return (value ^ np.uint64(point)) * _STEP
    for k in range(fold_at[point], fold_at[point + 1]):
        value = (value ^ np.uint64(folds[k])) * _STEP
    return value


@compiled
def scan(
    data: Bytes,
    begin: int,
    end: int,
    one_number: bool,
    kinds: Bytes,
    folds: Points,
    fold_at: Points,
    hashes: Hashes,
    starts: Ints,
    ends: Ints,
    n: int,
) -> int:
    """Write the words of one text behind the `n` that are there; return how many there are then."""
    at, start, stop = begin, begin, begin
    word, inside, digits = _SEED, False, False
    while at < end:
        point = np.int64(data[at])
        size = 1 if point < 128 else _size(point)
        if size > 1:
            point = _point(data, at, end)
        kind = kinds[point] if point < kinds.shape[0] else LETTER
        if kind == LETTER or kind == NUMBER:
            if not inside:
                inside, start, word, digits = True, at, _SEED, False
            if kind == NUMBER and one_number:
                if not digits:
                    word = (word ^ _ANY_NUMBER) * _STEP
            elif size == 1:
                small = point + 32 if 65 <= point <= 90 else point
                word = (word ^ np.uint64(small)) * _STEP
            else:
                word = _hashed(word, point, folds, fold_at)
            digits = kind == NUMBER
            stop = at + size
        elif kind == IGNORED or (one_number and inside and digits and _joins(data, at, end)):
            pass
        else:
            if inside:
                hashes[n], starts[n], ends[n] = mixed(word), start, stop
                n += 1
                inside = False
            if kind == SINGLE:
                hashes[n] = mixed(_hashed(_SEED, point, folds, fold_at))
                starts[n], ends[n] = at, at + size
                n += 1
        at += size
    if inside:
        hashes[n], starts[n], ends[n] = mixed(word), start, stop
        n += 1
    return n


@compiled
def _joins(data: Bytes, at: int, end: int) -> bool:
    """Whether a byte is a point or comma with a digit behind it."""
    mark = data[at] == 46 or data[at] == 44
    return mark and at + 1 < end and 48 <= data[at + 1] <= 57


@compiled
def scan_all(
    data: Bytes,
    offsets: Ints,
    one_number: bool,
    kinds: Bytes,
    folds: Points,
    fold_at: Points,
    hashes: Hashes,
    starts: Ints,
    ends: Ints,
    counts: Ints,
) -> int:
    """Write the words of all texts, and in `counts` where those of each text start."""
    n = 0
    for text in range(offsets.shape[0] - 1):
        counts[text] = n
        n = scan(
            *(data, offsets[text], offsets[text + 1], one_number, kinds, folds, fold_at),
            *(hashes, starts, ends, n),
        )
    counts[-1] = n
    return n


@compiled
def text_keys(
    data: Bytes,
    offsets: Ints,
    punctuation: bool,
    kinds: Bytes,
    spaces: Bytes,
    folds: Points,
    fold_at: Points,
    keys: Hashes,
) -> None:
    """Write a hash of each text, folded, one space for any white space and none at the ends.

    Args:
        data: Bytes of the texts.
        offsets: Where each starts, and where the last one ends.
        punctuation: Whether gaps that are no space count too.
        kinds: What each character does.
        spaces: Whether each character is white space.
        folds: Folded characters, one after the other.
        fold_at: Where those of each character start.
        keys: Written, shape (n_texts, 2).
    """
    for text in range(offsets.shape[0] - 1):
        first, second = _SEED, _SPREAD
        at, end = offsets[text], offsets[text + 1]
        begun, waiting = False, False
        while at < end:
            point = np.int64(data[at])
            size = 1 if point < 128 else _size(point)
            if size > 1:
                point = _point(data, at, end)
            at += size
            kind = kinds[point] if point < kinds.shape[0] else LETTER
            if kind == IGNORED:
                continue
            if kind == GAP:
                space = point < spaces.shape[0] and spaces[point] == 1
                if space or not punctuation:
                    waiting = begun
                    continue
            if waiting:
                first, second = (first ^ _SPACE) * _STEP, (second ^ _SPACE) * _STEP_2
            begun, waiting = True, False
            if size == 1:
                code = np.uint64(point + 32 if 65 <= point <= 90 else point)
                first, second = (first ^ code) * _STEP, (second ^ code) * _STEP_2
            else:
                taken = _hashed(_SEED, point, folds, fold_at)
                first, second = (first ^ taken) * _STEP, (second ^ taken) * _STEP_2
        keys[text, 0], keys[text, 1] = mixed(first), mixed(second)
