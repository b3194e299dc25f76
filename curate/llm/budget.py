"""A hard stop: what may be spent on models in all, in money, calls or tokens.

In: the `budget` section and the project's ledger. Out: whether one more call may be sent.

Before a call is sent its worst case is reserved: a token for each byte of its prompt, and
`max_tokens` of completion. Nothing is sent that could pass the limit; once what is in flight came
back and its real cost is known, it is looked at again. A call without `max_tokens` is reserved
`OPEN_ENDED` tokens: set `max_tokens` where the limit must hold to the last token. A call that
failed counts as a call, and costs the tokens that its server told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from curate.config import MemberConfig, SpendConfig
from curate.errors import BudgetError, ConfigError
from curate.llm.calls import Call, Reply
from curate.llm.ledger import Ledger
from curate.llm.prices import Price, Prices
from curate.llm.weight import OPEN_ENDED, completion_limit, most_prompt_tokens

__all__ = ["Budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    calls: int = 0
    tokens: int = 0
    money: float = 0.0

    def __add__(self, other: _Cost) -> _Cost:
        return _Cost(
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            money=self.money + other.money,
        )

    def __sub__(self, other: _Cost) -> _Cost:
        return _Cost(
            calls=self.calls - other.calls,
            tokens=self.tokens - other.tokens,
            money=self.money - other.money,
        )


class Budget:
    """What is left to spend.

    Args:
        spend: The `budget` section.
        ledger: Of the whole project: what was spent before counts.
        prices: For calls whose price was not known when they were made.

    Raises:
        ConfigError: If money is limited and some of what was spent has no price.
    """

    def __init__(self, spend: SpendConfig, ledger: Ledger, prices: Prices):
        self._limit = spend
        self._spent = _so_far(spend, ledger, prices)
        self._reserved: dict[str, _Cost] = {}
        self._in_flight = _Cost()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(_limits(self._limit))

    def check(self, member: MemberConfig, price: Price | None) -> None:
        """Look whether a member can be held to the limit.

        Raises:
            ConfigError: If money is limited and its price is not known.
        """
        if self._limit.money is not None and price is None:
            raise ConfigError(_no_price(member.model))

    def reserve(self, key: str, call: Call, price: Price | None) -> bool:
        """Set the worst case of a call aside; False if the limit might be passed with it."""
        if not self.limited:
            return True
        if not self.has_room(call, price):
            return False
        self._reserved[key] = worst = _worst(call, price)
        self._in_flight += worst
        return True

    def has_room(self, call: Call, price: Price | None) -> bool:
        """Whether the limit holds even at the worst case of a call."""
        return not _passed(self._limit, self._spent + self._in_flight + _worst(call, price))

    def settle(self, key: str, reply: Reply, money: float) -> None:
        """Put what a call did cost in the place of what was reserved for it."""
        worst = self._reserved.pop(key, None)
        if worst is None:
            return
        self._in_flight = self._in_flight - worst if self._reserved else _Cost()
        self._spent += _Cost(
            calls=1,
            tokens=reply.prompt_tokens + reply.completion_tokens,
            money=0.0 if math.isnan(money) else money,
        )

    def used_up(self, call: Call, price: Price | None, *, left: int) -> BudgetError:
        """Return the error that says what was spent, what is left to do, and how to go on.

        Args:
            call: The first one that was not sent.
            price: Of its tokens.
            left: How many of those known by now were not sent; others may follow them.
        """
        worst = _worst(call, price)
        reached = _passed(self._limit, self._spent + worst)
        facts = [_fact(name, self._limit, self._spent, worst) for name in reached]
        keys = " and ".join(f"`budget.{name}`" for name in reached)
        calls = "1 call was" if left == 1 else f"{left:,} calls were"
        return BudgetError(
            f"the budget is used up: {'; '.join(facts)}. At least {calls} not sent; what "
            f"was answered is kept. Raise {keys} and run the same command again"
        )


def _so_far(spend: SpendConfig, ledger: Ledger, prices: Prices) -> _Cost:
    total = ledger.totals()
    known = 0.0 if math.isnan(total.money) else total.money
    late = _priced_late(ledger, prices) if spend.money is not None else 0.0
    return _Cost(calls=total.calls + total.failed, tokens=total.tokens, money=known + late)


def _priced_late(ledger: Ledger, prices: Prices) -> float:
    """Return what calls cost, by today's prices, that had none when they were made."""
    money = 0.0
    for row in ledger.unpriced():
        price = prices.of(row.model, row.base_url)
        if price is None:
            raise ConfigError(f"{_no_price(row.model)} ({row.calls:,} calls were made already)")
        money += price.money(row.prompt_tokens, row.completion_tokens)
    return money


def _no_price(model: str) -> str:
    return (
        f"`budget.money` cannot be kept: the price of {model!r} is not known; say it under "
        f"`budget.prices`, as {model}: {{prompt: 0.5, completion: 1.5}} for a million tokens"
    )


def _worst(call: Call, price: Price | None) -> _Cost:
    prompt = most_prompt_tokens(call)
    limit = completion_limit(call.params)
    completion = OPEN_ENDED if limit is None else limit
    money = price.money(prompt, completion) if price else 0.0
    return _Cost(calls=1, tokens=prompt + completion, money=money)


def _limits(spend: SpendConfig) -> dict[str, float]:
    limits = {"money": spend.money, "calls": spend.calls, "tokens": spend.tokens}
    return {name: limit for name, limit in limits.items() if limit is not None}


def _passed(spend: SpendConfig, cost: _Cost) -> list[str]:
    """Return the limits that a cost passes, by their key."""
    return [name for name, limit in _limits(spend).items() if getattr(cost, name) > limit]


def _fact(name: str, limit: SpendConfig, spent: _Cost, next_one: _Cost) -> str:
    unit = limit.currency if name == "money" else name
    so_far, more = getattr(spent, name), getattr(next_one, name)
    shown = ("{:,.6g}" if name == "money" else "{:,}").format
    text = f"{shown(so_far)} of {shown(_limits(limit)[name])} {unit} spent"
    return text if name == "calls" else f"{text}, and the next call may take {shown(more)}"
