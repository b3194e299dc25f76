"""The cleaned file, and what was taken out of it with reasons; never in place."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.audit.bar import UNREADABLE
from curate.audit.outputs import Audited
from curate.checks.rows import Rows
from curate.errors import ConfigError, InputError
from curate.files import beside
from curate.ingest.files import (
    BROKEN,
    Mended,
    Source,
    Unreadable,
    by_line,
    find,
    opened,
    rows,
    value_of,
    why_broken,
)
from curate.records import Finding

__all__ = ["Fixed", "fix", "reasons_of", "targets_of"]

Json = Any
Reason = tuple[str, str]
Place = tuple[str, int]
Redact = Callable[[Sequence[Json]], Sequence[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What a fix wrote."""

    paths: tuple[Path, ...]
    removed_path: Path
    kept: int
    removed: int
    changed: int
    """Rows that were kept with personal data replaced."""


def reasons_of(audited: Audited, *, private: bool = False) -> dict[Place, list[Reason]]:
    """Return why each raw row is to be taken out: (file, line) to (check, message).

    Rows that cannot be read are taken out; so is every row that an error or a warning holds at
    fault, where its check says that taking it out mends something. Where the copy that should
    stay is at fault otherwise, the next one stays.

    Args:
        audited: What was found.
        private: Whether rows with personal data are taken out too; else it is replaced in them.
    """
    said: dict[Place, list[Reason]] = {}
    for bad in audited.rejected:
        said.setdefault((bad.file, bad.line), []).append((UNREADABLE, bad.reason))
    mended = [
        (check.name, finding)
        for check, found in zip(audited.checks, audited.found, strict=True)
        if (private if check.family == "personal" else check.fixes)
        for finding in found.findings
        if finding.severity != "info"
    ]
    for check, finding in sorted(mended, key=_is_copy):
        spared = _spared(finding, audited.rows, said) if _is_copy((check, finding)) else None
        for row in finding.rows:
            if row != spared:
                said.setdefault(_place(audited.rows, row), []).append((check, finding.message))
    return said


def _is_copy(mended: tuple[str, Finding]) -> bool:
    return mended[0] in ("exact-duplicates", "near-duplicates")


def _spared(finding: Finding, rows: Rows, said: Mapping[Place, Sequence[Reason]]) -> int | None:
    """Return the copy to keep where the one that should stay is taken out for another reason."""
    if not (finding.against and all(_place(rows, row) in said for row in finding.against)):
        return None
    return next((row for row in finding.rows if _place(rows, row) not in said), None)


def _place(rows: Rows, row: int) -> Place:
    return rows.files[rows.file[row]], int(rows.line[row])


def fix(
    audited: Audited,
    paths: Sequence[str | Path],
    out: Path,
    *,
    redact: Redact | None = None,
) -> Fixed:
    """Write the files without the rows at fault, and beside them what was taken out and why.

    JSON lines stay byte for byte as they were; Parquet stays Parquet where `out` says so; every
    other kind becomes JSON lines. Of several files, `out` is a folder.

    Args:
        audited: What was found.
        paths: The files that were audited.
        out: File or folder to write; ``OUT.removed.jsonl`` stands beside it.
        redact: Replaces personal data in rows; called with many at once that hold some. None =
            these rows are taken out.

    Raises:
        ConfigError: If `out` is one of the audited files, or cannot hold them.
    """
    sources = find(paths)
    targets = targets_of(sources, out)
    reasons = reasons_of(audited, private=redact is None)
    private = _private(audited) if redact is not None else set()
    removed_path = out.with_name(f"{out.name}.removed.jsonl")
    counts = np.zeros(3, np.int64)
    with beside(removed_path) as draft, draft.open("w", encoding="utf-8") as removed:
        for source, target in zip(sources, targets, strict=True):
            work = _Work(source, target, reasons, private, redact or _as_they_are, removed)
            counts += work.run()
    kept, gone, changed = counts.tolist()
    return Fixed(
        paths=tuple(targets), removed_path=removed_path, kept=kept, removed=gone, changed=changed
    )


def _as_they_are(rows: Sequence[Json]) -> Sequence[Json]:
    return rows


def _private(audited: Audited) -> set[Place]:
    """Return where personal data or secrets stand."""
    return {
        _place(audited.rows, row)
        for check, found in zip(audited.checks, audited.found, strict=True)
        if check.family == "personal"
        for finding in found.findings
        for row in finding.rows
    }


def targets_of(sources: Sequence[Source], out: Path) -> list[Path]:
    """Return the file to write for each source.

    Raises:
        ConfigError: If `out` is one of the sources, or cannot hold them.
    """
    if len(sources) == 1 and not out.is_dir():
        targets = [out]
    else:
        targets = [out / _lines_name(source) for source in sources]
        if len(set(targets)) < len(targets):
            raise ConfigError(f"--fix {out}: two of the files have the same name; fix them apart")
    there = {os.path.realpath(source.path) for source in sources}
    for source, target in zip(sources, targets, strict=True):
        if os.path.realpath(target) in there:
            raise ConfigError(f"--fix {target}: that is a file being audited; name another one")
        _check_kind(source, target)
    return targets


def _lines_name(source: Source) -> str:
    name = source.path.name
    if source.kind == "lines" or (source.kind == "parquet" and not source.packed):
        return name
    return f"{name.split('.')[0]}.jsonl{source.packed}"


def _check_kind(source: Source, target: Path) -> None:
    wanted = target.name.removesuffix(".gz").removesuffix(".zst")
    if wanted.endswith((".jsonl", ".ndjson")):
        return
    whole = source.kind == "parquet" and not source.packed
    if wanted.endswith(".parquet") and whole and wanted == target.name:
        return
    raise ConfigError(
        f"--fix {target}: {source.name} is written as JSON lines; name it .jsonl (or .jsonl.gz)"
        + (", or .parquet" if whole else "")
    )


_BLOCK = 1024
"""Rows in which personal data is replaced at once."""


class _Work:
    """One file on its way to its cleaned copy."""

    def __init__(
        self,
        source: Source,
        target: Path,
        reasons: Mapping[Place, list[Reason]],
        private: set[Place],
        redact: Redact,
        removed: IO[str],
    ):
        self._source = source
        self._target = target
        self._reasons = reasons
        self._private = private
        self._redact = redact
        self._removed = removed
        self._counts = np.zeros(3, np.int64)

    def run(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Write the file and return how many rows were kept, removed and changed."""
        if self._target.suffix == ".parquet":
            self._as_parquet()
        else:
            with beside(self._target) as draft, _packed(draft, self._target.suffix) as file:
                for line in self._lines():
                    file.write(line)
        return self._counts

    def _lines(self) -> Iterator[bytes]:
        for line, value, raw, changed in self._redacted():
            if not self._taken_out(line, value):
                self._counts[2] += changed
                yield raw if raw is not None and not changed else _json(value)

    def _redacted(self) -> Iterator[tuple[int, Json, bytes | None, bool]]:
        """Yield line, value, bytes, and whether personal data was replaced in the value."""
        rows_ = self._rows()
        while block := list(itertools.islice(rows_, _BLOCK)):
            wanted = [
                n for n, (line, value, _) in enumerate(block) if self._is_private(line, value)
            ]
            done = dict(zip(wanted, self._redact([block[n][1] for n in wanted]), strict=True))
            for n, (line, value, raw) in enumerate(block):
                yield line, done.get(n, value), raw, n in done

    def _is_private(self, line: int, value: Json) -> bool:
        """Say whether personal data was found in a row, or no check could look at it."""
        place = (self._source.name, line)
        unread = self._reasons.get(place, [("", "")])[0][0] == UNREADABLE
        return not isinstance(value, Unreadable) and (unread or place in self._private)

    def _rows(self) -> Iterator[tuple[int, Json, bytes | None]]:
        """Yield line, value and, for JSON lines, the bytes as they stand."""
        with opened(self._source) as file:
            if by_line(self._source, file):
                yield from _raw_lines(file.stream)
            else:
                for line, value in rows(self._source, file):
                    yield line, value.value if isinstance(value, Mended) else value, None

    def _taken_out(self, line: int, value: Json) -> bool:
        reasons = self._reasons.get((self._source.name, line))
        self._counts[1 if reasons else 0] += 1
        if not reasons:
            return False
        said = {
            "file": self._source.name,
            "line": line,
            "reasons": [{"check": check, "message": text} for check, text in reasons],
            "row": value if not isinstance(value, Unreadable) else None,
        }
        self._removed.write(_json(said).decode())
        return True

    def _as_parquet(self) -> None:
        keep = [line for line, value, *_ in self._redacted() if not self._taken_out(line, value)]
        try:
            table = pq.read_table(self._source.path)
        except (pa.ArrowException, OSError) as bad:
            raise InputError(
                f"{self._source.name}: damaged, so that no Parquet can be made of it ({bad}); "
                "name --fix OUT.jsonl"
            ) from bad
        mask = np.zeros(len(table), np.bool_)
        mask[np.array(keep, np.int64) - 1] = True
        private = [line - 1 for line in keep if (self._source.name, line) in self._private]
        self._counts[2] += len(private)
        out = _with_rows(table, private, self._redact).filter(pa.array(mask))
        with beside(self._target) as draft:
            pq.write_table(out, draft, compression="zstd")


def _raw_lines(stream: IO[bytes]) -> Iterator[tuple[int, Json, bytes | None]]:
    """Yield line, value and bytes; a stream that breaks off ends in what it ends with."""
    line = 0
    try:
        for line, raw in enumerate(stream, 1):
            if raw.strip():
                text = raw.strip().removeprefix(_BOM)
                yield line, _value(text), raw if raw.endswith(b"\n") else raw + b"\n"
    except BROKEN as bad:
        yield line + 1, Unreadable(why_broken(bad)), None


_BOM = b"\xef\xbb\xbf"


def _value(text: bytes) -> Json:
    value = value_of(text)
    return value.value if isinstance(value, Mended) else value


def _with_rows(table: pa.Table, at: Sequence[int], change: Redact) -> pa.Table:
    """Return a table with some of its rows changed, all others and the schema as they were."""
    if not at:
        return table
    some = list(change(table.take(pa.array(at, pa.int64())).to_pylist()))
    order = np.arange(len(table))
    order[list(at)] = len(table) + np.arange(len(at))
    both = pa.concat_tables([table, pa.Table.from_pylist(some, schema=table.schema)])
    return both.take(pa.array(order))


def _json(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"


@contextlib.contextmanager
def _packed(path: Path, suffix: str) -> Iterator[IO[bytes]]:
    """Open a file for writing, compressed as the suffix says; no time goes into the bytes."""
    with path.open("wb") as raw:
        if suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
                yield cast(IO[bytes], packed)
        elif suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as writer:
                yield cast(IO[bytes], writer)
        else:
            yield raw
