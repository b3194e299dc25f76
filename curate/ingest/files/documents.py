"""JSON documents as streams of rows: an array's elements, or objects one after the other.

The array is never loaded: brackets are counted (strings skipped) to find where each element
ends, and only that slice is parsed. Memory holds one element and one block.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from curate.ingest.files.decoding import LINE_LIMIT, Line, Unreadable, value_of
from curate.ingest.files.streams import BROKEN, why_broken

__all__ = ["documents"]


def documents(stream: io.BufferedReader) -> Iterator[Line]:
    """Yield the elements of a JSON array (or of the list in ``{"data": [...]}``), or objects.

    Element numbers count from 1. An element that is not valid JSON is an `Unreadable`; where
    even its end cannot be found, the rest of the file is.
    """
    text = _Text(stream)
    number = 0
    try:
        text.skip(_BOM)
        within = text.skip(_WRAPPER) or text.skip(_OPEN)
        while not text.skip(_CLOSE if within else _END):
            raw = text.element()
            number += 1
            if raw is None:
                yield number, Unreadable(text.why_not())
                return
            yield number, value_of(raw)
            text.skip(_COMMA)
    except BROKEN as bad:
        yield number + 1, Unreadable(why_broken(bad))


_BOM = re.compile(rb"\xef\xbb\xbf")
_OPEN = re.compile(rb"\s*\[")
_WRAPPER = re.compile(
    rb'\s*\{\s*(?:"object"\s*:\s*"list"\s*,\s*)?'
    rb'"(?:data|rows|examples|records|items|train)"\s*:\s*\['
)
_CLOSE = re.compile(rb"\s*\]")
_END = re.compile(rb"\s*\Z")
_COMMA = re.compile(rb"\s*,")
_SPACE = re.compile(rb"\s*")
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+([{}\[\]])", re.DOTALL)
_SCALAR = re.compile(rb"(?:" + _STRING + rb'|[^\s,\[\]{}"]++)(?=[\s,\]])', re.DOTALL)
_BLOCK = 1 << 20


class _Text:
    """A window on the stream that grows at its end and is cut at its start."""

    def __init__(self, stream: io.BufferedReader):
        self._stream = stream
        self._text = b""
        self._at = 0
        self._ended = False
        self._step = _BLOCK

    def skip(self, pattern: re.Pattern[bytes]) -> bool:
        """Step over `pattern` where the text goes on with it."""
        self._fill_to_word()
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found is not None

    def element(self) -> bytes | None:
        """Return the bytes of the next value; None where its end cannot be found."""
        self._fill_to_word()
        self._cut()
        end = self._end_of_nested() if self._text[:1] in (b"{", b"[") else self._end_of_scalar()
        if end is None:
            return None
        self._at = end
        return self._text[:end]

    def why_not(self) -> str:
        """Say why no end was found."""
        if self._ended:
            return "the JSON ends in the middle of this element; the file may be cut short"
        return f"this element has no end within {LINE_LIMIT >> 20} MiB; the rest was not read"

    def _end_of_nested(self) -> int | None:
        at = depth = 0
        while True:
            found = _BRACKET.match(self._text, at)
            if found is None:
                if not self._grow():
                    return None
                continue
            at = found.end()
            depth += 1 if found[1] in b"{[" else -1
            if depth == 0:
                return at

    def _end_of_scalar(self) -> int | None:
        while (found := _SCALAR.match(self._text)) is None:
            if not self._grow():
                return len(self._text) or None if self._ended and self._text.strip() else None
        return found.end()

    def _fill_to_word(self) -> None:
        """Step over white space, reading on until something else stands there."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if len(self._text) - self._at > _WORD or self._ended:
                return
            self._cut()
            self._grow()

    def _cut(self) -> None:
        if self._at:
            self._text, self._at, self._step = self._text[self._at :], 0, _BLOCK

    def _grow(self) -> bool:
        """Read on, each time twice as much; False at the end or past the limit."""
        if len(self._text) > LINE_LIMIT:
            return False
        block = self._stream.read(self._step)
        self._step *= 2
        self._ended = not block
        self._text += block
        return bool(block)


_WORD = 64
"""Bytes that the patterns of `skip` may need to look at."""
