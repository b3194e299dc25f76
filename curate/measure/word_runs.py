"""Words of texts as numbers: what n-grams, MinHash and exact comparison are made of.

In: texts as Arrow holds them, bytes one after the other and where each starts. Out: a hash a
word, the same in every process, and where the word stands in the bytes given. Letters are folded
inside the loop (compatibility decomposition, case), so that "Ｅ" = "e" and "É" = "é" whether it is
one character or two, and places are places in the text as it was.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Numbers", "Words", "blocks", "buffers", "folded", "text_keys", "threads", "words"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Numbers = Literal["kept", "one"]


class Words(NamedTuple):
    """Words one after the other: those of text k are ``offsets[k]`` to ``offsets[k + 1]``."""

    hashes: Hashes
    """Equal for equal words, shape (n_words,)."""
    starts: Ints
    """First byte of each, in `data`, shape (n_words,)."""
    ends: Ints
    """First byte behind each, shape (n_words,)."""
    offsets: Ints
    """Shape (n_texts + 1,)."""


def words(data: Bytes, offsets: Ints, *, numbers: Numbers = "kept") -> Words:
    """Return the words of texts: runs of letters, digits and marks, whatever the script.

    Punctuation, space and symbols end a word and count for nothing; zero-width characters are
    passed over. Characters of scripts without spaces (Chinese, Japanese, Thai and their
    neighbours) and pictures (emoji) are a word each. Of many texts ask block by block (`blocks`):
    a word costs 24 bytes.

    Args:
        data: UTF-8 bytes of the texts, uint8.
        offsets: Where each starts, and where the last one ends, shape (n_texts + 1,).
        numbers: ``one`` gives every number the same hash, points and commas between digits
            included, so that ``3.5 kg`` = ``1,000 kg`` and ``x2`` = ``x3``.

    >>> found = words(*buffers(["It's 3 km.", "its", "KM"]))
    >>> found.offsets.tolist(), bool(found.hashes[3] == found.hashes[5])
    ([0, 4, 5, 6], True)
    """
    parts = threads(
        lambda texts: _words_of(data, offsets[texts], numbers),
        [slice(b.start, b.stop + 1) for b in blocks(offsets, _BLOCK)],
    )
    ends = np.cumsum([0, *(len(part.hashes) for part in parts)])
    shifted = [part.offsets[:-1] + end for part, end in zip(parts, ends[:-1], strict=True)]
    return Words(
        _joined([part.hashes for part in parts], np.uint64),
        _joined([part.starts for part in parts], np.int64),
        _joined([part.ends for part in parts], np.int64),
        np.append(_joined(shifted, np.int64), ends[-1]),
    )


def text_keys(data: Bytes, offsets: Ints, *, punctuation: bool = True) -> Hashes:
    """Return 128 bits of each text that are equal where texts are equal once normalised.

    Normalised: letters folded as in `words`, any white space = one space, none at the ends.

    Args:
        data: UTF-8 bytes of the texts, uint8.
        offsets: Where each starts, and where the last one ends, shape (n_texts + 1,).
        punctuation: False = punctuation and symbols count as space.

    Returns:
        Shape (n_texts, 2).

    >>> keys = text_keys(*buffers(["Hello,  World", " hello, world ", "hello world"]))
    >>> (keys == keys[0]).all(axis=1).tolist()
    [True, True, False]
    """
    from curate.measure import _word_loops as loops

    keys = np.empty((len(offsets) - 1, 2), np.uint64)
    kinds, spaces, folds, fold_at = tables()
    threads(
        lambda b: loops.text_keys(
            data,
            offsets[b.start : b.stop + 1],
            punctuation,
            kinds,
            spaces,
            folds,
            fold_at,
            keys[b],
        ),
        blocks(offsets, _BLOCK),
    )
    return keys


def buffers(texts: Any) -> tuple[Bytes, Ints]:
    """Return the bytes of texts and where each starts, without a copy where Arrow holds them.

    Args:
        texts: An Arrow array of strings (nulls count as empty), chunked or not, or a sequence.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = isinstance(texts, pa.Array | pa.ChunkedArray)
    column = texts if known else pa.array(texts, pa.large_string())
    if isinstance(column, pa.ChunkedArray):
        wide = column.cast(pa.large_string())
        column = wide.chunk(0) if wide.num_chunks == 1 else wide.combine_chunks()
    column = column.cast(pa.large_string())
    if column.null_count:
        column = pc.fill_null(column, "")
    _, places, data = column.buffers()
    if places is None or data is None:
        return np.empty(0, np.uint8), np.zeros(len(column) + 1, np.int64)
    offsets = np.frombuffer(places, np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8), offsets


def folded(texts: Any) -> Any:
    """Return the texts in normal form (NFKC) and lower case, an Arrow array of large_string.

    `words` and `text_keys` need no such copy; it is for what compares texts as they are read.

    >>> folded(["ＡＢ Straße"]).to_pylist()
    ['ab straße']
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    known = isinstance(texts, pa.Array | pa.ChunkedArray)
    column = texts if known else pa.array(texts, pa.large_string())
    column = column.cast(pa.large_string())
    plain = pc.string_is_ascii(column)
    if pc.all(plain, min_count=0).as_py():
        return pc.ascii_lower(column)
    return pc.utf8_lower(pc.utf8_normalize(column, form="NFKC"))


def blocks(offsets: Ints, most: int) -> list[slice]:
    """Cut texts into runs of about `most` bytes, at least one text each.

    >>> blocks(np.array([0, 3, 6, 20, 21]), 6)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    out, start, n = [], 0, len(offsets) - 1
    while start < n:
        stop = int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1
        stop = min(max(stop, start + 1), n, start + most)
        out.append(slice(start, stop))
        start = stop
    return out


def threads(work: Callable[[slice], Any], parts: list[slice]) -> list[Any]:
    """Do the work of every part, on all cores; results in the parts' order.

    Args:
        work: Lets go of the interpreter's lock where it matters (a compiled loop).
        parts: What it is called with.
    """
    if len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(min(_cores(), len(parts))) as pool:
        return list(pool.map(work, parts))


@lru_cache(maxsize=1)
def tables() -> tuple[Bytes, Bytes, npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return what each character does, whether it is white space, what it folds to, and where."""
    characters = [chr(point) for point in range(_POINTS)]
    kinds = np.array([_kind(character) for character in characters], np.uint8)
    spaces = np.array([c.isspace() or c == "\0" for c in characters], np.uint8)
    forms = [_form(c) if kind else "" for c, kind in zip(characters, kinds, strict=True)]
    plain = [form if form != c else "" for form, c in zip(forms, characters, strict=True)]
    fold_at = np.zeros(_POINTS + 1, np.int32)
    np.cumsum([len(form) for form in plain], out=fold_at[1:])
    folds = np.frombuffer("".join(plain).encode("utf-32-le"), np.int32)
    return kinds, spaces, folds, fold_at


_POINTS = 0x30000
"""Characters from here on are rare ideographs."""

_BLOCK = 1 << 22
"""Bytes a thread takes at a time."""

_UNSPACED = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF)),
    *((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)
"""Thai and Lao, Burmese, Khmer, kana, Chinese characters."""


def _words_of(data: Bytes, offsets: Ints, numbers: Numbers) -> Words:
    from curate.measure import _word_loops as loops

    most = _most_words(int(offsets[-1] - offsets[0]), len(offsets) - 1)
    hashes, starts, ends = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, int)
    kinds, _, folds, fold_at = tables()
    counts = np.zeros(len(offsets), np.int64)
    one = numbers == "one"
    n = loops.scan_all(data, offsets, one, kinds, folds, fold_at, hashes, starts, ends, counts)
    return Words(hashes[:n].copy(), starts[:n].copy(), ends[:n].copy(), counts)


def _most_words(n_bytes: int, n_texts: int) -> int:
    """Return how many words there are at most: `a` is one of one byte, `a©a©a` five of seven."""
    return (2 * n_bytes + n_texts) // 3


def _joined(parts: list[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _kind(character: str) -> int:
    """Say what a character does, as `_word_loops` counts it."""
    category, point = unicodedata.category(character), ord(character)
    if category == "Cf" or 0xFE00 <= point <= 0xFE0F:
        return _IGNORED
    if category in _DIGITS:
        return _NUMBER
    if any(low <= point <= high for low, high in _UNSPACED):
        return _SINGLE if category[0] in "LMC" else _GAP
    if category == "So" and point > 127:
        return _SINGLE
    return _LETTER if category[0] in "LMN" or category in ("Co", "Cn") else _GAP


_GAP, _LETTER, _NUMBER, _SINGLE, _IGNORED = range(5)
_DIGITS = ("Nd", "No")


def _form(character: str) -> str:
    """Return a character folded: decomposed for compatibility, without case."""
    if character.isascii():
        return character.lower()
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    return unicodedata.normalize("NFKD", decomposed)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
