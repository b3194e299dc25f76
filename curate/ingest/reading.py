"""The run: files to rows, rows to their readers, what readers say to batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from curate.errors import ConfigError, InputError
from curate.ingest.assembly import Assembly
from curate.ingest.batch import Batch
from curate.ingest.columns import renamer
from curate.ingest.exchange import Context, Exchange, RowError, Turns
from curate.ingest.files import Line, Mended, ShortCut, Source, Unreadable, find, opened, rows
from curate.ingest.messages import kind_of
from curate.ingest.reader import Reader
from curate.ingest.readers import READERS, best, reader_of
from curate.ingest.requests import Requests

__all__ = ["Met", "detect", "formats", "met", "read"]

Json = Any
Progress = Callable[[int, int], None]

_SAMPLE = 64
_THREAD = 10_000
"""Most rows that may make up one exchange."""


def read(
    paths: Sequence[str | Path],
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    turns: Turns = "last",
    batch_rows: int = 2048,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """Read files of logs or datasets as records, candidates and pairs.

    Equal prompts are one record over the whole run, so that the answers of several models to a
    prompt become candidates of one record. A bad row is rejected with file, line and reason, and
    the next one is read. Memory holds a batch and the digests of what was met, not the rows.

    Args:
        paths: Files, folders and globs.
        format: A reader's name, or "auto": by the shape of each row.
        columns: For plain tables: part (prompt, completion, model, system, group, time, id,
            chosen, rejected, label, …) to column.
        turns: Which assistant turns become candidates: the last one, or each with what came
            before it as its prompt.
        batch_rows: Rows of the source behind one batch.
        progress: Called with bytes read and bytes in all, over all files.

    Returns:
        The batches, in the order of the files and rows. At least one.

    Raises:
        InputError: At once, if a path does not exist, a folder holds no data file, or there is
            no format or part of that name.
    """
    reader = _named(format)
    rename = renamer(columns) if columns else None
    sources = find(paths)
    return _Run(sources, reader, rename, turns, progress).batches(batch_rows)


class Met(NamedTuple):
    """One row of a file, as it was met."""

    source: Source
    line: int
    """1-based line, table row or array element; 0 = the file as a whole."""
    value: Json
    """The row as parsed; None where it could not be, or where several rows make one exchange."""
    exchanges: tuple[Exchange, ...] = ()
    faults: tuple[str, ...] = ()
    """Why the row, or a part of it, could not be read."""


def met(
    paths: Sequence[str | Path],
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    turns: Turns = "last",
    progress: Progress | None = None,
) -> Iterator[Met]:
    """Read files row by row, copies included, each with what it says of prompts and answers.

    Nothing is merged and nothing dropped: for whoever looks at the rows themselves. Memory holds
    a row.

    Args:
        paths: As `read` takes them, and so are the other arguments.
        format: See `read`.
        columns: See `read`.
        turns: See `read`.
        progress: See `read`.

    Raises:
        InputError: See `read`.
    """
    reader = _named(format)
    rename = renamer(columns) if columns else None
    return _Run(find(paths), reader, rename, turns, progress).met()


def formats() -> list[str]:
    """Return the names of the formats that can be forced."""
    return list(READERS)


def detect(rows: Sequence[Json], path: str = "") -> str:
    """Return the name of the format that most of the rows have.

    Args:
        rows: Some rows, as parsed.
        path: Where they come from, for the message.

    Raises:
        InputError: If no reader knows any of them.
    """
    reader = best(rows)
    if reader is None:
        raise InputError(f"{path or 'rows'}: {_strange(rows[0]) if rows else 'no rows'}")
    return reader.name


def _named(format: str) -> Reader | None:
    if format == "auto":
        return None
    try:
        return READERS.get(format)
    except ConfigError as miss:
        raise InputError(str(miss)) from None


class _Run:
    """One pass over the files."""

    def __init__(
        self,
        sources: Sequence[Source],
        reader: Reader | None,
        rename: Callable[[Mapping[str, Json]], Mapping[str, Json]] | None,
        turns: Turns,
        progress: Progress | None,
    ):
        self._forced = reader
        self._rename = rename
        self._requests = Requests()
        self._context = Context(turns=turns, requests=self._requests)
        self._by_keys: dict[tuple[str, ...], Reader] = {}
        self._sources = sources
        self._progress = progress or (lambda done, total: None)
        self._total = sum(source.size for source in sources)
        self._assembly = Assembly()

    def _answers_first(self, sources: Sequence[Source]) -> list[Source]:
        """Return the files, those that hold only requests last, after keeping what they ask."""
        asking = [s for s in sources if s.kind in ("lines", "json", "") and self._asks(s)]
        return [s for s in sources if s not in asking] + asking

    def _asks(self, source: Source) -> bool:
        with opened(source) as file:
            lines = rows(source, file)
            start = [value for _, value in islice(lines, 4)]
            reader = self._forced or best(start)
            if reader is None or reader.request is None:
                return False
            asked = [reader.request(value) for value in start if isinstance(value, dict)]
            if not any(asked):
                return False
            for found in chain(asked, (reader.request(v) for _, v in lines if _is_row(v))):
                if found is not None:
                    self._requests.put(*found)
        return True

    def batches(self, size: int) -> Iterator[Batch]:
        """Yield what the files come to, `size` rows of them at a time."""
        try:
            yield from self._batches(size)
        finally:
            self._requests.close()

    def _batches(self, size: int) -> Iterator[Batch]:
        assembly = self._assembly
        done = 0
        for source in self._answers_first(self._sources):
            assembly.open(source.name)
            with opened(source) as file:
                short_cut = ShortCut()
                for _ in self._rows_of(rows(source, file, short_cut), short_cut):
                    if assembly.rows >= size:
                        self._progress(done + file.done(), self._total)
                        yield assembly.batch()
            done += source.size
        self._progress(self._total, self._total)
        yield assembly.batch()

    def met(self) -> Iterator[Met]:
        """Yield each row of the files."""
        done = 0
        try:
            for source in self._answers_first(self._sources):
                with opened(source) as file:
                    for n, row in enumerate(self._met_in(source, rows(source, file))):
                        if n % _SAMPLE == 0:
                            self._progress(done + file.done(), self._total)
                        yield row
                done += source.size
            self._progress(self._total, self._total)
        finally:
            self._requests.close()

    def _met_in(self, source: Source, lines: Iterator[Line]) -> Iterator[Met]:
        lines = map(_as_row, lines)
        start = list(islice(lines, _SAMPLE))
        reader = self._forced or best([value for _, value in start])
        n = 0
        for line, value in _threaded(chain(start, lines), reader):
            n += 1
            yield self._met(source, line, value)
        if not n:
            yield Met(source, 0, None, faults=("the file holds no rows",))

    def _met(self, source: Source, line: int, value: Json) -> Met:
        value = value.value if isinstance(value, Mended) else value
        if isinstance(value, Unreadable):
            return Met(source, line, None, faults=(value.reason,))
        raw = None if isinstance(value, _Thread) else value
        read: list[Exchange] = []
        faults: list[str] = []
        try:
            for exchange in self._exchanges(value):
                if isinstance(exchange, RowError):
                    faults.append(str(exchange))
                else:
                    read.append(exchange)
        except RowError as bad:
            faults.append(str(bad))
        except Exception as bad:  # whatever a row's shape provokes, the run goes on
            faults.append(f"not of the expected shape: {_said(bad)}")
        return Met(source, line, raw, tuple(read), tuple(faults))

    def _rows_of(self, lines: Iterator[Line], short_cut: ShortCut) -> Iterator[None]:
        """Take in the rows of a file, one a step."""
        lines = map(_as_row, lines)
        start = list(islice(lines, _SAMPLE))
        reader = self._forced or best([value for _, value in start])
        if reader is not None and self._rename is None:
            short_cut.typed = reader.typed
        n = 0
        for line, value in _threaded(chain(start, lines), reader):
            n += 1
            self._assembly.rows += 1
            self._take(line, value)
            yield
        if not n:
            self._assembly.reject(0, "the file holds no rows")

    def _take(self, line: int, value: Json) -> None:
        if type(value) is Exchange:
            self._assembly.add(value, line)
            return
        repaired = ""
        if isinstance(value, Mended):
            value, repaired = value.value, value.what
        if isinstance(value, Unreadable):
            self._assembly.reject(line, value.reason)
            return
        try:
            for exchange in self._exchanges(value):
                if isinstance(exchange, RowError):
                    self._assembly.reject(line, str(exchange))
                else:
                    self._assembly.add(exchange, line, repaired)
        except RowError as bad:
            self._assembly.reject(line, str(bad))
        except Exception as bad:  # whatever a row's shape provokes, the run goes on
            self._assembly.reject(line, f"not of the expected shape: {_said(bad)}")

    def _exchanges(self, row: Json) -> Iterable[Exchange | RowError]:
        if isinstance(row, _Thread):
            return row.reader.read({"rows": row.rows}, self._context)
        if self._rename is not None and isinstance(row, dict):
            row = self._rename(row)
        if self._forced is not None:
            if not isinstance(row, dict):
                raise RowError(_strange(row))
            return self._forced.read(row, self._context)
        reader = self._reader_of(row)
        if reader is not None:
            return reader.read(row, self._context)
        if inner := _wrapped(row):
            return chain.from_iterable(self._exchanges(one) for one in inner)
        raise RowError(_strange(row))

    def _reader_of(self, row: Json) -> Reader | None:
        """Return a row's reader; what read the last row of the same keys is tried first."""
        if not isinstance(row, dict):
            return None
        keys = tuple([key for key, value in row.items() if value is not None])
        reader = self._by_keys.get(keys)
        if reader is not None and reader.matches(row):
            return reader
        reader = reader_of(row)
        if reader is not None and len(self._by_keys) < _KEYS:
            self._by_keys[keys] = reader
        return reader


_KEYS = 4096
"""Most sets of keys whose reader is remembered."""


class _Thread(msgspec.Struct, frozen=True):
    """Rows that are one exchange together."""

    rows: list[Json]
    reader: Reader


def _wrapped(row: Json) -> list[Json] | None:
    """Return the rows of an object that is but a list of them with a few words around."""
    if not isinstance(row, dict):
        return None
    inner = next((row[k] for k in _WRAPPERS if isinstance(row.get(k), list)), None)
    return inner if inner and isinstance(inner[0], dict) else None


_WRAPPERS = ("data", "rows", "examples", "records", "items", "train", "spans")


def _is_row(value: Json) -> bool:
    return isinstance(value, dict)


def _as_row(line: Line) -> Line:
    """Return a named event, ``["name", {…}]``, as an object; anything else as it is."""
    number, value = line
    if type(value) is list and len(value) == 2 and type(value[0]) is str:
        return number, {"event": value[0], "data": value[1]}
    return line


def _threaded(lines: Iterable[Line], reader: Reader | None) -> Iterator[Line]:
    """Join rows that follow each other and belong to one thread, for readers that say so."""
    if reader is None or reader.thread is None:
        yield from lines
        return
    waiting: list[Json] = []
    start, shared = 0, None
    for line, value in lines:
        name = reader.thread(value) if isinstance(value, dict) else None
        if waiting and (name is None or name != shared or len(waiting) >= _THREAD):
            yield start, _Thread(waiting, reader)
            waiting = []
        if name is None:
            yield line, value
            continue
        if not waiting:
            start, shared = line, name
        waiting.append(value)
    if waiting:
        yield start, _Thread(waiting, reader)


def _strange(row: Json) -> str:
    """Say what a row is that no reader knows."""
    if not isinstance(row, dict):
        return f"the row is {kind_of(row)}, not an object with a prompt or messages"
    if any(isinstance(v, dict) and ("file_name" in v or "hf_hub_url" in v) for v in row.values()):
        return "a description of datasets (dataset_info.json), which holds no rows itself"
    keys = ", ".join(map(str, list(row)[:12])) or "none"
    return (
        f"no prompt or messages found (keys: {keys}); name its columns with columns: prompt, "
        "or the format with --format"
    )


def _said(bad: Exception) -> str:
    text = " ".join(str(bad).split())[:200]
    return f"{type(bad).__name__}: {text}" if text else type(bad).__name__
