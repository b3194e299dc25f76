"""The preference logit: odds by hand, mirrors, and pairs that were held out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.preference_logit import held_out_scores, preference_logit


def test_one_mark_gives_the_matched_odds_ratio():
    # 30 pairs in which the marked answer won, 10 in which it lost: odds 3
    fitted = preference_logit([[1.0]] * 30 + [[-1.0]] * 10, ridge=0.0)
    assert np.exp(fitted.coefficients[0]) == pytest.approx(3.0)


def test_its_error_is_that_of_mcnemars_log_odds():
    # sqrt(1 / 30 + 1 / 10), the textbook's, times sqrt(n / (n - 1)) of the sandwich
    fitted = preference_logit([[1.0]] * 30 + [[-1.0]] * 10, ridge=0.0)
    assert fitted.errors[0] == pytest.approx(np.sqrt((1 / 30 + 1 / 10) * 40 / 39), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16))
def test_swapping_chosen_and_rejected_turns_every_sign(seed):
    x = np.random.default_rng(seed).normal(size=(40, 3))
    ours, swapped = preference_logit(x), preference_logit(-x)
    assert swapped.coefficients == pytest.approx(-ours.coefficients, abs=1e-6)
    assert swapped.errors == pytest.approx(ours.errors, rel=1e-4)


def test_a_feature_that_never_loses_stays_finite():
    fitted = preference_logit([[1.0]] * 50)
    assert 0 < fitted.coefficients[0] < 10
    assert np.isfinite(fitted.errors).all()


def test_what_goes_by_length_is_not_credited_to_a_mark_of_long_answers():
    rng = np.random.default_rng(1)
    length = rng.normal(size=4_000)
    mark = (length + rng.normal(size=4_000) > 1).astype(float) - (rng.random(4_000) < 0.1)
    won = rng.random(4_000) < 1 / (1 + np.exp(-length))
    sign = np.where(won, 1.0, -1.0)[:, None]
    both = preference_logit(np.column_stack([length, mark]) * sign)
    alone = preference_logit(mark[:, None] * sign)
    assert alone.coefficients[0] > 0.5
    assert abs(both.coefficients[1]) < 3 * both.errors[1] < alone.coefficients[0]


def test_copies_within_a_group_do_not_make_it_surer():
    x = np.random.default_rng(2).normal(0.3, 1.0, (60, 1))
    once = preference_logit(x, ridge=0.0)
    copied = preference_logit(
        np.repeat(x, 20, axis=0), groups=np.repeat(np.arange(60), 20), ridge=0.0
    )
    assert copied.errors[0] == pytest.approx(once.errors[0], rel=0.1)


def test_held_out_pairs_are_not_learned_from():
    # the feature of each fold says yes there and no elsewhere: all are got wrong
    folds = np.arange(100) % 2
    x = np.where(folds == 0, 1.0, -1.0)[:, None]
    assert (held_out_scores(x, folds) < 0).all()


def test_no_pairs_have_no_scores():
    assert held_out_scores(np.empty((0, 2)), np.empty(0, int)).shape == (0,)
