import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curate import measure

NAN = float("nan")
props = settings(deadline=None, max_examples=40)
probabilities = hnp.arrays(
    np.float64, (4, 3), elements=st.one_of(st.floats(0, 0.5), st.just(NAN), st.just(0.0))
)


def naive_selfcheck(e, c):
    shares = [y / (x + y) for x, y in zip(e, c, strict=True) if x + y > 0]
    return sum(shares) / len(shares) if shares else NAN


def test_selfcheck_by_hand():
    # .1 / 1 and .3 / .4: mean .425
    assert measure.selfcheck_nli([[0.9, 0.1]], [[0.1, 0.3]])[0] == pytest.approx(0.425)


def test_logits_and_probabilities_give_the_same():
    logits = np.array([2.0, 0.3, -1.0])
    p = np.exp(logits) / np.exp(logits).sum()
    raw = measure.selfcheck_nli([[np.exp(2.0)]], [[np.exp(-1.0)]])
    assert raw == pytest.approx(measure.selfcheck_nli([[p[0]]], [[p[2]]]))
    assert raw[0] == pytest.approx(1 / (1 + math.exp(3)))


def test_a_sentence_that_every_sample_entails_is_exactly_zero():
    assert measure.selfcheck_nli([[1.0, 0.7]], [[0.0, 0.0]]).tolist() == [0]
    assert measure.selfcheck_support([[1.0, 1.0]]).tolist() == [0]
    same, none = np.ones((1, 3, 3)), np.zeros((1, 3, 3))
    assert measure.luq_by_answer(same, none).tolist() == [[0, 0, 0]]


def test_no_samples_say_nothing():
    assert np.isnan(measure.selfcheck_nli(np.empty((2, 0)), np.empty((2, 0)))).all()
    assert np.isnan(measure.selfcheck_nli([[NAN, 0.0]], [[NAN, 0.0]])).all()
    assert np.isnan(measure.selfcheck_support([[NAN]])).all()
    assert measure.selfcheck_support(np.empty((0, 3))).shape == (0,)


def test_an_unreadable_judgement_is_left_out():
    # yes, no, unclear, unreadable: mean(0, 1, .5)
    assert measure.selfcheck_support([[1.0, 0.0, 0.5, NAN]]).tolist() == [0.5]


def test_sentences_make_an_answer():
    got = measure.by_answer([0.0, 1.0, 0.5, NAN], [0, 0, 2, 3], 4)
    assert got[[0, 2]].tolist() == [0.5, 0.5] and np.isnan(got[[1, 3]]).all()
    worst = measure.by_answer([0.0, 1.0, 0.5, NAN], [0, 0, 2, 3], 4, how="max")
    assert worst[[0, 2]].tolist() == [1.0, 0.5] and np.isnan(worst[[1, 3]]).all()
    assert measure.by_answer([], [], 0).shape == (0,)
    assert np.isnan(measure.by_answer([], [], 2)).all()


def test_luq_by_hand():
    # row 0: 1 - .6 / .8; row 1: 1 - .8 / 1
    got = measure.luq_by_answer([[[1, 0.6], [0.8, 1]]], [[[0, 0.2], [0.2, 0]]])
    assert got[0] == pytest.approx([0.25, 0.2])
    alone = np.full((1, 2, 2), NAN)
    alone[0, 0, 0] = 1
    assert np.isnan(measure.luq_by_answer(alone, 1 - alone)).all()


def test_p_true_is_the_share_of_the_two_options():
    # e^-.5 / (e^-.5 + e^-2) = .817574
    assert measure.p_true([-0.5], [-2.0])[0] == pytest.approx(0.817574, abs=1e-6)
    assert measure.p_false([-0.5], [-2.0])[0] == pytest.approx(0.182426, abs=1e-6)


def test_an_option_that_was_not_listed_leaves_p_true_unknown():
    assert np.isnan(measure.p_true([-0.1, NAN, NAN], [NAN, -0.1, NAN])).all()
    assert np.isnan(measure.p_true([-math.inf], [-math.inf])).all()
    assert measure.p_true([-3.0, -math.inf], [-math.inf, -3.0]).tolist() == [1, 0]


def test_far_away_options_do_not_underflow():
    assert measure.p_true([-2000.0], [-2001.0])[0] == pytest.approx(1 / (1 + math.exp(-1)))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="contradictions of"):
        measure.selfcheck_nli([[0.5]], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="not logits"):
        measure.selfcheck_nli([[0.5]], [[-0.5]])
    with pytest.raises(ValueError, match="false"):
        measure.p_true([-1.0], [-1.0, -1.0])
    with pytest.raises(ValueError, match="sentences"):
        measure.by_answer([0.5], [0, 1], 2)
    with pytest.raises(ValueError, match="numbered from 0 to 1"):
        measure.by_answer([0.5, 0.5], [0, 2], 2)


@props
@given(probabilities, probabilities)
def test_values_are_those_of_the_loop_and_bounded(e, c):
    got = measure.selfcheck_nli(e, c)
    expected = [naive_selfcheck(*pair) for pair in zip(e, c, strict=True)]
    assert got == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
    assert not ((got < 0) | (got > 1 + 1e-12)).any()
    order = [2, 0, 1]
    assert measure.selfcheck_nli(e[:, order], c[:, order]) == pytest.approx(got, nan_ok=True)


@props
@given(st.floats(-30, 0), st.floats(-30, 0))
def test_true_and_false_make_one(true, false):
    assert measure.p_true(true, false) + measure.p_false(true, false) == pytest.approx(1)
    assert (measure.p_true(true, false) >= 0.5) or true < false
