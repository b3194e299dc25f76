"""What the rows drawn by lot say of parts of the pool: by model, source and metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.measure.intervals import Interval
from curate.pipeline.columns import columns
from curate.pipeline.history import Asked, History, pool_mean, values_by
from curate.pipeline.rows import pair_rows, ranking_rows, target_rows
from curate.project import Project

__all__ = ["outcome_shares", "segments", "win_rates"]

Found = dict[str, Any]
Bools = npt.NDArray[np.bool_]
Pairing = tuple[str, str, str]
"""Model of a, model of b, outcome."""


def outcome_shares(past: History) -> list[Found]:
    """Return the share of the pool that has each outcome, as far as rows are settled."""
    by_round = [_settled(asked) for asked in past.rounds]
    names = sorted({o for settled in by_round for said in settled.values() for o in said})
    found = []
    for name in names:
        shares = values_by(past, lambda asked, name=name: _share_of(_settled(asked), name))  # type: ignore[misc]
        mean = pool_mean(past, shares)
        found.append({"outcome": name, **span(mean.mean)})
    return found


def segments(project: Project, past: History) -> list[Found]:
    """Return the estimated share of useful rows in each part of the pool.

    Parts are the values of source and model, and of the columns that caps and quotas speak of; of
    each column the twelve largest.
    """
    if project.table("records") is None or project.table("scores") is None:
        return []
    found = []
    for name, values in _columns(project, past).items():
        codes = np.array(["" if v is None else v for v in values], dtype=object)
        common = Counter(v for v in values if v is not None).most_common(_MOST)
        for value, rows in common if len(common) > 1 else ():
            mean = pool_mean(past, past.useful, np.asarray(codes == value, bool))
            found.append({"column": name, "of": value, "rows": rows, **span(mean.mean)})
    return found


_MOST = 12


def win_rates(project: Project, past: History) -> list[Found]:
    """Return how often each model's answers are preferred, over all pairs that were on offer.

    A tie, and both bad, count half for either. Where models have no names: how often the first
    completion of a pair is preferred.
    """
    models = _models(project)
    shown = _shown(project)
    ids = past.ids.to_pylist()
    of_item = {id: {models.get(c, "") for c in shown[id][1]} for id in ids if id in shown}
    fought = [list(_fought(asked, models)) for asked in past.rounds]
    names = sorted({name for found in of_item.values() for name in found} - {""})
    if len(names) < 2:
        wins = [_wins(pairs, None) for pairs in fought]
        return [_rate("the first of the pair", past, wins, None)]
    return [
        _rate(
            name,
            past,
            [_wins(pairs, name) for pairs in fought],
            np.array([name in of_item.get(id, ()) for id in ids], bool),
        )
        for name in names
    ]


def span(interval: Interval) -> Found:
    """Return an interval as plain values."""
    return {"value": interval.value, "low": interval.low, "high": interval.high, "n": interval.n}


def _settled(asked: Asked) -> dict[str, list[str]]:
    curated = asked.round.table("curated")
    found: dict[str, list[str]] = {}
    if curated is not None:
        items, outcomes = curated["item_id"].to_pylist(), curated["outcome"].to_pylist()
        for item, outcome in zip(items, outcomes, strict=True):
            found.setdefault(item, []).append(outcome)
    return found


def _share_of(settled: Mapping[str, Sequence[str]], name: str) -> dict[str, float]:
    return {item: said.count(name) / len(said) for item, said in settled.items()}


def _columns(project: Project, past: History) -> dict[str, list[str | None]]:
    if project.table("scores") is None:
        return {}
    config = project.config.select
    named = [cap.column for cap in config.caps] + [quota.column for quota in config.quotas]
    names = ["model", "source", *(name for name in named if name.startswith("metadata."))]
    shown = _shown(project)
    records = project.need_table("records", "ingest")
    place = {id: n for n, id in enumerate(records["id"].to_pylist())}
    ids = past.ids.to_pylist()
    there = [n for n, id in enumerate(ids) if id in shown and shown[id][0] in place]
    of_record = np.array([place[shown[ids[n]][0]] for n in there], np.int64)
    candidates = [shown[ids[n]][1] for n in there]
    known = columns(project, records, of_record, candidates, dict.fromkeys(names))
    return {name: _spread(len(ids), there, known[name]) for name in dict.fromkeys(names)}


def _spread(n: int, rows: Sequence[int], values: Sequence[str | None]) -> list[str | None]:
    whole: list[str | None] = [None] * n
    for row, value in zip(rows, values, strict=True):
        whole[row] = value
    return whole


def _shown(project: Project) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return record and candidates of everything that can be asked, by item id."""
    config = project.config
    rewrite = config.project.task == "rewrite"
    scores = project.table("scores" if rewrite else "pair_scores")
    if scores is None:
        return {}
    rows = target_rows(scores) if rewrite else pair_rows(scores, config.select)
    if not rewrite and config.push.ranking == "full":
        rows = ranking_rows(rows)
    whole = zip(rows.item_ids, rows.record_ids, rows.candidate_ids, strict=True)
    return {item: (record, candidates) for item, record, candidates in whole}


def _models(project: Project) -> dict[str, str]:
    table = project.candidates().select(["id", "model"])
    models = pc.fill_null(table["model"], pa.scalar("")).to_pylist()
    return dict(zip(table["id"].to_pylist(), models, strict=True))


def _fought(asked: Asked, models: Mapping[str, str]) -> Iterator[tuple[str, Pairing]]:
    curated = asked.round.table("curated")
    if curated is None:
        return
    for row in curated.select(["item_id", "outcome", "sources"]).to_pylist():
        a, b = (models.get(id, "") for id in row["sources"][:2])
        yield row["item_id"], (a, b, row["outcome"])


def _wins(fought: Sequence[tuple[str, Pairing]], name: str | None) -> dict[str, float]:
    """Return each item's mean score of a model (None: of the first completion)."""
    scores: dict[str, list[float]] = {}
    for item, (a, b, outcome) in fought:
        if name is not None and (name not in (a, b) or a == b):
            continue
        first = _FIRST[outcome]
        scores.setdefault(item, []).append(first if name in (None, a) else 1 - first)
    return {item: float(np.mean(given)) for item, given in scores.items()}


_FIRST = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}


def _rate(
    name: str, past: History, wins: Sequence[Mapping[str, float]], within: Bools | None
) -> Found:
    of_round = {asked.round.number: won for asked, won in zip(past.rounds, wins, strict=True)}
    values = values_by(past, lambda asked: of_round[asked.round.number])
    return {"model": name, **span(pool_mean(past, values, within).mean)}
