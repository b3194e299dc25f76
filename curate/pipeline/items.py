"""The things that are put before people, built from a round's queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ProjectError
from curate.project import Project, Round
from curate.records import Candidate, Item, Record, candidate_from, record_from

__all__ = ["candidates_of", "items_of", "records_of"]

T = TypeVar("T")


def items_of(project: Project, round_: Round) -> list[Item]:
    """Return the items of a round, in the order of its queue."""
    queue = round_.queue().to_pylist()
    records = _by_id(_records(project, round_), (row["record_id"] for row in queue), record_from)
    asked = (id for row in queue for id in row["candidate_ids"])
    candidates = _by_id(candidates_of(project, round_), asked, candidate_from)
    _check_there(round_, queue, candidates)
    return [
        Item(
            id=row["item_id"],
            task=row["task"],
            record=records[row["record_id"]],
            candidates=tuple(candidates[id] for id in row["candidate_ids"]),
            overlap=row["overlap"],
        )
        for row in queue
    ]


def _check_there(
    round_: Round, queue: list[dict[str, Any]], candidates: dict[str, Candidate]
) -> None:
    gone = {id for row in queue for id in row["candidate_ids"]} - candidates.keys()
    if gone:
        raise ProjectError(
            f"{len(gone):,} answers in the queue of round {round_.number} are no longer in the "
            "pool; put `generate.members` (or `ingest.paths`, `clean`) back as they were and run "
            "again, nothing is paid twice; a queue that is not at the desk yet is renewed by "
            "`curate select`"
        )


def records_of(project: Project, ids: Iterable[str]) -> dict[str, Record]:
    """Return records by id."""
    return _by_id(project.need_table("records", "ingest"), ids, record_from)


def _records(project: Project, round_: Round) -> pa.Table:
    """Return the records that a round asks of: its own, where it has any, else the pool's."""
    own = round_.table("records")
    return project.need_table("records", "ingest") if own is None else own


def candidates_of(project: Project, round_: Round) -> pa.Table:
    """Return the answers that a round shows people some of: its own, else the pool's."""
    own = round_.table("candidates")
    return project.candidates() if own is None else own


def _by_id(table: pa.Table, ids: Iterable[str], view: Callable[[Any], T]) -> dict[str, T]:
    wanted = pa.array(sorted(set(ids)), pa.string())
    rows = table.filter(pc.is_in(table["id"], wanted)).to_pylist()
    return {row["id"]: view(row) for row in rows}
