"""Intervals of an AUROC."""

import numpy as np
import pytest

from curate.measure.delong import auroc_interval, delong_variance


def test_the_variance_is_worked_by_hand():
    # wrong 3, 1; right 2, 0. Shares beaten: 1, .5; beaten by: .5, 1.
    # variance .125 of either, over 2 rows each: .0625 + .0625
    scores, wrong = np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False])
    assert delong_variance(scores, wrong) == pytest.approx(0.125)
    assert auroc_interval(scores, wrong).value == 0.75


def test_rows_without_score_or_answer_are_left_out():
    nan = float("nan")
    found = auroc_interval([3, 1, 2, 0, nan, 9], [1, 1, 0, 0, 1, nan])
    assert found.n == 4 and found.value == 0.75


def test_a_clean_cut_through_few_rows_is_no_certainty():
    found = auroc_interval([2, 2, 2, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert found.value == found.high == 1 and found.low < 0.6


def test_one_kind_alone_is_unknown():
    assert not auroc_interval([1, 2], [1, 1]).known
    assert delong_variance(np.array([1.0, 2.0]), np.array([True, True])) == 0.25


def test_the_interval_holds_the_truth_in_95_of_100_samples():
    rng = np.random.default_rng(2)
    held = []
    for _ in range(400):
        scores = np.concatenate([rng.normal(1, 1, 30), rng.normal(0, 1, 70)])
        found = auroc_interval(scores, np.arange(100) < 30)
        held.append(found.low <= 0.7602 <= found.high)  # Phi(1 / sqrt 2)
    assert 0.92 <= np.mean(held) <= 0.99
