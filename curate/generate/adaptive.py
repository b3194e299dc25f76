"""Sampling a prompt no further than the decision that depends on it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.config import AdaptiveConfig
from curate.measure.sequential import Forecast, forecast_bucket, forecast_selection

__all__ = ["Adaptive", "Group", "Taken"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Group = Callable[[Sequence[Sequence[str]]], npt.ArrayLike]
"""From the answers to each prompt to votes, shape (n_prompts, most answers to one): equal where
two answers to a prompt say the same, NaN where there is no answer or none could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """When sampling stops before all samples are taken."""

    config: AdaptiveConfig
    group: Group
    """Says which answers are the same."""
    budget: int = 0
    """How many prompts will be chosen, for ``stop: selection``."""
    seed: int = 7


class Taken:
    """What was sampled so far of each prompt: the answers that are open, the votes of all."""

    def __init__(self, n_prompts: int, n_samples: int, rule: Adaptive):
        self.rule = rule
        self.open = np.arange(n_prompts)
        """Prompts that are not settled, in order, shape (n_open,)."""
        self._n_samples = n_samples
        self._texts: list[list[str]] = [[] for _ in range(n_prompts)]
        self._votes = np.full((n_prompts, n_samples), np.nan)
        self._drawn = np.zeros(n_prompts, dtype=np.int64)

    def add(self, prompt: int, text: str | None) -> None:
        """Note one sample of a prompt; None = the call failed, and is not drawn again."""
        self._drawn[prompt] += 1
        if text is not None:
            self._texts[prompt].append(text)

    def settle(self) -> None:
        """Close the prompts whose decision no longer hangs on more samples."""
        self._vote()
        forecast = self._forecast()
        done = forecast.settled | (self._drawn >= self._n_samples)
        for prompt in self.open[done[self.open]]:
            self._texts[prompt] = []
        self.open = self.open[~done[self.open]]

    @property
    def n_drawn(self) -> int:
        """How many samples were taken in all."""
        return int(self._drawn.sum())

    def _vote(self) -> None:
        if len(self.open):
            votes = np.asarray(self.rule.group([self._texts[p] for p in self.open]), np.float64)
            self._votes[self.open, : votes.shape[1]] = votes

    def _forecast(self) -> Forecast:
        config, left = self.rule.config, self._n_samples - self._drawn
        if config.stop == "selection":
            return forecast_selection(
                self._votes,
                left,
                budget=self.rule.budget,
                confidence=config.confidence,
                seed=self.rule.seed,
            )
        return forecast_bucket(self._votes, left, confidence=config.confidence, seed=self.rule.seed)
