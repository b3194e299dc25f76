import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.model_need import error_share


def test_a_class_of_three_weighs_a_third_each():
    # Doubts of .4; sizes 3 and 1, so .4/3, .4/3, .4/3 and .4: a mean of .2, hence 2/3 and 2.
    shares = error_share(np.full(4, 0.4), np.array([[1, 0], [1, 0], [1, 0], [0, 1.0]]))
    assert np.allclose(shares, [2 / 3, 2 / 3, 2 / 3, 2])


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
