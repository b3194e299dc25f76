"""Preferences: how fast a Bradley-Terry head learns from the pairs each strategy asks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.config import SelectConfig
from curate.console import Progress
from curate.errors import ConfigError, InputError
from curate.select.beliefs import Beliefs
from curate.select.pool import Answers
from curate.simulate.classes import margin, numbered
from curate.simulate.curves import Curves
from curate.simulate.loop import Run, Told, learned
from curate.simulate.oracle import Disagreement, said
from curate.simulate.plan import Plan
from curate.simulate.work import simulated

__all__ = ["OUTCOMES", "PairTask", "preferences"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OUTCOMES = ("a", "b", "tie")
"""Order of the classes of pairs: in `outcomes`, in votes and in beliefs."""


def preferences(
    features: npt.NDArray[np.float32],
    pairs: Ints,
    outcomes: Ints,
    *,
    test: npt.NDArray[np.bool_],
    groups: Sequence[str] | Ints | None = None,
    prompts: Sequence[str] | Ints | None = None,
    prompt_vectors: npt.NDArray[np.float32] | None = None,
    votes: Floats | None = None,
    length: Floats | None = None,
    need: Floats | None = None,
    strategies: Sequence[str] = ("hybrid", "random"),
    seeds: int | Sequence[int] = 10,
    start: int | None = None,
    batch: int = 50,
    budget: int = 1000,
    noise: float = 0.0,
    disagreement: Disagreement = "settled",
    pool_share: float = 0.9,
    config: SelectConfig | None = None,
    head: Any = None,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Simulate strategies on compared pairs; the metric is accuracy on the test pairs.

    Accuracy: share of test pairs that are no ties whose preferred answer has the higher reward;
    equal rewards count half. Settings are a project's defaults (random slice included) unless
    `config` says else, but for pairs of one prompt: as many a round as the prompts need.

    Args:
        features: What the head looks at of each answer, shape (n_answers, n_features).
        pairs: The answers a and b of each pair as rows of `features`, shape (n_pairs, 2).
        outcomes: 0 = a preferred, 1 = b, 2 = tie, shape (n_pairs,).
        test: Pairs that are never asked and measured on, shape (n_pairs,); see `frozen`.
        groups: Pairs of one group are on offer together; None = `prompts`.
        prompts: Prompt of each pair: how many of one are asked in a round is capped.
        prompt_vectors: What is covered, shape (n_pairs, n_dims); None = the answers' means.
        votes: How many people said a, b, tie, shape (n_pairs, 3).
        length: Characters of each answer, shape (n_answers,): a nuisance of the head, so that
            "longer wins" is not learned as quality; None = it may be.
        need: What is known of each pair before there are answers (a committee's or judges'
            disagreement), higher = more worth asking, shape (n_pairs,); None = nothing.
        strategies: Names; random is always among them.
        seeds: How many, or which.
        start: Size of the first round; None = `config.cold_start.until`.
        batch: Size of later rounds.
        budget: Answers in all.
        noise: Chance of a wrong answer.
        disagreement: How recorded votes are answered.
        pool_share: Share of the groups that a seed has on offer.
        config: As a project's `select`.
        head: An unfitted head like `curate.learn.BradleyTerryHead`; None = that one.
        workers: Processes.
        folder: Where results of (strategy, seed) are kept and found again; None = nowhere.
        progress: Told (done, total) runs.

    Raises:
        ConfigError: If an option is out of range.
        InputError: If shapes do not fit, or there are no test or pool pairs.
    """
    from curate.learn import BradleyTerryHead

    _check(pairs, outcomes, test)
    rows = np.flatnonzero(~test)
    ties = bool((outcomes == 2).any() or (votes is not None and votes[:, 2].any()))
    identity = None if prompts is None else numbered(prompts, len(pairs))
    task = PairTask(
        features=np.ascontiguousarray(features, np.float32),
        pairs=np.asarray(pairs, np.int64),
        outcomes=np.asarray(outcomes, np.int64),
        rows=rows,
        test=np.flatnonzero(test & (outcomes != 2)),
        groups=numbered(groups if groups is not None else prompts, len(pairs)),
        prompts=identity,
        vectors=_covered(features, pairs) if prompt_vectors is None else prompt_vectors,
        votes=votes,
        length=length,
        need=need,
        noise=noise,
        disagreement=disagreement,
        head=head if head is not None else BradleyTerryHead(ties=ties),
    )
    task.answers(0)
    budget = min(budget, len(rows))
    plan = Plan.of(
        strategies,
        seeds,
        start=start,
        batch=batch,
        budget=budget,
        pool_share=pool_share,
        config=_enough_pairs(config or SelectConfig(), identity, rows, max(batch, start or 0)),
    )
    return simulated(task, plan, workers=workers, folder=folder, progress=progress)


def _check(pairs: Ints, outcomes: Ints, test: npt.NDArray[np.bool_]) -> None:
    if not len(pairs) == len(outcomes) == len(test):
        raise InputError(
            f"{len(pairs)} pairs, {len(outcomes)} outcomes and {len(test)} marks of test pairs"
        )
    if test.all() or not (test & (outcomes != 2)).any():
        raise InputError(
            f"{int(test.sum())} of {len(test)} pairs are test pairs; some that are no ties must "
            "be, and not all"
        )


def _covered(features: npt.NDArray[np.float32], pairs: Ints) -> npt.NDArray[np.float32]:
    return np.asarray(features[pairs].mean(axis=1), np.float32)


def _enough_pairs(
    config: SelectConfig, prompts: Ints | None, rows: Ints, batch: int
) -> SelectConfig:
    """Let a round ask so many pairs of one prompt that half of the prompts can fill it."""
    if prompts is None:
        return config
    n_prompts = len(np.unique(prompts[rows]))
    most = max(config.pairs_per_prompt, math.ceil(2 * batch / n_prompts))
    return config.model_copy(update={"pairs_per_prompt": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTask:
    """Pairs with an outcome each; see `preferences`."""

    features: npt.NDArray[np.float32]
    pairs: Ints
    outcomes: Ints
    rows: Ints
    test: Ints
    groups: Ints
    prompts: Ints | None
    vectors: npt.NDArray[np.float32]
    votes: Floats | None
    length: Floats | None
    need: Floats | None
    noise: float
    disagreement: Disagreement
    head: Any

    metric = "accuracy"
    floor = 0.5

    def run(self, strategy: str, seed: int, plan: Plan) -> Run:
        """Simulate one strategy on one seed."""
        return learned(self, strategy, seed, plan)

    def answers(self, seed: int) -> Floats:
        """Return what is answered to each pair, as shares of `OUTCOMES`."""
        shares = said(
            self.outcomes,
            len(OUTCOMES),
            votes=self.votes,
            disagreement=self.disagreement,
            noise=0.0,
            seed=seed,
        )
        return _turned(shares, self.noise, seed)

    def fit(self, asked: Ints, answers: Floats, last: Any | None, told: Told | None = None) -> Any:
        """Fit the head."""
        a, b = self.pairs[asked].T
        nuisance = None if self.length is None else self._longer(asked)[:, None]
        return self.head.fit(
            self.features[a], self.features[b], answers[asked], nuisance=nuisance, start=last
        )

    def pool(
        self, offered: Ints, asked: Ints, answers: Floats, head: Any | None, strategy: str
    ) -> dict[str, Any]:
        """Return what the head makes of the pairs on offer."""
        fields: dict[str, Any] = {
            "vectors": self.vectors[offered],
            "need": np.full(len(offered), np.nan) if self.need is None else self.need[offered],
            "identity": None if self.prompts is None else self.prompts[offered],
            "fixed_need": False,
            "pairs": self.pairs[offered],
        }
        if head is None or strategy == "random":
            return fields | {"answers": self._unknown()}
        beliefs = self._believed(head, offered)
        return fields | {
            "need": margin(beliefs.probabilities[:, :2]),
            "need_name": "margin_uncertainty",
            "beliefs": beliefs,
            "answers": self._known(head),
        }

    def measure(self, head: Any | None, asked: Ints) -> dict[str, float]:
        """Return the share of test pairs whose preferred answer has the higher reward."""
        if head is None:
            return {self.metric: self.floor}
        reward = head.rewards(self.features)
        a, b = self.pairs[self.test].T
        gap = np.where(self.outcomes[self.test] == 0, reward[a] - reward[b], reward[b] - reward[a])
        return {self.metric: float(((np.sign(gap) + 1) / 2).mean())}

    def full(self) -> float:
        """Return the accuracy after every pair that may be asked was answered."""
        return self.measure(self.fit(self.rows, self.answers(0), None), self.rows)[self.metric]

    def rate(self, offered: Ints) -> None:
        """Return None: nothing is sought."""

    def _longer(self, asked: Ints) -> Floats:
        assert self.length is not None
        logs = np.log1p(self.length)
        a, b = self.pairs[asked].T
        return np.asarray(logs[a] - logs[b], np.float64)

    def _believed(self, head: Any, offered: Ints) -> Beliefs:
        a, b = (self.features[side] for side in self.pairs[offered].T)
        return Beliefs(
            features=a - b,
            probabilities=head.probabilities(a, b),
            information=head.information(a, b),
            covariance=head.covariance,
        )

    def _unknown(self) -> Answers:
        n = len(self.features)
        return Answers(
            features=self.features,
            reward=np.full(n, np.nan),
            reward_sd=np.full(n, np.nan),
            length=np.ones(n) if self.length is None else self.length,
        )

    def _known(self, head: Any) -> Answers:
        n = len(self.features)
        return Answers(
            features=self.features,
            reward=head.rewards(self.features),
            reward_sd=head.reward_sd(self.features),
            length=np.ones(n) if self.length is None else self.length,
            covariance=head.covariance,
        )


def _turned(shares: Floats, noise: float, seed: int) -> Floats:
    """Let an answer prefer the other side with chance `noise`; a tie stays a tie.

    Raises:
        ConfigError: If `noise` is no chance.
    """
    if not 0 <= noise < 1:
        raise ConfigError(f"`noise` must be at least 0 and below 1, not {noise:g}")
    turned = np.random.default_rng([seed, 2]).random(len(shares)) < noise
    return np.where(turned[:, None], shares[:, [1, 0, 2]], shares)
