"""What a round may choose from: targets or pairs as arrays, with what must never be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.config import SelectConfig
from curate.errors import ConfigError
from curate.pipeline.columns import columns
from curate.pipeline.pool import prompt_vectors
from curate.pipeline.rows import Rows, pair_rows, ranking_rows, target_rows
from curate.project import Project, Round
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
    identity = np.array([place[r] for r in rows.record_ids], np.int64)
    groups = records["group"].to_pylist()
    sides = _sides(project, [groups[n] for n in identity])
    queued = _queued(project, round_)
    need_name = project.config.select.need or NEED[project.config.project.task]
    pool = Pool(
        ids=rows.item_ids,
        vectors=np.asarray(prompt_vectors(project)[identity]),
        need=_need(rows.scores, need_name),
        need_name=need_name,
        scores=rows.scores,
        columns=columns(
            project, records, identity, rows.candidate_ids, _named(project.config.select)
        ),
        identity=identity,
        covered=np.array([n for n, r in enumerate(rows.record_ids) if r in queued], np.int64),
        left_out=_left_out(sides, rows, queued),
    )
    return Offer(
        pool=pool, sides=sides, record_ids=rows.record_ids, candidate_ids=rows.candidate_ids
    )


def _rows(project: Project) -> Rows:
    config = project.config
    if config.project.task == "rewrite":
        return target_rows(project.need_table("scores", "score"))
    pairs = pair_rows(project.need_table("pair_scores", "score"), config.select)
    return ranking_rows(pairs) if config.push.ranking == "full" else pairs


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


def _left_out(sides: list[Side], rows: Rows, queued: dict[str, int]) -> dict[int, str]:
    reasons = {n: f"its prompt was {_LABELS[s]}" for n, s in enumerate(sides) if s in _LABELS}
    reasons |= {n: why for n, why in enumerate(rows.unfit) if why is not None}
    asked = ((n, queued.get(r)) for n, r in enumerate(rows.record_ids))
    return reasons | {n: f"its prompt was asked in round {r}" for n, r in asked if r is not None}


def _named(config: SelectConfig) -> set[str]:
    """Return the columns that caps speak of."""
    return {cap.column for cap in config.caps}
