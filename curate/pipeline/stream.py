"""Deciding on arrival: rows from standard input or a growing file, pushed in small batches."""

from __future__ import annotations

import json
import os
import select as polling
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from curate.console import say
from curate.errors import DeskError, InputError, ProjectError
from curate.pipeline.desk import push
from curate.pipeline.intake import Intake, unpacked
from curate.pipeline.journal import Decided, Journal, Taken
from curate.pipeline.summary import Summary
from curate.project import Project, Round
from curate.records import QUEUE, digest

__all__ = ["Stream", "is_stream", "stream", "streamed"]

Tell = Callable[[dict[str, Any]], None]


def stream(
    project: Project,
    source: str = "-",
    *,
    follow: bool = False,
    by_record_time: bool = False,
    desk: bool = True,
    tell: Tell | None = None,
) -> Summary:
    """Decide rows as they arrive, and put those that are taken before people in small batches.

    Args:
        project: The project; `stream:` in its configuration says how much people can answer.
        source: A JSONL file, or - for standard input.
        follow: Wait for further lines at the end of the file.
        by_record_time: Rows count as arrived when their record says, for a replay of old logs.
        desk: Push what is taken; otherwise it waits for the next `curate push`.
        tell: Called with every decision.

    Raises:
        InputError: If the file is not there.
        ProjectError: If a round that is no stream's is still open.
        DeskError: If the desk was away to the end; what was taken is kept for the next run.
    """
    with Journal(project.folder / "stream.sqlite") as journal:
        at_work = Stream(project, journal, by_record_time=by_record_time, desk=desk, tell=tell)
        at_work.go_on()
        for lines, end, mark in _arriving(source, journal, follow):
            if lines:
                at_work.take_in(source, lines, end=end, mark=mark)
            at_work.push_some()
        return at_work.finish()


class Stream:
    """A stream at work: what arrives is kept, decided, and pushed when enough is taken.

    Args:
        project: The project.
        journal: Its stream's journal.
        by_record_time: See `stream`.
        desk: See `stream`.
        tell: See `stream`.
    """

    def __init__(
        self,
        project: Project,
        journal: Journal,
        *,
        by_record_time: bool = False,
        desk: bool = True,
        tell: Tell | None = None,
    ) -> None:
        self._project = project
        self._journal = journal
        self._desk = desk
        self._tell = tell or (lambda decision: None)
        self._failed: DeskError | ProjectError | None = None
        self._tried = 0.0
        self.round = _open_round(project)
        self._intake = Intake(project, journal, self.round, by_record_time=by_record_time)

    def go_on(self) -> None:
        """Decide what an earlier run received and did not come to."""
        self._told(self._intake.decide_waiting())

    def take_in(self, source: str, lines: bytes, *, end: int, mark: str) -> list[dict[str, Any]]:
        """Keep whole lines, then decide them; return the decisions.

        Args:
            source: See `Journal.receive`.
            lines: Whole lines; all are kept before the first is decided.
            end: Byte of the source after them.
            mark: See `Journal.receive`.
        """
        at, end = time.time(), end - len(lines)
        for few in _few(lines):
            end += len(few)
            self._journal.receive(source, few, at=at, end=end, mark=mark)
        return self._told(self._intake.decide_waiting())

    def _told(self, decided: Iterable[Decided]) -> list[dict[str, Any]]:
        said = []
        for one in decided:
            facts = {"line": one.line, "record_id": one.record_id, "need_name": one.kind}
            said.append(facts | dict(one.decision))
            self._tell(said[-1])
        return said

    def push_some(self) -> None:
        """Push what was taken, once there is a batch of it or its first row has waited long."""
        config = self._project.config.stream
        if not self._desk:
            return
        waiting, first = self._journal.unpushed(self.round.number)
        late = first is not None and time.time() - first >= config.every
        again = self._failed is None or time.monotonic() - self._tried > _AGAIN_SECONDS
        if again and (waiting >= config.batch or late):
            self._push()

    def finish(self) -> Summary:
        """Push what is left and say what became of everything."""
        self._push()
        if self._failed is not None:
            kept = "what was taken is kept: run the same command again"
            raise type(self._failed)(f"{self._failed}; {kept}")
        return self.summary()

    def summary(self) -> Summary:
        """Say what became of what arrived so far."""
        return _summary(self._project, self._journal, self.round)

    def _push(self) -> None:
        self._tried = time.monotonic()
        try:
            with self._project.locked():
                self._go_to_the_open_round()
                streamed(self._project, self._journal, self.round)
                if self._desk and self._journal.unpushed(self.round.number)[0]:
                    push(self._project)
                    self._journal.pushed(r.item_id for r in self._journal.taken(self.round.number))
        except (DeskError, ProjectError) as away:
            if self._failed is None:
                say(f"curate: {away}; rows are decided and kept, and pushed later")
            self._failed = away
            return
        self._failed = None

    def _go_to_the_open_round(self) -> None:
        """Take the rows that no round holds yet to the round that is open now."""
        now = _open_round(self._project)
        if now.number == self.round.number:
            return
        there = self.round.queue() if is_stream(self.round) else None
        held = [] if there is None else there["item_id"].to_pylist()
        self._journal.move(self.round.number, now.number, but=held)
        self.round = now
        self._intake.go_to(now)


_AGAIN_SECONDS = 60.0


def is_stream(round_: Round) -> bool:
    """Say whether a round's queue comes from a stream."""
    said = round_.read_json("selected")
    return bool(said and said.get("stream"))


def _open_round(project: Project) -> Round:
    """Return the stream's open round, or the next one."""
    rounds = project.rounds()
    if not rounds or rounds[-1].closed:
        return project.next_round()
    if not is_stream(rounds[-1]):
        raise ProjectError(
            f"round {rounds[-1].number} is still open and was chosen from the pool; finish it "
            f"before rows are streamed (`curate status -c {project.config_path}`)"
        )
    return rounds[-1]


def streamed(project: Project, journal: Journal, round_: Round) -> None:
    """Write the round's tables anew from the journal."""
    taken = journal.taken(round_.number)
    if not taken:
        return
    tables = [unpacked(row.tables) for row in taken]
    round_.write("records", pa.concat_tables([t[0] for t in tables]).combine_chunks())
    round_.write("candidates", pa.concat_tables([t[1] for t in tables]).combine_chunks())
    round_.write("pool", _pool_table(taken))
    summary = _summary(project, journal, round_)
    round_.write_json("selected", {"key": "stream", "stream": True, "summary": summary.as_json()})
    round_.write("queue", _queue_table(project, taken))


def _pool_table(taken: list[Taken]) -> pa.Table:
    n = len(taken)
    names = sorted({name for row in taken for name in row.scores})
    return pa.table(
        {
            "item_id": [row.item_id for row in taken],
            "record_id": [row.record_id for row in taken],
            "side": ["pool"] * n,
            "left_out": pa.nulls(n, pa.string()),
            "order": pa.array(range(n), pa.int32()),
            "part": [row.part for row in taken],
            "reason": [row.reason for row in taken],
            "probability": [_probability(row) for row in taken],
            **{f"score.{name}": _column(taken, name) for name in names},
        }
    )


def _column(taken: list[Taken], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = (row.scores.get(name) for row in taken)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _probability(row: Taken) -> float:
    return row.probability if row.part == "random" else float("nan")


def _queue_table(project: Project, taken: list[Taken]) -> pa.Table:
    n = len(taken)
    return pa.table(
        {
            "order": pa.array(range(n), pa.int32()),
            "item_id": [row.item_id for row in taken],
            "task": [project.config.project.task] * n,
            "record_id": [row.record_id for row in taken],
            "candidate_ids": [list(row.candidate_ids) for row in taken],
            "part": [row.part for row in taken],
            "probability": [_probability(row) for row in taken],
            "reason": [row.reason for row in taken],
            "overlap": pa.array([_overlap(project, row.item_id) for row in taken], pa.int32()),
        },
        schema=QUEUE,
    )


def _overlap(project: Project, item_id: str) -> int:
    """Return how many people an item wants: its own luck, so that it never changes."""
    config = project.config.push.overlap
    luck = int(digest("overlap", str(project.config.project.seed), item_id)[:13], 16) / 16.0**13
    return config.annotators if luck < config.share else 1


def _summary(project: Project, journal: Journal, round_: Round) -> Summary:
    counts = journal.counts(round_.number)
    waiting, _ = journal.unpushed(round_.number)
    notes = [f"{n:,} rejected: {reason}" for reason, n in journal.reasons(round_.number, _REASONS)]
    if waiting:
        notes.append(f"{waiting:,} taken rows are not at the desk yet: curate push")
    return Summary(
        stage="stream",
        counts={
            "round": f"{round_.number}",
            "decided": counts["decided"],
            "queued": counts["taken"],
            "active": counts["taken"] - counts["random"],
            "random": counts["random"],
            "on offer": counts["decided"],
            "rejected": counts["rejected"],
        },
        paths=((project.folder / "stream.sqlite").as_posix(),),
        notes=tuple(notes),
    )


_REASONS = 3


def _arriving(source: str, journal: Journal, follow: bool) -> Iterator[tuple[bytes, int, str]]:
    """Give lines as they come, with the byte after them; nothing now and then, to look around."""
    if source == "-":
        yield from _from_standard_input()
        return
    path = Path(source)
    if not path.is_file():
        raise InputError(f"{source}: no such file; name a JSONL file, or - for standard input")
    while True:
        yield from _from_file(path, source, journal, to_the_end=not follow)
        if not follow:
            return
        yield b"", 0, ""
        time.sleep(_LOOK_SECONDS)


def _from_standard_input() -> Iterator[tuple[bytes, int, str]]:
    """Give the lines of standard input, a few at once where they come fast."""
    handle, rest = sys.stdin.fileno(), b""
    while True:
        ready, _, _ = polling.select([handle], [], [], _LOOK_SECONDS)
        if not ready:
            yield b"", 0, ""
            continue
        more = os.read(handle, _READ_BYTES)
        if not more:
            break
        whole, newline, rest = (rest + more).rpartition(b"\n")
        if newline:
            yield whole + b"\n", 0, ""
    if rest.strip():
        yield rest + b"\n", 0, ""


def _from_file(
    path: Path, source: str, journal: Journal, *, to_the_end: bool
) -> Iterator[tuple[bytes, int, str]]:
    """Give what a file holds beyond the place that was reached; a new file starts anew."""
    with path.open("rb") as file:
        mark = _mark(file)
        end, _, before = journal.place(source)
        if before and (mark != before or os.fstat(file.fileno()).st_size < end):
            journal.forget_place(source)
            end = 0
        file.seek(end)
        rest = b""
        while more := file.read(_READ_BYTES):
            whole, newline, rest = (rest + more).rpartition(b"\n")
            if newline:
                end += len(whole) + 1
                yield whole + b"\n", end, mark
        if to_the_end and _whole(rest):
            yield rest + b"\n", end + len(rest), mark


def _whole(line: bytes) -> bool:
    """Say whether a line without its end is all there, and not still being written."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _mark(file: IO[bytes]) -> str:
    """Return what tells a file from another that took its name."""
    return str(os.fstat(file.fileno()).st_ino)


def _few(lines: bytes) -> Iterator[bytes]:
    """Give lines in chunks of at most `_LINES`."""
    every = lines.splitlines(keepends=True)
    for start in range(0, len(every), _LINES):
        yield b"".join(every[start : start + _LINES])


_LOOK_SECONDS = 0.5
_READ_BYTES = 1 << 20
_LINES = 256
