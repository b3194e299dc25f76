"""Which answers of people were worth their time: what the acquisition model learns to find.

*Rewrite*: an answer is useful where the settled row is `rewritten`: the person changed the text.
Accepting it as it was (good) and giving it up (unlabelable) are not.

*Rank*: an answer is useful where people's order of the two completions is not the one that was
known before: the judges' verdict on the pair, else the order of their grades, else that of the
committee's agreement with each. Where nothing is known, or both stand equal, it is useful where
people prefer one. A full ranking counts as the mean over its pairs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.pipeline.items import items_of
from curate.pipeline.working_time import item_minutes, worked
from curate.project import Project, Round
from curate.records import pair_id

__all__ = ["Useful", "useful_answers", "why_unknown"]

Floats = npt.NDArray[np.float64]
Pair = tuple[str, str]


class Useful(NamedTuple):
    """What came of each item of a round, in the order of its queue."""

    item_ids: list[str]
    useful: Floats
    """1 = worth a person's time, 0 = not, shape (n_items,); between them where people who
    answered differ and nothing settled it; NaN where no answer counts."""
    minutes: Floats
    """People's minutes on the item, shape (n_items,); NaN where not known."""


def useful_answers(project: Project, round_: Round) -> Useful:
    """Return which answers of a round were worth people's time, and how long each took.

    Args:
        project: The project.
        round_: One whose answers were settled; of any other all is NaN.
    """
    ids = round_.queue()["item_id"].to_pylist()
    responses = round_.table("responses")
    spent = {} if responses is None else item_minutes(worked(responses))
    useful = _useful(project, round_)
    return Useful(item_ids=ids, useful=_of(ids, useful), minutes=_of(ids, spent))


def why_unknown(round_: Round) -> dict[str, str]:
    """Return the items of a round of which no answer counts, each with its reason."""
    settled = round_.table("curated")
    known = set() if settled is None else set(settled["item_id"].to_pylist())
    said = {row["item_id"]: row["reason"] for row in _undecided(round_) if row["n_responses"] == 0}
    status = _statuses(round_.table("responses"))
    open_ = {row["item_id"] for row in _undecided(round_)} - said.keys()
    return {
        id: _reason(status.get(id, set()), said.get(id))
        for id in round_.queue()["item_id"].to_pylist()
        if id not in known and id not in open_
    }


def _of(ids: Sequence[str], values: Mapping[str, float]) -> Floats:
    return np.array([values.get(id, np.nan) for id in ids], np.float64)


def _useful(project: Project, round_: Round) -> dict[str, float]:
    curated = round_.table("curated")
    if curated is None:
        return {}
    return _BY_TASK[project.config.project.task](project, round_, curated)


def _rewritten(project: Project, round_: Round, curated: pa.Table) -> dict[str, float]:
    outcomes = zip(curated["item_id"].to_pylist(), curated["outcome"].to_pylist(), strict=True)
    return {item: float(what == "rewritten") for item, what in outcomes} | _shares(project, round_)


def _shares(project: Project, round_: Round) -> dict[str, float]:
    """Return, of the items that people left undecided, the share of answers that rewrote."""
    from curate.resolve.answers import counted
    from curate.resolve.rewrite import OUTCOMES, opinions

    differed = {row["item_id"] for row in _undecided(round_) if row["n_responses"]}
    if not differed:
        return {}
    items = {item.id: item for item in items_of(project, round_) if item.id in differed}
    answers, _ = counted(round_.need_table("responses", "pull"), items)
    shares = {}
    for id, item in items.items():
        given, _ = opinions(item, [a for a in answers if a.item_id == id])
        shares[id] = float(np.mean([OUTCOMES[o.outcome] == "rewritten" for o in given]))
    return shares


def _undecided(round_: Round) -> list[dict[str, Any]]:
    path = round_.folder / "undecided.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _told(project: Project, round_: Round, curated: pa.Table) -> dict[str, float]:
    """Return, of each ranked item, the share of its pairs that people ordered in a new way."""
    rows = curated.select(["item_id", "outcome", "sources"]).to_pylist()
    pairs = [(row["sources"][0], row["sources"][1]) for row in rows]
    said = np.array([_ORDER[row["outcome"]] for row in rows])
    new = said != np.nan_to_num(_known_order(project, pairs))
    of_item: dict[str, list[bool]] = {}
    for row, told in zip(rows, new.tolist(), strict=True):
        of_item.setdefault(row["item_id"], []).append(told)
    return {item: float(np.mean(told)) for item, told in of_item.items()}


_ORDER = {"a": 1.0, "b": -1.0, "tie": 0.0, "both_bad": 0.0}

_BY_TASK: dict[str, Callable[[Project, Round, pa.Table], dict[str, float]]] = {
    "rewrite": _rewritten,
    "rank": _told,
}


def _known_order(project: Project, pairs: Sequence[Pair]) -> Floats:
    """Return 1 where the first of a pair was thought better, -1 the second, NaN = not known."""
    order = _verdict_order(project, pairs)
    scores = project.table("scores")
    if scores is None:
        return order
    for column, better in _CANDIDATE_ORDERS:
        values = dict(zip(scores["candidate_id"].to_pylist(), _floats(scores[column]), strict=True))
        a, b = (_of([pair[side] for pair in pairs], values) for side in (0, 1))
        order = np.where(np.isnan(order), better * np.sign(a - b), order)
    return order


_CANDIDATE_ORDERS = (("judge_grade", 1), ("contradiction_weighted", -1), ("contradiction", -1))


def _verdict_order(project: Project, pairs: Sequence[Pair]) -> Floats:
    """Return the sign of the judges' votes for the first less those for the second."""
    verdicts, asked = project.table("verdicts"), project.table("pair_scores")
    if verdicts is None or asked is None:
        return np.full(len(pairs), np.nan)
    verdicts = verdicts.filter(pc.equal(verdicts["kind"], "pairwise"))
    last = {
        (row["item_id"], row["judge"]): row["choice"]
        for row in verdicts.select(["item_id", "judge", "choice"]).to_pylist()
        if row["choice"] is not None
    }
    votes: dict[str, float] = {}
    for (item, _), choice in last.items():
        votes[item] = votes.get(item, 0.0) + _ORDER[choice]
    first = dict(zip(asked["pair_id"].to_pylist(), asked["a"].to_pylist(), strict=True))
    ids = [pair_id(a, b) for a, b in pairs]
    turned = [1 if first.get(id) == a else -1 for id, (a, _) in zip(ids, pairs, strict=True)]
    order: Floats = np.sign(_of(ids, votes)) * np.array(turned)
    return order


def _floats(column: pa.ChunkedArray) -> list[float]:
    values: list[float] = column.cast(pa.float64()).fill_null(np.nan).to_pylist()
    return values


def _statuses(responses: pa.Table | None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    if responses is not None:
        for item, status in zip(
            responses["item_id"].to_pylist(), responses["status"].to_pylist(), strict=True
        ):
            found.setdefault(item, set()).add(status)
    return found


def _reason(statuses: set[str], said: str | None) -> str:
    if "submitted" in statuses:
        return said or "its answers are not settled yet"
    if "discarded" in statuses:
        return "discarded by those who saw it"
    return "a draft, not submitted" if statuses else "no answer yet"
