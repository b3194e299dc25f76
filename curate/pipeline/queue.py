"""A round's queue: which rows go to people, and why each does or does not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import SelectConfig
from curate.errors import ConfigError, ProjectError, SelectionError
from curate.pipeline.clean import dropped_as, flags_key
from curate.pipeline.journal import streamed_row
from curate.pipeline.learn import LEARNED
from curate.pipeline.offer import Offer, offer
from curate.pipeline.pool import key, upstream
from curate.pipeline.rows import LENGTHS
from curate.pipeline.summary import Summary
from curate.project import Project, Round
from curate.records import QUEUE, Selection
from curate.select.pool import Pool

__all__ = ["explain", "goes_on", "open_round", "select"]


def open_round(project: Project, *, next_round: bool = False) -> Round:
    """Return the round that is at work, or the next one.

    Raises:
        ProjectError: If the last round is closed and no next one was asked for, or the other way.
    """
    rounds = project.rounds()
    if not rounds:
        return project.next_round()
    last = rounds[-1]
    if last.closed and not next_round:
        raise ProjectError(f"round {last.number} is closed; begin the next one with --next-round")
    if next_round and not last.closed:
        raise ProjectError(
            f"round {last.number} is still open; finish it before the next one "
            f"(`curate status -c {project.config_path}` says what it waits for)"
        )
    return project.next_round() if next_round else last


def goes_on(project: Project) -> bool:
    """Say whether the last round is closed and `project.rounds` lets the next one begin."""
    rounds, most = project.rounds(), project.config.project.rounds
    return bool(rounds) and rounds[-1].closed and (most is None or len(rounds) < most)


def select(project: Project, *, next_round: bool = False) -> Summary:
    """Choose the round's queue and keep everything that was on offer beside it.

    Raises:
        SelectionError: If nothing can be asked.
        ProjectError: If the last round is closed and no next one was asked for, or the other way.
    """
    from curate.select import choose, composition, guard, regions, shortfall

    round_ = open_round(project, next_round=next_round)
    before = (upstream(project, "learn"), *flags_key(project))
    now = key(project, "select", *before, str(round_.number))
    if done := _kept(round_, now):
        return done
    on_offer = offer(project, round_)
    seed = project.config.project.seed + round_.number
    config = project.config.select
    size = config.budget.most(int(on_offer.pool.open.sum()))
    pool = replace(on_offer.pool, clusters=regions(on_offer.pool))
    selection = choose(pool, size, config=config, seed=seed)
    guard(selection, on_offer.sides)
    if not len(selection):
        raise SelectionError(_nothing(on_offer))
    round_.write("pool", _pool_table(on_offer, selection))
    mix = composition(pool, selection, seed=seed, columns=_described(on_offer))
    notes = [*_chosen_by(on_offer, selection, config), *selection.notes]
    short = shortfall(on_offer.pool, selection, config.budget.items or size)
    if short and not any("are used up" in note for note in notes):
        notes.append(short)
    summary = _summary(round_, on_offer, selection, [*notes, *_mixture(pool, mix)])
    round_.write_json("composition", mix)
    round_.write("queue", _queue_table(project, on_offer, selection, seed))
    said = {"key": now, "need": on_offer.pool.need_name, "strategy": selection.strategy}
    round_.write_json("selected", said | {"summary": summary.as_json()})
    return summary


def _kept(round_: Round, now: str) -> Summary | None:
    """Return what was chosen before, where that still holds."""
    stamp = round_.read_json("selected")
    if stamp is None or round_.table("queue") is None:
        return None
    streamed = bool(stamp.get("stream"))
    if stamp["key"] != now and round_.read_json("pushed") is None and not streamed:
        return None
    said = stamp["summary"]
    notes = tuple(said["notes"])
    if stamp["key"] != now and not streamed:
        notes += ("the queue is at the desk and stays as it is; changes count from the next round",)
    return Summary(
        stage="select",
        counts=said["counts"],
        paths=tuple(said["paths"]),
        notes=notes,
        skipped=True,
    )


def _nothing(on_offer: Offer) -> str:
    reasons = list(on_offer.pool.left_out.values())
    if not on_offer.pool.ids:
        return "no row on offer: `score.target` names no model of the pool, or no pair can be made"
    often = max(set(reasons), key=lambda r: (reasons.count(r), r)) if reasons else "no reason"
    return f"none of {len(on_offer.pool.ids):,} rows may be asked; most often: {often}"


def _mixture(pool: Pool, mix: Mapping[str, Any]) -> list[str]:
    """Return what the queue is made of beside random queues: of the scores, need and lengths."""
    from curate.select import composition_lines

    hidden = pool.scores.keys() - {pool.need_name, "novelty", *LENGTHS}
    shown = {
        name: value
        for name, value in mix["queue"].items()
        if name not in hidden and not math.isnan(value)
    }
    return composition_lines({**mix, "queue": shown})


def _described(on_offer: Offer) -> list[str]:
    """Return the columns whose values are counted beside those of random queues."""
    wordy = ("prompt", "answer", "time", "record_id", "group")
    return [name for name in on_offer.pool.columns if name not in wordy]


def _chosen_by(on_offer: Offer, selection: Selection, config: SelectConfig) -> Iterator[str]:
    """Say what chose, where it is not what the configuration says or the task's default."""
    if selection.strategy != config.strategy:
        yield f"chosen by {selection.strategy}"
    elif on_offer.pool.need_name in LEARNED and config.need is None:
        yield "the need is `learned`: what people answered told useful rows better than one score"


def _pool_table(on_offer: Offer, selection: Selection) -> pa.Table:
    n = len(on_offer.pool.ids)
    picked = {int(row): order for order, row in enumerate(selection.indices)}
    order = [picked.get(row) for row in range(n)]
    inclusion = selection.inclusion
    return pa.table(
        {
            "item_id": on_offer.pool.ids,
            "record_id": on_offer.record_ids,
            "side": on_offer.sides,
            "open": on_offer.pool.open,
            "left_out": [selection.left_out.get(row) for row in range(n)],
            "order": pa.array(order, pa.int32()),
            "part": [None if o is None else selection.part[o] for o in order],
            "reason": [None if o is None else selection.reason[o] for o in order],
            "probability": [
                math.nan if o is None else float(selection.probability[o]) for o in order
            ],
            "inclusion": [
                math.nan if o is None or inclusion is None else float(inclusion[o]) for o in order
            ],
            **{f"score.{name}": column for name, column in on_offer.pool.scores.items()},
        }
    )


def _queue_table(project: Project, on_offer: Offer, selection: Selection, seed: int) -> pa.Table:
    rows = selection.indices.tolist()
    return pa.table(
        {
            "order": pa.array(range(len(rows)), pa.int32()),
            "item_id": [on_offer.pool.ids[row] for row in rows],
            "task": [project.config.project.task] * len(rows),
            "record_id": [on_offer.record_ids[row] for row in rows],
            "candidate_ids": [list(on_offer.candidate_ids[row]) for row in rows],
            "part": list(selection.part),
            "probability": selection.probability,
            "reason": list(selection.reason),
            "overlap": pa.array(_overlap(project, len(rows), seed), pa.int32()),
        },
        schema=QUEUE,
    )


def _overlap(project: Project, n: int, seed: int) -> npt.NDArray[np.int64]:
    """Return how many people each row wants: a share of them, drawn at random, wants several."""
    config = project.config.push.overlap
    several = np.random.default_rng([seed, 1]).permutation(n) < round(config.share * n)
    return np.where(several, config.annotators, 1)


def _summary(round_: Round, on_offer: Offer, selection: Selection, notes: Sequence[str]) -> Summary:
    parts = list(selection.part)
    by_part = {part: parts.count(part) for part in ("active", "always", "typical", "random")}
    counts: dict[str, Any] = {
        "round": f"{round_.number}",
        "queued": len(selection),
        **{part: n for part, n in by_part.items() if n or part in ("active", "random")},
        "on offer": int(on_offer.pool.open.sum()),
        "left out": len(selection.left_out),
    }
    return Summary(
        stage="select",
        counts=counts,
        paths=((round_.folder / "queue.parquet").as_posix(),),
        notes=tuple(notes),
    )


def explain(project: Project, id: str) -> Summary:
    """Say why a row is, or is not, in the last round's queue.

    Args:
        project: The project.
        id: Of an item, a candidate, a pair or a record; its beginning is enough.

    Raises:
        ConfigError: If nothing, or more than one thing, has that id.
    """
    if (told := streamed_row(project, id)) is not None:
        return told
    rounds = project.rounds()
    if not rounds:
        if (why := dropped_as(project, id)) is not None:
            return Summary(stage="explain", notes=(why,))
        raise ProjectError(f"{project.folder}: no round yet; run `curate select` first")
    on_offer = offer(project, rounds[-1])
    rows = _rows_of(on_offer, id)
    if not rows:
        return _not_on_offer(project, id)
    selection = _stored(rounds[-1], on_offer)
    unscored = _why_unscored(project)
    said = [_explained(on_offer, selection, row, unscored) for row in rows[:_MOST_ROWS]]
    counts: dict[str, Any] = {"round": f"{rounds[-1].number}"}
    if len(rows) > _MOST_ROWS:
        counts["rows"] = f"{_MOST_ROWS} of {len(rows):,} whose id begins with {id}"
    return Summary(
        stage="explain",
        counts=counts,
        notes=tuple(line for text, _ in said for line in text.splitlines()),
        data={"rows": [data for _, data in said]},
    )


def _rows_of(on_offer: Offer, id: str) -> list[int]:
    known = zip(on_offer.pool.ids, on_offer.record_ids, on_offer.candidate_ids, strict=True)
    return [
        n
        for n, (item, record, candidates) in enumerate(known)
        if any(name.startswith(id) for name in (item, record, *candidates))
    ]


_MOST_ROWS = 20


def _explained(
    on_offer: Offer, selection: Selection, row: int, unscored: Mapping[str, Mapping[str, str]]
) -> tuple[str, dict[str, Any]]:
    from curate.select import explain_row

    explanation = explain_row(on_offer.pool, selection, row)
    why = unscored.get(explanation.id, {})
    lines = [explanation.text(), *(f"  no {name}: {reason}" for name, reason in why.items())]
    return "\n".join(lines), asdict(explanation) | {"why_nan": dict(why)}


def _why_unscored(project: Project) -> dict[str, dict[str, str]]:
    """Return, by item id, the columns that are NaN and why."""
    rank = project.config.project.task == "rank"
    name, id = ("pair_scores", "pair_id") if rank else ("scores", "candidate_id")
    scores = project.need_table(name, "score")
    rows = zip(scores[id].to_pylist(), scores["why_nan"].to_pylist(), strict=True)
    return {id: json.loads(why) for id, why in rows if why}


def _not_on_offer(project: Project, id: str) -> Summary:
    scores = project.need_table("scores", "score")
    for row in scores.select(["candidate_id", "record_id", "is_target"]).to_pylist():
        if row["candidate_id"].startswith(id) and not row["is_target"]:
            note = "not on offer: its model is a committee member, not a target (`score.target`)"
            return Summary(stage="explain", notes=(f"{row['candidate_id']} was {note}",))
    if (why := dropped_as(project, id)) is not None:
        return Summary(stage="explain", notes=(why,))
    raise ConfigError(
        f"no record, candidate, pair or item begins with {id!r}; "
        f"ids stand in {project.pool / 'scores.parquet'}"
    )


def _stored(round_: Round, on_offer: Offer) -> Selection:
    """Return the selection as it was made, from what the round keeps and the pool still holds."""
    pool = round_.need_table("pool", "select")
    place = {id: n for n, id in enumerate(on_offer.pool.ids)}
    pool = pool.filter(pc.is_in(pool["item_id"], pa.array(place, pa.string())))
    picked = pool.filter(pool["order"].is_valid()).sort_by("order")
    left_out = zip(pool["item_id"].to_pylist(), pool["left_out"].to_pylist(), strict=True)
    return Selection(
        indices=np.array([place[id] for id in picked["item_id"].to_pylist()], np.int64),
        part=tuple(picked["part"].to_pylist()),
        reason=tuple(picked["reason"].to_pylist()),
        probability=picked["probability"].to_numpy(),
        scores=on_offer.pool.scores,
        left_out={place[id]: why for id, why in left_out if why is not None},
        strategy=round_.project.config.select.strategy,
        seed=round_.project.config.project.seed + round_.number,
    )
