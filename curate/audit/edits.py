"""Which words of a text were changed: spans in the text before and in the text after."""

from __future__ import annotations

import difflib
import re
from typing import NamedTuple

__all__ = ["Edit", "word_edit"]

Spans = tuple[tuple[int, int], ...]


class Edit(NamedTuple):
    """Half-open ranges of characters, ascending, apart from each other."""

    before: Spans
    """What is gone, in the text before."""
    after: Spans
    """What is new, in the text after."""


def word_edit(before: str, after: str, *, most: int = 2_000) -> Edit:
    """Return the words that were taken out and put in.

    What both texts begin and end with is set aside; what lies between is compared word by word
    (Ratcliff and Obershelp, 1988), a run of space or a punctuation mark being a word as well.

    Args:
        before: The text as it was.
        after: The text as it is.
        most: Longest stretch in words that is compared; a longer one counts as changed whole.

    >>> word_edit("the cat sat down", "the dog sat down")
    Edit(before=((4, 7),), after=((4, 7),))
    """
    one, other = (_WORD.findall(text) for text in (before, after))
    head = _shared(one, other)
    tail = _shared(one[head:][::-1], other[head:][::-1])
    a, b = one[head : len(one) - tail], other[head : len(other) - tail]
    starts = _starts(one), _starts(other)
    if max(len(a), len(b)) > most:
        blocks = [(0, len(a), 0, len(b))]
    else:
        blocks = [m[1:] for m in _matcher(a, b).get_opcodes() if m[0] != "equal"]
    return Edit(
        tuple((starts[0][head + i], starts[0][head + j]) for i, j, _, _ in blocks if i < j),
        tuple((starts[1][head + i], starts[1][head + j]) for _, _, i, j in blocks if i < j),
    )


_WORD = re.compile(r"\w+|\s+|[^\w\s]")


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many first words two texts share."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _starts(words: list[str]) -> list[int]:
    """Return where each word begins, and where the last one ends."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts


def _matcher(one: list[str], other: list[str]) -> difflib.SequenceMatcher[str]:
    return difflib.SequenceMatcher(None, one, other, autojunk=len(one) > _FEW)


_FEW = 500
