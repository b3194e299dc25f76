import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select.cluster_margin import _linked


def of_margin(*leads):
    lead = np.array(leads, np.float64)
    return np.stack([(1 + lead) / 2, (1 - lead) / 2], axis=1)


# Three directions: rows 0-3, rows 4-5, row 6.
DIRECTIONS = np.repeat(np.eye(3, dtype=np.float32), [4, 2, 1], axis=0)


def test_the_smallest_cluster_gives_first_and_its_least_margin():
    p = of_margin(0.1, 0.0, 0.2, 0.3, 0.6, 0.5, 0.9)
    # In turn: {6}, {4, 5}, {0..3}; then 4 and 0; then 2 and 3 of what is left.
    picks = select.cluster_margin(DIRECTIONS, p, 7, cluster_size=7 / 3)
    assert picks.tolist() == [6, 5, 1, 4, 0, 2, 3]


def test_only_the_rows_of_least_margin_are_clustered():
    # The short list of 2 x 2 rows leaves 6 and 4 to margin alone.
    p = of_margin(0.1, 0.0, 0.2, 0.3, 0.6, 0.25, 0.9)
    picks = select.cluster_margin(DIRECTIONS, p, 2, short_list=2, cluster_size=2)
    assert picks.tolist() == [5, 1]


def test_clusters_are_those_of_average_linkage():
    from sklearn.cluster import AgglomerativeClustering

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    theirs = AgglomerativeClustering(6, metric="cosine", linkage="average").fit(vectors).labels_
    ours = _linked(vectors, 6)
    pairs = {(a, b) for a, b in zip(ours.tolist(), theirs.tolist(), strict=True)}
    assert len(pairs) == len(set(ours.tolist())) == 6
    assert ours[0] == 0, "clusters are numbered as they are met"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(0, 35))
def test_any_rows_can_be_picked_from(seed, n, k):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    p = rng.dirichlet(np.ones(3), n)
    p[rng.random(n) < 0.2] = np.nan
    covered = np.flatnonzero(rng.random(n) < 0.2)
    picks = select.cluster_margin(vectors, p, k, covered=covered).tolist()
    left = set(np.flatnonzero(~np.isnan(p[:, 0])).tolist()) - set(covered.tolist())
    assert len(picks) == len(set(picks)) == min(k, len(left)) and set(picks) <= left


def test_a_queue_is_spread_over_more_clusters_than_by_margin_alone():
    rng = np.random.default_rng(2)
    centres = np.eye(10, dtype=np.float32)
    which = rng.integers(0, 10, 500)
    vectors = centres[which] + rng.normal(scale=0.1, size=(500, 10)).astype(np.float32)
    p = of_margin(*np.clip(which / 10 + rng.normal(scale=0.05, size=500), 0, 1))
    by_margin = len(set(which[select.margin(p, 20)].tolist()))
    in_turn = len(set(which[select.cluster_margin(vectors, p, 20)].tolist()))
    assert in_turn > by_margin
