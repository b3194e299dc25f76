"""A file as a stream of numbered rows, whatever its kind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from curate.ingest.files.decoding import Line, Unreadable, value_of
from curate.ingest.files.documents import documents
from curate.ingest.files.lines import ShortCut, lines
from curate.ingest.files.paths import KINDS, Source
from curate.ingest.files.streams import BROKEN, Opened, why_broken
from curate.ingest.files.tables import arrow, parquet, separated

__all__ = ["by_line", "rows"]


def rows(source: Source, opened: Opened, short_cut: ShortCut | None = None) -> Iterator[Line]:
    """Yield the rows of an open file, numbered; a file that is none of ours is one `Unreadable`."""
    try:
        head = opened.stream.peek(_HEAD)[:_HEAD]
    except BROKEN as bad:
        return iter([(0, Unreadable(why_broken(bad)))])
    if fault := _fault(head):
        return iter([(0, Unreadable(fault))])
    kind = _kind(source.kind, head)
    if kind in ("csv", "tsv"):
        return separated(opened.stream, "\t" if kind == "tsv" else ",")
    if kind == "parquet":
        return parquet(opened.stream, bool(source.packed))
    if kind == "arrow":
        return arrow(opened.stream)
    if kind == "":
        return iter([(0, Unreadable(f"not a kind of file that is read: {', '.join(KINDS)}"))])
    return _json(kind, head, opened.stream, short_cut)


def by_line(source: Source, opened: Opened) -> bool:
    """Say whether `rows` gives one row a line, because the name and the first bytes say so."""
    try:
        head = opened.stream.peek(_HEAD)[:_HEAD]
    except BROKEN:
        return False
    return not _fault(head) and _kind(source.kind, head) == "lines" and not _is_document(head)


_HEAD = 1 << 16
_WRONG = {
    b"\xff\xfe": "the file is UTF-16; convert it: iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "the file is UTF-16; convert it: iconv -f UTF-16 -t UTF-8",
    b"\x1f\x8b": "the file is gzip, though its name does not end in .gz; rename it",
    b"\x28\xb5\x2f\xfd": "the file is zstd, though its name does not end in .zst; rename it",
    b"PK\x03\x04": "the file is a ZIP archive; unpack it first",
}


def _fault(head: bytes) -> str:
    if not head.strip():
        return "the file is empty"
    if head[:1] == b"\x00" or head[1:2] == b"\x00":
        return "the file is UTF-16 without a mark, or binary; convert it: iconv -f UTF-16 -t UTF-8"
    return next((why for start, why in _WRONG.items() if head.startswith(start)), "")


def _kind(kind: str, head: bytes) -> str:
    """Trust the bytes where they speak, else the suffix."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if kind == "" and _START.match(head):
        return "json"
    return kind


_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:\{|\]|$)")
_PRETTY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\r?\n")


def _is_document(head: bytes) -> bool:
    return bool(_ARRAY.match(head) or _PRETTY.match(head))


def _json(
    kind: str, head: bytes, stream: io.BufferedReader, short_cut: ShortCut | None
) -> Iterator[Line]:
    if _is_document(head):
        return documents(stream)
    if kind == "lines":
        return lines(stream, short_cut)
    first, newline, _ = head.partition(b"\n")
    whole = newline and not isinstance(value_of(first.strip()), Unreadable)
    return lines(stream, short_cut) if whole else documents(stream)
