"""What a draw by lot says of the whole, worked by hand and held against simulated truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.estimates import (
    Draw,
    chance_mean,
    hajek,
    horvitz_thompson,
    over_rounds,
    stratified,
)
from curate.measure.intervals import Interval, ratio, share_interval, total

NAN = float("nan")


def covered(estimate, truth):
    return estimate.low - 1e-9 <= truth <= estimate.high + 1e-9


def test_the_plain_mean_of_a_simple_draw():
    # 3 of 12: 0.25; Wilson at 12 / (1 - 12/60) = 15 independent draws
    found = hajek([1, 1, 1] + [0] * 9, 60)
    assert found.value == 0.25 and found.n == 12
    assert (found.low, found.high) == pytest.approx(share_interval(0.25, 15))


def test_unequal_chances_weigh_by_their_reciprocal():
    # weights 10, 10, 2, 2: (10 + 0 + 2 + 2) / 24 and (10 + 2 + 2) / 30
    y, chances = [1, 0, 1, 1], [0.1, 0.1, 0.5, 0.5]
    assert hajek(y, 30, chances=chances).value == pytest.approx(14 / 24)
    assert horvitz_thompson(y, chances, 30).value == pytest.approx(14 / 30)


def test_none_wrong_of_twenty_is_no_certainty():
    found = hajek([0] * 20, 1000)
    assert found.value == found.low == 0
    assert 0.1 < found.high < 0.2
    assert 0.1 < horvitz_thompson([0] * 20, [0.02] * 20, 1000).high < 0.2
    alike = hajek([4.0] * 10, 1000, bounds=(1, 5))
    assert alike.low < 4 < alike.high


def test_all_rows_leave_no_doubt():
    found = hajek([1, 0, 0, 1], 4)
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_a_row_without_an_answer_counts_as_like_the_others():
    assert hajek([1, NAN, 0, NAN], 100).value == 0.5
    assert horvitz_thompson([1, NAN, 0, NAN], [0.04] * 4, 100).value == pytest.approx(0.5)
    assert not hajek([NAN, NAN], 100).known
    assert not hajek([], 100).known


def test_what_was_reviewed_before_is_known_and_not_estimated():
    # 10 rows; 4 reviewed: 3 wrong; of the 6 left 2 drawn, 1 wrong: (3 + 6 * 1/2) / 10
    draw = Draw(values=[1, 0], n_open=6, known=[1, 1, 1, 0])
    found = over_rounds([draw])
    assert found.value == pytest.approx(0.6)
    # Wilson for 1/2 at 2 / (1 - 2/6) = 3 draws, on six tenths
    low, high = share_interval(0.5, 3)
    assert (found.low, found.high) == pytest.approx((0.3 + 0.6 * low, 0.3 + 0.6 * high))


def test_rows_that_left_unasked_count_as_like_those_on_offer():
    draw = Draw(values=[1, 0], n_open=4, known=[1, 1, 1, 0], gone=2)
    assert over_rounds([draw]).value == pytest.approx(0.6)


def test_a_known_row_without_a_value_counts_as_like_those_on_offer():
    # 2 wrong among 3 known; the unknown one and the 2 open at 1/2 each
    draw = Draw(values=[1, 0], n_open=2, known=[1, 1, 0, NAN])
    assert over_rounds([draw]).value == pytest.approx((2 + 3 * 0.5) / 6)


def test_rounds_weigh_by_what_their_draws_are_worth():
    # worth 10 / (1 - 10/100) = 11.1 and 40 / (1 - 40/100) = 66.7 of a hundred rows each
    few, many = Draw(values=[1] * 10, n_open=100), Draw(values=[0] * 40, n_open=100)
    weight = (10 / 0.9) / (10 / 0.9 + 40 / 0.6)
    assert over_rounds([few, many]).value == pytest.approx(weight)


def test_chance_is_weighed_by_what_was_chosen_in_each_round():
    draws = [Draw(values=[1, 1], n_open=50), Draw(values=[0, 0], n_open=50)]
    assert chance_mean(draws, [30, 10]).value == pytest.approx(0.75)
    assert chance_mean([*draws, Draw(values=[NAN], n_open=9)], [30, 10, 99]).value == 0.75
    assert not chance_mean([], []).known


def test_parts_add_up_by_their_size():
    parts = [Interval(value=0.2, low=0.1, high=0.4), Interval(value=0.6, low=0.5, high=0.7)]
    found = stratified(parts, [75, 25])
    assert found.value == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3 - math.hypot(0.075, 0.025))
    unknown = Interval(value=NAN, low=NAN, high=NAN)
    assert not stratified([parts[0], unknown], [9, 1]).known
    assert stratified([parts[0], unknown], [9, 0]).value == pytest.approx(0.2)


def test_a_ratio_to_nothing_found_has_no_upper_end():
    above = Interval(value=0.5, low=0.4, high=0.6)
    found = ratio(above, Interval(value=0.0, low=0.0, high=0.2))
    # sqrt(0.4 * (2 * 0.5 - 0.4)) / 0.2
    assert found.low == pytest.approx(math.sqrt(0.24) / 0.2)
    assert found.value == found.high == math.inf
    nothing = Interval(value=0.0, low=0.0, high=0.0)
    assert math.isnan(ratio(nothing, nothing).value)


def test_chances_must_be_above_nothing():
    with pytest.raises(ValueError, match="chance above 0"):
        hajek([1.0], 10, chances=[0.0])
    with pytest.raises(ValueError, match="2 values, 1 chances"):
        hajek([1.0, 0.0], 10, chances=[0.5])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.integers(0, 200),
    st.lists(st.floats(0, 1), max_size=20),
)
def test_intervals_hold_their_estimate_and_stay_within_the_bounds(values, more, known):
    draw = Draw(values=values, n_open=len(values) + more, known=known)
    for found in (hajek(values, len(values) + more), over_rounds([draw, draw])):
        assert -1e-9 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1 + 1e-9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1, 5), min_size=2, max_size=20), st.integers(1, 100))
def test_a_change_of_units_changes_nothing_else(grades, more):
    n = len(grades) + more
    shares = [(grade - 1) / 4 for grade in grades]
    ours, theirs = hajek(grades, n, bounds=(1, 5)), hajek(shares, n)
    if set(np.round(shares, 9)) <= {0.0, 1.0}:
        return  # yes and no have an interval of their own
    assert ours.value == pytest.approx(1 + 4 * theirs.value)
    assert ours.low == pytest.approx(1 + 4 * theirs.low, abs=1e-6)


def test_without_bounds_the_interval_is_students():
    # mean 2, s = 1, t(2) = 4.303, n / N = 3 / 12: 4.303 * sqrt(1/3 * 3/4)
    found = hajek([1.0, 2.0, 3.0], 12, bounds=None)
    assert found.high == pytest.approx(2 + 4.302653 * 0.5, abs=1e-4)
    assert math.isnan(hajek([2.0, 2.0], 12, bounds=None).low)
    direct = horvitz_thompson([1.0, 2.0, 3.0], [0.25] * 3, 12, bounds=None)
    assert (direct.value, direct.high) == pytest.approx((found.value, found.high))


@pytest.mark.parametrize(("n", "m", "share"), [(1000, 20, 0.1), (1000, 60, 0.25), (200, 60, 0.1)])
def test_an_interval_of_one_round_holds_the_truth_in_95_of_100_draws(n, m, share):
    rng = np.random.default_rng(5)
    wrong = np.arange(n) < share * n
    drawn = (wrong[rng.choice(n, m, replace=False)].astype(float) for _ in range(600))
    held = np.mean([covered(hajek(y, n), share) for y in drawn])
    assert 0.92 <= held <= 0.99


def chosen_rounds(rng, share, *, n=800, m=20, k=80, rounds=4):
    """Rows whose need foretells what is wrong; each round draws, then takes the neediest."""
    need = rng.normal(size=n)
    wrong = np.zeros(n)
    wrong[np.argsort(-(2 * need + rng.logistic(size=n)))[: round(share * n)]] = 1
    open_, known, draws, chosen, by_chance = np.arange(n), np.empty(0, int), [], [], 0.0
    for _ in range(rounds):
        drawn = rng.choice(open_, m, replace=False)
        draws.append(Draw(values=wrong[drawn], n_open=len(open_), known=wrong[known]))
        by_chance += k * wrong[open_].mean()
        rest = np.setdiff1d(open_, drawn)
        picks = rest[np.argsort(-need[rest])[:k]]
        chosen.append(wrong[picks])
        known = np.concatenate([known, drawn, picks])
        open_ = np.setdiff1d(rest, picks)
    return wrong, draws, chosen, by_chance


def test_over_rounds_that_choose_what_is_wrong_the_estimate_stays_unbiased_and_covers():
    rng = np.random.default_rng(6)
    errors, held, one = [], [], []
    for _ in range(500):
        wrong, draws, _, _ = chosen_rounds(rng, 0.25)
        found = over_rounds(draws)
        errors.append(found.value - wrong.mean())
        held.append(covered(found, wrong.mean()))
        one.append(over_rounds(draws[:1]).high - over_rounds(draws[:1]).low)
    width = found.high - found.low
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(500)
    assert 0.93 <= np.mean(held) <= 0.99
    assert width < 0.5 * np.mean(one)


def test_how_many_times_chance_was_found_is_covered():
    rng = np.random.default_rng(7)
    held = []
    for _ in range(500):
        _, draws, chosen, by_chance = chosen_rounds(rng, 0.25)
        found = np.concatenate(chosen)
        times = ratio(hajek(found, len(found)), chance_mean(draws, [len(c) for c in chosen]))
        held.append(covered(times, found.sum() / by_chance))
    assert 0.93 <= np.mean(held) <= 0.98


def test_the_sum_of_nothing_is_unknown():
    assert not total([], []).known
