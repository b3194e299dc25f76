from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.measure.disagreement import vote_entropy
from curate.measure.sequential import THIRDS, forecast_bucket, forecast_selection

votes_ = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 5)),
    elements=st.sampled_from([0.0, 1.0, 2.0, np.nan]),
)
quick = settings(max_examples=40, deadline=None)


def bucket_of(votes):
    return np.searchsorted(THIRDS, vote_entropy(votes, normalise=True).round(9), side="right")


def completions(counts, left):
    """All ways in which the answers may be spread once `left` more were given."""
    if left == 0:
        return {tuple(sorted(counts, reverse=True))}
    ways = set()
    for j in range(len(counts) + 1):
        more = [*counts, 0]
        more[j] += 1
        ways |= completions(tuple(c for c in more if c), left - 1)
    return ways


def entropy_of(counts):
    answers = np.repeat(np.arange(len(counts)), counts).astype(float)
    return float(vote_entropy(answers[None], normalise=True)[0])


def test_with_all_samples_taken_the_entropy_is_known():
    # four alike: 0; two and two: ln 2 / ln 4 = 0.5; all different: 1
    all_taken = forecast_bucket([[1, 1, 1, 1], [1, 1, 2, 2], [1, 2, 3, 4]], 0)
    assert all_taken.outcome.tolist() == [0, 1, 2]
    assert all_taken.expected == pytest.approx([0.0, 0.5, 1.0])
    assert all_taken.probability.tolist() == [1.0, 1.0, 1.0]
    assert all_taken.settled.all()


@quick
@given(votes_)
def test_with_all_samples_taken_the_bucket_is_the_one_of_the_entropy(votes):
    known = (~np.isnan(votes)).sum(axis=1) > 1
    forecast = forecast_bucket(votes, 0, draws=5)
    assert forecast.outcome[known].tolist() == bucket_of(votes)[known].tolist()
    assert (forecast.outcome[~known] == -1).all()
    assert forecast.settled.tolist() == known.tolist()


@quick
@given(votes_, st.integers(0, 3))
def test_what_no_completion_can_change_is_certain(votes, left):
    forecast = forecast_bucket(votes, left, draws=200)
    for n, row in enumerate(votes):
        _, counts = np.unique(row[~np.isnan(row)], return_counts=True)
        reached = {entropy_of(c) for c in completions(tuple(counts.tolist()), left) if sum(c) > 1}
        buckets = {int(np.searchsorted(THIRDS, round(e, 9), side="right")) for e in reached}
        if len(buckets) == 1:
            assert (forecast.outcome[n], forecast.probability[n]) == (buckets.pop(), 1.0)
        elif buckets:
            assert forecast.outcome[n] in buckets
        if reached:
            assert min(reached) - 1e-6 <= forecast.expected[n] <= max(reached) + 1e-6


@quick
@given(votes_, st.integers(0, 3), st.randoms(use_true_random=False))
def test_neither_the_order_of_samples_nor_their_names_matter(votes, left, random):
    order = list(range(votes.shape[1]))
    random.shuffle(order)
    forecast = forecast_bucket(votes, left, draws=50)
    other = forecast_bucket(-3.0 * votes[:, order] + 8, left, draws=50)
    assert np.array_equal(forecast.probability, other.probability, equal_nan=True)
    assert forecast.outcome.tolist() == other.outcome.tolist()


@quick
@given(votes_, st.integers(0, 3))
def test_the_order_of_prompts_does_not_matter(votes, left):
    forecast = forecast_bucket(votes, left, draws=50)
    other = forecast_bucket(votes[::-1], left, draws=50)
    assert np.array_equal(forecast.expected, other.expected[::-1], equal_nan=True)


def test_the_same_seed_gives_the_same_forecast_and_another_one_nearly():
    votes = [[1, 1, 2], [1, 1, 1], [1, 2, 3]]
    first, same, other = (forecast_bucket(votes, 7, seed=seed) for seed in (1, 1, 2))
    assert first.probability.tolist() == same.probability.tolist()
    assert first.probability == pytest.approx(other.probability, abs=0.05)


def test_agreement_among_others_makes_three_alike_surer():
    alone = forecast_bucket([[1, 1, 1]], 7).probability[0]
    among = forecast_bucket([[1, 1, 1]] * 50 + [[1, 2, 3]], 7).probability[0]
    assert among > alone


def test_more_samples_alike_make_a_prompt_surer():
    likely = [forecast_bucket([[1] * n], 12 - n).probability[0] for n in (2, 4, 6, 8, 12)]
    assert all(a <= b for a, b in pairwise(likely))
    assert likely[-1] == 1.0


def test_a_prompt_without_a_readable_answer_has_no_decision_once_all_are_taken():
    forecast = forecast_bucket([[np.nan, np.nan], [1, np.nan]], 0)
    assert forecast.outcome.tolist() == [-1, -1]
    assert np.isnan(forecast.probability).all()
    assert not forecast.settled.any()


def test_edges_are_a_choice():
    assert forecast_bucket([[1, 1, 2, 2]], 0, edges=(0.5,)).outcome.tolist() == [1]
    assert forecast_bucket([[1, 1, 2, 2]], 0, edges=()).outcome.tolist() == [0]


def test_the_bound_holds_for_draws_from_urns():
    """Prompts that stop early are wrong no more often than promised, and as often as claimed."""
    rng = np.random.default_rng(3)
    n_prompts, n_samples, least = 1500, 12, 3
    votes = np.array([_dealt(rng, n_samples, *_kind(rng)) for _ in range(n_prompts)])
    truth = bucket_of(votes)
    drawn = np.full(n_prompts, least)
    said, claimed = np.full(n_prompts, -1), np.full(n_prompts, np.nan)
    while (open_ := said < 0).any():
        seen = np.where(np.arange(n_samples) < drawn[:, None], votes, np.nan)
        forecast = forecast_bucket(seen, n_samples - drawn, confidence=0.9, draws=500)
        stop = open_ & forecast.settled
        said[stop], claimed[stop] = forecast.outcome[stop], forecast.probability[stop]
        drawn[open_ & ~stop] += 1
    early = drawn < n_samples
    right = (said == truth)[early].mean()
    assert 0.2 < early.mean()
    # three standard errors of a share of 0.9 among so many prompts
    assert right >= 0.9 - 3 * np.sqrt(0.09 / early.sum())
    assert right == pytest.approx(claimed[early].mean(), abs=0.03)


def test_who_is_surely_chosen_or_not_is_so_as_often_as_claimed():
    rng = np.random.default_rng(5)
    held, claimed = [], []
    for _ in range(10):
        votes = np.array([_dealt(rng, 12, *_kind(rng)) for _ in range(150)])
        forecast = forecast_selection(votes[:, :4], 8, budget=30, confidence=0.9, draws=500)
        entropy = vote_entropy(votes, normalise=True).round(9)
        truth = 1 + np.sign(entropy - np.sort(entropy)[-30])
        held.append((forecast.outcome == truth)[forecast.settled].mean())
        claimed.append(forecast.probability[forecast.settled].mean())
    assert np.mean(held) >= 0.9
    assert np.mean(held) == pytest.approx(np.mean(claimed), abs=0.03)


def _kind(rng):
    """Most prompts are nearly sure, some are torn, some are lost."""
    return [(0.05, 0.0), (1.0, 0.0), (20.0, 0.25)][rng.choice(3, p=[0.5, 0.3, 0.2])]


def _dealt(rng, n, strength, discount):
    counts, dealt = [], []
    for _ in range(n):
        new = strength + discount * len(counts)
        weights = np.array([*(c - discount for c in counts), new])
        j = int(rng.choice(len(weights), p=weights / weights.sum()))
        counts = [*counts, 0] if j == len(counts) else counts
        counts[j] += 1
        dealt.append(j)
    return [float(j) for j in dealt]


def test_a_budget_for_all_settles_everything():
    forecast = forecast_selection([[1, 1], [1, 2], [np.nan, 1]], 3, budget=3, draws=50)
    assert forecast.settled.all()


def test_the_neediest_are_above_the_threshold_the_others_below():
    votes = [[1, 1, 1, 1]] * 6 + [[1, 1, 2, 2]] * 2 + [[1, 2, 3, 4]] * 2
    # budget 4: the two of entropy 1, then both of 0.5, which are the threshold
    assert forecast_selection(votes, 0, budget=4).outcome.tolist() == [0] * 6 + [1] * 2 + [2] * 2
    # budget 3: one of the two of 0.5 fits; they are alike, so the threshold is theirs still
    assert forecast_selection(votes, 0, budget=3).outcome.tolist() == [0] * 6 + [1] * 2 + [2] * 2


def test_a_settled_prompt_is_on_its_side_however_the_rest_falls():
    votes = np.full((40, 10), np.nan)
    votes[:20, :9] = 1.0
    votes[20:, :9] = np.arange(9)
    forecast = forecast_selection(votes, 1, budget=20)
    assert forecast.settled[:20].all()
    assert forecast.outcome[:20].tolist() == [0] * 20


def test_no_prompts_are_no_forecasts():
    assert forecast_bucket(np.empty((0, 3)), 2).outcome.shape == (0,)
    assert forecast_selection(np.empty((0, 3)), 2, budget=1).settled.shape == (0,)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="shape"):
        forecast_bucket([1, 2], 1)
    with pytest.raises(ValueError, match="fewer than none"):
        forecast_bucket([[1, 2]], -1)


def test_many_prompts_are_few_states():
    rng = np.random.default_rng(0)
    votes = rng.integers(0, 3, (200_000, 5)).astype(float)
    forecast = forecast_bucket(votes, 5, draws=200)
    _, first = np.unique(np.sort(votes, axis=1), axis=0, return_index=True)
    assert len(np.unique(forecast.probability)) <= 5  # 5, 41, 32, 311, 221: five ways to fall
    assert forecast.settled.shape == (200_000,)
    assert len(first) == 21
