"""Effects: hand-worked numbers, mirrors, and intervals that hold what they should."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.effects import (
    binomial_p,
    cliffs_delta,
    clustered_share,
    cohens_d,
    effective_number,
    holm,
    paired_d,
    rank_biserial,
    rate,
)

differences = st.lists(st.integers(-50, 50), min_size=1, max_size=40)


def test_a_rate_carries_wilsons_interval():
    # Newcombe (1998), example: 81 of 263, Wilson [.2553, .3662]
    found = rate(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_nothing_has_no_rate():
    assert not rate(0, 0).known
    assert not clustered_share([], []).known


def test_the_binomial_test_is_exact():
    # 2 * (C(10, 9) + C(10, 10)) / 1024 = 22 / 1024
    assert binomial_p(9, 10) == pytest.approx(22 / 1024)
    assert math.isnan(binomial_p(0, 0))


def test_signed_ranks_are_worked_by_hand():
    # |1| |2| |-3| |4| have the ranks 1 2 3 4: (1 + 2 + 4 - 3) / 10
    assert rank_biserial([1, 2, -3, 4]) == pytest.approx(0.4)
    assert math.isnan(rank_biserial([0, 0]))


def test_cliffs_delta_counts_pairs():
    # (2, 1) + (2, 2)= + (3, 1) + (3, 2): three above, none below, one tie, of four
    assert cliffs_delta([2, 3], [1, 2]) == pytest.approx(0.75)


def test_cohens_d_divides_by_the_pooled_spread():
    # means 4 and 2; both variances 2, pooled 2
    assert cohens_d([3, 5], [1, 3]) == pytest.approx(2 / math.sqrt(2))
    assert math.isnan(cohens_d([1, 1], [1, 1]))


@settings(max_examples=50, deadline=None)
@given(differences)
def test_swapping_sides_turns_every_effect_round(values):
    x = np.array(values, float)
    for effect in (rank_biserial, paired_d):
        assert effect(-x) == pytest.approx(-effect(x), nan_ok=True)
    assert cliffs_delta(x, x[::-1] + 1) == pytest.approx(-cliffs_delta(x[::-1] + 1, x))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9))
def test_equal_counts_are_worth_their_number(n, each):
    assert effective_number([each] * n) == pytest.approx(n)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 99), min_size=1, max_size=20))
def test_the_effective_number_lies_between_one_and_all(counts):
    assert 1 - 1e-9 <= effective_number(counts) <= len(counts) + 1e-9


def test_holm_steps_down():
    # sorted .01 .03 .04 times 3, 2, 1: .03, .06, .04 -> never below the one before
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_what_was_not_tested_corrects_nothing():
    assert holm([0.02, float("nan")])[0] == pytest.approx(0.02)
    assert holm([]).tolist() == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_p_values_are_no_smaller_and_keep_the_order(p):
    corrected = holm(p)
    assert (corrected >= np.array(p) - 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= -1e-12).all()


def test_rows_of_one_group_that_repeat_each_other_count_once():
    hits, groups = np.repeat([1, 0, 1, 1], 5), np.repeat(np.arange(20), 1)
    copied = clustered_share(np.repeat(hits, 50), np.repeat(groups, 50))
    alone = clustered_share(hits, groups)
    assert copied.value == alone.value == 0.75
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.05)


def test_groups_of_independent_rows_widen_nothing():
    rng = np.random.default_rng(3)
    hits = rng.random(4_000) < 0.6
    grouped = clustered_share(hits, np.arange(4_000) % 400)
    plain = rate(int(hits.sum()), 4_000)
    assert grouped.high - grouped.low == pytest.approx(plain.high - plain.low, rel=0.15)


def test_the_interval_of_groups_holds_the_true_share():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        share = rng.beta(2, 2, 40)  # each group has a share of its own, .5 on average
        hits = rng.random((40, 25)) < share[:, None]
        found = clustered_share(hits.ravel(), np.repeat(np.arange(40), 25))
        held += found.low <= 0.5 <= found.high
    assert held / 300 >= 0.92


def test_few_groups_count_by_rows():
    found = clustered_share([1, 0] * 50, [0, 1] * 50)
    assert (found.low, found.high) == (rate(50, 100).low, rate(50, 100).high)
