"""Whether another round is worth people's time: three questions, three possible answers each.

**go on**, **stop**, or **cannot tell** yet. A question is answered only where the whole 95 %
interval lies on one side of its bar, and not before there are `Bars.least_answers` answers with
`Bars.least_drawn` drawn by lot among them:

1. *Does choosing still beat chance?* Useful answers among what was chosen, over what chance would
   have found, in the last rounds (`curate progress` takes the last two). Stop once even the upper
   end is under `Bars.lift`: what is left is found as well by lot. Go on while the lower end is
   above 1.
2. *Is there enough left to find?* The share of useful rows among those that nobody has reviewed.
   Stop once even the upper end is under `Bars.remaining`.
3. *Does an hour still bring enough?* Useful answers that an hour of a reviewer's will bring in the
   next round, by how the rounds so far declined. Stop once even the upper end is under
   `Bars.per_hour`.

One question that says stop is enough. Rounds are looked at one after the other, so the intervals
are those of one look: over many rounds one of them may be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from curate.measure.intervals import NORMAL, UNKNOWN, Interval, share_interval, student_t

__all__ = [
    "Advice",
    "Bars",
    "Check",
    "PowerLaw",
    "State",
    "advise",
    "next_yield",
    "power_law",
]

State = Literal["go on", "stop", "cannot tell"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Where the line is drawn."""

    lift: float = 1.2
    """Times what chance would have found."""
    remaining: float = 0.02
    """Share of useful rows among those not reviewed."""
    per_hour: float = 1.0
    """Useful answers an hour of a reviewer's."""
    least_answers: int = 50
    """Answers before anything is said."""
    least_drawn: int = 20
    """Answers to rows drawn by lot before anything is said that rests on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question's answer."""

    name: Literal["lift", "remaining", "per_hour"]
    state: State
    reason: str
    """A sentence without its full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do, and why."""

    state: State
    reason: str
    """A sentence without its full stop."""
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """``error = level * labels ** -exponent``."""

    exponent: Interval
    """Above 0: the error falls; NaN ends with fewer than three points."""
    level: float

    def at(self, labels: float) -> float:
        """Return the error that is expected of so many labels."""
        return float(self.level * labels**-self.exponent.value)


def advise(
    *,
    answers: int,
    drawn: int,
    lift: Interval,
    remaining: Interval,
    per_hour: Interval,
    bars: Bars | None = None,
) -> Advice:
    """Say whether to go on.

    Args:
        answers: Items with an answer that counts, over all rounds.
        drawn: Of these, drawn by lot.
        lift: Useful among the chosen over what chance would have found, in the last rounds.
        remaining: Share of useful rows among those not reviewed.
        per_hour: Useful answers an hour that the next round will bring.
        bars: Where the lines are drawn.

    >>> some = Interval(value=0.3, low=0.2, high=0.4)
    >>> unknown = Interval(value=math.nan, low=math.nan, high=math.nan)
    >>> advise(answers=60, drawn=30, lift=unknown, remaining=some, per_hour=unknown).state
    'go on'
    """
    bars = bars or Bars()
    few = _too_few(answers, drawn, bars)
    if few is not None:
        return Advice(state="cannot tell", reason=few, checks=())
    checks = (_of_lift(lift, bars), _of_remaining(remaining, bars), _of_hour(per_hour, bars))
    state = _overall([check.state for check in checks])
    return Advice(state=state, reason=_because(checks, state), checks=checks)


def next_yield(
    asked: Sequence[float], useful: Sequence[float], *, next_asked: float | None = None
) -> Interval:
    """Return the share of useful answers to expect of the next round's choice.

    With three rounds or more a logistic trend over the answers so far, fitted to the rounds'
    counts and carried on to the middle of the next round; its uncertainty grows with how far the
    rounds lie off the trend. With fewer, the last round's share, and the interval of a new round
    of as many rows.

    Args:
        asked: Chosen rows with an answer, by round.
        useful: How many of these were useful, by round.
        next_asked: Size of the next round; None = as the last one.

    >>> level = next_yield([50, 50, 50], [25, 25, 25])
    >>> round(level.value, 2), level.low < 0.5 < level.high
    (0.5, True)
    """
    rounds = [(n, k) for n, k in zip(asked, useful, strict=True) if n > 0]
    if not rounds:
        return UNKNOWN
    n, k = (np.array(column, np.float64) for column in zip(*rounds, strict=True))
    after = float(n[-1]) if next_asked is None else next_asked
    if len(n) < _TREND:
        share = float(k[-1] / n[-1])
        worth = 1 / (1 / n[-1] + 1 / after)
        low, high = share_interval(share, worth)
        return Interval(value=share, low=low, high=high, n=int(n[-1]))
    return _trend(n, k, after)


_TREND = 3


def power_law(labels: Sequence[float], errors: Sequence[float]) -> PowerLaw:
    """Fit a learning curve: how the error falls with the number of labels.

    Least squares of ``log error`` on ``log labels``; Student's interval for the exponent (the
    form that learning curves of most models have: Hestness et al., 2017).

    Args:
        labels: Numbers of labels, above 0.
        errors: E.g. 1 - AUROC, above 0; what is not is left out.

    >>> fit = power_law([100, 200, 400], [0.4, 0.2, 0.1])
    >>> round(fit.exponent.value, 6), round(fit.at(800), 6)
    (1.0, 0.05)
    """
    pairs = [(x, y) for x, y in zip(labels, errors, strict=True) if x > 0 and y > 0]
    if len({x for x, _ in pairs}) < 2:
        return PowerLaw(exponent=UNKNOWN, level=math.nan)
    x, y = (np.log(np.array(column, np.float64)) for column in zip(*pairs, strict=True))
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    left = y - y.mean() - slope * centred
    df = len(x) - 2
    sd = math.sqrt(float(left @ left) / df / float(centred @ centred)) if df > 0 else math.nan
    half = student_t(df) * sd
    exponent = Interval(value=-slope, low=-slope - half, high=-slope + half, n=len(x))
    return PowerLaw(exponent=exponent, level=math.exp(float(y.mean() - slope * x.mean())))


def _too_few(answers: int, drawn: int, bars: Bars) -> str | None:
    if answers < bars.least_answers:
        return f"{answers:,} answers are too few to tell; {bars.least_answers:,} are needed"
    if drawn < bars.least_drawn:
        return (
            f"{drawn:,} answers to rows drawn by lot are too few to tell what chance would find; "
            f"{bars.least_drawn:,} are needed (`select.random_share`)"
        )
    return None


def _overall(states: Sequence[State]) -> State:
    for state in ("stop", "go on"):
        if state in states:
            return state
    return "cannot tell"


def _because(checks: Sequence[Check], state: State) -> str:
    return "; ".join(check.reason for check in checks if check.state == state)


def _of_lift(lift: Interval, bars: Bars) -> Check:
    if not lift.known:
        return Check(name="lift", state="cannot tell", reason="nothing was chosen and answered yet")
    span = f"{_times(lift.value)} [{_times(lift.low)}, {_times(lift.high)}] times chance"
    if lift.high < bars.lift:
        reason = (
            f"choosing found no more than chance would have ({span}, under {bars.lift:g}): what "
            "is left can as well be drawn by lot"
        )
        return Check(name="lift", state="stop", reason=reason)
    if lift.low > 1:
        return Check(name="lift", state="go on", reason=f"choosing beats chance: {span}")
    reason = f"whether choosing still beats chance is open: {span}"
    return Check(name="lift", state="cannot tell", reason=reason)


def _of_remaining(share: Interval, bars: Bars) -> Check:
    if not share.known:
        reason = "what is left in the pool is not known"
        return Check(name="remaining", state="cannot tell", reason=reason)
    span = f"{_percent(share.value)} [{_percent(share.low)}, {_percent(share.high)}]"
    state = _against(share, bars.remaining)
    reason = {
        "stop": f"of what is left, {span} is worth a person's time, under the bar of",
        "go on": f"of what is left, {span} is worth a person's time, over the bar of",
        "cannot tell": f"of what is left, {span} is worth a person's time: on both sides of",
    }[state]
    return Check(name="remaining", state=state, reason=f"{reason} {_percent(bars.remaining)}")


def _of_hour(gain: Interval, bars: Bars) -> Check:
    if not gain.known:
        reason = "what an hour brings is not known: no times of reviewers yet"
        return Check(name="per_hour", state="cannot tell", reason=reason)
    span = f"{_times(gain.value)} [{_times(gain.low)}, {_times(gain.high)}]"
    state = _against(gain, bars.per_hour)
    reason = {
        "stop": f"the next hour of a reviewer brings {span} useful answers, under the bar of",
        "go on": f"the next hour of a reviewer brings {span} useful answers, over the bar of",
        "cannot tell": f"the next hour of a reviewer brings {span} useful answers: both sides of",
    }[state]
    return Check(name="per_hour", state=state, reason=f"{reason} {bars.per_hour:g}")


def _against(interval: Interval, bar: float) -> State:
    if interval.high < bar:
        return "stop"
    return "go on" if interval.low > bar else "cannot tell"


def _times(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _trend(n: Floats, k: Floats, after: float) -> Interval:
    """Carry a logistic trend of shares over the answers so far on to the next round."""
    done = np.concatenate([[0.0], np.cumsum(n)])
    middles = (done[:-1] + done[1:]) / 2
    scale = float(done[-1])
    design = np.column_stack([np.ones(len(n)), middles / scale])
    beta, information = _logistic(design, n, k)
    fitted = _sigmoid(design @ beta)
    off = np.square(k - n * fitted) / np.maximum(n * fitted * (1 - fitted), 1e-9)
    df = len(n) - 2
    spread = max(1.0, float(off.sum()) / df)
    there = np.array([1.0, (scale + after / 2) / scale])
    middle = float(there @ beta)
    sd = math.sqrt(float(there @ np.linalg.solve(information, there)) * spread)
    critical = NORMAL if spread <= 1 else min(student_t(df), _WIDEST)
    low, high = (float(_sigmoid(np.array(middle + s * critical * sd))) for s in (-1, 1))
    value = float(_sigmoid(np.array(middle)))
    return Interval(value=value, low=low, high=high, n=int(n.sum()))


_WIDEST = 4.3
"""Student's quantile of two degrees of freedom: with one nothing at all could be said."""


def _logistic(design: Floats, n: Floats, k: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients and information of a logistic fit to counts.

    A weak prior on the slope (standard deviation 3 over all answers so far) and half a count on
    either side keep it finite where a round has all or nothing.
    """
    prior = np.diag([0.0, 1 / 9])
    k, n = k + 0.5, n + 1.0
    beta = np.array([math.log(k.sum() / (n - k).sum()), 0.0])
    information = prior
    for _ in range(50):
        p = _sigmoid(design @ beta)
        information = (design * (n * p * (1 - p))[:, None]).T @ design + prior
        step = np.linalg.solve(information, design.T @ (k - n * p) - prior @ beta)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return beta, information


def _sigmoid(x: Floats) -> Floats:
    value: Floats = 1 / (1 + np.exp(-x))
    return value
