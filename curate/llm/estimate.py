"""What calls will take, before any of them is sent.

In: the calls of one member, and the ledger. Out: calls to make, tokens, money and time: low, likely
and high. Calls that the ledger has are not counted.

Prompt tokens are counted by tiktoken, and scaled by what the model's server has counted of prompts
so far, where there are at least `_ENOUGH`: other tokenizers, and the template around a chat.

How long answers will be is taken from what is known best:

1. the model's own answers in this stage so far, where there are at least `_ENOUGH`;
2. else the answers that the logs hold (`generate` only);
3. else `max_tokens`: a token at least, half of it likely, all of it at most.

Low: every answer as short as the shortest tenth. Likely: as long as the mean. High: as long as the
longest tenth. With adaptive sampling low counts the samples that are taken of every prompt, high
all of them, and likely half of those in between.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from curate.config import MemberConfig
from curate.llm.calls import Call
from curate.llm.ledger import Ledger
from curate.llm.prices import Prices
from curate.llm.weight import OPEN_ENDED, PromptTokens, completion_limit
from curate.tokens import Tokenizer

__all__ = ["Estimate", "Range", "between", "estimate"]

Floats = npt.NDArray[np.float64]

_ENOUGH = 10
"""Answers of a model from which the length of its others is told."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number that is not known yet; NaN where nothing is known of it."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __iter__(self) -> Iterator[float]:
        return iter((self.low, self.likely, self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one member's calls will take."""

    stage: str = ""
    label: str = ""
    model: str = ""
    answered: int = 0
    """Calls that the ledger has."""
    calls: Range = Range()
    """Calls to make."""
    requests: Range = Range()
    """What is sent: fewer than calls where one request asks for several samples."""
    prompt_tokens: Range = Range()
    completion_tokens: Range = Range()
    money: Range = Range()
    """NaN where no price is known."""
    seconds: Range = Range()
    """NaN where no rate is configured and no answer of the model was timed."""
    lengths: str = ""
    """Where the length of the answers was taken from."""


def estimate(
    calls: Iterable[Call],
    ledger: Ledger,
    *,
    stage: str,
    member: MemberConfig,
    prices: Prices,
    least: int | None = None,
    logged: Sequence[int] = (),
    tokenizer: Tokenizer = "o200k_base",
) -> Estimate:
    """Say what a member's calls will take.

    Args:
        calls: All of them, the samples of a prompt one after the other.
        ledger: Those it has are not counted.
        stage: generate or judge.
        member: Who is asked, and how fast.
        prices: What tokens cost.
        least: How many samples of a prompt are surely taken; None = all.
        logged: Tokens of the answers that the logs hold, where the new ones may be like them.
        tokenizer: By which prompts are counted.
    """
    load = _weigh(calls, ledger, member, least=least, tokenizer=tokenizer)
    scale = _scale(ledger, member, stage, tokenizer)
    prompts = [_flat(scale * part.prompt_tokens) for part in (load.sure, load.rest)]
    lengths, source = _lengths(ledger, member, stage, logged)
    told = Estimate(
        stage=stage,
        label=member.label,
        model=member.model,
        answered=load.answered,
        calls=_joined(_flat(load.sure.calls), _flat(load.rest.calls)),
        requests=_joined(_flat(load.sure.requests), _flat(load.rest.requests)),
        prompt_tokens=_joined(*prompts),
        completion_tokens=_joined(*(_said(part, lengths) for part in (load.sure, load.rest))),
        lengths=source,
    )
    seconds = _seconds(told, member, _pace(ledger, member, stage))
    return replace(told, money=_money(told, member, prices), seconds=seconds)


def between(least: Estimate, most: Estimate) -> Estimate:
    """Return an estimate as low as one and as high as another; likely: halfway."""
    return replace(
        most,
        calls=_halfway(least.calls, most.calls),
        requests=_halfway(least.requests, most.requests),
        prompt_tokens=_halfway(least.prompt_tokens, most.prompt_tokens),
        completion_tokens=_halfway(least.completion_tokens, most.completion_tokens),
        money=_halfway(least.money, most.money),
        seconds=_halfway(least.seconds, most.seconds),
    )


def _halfway(least: Range, most: Range) -> Range:
    return Range(least.low, (least.likely + most.likely) / 2, most.high)


@dataclass(slots=True, kw_only=True)
class _Part:
    """Some of the calls to make."""

    calls: int = 0
    requests: int = 0
    prompt_tokens: int = 0
    limits: Counter[int | None] = field(default_factory=Counter)
    """How many calls have which limit of completion tokens."""


@dataclass(slots=True, kw_only=True)
class _Load:
    answered: int = 0
    sure: _Part = field(default_factory=_Part)
    rest: _Part = field(default_factory=_Part)
    """Calls that an adaptive rule may save."""


def _weigh(
    calls: Iterable[Call],
    ledger: Ledger,
    member: MemberConfig,
    *,
    least: int | None,
    tokenizer: Tokenizer,
) -> _Load:
    load = _Load()
    tokens = PromptTokens(tokenizer)
    seen: set[str] = set()
    before: tuple[Call, _Part] | None = None
    in_request = 0
    for call in calls:
        if (key := call.key) in seen:
            continue
        seen.add(key)
        if key in ledger or _plainer(call) in ledger:
            load.answered += 1
            continue
        part = load.sure if least is None or call.sample < least else load.rest
        joins = before is not None and _same_request(before, (call, part))
        in_request = in_request + 1 if joins and in_request < member.samples_per_request else 1
        before = (call, part)
        part.calls += 1
        part.limits[completion_limit(call.params)] += 1
        if in_request == 1:
            part.requests += 1
            part.prompt_tokens += tokens(call)
    return load


def _plainer(call: Call) -> str | None:
    """Return the key under which the reply stands if the server refused the reply's schema."""
    if _SCHEMA not in call.params:
        return None
    params = {name: value for name, value in call.params.items() if name != _SCHEMA}
    return replace(call, params=params).key


_SCHEMA = "response_format"


def _same_request(before: tuple[Call, _Part], now: tuple[Call, _Part]) -> bool:
    (last, last_part), (call, part) = before, now
    same = last.messages == call.messages and last.params == call.params
    return same and last_part is part


def _scale(ledger: Ledger, member: MemberConfig, stage: str, tokenizer: Tokenizer) -> float:
    """Return the tokens that the server counts for one of tiktoken's; 1 where it is not known."""
    counted = ledger.counted(member.model, stage)
    if len(counted) < _ENOUGH:
        return 1.0
    tokens = PromptTokens(tokenizer)
    return sum(there for _, there in counted) / sum(tokens(call) for call, _ in counted)


def _lengths(
    ledger: Ledger, member: MemberConfig, stage: str, logged: Sequence[int]
) -> tuple[Range | None, str]:
    """Return how long answers are, and whose; None where only the limit is known."""
    own = [tokens for tokens, _ in ledger.measured(member.model, stage)]
    if len(own) >= _ENOUGH:
        return _spread(own), f"as {len(own):,} answers of the model so far"
    if len(logged):
        return _spread(logged), f"as {len(logged):,} answers in the logs"
    return None, "between 1 token and max_tokens"


def _spread(lengths: Sequence[int]) -> Range:
    low, high = np.quantile(lengths, [0.1, 0.9])
    likely = float(np.mean(lengths))
    return Range(min(float(low), likely), likely, max(float(high), likely))


def _said(part: _Part, lengths: Range | None) -> Range:
    """Return the completion tokens of some calls, none longer than its limit."""
    said = Range()
    for limit, calls in part.limits.items():
        most = limit if limit is not None else OPEN_ENDED if lengths is None else math.inf
        each = lengths or Range(1, max(1.0, most / 2), most)
        said += Range(*(calls * min(tokens, most) for tokens in each))
    return said


def _flat(number: float) -> Range:
    return Range(number, number, number)


def _joined(sure: Range, rest: Range) -> Range:
    """Return what both parts come to: none of the rest at least, half of it likely, all at most."""
    return Range(sure.low, sure.likely + rest.likely / 2, sure.high + rest.high)


def _money(told: Estimate, member: MemberConfig, prices: Prices) -> Range:
    price = prices.of_member(member)
    if price is None:
        return _flat(math.nan) if told.calls.high else Range()
    tokens = zip(told.prompt_tokens, told.completion_tokens, strict=True)
    return Range(*(price.money(prompt, completion) for prompt, completion in tokens))


def _pace(ledger: Ledger, member: MemberConfig, stage: str) -> float:
    """Return the mean seconds of a call of this model so far, or NaN.

    The offline engine's are shares of its time, so that they add up.
    """
    times = [s for _, s in ledger.measured(member.model, stage) if not math.isnan(s)]
    return float(np.mean(times)) if len(times) >= _ENOUGH else math.nan


def _seconds(told: Estimate, member: MemberConfig, pace: float) -> Range:
    """Return the time that the narrowest of rate, tokens and concurrency leaves."""
    if not told.calls.high:
        return Range()
    if member.client == "openai-batch":
        return _flat(math.nan)
    at_once = 1 if member.client == "vllm" else member.concurrency
    return Range(
        *(
            _narrowest(
                _at_rate(requests, member.requests_per_minute),
                _at_rate(prompt + completion, member.tokens_per_minute),
                requests * pace / at_once,
            )
            for requests, prompt, completion in zip(
                told.requests, told.prompt_tokens, told.completion_tokens, strict=True
            )
        )
    )


def _at_rate(amount: float, per_minute: int | None) -> float:
    return math.nan if per_minute is None else amount / per_minute * 60


def _narrowest(*seconds: float) -> float:
    known = [value for value in seconds if not math.isnan(value)]
    return max(known, default=math.nan)
