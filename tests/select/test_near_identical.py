import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select import near_identical
from curate.select.vectors import unit_rows

NAN = float("nan")


def test_the_neediest_of_equal_rows_stays():
    rows = np.array([[1, 0], [0, 1], [2, 0], [1, 0]], np.float32)
    assert near_identical(rows, 0.97, need=np.array([0.1, 0.2, 0.9, 0.9])) == {0: 2, 3: 2}


def test_rows_without_a_need_give_way():
    assert near_identical(np.ones((2, 2)), 0.97, need=np.array([NAN, -5.0])) == {0: 1}


def test_rows_of_one_prompt_do_not_repeat_each_other():
    same = np.ones((3, 2), np.float32)
    left = near_identical(same, 0.97, need=np.zeros(3), identity=np.array([4, 4, 5]))
    assert left == {2: 0}


def test_zero_rows_repeat_nothing():
    assert near_identical(np.zeros((3, 2)), 0.5, need=np.zeros(3)) == {}


def test_a_threshold_above_one_lets_everything_stay():
    assert near_identical(np.ones((3, 2)), 1.01, need=np.zeros(3)) == {}


def test_a_threshold_of_one_finds_copies():
    rows = np.random.default_rng(0).normal(size=(20, 384)).astype(np.float32)
    twice = np.concatenate([rows, rows])
    left = near_identical(twice, 1.0, need=np.ones(40))
    assert left == {20 + i: i for i in range(20)}


def test_a_chain_is_cut_where_its_links_are_gone():
    # 0, 15 and 30 degrees: cos 15 = .966, cos 30 = .866. The middle repeats the first; the last
    # repeats only the middle, which is gone, so it stays.
    angles = np.radians([0, 15, 30])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert near_identical(rows, 0.95, need=np.array([3.0, 2, 1])) == {1: 0}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 700), st.floats(0.3, 0.99))
def test_those_that_stay_are_apart_and_those_that_go_are_near(seed, n, threshold):
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng.normal(size=(n, 3)).astype(np.float32))
    need = rng.integers(0, 5, n).astype(float)
    left = near_identical(rows, threshold, need=need)
    cosine = rows @ rows.T
    stay = [i for i in range(n) if i not in left]
    among = cosine[np.ix_(stay, stay)] - 3 * np.eye(len(stay))
    assert not len(stay) or among.max() < threshold
    assert all(cosine[i, j] >= threshold - 2e-6 and j in set(stay) for i, j in left.items())
    assert all(need[j] > need[i] or (need[j] == need[i] and j < i) for i, j in left.items())
