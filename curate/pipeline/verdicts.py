"""What the figures of rounds say, in sentences that claim no more than they can."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["findings", "sentences"]

Facts = Mapping[str, Any]


def sentences(facts: Facts) -> list[str]:
    """Return what a reader should know, the most important first.

    Args:
        facts: ``findings``, ``advice`` and ``drift``, as `progress` gathers them.
    """
    advice = f"{facts['advice']['state']}: {facts['advice']['reason']}"
    return [*facts["findings"], advice, *_of_drift(facts["drift"])]


def findings(task: str, rounds: Sequence[Facts], overall: Facts) -> list[str]:
    """Return what the rounds found, and what is left.

    Args:
        task: rewrite or rank.
        rounds: Figures of each round.
        overall: Figures of all.
    """
    return [
        *_of_lift(overall),
        *_of_pool(overall, task),
        *_of_curves(overall["curves"]),
        *_of_missing(rounds),
    ]


def _of_lift(overall: Facts) -> Iterator[str]:
    times, chance = overall["lift"], overall["chance"]
    if math.isnan(chance["value"]) or math.isnan(overall["chosen"]["value"]):
        return
    if math.isnan(times["value"]):
        yield "neither choosing nor chance found anything useful so far"
    elif math.isinf(times["value"]):
        yield (
            f"chance found nothing useful in {chance['n']:,} answers; selection found at least "
            f"{times['low']:.1f} times what chance would have found"
        )
    else:
        yield _compared(times, chance["n"])


def _compared(times: Facts, drawn: int) -> str:
    span = f"{times['value']:.1f} times [{times['low']:.1f}, {_number(times['high'])}]"
    if times["low"] > 1:
        return f"selection found {span} what chance would have found"
    if times["high"] < 1:
        return f"worse than random: selection found {span} what chance would have found"
    return (
        f"no better than random, as far as {drawn:,} answers drawn by lot can tell: selection "
        f"found {span} what chance would have found"
    )


def _of_pool(overall: Facts, task: str) -> Iterator[str]:
    pool, left = overall["pool"], overall["remaining"]
    if math.isnan(pool["value"]):
        return
    what = _USEFUL[task]
    yield (
        f"{_share(pool)} of the {pool['rows']:,} rows that were on offer {what}, by "
        f"{pool['n']:,} answers drawn by lot"
    )
    if pool["unseen"]:
        yield f"{pool['unseen']:,} rows came after the last draw with answers and are not in it"
    if left["rows"] and not math.isnan(left["value"]):
        yield f"of the {left['rows']:,} not reviewed, {_share(left)} {what}"


_USEFUL = {"rewrite": "need a rewrite", "rank": "have another order than was known"}


def _of_curves(curves: Sequence[Facts]) -> Iterator[str]:
    """Say what more answers teach the model, once three rounds or more tell of it."""
    for curve in curves:
        exponent = curve["exponent"]
        if exponent["n"] < _POINTS or math.isnan(exponent["low"]):
            continue
        law = f"{exponent['value']:.2f} [{exponent['low']:.2f}, {exponent['high']:.2f}]"
        if exponent["low"] > 0:
            yield (
                f"each answer still teaches the model: 100 more are expected to raise the AUROC "
                f"on the test split by {curve['gain_of_100']:.3f} (its error falls as the "
                f"answers to the power of {law})"
            )
        else:
            yield "whether more answers still teach the model cannot be told yet"


_POINTS = 3


def _of_missing(rounds: Sequence[Facts]) -> Iterator[str]:
    missing: dict[str, int] = {}
    for facts in rounds:
        for reason, times in facts["missing"].items():
            missing[reason] = missing.get(reason, 0) + times
    if missing:
        said = "; ".join(f"{times:,} {reason}" for reason, times in sorted(missing.items()))
        yield f"not in these figures: {said}"


def _of_drift(drift: Facts | None) -> Iterator[str]:
    if drift is None:
        return
    head = _DRIFT[drift["state"]].format(n=drift["n_new"])
    yield ": ".join([head, "; ".join(drift["reasons"])]) if drift["reasons"] else head


_DRIFT = {
    "reopen": "reopen the queue for {n:,} new prompts",
    "watch": "watch the {n:,} new prompts",
    "no drift": "the {n:,} new prompts are like those that were chosen from",
    "cannot tell": "cannot tell yet whether {n:,} new prompts are like the old ones",
}


def _share(facts: Facts) -> str:
    return f"{_percent(facts['value'])} [{_percent(facts['low'])}, {_percent(facts['high'])}]"


def _percent(share: float) -> str:
    edge = 0 < share < 0.1 or 0.95 < share < 1
    return f"{100 * share:.{int(edge)}f} %"


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.1f}"
