"""Good and bad answers: how many of the wrong ones each strategy finds for the answers it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.config import SelectConfig
from curate.console import Progress
from curate.errors import InputError
from curate.select import Pool, choose
from curate.simulate.classes import believed, numbered
from curate.simulate.curves import Curves
from curate.simulate.loop import Run, Told, drawn_groups, learned
from curate.simulate.oracle import said
from curate.simulate.plan import Plan
from curate.simulate.work import simulated

__all__ = ["FoundTask", "QueueTask", "queues", "rewrites"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def queues(
    vectors: npt.NDArray[np.float32],
    need: Floats,
    wrong: Bools,
    *,
    groups: Sequence[str] | Ints | None = None,
    scores: dict[str, Floats] | None = None,
    strategies: Sequence[str] = ("hybrid", "random"),
    sizes: Sequence[int] = (100, 200),
    seeds: int | Sequence[int] = 10,
    pool_share: float = 0.9,
    config: SelectConfig | None = None,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Simulate one queue of each size by a need that is known before; the metric is errors found.

    Nothing is learned between answers: this is the first round of a project whose need is a
    committee's score. What random needs for as many errors is its expectation, errors / share of
    wrong answers on offer.

    Args:
        vectors: What is covered, usually the prompts' vectors, shape (n_rows, n_dims).
        need: Higher = more worth a person's time, shape (n_rows,).
        wrong: Whether an answer has to be rewritten, shape (n_rows,).
        groups: Rows of one group are on offer together; None = each row by itself.
        scores: Further score columns, for strategies that go by them.
        strategies: Names; random is always among them.
        sizes: Queue sizes, random slice included.
        seeds: How many, or which.
        pool_share: Share of the groups that a seed has on offer.
        config: As a project's `select`.
        workers: Processes.
        folder: Where results of (strategy, seed) are kept and found again; None = nowhere.
        progress: Told (done, total) runs.

    Raises:
        ConfigError: If an option is out of range.
        InputError: If shapes do not fit, or no answer is wrong, or all are.
    """
    _check(vectors, need, wrong)
    queue_sizes = tuple(sorted({min(size, len(wrong)) for size in sizes}))
    task = QueueTask(
        vectors=np.ascontiguousarray(vectors, np.float32),
        need=np.asarray(need, np.float64),
        wrong=np.asarray(wrong, bool),
        rows=np.arange(len(wrong)),
        groups=numbered(groups, len(wrong)),
        scores=scores or {},
        queue_sizes=queue_sizes,
    )
    plan = Plan.of(
        strategies,
        seeds,
        start=queue_sizes[0],
        batch=1,
        budget=queue_sizes[-1],
        pool_share=pool_share,
        config=config,
        rounds=False,
    )
    return simulated(task, plan, workers=workers, folder=folder, progress=progress)


def rewrites(
    vectors: npt.NDArray[np.float32],
    wrong: Bools,
    *,
    features: npt.NDArray[np.float32] | None = None,
    need: Floats | None = None,
    groups: Sequence[str] | Ints | None = None,
    strategies: Sequence[str] = ("hybrid", "random"),
    seeds: int | Sequence[int] = 10,
    start: int | None = None,
    batch: int = 50,
    budget: int = 500,
    noise: float = 0.0,
    pool_share: float = 0.9,
    config: SelectConfig | None = None,
    head: Any = None,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Simulate rounds in which a head learns which answers are wrong; the metric is errors found.

    The need of a row is the learned chance that it is wrong. Where `need` is given it goes on being
    the need until the learned chance beats it beyond noise on answers it was not fitted on, those
    drawn by lot speaking for the pool, as in a project (`curate.learn.usefulness`): without a
    random slice never. Where it is not given, the cold start chooses the first round.

    Args:
        vectors: What is covered, usually the prompts' vectors, shape (n_rows, n_dims).
        wrong: Whether an answer has to be rewritten, shape (n_rows,).
        features: What the head looks at, shape (n_rows, n_features); None = `vectors`.
        need: Score that is known before anybody answers, e.g. a committee's, shape (n_rows,).
        groups: Rows of one group are on offer together; None = each row by itself.
        strategies: Names; random is always among them.
        seeds: How many, or which.
        start: Size of the first round; None = `config.cold_start.until`.
        batch: Size of later rounds.
        budget: Answers in all.
        noise: Chance that a person says the opposite (what is counted as found is the truth).
        pool_share: Share of the groups that a seed has on offer.
        config: As a project's `select`.
        head: An unfitted head of `curate.learn` (or like it) that is trusted from the first round
            on, with the need among its features; None = as a project does.
        workers: Processes.
        folder: Where results of (strategy, seed) are kept and found again; None = nowhere.
        progress: Told (done, total) runs.

    Raises:
        ConfigError: If an option is out of range.
        InputError: If shapes do not fit, or no answer is wrong, or all are.
    """
    known = np.full(len(wrong), np.nan) if need is None else np.asarray(need, np.float64)
    _check(vectors, known, wrong)
    task = FoundTask(
        vectors=np.ascontiguousarray(vectors, np.float32),
        features=np.ascontiguousarray(vectors if features is None else features, np.float32),
        need=known,
        wrong=np.asarray(wrong, bool),
        rows=np.arange(len(wrong)),
        groups=numbered(groups, len(wrong)),
        noise=noise,
        head=head,
    )
    task.answers(0)
    plan = Plan.of(
        strategies,
        seeds,
        start=start,
        batch=batch,
        budget=min(budget, len(wrong)),
        pool_share=pool_share,
        config=config,
    )
    return simulated(task, plan, workers=workers, folder=folder, progress=progress)


def _check(vectors: npt.NDArray[np.float32], need: Floats, wrong: Bools) -> None:
    if not len(vectors) == len(need) == len(wrong):
        raise InputError(f"{len(vectors)} vectors, {len(need)} needs and {len(wrong)} truths")
    if not wrong.any() or wrong.all():
        raise InputError(
            f"{int(wrong.sum())} of {len(wrong)} answers are wrong: there is nothing to choose"
        )


def _beside(vectors: npt.NDArray[np.float32], need: Floats) -> npt.NDArray[np.float32]:
    """Return the vectors with the need as a further column, standardised, 0 where unknown."""
    if np.isnan(need).all():
        return np.ascontiguousarray(vectors, np.float32)
    spread = float(np.nanstd(need)) or 1.0
    column = np.nan_to_num((need - np.nanmean(need)) / spread)
    return np.column_stack([vectors, column]).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTask:
    """Answers with a need each; see `queues`."""

    vectors: npt.NDArray[np.float32]
    need: Floats
    wrong: Bools
    rows: Ints
    groups: Ints
    scores: dict[str, Floats]
    queue_sizes: tuple[int, ...]

    metric = "errors found"
    floor = 0.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Where label efficiency is told."""
        return self.queue_sizes

    def run(self, strategy: str, seed: int, plan: Plan) -> Run:
        """Choose one queue of each size and count its wrong answers."""
        offered = drawn_groups(self, plan.pool_share, seed)
        pool = Pool(
            ids=[str(row) for row in offered.tolist()],
            vectors=self.vectors[offered],
            need=self.need[offered],
            scores={name: values[offered] for name, values in self.scores.items()},
        )
        config = plan.settings(strategy)
        found = []
        for size in self.queue_sizes:
            queue = choose(pool, size, config=config, seed=seed).indices
            found.append(float(self.wrong[offered[queue]].sum()))
        return Run(
            labels=list(self.queue_sizes),
            measured={self.metric: found},
            rate=float(self.wrong[offered].mean()),
        )

    def full(self) -> float:
        """Return NaN: queue sizes are compared, not shares of all errors."""
        return float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTask:
    """Answers of which a head learns which are wrong; see `rewrites`."""

    vectors: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]
    need: Floats
    wrong: Bools
    rows: Ints
    groups: Ints
    noise: float
    head: Any

    metric = "errors found"
    floor = 0.0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Where label efficiency is told."""
        return tuple(size for size in (100, 200, 300, 500) if size <= len(self.rows))

    def run(self, strategy: str, seed: int, plan: Plan) -> Run:
        """Simulate one strategy on one seed."""
        return learned(self, strategy, seed, plan)

    def answers(self, seed: int) -> Floats:
        """Return what is answered to each row: shares of right and wrong."""
        return said(
            self.wrong.astype(np.int64),
            2,
            votes=None,
            disagreement="settled",
            noise=self.noise,
            seed=seed,
        )

    def fit(self, asked: Ints, answers: Floats, last: Taught | None, told: Told) -> Taught:
        """Learn which answers are wrong."""
        wrong = answers[asked, 1]
        if self.head is None and not np.isnan(self.need).all():
            return _as_a_project(self, asked, wrong, told)
        return _by_head(self, asked, wrong, last)

    def pool(
        self, offered: Ints, asked: Ints, answers: Floats, head: Taught | None, strategy: str
    ) -> dict[str, Any]:
        """Return how likely each row on offer is wrong."""
        n_wrong = int(answers[asked, 1].sum())
        fields: dict[str, Any] = {
            "vectors": self.vectors[offered],
            "need": self.need[offered],
            "answers_by_kind": {"right": len(asked) - n_wrong, "wrong": n_wrong},
        }
        if head is None or strategy == "random":
            return fields
        fields["beliefs"] = believed(head.head, head.features[offered])
        if head.trusted:
            fields |= {"need": head.chance[offered], "need_name": "learned"}
        return fields

    def measure(self, head: Any | None, asked: Ints) -> dict[str, float]:
        """Return how many wrong answers were found."""
        return {self.metric: float(self.wrong[asked].sum())}

    def full(self) -> float:
        """Return NaN: queue sizes are compared, not shares of all errors."""
        return float("nan")

    def rate(self, offered: Ints) -> float:
        """Return the share of wrong answers on offer."""
        return float(self.wrong[offered].mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What answers taught of all rows."""

    chance: Floats
    """Of being wrong, shape (n_rows,)."""
    features: npt.NDArray[np.float32]
    head: Any
    trusted: bool
    """Whether it ranks the next round in place of the need that was known before."""


def _as_a_project(task: FoundTask, asked: Ints, wrong: Floats, told: Told) -> Taught:
    from curate.learn import learned_need, usefulness

    useful, weights = np.full((2, len(task.wrong)), np.nan)
    useful[asked] = wrong
    weights[:] = 1.0
    weights[asked[told.by_lot]] = _spoken_for(told)
    scores, vectors = {"need": task.need}, [task.features]
    judged = usefulness(
        scores, useful, default="need", weights=weights, groups=task.groups, vectors=vectors
    )
    need = learned_need(scores, useful, default="need", vectors=vectors)
    return Taught(
        chance=need.chance,
        features=need.features,
        head=need.head,
        trusted=judged.better and int(told.by_lot.sum()) >= _LEAST_BY_LOT,
    )


_LEAST_BY_LOT = 10
"""As in a project: fewer answers by lot do not speak for what nobody chose."""


def _spoken_for(told: Told) -> float:
    """Return how many rows an answer by lot speaks for: all that was not chosen, alike."""
    n_lot = int(told.by_lot.sum())
    n_chosen = len(told.by_lot) - n_lot
    return max(1.0, (told.n_offered - n_chosen) / max(1, n_lot))


def _by_head(task: FoundTask, asked: Ints, wrong: Floats, last: Taught | None) -> Taught:
    from curate.learn import LogisticHead

    features = _beside(task.features, task.need)
    unfitted = LogisticHead(2) if task.head is None else task.head
    head = unfitted.fit(
        features[asked], wrong.astype(np.int64), start=None if last is None else last.head
    )
    chance = head.probabilities(features)[:, 1]
    return Taught(chance=chance, features=features, head=head, trusted=True)
