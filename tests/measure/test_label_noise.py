import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.label_noise import outvoted

seeds = st.integers(0, 2**32 - 1)


def committee(seed, n=60, n_members=5, n_options=4, least=0.6, missing=0.1):
    """Members that are mostly right, given answers of which some are not."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_options, n)
    skill = rng.uniform(least, 0.95, n_members)
    right = rng.random((n, n_members)) < skill
    votes = np.where(right, truth[:, None], rng.integers(0, n_options, (n, n_members)))
    votes = np.where(rng.random(votes.shape) < missing, np.nan, votes)
    given = np.where(rng.random(n) < 0.9, truth, rng.integers(0, n_options, n)).astype(float)
    return given, votes


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_a_committee_of_one_mind_against_an_answer_scores_above_any_split_one(seed):
    given, votes = committee(seed, n=200, least=0.75, missing=0.0)
    given[0], votes[0] = 9.0, 1.0
    odds = outvoted(given, votes).log_odds
    split = (votes != votes[:, :1]).any(axis=1)
    assert odds[0] > odds[split].max()


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_order_of_rows_and_of_members_does_not_matter(seed):
    given, votes = committee(seed)
    rng = np.random.default_rng(seed)
    rows, members = rng.permutation(len(given)), rng.permutation(votes.shape[1])
    before = outvoted(given, votes)
    after = outvoted(given[rows], votes[rows][:, members])
    np.testing.assert_allclose(after.log_odds, before.log_odds[rows], atol=1e-6)
    np.testing.assert_allclose(after.reliability, before.reliability[members], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_codes_of_answers_do_not_matter(seed):
    given, votes = committee(seed)
    turned = outvoted(10 - given, 10 - votes).log_odds
    np.testing.assert_allclose(turned, outvoted(given, votes).log_odds, atol=1e-6)


def test_agreement_on_another_answer_is_held_against_more_than_scatter():
    # both rows: 4 of 4 say something else, the first with one voice
    given = [0.0, 0.0, *[1.0] * 20]
    votes = [[1, 1, 1, 1], [1, 2, 3, 4], *[[1, 1, 1, 1]] * 20]
    found = outvoted(given, votes)
    assert found.log_odds[0] > found.log_odds[1] > found.log_odds[2]
    assert found.other.tolist()[:3] == [0, 0, -1]
    assert found.share[:3].tolist() == [1.0, 0.25, 0.0]


def test_one_vote_or_no_given_answer_tells_nothing():
    found = outvoted([0, np.nan, 0], [[1, np.nan], [1, 1], [1, 1]])
    assert np.isnan(found.log_odds).tolist() == [True, True, False]


def test_nothing_gives_nothing():
    assert outvoted(np.empty(0), np.empty((0, 3))).log_odds.shape == (0,)
    found = outvoted([1.0], np.empty((1, 0)))
    assert np.isnan(found.log_odds).all() and found.other.tolist() == [-1]


def test_labels_of_a_topic_that_is_often_outvoted_are_trusted_less():
    bad, good = [[1, 1, 0]] * 15 + [[1, 1, 1]] * 15, [[1, 1, 0]] + [[0, 0, 0]] * 29
    given, topics = np.zeros(60), np.repeat([0, 1], 30)
    odds = outvoted(given, bad + good, topics=topics).log_odds
    assert odds[0] > odds[30]


def test_shapes_that_differ_are_told():
    with pytest.raises(ValueError, match="given answers"):
        outvoted([1.0, 2.0], [[1.0]])
