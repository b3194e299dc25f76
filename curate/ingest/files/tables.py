"""CSV, Parquet and Arrow as rows of named values; null and empty cells are left out."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from curate.ingest.files.decoding import LINE_LIMIT, Line, Unreadable, decode
from curate.ingest.files.streams import BROKEN, why_broken

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["arrow", "parquet", "separated"]

Json = Any
_ROWS = 1024


def separated(stream: io.BufferedReader, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a CSV; each is numbered by the line on which it starts."""
    csv.field_size_limit(min(LINE_LIMIT, sys.maxsize))
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _rows(csv.reader(text, delimiter=delimiter))
    finally:
        text.detach()


def _rows(reader: Reader) -> Iterator[Line]:
    header = None
    for start, cells in _cells(reader):
        if isinstance(cells, Unreadable):
            yield start, cells
        elif header is None:
            header = [name.strip() for name in cells]
        elif any(cells):
            yield start, _row(header, cells)


def _cells(reader: Reader) -> Iterator[tuple[int, list[str] | Unreadable]]:
    """Yield the rows' cells; what is no CSV is an `Unreadable`, and the next row follows."""
    while True:
        start = reader.line_num + 1
        try:
            yield start, next(reader)
        except StopIteration:
            return
        except csv.Error as bad:
            yield start, Unreadable(f"not valid CSV: {bad}")
        except BROKEN as bad:
            yield start, Unreadable(why_broken(bad))
            return


def _row(header: list[str], cells: list[str]) -> Json:
    if len(cells) > len(header):
        return Unreadable(
            f"the row has {len(cells)} cells, the header {len(header)}; quote cells with commas"
        )
    row = {name: _cell(cell) for name, cell in zip(header, cells, strict=False) if cell != ""}
    if any(isinstance(v, str) and _not_text(v) for v in row.values()):
        return Unreadable("not UTF-8; if the file is Latin-1, convert it: iconv -f LATIN1 -t UTF-8")
    return row


def _not_text(cell: str) -> bool:
    return not cell.isascii() and any("\ud800" <= c <= "\udfff" for c in cell)


def _cell(cell: str) -> Json:
    """Return a cell's text, or what it holds where that is a JSON object or a list of them."""
    if not cell.startswith(("{", "[{", "[ {")):
        return cell
    try:
        return decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return cell


def parquet(stream: io.BufferedReader, packed: bool) -> Iterator[Line]:
    """Yield the rows of a Parquet file, a part of a row group at a time."""
    with tempfile.TemporaryFile() as seekable:
        if packed:
            try:
                shutil.copyfileobj(stream, seekable)
            except BROKEN as bad:
                yield 0, Unreadable(why_broken(bad))
                return
        yield from _batched(lambda: _parquet_batches(seekable if packed else stream))


def _parquet_batches(file: Any) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(file).iter_batches(batch_size=_ROWS)


def arrow(stream: io.BufferedReader) -> Iterator[Line]:
    """Yield the rows of an Arrow file or stream, as `datasets` leaves them on disk."""
    yield from _batched(lambda: _arrow_batches(stream))


def _arrow_batches(stream: io.BufferedReader) -> Iterator[pa.RecordBatch]:
    if stream.peek(6)[:6] == b"ARROW1":
        file = ipc.open_file(stream)
        batches = (file.get_batch(i) for i in range(file.num_record_batches))
    else:
        batches = iter(ipc.open_stream(stream))
    for batch in batches:
        yield from (batch.slice(i, _ROWS) for i in range(0, batch.num_rows, _ROWS))


def _batched(batches: Any) -> Iterator[Line]:
    number = 0
    try:
        for batch in batches():
            for row in batch.to_pylist():
                number += 1
                yield number, {k: v for k, v in row.items() if v is not None}
    except (pa.ArrowException, UnicodeDecodeError, *BROKEN) as bad:
        where = f" after row {number}" if number else ""
        yield number, Unreadable(f"the table cannot be read{where}: {_one_line(bad)}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
