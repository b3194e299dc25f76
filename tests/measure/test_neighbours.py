import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.neighbours import neighbours
from curate.select.vectors import unit_rows

seeds = st.integers(0, 2**32 - 1)


def topics(seed, n, n_dims=24, n_topics=40):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(n_topics, n_dims))
    rows = middles[rng.integers(0, n_topics, n)] + 0.5 * rng.normal(size=(n, n_dims))
    return unit_rows(rows.astype(np.float32))


def nearest_by_sorting(vectors, others, size):
    return -np.sort(-(vectors @ others.T), axis=1)[:, :size]


def recall(rows, true):
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(rows, true, strict=True)])


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 60), st.integers(1, 70))
def test_with_every_cell_looked_into_the_lists_are_exact(seed, n, n_neighbours):
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.normal(size=(n, 4)).astype(np.float32))
    rows, near = neighbours(vectors, n_neighbours, probes=None)
    size = min(n, n_neighbours)
    assert rows.shape == near.shape == (n, size)
    assert all(len(set(r)) == size for r in rows.tolist())
    np.testing.assert_allclose(
        -np.sort(-near, axis=1), nearest_by_sorting(vectors, vectors, size), atol=1e-6
    )


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 80), st.integers(1, 9))
def test_what_is_listed_is_a_candidate_once_with_its_cosine(seed, n, probes):
    rng = np.random.default_rng(seed)
    vectors = topics(seed, n)
    vectors[rng.random(n) < 0.2] = 0
    vectors[rng.random(n) < 0.3] = vectors[0]
    candidates = np.flatnonzero(rng.random(n) < 0.7)
    clients = np.flatnonzero(rng.random(n) < 0.4)
    rows, near = neighbours(
        vectors, 10, candidates=candidates, clients=clients, probes=probes, rng=seed
    )
    assert rows.shape == near.shape == (len(clients), min(10, len(candidates)))
    for client, listed, cosines in zip(clients, rows, near, strict=True):
        found = listed[listed >= 0]
        assert len(found) == len(set(found.tolist())) and (cosines[listed < 0] == -2).all()
        expected = vectors[candidates[found]] @ vectors[client]
        np.testing.assert_allclose(cosines[listed >= 0], expected, atol=1e-5)


def test_most_true_neighbours_are_found_with_few_cells():
    vectors = topics(0, 6_000)
    true = np.argpartition(-(vectors @ vectors.T), 20, axis=1)[:, :20]
    few, more = (recall(neighbours(vectors, 20, probes=p)[0], true) for p in (4, 16))
    assert few > 0.7 and more > 0.9 and more > few


def test_many_copies_of_a_row_fill_no_list_with_strangers():
    vectors = np.concatenate([np.tile(topics(1, 1), (2_000, 1)), topics(2, 1_000)])
    rows, near = neighbours(vectors, 8)
    assert (near[:2_000] > 0.999).all() and (rows[:2_000] < 2_000).all()


def test_the_graph_is_the_same_at_every_call_and_from_a_file(tmp_path):
    vectors = topics(3, 2_000)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    (rows, near), (again, same), (read, found) = (
        neighbours(v, 12) for v in (vectors, vectors, mapped)
    )
    assert (rows == again).all() and (near == same).all()
    assert (rows == read).all() and (near == found).all()
    assert (np.load(tmp_path / "vectors.npy") == vectors).all()


def test_nothing_has_no_neighbours():
    nothing = np.empty((0, 4), np.float32)
    assert neighbours(nothing, 3)[0].shape == (0, 0)
    one = np.eye(1, 4, dtype=np.float32)
    assert neighbours(one, 3)[0].tolist() == [[0]]
    assert neighbours(one, 3, clients=np.empty(0, np.int64))[0].shape == (0, 1)
    assert neighbours(one, 3, candidates=np.empty(0, np.int64))[0].shape == (1, 0)
