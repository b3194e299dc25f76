"""JSONL: a row a line. Split at line feeds only, so that U+2028 within a text splits nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from curate.ingest.files.decoding import LINE_LIMIT, Line, Unreadable, decode, value_of
from curate.ingest.files.streams import BROKEN, why_broken

__all__ = ["ShortCut", "lines"]

_BOM = b"\xef\xbb\xbf"


class ShortCut:
    """How lines are decoded: `typed`, where somebody set it, else as any JSON.

    A short cut that most lines cannot take is given up.
    """

    def __init__(self) -> None:
        self.typed: Callable[[bytes], Any] | None = None
        self._balance = 0

    def take(self, raw: bytes) -> Any:
        """Return what stands on a line."""
        if self.typed is None:
            return decode(raw)
        try:
            value = self.typed(raw)
        except msgspec.DecodeError:
            self._balance += 1
            if self._balance > _PATIENCE:
                self.typed = None
            return decode(raw)
        self._balance = max(0, self._balance - 1)
        return value


_PATIENCE = 1000


def lines(stream: io.BufferedReader, short_cut: ShortCut | None = None) -> Iterator[Line]:
    """Yield the rows of a JSONL stream; a bad line is an `Unreadable`, and the next one follows."""
    take = decode if short_cut is None else short_cut.take
    for number, raw in _raw_lines(stream):
        if isinstance(raw, Unreadable):
            yield number, raw
            continue
        try:
            yield number, take(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            text = raw.strip().removeprefix(_BOM) if number == 1 else raw.strip()
            if text:
                yield number, value_of(text)


def _raw_lines(stream: io.BufferedReader) -> Iterator[tuple[int, bytes | Unreadable]]:
    number = 0
    readline = stream.readline
    try:
        while raw := readline(LINE_LIMIT + 1):
            number += 1
            if len(raw) > LINE_LIMIT:
                yield number, Unreadable(_too_long(len(raw) + _skip_line(raw, stream)))
            else:
                yield number, raw
    except BROKEN as bad:
        yield number + 1, Unreadable(why_broken(bad))


def _skip_line(start: bytes, stream: io.BufferedReader) -> int:
    """Read to the end of the line, block by block; return how many bytes that were."""
    skipped = 0
    block = start
    while block and not block.endswith(b"\n"):
        block = stream.readline(1 << 20)
        skipped += len(block)
    return skipped


def _too_long(size: int) -> str:
    return f"the line has {size / 2**20:.0f} MiB; at most {LINE_LIMIT >> 20} MiB are read"
