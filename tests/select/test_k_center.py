import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.select import k_center

grids = st.tuples(st.integers(1, 40), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.integers(-3, 3))
)


def plain_loop(vectors, k, covered=()):
    """Compare every row with every pick; on small whole numbers float32 is exact."""
    gap = np.full(len(vectors), np.inf)
    closed = np.zeros(len(vectors), bool)
    picks = []
    for row in covered:
        gap = np.minimum(gap, ((vectors - vectors[row]) ** 2).sum(axis=1))
        closed[row] = True
    while len(picks) < k and not closed.all():
        row = int(np.where(closed, -1, gap).argmax())
        gap = np.minimum(gap, ((vectors - vectors[row]) ** 2).sum(axis=1))
        closed[row] = True
        picks.append(row)
    return picks


def radius(vectors, picks):
    return np.sqrt(((vectors[:, None] - vectors[picks]) ** 2).sum(axis=2).min(axis=1).max())


def test_each_pick_is_the_farthest_from_those_before():
    # From 0: farthest is 2.6 (row 4); then 1 is 1 from 0 and 1.6 from 2.6, 2.5 only 0.1.
    line = np.array([[0], [0.1], [1], [2.5], [2.6]], np.float32)
    assert k_center(line, 3, first=0).tolist() == [0, 4, 2]


@settings(max_examples=80, deadline=None)
@given(grids, st.integers(0, 45), st.data())
def test_skipping_comparisons_changes_no_pick(vectors, k, data):
    covered = data.draw(st.lists(st.integers(0, len(vectors) - 1), unique=True, max_size=3))
    picks = k_center(vectors, k, covered=np.array(covered, np.int64))
    assert picks.tolist() == plain_loop(vectors, k, covered)


def test_long_runs_keep_to_the_plain_loop():
    vectors = np.random.default_rng(0).integers(-9, 9, (700, 20)).astype(np.float32)
    assert k_center(vectors, 300).tolist() == plain_loop(vectors, 300)


def test_equal_rows_are_picked_last_and_from_the_lowest_index_on():
    same = np.ones((4, 3), np.float32)
    assert k_center(same, 4).tolist() == [0, 1, 2, 3]


def test_more_than_there_is_gives_what_there_is():
    assert sorted(k_center(np.eye(3, dtype=np.float32), 9, covered=np.array([1])).tolist()) == [
        0,
        2,
    ]


def test_nothing_gives_nothing():
    assert k_center(np.empty((0, 4), np.float32), 3).tolist() == []
    assert k_center(np.eye(3, dtype=np.float32), 0).tolist() == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_radius_is_at_most_twice_the_best(seed):
    from itertools import combinations

    vectors = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    best = min(radius(vectors, list(c)) for c in combinations(range(9), 3))
    assert radius(vectors, k_center(vectors, 3)) <= 2 * best + 1e-5
