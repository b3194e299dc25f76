"""When another round is worth it: each answer with its reason."""

import math

import numpy as np
import pytest

from curate.measure.intervals import Interval
from curate.measure.stopping import Bars, advise, next_yield, power_law

UNKNOWN = Interval(value=math.nan, low=math.nan, high=math.nan)


def span(low, value, high):
    return Interval(value=value, low=low, high=high)


def advice(lift=UNKNOWN, remaining=UNKNOWN, per_hour=UNKNOWN, answers=200, drawn=40, bars=None):
    return advise(
        answers=answers,
        drawn=drawn,
        lift=lift,
        remaining=remaining,
        per_hour=per_hour,
        bars=bars,
    )


def test_few_answers_say_nothing_and_say_how_many_are_needed():
    few = advice(span(2, 3, 4), answers=49)
    assert few.state == "cannot tell" and "49 answers are too few" in few.reason
    undrawn = advice(span(2, 3, 4), drawn=19)
    assert undrawn.state == "cannot tell" and "select.random_share" in undrawn.reason


def test_choosing_that_beats_chance_goes_on():
    said = advice(span(1.5, 2, 3))
    assert (
        said.state == "go on"
        and said.reason == "choosing beats chance: 2.0 [1.5, 3.0] times chance"
    )


def test_choosing_that_finds_no_more_than_chance_stops():
    said = advice(span(0.7, 0.9, 1.1))
    assert said.state == "stop" and "drawn by lot" in said.reason


def test_an_interval_on_both_sides_of_its_bar_cannot_tell():
    said = advice(span(0.9, 1.5, 2), span(0.01, 0.02, 0.04), span(0.5, 1, 2))
    assert said.state == "cannot tell"
    assert [check.state for check in said.checks] == ["cannot tell"] * 3
    assert said.reason.count(";") == 2


def test_little_left_stops_whatever_else_goes_on():
    said = advice(span(2, 3, 4), span(0.001, 0.005, 0.015), span(5, 10, 20))
    assert said.state == "stop"
    assert said.reason == (
        "of what is left, 0.5 % [0.1 %, 1.5 %] is worth a person's time, under the bar of 2.0 %"
    )


def test_an_hour_that_brings_too_little_stops():
    said = advice(per_hour=span(1, 2, 3), bars=Bars(per_hour=4))
    assert said.state == "stop" and "2.0 [1.0, 3.0] useful answers" in said.reason


def test_the_next_round_follows_the_decline():
    falling = next_yield([100, 100, 100, 100], [80, 60, 40, 20])
    # log-odds 1.4, 0.4, -0.4, -1.4: the fifth about -2.3, a share of 0.09
    assert 0.05 < falling.value < 0.15
    assert falling.low < falling.value < falling.high


def test_with_two_rounds_the_last_one_is_what_to_expect():
    two = next_yield([50, 100], [40, 50])
    assert two.value == 0.5
    longer = next_yield([50, 100], [40, 50], next_asked=1000)
    assert longer.high - longer.low < two.high - two.low
    assert not next_yield([], []).known
    assert not next_yield([0], [0]).known


def test_all_or_nothing_stays_finite():
    for useful in ([20, 20, 20], [0, 0, 0], [20, 0, 20]):
        found = next_yield([20, 20, 20], useful)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_forecast_of_a_steady_decline_holds_what_comes():
    rng = np.random.default_rng(4)
    held = []
    for _ in range(400):
        shares = 1 / (1 + np.exp(-(0.5 - 0.4 * np.arange(6))))
        useful = rng.binomial(60, shares)
        found = next_yield([60] * 5, useful[:5].tolist())
        held.append(found.low <= shares[5] <= found.high)
    assert np.mean(held) >= 0.93


def test_a_power_law_is_found_with_its_interval():
    rng = np.random.default_rng(0)
    labels = np.array([50, 100, 200, 400, 800])
    errors = 2 * labels**-0.4 * np.exp(rng.normal(0, 0.05, 5))
    fit = power_law(labels.tolist(), errors.tolist())
    assert fit.exponent.low < 0.4 < fit.exponent.high
    assert fit.at(1600) == pytest.approx(2 * 1600**-0.4, rel=0.15)
    assert not power_law([100], [0.4]).exponent.known
    assert math.isnan(power_law([100, 200], [0.4, 0.2]).exponent.low)
