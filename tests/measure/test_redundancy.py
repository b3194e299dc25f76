"""Members held against each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate import measure
from curate.measure import rank_correlations, redundancy

NAN = float("nan")


def simulated(n=4000, accuracies=(0.8,) * 8, seed=3):
    """Members that err on their own: 0 is right, each wrong answer is one of nine."""
    rng = np.random.default_rng(seed)
    right = rng.random((n, len(accuracies))) < np.array(accuracies)
    return np.where(right, 0.0, rng.integers(1, 10, right.shape))


def test_members_that_err_on_their_own_count_in_full():
    found = redundancy(simulated())
    off = found.correlation[~np.eye(8, dtype=bool)]
    assert np.abs(off).max() < 0.08
    assert found.effective_members == pytest.approx(8, abs=0.8)


def test_a_copy_is_found_and_adds_no_member():
    votes = simulated()
    found = redundancy(np.column_stack([votes, votes[:, 0]]))
    assert found.correlation[0, 8] == pytest.approx(1.0)
    assert found.same_mistake[0, 8] == found.agreement[0, 8] == 1.0
    # nine members, two of them one: 81 / (9 + 2) = 7.4
    assert found.effective_members == pytest.approx(81 / 11, abs=0.7)


def test_two_members_have_no_say_in_what_they_are_held_against():
    # a and b say 1, c says 2, on every item: held against c alone, both are always at odds
    found = redundancy([[1, 1, 2]] * 4)
    assert found.same_mistake[0, 1] == 1.0
    assert np.isnan(found.correlation[0, 1])  # always at odds: there is nothing to correlate
    # a is held against b when paired with c, and never at odds
    assert np.isnan(found.same_mistake[0, 2])


def test_the_correlation_is_that_of_the_four_cells():
    # the rest (two members) says 0; a and b: both odd 2, a alone 1, b alone 1, none 4
    a = [1, 1, 1, 0, 0, 0, 0, 0]
    b = [2, 2, 0, 2, 0, 0, 0, 0]
    found = redundancy(np.column_stack([a, b, np.zeros(8), np.zeros(8)]))
    # p = q = 3/8, joint 2/8: (16 - 9) / 64 over (15 / 64) = 7/15
    assert found.correlation[0, 1] == pytest.approx(7 / 15)
    assert found.same_mistake[0, 1] == 0.0
    assert found.n_items[0, 1] == 8


def test_who_never_answered_together_is_unknown():
    found = redundancy([[1, NAN, 1], [NAN, 1, 1]])
    assert np.isnan(found.agreement[0, 1])
    assert found.n_items[0, 1] == 0


def test_no_votes_at_all():
    assert np.isnan(redundancy(np.empty((0, 0))).effective_members)
    assert redundancy(np.empty((0, 3))).effective_members == 3


def test_weights_decide_what_the_majority_is():
    votes = np.array([[0, 0, 1, 1, 2]], float)
    # for the first two: 1 and 1 against 2 are a majority of three alike ...
    assert redundancy(votes).same_mistake[0, 1] == 1.0
    # ... and none once the last member counts as much as both: nobody is held against it
    assert redundancy(votes, weights=[1, 1, 1, 1, 2]).n_items[0, 1] == 0


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(0, 12), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 1.0, 2.0, NAN]),
    ),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=60)
def test_bounds_symmetry_and_order(votes, random):
    found = redundancy(votes)
    for matrix in (found.agreement, found.correlation, found.same_mistake):
        np.testing.assert_array_equal(matrix, matrix.T)
        there = matrix[~np.isnan(matrix)]
        assert (np.abs(there) <= 1 + 1e-12).all()
    assert 1 - 1e-9 <= found.effective_members <= votes.shape[1] + 1e-9
    rows = list(range(len(votes)))
    random.shuffle(rows)
    np.testing.assert_allclose(redundancy(votes[rows]).correlation, found.correlation)


def test_rank_correlation_over_the_rows_that_have_both():
    # ranks (1, 2, 3) and (1, 3, 2): 1 - 6 * 2 / (3 * 8) = 0.5; the fourth row has no second value
    found = rank_correlations([[1, 10], [5, 30], [6, 20], [7, NAN]])
    assert found[0, 1] == pytest.approx(0.5)


def test_a_constant_column_correlates_with_nothing():
    assert np.isnan(rank_correlations([[1, 1], [1, 2], [1, 3]])[0, 1])


def test_reliability_tracks_accuracy_without_labels():
    accuracies = (0.95, 0.8, 0.65, 0.5)
    votes = simulated(accuracies=accuracies)
    assert np.abs(measure.reliability(votes) - accuracies).max() < 0.05
