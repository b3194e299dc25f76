"""Which batches are under way and which calls they hold: what a kill must not forget.

In: a parcel of keys before anything of it is sent, then what the server calls it. Out: the parcels
that were not collected yet. One SQLite file; each step is committed before the next is taken.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from curate.errors import ProjectError
from curate.records import digest

__all__ = ["BatchState", "Parcel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The calls of one batch."""

    mark: str
    """Content id of the keys and of how often they were tried; in the batch's metadata."""
    keys: tuple[str, ...]
    creating: float | None = None
    """When its creation was asked for, in seconds since the epoch; None: not yet."""
    batch_id: str | None = None
    """None: planned, and perhaps created already when the process was killed."""


class BatchState:
    """The parcels that were sent to one address.

    Args:
        path: Of the file; None keeps nothing past the process.
        where: The address.

    Raises:
        ProjectError: If the file cannot be used.
    """

    def __init__(self, path: Path | None, where: str):
        self._path = path
        self._where = where
        self._once = "" if path else f"-{secrets.token_hex(4)}"
        with self._in_a_sentence():
            self._db = _opened(path)

    def __enter__(self) -> BatchState:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def open(self) -> list[Parcel]:
        """Return the parcels that were planned or created and not collected, oldest first."""
        rows = self._do(
            "SELECT mark, keys, creating, batch FROM parcels WHERE place = ? AND NOT done"
            " ORDER BY rowid",
            self._where,
        )
        return [
            Parcel(mark=mark, keys=tuple(keys.split()), creating=creating, batch_id=batch)
            for mark, keys, creating, batch in rows
        ]

    def plan(self, keys: Sequence[str]) -> Parcel:
        """Note that a batch of these calls is about to be created."""
        of = digest(self._where, *sorted(keys))
        [(times,)] = self._do("SELECT count(*) FROM parcels WHERE of = ? AND done", of)
        parcel = Parcel(mark=f"{of}-{times}{self._once}", keys=tuple(keys))
        self._do(
            "INSERT INTO parcels VALUES (?, ?, ?, ?, NULL, NULL, 0)",
            *(parcel.mark, of, self._where, " ".join(keys)),
        )
        return parcel

    def creating(self, parcel: Parcel) -> None:
        """Note that from now on the server may have a batch of a parcel."""
        self._do("UPDATE parcels SET creating = ? WHERE mark = ?", time.time(), parcel.mark)

    def created(self, parcel: Parcel, batch_id: str) -> Parcel:
        """Note what the server calls a parcel's batch."""
        self._do("UPDATE parcels SET batch = ? WHERE mark = ?", batch_id, parcel.mark)
        return replace(parcel, batch_id=batch_id)

    def never_sent(self, parcel: Parcel) -> None:
        """Forget a planned parcel of which the server knows no batch."""
        self._do("DELETE FROM parcels WHERE mark = ?", parcel.mark)

    def collected(self, parcel: Parcel, *, all_but: Sequence[str] = ()) -> None:
        """Note that a parcel's replies were given on.

        Args:
            parcel: Whose batch has ended.
            all_but: Keys that nobody asks for now: the parcel stays, for these alone.
        """
        self._do(
            "UPDATE parcels SET done = ?, keys = ? WHERE mark = ?",
            *(int(not all_but), " ".join(all_but), parcel.mark),
        )

    def _do(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._in_a_sentence():
            return self._db.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _in_a_sentence(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as bad:
            raise ProjectError(
                f"{self._path}: the list of batches under way cannot be used ({bad})"
            ) from bad


def _opened(path: Path | None) -> sqlite3.Connection:
    db = sqlite3.connect(path or ":memory:", timeout=60, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(_TABLE)
    except BaseException:
        db.close()
        raise
    return db


_TABLE = """
CREATE TABLE IF NOT EXISTS parcels (mark TEXT PRIMARY KEY, of TEXT, place TEXT, keys TEXT,
    creating REAL, batch TEXT, done INTEGER)
"""
