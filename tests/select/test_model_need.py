import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.model_need import error_share, runner_up


def test_a_class_of_three_weighs_a_third_each():
    # Doubts of .4; sizes 3 and 1, so .4/3, .4/3, .4/3 and .4: a mean of .2, hence 2/3 and 2.
    shares = error_share(np.full(4, 0.4), np.array([[1, 0], [1, 0], [1, 0], [0, 1.0]]))
    assert np.allclose(shares, [2 / 3, 2 / 3, 2 / 3, 2])


def test_chances_are_squared_before_classes_are_sized():
    # .8 and .2 squared are .64 and .04, of .68 in all: 16/17 and 1/17. The first two rows make
    # 32/17 of the first class, the third another 1/17; the second class has 18/17.
    chances = np.array([[0.8, 0.2], [0.8, 0.2], [0.2, 0.8]])
    common = 16 / 17 / (33 / 17) + 1 / 17 / (18 / 17)
    rare = 1 / 17 / (33 / 17) + 16 / 17 / (18 / 17)
    shares = error_share(np.ones(3), chances)
    assert np.isclose(shares[2] / shares[0], rare / common)


def test_the_runner_up_counts_by_odds_not_by_difference():
    # .20 against .02 and .50 against .32: margins of .18 both, odds of .1 and .64.
    chances = np.array([[0.2, 0.02, *[0.0195] * 40], [0.5, 0.32, *[0.0045] * 40]])
    assert np.allclose(runner_up(chances), [0.1, 0.64])
    assert runner_up(np.empty((0, 3))).tolist() == []


def test_rows_that_do_not_count_weigh_nothing_and_crowd_no_class():
    among = np.array([True, False, False, True])
    chances = np.array([[1, 0], [1, 0], [1, 0], [0, 1.0]])
    assert error_share(np.full(4, 0.4), chances, among=among).tolist() == [1, 0, 0, 1]


def test_a_class_that_no_row_is_expected_of_changes_nothing():
    chances = np.array([[0.5, 0.5, 0], [0.5, 0.5, 0]])
    assert error_share(np.array([0.2, 0.4]), chances).round(9).tolist() == [
        0.666666667,
        1.333333333,
    ]


def test_without_doubt_nothing_weighs():
    assert error_share(np.zeros(2), np.eye(2)).tolist() == [0, 0]
    assert error_share(np.empty(0), np.empty((0, 2))).tolist() == []


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 1000))
def test_the_mean_weight_is_one_and_classes_may_change_names(n_classes, n, seed):
    rng = np.random.default_rng(seed)
    chances, doubt = rng.dirichlet(np.ones(n_classes), size=n), rng.random(n) + 0.01
    shares = error_share(doubt, chances)
    assert np.isclose(shares.mean(), 1) and (shares > 0).all()
    renamed = error_share(doubt, chances[:, rng.permutation(n_classes)])
    assert np.allclose(shares, renamed)
