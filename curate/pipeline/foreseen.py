"""The pool as it will be once all models have answered, and the time that people will need for it.

Answers to come are stand-ins as long as the answers known so far, so that the calls of judges and
the words that people will read can be counted before anything is sent.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import CommitteeMemberConfig
from curate.errors import ProjectError
from curate.pipeline.items import items_of, records_of
from curate.project import Project
from curate.records import CANDIDATES, Item, Message, candidate_from, message_row
from curate.texts import answer_text

__all__ = ["Foreseen", "answer_lengths", "review_minutes"]

Row = Mapping[str, Any]

_LOOKED_AT = 2_000
"""Answers, evenly spread, from which lengths and efforts are told."""


class Foreseen(Project):
    """A project with a stand-in for each answer that its models are still to give.

    Args:
        project: As it is now.
        lengths: Tokens of the answers to come, by member.
        least: Stand in only for as many samples of a prompt; None = for all.
    """

    def __init__(self, project: Project, *, lengths: Mapping[str, float], least: int | None = None):
        super().__init__(project.config_path)
        self._to_come = pa.concat_tables(
            [
                CANDIDATES.empty_table(),
                *(
                    _stand_ins(self, member, lengths[member.label], least)
                    for member in self.config.generate.members
                    if member.label in lengths
                ),
            ]
        )

    def candidates(self) -> pa.Table:
        """Return the answers at hand, and a stand-in for each that is to come."""
        return pa.concat_tables([super().candidates(), self._to_come]).combine_chunks()


def answer_lengths(project: Project) -> list[int]:
    """Return the tokens of the answers that the logs hold; of many, some evenly spread."""
    from curate.tokens import count

    logged = _evenly(project.need_table("candidates", "ingest"))
    texts = (answer_text(message) for message in logged["message"].to_pylist())
    tokens = count((text for text in texts if text), tokenizer=project.config.score.tokenizer)
    return [int(number) for number in tokens]


def review_minutes(project: Project) -> float:
    """Return the minutes of people's time that the next queue will take, all people together.

    Of a round that is open, its queue is taken as it is, if its answers are still there. Else:
    the mean effort of what may be asked, times the items that will be, times the people who
    answer each. NaN where no answer is known.
    """
    from curate.review.effort import estimate

    task = project.config.project.task
    rounds = project.rounds()
    if rounds and not rounds[-1].closed:
        with contextlib.suppress(ProjectError):
            return estimate(items_of(project, rounds[-1]), task)
    groups = _groups(project)
    items = list(_items(project, groups[:: math.ceil(len(groups) / _LOOKED_AT) or 1]))
    if not items:
        return math.nan
    return estimate(items, task) / len(items) * _answers(project, groups)


def _stand_ins(
    project: Project, member: CommitteeMemberConfig, length: float, least: int | None
) -> pa.Table:
    """Return a stand-in for each sample of a member that is not there yet."""
    from curate.generate import evenly
    from curate.generate.prompts import prompts

    records = evenly(project.need_table("records", "ingest"), project.config.generate.limit)
    there = _there(project, member.label)
    samples = member.samples if least is None else min(least, member.samples)
    rows = [
        _stand_in(prompt.record_id, member.label, sample, length)
        for prompt in prompts(records)
        if prompt.why_not is None
        for sample in range(there[prompt.record_id], samples)
    ]
    return pa.Table.from_pylist(rows, schema=CANDIDATES)


def _there(project: Project, label: str) -> Counter[str]:
    """Return how many answers of a member each record has."""
    generated = project.table("generated")
    if generated is None:
        return Counter()
    of_member = generated.filter(pc.equal(generated["model"], label))
    return Counter(of_member["record_id"].to_pylist())


def _stand_in(record: str, label: str, sample: int, length: float) -> Row:
    """Return an answer of so many one-token words, unlike those of other members and samples."""
    id = f"c-to-come-{record}-{label}-{sample}"
    text = f"{label} {sample}" + " a" * max(1, round(length))
    message = message_row(Message(role="assistant", content=text))
    return {"id": id, "record_id": record, "message": message, "model": label, "repeat": 0}


def _groups(project: Project) -> list[tuple[str, list[int]]]:
    """Return the records that may be asked, each with the places of its targets' answers."""
    candidates = project.candidates().select(["record_id", "model"])
    targets = set(project.config.score.target)
    asked = project.reviewed(before=project.round_at_work().number)
    groups: dict[str, list[int]] = {}
    rows = zip(candidates["record_id"].to_pylist(), candidates["model"].to_pylist(), strict=True)
    for place, (record, model) in enumerate(rows):
        if record not in asked and (not targets or model in targets):
            groups.setdefault(record, []).append(place)
    least = 2 if project.config.project.task == "rank" else 1
    return [(record, places) for record, places in groups.items() if len(places) >= least]


def _items(project: Project, groups: Sequence[tuple[str, list[int]]]) -> Iterator[Item]:
    """Give one item of each group: its first answer, the first and the last, or all of them."""
    records = records_of(project, (record for record, _ in groups))
    shown = [_shown(project, places) for _, places in groups]
    flat = pa.array([place for places in shown for place in places], pa.int64())
    answers = map(candidate_from, project.candidates().take(flat).to_pylist())
    task = project.config.project.task
    for (record, _), places in zip(groups, shown, strict=True):
        some = tuple(next(answers) for _ in places)
        yield Item(id=record, task=task, record=records[record], candidates=some)


def _shown(project: Project, places: list[int]) -> list[int]:
    if project.config.project.task == "rewrite":
        return places[:1]
    return places if project.config.push.ranking == "full" else [places[0], places[-1]]


def _answers(project: Project, groups: Sequence[tuple[str, list[int]]]) -> int:
    """Return how many answers people will give: the queue, and again where several are wanted."""
    select, overlap = project.config.select, project.config.push.overlap
    kept = 1 - select.test_share - select.calibration_share
    several = select.pairs_per_prompt if project.config.project.task == "rank" else 1
    queue = select.budget.most(math.floor(len(groups) * several * max(0.0, kept)))
    return queue + round(overlap.share * queue) * (overlap.annotators - 1)


def _evenly(table: pa.Table) -> pa.Table:
    if table.num_rows <= _LOOKED_AT:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, _LOOKED_AT).astype(np.int64)))
