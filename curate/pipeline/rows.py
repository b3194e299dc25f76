"""What can be asked, one row each: an answer, a pair, or all answers to a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import SelectConfig
from curate.project import Project
from curate.records import pair_id

__all__ = ["LENGTHS", "Rows", "pair_rows", "ranking_rows", "rows_on_offer", "target_rows"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Items, with what each shows and how it was scored."""

    item_ids: list[str]
    record_ids: list[str]
    candidate_ids: list[tuple[str, ...]]
    """One (rewrite), two (pairs) or more (full rankings) a row."""
    scores: dict[str, Floats]
    unfit: list[str | None]
    """Why an item cannot be asked; None = it can."""

    def __len__(self) -> int:
        return len(self.item_ids)


def rows_on_offer(project: Project) -> Rows:
    """Return what the project's pool holds for its task.

    Raises:
        ProjectError: If nothing was scored yet.
    """
    config = project.config
    if config.project.task == "rewrite":
        return target_rows(project.need_table("scores", "score"))
    pairs = pair_rows(project.need_table("pair_scores", "score"), config.select)
    return ranking_rows(pairs) if config.push.ranking == "full" else pairs


def target_rows(scores: pa.Table) -> Rows:
    """Return the answers that may be rewritten.

    Args:
        scores: Table of `score.SCORES`.
    """
    scores = scores.filter(scores["is_target"])
    ids = scores["candidate_id"].to_pylist()
    return Rows(
        item_ids=ids,
        record_ids=scores["record_id"].to_pylist(),
        candidate_ids=[(id,) for id in ids],
        scores=_floats(scores),
        unfit=[None] * len(ids),
    )


def pair_rows(scores: pa.Table, config: SelectConfig) -> Rows:
    """Return the pairs that may be compared.

    Args:
        scores: Table of `score.PAIR_SCORES`.
        config: From which cosine on two answers are one, and how unequal their lengths may be.
    """
    return Rows(
        item_ids=scores["pair_id"].to_pylist(),
        record_ids=scores["record_id"].to_pylist(),
        candidate_ids=list(zip(scores["a"].to_pylist(), scores["b"].to_pylist(), strict=True)),
        scores=_floats(scores),
        unfit=[_unfit(row, config) for row in scores.to_pylist()],
    )


def _unfit(row: dict[str, Any], config: SelectConfig) -> str | None:
    if row["degenerate"]:
        return str(row["why_degenerate"])
    alike = 1 - row["pair_dissimilarity"]
    if alike >= config.near_identical:
        return f"its two answers are near-identical (cosine {alike:.3f})"
    if config.length_ratio is not None and row["length_ratio"] > config.length_ratio:
        return f"one answer is {row['length_ratio']:.1f} times as long as the other"
    return None


def ranking_rows(pairs: Rows) -> Rows:
    """Return one row a record: all of its answers that are fit, scored by the mean of its pairs."""
    of_record: dict[str, list[int]] = {}
    for n, record in enumerate(pairs.record_ids):
        if pairs.unfit[n] is None:
            of_record.setdefault(record, []).append(n)
    members = [_members(pairs.candidate_ids, ns) for ns in of_record.values()]
    return Rows(
        item_ids=[pair_id(*ids) for ids in members],
        record_ids=list(of_record),
        candidate_ids=members,
        scores={
            name: np.array([np.mean(column[ns]) for ns in of_record.values()], np.float64)
            for name, column in pairs.scores.items()
        },
        unfit=[None] * len(members),
    )


def _members(pairs: Sequence[tuple[str, ...]], rows: Iterable[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for n in rows for id in pairs[n]))


def _floats(scores: pa.Table) -> dict[str, Floats]:
    """Return the columns that say something of a row's worth or length, as numbers."""
    return {
        name: pc.cast(scores[name], pa.float64()).to_numpy()
        for name in scores.column_names
        if pa.types.is_floating(scores[name].type) or name in LENGTHS
    }


LENGTHS = ("answer_tokens", "prompt_tokens", "answer_characters", "length_ratio")
"""Score columns that say how long a row is, not how much it needs a person."""
