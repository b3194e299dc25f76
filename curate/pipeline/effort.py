"""How long reviewing takes here: from lengths at first, then from people's measured times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.pipeline.rows import Rows
from curate.pipeline.usefulness import useful_answers
from curate.project import Project

if TYPE_CHECKING:
    from curate.select import Pace

__all__ = ["Lengths", "measured_pace", "token_counts"]

Floats = npt.NDArray[np.float64]


class Lengths(NamedTuple):
    """Tokens of what a reviewer reads of each row."""

    prompt: Floats
    answers: Floats
    """Of all answers shown together."""


def token_counts(project: Project, rows: Rows) -> Lengths:
    """Return how long each row is, shape (n_rows,) each; NaN where it is not known."""
    scores = project.need_table("scores", "score")
    ids = scores["candidate_id"].to_pylist()
    prompt = dict(zip(ids, _floats(scores, "prompt_tokens"), strict=True))
    answer = dict(zip(ids, _floats(scores, "answer_tokens"), strict=True))
    return Lengths(
        prompt=np.array([prompt.get(c[0], np.nan) for c in rows.candidate_ids], np.float64),
        answers=np.array(
            [sum(answer.get(id, np.nan) for id in c) for c in rows.candidate_ids], np.float64
        ),
    )


def _floats(table: pa.Table, name: str) -> list[float]:
    return list(table[name].cast(pa.float64()).fill_null(math.nan).to_pylist())


def measured_pace(project: Project) -> Pace | None:
    """Return how people's minutes in earlier rounds compare with the plain estimates.

    None before any answer was timed.
    """
    from curate.select import estimate_minutes, fitted_minutes

    estimated: list[float] = []
    taken: list[float] = []
    for round_ in project.rounds():
        told = useful_answers(project, round_)
        queue = {row["item_id"]: row for row in round_.queue().to_pylist()}
        known = [n for n, minutes in enumerate(told.minutes) if minutes > 0]
        if not known:
            continue
        asked = [queue[told.item_ids[n]] for n in known]
        lengths = token_counts(project, _rows(asked))
        plain = estimate_minutes(
            lengths.prompt,
            lengths.answers,
            task=project.config.project.task,
            votes=np.array([row["overlap"] for row in asked], np.float64),
            config=project.config.select.budget.estimate,
        )
        estimated += plain.minutes.tolist()
        taken += told.minutes[known].tolist()
    return fitted_minutes(estimated, taken) if taken else None


def _rows(asked: list[dict[str, Any]]) -> Rows:
    return Rows(
        item_ids=[row["item_id"] for row in asked],
        record_ids=[row["record_id"] for row in asked],
        candidate_ids=[tuple(row["candidate_ids"]) for row in asked],
        scores={},
        unfit=[None] * len(asked),
    )
