"""Recorded answers with their truth, which no score sees: what `benchmarks.uncertainty` asks of.

Answers become votes as `curate score` reads them: the extractor is chosen by what can be read
(`curate.score.answers.choose`), never by what is right. A program that did not run gave no answer.
What an agent's trial did is its answer: the calls that changed something and did not fail.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curate import measure
from curate.score.answers import choose, reader_for

__all__ = ["Votes", "agents", "audited", "committee", "judges", "programs", "puzzles"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_LIKE_THE_TRUTH = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Answers as votes; shapes (n_items, n_votes) unless said otherwise."""

    votes: Floats
    wrong: Bools | None
    """Whether the vote is wrong; None = not recorded."""
    members: Ints
    names: Sequence[str]
    """Of the members."""
    prompts: Ints
    """Which prompt an item repeats, shape (n_items,)."""
    n_options: int | None = None
    shares: Floats | None = None
    similarity: Floats | None = None
    """ROUGE-L of the texts, shape (n_items, n_votes, n_votes)."""
    item_wrong: Bools | None = None
    """Recorded of the item as a whole, shape (n_items,)."""
    any_error: Bools | None = None
    topics: Ints | None = None


def committee(path: Path) -> Votes:
    """Read one answer of each of several models, with `correct`."""
    rows = _rows(path)
    names = [said["model"] for said in rows[0]["completions"]]
    texts = [[said["text"] for said in row["completions"]] for row in rows]
    wrong = [[not said["correct"] for said in row["completions"]] for row in rows]
    read = reader_for(choose([text for row in texts for text in row]))
    return _votes([[read(text) for text in row] for row in texts], wrong, names)


def judges(path: Path) -> Votes:
    """Read verdicts of judges on pairs, each pair in both orders: two halves of a vote."""
    rows = _rows(path)
    names = list(rows[0]["judge_verdicts"])
    said = [[v for name in names for v in row["judge_verdicts"][name]] for row in rows]
    code = {"a": 0.0, "b": 1.0, None: np.nan}
    votes = np.array([[code[v] for v in row] for row in said])
    gold = np.array([code[row["human_gold"]] for row in rows])
    return Votes(
        votes=votes,
        wrong=votes != gold[:, None],
        members=_by_column(votes, np.repeat(np.arange(len(names)), 2)),
        names=names,
        prompts=np.arange(len(rows)),
        n_options=2,
        shares=np.full(votes.shape, 0.5),
    )


def audited(path: Path) -> Votes:
    """Read a set's given answers, first column, beside those of models; experts say which err."""
    rows = _rows(path)
    names = [_LIKE_THE_TRUTH, *rows[0]["model_predictions"]]
    said = [{**row["model_predictions"], _LIKE_THE_TRUTH: row["given_answer"]} for row in rows]
    code = {letter: float(k) for k, letter in enumerate("ABCD")}
    votes = np.array([[code.get(str(row.get(name)), np.nan) for name in names] for row in said])
    subjects = np.unique([row["subject"] for row in rows], return_inverse=True)[1]
    return Votes(
        votes=votes,
        wrong=None,
        members=_by_column(votes, np.arange(len(names))),
        names=names,
        prompts=np.arange(len(rows)),
        n_options=4,
        item_wrong=np.array([row["human_error_type"] == "wrong_groundtruth" for row in rows]),
        any_error=np.array([row["has_error"] for row in rows]),
        topics=subjects.reshape(-1),
    )


def programs(path: Path) -> Votes:
    """Read the values of programs sampled from one model, and whether the majority is wrong."""
    rows = _rows(path)
    values = [[_value(sample["value"]) for sample in row["samples"]] for row in rows]
    return _votes(
        values,
        None,
        ["codex"],
        texts=[[sample["text"] for sample in row["samples"]] for row in rows],
        item_wrong=[not row["correct"] for row in rows],
    )


def puzzles(path: Path, n: int, *, draws: int = 10, seed: int = 0) -> Votes:
    """Read `n` samples of one model, drawn anew `draws` times."""
    rows = _rows(path)
    rng = np.random.default_rng(seed)
    picked = [
        [row["samples"][k] for k in rng.permutation(len(row["samples"]))[:n]]
        for _ in range(draws)
        for row in rows
    ]
    read = reader_for(choose([sample["text"] for row in rows for sample in row["samples"]]))
    return _votes(
        [[read(sample["text"]) for sample in row] for row in picked],
        [[not sample["correct"] for sample in row] for row in picked],
        ["gpt-4"],
        texts=[[sample["text"] for sample in row] for row in picked],
        prompts=np.tile(np.arange(len(rows)), draws),
    )


def agents(path: Path) -> Votes:
    """Read the trials of one agent, four a task."""
    tasks: dict[int, list[dict[str, Any]]] = {}
    for row in _rows(path):
        tasks.setdefault(row["task_id"], []).append(row)
    trials = [sorted(rows, key=lambda row: row["trial"]) for rows in tasks.values()]
    done = [[_changes(row["messages"]) for row in rows] for rows in trials]
    return _votes(
        done,
        [[not row["correct"] for row in rows] for rows in trials],
        ["gpt-4o"],
        texts=done,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _votes(
    answers: Sequence[Sequence[str | None]],
    wrong: Sequence[Sequence[bool]] | None,
    names: Sequence[str],
    *,
    texts: Sequence[Sequence[str]] | None = None,
    item_wrong: Sequence[bool] | None = None,
    prompts: Ints | None = None,
) -> Votes:
    votes = np.array([_codes(row) for row in answers])
    of = np.arange(votes.shape[1]) if len(names) > 1 else np.zeros(votes.shape[1], np.int64)
    return Votes(
        votes=votes,
        wrong=None if wrong is None else np.array(wrong),
        members=_by_column(votes, of),
        names=names,
        prompts=np.arange(len(votes)) if prompts is None else prompts,
        similarity=None if texts is None else _rouge(texts),
        item_wrong=None if item_wrong is None else np.array(item_wrong),
    )


def _codes(answers: Iterable[str | None]) -> list[float]:
    known: dict[str, int] = {}
    return [np.nan if a is None else known.setdefault(a, len(known)) for a in answers]


def _by_column(votes: Floats, of: Ints) -> Ints:
    return np.ascontiguousarray(np.broadcast_to(of, votes.shape))


def _rouge(texts: Sequence[Sequence[str]]) -> Floats:
    flat = [text for row in texts for text in row]
    rows = np.arange(len(flat)).reshape(len(texts), -1)
    return measure.rouge_l_by_item(measure.token_ids(flat), rows)


def _value(printed: str) -> str | None:
    return None if printed == "None" or printed.startswith("<error") else printed


def _changes(messages: Sequence[dict[str, Any]]) -> str:
    """Return the calls that changed something, with their arguments, failed ones left out."""
    done = []
    for message, after in zip(messages, [*messages[1:], {}], strict=True):
        for call in message.get("tool_calls") or []:
            name, given = call["function"]["name"], call["function"]["arguments"]
            failed = str(after.get("content")).startswith("Error")
            if name.startswith(_CHANGING) and not failed:
                done.append(f"{name} {_in_one_spelling(given)}")
    return "\n".join(done)


_CHANGING = ("book_", "cancel_", "send_", "transfer_", "update_")


def _in_one_spelling(given: str) -> str:
    load: Callable[[str], object] = json.loads
    try:
        return json.dumps(load(given), sort_keys=True)
    except ValueError:
        return given
