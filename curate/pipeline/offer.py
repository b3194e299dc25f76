"""What a round may choose from: targets or pairs as arrays, with what must never be asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import SelectConfig
from curate.errors import ConfigError
from curate.pipeline.columns import columns
from curate.pipeline.pool import prompt_vectors
from curate.project import Project, Round
from curate.records import pair_id
from curate.select import Pool, splits
from curate.select.splits import Side

__all__ = ["NEED", "Offer", "offer"]

NEED = {"rewrite": "uncertainty", "rank": "pair_dissimilarity"}
"""Score column that ranks the need, by task, unless the configuration names another."""

_LABELS = {"test": "in the test split, never asked", "calibration": "in the calibration slice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A pool for `curate.select.choose`, with what its rows are."""

    pool: Pool
    sides: list[Side]
    """pool, test or calibration of each row."""
    record_ids: list[str]
    candidate_ids: list[tuple[str, ...]]
    """One candidate (rewrite), two (pairs) or more (full rankings) a row."""


def offer(project: Project, round_: Round) -> Offer:
    """Gather all that the round could ask."""
    rows = _rows(project)
    records = project.need_table("records", "ingest")
    place = {id: n for n, id in enumerate(records["id"].to_pylist())}
    identity = np.array([place[r] for r in rows["record_id"]], np.int64)
    groups = records["group"].to_pylist()
    sides = _sides(project, [groups[n] for n in identity])
    queued = _queued(project, round_)
    need_name = project.config.select.need or NEED[project.config.project.task]
    pool = Pool(
        ids=rows["item_id"],
        vectors=np.asarray(prompt_vectors(project)[identity]),
        need=_need(rows["scores"], need_name),
        need_name=need_name,
        scores=rows["scores"],
        columns=columns(
            project, records, identity, rows["candidate_ids"], _named(project.config.select)
        ),
        identity=identity,
        covered=np.array([n for n, r in enumerate(rows["record_id"]) if r in queued], np.int64),
        left_out=_left_out(sides, rows, queued),
    )
    return Offer(
        pool=pool, sides=sides, record_ids=rows["record_id"], candidate_ids=rows["candidate_ids"]
    )


def _rows(project: Project) -> dict[str, Any]:
    if project.config.project.task == "rewrite":
        return _target_rows(project)
    return _ranking_rows(project) if project.config.push.ranking == "full" else _pair_rows(project)


def _target_rows(project: Project) -> dict[str, Any]:
    scores = project.need_table("scores", "score")
    scores = scores.filter(scores["is_target"])
    ids = scores["candidate_id"].to_pylist()
    return {
        "item_id": ids,
        "record_id": scores["record_id"].to_pylist(),
        "candidate_ids": [(id,) for id in ids],
        "scores": _floats(scores),
        "unfit": [None] * len(ids),
    }


def _pair_rows(project: Project) -> dict[str, Any]:
    scores = project.need_table("pair_scores", "score")
    return {
        "item_id": scores["pair_id"].to_pylist(),
        "record_id": scores["record_id"].to_pylist(),
        "candidate_ids": list(zip(scores["a"].to_pylist(), scores["b"].to_pylist(), strict=True)),
        "scores": _floats(scores),
        "unfit": [_unfit(project, row) for row in scores.to_pylist()],
    }


def _unfit(project: Project, row: dict[str, Any]) -> str | None:
    if row["degenerate"]:
        return str(row["why_degenerate"])
    alike = 1 - row["pair_dissimilarity"]
    if alike >= project.config.select.near_identical:
        return f"its two answers are near-identical (cosine {alike:.3f})"
    return None


def _ranking_rows(project: Project) -> dict[str, Any]:
    """One row a record: all of its answers that are fit for comparison, scored by their mean."""
    pairs = _pair_rows(project)
    of_record: dict[str, list[int]] = {}
    for n, record in enumerate(pairs["record_id"]):
        if pairs["unfit"][n] is None:
            of_record.setdefault(record, []).append(n)
    members = [_members(pairs["candidate_ids"], ns) for ns in of_record.values()]
    return {
        "item_id": [pair_id(*ids) for ids in members],
        "record_id": list(of_record),
        "candidate_ids": members,
        "scores": {
            name: np.array([np.mean(column[ns]) for ns in of_record.values()], np.float64)
            for name, column in pairs["scores"].items()
        },
        "unfit": [None] * len(members),
    }


def _members(pairs: Sequence[tuple[str, ...]], rows: Iterable[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for n in rows for id in pairs[n]))


def _floats(scores: pa.Table) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns that say something of a row's worth or length, as numbers."""
    return {
        name: pc.cast(scores[name], pa.float64()).to_numpy()
        for name in scores.column_names
        if pa.types.is_floating(scores[name].type) or name in _LENGTHS
    }


_LENGTHS = ("answer_tokens", "prompt_tokens", "answer_characters")


def _need(scores: dict[str, npt.NDArray[np.float64]], name: str) -> npt.NDArray[np.float64]:
    if name not in scores:
        raise ConfigError(f"`select.need`: no score named {name!r}; known: {', '.join(scores)}")
    return scores[name]


def _sides(project: Project, groups: list[str]) -> list[Side]:
    config = project.config.select
    return splits(
        groups,
        test_share=config.test_share,
        calibration_share=config.calibration_share,
        seed=project.config.project.seed,
    )


def _queued(project: Project, round_: Round) -> dict[str, int]:
    """Return the records that earlier rounds put before people, with the round."""
    earlier = [r for r in project.rounds() if r.number < round_.number]
    return {id: r.number for r in earlier for id in r.queue()["record_id"].to_pylist()}


def _left_out(sides: list[Side], rows: dict[str, Any], queued: dict[str, int]) -> dict[int, str]:
    reasons = {n: f"its prompt was {_LABELS[s]}" for n, s in enumerate(sides) if s in _LABELS}
    reasons |= {n: why for n, why in enumerate(rows["unfit"]) if why is not None}
    asked = ((n, queued.get(r)) for n, r in enumerate(rows["record_id"]))
    return reasons | {n: f"its prompt was asked in round {r}" for n, r in asked if r is not None}


def _named(config: SelectConfig) -> set[str]:
    """Return the columns that caps speak of."""
    return {cap.column for cap in config.caps}
