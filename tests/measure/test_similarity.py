import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from curate import measure

NAN = float("nan")


def vectors(n, dims=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(1, 20), st.integers(1, 20))
def test_nearest_is_sklearns_argmax(seed, n, m):
    a, b = vectors(n, seed=seed), vectors(m, seed=seed + 1)
    full = cosine_similarity(a, b)
    index, cosine = measure.nearest(a, b)
    assert cosine == pytest.approx(full.max(axis=1), abs=1e-6)
    assert full[np.arange(n), index] == pytest.approx(full.max(axis=1), abs=1e-6)


def test_cosine_by_row():
    a, b = vectors(5), vectors(5, seed=1)
    assert measure.cosine(a, b) == pytest.approx(np.diag(cosine_similarity(a, b)), abs=1e-6)


def test_equal_vectors_have_cosine_exactly_one():
    a = vectors(50, dims=384)
    assert (measure.cosine(a, 3 * a) == 1).all()


def test_a_tie_goes_to_the_lowest_index():
    assert measure.nearest([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0], [1.0, 0.0]])[0].tolist() == [1]


def test_zeros_are_similar_to_nothing():
    assert measure.cosine([[0.0, 0.0]], [[1.0, 0.0]]).tolist() == [0]


def test_novelty_is_the_distance_to_the_nearest_reviewed():
    # cos of (1,1) with (1,0) and (0,2) = .7071
    got = measure.novelty([[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 2.0]])
    assert got == pytest.approx([1 - 0.5**0.5, 0.0], abs=1e-7)


def test_nothing_reviewed_means_novelty_is_unknown():
    assert np.isnan(measure.novelty(vectors(3), None)).all()
    assert np.isnan(measure.novelty(vectors(3), np.empty((0, 8)))).all()
    assert measure.nearest(vectors(2), np.empty((0, 8)))[0].tolist() == [-1, -1]


def test_cosines_by_item_leave_missing_answers_nan():
    v = vectors(3)
    near = measure.cosine_by_item(v, [[0, 1], [2, -1]])
    full = cosine_similarity(v)
    assert near[0] == pytest.approx(full[:2, :2], abs=1e-6)
    assert near[1, 0, 0] == 1 and np.isnan(near[1, 0, 1]) and np.isnan(near[1, 1]).all()


def test_no_items_have_no_cosines():
    assert measure.cosine_by_item(vectors(3), np.empty((0, 4), dtype=int)).shape == (0, 4, 4)
    assert measure.cosine_by_item(np.empty((0, 8)), [[-1, -1]]).shape == (1, 2, 2)


def test_dissimilarity_by_hand():
    near = np.array([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]])
    # (.1 + .9) / 2, (.1 + .8) / 2, (.9 + .8) / 2
    assert measure.dissimilarity(near)[0] == pytest.approx([0.5, 0.45, 0.85])


def test_dissimilarity_is_to_the_other_members():
    near = np.array([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]])
    # Answers 0 and 1 are one member's: 1 - .1, 1 - .2, (.9 + .8) / 2
    got = measure.dissimilarity(near, members=[[0, 0, 1]])
    assert got[0] == pytest.approx([0.9, 0.8, 0.85])
    alone = measure.dissimilarity(near, members=[[0, 0, 0]])
    assert alone[0] == pytest.approx([0.5, 0.45, 0.85])


def test_a_lone_answer_has_no_dissimilarity():
    near = np.full((1, 2, 2), NAN)
    near[0, 0, 0] = 1
    assert np.isnan(measure.dissimilarity(near)).all()
