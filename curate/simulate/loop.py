"""One strategy on one seed: choose, ask, fit, measure, until the budget is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from curate.records import Selection
from curate.select import Pool, choose
from curate.simulate.plan import Plan

__all__ = ["Learning", "Run", "Task", "Told", "drawn_groups", "learned"]

Ints = npt.NDArray[np.int64]
Answers = Any
Head = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one strategy reached on one seed."""

    labels: list[int]
    """Answers asked for so far, at each point."""
    measured: dict[str, list[float]]
    """Metric to its value at each point; the first is the one that counts."""
    rate: float | None = None
    """Share of wrong answers in what was on offer; None where errors are not what is sought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the rows that were asked came to be asked."""

    by_lot: npt.NDArray[np.bool_]
    """Which the lot drew, shape (n_asked,)."""
    n_offered: int
    """Rows that were on offer at the start."""


class Task(Protocol):
    """Labelled data that strategies are simulated on."""

    @property
    def metric(self) -> str:
        """Return which of a run's metrics counts."""

    @property
    def floor(self) -> float:
        """Return its value by guessing."""

    @property
    def rows(self) -> Ints:
        """Return the rows that may be asked; test rows are not among them."""

    @property
    def groups(self) -> Ints:
        """Return the number of each row's group, shape (n_rows,): pools are drawn by group."""

    def run(self, strategy: str, seed: int, plan: Plan) -> Run:
        """Simulate one strategy on one seed."""

    def full(self) -> float:
        """Return the metric after every row was answered; NaN where there is no such thing."""


class Learning(Task, Protocol):
    """Labelled data, and what is learned from the labels round by round."""

    def answers(self, seed: int) -> Answers:
        """Return what a person would say of every row, noise included."""

    def fit(self, asked: Ints, answers: Answers, last: Head | None, told: Told) -> Head:
        """Learn from the answers to `asked`."""

    def pool(
        self, offered: Ints, asked: Ints, answers: Answers, head: Head | None, strategy: str
    ) -> dict[str, Any]:
        """Return the fields of a `Pool` over `offered`, but for ids and covered rows."""

    def measure(self, head: Head | None, asked: Ints) -> dict[str, float]:
        """Return the metrics after `asked`."""

    def rate(self, offered: Ints) -> float | None:
        """Return the share of wrong answers on offer, or None."""


def learned(task: Learning, strategy: str, seed: int, plan: Plan) -> Run:
    """Simulate one strategy on one seed, round by round.

    The first `plan.start` answers are asked for by the cold start where `strategy` goes by a model
    of the answers, the others in batches by `strategy`, with a model fitted on all answers so far.
    What is on offer and what people would say depend on the seed alone.

    Args:
        task: What is learned.
        strategy: A name of `curate.select.strategies`.
        seed: Every draw follows from it.
        plan: How much is asked.
    """
    offered = drawn_groups(task, plan.pool_share, seed)
    answers = task.answers(seed)
    ids = [str(row) for row in offered.tolist()]
    asked, by_lot, head = np.empty(0, np.int64), np.empty(0, bool), None
    labels: list[int] = []
    measured: dict[str, list[float]] = {}
    while len(asked) < min(plan.budget, len(offered)):
        pool = Pool(
            ids=ids,
            covered=asked,
            n_answers=len(asked),
            **task.pool(offered, offered[asked], answers, head, strategy),
        )
        picked = _picked(pool, strategy, seed, plan)
        if not len(picked):
            break
        asked = np.concatenate([asked, picked.indices])
        by_lot = np.concatenate([by_lot, np.array(picked.part) == "random"])
        told = Told(by_lot=by_lot, n_offered=len(offered))
        head = task.fit(offered[asked], answers, head, told)
        labels.append(len(asked))
        for name, value in task.measure(head, offered[asked]).items():
            measured.setdefault(name, []).append(value)
    return Run(labels=labels, measured=measured, rate=task.rate(offered))


def drawn_groups(task: Task, share: float, seed: int) -> Ints:
    """Return the rows on offer to a seed: those of a share of the groups, in their order."""
    groups = np.unique(task.groups[task.rows])
    n = max(1, round(share * len(groups)))
    kept = np.random.default_rng([seed, 0]).choice(groups, n, replace=False)
    return task.rows[np.isin(task.groups[task.rows], kept)]


def _picked(pool: Pool, strategy: str, seed: int, plan: Plan) -> Selection:
    done = len(pool.covered)
    k = min(plan.start if done == 0 else plan.batch, plan.budget - done)
    return choose(pool, k, config=plan.settings(strategy), seed=seed * 1_000_003 + done)
