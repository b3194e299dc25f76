"""Which strategy chooses while there is nothing yet to choose by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curate.config import ColdStartConfig, SelectConfig
from curate.select.pool import Pool

__all__ = ["Chooser", "chooser"]

BY_VECTORS = frozenset(
    ("random", "k_center", "facility_location", "typical", "prob_cover", "stratified")
)
"""Strategies that look at where rows lie, not at what they need."""
BY_SCORES = frozenset(("committee", "mix"))
"""Strategies that name the scores that they go by, and say so where a row has none of them."""
BY_PAIRS = frozenset(
    (
        "pairs",
        "d_optimal",
        "batch_bald",
        "infomax",
        "moderate_gap",
        "confident_gap",
        "delta_ucb",
        "drts",
        "double_thompson",
        "connected",
    )
)
"""Strategies that look at what is known of two answers, from grades at first."""
BY_BELIEFS = frozenset(
    (
        "least_confidence",
        "margin",
        "entropy",
        "bald",
        "expected_model_change",
        "badge",
        "cluster_margin",
    )
)
"""Strategies that look at what a model believes, which learned from the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Who fills the queue."""

    name: str
    """Of the strategy."""
    said: str
    """The name, and why it is not the configured one."""
    cold: bool


def chooser(pool: Pool, config: SelectConfig) -> Chooser:
    """Return the strategy that chooses: the configured one, or that of the cold start.

    The cold start chooses

    1. where the strategy goes by a model that learns from the answers (its beliefs, or a need that
       is one: `Pool.fixed_need` is false), as long as there are fewer than `until` answers, or,
       where answers are yes or no, fewer than a tenth of `until` of either;
    2. where the strategy goes by the need and no row on offer has one.

    A need that does not change with the answers (a committee's, a judge's) is there from the
    first round on and takes no cold start; nor does a strategy that covers the pool, one that goes
    by named scores, or one that puts answers side by side, which starts from their grades.

    Args:
        pool: What is on offer.
        config: The section.
    """
    why = _why_cold(pool, config)
    if why is None:
        return Chooser(name=config.strategy, said=config.strategy, cold=False)
    name = config.cold_start.strategy
    return Chooser(name=name, said=f"{name} (cold start: {why})", cold=True)


def _why_cold(pool: Pool, config: SelectConfig) -> str | None:
    if config.strategy in BY_VECTORS | BY_SCORES | BY_PAIRS:
        return None
    by_beliefs = config.strategy in BY_BELIEFS
    if by_beliefs or not pool.fixed_need:
        few = _too_few(pool, config.cold_start)
        if few is not None or by_beliefs:
            return few
    on_offer = pool.open
    if on_offer.any() and np.isnan(pool.need[on_offer]).all():
        return f"no row on offer has a {pool.need_name}"
    return None


def _too_few(pool: Pool, config: ColdStartConfig) -> str | None:
    if pool.n_answers is None:
        return None
    if pool.n_answers < config.until:
        return f"{pool.n_answers:,} of {config.until:,} answers"
    kinds = pool.answers_by_kind
    least = config.until // 10
    if kinds and len(kinds) <= 2 and (len(kinds) < 2 or min(kinds.values()) < least):
        said = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
        return f"{pool.n_answers:,} answers, {said}: fewer than {least:,} of a kind"
    return None
