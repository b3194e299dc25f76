"""How well scores and the acquisition model foretold which answers were useful, round by round.

What can be compared with what came: the rows drawn by lot (they stand for the pool), all rows that
were asked, and, where it is known which answers are wrong (`report.truth`, or judges with a
reference), the frozen test split and the calibration slice, which nobody is ever asked about.

A round's `learned` column was written before its answers came, and is judged by them. Where there
is none, a head on the prompts' vectors and the scores is fitted here to the answers of the rounds
before (of the first round: to four fifths of its answers, in turn), so that no answer is foretold
by itself. The test split and the calibration slice are foretold by all answers so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.measure.delong import auroc_interval
from curate.pipeline.history import Asked, History
from curate.pipeline.learn import LEARNED, default_need
from curate.pipeline.pool import prompt_vectors
from curate.project import Project

__all__ = ["foretold", "known_wrong"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_CHANCE = "learned"
_FITTED = "a model fitted to the answers before"
_FOLDS = 5
_LEAKS = ("novelty", *LEARNED)
"""Columns that know what was reviewed, or what was answered."""


def foretold(project: Project, past: History, number: int) -> list[dict[str, Any]]:
    """Return how well one round was foretold: one entry a score and a set of rows.

    Args:
        project: The project.
        past: Its rounds.
        number: Which of them, 0 = the first.

    Returns:
        ``by`` (a score or the model), ``on`` (asked, by lot, test, calibration), ``truth`` (where
        the wrong answers are known from), ``auroc`` with ``low`` and ``high``, ``brier`` and
        ``ece`` (of chances; NaN for other scores), ``n``, ``share`` (useful or wrong).
    """
    asked = past.rounds[number]
    pool = asked.round.need_table("pool", "select")
    protected = list(_protected(project, pool))
    sets = [*_answered(asked, pool), *protected]
    rows = np.concatenate([np.empty(0, np.int64), *(at for _, at, _, _ in protected)])
    found = []
    for name, scores, chances in _predictions(project, past, number, pool, rows):
        for on, at, wrong, truth in sets:
            entry = _judged(scores[at], wrong, chances)
            if entry is not None:
                found.append({"by": name, "on": on, "truth": truth, **entry})
    return found


def known_wrong(project: Project) -> tuple[dict[str, float], str]:
    """Return which answers are known to be wrong without asking anybody, and from where.

    Returns:
        Candidate id to 1 (wrong) or 0; empty where nothing is known.
    """
    where = project.config.report.truth
    if where is not None and where.startswith("metadata."):
        return dict(_stated(project, where.removeprefix("metadata."))), where
    verdicts = project.table("verdicts")
    if verdicts is None:
        return {}, ""
    said = verdicts.filter(pc.equal(verdicts["kind"], "reference"))
    grades: dict[str, list[float]] = {}
    for item, grade in zip(said["item_id"].to_pylist(), said["grade"].to_pylist(), strict=True):
        if grade is not None and not np.isnan(grade):
            grades.setdefault(item, []).append(grade)
    wrong = {item: float(np.mean(given) < 0.5) for item, given in grades.items()}
    return wrong, "judges with a reference" if wrong else ""


def _stated(project: Project, key: str) -> Iterator[tuple[str, float]]:
    candidates = project.candidates()
    rows = zip(candidates["id"].to_pylist(), candidates["metadata"].to_pylist(), strict=True)
    for id, text in rows:
        right = json.loads(text or "{}").get(key)
        if isinstance(right, bool | int):
            yield id, float(not right)


Told = tuple[Ints, Floats]
"""Rows of the pool, and whether each was useful."""
Look = Callable[[Ints], npt.NDArray[np.float32]]
Rows = tuple[str, Ints, Floats, str]
"""Name, rows of the pool, whether each is useful (or wrong), and where that is known from."""


def _answered(asked: Asked, pool: pa.Table) -> Iterator[Rows]:
    at = _places(asked.item_ids, pool)
    here = (at >= 0) & ~np.isnan(asked.useful)
    yield "asked", at[here], asked.useful[here], "answers"
    drawn = here & asked.of_part("random")
    yield "by lot", at[drawn], asked.useful[drawn], "answers"


def _protected(project: Project, pool: pa.Table) -> Iterator[Rows]:
    wrong, where = known_wrong(project)
    if not wrong or project.config.project.task != "rewrite":
        return
    known = np.array([wrong.get(id, np.nan) for id in pool["item_id"].to_pylist()], np.float64)
    sides = np.array(pool["side"].to_pylist(), np.str_)
    for side in ("test", "calibration"):
        rows = np.flatnonzero((sides == side) & ~np.isnan(known))
        yield side, rows, known[rows], where


def _judged(scores: Floats, wrong: Floats, chances: bool) -> dict[str, Any] | None:
    from curate.learn.calibration import reliability

    there = ~np.isnan(scores)
    scores, wrong = scores[there], wrong[there]
    if not len(scores):
        return None
    area = auroc_interval(scores, wrong)
    entry = {"auroc": area.value, "low": area.low, "high": area.high}
    entry |= {"n": len(scores), "share": float(wrong.mean()), "brier": np.nan, "ece": np.nan}
    if chances:
        fit = reliability(scores, wrong)
        entry |= {"brier": fit.brier, "ece": fit.ece}
    return entry


def _predictions(
    project: Project, past: History, number: int, pool: pa.Table, protected: Ints
) -> Iterator[tuple[str, Floats, bool]]:
    """Yield what foretold the round: name, scores over the pool, whether they are chances."""
    for name in dict.fromkeys((default_need(project.config), _CHANCE)):
        if f"score.{name}" in pool.column_names:
            yield name, pool[f"score.{name}"].to_numpy(), name == _CHANCE
    if f"score.{_CHANCE}" not in pool.column_names:
        fitted = _fitted(project, past, number, pool, protected)
        if fitted is not None:
            yield _FITTED, fitted, True


def _fitted(
    project: Project, past: History, number: int, pool: pa.Table, protected: Ints
) -> Floats | None:
    """Return the chances that a head gives the round's rows and protected ones; NaN elsewhere."""
    look = _look(project, pool)
    if look is None:
        return None
    before = _together([_labelled(asked, pool) for asked in past.rounds[:number]])
    now = _labelled(past.rounds[number], pool)
    so_far = _together([before, now])
    if not _enough(project, so_far[1]):
        return None
    chances = np.full(pool.num_rows, np.nan)
    chances[protected] = _chances(look, so_far, protected)
    if _enough(project, before[1]):
        chances[now[0]] = _chances(look, before, now[0])
    else:
        chances[so_far[0]] = _crossed(look, so_far, project.config.project.seed)
    return chances


def _together(parts: Sequence[Told]) -> Told:
    rows = [np.empty(0, np.int64), *(at for at, _ in parts)]
    return np.concatenate(rows), np.concatenate([np.empty(0), *(y for _, y in parts)])


def _look(project: Project, pool: pa.Table) -> Look | None:
    """Return what gives rows of the pool their features; None where prompts have no vectors."""
    from curate.learn.features import map_features

    table = project.table("records")
    if table is None or not (project.pool / "prompts.npy").exists():
        return None
    at = pc.index_in(pool["record_id"], value_set=table["id"].combine_chunks()).fill_null(-1)
    at, vectors = np.asarray(at.to_numpy(), np.int64), prompt_vectors(project)
    if len(vectors) != table.num_rows or (at < 0).any():
        return None
    names = [c for c in pool.column_names if c.startswith("score.")]
    columns = {c: pool[c].to_numpy() for c in names if c.removeprefix("score.") not in _LEAKS}
    some = np.unique(np.linspace(0, pool.num_rows - 1, _MAPPED).astype(np.int64))
    known = map_features([vectors[at[some]]], {c: v[some] for c, v in columns.items()})
    return lambda rows: known([vectors[at[rows]]], {c: v[rows] for c, v in columns.items()})


_MAPPED = 20_000
"""Rows, evenly spread over the pool, by which features are scaled."""


def _labelled(asked: Asked, pool: pa.Table) -> Told:
    at = _places(asked.item_ids, pool)
    here = (at >= 0) & ~np.isnan(asked.useful)
    return at[here], asked.useful[here]


def _enough(project: Project, labels: Floats) -> bool:
    yes = labels >= 0.5
    return len(labels) >= project.config.learn.least and bool(yes.any()) and not bool(yes.all())


def _chances(look: Look, told: Told, rows: Ints) -> Floats:
    from curate.learn import LogisticHead

    if not len(rows):
        return np.empty(0)
    at, labels = told
    head = LogisticHead().fit(look(at), np.stack([1 - labels, labels], axis=1))
    chances: Floats = head.probabilities(look(rows))[:, 1]
    return chances


def _crossed(look: Look, told: Told, seed: int) -> Floats:
    """Return the chance of each answered row by a head that did not see it."""
    rows, labels = told
    chances = np.full(len(rows), np.nan)
    part = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    for fold in range(_FOLDS):
        test = part == fold
        if len(np.unique(labels[~test] >= 0.5)) > 1:
            chances[test] = _chances(look, (rows[~test], labels[~test]), rows[test])
    return chances


def _places(items: list[str], pool: pa.Table) -> Ints:
    known = pool["item_id"].combine_chunks()
    at = pc.index_in(pa.array(items, pa.string()), value_set=known).fill_null(-1)
    return np.asarray(at.to_numpy(zero_copy_only=False), np.int64)
