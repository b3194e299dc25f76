import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.learn import features, map_features

NAN = float("nan")


def test_columns_become_normal_quantiles_of_their_ranks():
    # Ranks 1/6, 3/6, 5/6: normal quantiles -.967, 0, .967, standardised -1.225, 0, 1.225.
    got = features([], {"need": [0.1, 0.2, 9e9]})
    assert got[:, 0] == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)], abs=1e-6)


def test_what_is_missing_is_in_the_middle_and_says_so():
    pool = {"need": [1.0, NAN, 3.0, NAN]}
    assert map_features([], pool).names == ("need", "need?")
    got = features([], pool)
    assert got[:, 0] == pytest.approx([-1, 0, 1, 0], abs=1e-6)
    assert got[:, 1] == pytest.approx([-1, 1, -1, 1], abs=1e-6)


def test_columns_that_say_nothing_are_left_out():
    pool = {"same": [2.0, 2.0], "none": [NAN, NAN], "one": [5.0, NAN], "need": [1.0, 2.0]}
    assert map_features([], pool).names == ("one?", "need")


def test_vectors_are_centred_and_weigh_as_much_as_the_columns():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((50, 8)) * 7 + 3
    got = features([vectors], {"a": rng.random(50), "b": rng.random(50)})
    assert got.shape == (50, 10) and got.dtype == np.float32
    assert got[:, 2:].mean(axis=0) == pytest.approx(np.zeros(8), abs=1e-5)
    assert got[:, 2:].var(axis=0).sum() == pytest.approx(2.0, rel=1e-4)


def test_vectors_that_are_all_the_same_say_nothing():
    assert (features([np.ones((4, 3))], {}) == 0).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.just(NAN), st.integers(-5, 5).map(float)), min_size=2, max_size=30),
    st.integers(0, 1000),
)
def test_the_pools_order_and_the_columns_scale_do_not_matter(values, seed):
    column = np.array(values)
    order = np.random.default_rng(seed).permutation(len(column))
    one = features([], {"x": column})
    assert features([], {"x": column[order]}) == pytest.approx(one[order], abs=1e-5)
    assert features([], {"x": np.exp(column)}) == pytest.approx(one, abs=1e-5)
    assert np.isfinite(one).all()


def test_other_rows_are_placed_among_the_pools():
    mapped = map_features([], {"x": np.arange(2001.0), "y": np.zeros(2001)})
    got = mapped([], {"x": [-5.0, 1000.0, 9999.0, NAN]})[:, 0]
    assert got[0] == mapped([], {"x": [0.0]})[0, 0]
    assert got[1] == pytest.approx(0.0, abs=1e-3)
    assert got[2] == mapped([], {"x": [2000.0]})[0, 0]
    assert got[3] == 0.0


def test_infinite_values_rank_beyond_all_others():
    got = features([], {"x": [np.inf, 1.0, 2.0, -np.inf, NAN]})
    assert got == pytest.approx(features([], {"x": [9.0, 1.0, 2.0, 0.0, NAN]}), abs=1e-6)


def test_of_an_empty_pool_there_are_no_features():
    assert features([np.zeros((0, 3))], {"x": []}).shape == (0, 3)
    assert features([], {}).shape == (0, 0)


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match="different lengths"):
        features([np.zeros((2, 3))], {"x": [1.0]})
    with pytest.raises(ValueError, match="'x' is missing"):
        map_features([], {"x": [1.0, 2.0]})([], {})
    with pytest.raises(ValueError, match="blocks"):
        map_features([], {"x": [1.0, 2.0]})([np.zeros((2, 2))], {"x": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"shape \(n, 3\)"):
        map_features([np.ones((2, 3))], {})([np.ones((2, 4))], {})
