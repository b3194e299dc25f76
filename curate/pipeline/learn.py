"""The acquisition model: what this project's answers teach about what to ask next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.config import Config
from curate.files import file_digest, read_json, write_json
from curate.pipeline.pool import finish, fresh, key, prompt_vectors, upstream
from curate.pipeline.rows import LENGTHS, Rows, rows_on_offer
from curate.pipeline.summary import Summary
from curate.pipeline.usefulness import useful_answers
from curate.project import Project, Round
from curate.records import digest

if TYPE_CHECKING:
    from curate.learn import Need, Reliability, Usefulness

__all__ = [
    "LEARNED",
    "NEED",
    "Answered",
    "Calibration",
    "answered",
    "calibrated",
    "calibration",
    "default_need",
    "learn",
    "learned",
    "model",
]

Floats = npt.NDArray[np.float64]

NEED = {"rewrite": "uncertainty", "rank": "pair_dissimilarity"}
"""Score column that ranks the need, by task, unless the configuration names another."""
LEARNED = {
    "learned": "Chance that a person's answer would be useful, as earlier answers teach it.",
    "learned_sd": "How unsure the acquisition model is of it: the deviation of its log odds.",
    "learned_information": "What an answer would tell the acquisition model, in nats.",
}
"""Columns that the acquisition model adds, and what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What people's answers say of rows, and the scores that the rows were chosen by."""

    useful: Floats
    """1 = worth a person's time, 0 = not, between them where people differ, NaN = no answer
    counts, shape (n_rows,)."""
    by_lot: npt.NDArray[np.bool_]
    """Rows that the lot drew, shape (n_rows,)."""
    weights: Floats
    """How many rows of the pool each answer speaks for: those of the lot for all that was not
    chosen, others for themselves, shape (n_rows,)."""
    scores: dict[str, Floats]
    """Each row's scores: those it was chosen by where it was asked, else those of now."""

    @property
    def n(self) -> int:
        """How many rows have an answer that counts."""
        return int((~np.isnan(self.useful)).sum())

    @property
    def kinds(self) -> dict[str, int]:
        """How many rows were useful, and how many not."""
        known = self.useful[~np.isnan(self.useful)]
        return {"useful": int((known >= 0.5).sum()), "not": int((known < 0.5).sum())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far the model's chances hold what they say, on answers that it was not fitted on."""

    temperature: float
    on: str
    """Which answers."""
    before: Reliability
    after: Reliability
    """With the temperature of the other half of the answers."""

    @property
    def sentence(self) -> str:
        """Say it."""
        return (
            f"chances are divided by a temperature of {self.temperature:.2f}, from {self.on}: "
            f"calibration error {self.before.ece:.3f} before, {self.after.ece:.3f} after "
            f"({self.after.n:,} answers)"
        )


def learn(project: Project) -> Summary:
    """Fit the acquisition model on what people answered, and say which scores told it beforehand.

    With fewer than `learn.least` answers nothing is fitted, and the task's default score goes on
    ranking the need.
    """
    path = project.pool / "learned.parquet"
    now = key(project, "learn", upstream(project, "score"), *_settled(project))
    if done := fresh(project, "learn", now, _made(project)):
        return done
    config = project.config.learn
    rows = rows_on_offer(project)
    told = answered(project, rows)
    if not config.enabled or told.n < max(config.least, 1) or min(told.kinds.values()) < 2:
        path.unlink(missing_ok=True)
        _facts_path(project).unlink(missing_ok=True)
        return finish(project, "learn", now, _nothing_learned(project, told))
    need, judged = model(project, rows, told)
    told_apart = calibration(judged, told)
    project.write("learned", _table(rows, need, told_apart.temperature))
    write_json(_facts_path(project), _facts(judged, told, told_apart))
    counts: dict[str, Any] = {
        "answers": told.n,
        "useful": told.kinds["useful"],
        "need": "learned" if judged.better else judged.default,
        "AUROC": judged.mix.value,
        f"AUROC of {judged.default}": judged.columns[judged.default].value,
    }
    notes = (*judged.sentences, told_apart.sentence, *_named_anyway(project, judged))
    summary = Summary(stage="learn", counts=counts, paths=(path.as_posix(),), notes=notes)
    return finish(project, "learn", now, summary)


def _made(project: Project) -> list[Path]:
    """Return the files that the last run wrote: none where there was nothing to learn from."""
    stamp = project.stamp("learn")
    if stamp is None or not stamp["summary"]["paths"]:
        return []
    return [project.pool / "learned.parquet", _facts_path(project)]


def default_need(config: Config) -> str:
    """Return the score that ranks the need where nothing was learned."""
    named = config.select.need
    return NEED[config.project.task] if named is None or named in LEARNED else named


def learned(project: Project) -> tuple[dict[str, dict[str, float]], dict[str, Any]] | None:
    """Return the learned columns by item, and what is known of the model; None = nothing learned.

    Returns:
        Column to item to value, and the facts of ``pool/learned.json``.
    """
    table, facts = project.table("learned"), read_json(_facts_path(project))
    if table is None or facts is None or not project.config.learn.enabled:
        return None
    ids = table["item_id"].to_pylist()
    return {name: dict(zip(ids, table[name].to_pylist(), strict=True)) for name in LEARNED}, facts


def model(project: Project, rows: Rows, told: Answered) -> tuple[Need, Usefulness]:
    """Fit the model on rows that were answered, and judge it beside the default score.

    Only with `LEAST_BY_LOT` answers or more of rows that the lot drew can it be better: what was
    chosen by the default score cannot tell how well that score finds rows.

    Raises:
        ValueError: If nothing is answered.
    """
    from curate.learn import learned_need, usefulness

    default = default_need(project.config)
    lengths = {name: told.scores[name] for name in LENGTHS if name in told.scores}
    scores = {name: v for name, v in told.scores.items() if name not in lengths}
    vectors = [_vectors(project, rows)] if project.config.learn.text else []
    groups = np.unique(np.array(rows.record_ids), return_inverse=True)[1]
    judged = usefulness(
        scores,
        told.useful,
        default=default,
        groups=groups,
        vectors=vectors,
        weights=told.weights,
        rng=project.config.project.seed,
    )
    need = learned_need(
        scores,
        told.useful,
        default=default,
        vectors=vectors,
        nuisance=_nuisance(project, lengths),
    )
    by_lot = int((told.by_lot & ~np.isnan(told.useful)).sum())
    if judged.better and by_lot < LEAST_BY_LOT:
        unsure = (
            f"the mix seems better, but only {by_lot} answers of rows drawn by lot speak for the "
            f"pool; from {LEAST_BY_LOT} on it may rank the queue, {judged.default} goes on"
        )
        judged = replace(judged, better=False, sentences=(*judged.sentences[:-1], unsure))
    return need, judged


LEAST_BY_LOT = 10


def calibration(judged: Usefulness, told: Answered) -> Calibration:
    """Return what makes the model's chances hold what they say, and how far they do.

    A temperature is fitted on answers that the model was not fitted on: those of rows that the lot
    drew, where there are enough of them, as they speak for the pool, else all. How far the chances
    hold is judged with the temperature of the other half of these rows.
    """
    from curate.learn import Temperature, reliability

    known = ~np.isnan(told.useful)
    useful, by_lot = told.useful[known], told.by_lot[known]
    speak = by_lot if _both_kinds(useful[by_lot]) else np.ones(len(useful), bool)
    odds = np.stack([np.zeros(speak.sum()), judged.held_out[speak]], axis=1)
    odds, labels = odds[~np.isnan(odds[:, 1])], useful[speak][~np.isnan(odds[:, 1])]
    shares = np.stack([1 - labels, labels], axis=1)
    halves = np.arange(len(odds)) % 2 == 0
    after = np.full(len(odds), np.nan)
    for half in (halves, ~halves):
        if half.any() and not half.all():
            after[half] = Temperature().fit(odds[~half], shares[~half])(odds[half])[:, 1]
    return Calibration(
        temperature=Temperature().fit(odds, shares).value if len(odds) else 1.0,
        on="rows drawn by lot" if speak.sum() < len(useful) else "all answers",
        before=reliability(Temperature()(odds)[:, 1], labels),
        after=reliability(after, labels),
    )


def _both_kinds(useful: Floats) -> bool:
    return bool(min((useful >= 0.5).sum(), (useful < 0.5).sum()) >= _EACH_KIND)


_EACH_KIND = 10


def _vectors(project: Project, rows: Rows) -> npt.NDArray[np.float32]:
    records = project.need_table("records", "ingest")["id"].to_pylist()
    place = {id: n for n, id in enumerate(records)}
    return np.asarray(prompt_vectors(project)[[place[id] for id in rows.record_ids]])


def _nuisance(project: Project, lengths: dict[str, Floats]) -> Floats | None:
    """Return log lengths, so that "the longer the more useful" is not learned."""
    if "length" not in project.config.learn.nuisance or not lengths:
        return None
    columns = [np.log1p(np.nan_to_num(values)) for values in lengths.values()]
    return np.stack(columns, axis=1)


def answered(project: Project, rows: Rows) -> Answered:
    """Return what all rounds' answers say of rows."""
    place = {id: n for n, id in enumerate(rows.item_ids)}
    useful = np.full(len(rows), np.nan)
    by_lot = np.zeros(len(rows), bool)
    scores = {name: values.copy() for name, values in rows.scores.items()}
    for round_ in project.rounds():
        told = useful_answers(project, round_)
        for id, value in zip(told.item_ids, told.useful.tolist(), strict=True):
            if id in place and not math.isnan(value):
                useful[place[id]] = value
        _as_chosen(round_, place, by_lot, scores)
    weights = _spoken_for(project, place, useful, by_lot)
    return Answered(useful=useful, by_lot=by_lot, weights=weights, scores=scores)


def _spoken_for(
    project: Project,
    place: dict[str, int],
    useful: Floats,
    by_lot: npt.NDArray[np.bool_],
) -> Floats:
    """Return how many rows of the pool each answer speaks for.

    The rows that nobody chose are spoken for by those that the lot drew, alike.
    """
    chosen = sum(
        sum(id in place and part != "random" for id, part in _parts(round_))
        for round_ in project.rounds()
    )
    drawn = by_lot & ~np.isnan(useful)
    weights = np.ones(len(useful))
    weights[drawn] = max(1.0, (len(useful) - chosen) / max(1, drawn.sum()))
    return weights


def _parts(round_: Round) -> Iterator[tuple[str, str]]:
    queue = round_.queue()
    return zip(queue["item_id"].to_pylist(), queue["part"].to_pylist(), strict=True)


def _as_chosen(
    round_: Round,
    place: dict[str, int],
    by_lot: npt.NDArray[np.bool_],
    scores: dict[str, Floats],
) -> None:
    """Put a round's scores in place of those of now: asking changes some (how new a row is)."""
    pool = round_.table("pool")
    if pool is None:
        return
    pool = pool.filter(pool["order"].is_valid())
    ids, parts = pool["item_id"].to_pylist(), pool["part"].to_pylist()
    there = [(n, place[id]) for n, id in enumerate(ids) if id in place]
    for name, values in scores.items():
        if f"score.{name}" in pool.column_names:
            then = pool[f"score.{name}"].to_numpy()
            for n, row in there:
                values[row] = then[n]
    for n, row in there:
        by_lot[row] = parts[n] == "random"


def _settled(project: Project) -> Iterator[str]:
    """Give what tells one state of the answers from another."""
    for round_ in project.rounds():
        for name in ("curated.parquet", "undecided.jsonl"):
            path = round_.folder / name
            if path.exists():
                yield digest(round_.folder.name, name, file_digest(path))


def _facts_path(project: Project) -> Path:
    return project.pool / "learned.json"


def _nothing_learned(project: Project, told: Answered) -> Summary:
    config, kinds = project.config.learn, told.kinds
    if not config.enabled:
        note = "`learn.enabled` is false"
    elif told.n < config.least:
        note = f"nothing learned yet: {told.n:,} of the {config.least:,} answers that it takes"
    else:
        note = (
            f"nothing to learn from {told.n:,} answers of one kind "
            f"({kinds['useful']:,} useful, {kinds['not']:,} not)"
        )
    counts = {"answers": told.n, "need": default_need(project.config)}
    return Summary(
        stage="learn", counts=counts, notes=(note,) if told.n or not config.enabled else ()
    )


def calibrated(need: Need, features: npt.NDArray[np.float32], temperature: float) -> Floats:
    """Return the chances that answers to rows would be useful, shape (n,)."""
    return np.asarray(1 / (1 + np.exp(-need.head.logits(features)[:, 1] / temperature)))


def _named_anyway(project: Project, judged: Usefulness) -> Iterator[str]:
    named = project.config.select.need
    if named is not None and named not in LEARNED and judged.better:
        yield f"`select.need: {named}` is kept, as the configuration names it"


def _table(rows: Rows, need: Need, temperature: float) -> pa.Table:
    return pa.table(
        {
            "item_id": rows.item_ids,
            "learned": calibrated(need, need.features, temperature),
            "learned_sd": np.sqrt(need.variance),
            "learned_information": need.information,
        }
    )


def _facts(judged: Usefulness, told: Answered, apart: Calibration) -> dict[str, Any]:
    return {
        "better": judged.better,
        "default": judged.default,
        "answers": told.n,
        "by_lot": int((told.by_lot & ~np.isnan(told.useful)).sum()),
        "useful": judged.n_useful,
        "columns": {name: asdict(area) for name, area in judged.columns.items()},
        "mix": asdict(judged.mix),
        "gain": asdict(judged.gain),
        "weights": dict(list(judged.weights.items())[:_WEIGHTS]),
        "calibration": {
            "temperature": apart.temperature,
            "on": apart.on,
            "before": asdict(apart.before),
            "after": asdict(apart.after),
        },
        "sentences": [*judged.sentences, apart.sentence],
    }


_WEIGHTS = 30
