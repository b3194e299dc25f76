import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.learn.confident import confident_pairs, folds_of, pair_doubt

seeds = st.integers(0, 2**32 - 1)


def compared(seed, n_groups=12, a_group=5, noise=0.5):
    """Answers with a reward that one feature tells in part; all pairs of each group."""
    rng = np.random.default_rng(seed)
    n = n_groups * a_group
    features = rng.normal(size=(n, 3)).astype(np.float32)
    reward = 2 * features[:, 0] + noise * rng.normal(size=n)
    pairs = np.array(
        [
            (g * a_group + i, g * a_group + j)
            for g in range(n_groups)
            for i in range(a_group)
            for j in range(i)
        ]
    )
    won = reward[pairs[:, 0]] > reward[pairs[:, 1]]
    ordered = np.where(won[:, None], pairs, pairs[:, ::-1])
    return features, ordered, ordered[:, 0] // a_group


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_turned_preferences_come_first(seed):
    features, pairs, groups = compared(seed)
    turned = np.random.default_rng(seed).random(len(pairs)) < 0.1
    given = np.where(turned[:, None], pairs[:, ::-1], pairs)
    doubt = pair_doubt(features[given[:, 0]], features[given[:, 1]], groups, answers=given)
    assert doubt.log_odds[turned].mean() < 0 < doubt.log_odds[~turned].mean()


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_which_answer_has_the_lower_number_does_not_matter(seed):
    features, pairs, groups = compared(seed)
    good, bad = features[pairs[:, 0]], features[pairs[:, 1]]
    one = pair_doubt(good, bad, groups, answers=pairs)
    other = pair_doubt(good, bad, groups, answers=pairs.max() - pairs)
    np.testing.assert_allclose(one.log_odds, other.log_odds, atol=1e-5)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_features_turned_round_change_nothing(seed):
    # the reward is learned: what counts is which answer was preferred, not the features' sign
    features, pairs, groups = compared(seed)
    one = pair_doubt(features[pairs[:, 0]], features[pairs[:, 1]], groups, answers=pairs)
    other = pair_doubt(-features[pairs[:, 0]], -features[pairs[:, 1]], groups, answers=pairs)
    np.testing.assert_allclose(one.log_odds, other.log_odds, atol=1e-4)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_a_preference_turned_round_mirrors_its_score(seed):
    # a pair alone in its group: the head that judges it has not seen it
    features, pairs, groups = compared(seed)
    last = int(groups.max()) + 1
    extra = np.array([[features.shape[0], features.shape[0] + 1]])
    rng = np.random.default_rng(seed)
    features = np.concatenate([features, rng.normal(size=(2, 3)).astype(np.float32)])
    gaps = []
    for added in (extra, extra[:, ::-1]):
        whole, of = np.concatenate([pairs, added]), np.append(groups, last)
        found = pair_doubt(features[whole[:, 0]], features[whole[:, 1]], of)
        gaps.append(found.features_only[-1])
    assert gaps[0] == pytest.approx(-gaps[1], abs=1e-3)


def test_what_features_do_not_tell_is_told_by_the_other_pairs_of_an_answer():
    # no feature tells anything; in each group 0 beats 1, 2 and 3, but one row says 3 beats 0
    pairs, groups = [], []
    for g in range(10):
        base = 4 * g
        pairs += [
            (base, base + 1),
            (base, base + 2),
            (base + 3, base) if g == 0 else (base, base + 3),
        ]
        pairs += [(base + 1, base + 2), (base + 1, base + 3), (base + 2, base + 3)]
        groups += [g] * 6
    answers = np.array(pairs)
    nothing = np.zeros((len(pairs), 1), np.float32)
    found = pair_doubt(nothing, nothing, np.array(groups), answers=answers)
    assert found.spread > 0
    assert int(found.log_odds.argmin()) == 2
    assert found.log_odds[2] < 0


def test_pairs_of_one_group_cannot_be_cross_fitted():
    ones = np.ones((5, 1), np.float32)
    with pytest.raises(ValueError, match="one group"):
        pair_doubt(ones, -ones, np.zeros(5, int))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(2, 5))
def test_no_group_lies_in_two_folds(groups, n_folds):
    fold = folds_of(groups, n_folds)
    assert all(len(set(fold[np.array(groups) == g].tolist())) == 1 for g in set(groups))
    assert fold.max() < n_folds


def test_the_rate_of_noise_is_the_share_of_confident_contradictions():
    # mean .7: confident from .7; .9 .9 .9 .8 are sure, .0 is surely contradicted: 1 of 5
    found = confident_pairs([0.9, 0.9, 0.9, 0.8, 0.0])
    assert found.expected == pytest.approx(0.7)
    assert found.noise_rate == pytest.approx(0.2)
    assert found.contradicted.tolist() == [False, False, False, False, True]


def test_nothing_known_has_no_rate():
    found = confident_pairs([np.nan, np.nan])
    assert np.isnan(found.noise_rate) and not found.contradicted.any()
