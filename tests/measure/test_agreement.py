import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.measure import (
    bootstrap_interval,
    item_agreement,
    krippendorff_alpha,
    percent_agreement,
    rater_agreement,
)

NAN = math.nan
# Krippendorff's own example: 4 raters, 12 units (Computing Krippendorff's Alpha-Reliability, 2011).
CANONICAL = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T

RATINGS = arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.integers(2, 5)),
    elements=st.sampled_from([NAN, 0.0, 1.0, 2.0, 5.0]),
)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_the_canonical_example(level, alpha):
    assert krippendorff_alpha(CANONICAL, level=level) == pytest.approx(alpha, abs=5e-4)


def test_nominal_alpha_worked_by_hand():
    # Items (1,1), (2,2), (1,2): 6 values, three 1s and three 2s.
    # observed = 2 ordered disagreeing pairs / (2 - 1) = 2
    # expected = (6^2 - 3^2 - 3^2) / (6 - 1) = 18 / 5; alpha = 1 - 2 / 3.6 = 4/9
    assert krippendorff_alpha([[1, 1], [2, 2], [1, 2]]) == pytest.approx(4 / 9)


def test_interval_alpha_worked_by_hand():
    # Items (0,0), (3,3), (0,3): mean 1.5, each value 1.5 away: sum of squares 6 * 2.25 = 13.5
    # observed = 2 * 9 = 18; expected = 2 * 6 * 13.5 / 5 = 32.4; alpha = 1 - 18 / 32.4 = 4/9
    alpha = krippendorff_alpha([[0, 0], [3, 3], [0, 3]], level="interval")
    assert alpha == pytest.approx(4 / 9)


def test_perfect_agreement_is_one():
    assert krippendorff_alpha([[1, 1, NAN], [2, 2, 2]]) == 1.0


def test_one_value_everywhere_has_no_alpha():
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))


@pytest.mark.parametrize("ratings", [[], np.empty((0, 3)), [[NAN, NAN]], [[1, NAN], [NAN, 2]]])
def test_nothing_to_compare_has_no_alpha(ratings):
    assert math.isnan(krippendorff_alpha(ratings))
    assert math.isnan(percent_agreement(ratings))


def test_a_vector_is_refused():
    with pytest.raises(ValueError, match="n_items, n_raters"):
        krippendorff_alpha([1.0, 2.0])


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@settings(deadline=None, max_examples=40)
@given(ratings=RATINGS)
def test_alpha_equals_that_of_the_krippendorff_package(level, ratings):
    peer = pytest.importorskip("krippendorff")
    ours = krippendorff_alpha(ratings, level=level)
    shared = ratings[(~np.isnan(ratings)).sum(axis=1) > 1]
    if len(np.unique(shared[~np.isnan(shared)])) < 2:
        assert math.isnan(ours)
    else:
        theirs = peer.alpha(ratings.T, level_of_measurement=level)
        assert ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@settings(deadline=None, max_examples=40)
@given(ratings=RATINGS, shift=st.sampled_from([0.25, 100_000.5, -7.0]))
def test_values_that_are_no_small_integers_give_the_same_alpha(level, ratings, shift):
    moved = krippendorff_alpha(ratings + shift, level=level)
    assert moved == pytest.approx(krippendorff_alpha(ratings, level=level), nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(ratings=RATINGS, seed=st.integers(0, 99))
def test_alpha_does_not_depend_on_the_order_of_items_or_raters(ratings, seed):
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(rng.permutation(ratings, axis=0), axis=1)
    assert krippendorff_alpha(mixed) == pytest.approx(krippendorff_alpha(ratings), nan_ok=True)


def test_shares_of_agreeing_pairs_worked_by_hand():
    ratings = [[1, 1, 2], [3, 3, NAN], [4, NAN, NAN]]
    # Pairs: item 0 has 1 of 3 equal, item 1 has 1 of 1, item 2 has none.
    assert item_agreement(ratings)[:2].tolist() == pytest.approx([1 / 3, 1])
    assert math.isnan(item_agreement(ratings)[2])
    assert percent_agreement(ratings) == 2 / 4
    # Rater 0 met the others 3 times and agreed twice; rater 2 met them twice, never agreed.
    assert rater_agreement(ratings).tolist() == pytest.approx([2 / 3, 2 / 3, 0])


def test_a_rater_who_met_nobody_has_no_agreement():
    assert math.isnan(rater_agreement([[1, 1, NAN], [NAN, NAN, 2]])[2])


def test_the_interval_holds_the_value_and_repeats_by_seed():
    rng = np.random.default_rng(1)
    truth = rng.integers(3, size=200)
    ratings = np.stack([np.where(rng.random(200) < 0.8, truth, 0) for _ in range(3)], axis=1)
    low, high = bootstrap_interval(krippendorff_alpha, ratings, n=200, rng=3)
    assert low < krippendorff_alpha(ratings) < high
    assert high - low < 0.2
    assert (low, high) == bootstrap_interval(krippendorff_alpha, ratings, n=200, rng=3)


def test_the_interval_of_a_mean_is_that_of_the_normal_law():
    # 400 draws of N(0, 1): the mean's standard error is 1/20, so the interval is about 4 * 1/20.
    draws = np.random.default_rng(2).normal(size=(400, 1))
    low, high = bootstrap_interval(lambda r: float(r.mean()), draws, n=2000, rng=4)
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.1)


def test_the_interval_of_nothing_is_nan():
    assert all(map(math.isnan, bootstrap_interval(krippendorff_alpha, np.empty((0, 2)), n=10)))
    assert all(map(math.isnan, bootstrap_interval(krippendorff_alpha, [[1, NAN]], n=10)))
