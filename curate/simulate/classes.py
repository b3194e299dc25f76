"""Labels of classes: how fast a classifier on embeddings learns from what each strategy asks."""

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
from curate.select.beliefs import Beliefs
from curate.select.model_need import runner_up
from curate.simulate.curves import Curves
from curate.simulate.loop import Run, Told, learned
from curate.simulate.oracle import Disagreement, said
from curate.simulate.plan import Plan
from curate.simulate.scores import macro_f1, recalls
from curate.simulate.work import simulated

__all__ = ["ClassTask", "classes", "margin"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def classes(
    vectors: npt.NDArray[np.float32],
    labels: Sequence[str] | Ints,
    *,
    test: npt.NDArray[np.bool_],
    groups: Sequence[str] | Ints | None = None,
    votes: Floats | None = None,
    strategies: Sequence[str] = ("hybrid", "random"),
    seeds: int | Sequence[int] = 10,
    start: int | None = None,
    batch: int = 50,
    budget: int = 1000,
    noise: float = 0.0,
    disagreement: Disagreement = "settled",
    pool_share: float = 0.9,
    rare: int = 5,
    config: SelectConfig | None = None,
    head: Any = None,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Simulate strategies on rows with class labels; the metric is macro-F1 on the test rows.

    Each round asks for a batch, refits the head on all answers, and measures. What the strategies
    go by is the head: `Beliefs` of every row, and as the need the odds of its second likeliest
    class against the likeliest. Settings are a project's defaults, random slice included, unless
    `config` says else.

    Args:
        vectors: What the head looks at and what is covered, shape (n_rows, n_dims).
        labels: Class of each row.
        test: Rows that are never asked and measured on, shape (n_rows,); see `frozen`.
        groups: Rows of one group are on offer together; None = each row by itself.
        votes: How many people said each class (in sorted order of names), (n_rows, n_classes).
        strategies: Names; random is always among them.
        seeds: How many, or which.
        start: Size of the first round; None = `config.cold_start.until`.
        batch: Size of later rounds.
        budget: Answers in all.
        noise: Chance of a wrong answer.
        disagreement: How recorded votes are answered.
        pool_share: Share of the groups that a seed has on offer.
        rare: How many of the rarest classes of the pool get a curve of their own (recall).
        config: As a project's `select`.
        head: An unfitted head of `curate.learn` (or like it); None = a logistic one.
        workers: Processes.
        folder: Where results of (strategy, seed) are kept and found again; None = nowhere.
        progress: Told (done, total) runs.

    Raises:
        ConfigError: If an option is out of range.
        InputError: If the data has fewer than two classes, or no test or pool rows.
    """
    from curate.learn import LogisticHead

    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    _check(names, test, len(vectors))
    rows = np.flatnonzero(~test)
    task = ClassTask(
        vectors=np.ascontiguousarray(vectors, np.float32),
        labels=codes.astype(np.int64),
        names=tuple(map(str, names.tolist())),
        rows=rows,
        test=np.flatnonzero(test),
        groups=numbered(groups, len(vectors)),
        votes=votes,
        noise=noise,
        disagreement=disagreement,
        rare=_rarest(codes[rows], codes[test], rare),
        head=head if head is not None else LogisticHead(len(names)),
    )
    task.answers(0)
    plan = Plan.of(
        strategies,
        seeds,
        start=start,
        batch=batch,
        budget=min(budget, len(rows)),
        pool_share=pool_share,
        config=config,
    )
    return simulated(task, plan, workers=workers, folder=folder, progress=progress)


def numbered(groups: Sequence[str] | Ints | None, n: int) -> Ints:
    """Return a number for each row's group; each row its own where there are none."""
    if groups is None:
        return np.arange(n)
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _check(names: npt.NDArray[Any], test: npt.NDArray[np.bool_], n: int) -> None:
    if len(test) != n:
        raise InputError(f"{len(test)} marks of test rows for {n} rows")
    if len(names) < 2:
        raise InputError(f"{len(names)} distinct label(s); a classifier needs two or more")
    if test.all() or not test.any():
        raise InputError(f"{int(test.sum())} of {n} rows are test rows; some must be, and not all")


def _rarest(pool: Ints, test: Ints, most: int) -> tuple[int, ...]:
    """Return the classes with the fewest rows on offer that have test rows; ties: by name."""
    there = np.unique(test)
    sizes = np.bincount(pool, minlength=int(max(pool.max(), test.max())) + 1)
    order = np.argsort(sizes[there], kind="stable")
    return tuple(int(c) for c in there[order][:most])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTask:
    """Rows with a class each; see `classes`."""

    vectors: npt.NDArray[np.float32]
    labels: Ints
    names: tuple[str, ...]
    rows: Ints
    test: Ints
    groups: Ints
    votes: Floats | None
    noise: float
    disagreement: Disagreement
    rare: tuple[int, ...]
    head: Any

    metric = "macro-F1"
    floor = 0.0

    def run(self, strategy: str, seed: int, plan: Plan) -> Run:
        """Simulate one strategy on one seed."""
        return learned(self, strategy, seed, plan)

    def answers(self, seed: int) -> Floats:
        """Return what is answered to each row, as shares of the classes."""
        return said(
            self.labels,
            len(self.names),
            votes=self.votes,
            disagreement=self.disagreement,
            noise=self.noise,
            seed=seed,
        )

    def fit(self, asked: Ints, answers: Floats, last: Any | None, told: Told | None = None) -> Any:
        """Fit the head."""
        given = answers[asked]
        if self.disagreement != "shares":
            given = given.argmax(axis=1)
        return self.head.fit(self.vectors[asked], given, start=last)

    def pool(
        self, offered: Ints, asked: Ints, answers: Floats, head: Any | None, strategy: str
    ) -> dict[str, Any]:
        """Return what the head makes of the rows on offer."""
        vectors = self.vectors[offered]
        if head is None or strategy == "random":
            return {"vectors": vectors, "need": np.full(len(offered), np.nan), "fixed_need": False}
        beliefs = believed(head, vectors)
        return {
            "vectors": vectors,
            "need": runner_up(beliefs.probabilities),
            "need_name": "runner_up",
            "fixed_need": False,
            "beliefs": beliefs,
        }

    def measure(self, head: Any | None, asked: Ints) -> dict[str, float]:
        """Return macro-F1, accuracy and the recall of the rarest classes on the test rows."""
        truth = self.labels[self.test]
        predicted = np.full(len(truth), int(np.bincount(self.labels[asked]).argmax()))
        if head is not None:
            predicted = head.probabilities(self.vectors[self.test]).argmax(axis=1)
        n = len(self.names)
        recall = recalls(truth, predicted, n)
        return {
            self.metric: macro_f1(truth, predicted, n),
            "accuracy": float((truth == predicted).mean()),
            **{f"recall: {self.names[c]}": float(recall[c]) for c in self.rare},
        }

    def full(self) -> float:
        """Return macro-F1 after every row that may be asked was answered."""
        head = self.fit(self.rows, self.answers(0), None)
        return self.measure(head, self.rows)[self.metric]

    def rate(self, offered: Ints) -> None:
        """Return None: nothing is sought."""


def believed(head: Any, features: npt.NDArray[np.float32]) -> Beliefs:
    """Return what a head believes of rows."""
    return Beliefs(
        features=features,
        probabilities=head.probabilities(features),
        information=head.information(features),
        covariance=head.covariance,
    )


def margin(probabilities: Floats) -> Floats:
    """Return 1 - the gap between the two likeliest classes, higher = less sure.

    >>> margin(np.array([[0.7, 0.2, 0.1]])).round(3).tolist()
    [0.5]
    """
    top = np.sort(probabilities, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]), np.float64)
