"""Rules that look at rewards: golden values, symmetry, guards, and what each says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig
from curate.errors import ConfigError
from curate.select import pairs as rules
from curate.select.pairs.delta_ucb import optimistic_gap
from curate.select.pairs.gaps import chance, expected_noise, information
from curate.select.pairs.rules import infomax_span
from curate.select.pool import Answers

BY_ORDER = {
    "d_optimal": rules.d_optimal,
    "batch_bald": rules.batch_bald,
    "infomax": rules.infomax,
    "confident_gap": rules.confident_gap,
    "delta_ucb": rules.delta_ucb,
    "connected": rules.connected,
}
every_rule = pytest.mark.parametrize("rule", BY_ORDER.values(), ids=BY_ORDER)
seeds = st.integers(0, 2**32 - 1)


def known(reward, sd=None, *, covariance=None, features=None, length=None, model=None):
    reward = np.asarray(reward, np.float64)
    n = len(reward)
    return Answers(
        features=np.eye(n, dtype=np.float32) if features is None else features,
        reward=reward,
        reward_sd=np.ones(n) if sd is None else np.asarray(sd, np.float64),
        length=np.ones(n) if length is None else np.asarray(length, np.float64),
        covariance=covariance,
        model=model,
    )


def some(seed, n=8, n_dims=3, n_pairs=12, warm=True):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, n_dims)).astype(np.float32)
    half = rng.normal(size=(n_dims, n_dims))
    covariance = half @ half.T / n_dims
    answers = known(
        features @ rng.normal(size=n_dims),
        np.sqrt(np.einsum("ij,jk,ik->i", features, covariance, features)),
        covariance=covariance if warm else None,
        features=features,
    )
    pairs = np.array([rng.choice(n, 2, replace=False) for _ in range(n_pairs)])
    return answers, pairs


def pool(answers, pairs, **fields):
    n = len(pairs)
    return select.Pool(
        ids=[f"p{i}" for i in range(n)],
        vectors=np.eye(n, dtype=np.float32),
        need=np.full(n, np.nan),
        answers=answers,
        pairs=np.asarray(pairs),
        **fields,
    )


def choose(on_offer, k, strategy="pairs", **config):
    settings_ = SelectConfig(strategy=strategy, random_share=0, **config)
    return select.choose(on_offer, k, config=settings_, seed=7)


def test_the_gap_of_answers_that_look_alike_is_known_however_unsure_their_rewards_are():
    twins = np.array([[1.0, 2], [1, 2], [1, 0]], np.float32)
    answers = known([5, 5, 1], [3, 3, 1], covariance=np.diag([2.0, 1]), features=twins)
    found = rules.gaps(answers, [[0, 1], [0, 2]])
    # (0, 2): differs by 2 in the second feature, whose weight has variance 1: 2 * 1 * 2.
    assert found.mean.tolist() == [0, 4]
    assert found.variance == pytest.approx([0, 4])


def test_without_a_covariance_both_variances_add_up():
    found = rules.gaps(known([1, 0], [0.6, 0.8]), [[0, 1]])
    assert (found.mean[0], found.variance[0]) == (1, pytest.approx(1.0))  # .36 + .64


def test_a_sure_gap_has_the_logistic_chance_and_an_unsure_one_is_nearer_to_even():
    sure, unsure = chance(np.array([1.0, 1.0]), np.array([0.0, 4.0]))
    assert sure == pytest.approx(0.731059, abs=1e-6)
    # 1 / sqrt(1 + pi / 8 * 4) = .623690; logistic of it = .651056
    assert unsure == pytest.approx(0.651056, abs=1e-6)


@given(st.floats(-4, 4), st.floats(0, 4))
@settings(max_examples=60, deadline=None)
def test_closed_forms_agree_with_quadrature(mean, variance):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    z = mean + math.sqrt(variance) * nodes
    p = 1 / (1 + np.exp(-z))
    weights = weights / weights.sum()
    at = (np.array([mean]), np.array([variance]))
    assert chance(*at)[0] == pytest.approx(weights @ p, abs=0.02)
    assert expected_noise(*at)[0] == pytest.approx(weights @ (p * (1 - p)), abs=0.02)
    whole = weights @ p
    gain = entropy(whole) - weights @ entropy(p)
    assert information(*at)[0] == pytest.approx(gain, abs=0.02)


def entropy(p):
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def test_infomax_spans_the_chances_between_the_bounds():
    # U, L of a: 1.5, .5; of b: .75, -.25. s(1.75) - s(-.25) = .851953 - .437823 = .414129
    span = infomax_span(known([1, 0.25], [0.5, 0.5]), [[0, 1]])
    assert span[0] == pytest.approx(0.414129, abs=1e-6)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_infomax_is_the_same_whichever_side_is_called_a(seed):
    answers, pairs = some(seed)
    assert infomax_span(answers, pairs) == pytest.approx(infomax_span(answers, pairs[:, ::-1]))


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_the_two_chances_of_a_pair_add_up_to_one(seed):
    answers, pairs = some(seed)
    one, other = rules.gaps(answers, pairs), rules.gaps(answers, pairs[:, ::-1])
    both = chance(one.mean, one.variance) + chance(other.mean, other.variance)
    assert both == pytest.approx(np.ones(len(pairs)))


@every_rule
@given(seed=seeds, warm=st.booleans())
@settings(max_examples=30, deadline=None)
def test_swapping_the_sides_of_pairs_changes_nothing(rule, seed, warm):
    answers, pairs = some(seed, warm=warm)
    flipped = pairs.copy()
    flipped[::2] = flipped[::2, ::-1]
    assert rule(answers, pairs, 6).tolist() == rule(answers, flipped, 6).tolist()


@every_rule
def test_nothing_on_offer_is_an_empty_queue(rule):
    assert rule(known([0.0]), np.empty((0, 2), int), 3).tolist() == []


@every_rule
def test_a_tie_goes_to_the_lowest_index(rule):
    answers = known(np.zeros(6), covariance=np.eye(6))
    assert rule(answers, [[0, 1], [2, 3], [4, 5]], 2).tolist() == [0, 1]


@every_rule
def test_covered_pairs_are_not_picked(rule):
    answers, pairs = some(5)
    assert set(rule(answers, pairs, 12, covered=[0, 3])).isdisjoint({0, 3})


def test_the_optimistic_gap_is_the_larger_of_both_directions():
    # U_a - L_b = 1.2 + .3 = 1.5; U_b - L_a = .7 + .2 = .9 with rewards .5, .2 and sds .7, .5.
    assert optimistic_gap(known([0.5, 0.2], [0.7, 0.5]), [[0, 1]])[0] == pytest.approx(1.5)


def test_dpo_gets_no_pair_whose_better_answer_is_poor_and_no_outlier_as_loser():
    rewards = [3.0, 2, 1, 1, 1, 1, 1, 1, 1, -9]
    # mean .3, sd 3.16: the last is below .3 - 2 * 3.16 = -6.03. The median is 1.
    answers = known(rewards)
    pairs = [[0, 9], [0, 2], [1, 2], [9, 9]]
    assert rules.delta_ucb(answers, pairs, 4).tolist() == [1, 2]
    reasons = choose(pool(answers, pairs), 4, objective="dpo").left_out
    assert "its worse answer's reward is below -6.03, 2 sd under the mean" in reasons[0]
    assert "its better answer's reward is below 1.00, the 0.5 quantile of all" in reasons[3]


def test_two_draws_rarely_name_a_pair_whose_order_is_settled():
    answers = known([0, 0, 5, -5], [1, 1, 0.01, 0.01])
    first = [rules.double_thompson(answers, [[0, 1], [2, 3]], 1, rng=seed)[0] for seed in range(20)]
    assert first.count(0) == 20


def test_double_thompson_draws_among_the_best_of_a_prompt():
    answers = known([4.0, 4, 0, 0], [1, 1, 0.1, 0.1])
    pairs = [[2, 3], [0, 2], [1, 3], [0, 1]]
    assert rules.double_thompson(answers, pairs, 1, prompts=[0] * 4).tolist() == [3]


def test_reversed_thompson_puts_the_best_beside_the_worst():
    answers = known([2.0, 1, 0, -1], np.full(4, 0.01))
    pairs = [[0, 1], [1, 2], [3, 0], [2, 3]]
    assert rules.drts(answers, pairs, 1, floor=0).tolist() == [2]


def test_a_moderate_gap_is_neither_even_nor_settled():
    # Chances of the likelier side: .5, .9933, .6225: the window is .55 to .8.
    answers = known([0.0, 0, 5, 0.5], np.zeros(4))
    assert rules.moderate_gap(answers, [[0, 1], [2, 0], [3, 0]], 1).tolist() == [2]


def test_active_preference_learning_asks_the_largest_predicted_gap():
    assert rules.confident_gap(known([0.0, 1, 3]), [[0, 1], [2, 0], [1, 2]], 3).tolist() == [
        1,
        2,
        0,
    ]


@pytest.mark.parametrize(
    ("objective", "said"),
    [("reward_model", "adds 0."), ("dpo", "optimistic gap "), ("ranking", "connects 1 with 1")],
)
def test_each_pick_says_what_is_believed_and_why_it_was_offered(objective, said):
    answers = known([0.5, 0], covariance=np.eye(2) / 4)
    reason = choose(pool(answers, [[1, 0]]), 1, objective=objective).reason[0]
    # Variance of the gap: 1/4 + 1/4 = .5, its root .71; chance .5 / sqrt(1 + pi / 16) -> .61.
    assert reason.startswith("gap 0.50 ± 0.71, b preferred with chance 0.61; ")
    assert said in reason


def test_answers_of_too_different_length_are_not_compared():
    answers = known([0.0, 1, 2], length=[10, 20, 80])
    queue = choose(pool(answers, [[0, 1], [0, 2], [1, 2]]), 3, length_ratio=4)
    assert sorted(queue.indices) == [0, 2]
    assert queue.left_out[1] == "its longer answer is 8.0 times as long as the other (4 at most)"


def test_pairs_that_are_not_worth_asking_have_a_reason():
    vectors = np.array([[1.0, 0], [1, 0], [0, 1]], np.float32)
    flaws = [None, None, "cut off by the length limit"]
    reasons = rules.unfit([[0, 1], [0, 2]], vectors=vectors, length=[5, 5, 5], flaws=flaws)
    assert reasons == {
        0: "its two answers are near-identical (cosine 1.000)",
        1: "b is cut off by the length limit",
    }


@pytest.mark.parametrize("strategy", ["pairs", "infomax", "confident_gap", "delta_ucb", "drts"])
def test_while_nothing_is_known_of_any_answer_the_cold_start_chooses(strategy):
    nothing = known([np.nan] * 3, [np.nan] * 3)
    queue = choose(
        pool(nothing, [[0, 1], [2, 0], [1, 2]]), 1, strategy, cold_start={"strategy": "k_center"}
    )
    assert queue.indices.tolist() == [0]
    assert queue.reason[0].endswith(" (k_center: nothing known of any answer yet)")


def test_a_design_needs_no_reward_to_start():
    features = np.array([[0.0], [1], [3]], np.float32)
    nothing = known([np.nan] * 3, [np.nan] * 3, features=features)
    queue = choose(pool(nothing, [[0, 1], [2, 0], [1, 2]]), 1, "d_optimal")
    assert queue.indices.tolist() == [1]
    assert queue.reason[0].startswith("nothing known of both rewards yet; adds ")


def test_a_pair_without_a_reward_is_left_out_where_others_have_one():
    answers = known([0.0, 1, np.nan])
    queue = choose(pool(answers, [[0, 1], [0, 2]]), 2, "infomax")
    assert queue.indices.tolist() == [0]
    assert queue.left_out[1] == "an answer of it has no reward to go by"


@pytest.mark.parametrize("strategy", ["pairs", "d_optimal", "connected", "drts"])
def test_rows_that_are_no_pairs_are_refused_in_words(strategy):
    rows = select.Pool(ids=["a"], vectors=np.ones((1, 2), np.float32), need=np.ones(1))
    with pytest.raises(ConfigError, match="has to know the two answers of each row"):
        choose(rows, 1, strategy)
