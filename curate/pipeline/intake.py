"""Rows on their way in: read, scored and decided, chunk by chunk, with nothing lost between."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import texts
from curate.config import Config
from curate.errors import ProjectError
from curate.files import without_nan
from curate.pipeline.arrivals import arrived
from curate.pipeline.journal import Chunk, Decided, Journal, Taken
from curate.pipeline.needs import needs
from curate.pipeline.pool import any_pairs, prompt_vectors
from curate.pipeline.rows import Rows, pair_rows, target_rows
from curate.project import Project, Round
from curate.records import CANDIDATES, RECORDS, Rejected
from curate.select.splits import splits

if TYPE_CHECKING:
    from curate.embed import Embedder

__all__ = ["Intake", "packed", "unpacked"]

Vectors = npt.NDArray[np.float32]


class Intake:
    """Decides what arrives for one project.

    Args:
        project: Its configuration says how much people can answer, and how rows are scored.
        journal: Where lines, decisions and what was taken are kept.
        round_: The stream's round.
        by_record_time: Rows count as arrived when their record says (for a replay of old logs);
            those that do not say, when the row before them did.
    """

    def __init__(
        self, project: Project, journal: Journal, round_: Round, *, by_record_time: bool = False
    ) -> None:
        self._project = project
        self._config = project.config
        self._journal = journal
        self._by_record_time = by_record_time
        self._embedder: Embedder | None = None
        self._shared = _shared_lines(project)
        self._asked = {row.record_id for row in journal.taken()}
        self._seen = _seen(project, journal)
        self._needs = needs(project)
        self._selector = _selector(self._config, self._seen, journal.state())
        self.go_to(round_)

    def go_to(self, round_: Round) -> None:
        """Take rows for another round from now on; what others asked meanwhile counts."""
        self.round = round_
        self._asked |= self._project.reviewed(before=round_.number)

    def decide_waiting(self) -> Iterator[Decided]:
        """Decide all that was received and not decided yet, in order."""
        for chunk in self._journal.waiting():
            yield from self._decide(chunk)

    def _decide(self, chunk: Chunk) -> list[Decided]:
        read = _read(chunk, self._project)
        prompts = self._prompts(read.records)
        rows, learned = self._scored(read, prompts)
        decided, taken = self._decisions(chunk, read, rows, learned, prompts)
        self._journal.decide(
            chunk,
            round=self.round.number,
            decided=decided,
            taken=taken,
            rejected=read.rejected,
            state=self._selector.state(),
        )
        return decided

    def _prompts(self, records: pa.Table) -> Vectors:
        plain = [texts.prompt_text(chat) for chat in records["messages"].to_pylist()]
        return self._embed(texts.without_lines(plain, self._shared))

    def _embed(self, batch: list[str]) -> Vectors:
        from curate.embed import Embedder, VectorCache

        config = self._config.embed
        if self._embedder is None:
            cache = VectorCache(self._project.vectors)
            self._embedder = Embedder(config.encoder, cache=cache, batch_tokens=config.batch_tokens)
        return self._embedder(batch)

    def _scored(self, read: _Read, prompts: Vectors) -> tuple[Rows, list[tuple[str, float]]]:
        """Return what can be asked, and the kind and value of each one's need."""
        from curate.score import score, score_pairs

        scores = score(
            read.records,
            read.candidates,
            config=self._config.score,
            embed=self._embed,
            prompt_vectors=prompts,
        )
        rows = target_rows(scores)
        if self._config.project.task == "rank":
            pairs = score_pairs(
                any_pairs(scores), read.candidates, vectors_of=self._embed, scores=scores
            )
            rows = pair_rows(pairs, self._config.select)
        place = {id: n for n, id in enumerate(read.records["id"].to_pylist())}
        return rows, self._needs(rows, prompts[[place[id] for id in rows.record_ids]])

    def _decisions(
        self,
        chunk: Chunk,
        read: _Read,
        rows: Rows,
        need: Sequence[tuple[str, float]],
        prompts: Vectors,
    ) -> tuple[list[Decided], list[Taken]]:
        place = {id: n for n, id in enumerate(read.records["id"].to_pylist())}
        known = self._journal.known(rows.item_ids)
        barred = self._barred(read.records)
        decided: list[Decided] = []
        taken: list[Taken] = []
        for n, item in enumerate(rows.item_ids):
            record = rows.record_ids[n]
            if item in known:
                continue
            row, vector = place[record], prompts[place[record]]
            kind, value = self._need(need[n], vector)
            at = self._time(read.times[row], chunk.at)
            barrier = rows.unfit[n] or barred.get(record) or _flag(read, rows, n)
            if barrier is None:
                decision = self._selector.decide(item, need=value, at=at, vector=vector, kind=kind)
                said = decision.as_json()
            else:
                said = {"id": item, "taken": False, "part": None, "reason": barrier}
            decided.append(
                Decided(
                    item_id=item,
                    record_id=record,
                    line=read.lines[row],
                    kind=kind,
                    decision=said,
                )
            )
            if said["taken"]:
                barred[record] = "another answer to its prompt was taken"
                self._asked.add(record)
                taken.append(_taken(read, rows, n, said, vector))
        return decided, taken

    def _need(self, need: tuple[str, float], vector: Vectors) -> tuple[str, float]:
        """Return a row's need; where nothing scores it, how new its prompt is."""
        if not math.isnan(need[1]):
            return need
        cosine, row = self._seen.cosine(vector)
        return "novelty", 1.0 - (cosine if row >= 0 else 0.0)

    def _time(self, told: float, arrived: float) -> float:
        if not self._by_record_time:
            return arrived
        last = self._selector.state()["at"]
        return told if not math.isnan(told) else (last if last is not None else arrived)

    def _barred(self, records: pa.Table) -> dict[str, str]:
        """Return the records that are not asked: reason."""
        ids = records["id"].to_pylist()
        select = self._config.select
        sides = splits(
            records["group"].to_pylist(),
            test_share=select.test_share,
            calibration_share=select.calibration_share,
            seed=self._config.project.seed,
        )
        barred = {
            id: f"its prompt is on the {side} side of the split, never asked"
            for id, side in zip(ids, sides, strict=True)
            if side != "pool"
        }
        return barred | {id: "its prompt was asked before" for id in ids if id in self._asked}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a chunk's lines came to."""

    records: pa.Table
    candidates: pa.Table
    lines: list[int]
    """Line of each record in its source."""
    times: list[float]
    """Of each record, in seconds since 1970; NaN where it does not say."""
    rejected: list[Rejected]
    flagged: dict[str, str]
    """Record or candidate to why it is never asked."""


def _flag(read: _Read, rows: Rows, n: int) -> str | None:
    ids = (rows.record_ids[n], *rows.candidate_ids[n])
    return next((read.flagged[id] for id in ids if id in read.flagged), None)


def _read(chunk: Chunk, project: Project) -> _Read:
    from curate.ingest import read

    config = project.config
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        path.write_bytes(chunk.text)
        batches = list(
            read(
                [path],
                format=config.ingest.format,
                columns=config.ingest.columns,
                turns=config.ingest.turns,
            )
        )
    cleaned = arrived(
        project,
        pa.Table.from_batches([b.records for b in batches], schema=RECORDS),
        pa.Table.from_batches([b.candidates for b in batches], schema=CANDIDATES),
    )
    records = cleaned.records
    lines = [_line(place, chunk) for place in records["source"].to_pylist()]
    source = pa.array([f"{chunk.source}:{line}" for line in lines], pa.string())
    return _Read(
        records=records.set_column(records.schema.get_field_index("source"), "source", source),
        candidates=cleaned.candidates,
        lines=lines,
        times=[math.nan if at is None else at for at in records["time"].to_pylist()],
        rejected=[
            replace(row, file=chunk.source, line=chunk.first_line + max(0, row.line - 1))
            for row in (*(row for b in batches for row in b.rejected), *cleaned.dropped)
        ],
        flagged=cleaned.flagged,
    )


def _line(place: str, chunk: Chunk) -> int:
    return chunk.first_line + int(place.rpartition(":")[2]) - 1


def _taken(read: _Read, rows: Rows, n: int, said: dict[str, Any], vector: Vectors) -> Taken:
    record = rows.record_ids[n]
    of_record = read.candidates.filter(pc.equal(read.candidates["record_id"], record))
    return Taken(
        item_id=rows.item_ids[n],
        record_id=record,
        candidate_ids=rows.candidate_ids[n],
        part=said["part"],
        probability=said["probability"],
        reason=said["reason"],
        scores=without_nan({name: float(column[n]) for name, column in rows.scores.items()}),
        tables=packed(read.records.filter(pc.equal(read.records["id"], record)), of_record),
        vector=vector,
    )


def packed(*tables: pa.Table) -> bytes:
    """Return tables as bytes, each led by its length.

    >>> one, two = unpacked(packed(pa.table({"a": [1]}), pa.table({"b": ["x"]})))
    >>> one.to_pylist(), two.to_pylist()
    ([{'a': 1}], [{'b': 'x'}])
    """
    parts = []
    for table in tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        content = sink.getvalue().to_pybytes()
        parts += [len(content).to_bytes(8, "little"), content]
    return b"".join(parts)


def unpacked(content: bytes) -> list[pa.Table]:
    """Return the tables that `packed` was given."""
    tables, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 8], "little")
        tables.append(pa.ipc.open_stream(content[at + 8 : at + 8 + size]).read_all())
        at += 8 + size
    return tables


def _shared_lines(project: Project) -> set[str]:
    records = project.table("records")
    if records is None:
        return set()
    return texts.shared_lines([texts.prompt_text(m) for m in records["messages"].to_pylist()])


def _seen(project: Project, journal: Journal) -> Any:
    """Return what finds the nearest prompt that people saw, in the pool or in the stream."""
    from curate.select.nearest import Nearest

    known = [row.vector[None, :] for row in journal.taken()]
    pool = _reviewed_vectors(project)
    vectors = [*([pool] if pool is not None and len(pool) else []), *known]
    return Nearest(np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32))


def _reviewed_vectors(project: Project) -> Vectors | None:
    records, reviewed = project.table("records"), project.reviewed(before=10**9)
    if records is None or not (project.pool / "prompts.npy").exists() or not reviewed:
        return None
    there = pc.is_in(records["id"], pa.array(sorted(reviewed), pa.string()))
    rows = np.flatnonzero(there.to_numpy(zero_copy_only=False))
    vectors = prompt_vectors(project)
    if len(vectors) != records.num_rows:
        raise ProjectError(f"{project.folder}: vectors are not those of the records; run `embed`")
    return np.asarray(vectors[rows])


def _selector(config: Config, seen: Any, state: dict[str, Any] | None) -> Any:
    from curate.select.stream import StreamSelector

    selector = StreamSelector(
        per_day=config.stream.per_day,
        burst=config.stream.burst,
        random_share=config.select.random_share,
        near_identical=config.select.near_identical,
        seen=seen,
        seed=config.project.seed,
    )
    if state is not None:
        selector.restore(state)
    return selector
