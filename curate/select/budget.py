"""How much may be asked: items, reviewers' minutes, or money; and how long an item takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.config import BudgetConfig, MinutesConfig
from curate.errors import ConfigError
from curate.texts import READING, RETYPED, TYPING

__all__ = ["Budget", "Estimate", "Pace", "estimate_minutes", "fitted_minutes", "minutes_allowed"]

Floats = npt.NDArray[np.float64]
Task = Literal["rewrite", "rank"]

WORDS = 0.75
"""English words a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Minutes of each row, and what they rest on."""

    minutes: Floats
    """All votes together, shape (n_rows,); NaN where a length is not known."""
    basis: str
    """A sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How people's measured minutes compare with those that were estimated."""

    factor: float
    """Minutes taken for each minute estimated, shrunk towards 1."""
    n: int
    """How many measured items it rests on."""


def estimate_minutes(
    prompt_tokens: npt.ArrayLike,
    answer_tokens: npt.ArrayLike,
    *,
    task: Task,
    votes: npt.ArrayLike = 1,
    config: MinutesConfig | None = None,
    measured: Pace | None = None,
) -> Estimate:
    """Estimate reviewers' minutes from an item's length and the task.

    Each vote takes `config.base` minutes, and `config.per_100_tokens` for each 100 tokens of prompt
    and answers. Where that is null: prompt and answers are read at 238 words a minute (Brysbaert,
    2019) and a rewrite types 30 % of the answer anew at 40 words a minute (Dhakal et al., 2018:
    52 when copying), with 0.75 words a token; so 0.32 minutes a 100 tokens read, 0.56 more for
    100 tokens of an answer that is to be rewritten. Once people's times are known, the whole is
    multiplied by their `fitted_minutes`.

    Args:
        prompt_tokens: Shape (n_rows,).
        answer_tokens: Of all answers shown together, shape (n_rows,).
        task: What people do.
        votes: How many people answer each item, one number or shape (n_rows,).
        config: The two constants; None = the defaults.
        measured: How measured minutes compared, if any were measured.

    >>> estimate_minutes([100], [200], task="rank").minutes.round(3)
    array([1.445])
    """
    config = config or MinutesConfig()
    prompt, answer = np.asarray(prompt_tokens, np.float64), np.asarray(answer_tokens, np.float64)
    reading, typing = _per_token(task, config)
    plain = np.asarray(votes) * (config.base + reading * (prompt + answer) + typing * answer)
    factor = 1.0 if measured is None else measured.factor
    return Estimate(minutes=factor * plain, basis=_basis(task, config, measured))


def _per_token(task: Task, config: MinutesConfig) -> tuple[float, float]:
    if config.per_100_tokens is not None:
        return config.per_100_tokens / 100, 0.0
    return WORDS / READING, WORDS * RETYPED / TYPING if task == "rewrite" else 0.0


def _basis(task: Task, config: MinutesConfig, measured: Pace | None) -> str:
    reading, typing = _per_token(task, config)
    length = f"{100 * reading:.2g} for each 100 tokens"
    length += f" and {100 * typing:.2g} more for those of the answer" if typing else ""
    said = f"minutes from length: {config.base:g} an item, {length}"
    if measured is None or not measured.n:
        return f"{said}; no times were measured yet"
    return f"{said}, times {measured.factor:.2f} as {measured.n:,} measured items say"


def fitted_minutes(estimated: npt.ArrayLike, minutes: npt.ArrayLike) -> Pace:
    """Compare measured minutes with estimated ones, robustly.

    The factor is the ratio of the sums, after each item's own ratio was brought to within
    `_BREAK` times the median ratio (a coffee in between is no reviewing time), and shrunk towards
    1 on the log scale as if `_PRIOR` items had taken exactly as long as estimated. A ratio of sums,
    for budgets are sums; the median alone would run short of them.

    Args:
        estimated: What `estimate_minutes` said of each item, shape (n_items,).
        minutes: What people took, all votes together, shape (n_items,); NaN = not known.

    >>> round(fitted_minutes([1.0] * 30, [2.0] * 29 + [500.0]).factor, 2)
    1.81
    """
    before, taken = np.asarray(estimated, np.float64), np.asarray(minutes, np.float64)
    known = (before > 0) & (taken > 0) & np.isfinite(before) & np.isfinite(taken)
    before, taken = before[known], taken[known]
    n = len(before)
    if not n:
        return Pace(factor=1.0, n=0)
    ratio = taken / before
    middle = float(np.median(ratio))
    kept = before * np.clip(ratio, middle / _BREAK, middle * _BREAK)
    factor = math.log(kept.sum() / before.sum())
    return Pace(factor=math.exp(factor * n / (n + _PRIOR)), n=n)


_BREAK = 4.0
_PRIOR = 10.0


def minutes_allowed(config: BudgetConfig) -> float:
    """Return how many of reviewers' minutes `minutes` and `money` allow; infinity = any number.

    >>> minutes_allowed(BudgetConfig(minutes=90, money=40, per_hour=30))
    80.0
    """
    by_money = math.inf
    if config.money is not None and config.per_hour is not None:
        by_money = 60 * config.money / config.per_hour
    return min(by_money, math.inf if config.minutes is None else config.minutes)


class Budget:
    """What is left of a round's items and minutes.

    Rows are counted in picking order. One that would take more minutes than are left is passed
    over; after `_PATIENCE` such rows in a row the queue is full.

    Args:
        k: Most items.
        config: Limits in minutes and money.
        minutes: Of each row, shape (n_rows,); needed where minutes or money are limited. A row of
            NaN counts as the mean of the others on offer.
        open_rows: Rows that may be picked, shape (n_rows,).

    Raises:
        ConfigError: If minutes are limited and none are known.
    """

    def __init__(
        self,
        k: int,
        config: BudgetConfig,
        minutes: Floats | None,
        open_rows: npt.NDArray[np.bool_],
    ) -> None:
        self.limit = minutes_allowed(config)
        """Minutes in all; infinity = not limited."""
        self.minutes = self._known(minutes, open_rows)
        """Of each row, shape (n_rows,); zeros where they are not limited."""
        self.spent = 0.0
        self.taken = 0
        self._k = k
        self._mean = float(self.minutes[open_rows].mean()) if open_rows.any() else 0.0
        self._passed = 0
        self._config = config

    def _known(self, minutes: Floats | None, open_rows: npt.NDArray[np.bool_]) -> Floats:
        if math.isinf(self.limit):
            return np.zeros(len(open_rows))
        known = np.full(len(open_rows), np.nan) if minutes is None else np.asarray(minutes, float)
        there = open_rows & ~np.isnan(known)
        if open_rows.any() and not there.any():
            raise ConfigError(
                "`select.budget` limits minutes or money, but no row's minutes are known; "
                "give `Pool.minutes` (see `estimate_minutes`)"
            )
        mean = float(known[there].mean()) if there.any() else 0.0
        return np.where(np.isnan(known), mean, known)

    @property
    def expected(self) -> int:
        """How many more items are to be expected, by the mean of the rows on offer."""
        left = self._k - self.taken
        if math.isinf(self.limit) or self._mean <= 0:
            return max(0, left)
        return max(0, min(left, math.floor((self.limit - self.spent) / self._mean + _ROUNDING)))

    @property
    def left(self) -> int:
        """How many more items are allowed at most; 0 once the minutes are used up."""
        return 0 if self.used_up else max(0, self._k - self.taken)

    @property
    def used_up(self) -> bool:
        """Whether the minutes, not the items, ended the queue."""
        return self._passed >= _PATIENCE or self.spent >= self.limit - _ROUNDING

    def refuses(self, row: int) -> str | None:
        """Return why a row does not fit any more, or None."""
        left = self.limit - self.spent
        if self.minutes[row] <= left + _ROUNDING:
            self._passed = 0
            return None
        self._passed += 1
        return f"would take {self.minutes[row]:.1f} minutes, {left:.1f} were left"

    def spend(self, rows: npt.NDArray[np.int64]) -> None:
        """Count rows as picked."""
        self.taken += len(rows)
        self.spent += float(self.minutes[rows].sum())

    def in_words(self) -> str:
        """Say what ended the queue."""
        what = f"{self.limit:,.1f} minutes"
        if self.limit != self._config.minutes:
            what = f"{self._config.money:g} of `select.budget.money` ({what})"
        return f"{what} are used up: {self.taken:,} items take {self.spent:,.1f}"


_ROUNDING = 1e-9
_PATIENCE = 20
