"""Places of words as ranges of characters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.measure.containment import Tokens

__all__ = ["Spans", "word_spans"]

Ints = npt.NDArray[np.int64]
Spans = tuple[tuple[int, int], ...]


def word_spans(text: str, tokens: Tokens, which: Ints, begin: int) -> Spans:
    """Return the ranges of characters that some words of a text cover, neighbours as one.

    Args:
        text: The text.
        tokens: Words of several texts, this one among them.
        which: Numbers of its words, ascending.
        begin: First byte of the text, as the tokens count them.
    """
    if not len(which):
        return ()
    parts = np.split(which, np.flatnonzero(np.diff(which) > 1) + 1)
    starts = [int(tokens.starts[part[0]] - begin) for part in parts]
    ends = [int(tokens.ends[part[-1]] - begin) for part in parts]
    at = _characters(text)
    return tuple((int(at[a]), int(at[b])) for a, b in zip(starts, ends, strict=True))


def _characters(text: str) -> Ints:
    """Return the number of the character that each byte belongs to, and of the end.

    >>> _characters("é!").tolist()
    [0, 0, 1, 2]
    """
    if text.isascii():
        return np.arange(len(text) + 1)
    raw = np.frombuffer(text.encode(), np.uint8)
    leads = np.cumsum((raw & 0xC0) != 0x80) - 1
    return np.append(leads, len(text))
