"""Vectors kept by the hash of their text: append-only, safe against a kill at any moment.

::

    vectors/<encoder>/
        about.json      the encoder's name and the number of dimensions
        vectors.f32     one row of float32 a text, in the order of arrival
        ids             one record a row: hash of the text, windows it was read in, checksum

A row is there once its record in `ids` is. Vectors are written and synced first; on opening,
whatever has no whole, matching counterpart at the end of either file is dropped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curate.errors import ProjectError

__all__ = ["MemoryShelf", "Shelf", "VectorCache", "key_of"]

Vectors = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]

_RECORD = np.dtype([("high", ">u8"), ("low", ">u8"), ("windows", "<u4"), ("crc", "<u4")])
_CHECKED = 1024
"""How many rows at the end are checked against their checksum on opening."""


def key_of(text: str) -> bytes:
    """Return the 16-byte hash under which a text's vector is kept."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class VectorCache:
    """Vectors of one or more encoders, in a folder.

    Args:
        folder: Made when the first vector is kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._shelves: dict[str, Shelf] = {}

    def shelf(self, encoder: str) -> Shelf:
        """Return the vectors of one encoder.

        Args:
            encoder: Its name; a folder or a hub's name is put into a safe file name.
        """
        if encoder not in self._shelves:
            self._shelves[encoder] = Shelf(self.folder / _file_name(encoder), encoder)
        return self._shelves[encoder]


class Shelf:
    """Vectors of one encoder, found by the hash of their text.

    Args:
        folder: Where its three files are, or will be.
        encoder: Name to write beside them.
    """

    def __init__(self, folder: Path, encoder: str) -> None:
        self.folder = folder
        self._encoder = encoder
        self._dims = _dims_in(folder)
        self._records = np.empty(0, dtype=_RECORD)
        self._order = np.empty(0, dtype=np.int64)
        if self._dims:
            with self._locked():
                self._sync()

    def __len__(self) -> int:
        return len(self._records)

    def missing(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those keys that have no vector yet, in their order."""
        keys = list(keys)
        return [key for key, row in zip(keys, self._rows(keys).tolist(), strict=True) if row < 0]

    def read(self, keys: Sequence[bytes]) -> tuple[Vectors, Counts]:
        """Return vectors, shape (n_keys, n_dims), and windows, shape (n_keys,), of known keys."""
        rows = self._rows(keys)
        if len(rows) == 0:
            return np.empty((0, self._dims), dtype=np.float32), np.empty(0, dtype=np.int64)
        return np.asarray(self._vectors()[rows]), self._records["windows"][rows].astype(np.int64)

    def add(self, keys: Sequence[bytes], vectors: Vectors, windows: Counts) -> None:
        """Keep vectors; when this returns, they survive a kill.

        Raises:
            ProjectError: If the folder cannot be written, or the number of dimensions is not
                the one on the shelf.
        """
        vectors = np.ascontiguousarray(vectors, dtype="<f4")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._check_dims(vectors.shape[1])
                self._sync()
                self._append(keys, vectors, windows)
        except OSError as bad:
            raise ProjectError(f"{self.folder}: vectors cannot be kept there ({bad})") from bad

    def _append(self, keys: Sequence[bytes], vectors: Vectors, windows: Counts) -> None:
        fresh = [i for i, row in enumerate(self._rows(keys).tolist()) if row < 0]
        records = _records([keys[i] for i in fresh], vectors[fresh], windows[fresh])
        _append(self.folder / "vectors.f32", vectors[fresh].tobytes())
        _append(self.folder / "ids", records.tobytes())
        self._take(np.concatenate([self._records, records]))

    def _vectors(self) -> npt.NDArray[np.float32]:
        shape = (len(self._records), self._dims)
        return np.memmap(self.folder / "vectors.f32", dtype="<f4", mode="r", shape=shape)

    def _rows(self, keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
        """Return the row of each key, -1 where it is not there."""
        sought = np.frombuffer(b"".join(keys), dtype=">u8").reshape(-1, 2)
        rows = np.full(len(keys), -1, dtype=np.int64)
        if len(self._records) == 0:
            return rows
        high = self._records["high"]
        at = np.searchsorted(high, sought[:, 0], sorter=self._order)
        near = self._order[np.minimum(at, len(high) - 1)]
        found = (high[near] == sought[:, 0]) & (self._records["low"][near] == sought[:, 1])
        rows[found] = near[found]
        return rows

    def _take(self, records: npt.NDArray[np.void]) -> None:
        self._records = records
        self._order = np.argsort(records["high"], kind="stable")

    def _check_dims(self, dims: int) -> None:
        self._dims = self._dims or _dims_in(self.folder)
        if self._dims == 0:
            self._start(dims)
        if dims != self._dims:
            raise ProjectError(
                f"{self.folder}: holds vectors of {self._dims} dimensions, but encoder "
                f"{self._encoder!r} now gives {dims}; delete the folder to embed anew"
            )

    def _start(self, dims: int) -> None:
        about = json.dumps({"encoder": self._encoder, "dims": dims}) + "\n"
        beside = self.folder / "about.json.new"
        beside.write_text(about, encoding="utf-8")
        beside.replace(self.folder / "about.json")
        self._dims = dims

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / "lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _sync(self) -> None:
        """Read what is whole on disk, and cut off a torn tail."""
        ids, vectors = self.folder / "ids", self.folder / "vectors.f32"
        row = 4 * self._dims
        n = min(_size(ids) // _RECORD.itemsize, _size(vectors) // row)
        whole = _size(ids) == n * _RECORD.itemsize and _size(vectors) == n * row
        if whole and n == len(self._records):
            return
        records = np.fromfile(ids, dtype=_RECORD, count=n) if n else self._records[:0]
        n = _first_bad(records, vectors, self._dims)
        _cut(ids, n * _RECORD.itemsize)
        _cut(vectors, n * row)
        self._take(records[:n])


class MemoryShelf:
    """Vectors of one call, kept nowhere."""

    def __init__(self) -> None:
        self._held: dict[bytes, tuple[Vectors, int]] = {}

    def missing(self, keys: Iterable[bytes]) -> list[bytes]:
        """Return those keys that have no vector yet, in their order."""
        return [key for key in keys if key not in self._held]

    def read(self, keys: Sequence[bytes]) -> tuple[Vectors, Counts]:
        """Return vectors, shape (n_keys, n_dims), and windows, shape (n_keys,), of known keys."""
        if not keys:
            return np.empty((0, 0), dtype=np.float32), np.empty(0, dtype=np.int64)
        vectors = np.stack([self._held[key][0] for key in keys])
        return vectors, np.asarray([self._held[key][1] for key in keys], dtype=np.int64)

    def add(self, keys: Sequence[bytes], vectors: Vectors, windows: Counts) -> None:
        """Keep vectors."""
        for key, vector, n in zip(keys, vectors, windows.tolist(), strict=True):
            self._held[key] = (vector, n)


def _file_name(encoder: str) -> str:
    """Return a name for a folder: readable, and distinct for distinct encoders.

    >>> _file_name("minilm"), _file_name("../up")
    ('minilm', 'up-01dc1b4f')
    """
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", encoder).strip("-")[-60:]
    if plain == encoder:
        return plain
    return f"{plain}-{hashlib.blake2b(encoder.encode(), digest_size=4).hexdigest()}"


def _dims_in(folder: Path) -> int:
    try:
        return int(json.loads((folder / "about.json").read_text(encoding="utf-8"))["dims"])
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except (OSError, ValueError, KeyError, TypeError) as bad:
        raise ProjectError(
            f"{folder / 'about.json'}: cannot be read ({bad}); delete the folder to embed anew"
        ) from bad


def _records(keys: Sequence[bytes], vectors: Vectors, windows: Counts) -> npt.NDArray[np.void]:
    records = np.empty(len(keys), dtype=_RECORD)
    halves = np.frombuffer(b"".join(keys), dtype=">u8").reshape(-1, 2)
    records["high"], records["low"] = halves[:, 0], halves[:, 1]
    records["windows"] = windows
    records["crc"] = [zlib.crc32(vector.tobytes()) for vector in vectors]
    return records


def _first_bad(records: npt.NDArray[np.void], vectors: Path, dims: int) -> int:
    """Return how many rows stand before the first one, of the last 1024, that does not check."""
    start = max(0, len(records) - _CHECKED)
    if start == len(records):
        return start
    n = len(records) - start
    tail = np.fromfile(vectors, dtype="<f4", count=n * dims, offset=4 * dims * start)
    sums = [zlib.crc32(row.tobytes()) for row in tail.reshape(n, dims)]
    bad = np.flatnonzero(np.asarray(sums, dtype=np.uint32) != records["crc"][start:])
    return start + int(bad[0]) if len(bad) else len(records)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(path: Path, size: int) -> None:
    if _size(path) > size:
        os.truncate(path, size)


def _append(path: Path, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
