"""What is asked of a simulation: which strategies, how often, how many answers at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.config import SelectConfig
from curate.errors import ConfigError

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Options that all tasks share."""

    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    start: int
    """Answers asked for at once in the first round, before there is a model."""
    batch: int
    """Answers of each later round."""
    budget: int
    """Answers in all."""
    pool_share: float
    """Share of the groups on offer to a seed, drawn by lot: the same for every strategy."""
    rounds: bool = True
    """False: one queue of each size, not rounds."""
    config: SelectConfig = field(default_factory=SelectConfig)
    """As a project's `select` section; `strategy` and the budget are set by the simulation."""

    @classmethod
    def of(
        cls,
        strategies: Sequence[str],
        seeds: int | Sequence[int],
        *,
        start: int | None,
        batch: int,
        budget: int,
        pool_share: float,
        config: SelectConfig | None,
        rounds: bool = True,
    ) -> Plan:
        """Return a plan, the baseline among the strategies, after checking its numbers.

        Raises:
            ConfigError: If a strategy is not known or a number is out of range.
        """
        from curate.select import strategies as known

        settings = config or SelectConfig()
        for name in (*strategies, settings.cold_start.strategy):
            known.get(name)
        first = settings.cold_start.until if start is None else start
        _check(first=first, batch=batch, budget=budget, pool_share=pool_share)
        numbers = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
        if not numbers:
            raise ConfigError("no seed was given; 10 or more tell a strategy from chance")
        names = tuple(dict.fromkeys([*strategies, "random"]))
        return cls(
            strategies=names,
            seeds=numbers,
            start=min(first, budget),
            batch=batch,
            budget=budget,
            pool_share=pool_share,
            config=settings,
            rounds=rounds,
        )

    def settings(self, strategy: str) -> SelectConfig:
        """Return the configuration by which rounds of a strategy are chosen.

        The cold start ends with the first round, whatever its size.
        """
        cold_start = self.config.cold_start.model_copy(update={"until": self.start})
        return self.config.model_copy(update={"strategy": strategy, "cold_start": cold_start})


def _check(*, first: int, batch: int, budget: int, pool_share: float) -> None:
    for name, number in (("start", first), ("batch", batch), ("budget", budget)):
        if number < 1:
            raise ConfigError(f"`{name}` must be at least 1, not {number}")
    if not 0 < pool_share <= 1:
        raise ConfigError(f"`pool_share` must be above 0 and at most 1, not {pool_share:g}")
