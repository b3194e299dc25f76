import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from curate import measure

NAN = float("nan")
NEAR = np.array([[[1, 0.9, 0.1], [0.9, 1, 0.88], [0.1, 0.88, 1]]])


def drawn(n_items, size, seed):
    v = np.random.default_rng(seed).normal(size=(n_items * size, 3))
    return measure.cosine_by_item(v, np.arange(n_items * size).reshape(n_items, size))


def partition(labels):
    return {frozenset(np.flatnonzero(labels == g)) for g in set(labels) if g == g}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(2, 9), st.floats(0.05, 0.95))
def test_average_link_partitions_are_scipys(seed, size, least):
    for near in drawn(5, size, seed):
        tree = linkage(squareform(1 - near, checks=False), "average")
        expected = fcluster(tree, 1 - least, criterion="distance")
        got = measure.cluster_answers(near[None], least=least)[0]
        assert partition(got) == partition(expected)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(1, 9), st.floats(0.05, 0.95))
def test_connected_groups_are_scipys_single_link(seed, size, least):
    from scipy.sparse.csgraph import connected_components

    for near in drawn(5, size, seed):
        expected = connected_components(near >= least)[1]
        got = measure.cluster_answers(near[None], least=least, linkage="connected")[0]
        assert partition(got) == partition(expected)


def test_the_three_linkages_differ_on_a_chain():
    # 0 ~ 1 ~ 2 but not 0 ~ 2. Average: {0,1} to 2 has mean (.1 + .88) / 2 = .49 < .85.
    assert measure.cluster_answers(NEAR, least=0.85).tolist() == [[0, 0, 1]]
    assert measure.cluster_answers(NEAR, least=0.85, linkage="connected").tolist() == [[0, 0, 0]]
    assert measure.cluster_answers(NEAR, least=0.85, linkage="greedy").tolist() == [[0, 0, 1]]


def test_a_missing_answer_belongs_to_no_group():
    near = NEAR.copy()
    near[0, 0, :] = near[0, :, 0] = NAN
    for how in ("average", "connected", "greedy"):
        got = measure.cluster_answers(near, least=0.85, linkage=how)[0]
        assert np.isnan(got[0]) and got[1:].tolist() == [0, 0]


def test_groups_are_votes():
    groups = measure.cluster_answers(NEAR, least=0.85)
    assert measure.vote_entropy(groups)[0] == pytest.approx(0.636514, abs=1e-6)


def test_no_items_have_no_groups():
    for how in ("average", "connected", "greedy"):
        assert measure.cluster_answers(np.empty((0, 3, 3)), least=0.5, linkage=how).shape == (0, 3)
        assert measure.cluster_answers(np.empty((2, 0, 0)), least=0.5, linkage=how).shape == (2, 0)


def test_a_shape_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="n_items, n, n"):
        measure.cluster_answers(np.ones((2, 3)), least=0.5)
