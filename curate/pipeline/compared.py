"""What is known of answers that people may compare: how good each is, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import texts
from curate.pipeline.pool import embedder
from curate.pipeline.rows import Rows
from curate.project import Project, Round
from curate.select import Answers

if TYPE_CHECKING:
    from curate.learn import BradleyTerryHead

__all__ = ["BY_ANSWERS", "Compared", "compared"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

BY_ANSWERS = frozenset(
    (
        *("pairs", "d_optimal", "batch_bald", "infomax", "moderate_gap", "confident_gap"),
        *("delta_ucb", "drts", "double_thompson", "connected"),
    )
)
"""Strategies that choose pairs by what is known of their answers."""
PRIOR_SD = 1.0
"""Of a reward before any comparison, in the units of the (standardised) grade: grades of judges
rank answers, they do not measure how far apart people find them."""


class Compared(NamedTuple):
    """The answers on offer, and which two of them each row shows."""

    answers: Answers
    pairs: Ints
    """Rows of `answers`, shape (n_rows, 2)."""


def compared(project: Project, rows: Rows) -> Compared:
    """Return what is known of every answer of the pairs on offer.

    From `learn.least` comparisons on a Bradley-Terry head on the answers' vectors says how good
    each is, with length and the side that was shown first accounted for as the configuration says;
    before that judges' grades do, else how far the committee contradicts each answer.

    Args:
        project: The project.
        rows: Pairs.
    """
    ids = sorted({id for pair in rows.candidate_ids for id in pair})
    place = {id: n for n, id in enumerate(ids)}
    known = _answers(project, ids)
    config = project.config.learn
    told = list(_comparisons(project, place)) if config.enabled else []
    reward, sd, covariance = _before(project, ids), np.full(len(ids), PRIOR_SD), None
    if len(told) >= config.least:
        head = _head(told, known, config.nuisance)
        reward, sd = head.rewards(known.vectors), head.reward_sd(known.vectors)
        covariance = head.covariance
    pairs = np.array([[place[a], place[b]] for a, b in rows.candidate_ids], np.int64)
    return Compared(
        Answers(
            features=known.vectors,
            reward=reward,
            reward_sd=sd,
            length=known.lengths,
            covariance=covariance,
            model=known.models,
        ),
        pairs.reshape(-1, 2),
    )


class _Known(NamedTuple):
    vectors: Vectors
    lengths: Floats
    models: Ints | None
    """None where a source does not name the model of every answer."""


def _answers(project: Project, ids: list[str]) -> _Known:
    candidates = project.candidates().select(["id", "message", "model"])
    at = pc.index_in(pa.array(ids, pa.string()), value_set=candidates["id"].combine_chunks())
    said = [texts.answer_text(m) for m in candidates["message"].take(at).to_pylist()]
    lengths = np.array([len(text) for text in said], np.float64)
    names = candidates["model"].take(at).fill_null("").to_pylist()
    models = np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
    return _Known(embedder(project)(said), lengths, models if all(names) else None)


class _Told(NamedTuple):
    """One settled comparison."""

    a: int
    b: int
    outcome: float
    first: float
    """+1 where a was shown first, -1 where b was, 0 = not known."""


def _comparisons(project: Project, place: dict[str, int]) -> Iterator[_Told]:
    """Give what people preferred, in all rounds, of answers that are still there."""
    for round_ in project.rounds():
        curated = round_.table("curated")
        if curated is None:
            continue
        shown = _shown(round_)
        names = ["item_id", "outcome", "sources"]
        for row in curated.select(names).to_pylist():
            a, b = row["sources"][:2]
            if row["outcome"] in _OUTCOMES and a in place and b in place:
                order = shown.get(row["item_id"], [])
                first = (
                    0.0 if a not in order else (1.0 if order.index(a) < order.index(b) else -1.0)
                )
                outcome = _OUTCOMES[row["outcome"]]
                yield _Told(place[a], place[b], outcome, first)


_OUTCOMES = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}


def _shown(round_: Round) -> dict[str, list[str]]:
    pushed = round_.read_json("pushed") or {"asked": {}}
    return {item: list(row["shown"]) for item, row in pushed["asked"].items()}


def _head(told: list[_Told], known: _Known, nuisance: Sequence[str]) -> BradleyTerryHead:
    from curate.learn import BradleyTerryHead

    a, b = (np.array([getattr(t, side) for t in told], np.int64) for side in ("a", "b"))
    logs = np.log1p(known.lengths)
    columns = {"length": logs[a] - logs[b], "position": np.array([t.first for t in told])}
    beside = [columns[name] for name in nuisance if columns[name].any()]
    return BradleyTerryHead().fit(
        known.vectors[a],
        known.vectors[b],
        np.array([t.outcome for t in told]),
        nuisance=np.stack(beside, axis=1) if beside else None,
    )


def _before(project: Project, ids: list[str]) -> Floats:
    """Return the first of the judges' grade and the committee's agreement that answers have.

    NaN where an answer has none.
    """
    scores = project.need_table("scores", "score")
    at = pc.index_in(pa.array(ids, pa.string()), value_set=scores["candidate_id"].combine_chunks())
    for name, better in _GRADES:
        if name in scores.column_names:
            values = scores[name].take(at).cast(pa.float64()).fill_null(math.nan).to_numpy()
            if np.isfinite(values).any():
                return better(_standardised(values))
    return np.full(len(ids), math.nan)


_GRADES: tuple[tuple[str, Callable[[Floats], Floats]], ...] = (
    ("judge_grade", lambda values: values),
    ("doubt", np.negative),
    ("contradiction_weighted", np.negative),
    ("dissimilarity", np.negative),
)


def _standardised(values: Floats) -> Floats:
    """Return values of mean 0 and deviation 1; NaN = not known."""
    spread = np.nanstd(values)
    centred = values - np.nanmean(values)
    return np.asarray(centred / spread if spread > 0 else centred)
