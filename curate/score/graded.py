"""What judges say of candidates and pairs, and how far the judges are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.measure.likert import likert_spread, panel_grade
from curate.measure.panel import item_position_inconsistency, panel_entropy
from curate.score.columns import Why

__all__ = ["Judged", "graded", "ranked"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judges say; one value an item."""

    scores: Mapping[str, Floats]
    reasons: list[Why]


def graded(items: pa.ChunkedArray, verdicts: pa.Table | None) -> Judged:
    """Return each candidate's mean grade, and the spread of its grades, leniency removed.

    Args:
        items: Candidates' ids.
        verdicts: Table of `records.VERDICTS`, of which the pointwise ones count; the last one
            where a judge has several on an item. None = nobody judged.
    """
    grades, asked = _grades(items, verdicts)
    n_grades = (~np.isnan(grades)).sum(axis=1)
    return Judged(
        scores={"judge_grade": panel_grade(grades), "judge_spread": likert_spread(grades)},
        reasons=[
            Why(_GRADES, ~asked, "no judge was asked about it"),
            Why(_GRADES, n_grades == 0, "no judge gave a grade; the verdicts say why"),
            Why(("judge_spread",), n_grades == 1, "only one judge gave a grade"),
        ],
    )


def ranked(items: pa.ChunkedArray, verdicts: pa.Table | None) -> Judged:
    """Return how far judges are apart on each pair, and how many go by the place of an answer.

    Args:
        items: Pairs' ids.
        verdicts: Table of `records.VERDICTS`, of which the pairwise ones count; the last one
            where a judge has several on an item. None = nobody judged.
    """
    votes, asked = _votes(items, verdicts)
    n_judges = (~np.isnan(votes).any(axis=2)).sum(axis=1)
    unread = "no judge gave a verdict in both orders; the verdicts say why"
    return Judged(
        scores={
            "panel_entropy": panel_entropy(votes, normalise=True),
            "position_inconsistency": item_position_inconsistency(votes),
        },
        reasons=[
            Why(_RANKS, ~asked, "no judge was asked about it"),
            Why(_RANKS, n_judges == 0, unread),
            Why(("panel_entropy",), n_judges == 1, "only one judge gave a verdict"),
        ],
    )


_GRADES = ("judge_grade", "judge_spread")
_RANKS = ("panel_entropy", "position_inconsistency")
_SIDES = {"a": 0.0, "b": 1.0, "tie": 2.0, "both_bad": 2.0}


def _grades(items: pa.ChunkedArray, verdicts: pa.Table | None) -> tuple[Floats, Mask]:
    """Return grades, shape (n_items, n_judges), and which items a judge was asked about."""
    found, item, judge, n_judges = _seated(items, verdicts, "pointwise")
    grades = np.full((len(items), n_judges), np.nan)
    if found is not None:
        grades[item, judge] = found["grade"].cast(pa.float64()).fill_null(np.nan).to_numpy()
    return grades, np.isin(np.arange(len(items)), item)


def _votes(items: pa.ChunkedArray, verdicts: pa.Table | None) -> tuple[Floats, Mask]:
    """Return what was said with each answer first, shape (n_items, n_judges, 2)."""
    found, item, judge, n_judges = _seated(items, verdicts, "pairwise")
    votes = np.full((len(items), n_judges, 2), np.nan)
    if found is not None:
        rows = zip(found["orders"].to_pylist(), found["choice"].to_pylist(), strict=True)
        votes[item, judge] = np.array([_both(*row) for row in rows]).reshape(-1, 2)
    return votes, np.isin(np.arange(len(items)), item)


def _both(orders: list[str | None] | None, choice: str | None) -> tuple[float, float]:
    """Return a judge's verdicts with a first and with b first; one without orders says both."""
    first, second = orders if orders and len(orders) == 2 else (choice, choice)
    return _SIDES.get(first or "", np.nan), _SIDES.get(second or "", np.nan)


def _seated(
    items: pa.ChunkedArray, verdicts: pa.Table | None, kind: str
) -> tuple[pa.Table | None, Ints, Ints, int]:
    """Return the verdicts of a kind on the items, and the row and column of each."""
    nowhere = np.empty(0, dtype=np.int64)
    if verdicts is None:
        return None, nowhere, nowhere, 0
    ids = items.combine_chunks()
    found = verdicts.filter(pc.equal(verdicts["kind"], kind))
    found = found.filter(pc.is_in(found["item_id"], value_set=ids))
    judges = pc.unique(found["judge"]).sort()
    return (
        found,
        np.asarray(pc.index_in(found["item_id"], value_set=ids).to_numpy(), dtype=np.int64),
        np.asarray(pc.index_in(found["judge"], value_set=judges).to_numpy(), dtype=np.int64),
        len(judges),
    )
