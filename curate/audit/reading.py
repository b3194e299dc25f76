"""Training files to `Rows`: every row that can be read, copies included, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.audit.gather import Cells, cells_of, cells_of_text
from curate.checks.rows import COLUMNS, TURNS, Rows
from curate.console import Progress
from curate.ingest import Met, met
from curate.records import Rejected

__all__ = ["ReadRows", "Watching", "read_rows"]

Json = Any


class Watching(Protocol):
    """Looks at raw rows while they are read."""

    def add(self, file: str, number: int, row: object) -> None:
        """Take in a raw row of a file; `number` counts the raw rows of all files from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """What files hold."""

    rows: Rows
    raw: npt.NDArray[np.int64]
    """The raw row that each row was read from, shape (n_rows,); several may share one."""
    n_raw: int
    """Raw rows that were met, those that could not be read included."""
    rejected: tuple[Rejected, ...] = ()
    """Rows, or parts of rows, that could not be read."""


def read_rows(
    paths: Sequence[str | Path],
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    every_turn: bool = False,
    watch: Watching | None = None,
    progress: Progress | None = None,
) -> ReadRows:
    """Read training files, logs or benchmarks.

    Args:
        paths: Files, folders and globs of any format that `curate ingest` reads.
        format: A reader's name, or auto.
        columns: For plain tables: part (prompt, completion, chosen, …) to column.
        every_turn: Each assistant turn is a row's answer, not only the last.
        watch: Sees every raw row.
        progress: Told bytes read and bytes in all.

    Raises:
        InputError: If a path does not exist, or there is no such format.
    """
    gathered = _Gathered()
    turns = "every" if every_turn else "last"
    for number, row in enumerate(
        met(paths, format=format, columns=columns, turns=turns, progress=progress)  # type: ignore[arg-type]
    ):
        if watch is not None and row.value is not None:
            watch.add(row.source.name, number, row.value)
        gathered.add(number, row)
    return gathered.rows()


class _Gathered:
    """Rows of files as they are read; every so often they become Arrow."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._waiting: list[Cells] = []
        self._blocks: list[dict[str, pa.Array]] = []
        self._places: list[tuple[int, int, int]] = []
        self._where: list[npt.NDArray[np.int64]] = []
        self._rejected: list[Rejected] = []
        self._n_raw = 0

    def add(self, number: int, row: Met) -> None:
        """Take in one raw row."""
        file = self._files.setdefault(row.source.name, len(self._files))
        self._n_raw = number + 1
        plain = _is_text(row)
        for fault in () if plain else row.faults:
            self._rejected.append(
                Rejected(file=row.source.name, line=row.line, stage="audit", reason=fault)
            )
        found = [cells for exchange in row.exchanges for cells in cells_of(exchange, row.value)]
        self._waiting += [cells_of_text(row.value)] if plain else found
        self._places += [(file, row.line, number)] * (1 if plain else len(found))
        if len(self._waiting) >= _BLOCK:
            self._flush()

    def rows(self) -> ReadRows:
        """Return everything that was taken in."""
        self._flush()
        files = tuple(self._files)
        places = np.concatenate(self._where) if self._where else np.empty((0, 3), np.int64)
        texts = {name: self._joined(name, kind) for name, kind in _TEXTS.items()}
        columns = {name: self._joined(name, pa.string()) for name in COLUMNS}
        columns["split"] = _split(columns["split"], places[:, 0], files)
        rows = Rows(
            files=files,
            file=places[:, 0].astype(np.int32),
            line=places[:, 1].copy(),
            columns={name: values for name, values in columns.items() if _says(values)},
            **texts,
        )
        raw, rejected = places[:, 2].copy(), _without_values(self._rejected)
        return ReadRows(rows=rows, raw=raw, n_raw=self._n_raw, rejected=rejected)

    def _flush(self) -> None:
        if self._waiting:
            self._blocks.append(_block(self._waiting))
            self._where.append(np.array(self._places, np.int64).reshape(-1, 3))
        self._waiting, self._places = [], []

    def _joined(self, name: str, kind: pa.DataType) -> pa.Array:
        """Return a column as one array, and let go of its blocks."""
        parts = [block.pop(name) for block in self._blocks]
        return pa.concat_arrays(parts) if parts else pa.array([], kind)


_BLOCK = 4096
_TEXTS = {
    **dict.fromkeys(("prompt", "asked", "answer", "rejected"), pa.large_string()),
    "turns": TURNS,
    **dict.fromkeys(("votes", "metadata"), pa.large_string()),
}


def _block(cells: Sequence[Cells]) -> dict[str, pa.Array]:
    texts = ("prompt", "asked", "answer", "rejected", "votes", "metadata")
    block = {name: _strings([getattr(c, name) for c in cells], pa.large_string()) for name in texts}
    block["turns"] = pa.array([c.turns for c in cells], TURNS)
    for name in COLUMNS:
        block[name] = _strings([c.columns.get(name) for c in cells], pa.string())
    return block


def _strings(values: list[str | None], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([None if v is None else _storable(v) for v in values], kind)


def _without_values(rejected: Sequence[Rejected]) -> tuple[Rejected, ...]:
    """Mask personal data and secrets where a reason quotes the row."""
    from curate.checks.personal import redact

    reasons = list(dict.fromkeys(row.reason for row in rejected))
    masked = dict(zip(reasons, redact(reasons, how="mask"), strict=True))
    return tuple(replace(row, reason=masked[row.reason] or "") for row in rejected)


def _storable(text: str) -> str:
    """Return a text that UTF-8 can hold: a lone surrogate becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_text(row: Met) -> bool:
    """Say whether a row that no reader knows is a plain text, as language models learn from."""
    plain = isinstance(row.value, dict) and isinstance(row.value.get("text"), str)
    return plain and not row.exchanges


def _says(values: pa.Array) -> bool:
    return bool(values.null_count < len(values))


def _split(said: pa.Array, file: npt.NDArray[np.int64], files: Sequence[str]) -> pa.Array:
    """Return each row's split: what it says, else what the name of its file says."""
    named = pa.array([_split_of(name) for name in files], pa.string())
    if not len(files) or named.null_count == len(named):
        return said
    import pyarrow.compute as pc

    return pc.coalesce(said, named.take(pa.array(file)))


def _split_of(name: str) -> str | None:
    """Return the split that a file's name speaks of.

    >>> _split_of("data/my_train-00001.jsonl.gz"), _split_of("latest.jsonl")
    ('train', None)
    """
    words = re.split(r"[^a-z]+", Path(name).name.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), None)


_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "eval", "heldout"), "test"),
}
