"""Files that are whole or not there: written beside, synced, renamed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = [
    "TableWriter",
    "beside",
    "file_digest",
    "read_json",
    "without_nan",
    "write_json",
    "write_table",
]


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; put it in place when the block ends well.

    After a kill at any moment `path` holds either what it held before or all of the new content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    try:
        yield draft
        _sync(draft)
        os.replace(draft, path)
        _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write a JSON file, whole or not at all; NaN becomes null."""
    text = json.dumps(without_nan(value), indent=1, ensure_ascii=False, allow_nan=False)
    with beside(path) as draft:
        draft.write_text(text + "\n", encoding="utf-8")


def without_nan(value: Any) -> Any:
    """Return a value of JSON's kinds with null for every NaN.

    >>> without_nan({"alpha": float("nan"), "interval": (0.1, 0.2)})
    {'alpha': None, 'interval': [0.1, 0.2]}
    """
    if isinstance(value, Mapping):
        return {name: without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def read_json(path: Path) -> Any:
    """Return what a JSON file holds, or None where there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table as Parquet (zstd), whole or not at all."""
    with beside(path) as draft:
        pq.write_table(table, draft, compression="zstd", store_schema=True)


class TableWriter:
    """Streams record batches to a Parquet file that appears when the block ends well."""

    def __init__(self, path: Path, schema: pa.Schema):
        self.rows = 0
        self._beside = beside(path)
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._held = 0

    def __enter__(self) -> TableWriter:
        self._draft = self._beside.__enter__()
        self._file = pq.ParquetWriter(self._draft, self._schema, compression="zstd")
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows; they reach the file in row groups of about `_GROUP` rows."""
        self.rows += batch.num_rows
        self._held += batch.num_rows
        self._waiting.append(batch)
        if self._held >= _GROUP:
            self._flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._file.close()
        self._beside.__exit__(kind, error, trace)

    def _flush(self) -> None:
        if self._held:
            self._file.write_table(pa.Table.from_batches(self._waiting, schema=self._schema))
        self._waiting, self._held = [], 0


_GROUP = 16_384


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
