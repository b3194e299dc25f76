"""How many calls does the stopping rule save, and does it decide as all samples would have?

Recorded samples of one model to each prompt: 100 of GPT-4 to each of 100 Game of 24 puzzles, of
which N = 10 or 20 are drawn, and 30 programs of Codex to each of 253 AQuA questions. Each of ten
draws takes N samples of each prompt in random order, as AQuA's are recorded in an order that is
not one of chance: the last ones fail twice as often as the first. The rule sees the first three,
then one more at a time until the prompt is settled.

*bucket*: is the normalised entropy of all N answers in the low, middle or high third of its range?
*selection*: is the prompt among the fifth of highest entropy (ties: the earlier one)? The peer
takes the same number of samples of every prompt, the rule's mean rounded up. Thirds, fifth,
confidence (0.95, the default) and the three first samples were set beforehand; no label is seen
but by the AUROC of the entropy for a wrong plurality answer (Game of 24: as checked there; AQuA:
as its authors judge their majority), which the rule does not promise to keep.

tau-bench is left out: with four trials a task and three seen, there is one call to save.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, finish, json_path
from curate.measure import vote_entropy
from curate.measure.sequential import THIRDS, Forecast, forecast_bucket, forecast_selection
from curate.score import normalised

__all__ = ["Sampled", "load_aqua", "load_game24", "main", "sequentially"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Decision = Literal["bucket", "selection"]

CONFIDENCE = 0.95
LEAST = 3
DRAWS = 10
SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Samples of each prompt: which answer each gave, and whether the plurality is wrong."""

    votes: Floats
    """Shape (n_prompts, n_samples), NaN = no answer."""
    correct: Bools | None = None
    """Of each sample, where it is known, shape of `votes`."""
    wrong: Bools | None = None
    """Of each prompt, where that is known instead, shape (n_prompts,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What the rule took, and what it decided."""

    votes: Floats
    drawn: Ints
    outcome: Ints
    claimed: Floats
    """Posterior probability of each decision when it was taken."""


def load_game24(path: Path) -> Sampled:
    """Read the puzzles; an answer is the equation."""
    rows = _rows_of(path)
    answers = [[normalised(s["answer"] or "") for s in row["samples"]] for row in rows]
    correct = np.array([[s["correct"] for s in row["samples"]] for row in rows])
    return Sampled(votes=_coded(answers), correct=correct)


def load_aqua(path: Path) -> Sampled:
    """Read the questions; an answer is what the program gave, none where it failed."""
    rows = _rows_of(path)
    answers = [[_value(s["value"]) for s in row["samples"]] for row in rows]
    return Sampled(votes=_coded(answers), wrong=np.array([not row["correct"] for row in rows]))


def sequentially(votes: Floats, decision: Decision, budget: int) -> Stopped:
    """Take the first samples of each prompt, then one more at a time until it is settled.

    Args:
        votes: All samples in the order in which they are taken, shape (n_prompts, n_samples).
        decision: On what sampling hangs.
        budget: How many prompts are chosen, for selection.
    """
    n, size = votes.shape
    drawn, open_ = np.full(n, LEAST), np.ones(n, dtype=bool)
    outcome, claimed = np.full(n, -1), np.full(n, np.nan)
    while True:
        seen = np.where(np.arange(size) < drawn[:, None], votes, np.nan)
        forecast = _forecast(seen, size - drawn, decision, budget)
        stop = open_ & (forecast.settled | (drawn == size))
        outcome[stop], claimed[stop] = forecast.outcome[stop], forecast.probability[stop]
        open_ &= ~stop
        if not open_.any():
            return Stopped(votes=seen, drawn=drawn, outcome=outcome, claimed=claimed)
        drawn[open_] += 1


def main() -> None:
    """Sample, stop, compare, print."""
    rows = [
        *_rows("Game of 24", "C_game24_gpt4_cot_100samples.jsonl.gz", load_game24, (10, 20)),
        *_rows("AQuA", "C_aqua_codex_selfconsistency_programs.jsonl.gz", load_aqua, (10, 30)),
    ]
    finish(rows, json_path())


def _rows(name: str, file: str, load: Callable[[Path], Sampled], sizes: Sequence[int]) -> list[Row]:
    path = data_file(file)
    if path is None:
        return []
    data = load(path)
    decisions: tuple[Decision, ...] = ("bucket", "selection")
    return [row for n in sizes for how in decisions for row in _judged(name, data, n, how)]


def _judged(name: str, data: Sampled, size: int, decision: Decision) -> list[Row]:
    rng = np.random.default_rng(7)
    draws = [_one_draw(data, size, decision, rng) for _ in range(DRAWS)]
    mean = {key: float(np.nanmean([draw[key] for draw in draws])) for key in draws[0]}
    spread = float(np.std([draw["ours"] for draw in draws]))
    step = f"{name}, N = {size}, {decision}"
    return [
        Row(
            step=f"{step}: share of calls saved",
            ours=mean["saved"],
            peer=float("nan"),
            ratio=float("nan"),
            quality_ours=mean["kept"],
            quality_peer=mean["claimed"],
            note=f"quality: share of early decisions that hold, beside the probability claimed "
            f"({mean['early']:.0%} of prompts stop early)",
        ),
        Row(
            step=f"{step}: share decided as by all samples",
            ours=mean["ours"],
            peer=mean["fixed"],
            ratio=(1 - mean["fixed"]) / max(1 - mean["ours"], 1e-9),
            quality_ours=mean["auroc"],
            quality_peer=mean["auroc_fixed"],
            target=f">= {CONFIDENCE}",
            met=mean["ours"] >= CONFIDENCE,
            note=f"sd over draws {spread:.3f}; peer: {mean['m']:.1f} samples of each; ratio of "
            f"errors; the commonest decision for all: {mean['commonest']:.3f}; quality: AUROC, "
            f"{mean['auroc_full']:.3f} with all samples",
        ),
    ]


def _one_draw(
    data: Sampled, size: int, decision: Decision, rng: np.random.Generator
) -> dict[str, float]:
    order = np.argsort(rng.random(data.votes.shape), axis=1)[:, :size]
    votes = np.take_along_axis(data.votes, order, axis=1)
    wrong = _wrong(data, votes, order)
    budget = int(SHARE * len(votes))
    stopped = sequentially(votes, decision, budget)
    m = int(np.ceil(stopped.drawn.mean()))
    full, ours, fixed = _entropy(votes), _entropy(stopped.votes), _entropy(votes[:, :m])
    truth = _decided(full, decision, budget)
    said = stopped.outcome if decision == "bucket" else _decided(ours, decision, budget)
    early = stopped.drawn < size
    held = stopped.outcome == (truth if decision == "bucket" else _sides(full, budget))
    return {
        "saved": 1 - stopped.drawn.mean() / size,
        "early": early.mean(),
        "kept": held[early].mean(),
        "claimed": stopped.claimed[early].mean(),
        "m": m,
        "ours": (said == truth).mean(),
        "fixed": (_decided(fixed, decision, budget) == truth).mean(),
        "commonest": np.bincount(truth).max() / len(truth),
        "auroc_full": _auroc(full, wrong),
        "auroc": _auroc(ours, wrong),
        "auroc_fixed": _auroc(fixed, wrong),
    }


def _forecast(seen: Floats, left: Ints, decision: Decision, budget: int) -> Forecast:
    if decision == "bucket":
        return forecast_bucket(seen, left, confidence=CONFIDENCE)
    return forecast_selection(seen, left, budget=budget, confidence=CONFIDENCE)


def _entropy(votes: Floats) -> Floats:
    """Return the normalised entropy of the samples taken, as `curate score` does; NaN for one."""
    return vote_entropy(votes, normalise=True).round(9)


def _decided(entropy: Floats, decision: Decision, budget: int) -> Ints:
    """Return the bucket (the last: none), or 1 for the `budget` prompts of highest entropy."""
    if decision == "bucket":
        buckets = np.searchsorted(THIRDS, entropy, side="right").astype(np.int64)
        buckets[np.isnan(entropy)] = len(THIRDS) + 1
        return buckets
    chosen = np.zeros(len(entropy), dtype=np.int64)
    chosen[np.argsort(-np.nan_to_num(entropy, nan=-1.0), kind="stable")[:budget]] = 1
    return chosen


def _sides(entropy: Floats, budget: int) -> Ints:
    """Return 0, 1, 2: below, at, above the entropy of the last prompt that is chosen."""
    known = np.nan_to_num(entropy, nan=-1.0)
    sides: Ints = (1 + np.sign(known - np.sort(known)[-budget])).astype(np.int64)
    return sides


def _wrong(data: Sampled, votes: Floats, order: Ints) -> Bools:
    """Say of each prompt whether the plurality of the samples drawn is wrong."""
    if data.correct is None:
        assert data.wrong is not None
        return data.wrong
    same = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    first = same.argmax(axis=1)
    rows = np.arange(len(votes))
    right: Bools = data.correct[rows, order[rows, first]]
    return ~right


def _auroc(score: Floats, positive: Bools) -> float:
    from scipy.stats import rankdata

    keep = ~np.isnan(score)
    ranks, of = rankdata(score[keep]), positive[keep]
    n = int(of.sum())
    if n in (0, len(of)):
        return float("nan")
    return float((ranks[of].sum() - n * (n + 1) / 2) / (n * (len(of) - n)))


def _rows_of(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _value(value: str) -> str | None:
    return None if value.startswith("<error") else normalised(value)


def _coded(answers: Sequence[Sequence[str | None]]) -> Floats:
    """Return a number for each answer, the same for the same answer to one prompt."""
    votes = np.full((len(answers), len(answers[0])), np.nan)
    for n, said in enumerate(answers):
        numbers: dict[str, int] = {}
        for i, answer in enumerate(said):
            if answer is not None:
                votes[n, i] = numbers.setdefault(answer, len(numbers))
    return votes


if __name__ == "__main__":
    main()
