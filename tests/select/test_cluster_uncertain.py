import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select

DIRECTIONS = np.repeat(np.eye(3, dtype=np.float32), 3, axis=0)
NEED = np.array([0.9, 0.8, 0.7, 0.1, 0.3, 0.2, 0.5, 0.4, 0.6])


def test_each_cluster_gives_its_neediest_and_the_neediest_of_all_comes_first():
    assert select.cluster_uncertain(DIRECTIONS, NEED, 3).tolist() == [0, 8, 4]
    assert select.cluster_uncertain(DIRECTIONS, NEED, 3, covered=np.array([0])).tolist() == [
        *(1, 8, 4),
    ]


def test_a_second_round_follows_where_there_are_fewer_clusters_than_picks():
    picks = select.cluster_uncertain(DIRECTIONS, NEED, 9).tolist()
    assert picks[:3] == [0, 8, 4] and picks[3:6] == [1, 6, 5] and picks[6:] == [2, 7, 3]


def test_a_short_list_of_k_is_need_alone():
    picks = select.cluster_uncertain(DIRECTIONS, NEED, 3, short_list=1)
    assert sorted(picks.tolist()) == [0, 1, 2]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(0, 35))
def test_any_rows_can_be_picked_from(seed, n, k):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    need = np.where(rng.random(n) < 0.2, np.nan, rng.random(n))
    covered = np.flatnonzero(rng.random(n) < 0.2)
    picks = select.cluster_uncertain(vectors, need, k, covered=covered).tolist()
    left = set(np.flatnonzero(~np.isnan(need)).tolist()) - set(covered.tolist())
    assert len(picks) == len(set(picks)) == min(k, len(left)) and set(picks) <= left


def test_the_neediest_row_is_always_asked():
    rng = np.random.default_rng(5)
    vectors, need = rng.normal(size=(300, 6)).astype(np.float32), rng.random(300)
    assert select.cluster_uncertain(vectors, need, 10)[0] == need.argmax()


def test_without_any_need_nothing_is_picked():
    assert select.cluster_uncertain(DIRECTIONS, np.full(9, np.nan), 3).tolist() == []
