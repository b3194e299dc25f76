import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig


def at(*degrees):
    angles = np.deg2rad(np.array(degrees, np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


# A cluster of seven around 20 degrees, one of five around 120, a lone row at 250.
PLANE = at(10, 14, 18, 20, 22, 26, 30, 112, 116, 120, 124, 128, 250)


def test_the_largest_clusters_most_typical_row_comes_first():
    # Mean distances are least in the middle of each cluster: rows 3 (20) and 9 (120).
    assert select.typical(PLANE, 2).tolist() == [3, 9]


def test_an_outlier_waits_until_every_cluster_of_five_is_used_up():
    picks = select.typical(PLANE, 3)
    assert picks[:2].tolist() == [3, 9] and 12 not in picks.tolist()
    assert select.typical(PLANE, 13).tolist()[-1] == 12


def test_a_cluster_that_was_reviewed_comes_after_one_that_was_not():
    # Of three clusters (one covered + two picks) the one of seven is covered by row 0.
    picks = select.typical(PLANE, 2, covered=np.array([0]))
    assert picks.tolist() == [9, 3]


def test_typicality_is_one_over_the_mean_distance():
    from curate.select.typical import _typicality

    # On a line of one cluster: 0, 1, 3; two neighbours each: means 2, 1.5, 2.5
    line = np.array([[0], [1], [3]], np.float32)
    rng = np.random.default_rng(0)
    found = _typicality(line, np.zeros(3, np.int64), 2, rng)
    np.testing.assert_allclose(found, [1 / 2, 1 / 1.5, 1 / 2.5], rtol=1e-4)
    nearest = _typicality(line, np.zeros(3, np.int64), 1, rng)
    np.testing.assert_allclose(nearest, [1, 1, 1 / 2], rtol=1e-4)


def test_copies_are_typical_of_each_other_and_the_first_is_picked():
    vectors = np.repeat(np.eye(2, dtype=np.float32), [5, 6], axis=0)
    assert select.typical(vectors, 2).tolist() == [5, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(0, 35))
def test_any_rows_can_be_picked_from(seed, n, k):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    covered = np.flatnonzero(rng.random(n) < 0.3)
    picks = select.typical(vectors, k, covered=covered).tolist()
    assert len(picks) == len(set(picks)) == min(k, n - len(covered))
    assert not set(picks) & set(covered.tolist())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_cluster_gives_a_second_row_before_every_large_one_gave_its_first(seed):
    from curate.select.clusters import clusters

    vectors = np.random.default_rng(seed).normal(size=(60, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = clusters(vectors, 4)
    large = [c for c in np.unique(labels) if (labels == c).sum() >= 5]
    picks = select.typical(vectors, 4)
    assert len(set(labels[picks[: len(large)]])) == len(large)


def test_a_cluster_of_very_many_rows_is_measured_against_a_sample():
    rng = np.random.default_rng(3)
    vectors = np.float32([1, 0, 0]) + rng.normal(scale=0.05, size=(5000, 3)).astype(np.float32)
    picks = select.typical(vectors, 1, most_clusters=1)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    gap = np.linalg.norm(unit - unit.mean(axis=0), axis=1)
    assert gap[picks[0]] < np.quantile(gap, 0.25)


def test_a_reason_names_the_cluster_and_closed_rows_are_passed_over():
    pool = select.Pool(
        ids=[str(i) for i in range(13)],
        vectors=PLANE,
        need=np.ones(13),
        left_out={3: "in the test split", 4: "in the test split", 2: "in the test split"},
    )
    config = SelectConfig(strategy="typical", random_share=0)
    picks = select.choose(pool, 2, config=config, seed=1)
    assert 3 not in picks.indices and sorted(picks.indices // 7) == [0, 1]
    assert all("of a cluster of" in reason for reason in picks.reason)
