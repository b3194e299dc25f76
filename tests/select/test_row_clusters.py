import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.clusters import clusters, in_turn


def spread(vectors, labels):
    return sum(
        ((vectors[labels == c] - vectors[labels == c].mean(axis=0)) ** 2).sum()
        for c in np.unique(labels)
    )


def test_what_lies_together_is_one_cluster():
    angles = np.deg2rad([0, 2, 4, 90, 91, 180, 183, 185])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    labels = clusters(vectors, 3)
    assert [len(set(labels[s])) for s in (slice(0, 3), slice(3, 5), slice(5, 8))] == [1, 1, 1]
    assert len(set(labels)) == 3


def test_it_is_as_tight_as_scikit_learns():
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(1)
    vectors = (rng.normal(size=(12, 8))[rng.integers(0, 12, 600)] * 2).astype(np.float32)
    vectors += rng.normal(scale=0.5, size=vectors.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    theirs = KMeans(12, n_init=5, random_state=0).fit(vectors).inertia_
    assert spread(vectors, clusters(vectors, 12)) <= 1.02 * theirs


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 50))
def test_any_rows_can_be_clustered(seed, n, n_clusters):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    labels = clusters(vectors, n_clusters)
    assert labels.shape == (n,) and labels.dtype == np.int64
    assert len(set(labels.tolist())) <= max(1, n_clusters)
    for row in range(n):
        same = (vectors == vectors[row]).all(axis=1)
        assert len(set(labels[same].tolist())) == 1, "copies of a row are in one cluster"


def test_a_large_pool_is_clustered_by_a_sample_and_the_seed_decides():
    rng = np.random.default_rng(2)
    vectors = np.eye(6, dtype=np.float32)[rng.integers(0, 6, 21_000)]
    labels = clusters(vectors, 6, rng=1)
    assert len(set(labels.tolist())) == 6
    assert labels.tolist() == clusters(vectors, 6, rng=1).tolist()


def test_rows_take_turns_within_their_cluster():
    labels = np.array([0, 1, 0, 0])
    assert in_turn(labels, np.array([3, 1, 0, 2])).tolist() == [0, 0, 1, 2]
    assert in_turn(labels, np.array([3, 1]), before=np.array([2, 5])).tolist() == [2, 5]
    assert in_turn(labels, np.empty(0, np.int64)).tolist() == []
