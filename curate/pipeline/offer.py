"""What a round may choose from: targets or pairs as arrays, with what must never be asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.config import SelectConfig
from curate.errors import ConfigError, ProjectError
from curate.pipeline.clean import flagged
from curate.pipeline.columns import columns
from curate.pipeline.compared import BY_ANSWERS, Compared, compared
from curate.pipeline.effort import measured_pace, token_counts
from curate.pipeline.learn import LEARNED, NEED, Answered, answered, default_need, learned, model
from curate.pipeline.pool import prompt_vectors
from curate.pipeline.rows import Rows, rows_on_offer
from curate.project import Project, Round
from curate.select import Beliefs, Pool, columns_needed, splits, withhold
from curate.select.cold_start import BY_BELIEFS
from curate.select.splits import Side

__all__ = ["NEED", "Offer", "need_name", "offer"]


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
    """Gather all that the round could ask.

    Raises:
        ProjectError: If scores or vectors are of another pool than there is now.
    """
    config = project.config
    rows = rows_on_offer(project)
    told = answered(project, rows)
    scores = rows.scores | _learned_scores(project, rows)
    need = need_name(project)
    records = project.need_table("records", "ingest")
    place = {id: n for n, id in enumerate(records["id"].to_pylist())}
    if not place.keys() >= set(rows.record_ids):
        raise ProjectError(f"{project.folder}: other prompts by now; run `curate score` first")
    identity = np.array([place[r] for r in rows.record_ids], np.int64)
    groups = records["group"].to_pylist()
    sides = _sides(project, [groups[n] for n in identity])
    queued = _queued(project, round_)
    sides_of = _compared(project, rows)
    pool = Pool(
        ids=rows.item_ids,
        vectors=_prompt_rows(project, identity),
        need=_need(scores, need),
        need_name=need,
        scores=scores,
        columns=columns(
            project, records, identity, rows.candidate_ids, _named(config.select, scores)
        ),
        identity=identity,
        covered=np.array([n for n, r in enumerate(rows.record_ids) if r in queued], np.int64),
        left_out=_left_out(rows, queued, flagged(project)),
        protected={n: side for n, side in enumerate(sides) if side != "pool"},
        groups=np.unique(np.array(groups)[identity], return_inverse=True)[1].astype(np.int64),
        beliefs=_beliefs(project, rows, told),
        pairs=None if sides_of is None else sides_of.pairs,
        answers=None if sides_of is None else sides_of.answers,
        fixed_need=need not in _MOVING,
        minutes=_minutes(project, rows),
        n_answers=told.n,
        answers_by_kind=told.kinds,
    )
    return Offer(
        pool=withhold(pool, config.select),
        sides=sides,
        record_ids=rows.record_ids,
        candidate_ids=rows.candidate_ids,
    )


_MOVING = ("learned_sd", "learned_information")
"""Needs that an answer to one row changes for others."""


def need_name(project: Project) -> str:
    """Return the score that ranks the need: the one named, else `learned` where it is better."""
    named = project.config.select.need
    if named is not None:
        return named
    known = learned(project)
    return "learned" if known is not None and known[1]["better"] else default_need(project.config)


def _prompt_rows(project: Project, identity: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return each row's prompt vector: the file itself where every record is one row."""
    vectors = prompt_vectors(project)
    if len(identity) == len(vectors) and (identity == np.arange(len(vectors))).all():
        return vectors
    return np.asarray(vectors[identity])


def _learned_scores(project: Project, rows: Rows) -> dict[str, npt.NDArray[np.float64]]:
    known = learned(project)
    if known is None:
        return {}
    return {
        name: np.array([values.get(id, np.nan) for id in rows.item_ids], np.float64)
        for name, values in known[0].items()
    }


def _beliefs(project: Project, rows: Rows, told: Answered) -> Beliefs | None:
    """Return what the acquisition model believes, where the strategy asks for it."""
    if project.config.select.strategy not in BY_BELIEFS or learned(project) is None:
        return None
    need, _ = model(project, rows, told)
    return Beliefs(
        features=need.features,
        probabilities=np.stack([1 - need.chance, need.chance], axis=1),
        information=need.information,
        covariance=need.head.covariance,
    )


def _compared(project: Project, rows: Rows) -> Compared | None:
    """Return what is known of the answers, where the strategy chooses pairs by it."""
    config = project.config
    if config.project.task != "rank" or config.select.strategy not in BY_ANSWERS:
        return None
    if config.push.ranking == "full":
        raise ConfigError(
            f"`select.strategy: {config.select.strategy}` chooses pairs; `push.ranking: full` "
            "asks for all answers at once: choose pair, or another strategy"
        )
    return compared(project, rows)


def _minutes(project: Project, rows: Rows) -> npt.NDArray[np.float64]:
    """Return the minutes that each row will take, as lengths say and measured times correct."""
    from curate.select import estimate_minutes

    lengths = token_counts(project, rows)
    return estimate_minutes(
        lengths.prompt,
        lengths.answers,
        task=project.config.project.task,
        votes=_votes(project),
        config=project.config.select.budget.estimate,
        measured=measured_pace(project),
    ).minutes


def _votes(project: Project) -> float:
    """Return how many people answer an item, on the mean."""
    overlap = project.config.push.overlap
    return 1 + overlap.share * (overlap.annotators - 1)


def _need(scores: dict[str, npt.NDArray[np.float64]], name: str) -> npt.NDArray[np.float64]:
    if name in LEARNED and name not in scores:
        raise ConfigError(
            f"`select.need: {name}`: nothing was learned yet; leave it out until people answered"
        )
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


def _left_out(rows: Rows, queued: dict[str, int], flags: dict[str, str]) -> dict[int, str]:
    reasons = _flagged_rows(rows, flags) if flags else {}
    reasons |= {n: why for n, why in enumerate(rows.unfit) if why is not None}
    asked = ((n, queued.get(r)) for n, r in enumerate(rows.record_ids))
    return reasons | {n: f"its prompt was asked in round {r}" for n, r in asked if r is not None}


def _flagged_rows(rows: Rows, flags: dict[str, str]) -> dict[int, str]:
    """Return the rows whose prompt, or one of whose answers, cleaning flagged."""
    asked = zip(rows.record_ids, rows.candidate_ids, strict=True)
    told = (
        next((flags[id] for id in (record, *ids) if id in flags), None) for record, ids in asked
    )
    return {n: f"flagged: {why}" for n, why in enumerate(told) if why is not None}


def _named(config: SelectConfig, scores: Collection[str]) -> set[str]:
    """Return the columns that caps, quotas and rules speak of, and those that are always told."""
    return {"source", "model"} | columns_needed(config) - set(scores)
