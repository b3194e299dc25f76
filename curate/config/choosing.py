"""What is asked of people: how much, which rows, and what the answers teach."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from curate.config.strict import Share, Strict

__all__ = [
    "BudgetConfig",
    "CapConfig",
    "ColdStartConfig",
    "LearnConfig",
    "MinutesConfig",
    "QuotaConfig",
    "RuleConfig",
    "SelectConfig",
    "StreamConfig",
]


class MinutesConfig(Strict):
    """How long a person needs for one item, until measured times of this project are known."""

    base: float = Field(default=0.5, ge=0)
    """Minutes for an item of no length."""
    per_100_tokens: float | None = Field(default=None, ge=0)
    """Minutes for each 100 tokens of prompt and answers; null = the task's (docs/choosing.md)."""


class BudgetConfig(Strict):
    """How much may be asked in one round; the tightest of the limits given holds."""

    items: int | None = Field(default=200, ge=1)
    """Size of the queue, random slice included; null = as many as `minutes` or `money` allow."""
    minutes: float | None = Field(default=None, gt=0)
    """Reviewers' minutes, votes of several people on one item counted each."""
    money: float | None = Field(default=None, gt=0)
    """What the reviewers' minutes may cost, at `per_hour`."""
    per_hour: float | None = Field(default=None, gt=0)
    """What an hour of a reviewer costs; needed for `money`."""
    estimate: MinutesConfig = MinutesConfig()

    def most(self, on_offer: int) -> int:
        """Return how many of `on_offer` items `items` allows."""
        return on_offer if self.items is None else min(self.items, on_offer)

    @model_validator(mode="after")
    def _some_limit(self) -> BudgetConfig:
        if self.items is None and self.minutes is None and self.money is None:
            raise ValueError("one of `items`, `minutes` and `money` must be given")
        if self.money is not None and self.per_hour is None:
            raise ValueError("`money` needs `per_hour`: what an hour of a reviewer costs")
        return self


class CapConfig(Strict):
    """No more than `most` items of one value of a column."""

    column: str
    """source, group, model, record_id, cluster, or metadata.NAME."""
    most: int | None = Field(default=None, ge=1)
    """Items."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the queue, instead of `most`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> CapConfig:
        if (self.most is None) == (self.share is None):
            raise ValueError("give `most` (items) or `share` (of the queue), one of both")
        return self


class QuotaConfig(Strict):
    """At least so many items of a value of a column (where the pool has them)."""

    column: str
    """source, group, model, record_id, cluster, or metadata.NAME."""
    value: str | None = None
    """null = each value of the column gets it."""
    least: int | None = Field(default=None, ge=1)
    """Items."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the queue, instead of `least`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> QuotaConfig:
        if (self.least is None) == (self.share is None):
            raise ValueError("give `least` (items) or `share` (of the queue), one of both")
        return self


class RuleConfig(Strict):
    """Rows that a rule describes."""

    where: str
    """E.g. metadata.tier == 'high-risk', time in last 7 days, uncertainty > 0.9 and not
    source ~ 'test'; docs/choosing.md has the grammar."""
    most: int | None = Field(default=None, ge=1)
    """always: the `most` neediest of them; seeds: those that the cold start's strategy takes first
    among them; null = all, up to the budget. never: all, whatever stands here."""


class ColdStartConfig(Strict):
    """What chooses until enough answers (or scores) are there."""

    strategy: str = "typical"
    """typical, prob_cover, facility_location, k_center, stratified or random."""
    until: int = Field(default=50, ge=0)
    """Answers from which on `select.strategy` chooses again; where answers are yes or no, a tenth
    of them must be of either kind. Rows scored by a committee need no cold start."""
    seeds: list[RuleConfig] = []
    """Rows chosen first, by rule or regular expression: e.g. prompt ~ '(?i)refund'."""


class SelectConfig(Strict):
    """Which candidates go to people this round."""

    strategy: str = "hybrid"
    """hybrid, or any strategy of docs/choosing.md."""
    need: str | None = None
    """Score column that says how much a row needs a person; null = `learned` once the
    acquisition model has proved itself on this project's answers, else the task's default."""
    mix: dict[str, Annotated[float, Field(ge=0)]] = {}
    """strategy: mix: score column to weight; the columns are compared by rank."""
    strata: str | None = None
    """strategy: stratified: column whose values are the strata; null = clusters of the prompts."""
    objective: Literal["reward_model", "dpo", "ranking"] = "reward_model"
    """rank: what the comparisons are for."""
    cover: Literal["facility_location", "k_center"] = "facility_location"
    """hybrid: how the pre-filtered rows are thinned to cover the prompts."""
    prefilter: Annotated[float, Field(ge=1)] | Literal["auto"] = "auto"
    """hybrid: the `prefilter` x budget neediest rows go on to the cover; auto: docs/choosing.md."""
    budget: BudgetConfig = BudgetConfig()
    random_share: Share = 0.1
    """Share of the queue drawn at random from all that was on offer."""
    typical_share: Share = 0.0
    """Share of the queue that stands for what is common, whatever its need."""
    near_identical: Annotated[float, Field(gt=0, le=1)] = 0.97
    """Of rows whose texts are at least this similar (cosine), one may be asked."""
    caps: list[CapConfig] = []
    quotas: list[QuotaConfig] = []
    cluster_quota: Literal["none", "sqrt"] = "none"
    """sqrt: no cluster of prompts gets more than its share by the square root of its size."""
    always: list[RuleConfig] = []
    """Rows that are asked whatever the strategy says; caps and near-identical rows still count."""
    never: list[RuleConfig] = []
    """Rows that are never asked: unlabelable, out of scope."""
    cold_start: ColdStartConfig = ColdStartConfig()
    test_share: Share = 0.1
    """Share of groups frozen as test split, never asked."""
    calibration_share: Share = 0.05
    """Share of groups kept for calibration, never asked."""
    pairs: Literal["logged", "any"] = "any"
    """rank: pairs that stood side by side in the source, or any two answers to one prompt."""
    pairs_per_prompt: int = Field(default=1, ge=1)
    """rank: most pairs of one prompt in one round."""
    length_ratio: Annotated[float, Field(ge=1)] | None = 2.5
    """rank: a pair whose longer answer is more than so many times the shorter is not asked;
    null = any may be."""


class LearnConfig(Strict):
    """The acquisition model: what this project's own answers teach about what to ask next."""

    enabled: bool = True
    """false: `need` stays a score column, whatever people answered."""
    least: int = Field(default=50, ge=10)
    """Answers from which on it is fitted."""
    text: bool = True
    """Look at the prompts' vectors too; false = at score columns alone."""
    nuisance: list[Literal["length", "position"]] = ["length", "position"]
    """Accounted for, so that they are not learned as quality."""


class StreamConfig(Strict):
    """Deciding on arrival."""

    per_day: float = Field(default=100, gt=0)
    """Reviews a day that people have time for."""
    burst: float = Field(default=1, ge=1)
    """Days' capacity that may be asked at once after a quiet time."""
    batch: int = Field(default=20, ge=1)
    """Rows pushed to the desk together."""
    every: float = Field(default=300, gt=0)
    """Seconds after which a smaller batch is pushed all the same."""
