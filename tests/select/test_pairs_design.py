"""Greedy designs: against determinants and brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select import pairs as rules
from curate.select.pairs.design import Design
from curate.select.pairs.gaps import expected_noise, information, whitened
from curate.select.pool import Answers

seeds = st.integers(0, 2**32 - 1)


def some(seed, n=8, n_dims=3, n_pairs=9):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, n_dims)).astype(np.float32)
    half = rng.normal(size=(n_dims, n_dims))
    covariance = half @ half.T / n_dims + 0.1 * np.eye(n_dims)
    answers = Answers(
        features=features,
        reward=features @ rng.normal(size=n_dims),
        reward_sd=np.ones(n),
        length=np.ones(n),
        covariance=covariance,
    )
    pairs = np.array([rng.choice(n, 2, replace=False) for _ in range(n_pairs)])
    return answers, pairs


def log_det(answers, pairs, rows):
    """Return log det (V + sum w d d') of the pairs of `rows`, V the posterior's precision."""
    gap = rules.gaps(answers, pairs)
    weight = expected_noise(gap.mean, gap.variance)
    differences = (answers.features[pairs[:, 0]] - answers.features[pairs[:, 1]]).astype(float)
    precision = np.linalg.inv(answers.covariance)
    for row in rows:
        precision = precision + weight[row] * np.outer(differences[row], differences[row])
    return np.linalg.slogdet(precision)[1]


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_pair_is_worth_what_it_adds_to_the_log_determinant(seed):
    answers, pairs = some(seed)
    gap = rules.gaps(answers, pairs)
    gains = rules.log_det_gains(gap.mean, gap.variance)
    before = log_det(answers, pairs, [])
    for row in range(len(pairs)):
        assert gains[row] == pytest.approx(log_det(answers, pairs, [row]) - before, rel=1e-5)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_each_pick_adds_most_to_the_log_determinant(seed):
    answers, pairs = some(seed)
    picks = rules.d_optimal(answers, pairs, 5).tolist()
    for n, row in enumerate(picks):
        left = [r for r in range(len(pairs)) if r not in picks[:n]]
        values = [log_det(answers, pairs, [*picks[:n], r]) for r in left]
        assert values[left.index(row)] == pytest.approx(max(values), rel=1e-6, abs=1e-6)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_greedy_reaches_the_promised_share_of_the_best_set(seed):
    answers, pairs = some(seed)
    empty = log_det(answers, pairs, [])
    reached = log_det(answers, pairs, rules.d_optimal(answers, pairs, 3)) - empty
    best = max(log_det(answers, pairs, rows) for rows in itertools.combinations(range(9), 3))
    assert reached >= (1 - 1 / np.e) * (best - empty) - 1e-9


def test_information_is_at_most_one_bit():
    wide = information(np.zeros(1), np.array([1e9]))[0]
    assert wide <= np.log(2) and wide == pytest.approx(np.log(2), abs=0.01)


def test_of_three_equal_pairs_two_others_are_asked_before_one_twice():
    answers = Answers(
        features=np.array([[0, 0], [1, 0], [0, 0.9]], np.float32),
        reward=np.zeros(3),
        reward_sd=np.ones(3),
        length=np.ones(3),
        covariance=np.eye(2) * 40,
    )
    # A second look at the first axis is worth log(1 + w 40 / (1 + w 40)) < log 2; the other axis
    # log(1 + w 32.4), with w = .25 / sqrt(1 + 40 pi / 8) = .0613: log 2.99.
    same = [[0, 1], [1, 0], [0, 1], [0, 2]]
    assert rules.d_optimal(answers, same, 2).tolist() == [0, 3]


def test_what_is_covered_has_told_what_it_can_at_a_cold_start():
    answers = Answers(
        features=np.array([[0, 0], [3, 0], [0, 2]], np.float32),
        reward=np.zeros(3),
        reward_sd=np.ones(3),
        length=np.ones(3),
    )
    pairs = [[0, 1], [1, 0], [0, 2]]
    assert rules.d_optimal(answers, pairs, 1).tolist() == [0]
    covered = rules.d_optimal(answers, np.array(pairs), 1, covered=np.array([0]))
    assert covered.tolist() in ([1], [2]) and covered.tolist() == brute_after(answers, pairs, 0)


def brute_after(answers, pairs, row):
    """Return the best pair after one was asked, from the prior of unit mean reward variance."""
    centred = answers.features - answers.features.mean(axis=0)
    precision = np.eye(2) * (centred**2).sum(axis=1).mean()
    differences = [answers.features[a] - answers.features[b] for a, b in pairs]
    weights = []
    for d in differences:
        variance = d @ np.linalg.inv(precision) @ d
        weights.append(0.25 / np.sqrt(1 + np.pi / 8 * variance))
    asked = precision + weights[row] * np.outer(differences[row], differences[row])
    gains = [w * d @ np.linalg.inv(asked) @ d for w, d in zip(weights, differences, strict=True)]
    gains[row] = -1
    return [int(np.argmax(gains))]


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_what_a_pair_would_tell_only_falls(seed):
    answers, pairs = some(seed)
    design = Design(answers, pairs, lambda mean, variance, weight: variance)
    for _ in range(4):
        before = design.gains.copy()
        design.take(design.offer())
        assert (design.gains <= before + 1e-9).all()


def test_many_answers_are_held_in_single_precision():
    answers, _ = some(3)
    exact, rough = whitened(answers), whitened(answers, most_bytes=1)
    assert (exact.dtype, rough.dtype) == (np.float64, np.float32)
    assert rough == pytest.approx(exact, abs=1e-5)


def test_a_hundred_thousand_pairs_are_never_held_against_each_other():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(20_000, 16)).astype(np.float32)
    answers = Answers(
        features=features,
        reward=features[:, 0].astype(float),
        reward_sd=np.ones(20_000),
        length=np.ones(20_000),
        covariance=np.eye(16) / 8,
    )
    pairs = rng.integers(0, 20_000, (100_000, 2))
    assert len(set(rules.d_optimal(answers, pairs, 20).tolist())) == 20
