"""least_confidence, margin, entropy, bald, expected_model_change, committee: rows by one number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig
from curate.errors import ConfigError

NAN = float("nan")
# Ranks by hand: least confidence .6 .55 .2 .6; lead .05 0 .7 .25; entropy 1.081 .949 .639 .950
PROBABILITIES = np.array([[0.4, 0.35, 0.25], [0.45, 0.45, 0.1], [0.8, 0.1, 0.1], [0.4, 0.0, 0.6]])


def test_each_uncertainty_picks_by_its_own_order():
    p = PROBABILITIES[:3]
    assert select.least_confidence(p, 3).tolist() == [0, 1, 2]
    assert select.margin(p, 3).tolist() == [1, 0, 2]
    assert select.entropy(p, 3).tolist() == [0, 1, 2]


def test_with_two_classes_all_three_agree():
    p = np.random.default_rng(0).dirichlet([1, 1], 40)
    by_margin = select.margin(p, 40).tolist()
    assert by_margin == select.least_confidence(p, 40).tolist() == select.entropy(p, 40).tolist()


@pytest.mark.parametrize("pick", [select.least_confidence, select.margin, select.entropy])
def test_what_is_covered_or_unknown_is_not_picked(pick):
    p = np.vstack([PROBABILITIES, [[NAN, NAN, NAN]]])
    assert sorted(pick(p, 9, covered=np.array([1])).tolist()) == [0, 2, 3]
    assert pick(np.full((3, 2), NAN), 2).tolist() == []
    assert pick(np.empty((0, 3)), 2).tolist() == []
    assert pick(np.full((4, 2), 0.5), 2).tolist() == [0, 1]


def test_bald_asks_where_draws_contradict_each_other_and_not_where_all_are_unsure():
    # Row 0: (.9, .1), (.1, .9), (.5, .5): .245376; row 1: three times (.5, .5): 0
    draws = [[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]]
    assert select.bald(draws, 2).tolist() == [0, 1]
    assert select.bald([0.1, NAN, 0.3], 3).tolist() == [2, 0]
    assert select.bald([0.1, 0.2, 0.3], 3, covered=np.array([2])).tolist() == [1, 0]


def test_bald_of_an_ensemble_of_rewards():
    # Rewards a: 1, .2, -.5; b: 0, .4, .3; p = sigma(a - b): mutual information .063298
    gaps = np.array([1.0, -0.2, -0.8])
    p = 1 / (1 + np.exp(-gaps))
    draws = np.stack([p, 1 - p], axis=1)[:, None]
    flat = np.full((3, 1, 2), 0.5)
    assert select.bald(np.concatenate([flat, draws], axis=1), 1).tolist() == [1]


def test_a_matrix_is_neither_information_nor_draws():
    with pytest.raises(ValueError, match="draws"):
        select.bald([[0.1, 0.2]], 1)


def test_of_equally_uncertain_rows_the_longer_gradient_comes_first():
    even = [[0.5, 0.5]] * 3
    assert select.expected_model_change(even, [[1], [3], [-2]], 3).tolist() == [1, 2, 0]


def test_comparing_what_hardly_differs_changes_nothing():
    # 2 p (1 - p) |d|: .5 * .1 = .05; .32 * 1 = .32; .18 * 2 = .36
    p, differences = [[0.5, 0.5], [0.8, 0.2], [0.9, 0.1]], [[0.1], [1], [2]]
    picks = select.expected_model_change(p, differences, 3, preferences=True)
    assert picks.tolist() == [2, 1, 0]


def test_a_committee_is_asked_about_by_the_spread_of_its_votes():
    # Entropy over ln n: (1, 1, 2) .6365 / ln 3 = .579; (1, 2, -) 1; (1, 1, 1) 0; alone: unknown
    votes = [[1, 1, 2], [1, 2, NAN], [3, 3, 3], [4, NAN, NAN]]
    assert select.committee(votes, 4).tolist() == [1, 0, 2]
    assert select.committee(votes, 4, covered=np.array([1])).tolist() == [0, 2]


def test_a_member_that_counts_more_decides_more():
    votes = [[1, 2, 2], [2, 2, 1]]
    assert select.committee(votes, 1, weights=[3, 1, 1]).tolist() == [0]
    assert select.committee(votes, 1, weights=[1, 1, 3]).tolist() == [1]


def pool_of(**fields):
    n = len(fields["need"])
    vectors = np.eye(n, dtype=np.float32)
    return select.Pool(ids=[str(i) for i in range(n)], vectors=vectors, **fields)


def first(pool, strategy, **config):
    config = SelectConfig(strategy=strategy, random_share=0, **config)
    return select.choose(pool, 1, config=config, seed=7)


def test_the_committees_strategy_goes_by_the_first_score_of_disagreement():
    scores = {"vote_entropy": np.array([0.0, 0.9, 0.1]), "doubt": np.full(3, NAN)}
    picked = first(pool_of(need=np.array([0.9, 0, 0]), scores=scores), "committee")
    assert picked.indices.tolist() == [1]
    assert picked.reason[0].startswith("vote_entropy 0.9, rank 1 of 3")


def test_a_need_that_is_such_a_score_comes_first():
    scores = {"doubt": np.array([0.0, 0.9, 0.1])}
    pool = pool_of(need=np.array([0.9, 0, 0]), need_name="contradiction", scores=scores)
    assert first(pool, "committee").indices.tolist() == [0]


def test_without_a_committee_its_strategy_says_what_to_do():
    with pytest.raises(ConfigError, match="answers of other models"):
        first(pool_of(need=np.array([0.9, 0.1])), "committee")


def test_the_model_change_of_pairs_is_that_of_preferences():
    beliefs = select.Beliefs(
        features=np.array([[0.1], [2]], np.float32), probabilities=np.array([[0.5, 0.5]] * 2)
    )
    pool = pool_of(need=np.ones(2), pairs=np.array([[0, 1], [2, 3]]), beliefs=beliefs)
    # 2 * .25 * 2 = 1
    picked = first(pool, "expected_model_change")
    assert picked.indices.tolist() == [1]
    assert picked.reason[0].startswith("expected change of the model 1,")


def test_bald_without_a_posterior_names_other_strategies():
    beliefs = select.Beliefs(
        features=np.eye(2, dtype=np.float32), probabilities=np.array([[0.5, 0.5]] * 2)
    )
    with pytest.raises(ConfigError, match="margin, entropy or badge"):
        first(pool_of(need=np.ones(2), beliefs=beliefs), "bald")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 35))
def test_the_picks_are_the_most_uncertain_rows_left(seed, n, k):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), n).round(1)
    covered = np.flatnonzero(rng.random(n) < 0.3)
    picks = select.margin(p, k, covered=covered)
    lead = np.diff(np.sort(p, axis=1)[:, -2:], axis=1)[:, 0]
    left = np.setdiff1d(np.arange(n), covered)
    assert len(picks) == min(k, len(left)) and set(picks) <= set(left)
    others = np.setdiff1d(left, picks)
    if len(picks) and len(others):
        assert lead[picks].max() <= lead[others].min() + 1e-12
