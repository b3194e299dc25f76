import gzip
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curate import measure
from curate.measure.panel import (
    item_position_inconsistency,
    judge_distributions,
    judge_reliability,
    panel_entropy,
    panel_shares,
    panel_split,
    panel_verdict,
    position_inconsistency,
    ratings_matrix,
)

NAN = float("nan")
A, B, TIE = 0, 1, 2
props = settings(deadline=None, max_examples=60)
panels = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.just(2)),
    elements=st.sampled_from([0.0, 1.0, 2.0, NAN]),
)


def same(*choices):
    """Votes of judges whose two orders say the same."""
    return [[c, c] for c in choices]


def test_consistent_judges_vote_as_any_committee():
    votes = [same(A, A, B), same(A, B, TIE), same(B, B, B)]
    # [2, 1]: .636514; three different: ln 3; one mind: 0
    assert panel_entropy(votes) == pytest.approx([0.636514, math.log(3), 0], abs=1e-6)
    assert panel_entropy(votes) == pytest.approx(measure.vote_entropy(np.array(votes)[..., 0]))
    assert panel_entropy(votes, normalise=True) == pytest.approx(
        [0.636514 / math.log(3), 1, 0], abs=1e-6
    )


def test_a_judge_that_follows_the_position_counts_half_and_half():
    # One says a, one says a and then b: a has 1.5 of 2 votes, b .5.
    votes = [[[A, A], [A, B]]]
    assert panel_shares(votes).tolist() == [[0.75, 0.25, 0]]
    # -(.75 ln .75 + .25 ln .25) = .562335
    assert panel_entropy(votes)[0] == pytest.approx(0.562335, abs=1e-6)
    # a and then tie: half for a, half for tie
    assert judge_distributions([[[A, TIE]]]).tolist() == [[[0.5, 0, 0.5]]]


def test_position_noise_is_not_disagreement():
    noisy, split = panel_split([[[A, B], [B, A]]]), panel_split([same(A, B)])
    # Both have shares of one half, so ln 2 in all: noise in the one, disagreement in the other.
    assert noisy.total[0] == pytest.approx(math.log(2))
    assert (noisy.ignorance[0], noisy.ambiguity[0]) == (0, pytest.approx(math.log(2)))
    assert split.ignorance[0] == pytest.approx(math.log(2))
    assert split.ambiguity[0] == 0


def test_position_inconsistency_by_judge_and_by_item():
    votes = [[[A, A], [A, B]], [[TIE, TIE], [B, TIE]], [[A, NAN], [B, B]]]
    # Judge 0: 0 of 2 (one order unread does not count); judge 1: 2 of 3.
    assert position_inconsistency(votes) == pytest.approx([0, 2 / 3])
    assert item_position_inconsistency(votes) == pytest.approx([0.5, 0.5, 0])


def test_a_judge_with_one_order_unread_does_not_count():
    assert panel_shares([[[A, NAN], [B, B]]]).tolist() == [[0, 1, 0]]
    assert np.isnan(panel_shares([[[A, NAN]]])).all()
    assert np.isnan(panel_verdict([[[A, NAN]]], weights=[1]).choice).all()


def test_the_verdict_goes_by_weight():
    votes = [same(A, B, B)]
    assert panel_verdict(votes, weights=[1, 1, 1]) == (B, pytest.approx(2 / 3))
    assert panel_verdict(votes, weights=[3, 1, 1]) == (A, pytest.approx(3 / 5))


def test_an_even_split_is_a_tie():
    assert panel_verdict([same(A, B)], weights=[1, 1]) == (TIE, 0.5)
    assert panel_verdict([same(A, TIE)], weights=[1, 1]).choice == A
    assert panel_verdict([[[A, B]]], weights=[1]).choice == TIE


def test_weights_without_labels_find_the_judges_who_know():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    accuracy = np.array([0.95, 0.9, 0.55, 0.5, 0.5])
    right = rng.random((600, 5)) < accuracy
    said = np.where(right, truth[:, None], 1 - truth[:, None])
    votes = np.stack([said, said], axis=2)
    known = judge_reliability(votes)
    assert known[:2].min() > 0.85
    assert known[2:].max() < 0.65
    even = (panel_verdict(votes, weights=np.ones(5)).choice == truth).mean()
    weighted = (panel_verdict(votes).choice == truth).mean()
    assert weighted > even + 0.05


def test_a_judge_that_contradicts_itself_is_half_right_at_best():
    votes = np.tile(np.array([[[A, A], [A, A], [A, B]]], float), (200, 1, 1))
    assert judge_reliability(votes)[2] == pytest.approx(0.5, abs=0.01)


def test_verdicts_become_one_ratings_matrix():
    got = ratings_matrix([0, 2, 0], [1, 0, 0], [4, 5, NAN], shape=(3, 2))
    assert np.array_equal(got, [[NAN, 4], [NAN, NAN], [5, NAN]], equal_nan=True)
    orders = ratings_matrix([0], [0], [[A, B]], shape=(1, 1))
    assert orders.tolist() == [[[A, B]]]


def test_two_verdicts_of_one_judge_on_one_item_are_refused():
    with pytest.raises(ValueError, match="two verdicts"):
        ratings_matrix([0, 0], [1, 1], [4, 5], shape=(1, 2))


@pytest.mark.parametrize("votes", [[[3, 0]], [[[3, 0]]], [[[0.5, 0]]], [[[0]]]])
def test_votes_that_are_none_are_refused(votes):
    with pytest.raises(ValueError, match="votes"):
        panel_entropy(votes)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 2), (0, 0, 2)])
def test_no_votes_say_nothing(shape):
    votes = np.empty(shape)
    assert panel_shares(votes).shape == (shape[0], 3)
    for values in (panel_entropy(votes), item_position_inconsistency(votes)):
        assert values.shape == shape[:1]
        assert np.isnan(values).all()
    assert position_inconsistency(votes).shape == shape[1:2]
    assert np.isnan(panel_verdict(votes).choice).all()
    assert ratings_matrix([], [], [], shape=shape[:2]).shape == shape[:2]


@props
@given(panels)
def test_shares_add_up_and_bounds_hold(votes):
    shares = panel_shares(votes)
    known = ~np.isnan(shares[:, 0])
    assert shares[known].sum(axis=1) == pytest.approx(1)
    entropy = panel_entropy(votes)
    assert np.array_equal(np.isnan(entropy), ~known)
    assert (entropy[known] <= math.log(3) + 1e-12).all()
    assert (entropy[known] >= 0).all()
    normal = panel_entropy(votes, normalise=True)
    assert ((normal >= 0) & (normal <= 1))[~np.isnan(normal)].all()
    split = panel_split(votes)
    assert split.total == pytest.approx(entropy, nan_ok=True)
    assert split.ambiguity == pytest.approx(
        math.log(2) * item_position_inconsistency(votes), nan_ok=True
    )
    verdict = panel_verdict(votes)
    assert np.array_equal(np.isnan(verdict.choice), ~known)
    assert set(verdict.choice[known]) <= {A, B, TIE}


@props
@given(panels)
def test_calling_a_b_and_b_a_turns_the_verdict_round(votes):
    other = np.where(votes == A, B, np.where(votes == B, A, votes))
    there, back = panel_verdict(votes).choice, panel_verdict(other).choice
    turned = np.where(back == A, B, np.where(back == B, A, back))
    one_mind = panel_verdict(votes).support > 0.5 + 1e-6
    assert np.array_equal(there[one_mind], turned[one_mind])
    assert panel_entropy(votes) == pytest.approx(panel_entropy(other), nan_ok=True)


LLMBAR = Path(__file__).parents[1] / "data" / "llmbar" / "verdicts.jsonl.gz"


def test_thirty_six_real_judges():
    with gzip.open(LLMBAR, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    names = sorted(rows[0]["judge_verdicts"])
    code = {"a": A, "b": B, "tie": TIE}
    none = [None, None]
    votes = np.array(
        [
            [[code.get(v, NAN) for v in row["judge_verdicts"].get(n, none)] for n in names]
            for row in rows
        ]
    )
    truth = np.array([code[row["human_gold"]] for row in rows])
    said = judge_distributions(votes)
    accuracy = np.nanmean(np.take_along_axis(said, truth[:, None, None], axis=2)[..., 0], axis=0)
    noise = dict(zip(names, position_inconsistency(votes), strict=True))
    assert noise["GPT-4/CoT"] < 0.12
    assert noise["Falcon/CoT"] > 0.8
    assert np.corrcoef(accuracy, judge_reliability(votes))[0, 1] > 0.95
    even = (panel_verdict(votes, weights=np.ones(len(names))).choice == truth).mean()
    weighted = (panel_verdict(votes).choice == truth).mean()
    assert even == pytest.approx(0.611, abs=0.005)
    assert weighted == pytest.approx(0.833, abs=0.005)
