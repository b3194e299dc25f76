"""What a stream was given and what became of it: one SQLite file, one transaction a step.

Lines are kept before anything is made of them, and every decision together with the state that
the next one starts from: after a kill at any moment the same lines are decided the same way, once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import Rejected

__all__ = ["Chunk", "Decided", "Journal", "Taken", "streamed_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines that arrived together."""

    number: int
    source: str
    first_line: int
    """1-based, in its source."""
    at: float
    """When they arrived, in seconds since 1970."""
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision, as it is kept."""

    item_id: str
    record_id: str
    line: int
    kind: str
    decision: Mapping[str, Any]
    """`curate.select.stream.Decision.as_json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row that goes to people, with all that the desk and the round need of it."""

    item_id: str
    record_id: str
    candidate_ids: tuple[str, ...]
    part: str
    probability: float
    reason: str
    scores: Mapping[str, float]
    tables: bytes
    """Its record and candidates, packed (`intake.packed`)."""
    vector: npt.NDArray[np.float32]


class Journal:
    """A stream's file.

    Args:
        path: Made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def receive(self, source: str, text: bytes, *, at: float, end: int, mark: str) -> None:
        """Keep lines before anything is made of them.

        Args:
            source: File they come from, or - for standard input.
            text: Whole lines.
            at: When they arrived.
            end: Byte of the source after them.
            mark: What tells the source's file from another of that name.
        """
        with self._transaction():
            _, lines, _ = self.place(source)
            self._db.execute(
                "INSERT INTO chunks (source, first_line, at, text) VALUES (?,?,?,?)",
                (source, lines + 1, at, text),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO places VALUES (?,?,?,?)",
                (source, end, lines + text.count(b"\n"), mark),
            )

    def place(self, source: str) -> tuple[int, int, str]:
        """Return byte, lines and file mark up to which a source has been received."""
        row = self._db.execute(
            "SELECT end, lines, mark FROM places WHERE source = ?", (source,)
        ).fetchone()
        return (0, 0, "") if row is None else (int(row[0]), int(row[1]), str(row[2]))

    def forget_place(self, source: str) -> None:
        """Read a source from its beginning: another file has its name now."""
        with self._transaction():
            self._db.execute("DELETE FROM places WHERE source = ?", (source,))

    def waiting(self) -> list[Chunk]:
        """Return what was received and not decided yet."""
        rows = self._db.execute(
            "SELECT number, source, first_line, at, text FROM chunks WHERE text IS NOT NULL"
            " ORDER BY number"
        ).fetchall()
        names = ("number", "source", "first_line", "at", "text")
        return [Chunk(**dict(zip(names, row, strict=True))) for row in rows]

    def decide(
        self,
        chunk: Chunk,
        *,
        round: int,
        decided: Sequence[Decided],
        taken: Sequence[Taken],
        rejected: Iterable[Rejected],
        state: Mapping[str, Any],
    ) -> None:
        """Keep what became of a chunk, and the state that the next one starts from."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO decisions VALUES (NULL,?,?,?,?,?,?,?)",
                [
                    (round, d.item_id, d.record_id, chunk.source, d.line, d.kind, _json(d.decision))
                    for d in decided
                ],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO taken VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,0)",
                [
                    (
                        *(round, t.item_id, t.record_id, _json(list(t.candidate_ids)), t.part),
                        *(t.probability, t.reason, _json(dict(t.scores)), t.tables),
                        *(t.vector.astype("<f4").tobytes(), chunk.at),
                    )
                    for t in taken
                ],
            )
            self._db.executemany(
                "INSERT INTO rejected VALUES (?,?,?,?)",
                [(r.file, r.line, r.stage, r.reason) for r in rejected],
            )
            self._db.execute("UPDATE chunks SET text = NULL WHERE number = ?", (chunk.number,))
            self._put("state", _json(state))

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return which of some items were decided before."""
        found: set[str] = set()
        for start in range(0, len(ids), _VARIABLES):
            some = ids[start : start + _VARIABLES]
            marks = ",".join("?" * len(some))
            query = f"SELECT item_id FROM decisions WHERE item_id IN ({marks})"
            found |= {row[0] for row in self._db.execute(query, some)}
        return found

    def state(self) -> dict[str, Any] | None:
        """Return the selector's state after the last decision."""
        text = self._get("state")
        return None if text is None else json.loads(text)

    def taken(self, round: int | None = None) -> list[Taken]:
        """Return what was taken, in order: of one round, or of all."""
        where, values = ("", ()) if round is None else ("WHERE round = ?", (round,))
        rows = self._db.execute(
            "SELECT item_id, record_id, candidate_ids, part, probability, reason, scores, tables,"
            f" vector FROM taken {where} ORDER BY seq",
            values,
        )
        return [_taken(row) for row in rows]

    def move(self, before: int, to: int, *, but: Iterable[str]) -> None:
        """Put what was taken for one round into another, but for what that round holds already."""
        kept = set(but)
        with self._transaction():
            rows = self._db.execute("SELECT item_id FROM taken WHERE round = ?", (before,))
            moved = [(to, id) for (id,) in rows.fetchall() if id not in kept]
            self._db.executemany("UPDATE taken SET round = ? WHERE item_id = ?", moved)

    def unpushed(self, round: int) -> tuple[int, float | None]:
        """Return how many of a round's rows are not at the desk, and when the first came."""
        n, first = self._db.execute(
            "SELECT count(*), min(at) FROM taken WHERE pushed = 0 AND round = ?", (round,)
        ).fetchone()
        return int(n), first

    def pushed(self, ids: Iterable[str]) -> None:
        """Note that rows are at the desk."""
        with self._transaction():
            self._db.executemany(
                "UPDATE taken SET pushed = 1 WHERE item_id = ?", [(i,) for i in ids]
            )

    def decision(self, id: str) -> tuple[str, dict[str, Any]] | None:
        """Return the item whose id, or whose record's id, begins with `id`, and its decision."""
        row = self._db.execute(
            "SELECT item_id, decision FROM decisions WHERE substr(item_id, 1, ?) = ?"
            " OR substr(record_id, 1, ?) = ? ORDER BY seq LIMIT 1",
            (len(id), id, len(id), id),
        ).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def counts(self, round: int) -> dict[str, int]:
        """Return how many rows a round's decisions took, left, and rejected."""
        decided = self._one("SELECT count(*) FROM decisions WHERE round = ?", round)
        taken = self._one("SELECT count(*) FROM taken WHERE round = ?", round)
        lot = self._one("SELECT count(*) FROM taken WHERE part = 'random' AND round = ?", round)
        rejected = int(self._db.execute("SELECT count(*) FROM rejected").fetchone()[0])
        return {"decided": decided, "taken": taken, "random": lot, "rejected": rejected}

    def reasons(self, round: int, most: int) -> list[tuple[str, int]]:
        """Return why rows of a round were rejected, the most frequent reason first."""
        rows = self._db.execute(
            "SELECT reason, count(*) AS n FROM rejected GROUP BY reason ORDER BY n DESC, reason"
            " LIMIT ?",
            (most,),
        )
        return [(reason, n) for reason, n in rows]

    def _one(self, query: str, round: int) -> int:
        return int(self._db.execute(query, (round,)).fetchone()[0])

    def _get(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _put(self, key: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?,?)", (key, value))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


def streamed_row(project: Project, id: str) -> Summary | None:
    """Return what became of a row that arrived in the stream, or None for any other."""
    path = project.folder / "stream.sqlite"
    if not path.exists():
        return None
    with Journal(path) as journal:
        found = journal.decision(id)
    if found is None:
        return None
    item, said = found
    state = "taken" if said["taken"] else "not taken"
    return Summary(
        stage="explain",
        notes=(f"{item}: {state} on its arrival: {said['reason']}",),
        data={"rows": [{"id": item, **said}]},
    )


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


_VARIABLES = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS chunks (number INTEGER PRIMARY KEY, source TEXT, first_line INTEGER,
  at REAL, text BLOB);
CREATE INDEX IF NOT EXISTS undecided ON chunks (number) WHERE text IS NOT NULL;
CREATE TABLE IF NOT EXISTS places (source TEXT PRIMARY KEY, end INTEGER, lines INTEGER, mark TEXT);
CREATE TABLE IF NOT EXISTS decisions (seq INTEGER PRIMARY KEY, round INTEGER, item_id TEXT UNIQUE,
  record_id TEXT, source TEXT, line INTEGER, kind TEXT, decision TEXT);
CREATE INDEX IF NOT EXISTS of_round ON decisions (round);
CREATE TABLE IF NOT EXISTS taken (seq INTEGER PRIMARY KEY, round INTEGER, item_id TEXT UNIQUE,
  record_id TEXT, candidate_ids TEXT, part TEXT, probability REAL, reason TEXT, scores TEXT,
  tables BLOB, vector BLOB, at REAL, pushed INTEGER);
CREATE TABLE IF NOT EXISTS rejected (file TEXT, line INTEGER, stage TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT);
"""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _taken(row: Sequence[Any]) -> Taken:
    item, record, candidates, part, probability, reason, scores, tables, vector = row
    return Taken(
        item_id=item,
        record_id=record,
        candidate_ids=tuple(json.loads(candidates)),
        part=part,
        probability=probability,
        reason=reason,
        scores=json.loads(scores),
        tables=tables,
        vector=np.frombuffer(vector, "<f4").astype(np.float32),
    )
