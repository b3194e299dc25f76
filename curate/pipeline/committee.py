"""Whose disagreement it is: the committee's members held against each other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import measure
from curate.errors import ConfigError
from curate.files import read_json, write_json
from curate.pipeline.pool import upstream
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import digest

__all__ = ["committee", "committee_facts", "current_committee"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST = 50_000
_FOLLOWS = 0.5
_ECHO = 0.5
_LENGTHS = ("answer_tokens", "prompt_tokens", "answer_characters")


def committee(project: Project, *, truth: Mapping[str, bool] | None = None) -> Summary:
    """Say how far the members repeat each other, and what each score goes along with.

    Args:
        project: A project that has been scored.
        truth: Candidate id to whether it is right; the configuration's `report.truth` unless given.
    """
    facts = committee_facts(project, truth=truth)
    path = project.pool / "committee.json"
    write_json(path, facts)
    project.put_stamp("committee", _key(project), {})
    counts = {
        "members": len(facts["members"]),
        "effective members": facts["effective_members"],
        "prompts": facts["n_prompts"],
    }
    return Summary(
        stage="committee",
        counts=counts,
        paths=(path.as_posix(),),
        notes=(*_member_lines(facts["members"]), *facts["warnings"]),
        data=facts,
    )


def current_committee(project: Project) -> dict[str, Any]:
    """Return what `committee` last said of the scores at hand, else what it says now."""
    stamp = project.stamp("committee")
    kept = read_json(project.pool / "committee.json")
    if kept is None or stamp is None or stamp["key"] != _key(project):
        committee(project)
        kept = read_json(project.pool / "committee.json")
    facts: dict[str, Any] = kept
    return facts


def _key(project: Project) -> str:
    """Return what decides what `committee` says: the scores, and where the truth stands."""
    return digest(upstream(project, "score"), project.config.report.truth or "")


def committee_facts(project: Project, *, truth: Mapping[str, bool] | None = None) -> dict[str, Any]:
    """Return what `committee` says as plain JSON; of more than 50,000 prompts, as many, evenly."""
    scores = project.need_table("scores", "score")
    known = _known(project) if truth is None else truth
    answers = _answers(scores, project.candidates())
    names, votes = _votes(answers)
    reliability = _reliability(votes)
    weights = measure.log_odds(reliability)
    repeats = measure.redundancy(votes, weights=weights)
    columns, correlation = _score_correlations(scores)
    members = _members(names, votes, reliability, repeats, answers, known)
    return {
        "members": members,
        "n_prompts": len(votes),
        "effective_members": repeats.effective_members,
        "agreement": repeats.agreement.tolist(),
        "correlation": repeats.correlation.tolist(),
        "same_mistake": repeats.same_mistake.tolist(),
        "score_correlations": {"columns": columns, "matrix": correlation.tolist()},
        "warnings": [*_echoes(names, repeats), *_followers(columns, correlation)],
    }


def _reliability(votes: Floats) -> Floats:
    """Return how often each member is right, without labels; by consensus where it can be fitted.

    The rule is that of `curate.score`'s column `doubt`. Of one member alone nothing can be told.
    """
    from curate.score.committee import ENOUGH, PANEL

    if votes.shape[1] < 2:
        return np.full(votes.shape[1], np.nan)
    panel = (~np.isnan(votes)).sum(axis=1) >= PANEL
    if panel.sum() < ENOUGH:
        return measure.reliability(votes)
    return measure.consensus(votes).reliability


def _answers(scores: pa.Table, candidates: pa.Table) -> pa.Table:
    """Return record, model and answer group of each answer that could be read; models by name."""
    at = pc.index_in(scores["candidate_id"], value_set=candidates["id"].combine_chunks())
    table = pa.table(
        {
            "id": scores["candidate_id"],
            "record": scores["record_id"],
            "model": pc.fill_null(candidates["model"].take(at), ""),
            "group": scores["answer_group"],
        }
    )
    return _evenly(table.filter(pc.not_equal(table["model"], "")))


def _evenly(answers: pa.Table) -> pa.Table:
    records = pc.unique(answers["record"])
    if len(records) <= _MOST:
        return answers
    kept = np.unique(np.linspace(0, len(records) - 1, _MOST).astype(np.int64))
    return answers.filter(pc.is_in(answers["record"], value_set=records.take(pa.array(kept))))


def _votes(answers: pa.Table) -> tuple[list[str], Floats]:
    """Return the members by name, and what each said: (n_prompts, n_members), NaN = nothing.

    Of several samples, a member's most frequent answer; of equally frequent ones the first met.
    """
    names = sorted(pc.unique(answers["model"]).to_pylist())
    records = pc.unique(answers["record"])
    votes = np.full((len(records), len(names)), np.nan)
    read = answers.filter(pc.is_valid(answers["group"]))
    row = _codes(read["record"], records)
    column = _codes(read["model"], pa.array(names, pa.string()))
    group = read["group"].to_numpy().astype(np.int64)
    cells, times = np.unique(np.stack([row, column, group]), axis=1, return_counts=True)
    rising = np.lexsort((-cells[2], times))
    votes[cells[0, rising], cells[1, rising]] = cells[2, rising]
    return names, votes


def _codes(column: pa.ChunkedArray, known: pa.Array) -> Ints:
    codes: Ints = pc.index_in(column, value_set=known).to_numpy().astype(np.int64)
    return codes


def _known(project: Project) -> dict[str, bool]:
    """Return whether each answer is right, where `report.truth` names where that stands."""
    where = project.config.report.truth
    if where is None:
        return {}
    if not where.startswith("metadata."):
        raise ConfigError(f"`report.truth`: {where!r}; expected metadata.NAME")
    candidates, key = project.candidates(), where.removeprefix("metadata.")
    said = (json.loads(text or "{}").get(key) for text in candidates["metadata"].to_pylist())
    rows = zip(candidates["id"].to_pylist(), said, strict=True)
    return {id: bool(value) for id, value in rows if isinstance(value, bool | int)}


def _members(
    names: Sequence[str],
    votes: Floats,
    reliability: Floats,
    repeats: measure.Redundancy,
    answers: pa.Table,
    known: Mapping[str, bool],
) -> list[dict[str, Any]]:
    accuracy = _accuracies(answers, known)
    others = repeats.correlation.copy()
    np.fill_diagonal(others, np.nan)
    return [
        {
            "name": name,
            "answers": int((~np.isnan(votes[:, n])).sum()),
            "reliability": float(reliability[n]),
            "accuracy": accuracy.get(name, (math.nan, 0))[0],
            "known": accuracy.get(name, (math.nan, 0))[1],
            "redundancy": _mean(others[n]),
        }
        for n, name in enumerate(names)
    ]


def _accuracies(answers: pa.Table, known: Mapping[str, bool]) -> dict[str, tuple[float, int]]:
    """Return each member's share of right answers among those known, and how many are."""
    tally: dict[str, list[bool]] = {}
    if known:
        for id, model in zip(answers["id"].to_pylist(), answers["model"].to_pylist(), strict=True):
            if id in known:
                tally.setdefault(model, []).append(known[id])
    return {model: (sum(right) / len(right), len(right)) for model, right in tally.items()}


def _mean(values: Floats) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else math.nan


def _score_correlations(scores: pa.Table) -> tuple[list[str], Floats]:
    """Return the rank correlation of the targets' scores with each other and with length."""
    targets = scores.filter(scores["is_target"])
    step = max(1, len(targets) // _MOST)
    columns = {
        name: pc.cast(targets[name], pa.float64()).to_numpy()[::step]
        for name in scores.column_names
        if pa.types.is_floating(scores[name].type) or name in _LENGTHS
    }
    kept = {name: values for name, values in columns.items() if not np.isnan(values).all()}
    if not kept:
        return [], np.empty((0, 0))
    return list(kept), measure.rank_correlations(np.column_stack(list(kept.values())))


def _echoes(names: Sequence[str], repeats: measure.Redundancy) -> Iterator[str]:
    for a, first in enumerate(names):
        for b in range(a):
            rho, same = repeats.correlation[a, b], repeats.same_mistake[a, b]
            if rho > _ECHO and same > _ECHO:
                yield (
                    f"{names[b]} and {first} are at odds with the rest together (correlation "
                    f"{rho:.2f}) and then say the same in {same:.0%}: one of them adds little"
                )


def _followers(columns: Sequence[str], correlation: Floats) -> Iterator[str]:
    for length in (name for name in ("answer_tokens", "prompt_tokens") if name in columns):
        for n, name in enumerate(columns):
            rho = correlation[n, columns.index(length)]
            if name not in _LENGTHS and abs(rho) > _FOLLOWS:
                yield f"{name} follows {length}: rank correlation {rho:+.2f}"


def _member_lines(members: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    width = max((len(member["name"]) for member in members), default=0)
    for member in sorted(members, key=lambda m: -m["reliability"]):
        figures = ((name, member[name]) for name in ("reliability", "accuracy", "redundancy"))
        told = "  ".join(f"{name} {v:.3f}" for name, v in figures if not math.isnan(v))
        yield f"{member['name']:<{width}}  {told}  {member['answers']:,} answers"
    if len(members) == 1:
        yield "one model answered: its samples are the committee; of it alone nothing can be told"
