"""A small scored project whose rounds are chosen by the tool and answered by plain functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.pipeline import resolve, select
from curate.pipeline.items import items_of
from curate.project import Project, Round
from curate.records import CANDIDATES, PAIRS, RECORDS, Item, Response, pair_id

Answers = dict[str, str]
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def message(role, content):
    blank = dict.fromkeys(
        ("name", "tool_call_id", "tool_calls", "refusal", "thinking", "parts"), None
    )
    return {"role": role, "content": content, **blank}


def scored_project(
    folder: Path,
    text: str = "",
    *,
    n: int = 60,
    wrong: Callable[[int], bool] = lambda i: i % 4 == 0,
    need: np.ndarray | None = None,
    dims: int = 16,
) -> Project:
    """A project of `n` prompts, each answered by x (the target) and y; metadata says the truth."""
    (folder / "curate.yaml").write_text("ingest: {paths: [a.jsonl]}\n" + text)
    made = Project(folder / "curate.yaml")
    records = [_record(i, wrong) for i in range(n)]
    candidates = [_candidate(i, model, wrong) for i in range(n) for model in "xy"]
    made.write("records", pa.Table.from_pylist(records, schema=RECORDS))
    made.write("candidates", pa.Table.from_pylist(candidates, schema=CANDIDATES))
    made.write("pairs", pa.Table.from_pylist([], schema=PAIRS))
    vectors = np.random.default_rng(1).normal(size=(n, dims))
    vectors[:, 0] += [3.0 * wrong(i) for i in range(n)]
    np.save(made.pool / "prompts.npy", vectors.astype(np.float32))
    needs = np.arange(n) / n if need is None else need
    made.write("scores", _scores(candidates, needs))
    if made.config.project.task == "rank":
        made.write("pair_scores", _pair_scores(n))
    return made


def _record(i, wrong):
    return {
        "id": f"r{i:03d}",
        "messages": [message("user", f"Question {i} about {'wages' if wrong(i) else 'trains'}?")],
        "source": f"{'ab'[i % 2]}.jsonl:{i}",
        "group": f"g{i}",
        "metadata": json.dumps({"tier": "gold" if i % 3 else "tin"}),
    }


def _candidate(i, model, wrong):
    return {
        "id": f"c{i:03d}{model}",
        "record_id": f"r{i:03d}",
        "message": message("assistant", f"{model} says {i}"),
        "model": model,
        "metadata": json.dumps({"right": not wrong(i)}),
    }


def _scores(candidates, needs):
    return pa.table(
        {
            "candidate_id": [c["id"] for c in candidates],
            "record_id": [c["record_id"] for c in candidates],
            "is_target": [c["model"] == "x" for c in candidates],
            "uncertainty": np.repeat(needs, 2),
            "contradiction_weighted": np.full(len(candidates), np.nan),
            "contradiction": np.full(len(candidates), np.nan),
            "judge_grade": np.full(len(candidates), np.nan),
            "novelty": np.full(len(candidates), np.nan),
            "answer_tokens": [5] * len(candidates),
            "prompt_tokens": [8] * len(candidates),
            "answer": ["4"] * len(candidates),
            "why_nan": pa.nulls(len(candidates), pa.string()),
        }
    )


def _pair_scores(n):
    a, b = [f"c{i:03d}x" for i in range(n)], [f"c{i:03d}y" for i in range(n)]
    return pa.table(
        {
            "pair_id": [pair_id(*pair) for pair in zip(a, b, strict=True)],
            "a": a,
            "b": b,
            "record_id": [f"r{i:03d}" for i in range(n)],
            "pair_dissimilarity": 0.2 + np.arange(n) / (2 * n),
            "length_ratio": np.ones(n),
            "degenerate": [False] * n,
            "why_degenerate": pa.nulls(n, pa.string()),
            "why_nan": pa.nulls(n, pa.string()),
        }
    )


def number_of(item: Item) -> int:
    return int(item.record.id[1:])


def answered_round(
    project: Project,
    say: Callable[[Item], Answers | None],
    *,
    people: tuple[str, ...] = ("ada",),
    seconds: float = 60,
    settle: bool = True,
    close: bool = True,
) -> Round:
    """Choose a round and let people answer it; `say` gives an item's answers, None = none yet."""
    rounds = project.rounds()
    select(project, next_round=bool(rounds) and rounds[-1].closed)
    return answer(project, say, people=people, seconds=seconds, settle=settle, close=close)


def answer(
    project: Project,
    say: Callable[[Item], Answers | None],
    *,
    people: tuple[str, ...] = ("ada",),
    seconds: float = 60,
    settle: bool = True,
    close: bool = True,
) -> Round:
    """Let people answer the last round."""
    round_ = project.rounds()[-1]
    start = NOON + timedelta(days=round_.number)
    items = items_of(project, round_)
    answered = [
        response
        for person in people
        for n, item in enumerate(items)
        for response in _responses(item, person, say(item), start + timedelta(seconds=n * seconds))
    ]
    asked = {item.id: {"task": item.task, "shown": _ids(item)} for item in items}
    guideline = {"name": "g", "version": "1"}
    round_.write_json("pushed", {"asked": asked, "guideline": guideline, "places": {"a": "desk"}})
    project.keep_responses(round_.number, answered)
    round_.write("responses", project.responses(round_.number))
    if settle:
        resolve(project)
    if close:
        round_.close({})
    return round_


def _responses(item, person, answers, at):
    time = at.isoformat()
    status = "submitted"
    if answers is not None and "status" in answers:
        answers = dict(answers)
        status = answers.pop("status")
    for question, value in (answers or {}).items():
        yield Response(
            id=f"{person}:{item.id}",
            item_id=item.id,
            annotator=person,
            question=question,
            value=value,
            status=status,
            inserted_at=time,
            updated_at=time,
            guideline="1",
        )


def _ids(item):
    return [candidate.id for candidate in item.candidates]


def honest(wrong: Callable[[int], bool] = lambda i: i % 4 == 0) -> Callable[[Item], Answers]:
    """Give what a person says who rewrites what is wrong."""

    def say(item):
        if wrong(number_of(item)):
            return {"quality": "rewritten", "rewrite": f"better {number_of(item)}"}
        return {"quality": "good"}

    return say
