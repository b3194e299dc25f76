"""Knowing when: what rounds found, what is left, whether another one is worth it, and drift.

`progress` writes ``rounds/NNN/progress.json`` of the round at work, and keeps what it says of a
closed one (new logs may have come since) in its stamp. Everything follows from what the project
holds: queues, answers, scores; what is not there yet is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from curate.files import file_digest
from curate.measure.estimates import hajek
from curate.measure.intervals import Interval
from curate.measure.stopping import Advice, Bars, advise, next_yield, power_law
from curate.pipeline.foretold import foretold
from curate.pipeline.history import Asked, History, Lift, history, lift, pool_mean, remaining
from curate.pipeline.new_logs import new_logs
from curate.pipeline.pool import finish, upstream
from curate.pipeline.segments import outcome_shares, segments, span, win_rates
from curate.pipeline.summary import Summary
from curate.pipeline.verdicts import findings, sentences
from curate.pipeline.working_time import pace, worked
from curate.project import Project, Round
from curate.records import digest

__all__ = ["facts_of", "last_said", "progress"]

Facts = dict[str, Any]


def progress(project: Project) -> Summary:
    """Say what the rounds found, what is left, whether to go on, and whether new logs differ."""
    rounds = project.rounds()
    if not rounds:
        return Summary(stage="progress", notes=("no round yet; run `curate select` first",))
    now = _key(project, rounds)
    path = rounds[-1].folder / "progress.json"
    stamp = project.stamp("progress")
    if stamp is not None and stamp["key"] == now and (path.exists() or rounds[-1].closed):
        return _as_before(stamp["summary"])
    facts = facts_of(project)
    if not rounds[-1].closed:
        rounds[-1].write_json("progress", facts)
    summary = Summary(
        stage="progress",
        counts=_counts(facts),
        paths=(path.as_posix(),) if path.exists() else (),
        notes=tuple(sentences(facts)),
        data={"facts": facts},
    )
    return finish(project, "progress", now, summary)


def last_said(project: Project) -> tuple[str, ...]:
    """Return the sentences of the last `progress`, without looking again; none before the first."""
    stamp = project.stamp("progress")
    return tuple(stamp["summary"]["notes"]) if stamp else ()


def facts_of(project: Project) -> Facts:
    """Return all figures as plain values for JSON; what is not known is NaN, and infinite is None.

    ``rounds`` (one entry a round), ``overall``, ``findings`` (sentences), ``advice``, ``drift``.
    """
    past = history(project)
    per_round = [_round_facts(project, past, n) for n in range(len(past.rounds))]
    overall = _overall(project, past, per_round)
    task = project.config.project.task
    facts: Facts = {
        "task": task,
        "truth": project.config.report.truth,
        "rounds": per_round,
        "overall": overall,
        "findings": findings(task, per_round, overall),
        "advice": asdict(_advice(past, overall)),
        "drift": new_logs(project),
    }
    plain: Facts = _finite(facts)
    return plain


def _key(project: Project, rounds: Sequence[Round]) -> str:
    files = (
        round_.folder / name
        for round_ in rounds
        for name in ("queue.parquet", "pool.parquet", "responses.parquet", "curated.parquet")
    )
    config = project.config
    sections = (config.project, config.select, config.learn, config.report, config.push)
    before = (upstream(project, stage) for stage in ("ingest", "embed", "judge", "score"))
    digests = (file_digest(path) if path.exists() else "" for path in files)
    return digest("progress", *(s.model_dump_json() for s in sections), *before, *digests)


def _as_before(said: Facts) -> Summary:
    return Summary(
        stage="progress",
        counts=said["counts"],
        paths=tuple(said["paths"]),
        notes=tuple(said["notes"]),
        skipped=True,
        data={"facts": said["facts"]},
    )


def _counts(facts: Facts) -> Facts:
    overall = facts["overall"]
    return {
        "answered": overall["answered"],
        "useful": round(overall["useful"]),
        "advice": facts["advice"]["state"],
        **({"new logs": facts["drift"]["state"]} if facts["drift"] else {}),
    }


def _round_facts(project: Project, past: History, number: int) -> Facts:
    asked = past.rounds[number]
    useful = asked.useful[~np.isnan(asked.useful)]
    found = lift([asked])
    return {
        "round": asked.round.number,
        "queued": len(asked.item_ids),
        "on_offer": int(asked.open.sum()),
        "answered": len(useful),
        "useful": float(useful.sum()),
        "missing": dict(asked.missing),
        "parts": {part: _part(asked, part) for part in np.unique(asked.part).tolist()},
        **_lift_facts(found),
        "agreement": _agreement(asked.round),
        **_work(project, asked),
        "foretold": _foretold(project, past, number),
    }


def _part(asked: Asked, part: str) -> Facts:
    """Return what came of one part of the queue; of a lot as an estimate for all on offer."""
    mine = asked.of_part(part)
    values = asked.useful[mine]
    n_open = int(asked.open.sum()) if part == "random" else len(values)
    return {"asked": int(mine.sum()), **span(hajek(values, n_open))}


def _lift_facts(found: Lift) -> Facts:
    return {name: span(getattr(found, field)) for name, field in _LIFT.items()}


_LIFT = {"lift": "times", "chosen": "chosen", "chance": "chance"}


def _agreement(round_: Round) -> Facts | None:
    said = round_.read_json("agreement")
    names = ("alpha", "low", "high", "percent", "n_units")
    return None if said is None else {name: said[name] for name in names}


def _work(project: Project, asked: Asked) -> Facts:
    """Return people's minutes, in all and an item, and what they and the models cost."""
    responses = asked.round.table("responses")
    known = asked.minutes[~np.isnan(asked.minutes)]
    per_hour = project.config.select.budget.per_hour
    answers = int((~np.isnan(asked.useful)).sum())
    each = float(known.mean()) if len(known) else math.nan
    return {
        "minutes": float(known.sum()) if len(known) else math.nan,
        "minutes_an_item": each,
        "pace": {} if responses is None else pace(worked(responses)),
        "money": each / 60 * per_hour * answers if per_hour else math.nan,
    }


def _foretold(project: Project, past: History, number: int) -> list[Facts]:
    """Return how well a round was foretold; of an earlier one as it was kept."""
    if number < len(past.rounds) - 1:
        kept = past.rounds[number].round.read_json("progress")
        same = kept is not None and kept["truth"] == project.config.report.truth
        if same and len(kept["rounds"]) > number:
            return [_nan(entry) for entry in kept["rounds"][number]["foretold"]]
    return foretold(project, past, number)


def _nan(entry: Facts) -> Facts:
    return {name: math.nan if value is None else value for name, value in entry.items()}


def _overall(project: Project, past: History, per_round: Sequence[Facts]) -> Facts:
    pool = pool_mean(past, past.useful)
    left, n_left = remaining(past, pool)
    rank = project.config.project.task == "rank"
    share = next_yield(*_yields(past))
    minutes = _minutes_an_item(past)
    return {
        "answered": sum(r["answered"] for r in per_round),
        "drawn": sum(r["parts"].get("random", {"n": 0})["n"] for r in per_round),
        "useful": sum(r["useful"] for r in per_round),
        "pool": {**span(pool.mean), "rows": pool.rows, "unseen": pool.unseen},
        "outcomes": outcome_shares(past),
        "win_rates": win_rates(project, past) if rank and per_round else [],
        "segments": segments(project, past),
        **_lift_facts(lift(past.rounds)),
        "recent_lift": span(lift(_answered(past)[-_RECENT:]).times),
        "remaining": {**span(left), "rows": n_left},
        "next_share": span(share),
        "minutes_an_item": minutes,
        "per_hour": span(_an_hour(share, minutes)),
        "models_cost": _spent(project),
        "curves": _curves(per_round),
    }


_RECENT = 2


def _answered(past: History) -> list[Asked]:
    return [asked for asked in past.rounds if not np.isnan(asked.useful).all()]


def _yields(past: History) -> tuple[list[float], list[float]]:
    """Return how many chosen rows were answered in each round, and how many were useful."""
    chosen = [asked.useful[asked.of_part("active")] for asked in past.rounds]
    known = [values[~np.isnan(values)] for values in chosen]
    return [float(len(v)) for v in known], [float(v.sum()) for v in known]


def _minutes_an_item(past: History) -> float:
    """Return the mean minutes of an item, all its people together, in the last timed round."""
    for asked in reversed(past.rounds):
        known = asked.minutes[~np.isnan(asked.minutes)]
        if len(known):
            return float(known.mean())
    return math.nan


def _an_hour(share: Interval, minutes: float) -> Interval:
    if not minutes > 0:
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    return share.scaled(60 / minutes)


def _spent(project: Project) -> Facts | None:
    """Return what asking models has cost so far, where any was asked."""
    if not project.ledger.exists():
        return None
    from curate.llm.ledger import Ledger

    with Ledger(project.ledger) as book:
        total = book.totals()
    money = {"money": total.money, "currency": project.config.budget.currency}
    return {"calls": total.calls, **money}


def _curves(per_round: Sequence[Facts]) -> list[Facts]:
    """Return how the ranking of the test split got better with answers, and its power law."""
    points: dict[str, list[tuple[float, float]]] = {}
    answers = 0.0
    for facts in per_round:
        answers += facts["answered"]
        for entry in facts["foretold"]:
            if entry["on"] == "test" and not math.isnan(entry["brier"]):
                points.setdefault(entry["by"], []).append((answers, entry["auroc"]))
    return [_curve(name, found) for name, found in points.items()]


def _curve(name: str, points: Sequence[tuple[float, float]]) -> Facts:
    labels, areas = [n for n, _ in points], [area for _, area in points]
    fit = power_law(labels, [1 - area for area in areas])
    hundred = fit.at(labels[-1]) - fit.at(labels[-1] + 100) if fit.exponent.known else math.nan
    return {
        "by": name,
        "labels": labels,
        "auroc": areas,
        "exponent": span(fit.exponent),
        "gain_of_100": hundred,
    }


def _advice(past: History, overall: Facts) -> Advice:
    return advise(
        answers=overall["answered"],
        drawn=overall["drawn"],
        lift=_interval(overall["recent_lift"]),
        remaining=_interval(overall["remaining"]),
        per_hour=_interval(overall["per_hour"]),
        bars=Bars(),
    )


def _interval(facts: Facts) -> Interval:
    return Interval(value=facts["value"], low=facts["low"], high=facts["high"], n=facts["n"])


def _finite(value: Any) -> Any:
    """Return plain values with None for what is infinite: JSON knows no infinity."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value
