"""Preferences that all other preferences, and the votes of people, speak against."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.labels.features import pair_features
from curate.checks.rows import Rows
from curate.learn.confident import ConfidentPairs, PairDoubt, confident_pairs, pair_doubt
from curate.measure.consensus import consensus, doubt_by_group
from curate.measure.intervals import share_interval
from curate.records import Evidence, Finding

__all__ = ["CHECK", "doubtful_preferences", "log_odds_of", "votes_against"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FEWEST = 50
"""Preferences from which others can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What speaks for and against each preference."""

    rows: Ints
    against: Floats
    """Log-odds that the preference is the wrong way round, shape of `rows`; NaN = unknown."""
    features: PairDoubt | None
    """None = not looked at, and `why` says why."""
    why: str
    votes: Floats
    """The part of `against` that votes speak for; NaN = no votes."""


def doubtful_preferences(rows: Rows, context: Context) -> Floats:
    """Return the log-odds that each row's preference is the wrong way round.

    What a Bradley-Terry head on the answers' vectors and plain columns tells that has not seen the
    row's group, what the group's other pairs tell of the same answers (`learn.pair_doubt`), and
    what votes tell, each voter weighed by how often the others agree (`measure.consensus`); where
    rows name an annotator, some are held to err more often than others (`doubt_by_group`).

    Args:
        rows: Those without a rejected answer are not looked at.
        context: Its vectors ``answer`` and ``rejected`` are used, and ``asked`` where it is there.

    Returns:
        Shape (n_rows,); NaN where nothing can be said.
    """
    told = _told(rows, context)
    out = np.full(len(rows), np.nan)
    out[told.rows] = told.against
    return out


def votes_against(rows: Rows, at: Ints) -> Floats:
    """Return the log-odds, by votes alone, that preferences are the wrong way round.

    Args:
        rows: Their votes say a (the chosen one), b or tie; ties tell nothing.
        at: Which of them, shape (n,).

    Returns:
        Shape (n,); NaN where nobody voted for either.
    """
    texts = rows.votes.take(pa.array(at)).to_pylist()
    named = [(json.loads(text) if text else None) or [] for text in texts]
    width = max(map(len, named), default=0)
    table, members = np.full((len(at), width), np.nan), np.zeros((len(at), width), np.int64)
    number: dict[str, int] = {}
    for n, said in enumerate(named):
        for k, (by, value) in enumerate(said):
            members[n, k] = number.setdefault(str(by), len(number))
            table[n, k] = _SIDES.get(str(value).strip().lower(), np.nan)
    if not (~np.isnan(table)).any():
        return np.full(len(at), np.nan)
    wrong = consensus(table, members=members, n_options=2).log_odds
    against = np.where(table == 0, wrong, -wrong)
    voted = ~np.isnan(against)
    total = np.where(voted, against, 0.0).sum(axis=1)
    mean = total / np.maximum(voted.sum(axis=1), 1)
    return np.where(voted.any(axis=1), np.clip(mean, -_SUREST, _SUREST), np.nan)


_SIDES = {"a": 0.0, "b": 1.0}
_SUREST = 6.0


def _run(rows: Rows, context: Context) -> Found:
    """Find preferences that are likely the wrong way round."""
    told = _told(rows, context)
    known = ~np.isnan(told.against)
    if not known.any():
        return Found(check=CHECK.name, skipped=told.why)
    bar = context.threshold(CHECK)
    order = np.argsort(-np.where(known, told.against, -np.inf), kind="stable")
    over = order[told.against[order] >= log_odds_of(bar)]
    return Found(
        check=CHECK.name,
        findings=tuple(_finding(rows, told, int(at)) for at in over),
        looked_at=int(known.sum()),
        figures=_figures(rows, told),
    )


def _told(rows: Rows, context: Context) -> _Told:
    complete = rows.is_preference & rows.has_answer
    at = np.flatnonzero(complete).astype(np.int64)
    votes = (
        votes_against(rows, at) if rows.votes.null_count < len(rows) else np.full(len(at), np.nan)
    )
    features, why = _by_features(rows, at, context)
    parts = [votes] if features is None else [votes, -features.log_odds]
    known = np.stack([~np.isnan(part) for part in parts]).any(axis=0)
    summed = np.sum([np.where(np.isnan(part), 0.0, part) for part in parts], axis=0)
    against = _by_annotator(rows, at, np.where(known, summed, np.nan))
    return _Told(rows=at, against=against, features=features, why=why, votes=votes)


def _by_features(rows: Rows, at: Ints, context: Context) -> tuple[PairDoubt | None, str]:
    """Return what vectors tell of preferences; else why they tell nothing, and what to do."""
    if not len(at):
        return None, "no row holds a chosen and a rejected answer"
    if not {"answer", "rejected"} <= context.vectors.keys():
        return None, "no vectors, and no votes: run without --no-embed"
    groups, answers = _laid_out(rows, at)
    if len(at) < FEWEST or groups.max() < 1:
        return None, f"{len(at)} preferences of {groups.max() + 1} prompts: too few to learn from"
    told = pair_doubt(*_features(rows, at, context), groups, answers=answers)
    right, n = int((told.log_odds > 0).sum()), len(at)
    low, high = share_interval(right / n, n)
    if low <= 0.5:
        return None, (
            f"what is learned from other preferences foretells {right / n:.0%} [{low:.0%}, "
            f"{high:.0%}] of them, no better than chance: nothing can be held against any; "
            "give votes, or look at a random sample"
        )
    return told, ""


def _features(
    rows: Rows, at: Ints, context: Context
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    taken, given = pa.array(at), context.vectors
    texts = rows.answer.take(taken), rows.rejected.take(taken)
    asked = given["asked"][at] if "asked" in given else None
    return pair_features((given["answer"][at], given["rejected"][at]), texts, asked)


def _laid_out(rows: Rows, at: Ints) -> tuple[Ints, Ints]:
    """Return each preference's group, and the numbers of its two answers within all."""
    taken = pa.array(at)
    prompts = _codes(rows.prompt.take(taken))
    named = rows.column("group").take(taken)
    groups = prompts if named.null_count else _codes(named)
    both = pa.concat_arrays([rows.answer.take(taken), rows.rejected.take(taken)])
    texts = _codes(pc.utf8_trim_whitespace(both))
    keys = np.stack([np.tile(groups, 2), np.tile(prompts, 2), texts], axis=1)
    numbers = np.unique(keys, axis=0, return_inverse=True)[1].reshape(2, -1)
    return groups, np.ascontiguousarray(numbers.T)


def _codes(texts: pa.Array) -> Ints:
    """Number texts by their order, so that the order of rows does not matter."""
    coded = texts.dictionary_encode()
    place = np.empty(len(coded.dictionary) + 1, np.int64)
    order = pc.sort_indices(coded.dictionary).to_numpy()
    place[order] = np.arange(len(order))
    place[-1] = len(order)
    at: Ints = coded.indices.fill_null(len(order)).to_numpy(zero_copy_only=False)
    return np.asarray(place[at], np.int64)


def log_odds_of(chance: float) -> float:
    """Return the log-odds of a threshold; infinite where it lets nothing, or everything, pass.

    >>> log_odds_of(0.5), log_odds_of(1.0), log_odds_of(-1.0)
    (0.0, inf, -inf)
    """
    if 0 < chance < 1:
        return math.log(chance / (1 - chance))
    return math.copysign(math.inf, chance - 0.5)


def _by_annotator(rows: Rows, at: Ints, against: Floats) -> Floats:
    named = rows.column("annotator").take(pa.array(at))
    if named.null_count == len(named):
        return against
    coded = named.dictionary_encode()
    numbers = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    many = 1 < len(coded.dictionary) <= len(at) / _PER_ANNOTATOR
    return doubt_by_group(against, numbers) if many else against


_PER_ANNOTATOR = 20


def _finding(rows: Rows, told: _Told, at: int) -> Finding:
    row, odds = int(told.rows[at]), float(told.against[at])
    chance = min(1 / (1 + np.exp(-odds)), 0.999)
    said = []
    if told.features is not None:
        alone = 1 / (1 + np.exp(told.features.log_odds[at]))
        said.append(f"what was learned from all other preferences says so with {_told_as(alone)}")
    if not np.isnan(told.votes[at]):
        said.append(f"the votes with {_told_as(1 / (1 + np.exp(-told.votes[at])))}")
    message = (
        f"The rejected answer is the better one with probability {_told_as(chance)} "
        f"({', '.join(said)}): ask again, or swap the two"
    )
    evidence = (
        Evidence(row=row, field="answer", note="chosen, but likely the worse"),
        Evidence(row=row, field="rejected", note=f"likely the better: {_told_as(chance)}"),
    )
    return Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        rows=(row,),
        score=odds,
        evidence=evidence,
    )


def _told_as(chance: float) -> str:
    """Tell a probability; none is told as certain."""
    return "more than 0.99" if chance > 0.99 else f"{chance:.2f}"


def _figures(rows: Rows, told: _Told) -> dict[str, Any]:
    against = told.against[~np.isnan(told.against)]
    figures: dict[str, Any] = {
        "expected_wrong": round(float(np.mean(1 / (1 + np.exp(-against)))), 4),
        "learned": told.why or "from vectors and plain columns of the answers",
    }
    if told.features is not None:
        figures |= _learned(told.features, confident_pairs(told.features.given))
    return figures | _annotators(rows, told)


def _learned(features: PairDoubt, confident: ConfidentPairs) -> dict[str, Any]:
    right, n = int((features.log_odds > 0).sum()), len(features.log_odds)
    low, high = share_interval(right / n, n)
    return {
        "foretold": {"share": round(right / n, 4), "low": round(low, 4), "high": round(high, 4)},
        "noise_rate_at_most": _rounded(confident.noise_rate),
        "confidently_contradicted": int(confident.contradicted.sum()),
        "confident_from": _rounded(confident.expected),
        "spread_of_answers": features.spread,
        "temperature": _rounded(features.temperature),
    }


def _annotators(rows: Rows, told: _Told) -> dict[str, Any]:
    """Return how much of each annotator's preferences is in doubt, the ten worst."""
    names = rows.column("annotator").take(pa.array(told.rows)).to_pylist()
    held: dict[str, list[float]] = {}
    for name, odds in zip(names, told.against, strict=True):
        if name is not None and not np.isnan(odds):
            held.setdefault(name, []).append(float(1 / (1 + np.exp(-odds))))
    worst = sorted(held, key=lambda name: (-np.mean(held[name]), name))[:10]
    table = [
        {"annotator": w, "doubt": _rounded(float(np.mean(held[w]))), "rows": len(held[w])}
        for w in worst
    ]
    return {"annotators": table} if table else {}


def _rounded(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 4)


CHECK = Check(
    name="doubtful-preferences",
    family="labels",
    about="Preferences that all other preferences, or people's votes, speak against.",
    severity="warning",
    threshold=0.8,
    means="probability that the rejected answer is the better one, learned without the row's own "
    "prompt and calibrated; at or above",
    run=_run,
)
"""With 10 % of preferences flipped, about six in ten findings at 0.8 are flips (Banking77 and CLINC
as preferences, GPT-4's grades, LLMBar: the sets it was chosen on)."""
