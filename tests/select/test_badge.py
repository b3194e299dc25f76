import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select.badge import Gradients

NAN = float("nan")


def embeddings(p, h):
    """Return the gradient embeddings, written out."""
    p = np.asarray(p, np.float64)
    surprise = p - np.eye(p.shape[1])[p.argmax(axis=1)]
    return np.einsum("ic,id->icd", surprise, np.asarray(h, np.float64)).reshape(len(p), -1)


def test_the_longest_gradient_comes_first():
    # |p - e_y| |h|: (.5, -.5) 1 -> .707; (.2, -.2) 4 -> 1.131; (.4, -.4) 1 -> .566
    p, h = [[0.5, 0.5], [0.8, 0.2], [0.6, 0.4]], [[1, 0], [4, 0], [0, 1]]
    assert select.badge(p, h, 1).tolist() == [1]


def test_rows_of_which_the_model_is_sure_are_copies_of_each_other():
    # A sure row's gradient is 0, so that with row 0 covered row 2 has no chance before the others.
    p = [[1, 0], [0.5, 0.5], [0, 1], [0.4, 0.6]]
    for seed in range(20):
        picks = select.badge(p, np.eye(4), 3, covered=np.array([0]), rng=seed).tolist()
        assert picks[2] == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 4))
def test_the_gaps_are_those_of_the_embeddings_that_are_never_made(seed, n, n_classes):
    rng = np.random.default_rng(seed)
    p, h = rng.dirichlet(np.ones(n_classes), n), rng.normal(size=(n, 3))
    covered = np.flatnonzero(rng.random(n) < 0.4)
    gradients = Gradients(p, h, covered, rng)
    g = embeddings(p, h)
    if len(covered):
        gaps = ((g[:, None] - g[covered]) ** 2).sum(axis=2).min(axis=1)
        np.testing.assert_allclose(gradients._gap, gaps, atol=1e-4 * (g**2).sum(axis=1).max())
    else:
        assert np.isinf(gradients._gap).all()


def test_draws_follow_the_squared_distance():
    # From row 0 at (1) the others' embeddings lie 1, 2 and 3 away: chances 1/14, 4/14, 9/14.
    p = np.tile([[0.5, 0.5]], (4, 1))
    h = np.array([[0.0], [1.0], [2.0], [3.0]]) * 2**0.5
    counts = np.zeros(4)
    for seed in range(3000):
        counts[select.badge(p, h, 1, covered=np.array([0]), rng=seed)[0]] += 1
    expected = np.array([0, 1, 4, 9]) / 14
    np.testing.assert_allclose(counts / 3000, expected, atol=4 * (0.25 / 3000) ** 0.5)


def test_copies_of_a_pick_are_drawn_last_and_from_the_lowest_index_on():
    p = np.tile([[0.6, 0.4]], (6, 1))
    h = np.repeat(np.eye(2), 3, axis=0)
    picks = select.badge(p, h, 6).tolist()
    assert picks[0] == 0 and picks[1] in (3, 4, 5)
    assert picks[2:] == sorted(picks[2:])


def test_the_seed_decides():
    rng = np.random.default_rng(0)
    p, h = rng.dirichlet(np.ones(3), 50), rng.normal(size=(50, 4))
    assert select.badge(p, h, 20, rng=3).tolist() == select.badge(p, h, 20, rng=3).tolist()
    assert select.badge(p, h, 20, rng=3).tolist() != select.badge(p, h, 20, rng=4).tolist()


def test_unknown_and_covered_rows_are_never_drawn():
    p = np.array([[0.5, 0.5], [NAN, NAN], [0.9, 0.1], [0.7, 0.3]])
    picks = select.badge(p, np.eye(4), 9, covered=np.array([3]))
    assert sorted(picks.tolist()) == [0, 2]
    assert select.badge(p, np.eye(4), 2, covered=np.array([1, 3])).tolist() == [0, 2]
    assert select.badge(np.empty((0, 2)), np.empty((0, 3)), 2).tolist() == []
    with pytest.raises(ValueError, match="features"):
        select.badge(p, np.eye(3), 1)


def test_an_offer_stands_until_it_is_taken_or_closed():
    rng = np.random.default_rng(1)
    p, h = rng.dirichlet(np.ones(3), 20), rng.normal(size=(20, 4))
    gradients = Gradients(p, h, np.array([0]), rng)
    first = gradients.offer()
    assert gradients.offer() == first
    gradients.close(np.array([first]))
    assert gradients.offer() != first
