"""A project on disk: the only module that knows the paths.

::

    FOLDER/
      curate.yaml                       the configuration
      pool/records.parquet candidates.parquet pairs.parquet rejected.jsonl
      pool/cleaned/                     what cleaning left of records, candidates, pairs, generated
      pool/dropped.jsonl                what it dropped, with reasons
      pool/generated.parquet            what models were asked for, as candidates.parquet
      pool/verdicts.parquet             what judges made of candidates and pairs
      pool/vectors/                     vectors by content hash
      pool/scores.parquet pair_scores.parquet
      rounds/001/pool.parquet           every row that was on offer, with its scores
      rounds/001/queue.parquet          what was picked, in order, with reason and probability
      rounds/001/pushed.json            the desk's datasets, the order people see
      rounds/001/responses.parquet curated.parquet agreement.json undecided.jsonl
      rounds/001/manifest.json          closes the round: sha256 of each file and of the last round
      exports/001/FORMAT/SPLIT.jsonl    training files, card, manifest
      ledger.sqlite                     every call of a model, with its reply and cost
      batches.sqlite                    batches under way at a Batch API
      queue.sqlite                      every version of every answer that came back
      stamps/STAGE.json                 what each stage was last run on
      report.html
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import config as configuration
from curate.errors import ProjectError
from curate.files import TableWriter, beside, file_digest, read_json, write_json, write_table
from curate.records import RESPONSES, Rejected, Response, digest

__all__ = ["Project", "Round"]

_CLEANED = ("records", "candidates", "pairs")


class Project:
    """The folder of one configuration file, and everything that the stages keep in it."""

    def __init__(self, config_path: str | Path = "curate.yaml"):
        self.config_path = Path(config_path)
        self.config = configuration.load(self.config_path)
        self.folder = self.config_path.parent
        self.pool = self.folder / "pool"
        self.cleaned = self.pool / "cleaned"
        self.vectors = self.pool / "vectors"
        self.report = self.folder / "report.html"
        self.ledger = self.folder / "ledger.sqlite"
        self.batches = self.folder / "batches.sqlite"

    @contextlib.contextmanager
    def locked(self, part: str = "") -> Iterator[None]:
        """Hold the project, or a part of it, for one run; a dead process's lock is no lock.

        Args:
            part: `stream` = what arrives, which goes on for weeks beside other runs.

        Raises:
            ProjectError: If another run holds it, or the folder cannot be written.
        """
        path = self.folder / (f".{part}.lock" if part else ".lock")
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as bad:
            raise ProjectError(
                f"{self.folder}: cannot be written ({bad.strerror}); "
                "choose a folder that belongs to you"
            ) from bad
        try:
            _lock(handle, self.folder)
            yield
        finally:
            os.close(handle)

    def table(self, name: str) -> pa.Table | None:
        """Return the table `name` (as in ``pool/NAME.parquet``), or None if there is none yet.

        Records, candidates and pairs are those that cleaning left, where it has run since they
        were read.

        Raises:
            ProjectError: If personal data are to be taken out of them, and were not yet.
        """
        if name not in _CLEANED:
            return self.read(name)
        stamp = self.stamp("ingest")
        return self._clean_or_read(name, "cleaned", "" if stamp is None else stamp["key"])

    def need_table(self, name: str, made_by: str) -> pa.Table:
        """Return the table `name`.

        Raises:
            ProjectError: If the stage that makes it has not run.
        """
        return self._there(self.table(name), name, made_by)

    def read(self, name: str) -> pa.Table | None:
        """Return ``pool/NAME.parquet`` as it is, not cleaned; None = not there."""
        path = self.pool / f"{name}.parquet"
        return pq.read_table(path) if path.exists() else None

    def need_read(self, name: str) -> pa.Table:
        """Return ``pool/NAME.parquet`` as it is.

        Raises:
            ProjectError: If it is not there yet.
        """
        return self._there(self.read(name), name, "ingest")

    def candidates(self) -> pa.Table:
        """Return the answers that were read and those that models gave, cleaned, each once.

        Raises:
            ProjectError: If nothing was read yet.
        """
        logged = self.need_table("candidates", "ingest")
        path = self.pool / "generated.parquet"
        if not path.exists():
            return logged
        of = "" if self.cleaning("generated") is None else file_digest(path)
        generated = self._there(self._clean_or_read("generated", "generated", of), "generated", "")
        new = pc.invert(pc.is_in(generated["id"], value_set=logged["id"].combine_chunks()))
        return pa.concat_tables([logged, generated.filter(new)]).combine_chunks()

    def cleaning(self, name: str) -> dict[str, Any] | None:
        """Return what the last cleaning was of (``of``), and a digest of what it left.

        Args:
            name: cleaned = of what was read; generated = of what models were asked for.

        Returns:
            With ``content`` null where it left all there was; None where there was no cleaning.
        """
        said = read_json(self.cleaned / f"{name}.json")
        return said if isinstance(said, dict) else None

    def _clean_or_read(self, name: str, marker: str, of: str) -> pa.Table | None:
        said, personal = self.cleaning(marker), self.config.clean.personal
        current = said is not None and said["of"] == of
        if personal in ("redact", "remove") and self.pool.joinpath(f"{name}.parquet").exists():
            if said is None or not current or said["personal"] != personal:
                raise ProjectError(
                    f"{self.folder}: personal data were not taken out yet; run `curate clean` first"
                )
        if said is None or not current or said["content"] is None:
            return self.read(name)
        return pq.read_table(self.cleaned / f"{name}.parquet")

    def _there(self, table: pa.Table | None, name: str, made_by: str) -> pa.Table:
        if table is None:
            raise ProjectError(f"{self.folder}: no {name} yet; run `curate {made_by}` first")
        return table

    def write(self, name: str, table: pa.Table) -> Path:
        """Write ``pool/NAME.parquet`` whole."""
        path = self.pool / f"{name}.parquet"
        write_table(path, table)
        return path

    def writer(self, name: str, schema: pa.Schema) -> TableWriter:
        """Open ``pool/NAME.parquet`` for streaming."""
        return TableWriter(self.pool / f"{name}.parquet", schema)

    def stamp(self, stage: str) -> dict[str, Any] | None:
        """Return what `stage` was last run on (``key``) and what it said (``summary``)."""
        stamp = read_json(self.folder / "stamps" / f"{stage}.json")
        return stamp if isinstance(stamp, dict) else None

    def put_stamp(self, stage: str, key: str, summary: Mapping[str, Any]) -> None:
        """Note that `stage` has been run on `key`."""
        path = self.folder / "stamps" / f"{stage}.json"
        write_json(path, {"key": key, "summary": dict(summary)})

    def rounds(self) -> list[Round]:
        """Return the rounds so far, the first one first."""
        folders = sorted((self.folder / "rounds").glob("[0-9][0-9][0-9]"))
        return [Round(self, int(f.name)) for f in folders if (f / "queue.parquet").exists()]

    def round_at_work(self) -> Round:
        """Return the last round while it is open, else the one to come."""
        rounds = self.rounds()
        return rounds[-1] if rounds and not rounds[-1].closed else self.next_round()

    def next_round(self) -> Round:
        """Return the round after the last one; its folder appears with its first file."""
        return Round(self, len(self.rounds()) + 1)

    def reviewed(self, before: int) -> set[str]:
        """Return the ids of records that rounds before `before` put before people."""
        done = [r.queue() for r in self.rounds() if r.number < before]
        return {record for table in done for record in table["record_id"].to_pylist()}

    def keep_responses(self, number: int, responses: Iterable[Response]) -> int:
        """Add versions of answers to those kept; none is ever overwritten.

        An answer that was taken back and now stands on the desk again counts again.

        Returns:
            How many were new.
        """
        responses = list(responses)
        with self._queue() as db:
            here = [(number, r.id) for r in responses]
            db.executemany("DELETE FROM gone WHERE round = ? AND id = ?", here)
            before = db.total_changes
            db.executemany(
                "INSERT OR IGNORE INTO responses VALUES (?,?,?,?,?,?,?,?,?,?)",
                [
                    (
                        *(number, r.id, r.item_id, r.annotator, r.question, json.dumps(r.value)),
                        *(r.status, r.inserted_at, r.updated_at, r.guideline),
                    )
                    for r in responses
                ],
            )
            return db.total_changes - before

    def note_gone(self, number: int, ids: Iterable[str]) -> None:
        """Note that answers were taken back on the desk: they stay kept, and count no longer."""
        with self._queue() as db:
            db.executemany("INSERT OR IGNORE INTO gone VALUES (?,?)", [(number, id) for id in ids])

    def responses(self, number: int) -> pa.Table:
        """Return the latest version of each answer of a round, in the order of item and rater.

        Answers that were taken back on the desk are left out.
        """
        with self._queue() as db:
            rows = db.execute(
                "SELECT id, item_id, annotator, question, value, status, inserted_at,"
                " max(updated_at) AS updated_at, guideline FROM responses WHERE round = ?"
                f" AND {_STILL_THERE} GROUP BY id, question"
                " ORDER BY item_id, annotator, question, id",
                (number,),
            ).fetchall()
        columns = zip(*rows, strict=True) if rows else [()] * len(RESPONSES.names)
        return pa.table(
            [pa.array(list(column), pa.string()) for column in columns], schema=RESPONSES
        )

    def seen_responses(self, number: int) -> dict[str, str]:
        """Return the ids of a round's answers with the time of their latest kept version."""
        with self._queue() as db:
            return dict(
                db.execute(
                    "SELECT id, max(updated_at) FROM responses WHERE round = ?"
                    f" AND {_STILL_THERE} GROUP BY id",
                    (number,),
                ).fetchall()
            )

    @contextlib.contextmanager
    def _queue(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.folder / "queue.sqlite", timeout=30)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(
                "CREATE TABLE IF NOT EXISTS responses (round INTEGER, id TEXT, item_id TEXT,"
                " annotator TEXT, question TEXT, value TEXT, status TEXT, inserted_at TEXT,"
                " updated_at TEXT, guideline TEXT, PRIMARY KEY (round, id, question, updated_at))"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS gone (round INTEGER, id TEXT, PRIMARY KEY (round, id))"
            )
            with db:
                yield db
        finally:
            db.close()

    @contextlib.contextmanager
    def rejects(self) -> Iterator[Callable[[Iterable[Rejected]], None]]:
        """Open ``pool/rejected.jsonl`` and give a function that adds dropped rows to it."""
        with beside(self.pool / "rejected.jsonl") as draft, draft.open("w", encoding="utf-8") as f:
            yield lambda rows: f.writelines(
                json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows
            )


_STILL_THERE = (
    "NOT EXISTS (SELECT 1 FROM gone WHERE gone.round = responses.round AND gone.id = responses.id)"
)


class Round:
    """One pass forward: a queue, the answers to it, and what was settled."""

    def __init__(self, project: Project, number: int):
        self.project = project
        self.number = number
        self.folder = project.folder / "rounds" / f"{number:03d}"
        self.exports = project.folder / "exports" / f"{number:03d}"

    @property
    def closed(self) -> bool:
        """Whether a manifest closes it."""
        return (self.folder / "manifest.json").exists()

    def reopen(self) -> bool:
        """Take the manifest away, as what it names is about to change; say whether there was one.

        Only the last round is ever reopened, so no other manifest names the one taken away.
        """
        was_closed = self.closed
        (self.folder / "manifest.json").unlink(missing_ok=True)
        return was_closed

    def queue(self) -> pa.Table:
        """Return what was picked, in picking order."""
        return self.need_table("queue", "select")

    def need_table(self, name: str, made_by: str) -> pa.Table:
        """Return one of the round's tables.

        Raises:
            ProjectError: If the stage that makes it has not run.
        """
        table = self.table(name)
        if table is None:
            raise ProjectError(f"{self.folder}: no {name} yet; run `curate {made_by}` first")
        return table

    def table(self, name: str) -> pa.Table | None:
        """Return one of the round's tables, or None if there is none yet."""
        path = self.folder / f"{name}.parquet"
        return pq.read_table(path) if path.exists() else None

    def write(self, name: str, table: pa.Table) -> Path:
        """Write one of the round's tables whole."""
        path = self.folder / f"{name}.parquet"
        write_table(path, table)
        return path

    def read_json(self, name: str) -> Any:
        """Return one of the round's JSON files, or None if there is none yet."""
        return read_json(self.folder / f"{name}.json")

    def write_json(self, name: str, value: Mapping[str, Any]) -> Path:
        """Write one of the round's JSON files whole."""
        path = self.folder / f"{name}.json"
        write_json(path, value)
        return path

    def close(self, versions: Mapping[str, str]) -> Path:
        """Write the manifest: what lies here and in the round's exports, and the round before."""
        files = [*_files(self.folder), *_files(self.exports)]
        before = Round(self.project, self.number - 1).folder / "manifest.json"
        return self.write_json(
            "manifest",
            {
                "round": self.number,
                "files": {
                    path.relative_to(self.project.folder).as_posix(): file_digest(path)
                    for path in files
                },
                "config": digest(self.project.config.model_dump_json()),
                "versions": dict(versions),
                "before": file_digest(before) if before.exists() else None,
            },
        )


def _files(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.rglob("*") if (p.is_file() and p.name != "manifest.json") or _export(p)
    )


def _export(path: Path) -> bool:
    return path.name == "manifest.json" and path.parent.parent.name == "exports"


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
        raise ProjectError(
            f"{folder}: another run (process {holder}) is at work here; wait for it to end"
        ) from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
