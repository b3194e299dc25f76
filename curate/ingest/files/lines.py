"""JSONL: a row a line. Split at line feeds only, so that U+2028 within a text splits nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator

import msgspec

from curate.ingest.files.decoding import LINE_LIMIT, Line, Unreadable, decode, value_of
from curate.ingest.files.streams import BROKEN, why_broken

__all__ = ["lines"]

_BOM = b"\xef\xbb\xbf"


def lines(stream: io.BufferedReader) -> Iterator[Line]:
    """Yield the rows of a JSONL stream; a bad line is an `Unreadable`, and the next one follows."""
    number = 0
    for number, raw in _raw_lines(stream):
        if isinstance(raw, Unreadable):
            yield number, raw
            continue
        try:
            yield number, decode(raw)
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
