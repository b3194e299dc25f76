import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.nearest import Nearest
from curate.select.vectors import unit_rows

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, n, n_dims, n_topics=5):
    """Rows around a few topics, some of them zero, some given twice."""
    rng = np.random.default_rng(seed)
    topics = rng.normal(size=(n_topics, n_dims))
    rows = topics[rng.integers(0, n_topics, n)] + rng.random() * rng.normal(size=(n, n_dims))
    rows[rng.random(n) < 0.1] = 0
    if n:
        again = rng.integers(0, n, n // 5)
        rows[rng.integers(0, n, n // 5)] = rows[again]
    return rows.astype(np.float32)


def assert_as_by_brute_force(seen, rows, query):
    cosine, row = seen.cosine(query)
    every = unit_rows(rows).astype(np.float64) @ unit_rows(query[None])[0].astype(np.float64)
    assert cosine == pytest.approx(every.max(), abs=2e-6)
    assert every[row] == pytest.approx(every.max(), abs=2e-6)
    same = np.flatnonzero((unit_rows(rows) == unit_rows(rows)[row]).all(axis=1))
    assert row == same[0]


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 300), st.sampled_from([1, 3, 40, 128, 200, 384]))
def test_the_nearest_row_is_the_one_that_comparing_with_all_finds(seed, n, n_dims):
    rows = drawn(seed, n, n_dims)
    seen = Nearest(rows)
    rng = np.random.default_rng(seed)
    queries = [*rows[:3], *rng.normal(size=(3, n_dims)).astype(np.float32), 0 * rows[0]]
    for query in queries:
        assert_as_by_brute_force(seen, rows, query)


@settings(max_examples=3, deadline=None)
@given(seeds)
def test_rows_that_come_later_count_like_those_from_the_start(seed):
    rows = drawn(seed, 3_000, 160)
    rng = np.random.default_rng(seed)
    seen = Nearest(rows[:1_500])
    for part in np.array_split(rows[1_500:], 7):
        seen.add(part)
    assert len(seen) == 3_000
    at_once = Nearest(rows)
    for query in (rows[7], rows[2_900], rng.normal(size=160).astype(np.float32)):
        assert_as_by_brute_force(seen, rows, query)
        assert seen.cosine(query)[1] == at_once.cosine(query)[1]


def test_rows_like_nothing_seen_are_compared_as_exactly():
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(2_000, 300)).astype(np.float32)
    seen = Nearest(rows)
    for query in rng.normal(size=(40, 300)).astype(np.float32):
        assert_as_by_brute_force(seen, rows, query)


def test_of_copies_the_first_is_named():
    rows = np.random.default_rng(0).normal(size=(50, 20)).astype(np.float32)
    seen = Nearest(np.concatenate([rows, rows[[30]], rows[[30]]]))
    assert seen.cosine(2 * rows[30])[1] == 30


def test_without_rows_there_is_no_nearest():
    seen = Nearest(np.empty((0, 0), np.float32))
    assert seen.cosine(np.ones(4)) == (-1.0, -1)
    seen.add(np.eye(4)[:2])
    assert seen.cosine(np.array([0, 3, 0, 0])) == (1.0, 1)


def test_rows_that_are_zero_or_not_finite_are_like_nothing():
    seen = Nearest(np.array([[0, 0], [np.nan, 1], [0.5, 0]], np.float32))
    assert seen.cosine(np.array([1, 0])) == (1.0, 2)
    assert seen.cosine(np.array([np.inf, 0])) == (0.0, 0)


def test_what_was_given_is_not_kept_nor_changed(tmp_path):
    np.save(tmp_path / "rows.npy", np.eye(3, dtype=np.float32))
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    seen = Nearest(rows)
    seen.add(rows)
    given = np.eye(3, dtype=np.float32)
    other = Nearest(given)
    given[:] = 0
    assert seen.cosine(rows[2]) == other.cosine(rows[2]) == (1.0, 2)
