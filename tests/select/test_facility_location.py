import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select import facility_location
from curate.select.vectors import unit_rows

module = sys.modules["curate.select.facility_location"]


def cosines(vectors):
    unit = unit_rows(vectors)
    return np.maximum(unit @ unit.T, 0).astype(np.float64)


def value(similar, picks, weights=None, quality=None, covered=()):
    weights = np.ones(len(similar)) if weights is None else weights
    rows = [*covered, *picks]
    nearest = similar[rows].max(axis=0) if rows else np.zeros(len(similar))
    return (weights * nearest).sum() + (0 if quality is None else quality[list(picks)].sum())


def plain_greedy(similar, k, **how):
    picks = []
    while len(picks) < min(k, len(similar)):
        gains = {
            j: value(similar, [*picks, j], **how)
            for j in range(len(similar))
            if j not in picks and j not in how.get("covered", ())
        }
        if not gains:
            break
        picks.append(max(gains, key=lambda j: (round(gains[j], 9), -j)))
    return picks


seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 25), st.integers(0, 30), st.booleans())
def test_lazy_greedy_reaches_what_plain_greedy_reaches(seed, n, k, seeded):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    how = {
        "weights": rng.random(n),
        "quality": rng.random(n),
        "covered": (0,) if seeded else (),
    }
    picks = facility_location(
        vectors, k, **(how | {"covered": np.array(how["covered"], np.int64)})
    ).tolist()
    similar = cosines(vectors)
    expected = plain_greedy(similar, k, **how)
    assert len(picks) == len(expected)
    assert value(similar, picks, **how) == pytest.approx(value(similar, expected, **how), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_value_is_within_the_guarantee_of_the_best(seed):
    vectors = np.random.default_rng(seed).normal(size=(9, 2)).astype(np.float32)
    similar = cosines(vectors)
    best = max(value(similar, c) for c in combinations(range(9), 3))
    assert value(similar, facility_location(vectors, 3)) >= (1 - 1 / np.e) * best - 1e-5


def test_the_middle_of_the_larger_crowd_comes_first():
    # Angles in degrees: a crowd at 0, 10, 20 and a pair opposite at 180, 182. cos 10 = .985,
    # cos 20 = .940: row 1 is worth 1 + 2 x .985 = 2.970, rows 0 and 2 are worth 2.925.
    angles = np.radians([0, 10, 20, 180, 182])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    picks = facility_location(vectors, 2).tolist()
    assert picks[0] == 1 and picks[1] in (3, 4)


def test_negative_cosines_count_as_nothing():
    opposite = np.array([[1, 0], [-1, 0], [-1, 0]], np.float32)
    assert facility_location(opposite, 2).tolist() == [1, 0]


def test_what_is_covered_needs_no_second_one():
    vectors = np.array([[1, 0], [1, 0.01], [0, 1]], np.float32)
    assert facility_location(vectors, 1, covered=np.array([0])).tolist() == [2]


def test_zero_rows_and_equal_rows_come_last_by_index():
    vectors = np.array([[0, 0], [1, 0], [1, 0], [0, 0]], np.float32)
    assert facility_location(vectors, 4).tolist() == [1, 0, 2, 3]


def test_nothing_gives_nothing():
    assert facility_location(np.empty((0, 4), np.float32), 3).tolist() == []
    assert facility_location(np.eye(3, dtype=np.float32), 0).tolist() == []


def test_a_graph_of_all_neighbours_picks_what_the_dense_sum_picks():
    vectors = unit_rows(np.random.default_rng(3).normal(size=(50, 6)).astype(np.float32))
    nothing = np.zeros(50, np.float32)
    dense = module.Representatives(module.Dense(vectors, vectors), nearest=nothing)
    sparse = module.Representatives(module.Sparse(vectors, 64), nearest=nothing.copy())
    for _ in range(20):
        row = dense.offer()
        assert sparse.offer() == row
        dense.take(row)
        sparse.take(row)


def around_topics(seed, n, n_topics=60, n_dims=16):
    rng = np.random.default_rng(seed)
    topics = rng.normal(size=(n_topics, n_dims))
    rows = topics[rng.integers(0, n_topics, n)] + 0.4 * rng.normal(size=(n, n_dims))
    return unit_rows(rows.astype(np.float32)), rng


def reached(vectors, picks):
    return np.maximum(vectors @ vectors[picks].T, 0).max(axis=1).sum(dtype=np.float64)


def picks_of(representatives, k):
    picks = []
    for _ in range(k):
        picks.append(representatives.offer())
        representatives.take(picks[-1])
    return picks


@pytest.fixture(scope="module")
def crowd():
    vectors, _ = around_topics(5, module.DENSE_ROWS + 500)
    return vectors


def test_a_large_pool_is_covered_by_its_graph_as_well_as_by_all_similarities(crowd):
    everything = module.Representatives(
        module.Dense(crowd, crowd), nearest=np.zeros(len(crowd), np.float32)
    )
    dense, graph = picks_of(everything, 60), facility_location(crowd, 60)
    assert len(set(graph.tolist())) == 60
    assert reached(crowd, graph) > 0.98 * reached(crowd, dense)
    assert reached(crowd, graph) > 1.02 * reached(crowd, select.random(len(crowd), 60, rng=1))
    assert graph.tolist() == facility_location(crowd, 60).tolist()


def test_a_sample_of_clients_stands_for_all_of_them(crowd):
    rows = np.arange(len(crowd))
    sampled = module.Representatives(
        module.Sparse(crowd, 256, clients=rows[::5]),
        nearest=np.zeros(len(rows[::5]), np.float32),
        stands_for=5.0,
    )
    picks = picks_of(sampled, 60)
    assert reached(crowd, picks) > 0.98 * reached(crowd, facility_location(crowd, 60))
    assert sampled.take(picks[0]).startswith("nearer to about ")


def test_in_a_large_pool_what_is_covered_or_has_no_weight_is_left(crowd):
    left = crowd @ crowd[0] > 0.5
    picks = facility_location(crowd, 5, weights=np.where(left, 1.0, 0.0))
    assert left[picks].all()
    again = facility_location(crowd, 5, covered=picks)
    assert set(again.tolist()).isdisjoint(picks.tolist())


def test_a_pool_in_a_file_is_read_and_not_changed(tmp_path, crowd):
    np.save(tmp_path / "vectors.npy", crowd)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert facility_location(mapped, 9).tolist() == facility_location(crowd, 9).tolist()
    assert (np.load(tmp_path / "vectors.npy") == crowd).all()


def test_among_many_rows_the_nearest_is_found_but_for_a_few(crowd):
    found = module.nearest_cosine(crowd[:5_000], crowd[5_000:])
    by_cells = module._nearest_by_cells(crowd[:5_000], crowd[5_000:])
    assert (by_cells <= found + 1e-5).all()
    assert (by_cells >= found - 1e-5).mean() > 0.9 and (found - by_cells).mean() < 0.01
