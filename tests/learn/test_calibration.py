import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from curate.learn import Isotonic, Temperature, reliability

NAN = float("nan")
seeds = st.integers(0, 10_000)


def test_expected_calibration_error_brier_and_log_loss_by_hand():
    # Two bins of two rows. .2 .4, one of them yes: |.3 - .5| = .2; .8 .8, both yes: .2. Mean .2.
    # Brier (.04 + .36 + .04 + .04) / 4; log loss -(ln .8 + ln .4 + 2 ln .8) / 4.
    got = reliability([0.2, 0.4, 0.8, 0.8], [0, 1, 1, 1], bins=2)
    assert got.ece == pytest.approx(0.2)
    assert got.brier == pytest.approx(0.48 / 4)
    assert got.log_loss == pytest.approx(-(3 * np.log(0.8) + np.log(0.4)) / 4)
    assert [(b.n, b.low, b.high, b.observed) for b in got.table] == [
        (2, 0.2, 0.4, 0.5),
        (2, 0.8, 0.8, 1.0),
    ]


def test_of_several_classes_the_first_choice_is_judged():
    # First choices .6 (right) and .5 (wrong): one bin, |.55 - .5|. Brier: .16 + .09 + .01 = .26
    # and .25 + .16 + .81 = 1.22, mean .74.
    got = reliability([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]], [0, 2], bins=1)
    assert got.ece == pytest.approx(0.05)
    assert got.brier == pytest.approx(0.74)
    assert got.log_loss == pytest.approx(-(np.log(0.6) + np.log(0.1)) / 2)


def test_of_nothing_nothing_is_known():
    for chances, labels in (([], []), ([NAN], [1]), (np.zeros((0, 3)), [])):
        got = reliability(chances, labels)
        assert got.n == 0 and got.table == ()
        assert np.isnan([got.ece, got.brier, got.log_loss]).all()


def test_rows_without_a_chance_are_left_out_and_the_rest_counted():
    got = reliability([0.5, NAN, 0.5], [1, 0, 0])
    assert (got.n, got.ece) == (2, 0.0)


def test_vote_shares_are_judged_as_shares():
    assert reliability([0.6, 0.6], [0.6, 0.6]).ece == pytest.approx(0.0)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 60))
def test_brier_and_log_loss_are_those_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    chance, truth = rng.uniform(0.01, 0.99, n), rng.integers(0, 2, n)
    got = reliability(chance, truth)
    assert got.brier == pytest.approx(brier_score_loss(truth, chance))
    assert got.log_loss == pytest.approx(log_loss(truth, chance, labels=[0, 1]))
    assert sum(b.n for b in got.table) == n
    shuffled = rng.permutation(n)
    again = reliability(chance[shuffled], truth[shuffled])
    assert again.ece == pytest.approx(got.ece)


def test_temperature_undoes_what_was_made_too_sure():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4000, 3)) * 2
    truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    found = Temperature().fit(4 * logits, truth)
    assert found.value == pytest.approx(4.0, rel=0.1)
    before, after = (
        reliability(chances, truth) for chances in (_soft(4 * logits), found(4 * logits))
    )
    assert after.ece < 0.03 < before.ece
    assert after.log_loss < before.log_loss


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([2, 4]))
def test_temperature_keeps_the_order_of_classes_and_adds_up(seed, n_classes):
    rng = np.random.default_rng(seed)
    logits, truth = rng.standard_normal((20, n_classes)), rng.integers(0, n_classes, 20)
    chances = Temperature().fit(logits, truth)(logits)
    assert chances.sum(axis=1) == pytest.approx(np.ones(20))
    assert (chances.argmax(axis=1) == logits.argmax(axis=1)).all()
    shifted = Temperature().fit(logits + 5.0, truth)
    assert shifted.value == pytest.approx(Temperature().fit(logits, truth).value)


def test_a_few_rows_that_all_came_true_do_not_make_anything_certain():
    logits = np.array([[0.0, 2.0]] * 5)
    assert 0.3 < Temperature().fit(logits, [1] * 5).value < 1.0


def test_temperature_reads_the_logarithms_of_chances():
    logits = np.log(
        [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]],
        where=[[True, True, False]] * 2,
        out=np.full((2, 3), -np.inf),
    )
    assert Temperature(1.0)(logits) == pytest.approx(np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]))


def test_isotonic_pools_what_falls():
    # Labels 0 1 0 1 rise but for the middle two, which are pooled to 1/2; the ends hold half a yes
    # more below (.5 of 1.5) and half a no more above (1 of 1.5).
    found = Isotonic().fit([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 1])
    assert found([1.0, 2.0, 3.0, 4.0]) == pytest.approx([1 / 3, 1 / 2, 1 / 2, 2 / 3])
    assert found([-9.0, 9.0]) == pytest.approx([1 / 3, 2 / 3])


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 50))
def test_isotonic_rises_and_is_never_certain(seed, n):
    rng = np.random.default_rng(seed)
    scores, truth = rng.integers(0, 9, n).astype(float), rng.integers(0, 2, n)
    found = Isotonic().fit(scores, truth)(np.arange(-1.0, 10.0))
    assert (np.diff(found) >= -1e-12).all()
    assert (found > 0).all() and (found < 1).all()


def test_isotonic_leaves_out_rows_without_a_score_and_gives_none_to_others():
    found = Isotonic().fit([1.0, NAN, 2.0], [0, 1, 1])
    assert found([1.0, 2.0]) == pytest.approx(Isotonic().fit([1.0, 2.0], [0, 1])([1.0, 2.0]))
    assert np.isnan(found([NAN])).all()


def test_a_weight_of_two_is_the_row_twice():
    one = Isotonic().fit([1.0, 2.0, 3.0], [0, 1, 0], weights=[1, 2, 1])
    two = Isotonic().fit([1.0, 2.0, 2.0, 3.0], [0, 1, 1, 0])
    assert one([1.0, 2.0, 3.0]) == pytest.approx(two([1.0, 2.0, 3.0]))


def test_what_cannot_be_calibrated_is_said():
    with pytest.raises(ValueError, match="no answers"):
        Isotonic().fit([NAN], [1])
    with pytest.raises(ValueError, match="no answers"):
        Temperature().fit(np.zeros((0, 2)), [])
    with pytest.raises(ValueError, match="call fit"):
        Isotonic()([1.0])
    with pytest.raises(ValueError, match="labels"):
        reliability([0.5, 0.5], [1])


def _soft(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)
