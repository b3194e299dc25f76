import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure

NAN = float("nan")


def simulated(accuracy, n_items=4000, n_answers=6, seed=0):
    """Votes over item-local answers: 100 * item is the truth."""
    rng = np.random.default_rng(seed)
    right = rng.random((n_items, len(accuracy))) < accuracy
    wrong = rng.integers(1, n_answers, size=right.shape)
    return 100.0 * np.arange(n_items)[:, None] + np.where(right, 0, wrong)


def test_accuracies_are_recovered_without_labels():
    truth = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert measure.reliability(simulated(truth)) == pytest.approx(truth, abs=0.02)


def test_missing_votes_do_not_count_against_a_member():
    truth = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    votes = simulated(truth)
    votes[np.random.default_rng(1).random(votes.shape) < 0.3] = NAN
    assert measure.reliability(votes) == pytest.approx(truth, abs=0.03)


def test_a_member_without_votes_is_unknown():
    votes = np.column_stack([simulated(np.array([0.9, 0.9])), np.full(4000, NAN)])
    assert measure.reliability(votes)[2] == 0.5


def test_identical_votes_make_everybody_equally_reliable():
    got = measure.reliability(np.ones((10, 3)))
    # Always right: (10 + 1) / (10 + 2)
    assert got == pytest.approx([11 / 12] * 3)


def test_nothing_gives_nothing():
    assert measure.reliability(np.empty((0, 3))).tolist() == [0.5] * 3
    assert measure.reliability(np.empty((2, 0))).shape == (0,)
    assert measure.reliability(np.full((3, 2), NAN)).tolist() == [0.5, 0.5]


def test_members_may_sit_in_any_seat():
    votes = simulated(np.array([0.9, 0.6, 0.7]), n_items=300)
    seats = np.array([np.random.default_rng(i).permutation(3) for i in range(300)])
    shuffled = np.take_along_axis(votes, seats, axis=1)
    assert measure.reliability(shuffled, members=seats) == pytest.approx(
        measure.reliability(votes), abs=1e-5
    )


def test_a_repeated_sample_is_a_share_of_one_vote():
    votes = simulated(np.array([0.9, 0.6, 0.7]), n_items=300)
    twice = votes[:, [0, 0, 1, 2]]
    got = measure.reliability(
        twice,
        members=np.broadcast_to([0, 0, 1, 2], twice.shape),
        shares=np.broadcast_to([0.5, 0.5, 1, 1], twice.shape),
    )
    assert got == pytest.approx(measure.reliability(votes), abs=1e-5)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_items_and_the_codes_do_not_matter(seed, random):
    votes = simulated(np.array([0.9, 0.6, 0.5]), n_items=30, seed=seed)
    order = list(range(30))
    random.shuffle(order)
    got = measure.reliability(-votes[order])
    assert got == pytest.approx(measure.reliability(votes), abs=1e-5)
    assert ((got > 0) & (got < 1)).all()


def test_log_odds_are_clipped_at_both_ends():
    # ln(.75 / .25) = 1.098612; ln(.55 / .45) = .200671; ln(.99 / .01) = 4.595120
    assert measure.log_odds([0.75, 0.0, 1.0]) == pytest.approx(
        [1.098612, 0.200671, 4.595120], abs=1e-6
    )
