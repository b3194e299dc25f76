"""Raters beside each other: who stands out, and how seldom one does by chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.raters_apart import raters_apart


def test_the_one_who_is_far_out_is_found():
    apart = raters_apart([52, 48, 50, 95], [100] * 4)
    assert (apart.p_value < 0.001).tolist() == [False, False, False, True]
    assert apart.others[3] == pytest.approx(150 / 300)


def test_few_votes_are_drawn_to_what_raters_do():
    rates = np.array([0.3, 0.4, 0.5, 0.6, 0.7])
    apart = raters_apart([*(rates * 200), 2], [*[200] * 5, 2])
    assert 0.45 < apart.shrunk[5] < 0.8 < apart.rate[5]
    assert apart.shrunk[0] == pytest.approx(0.3, abs=0.02)


def test_where_raters_differ_a_lot_one_who_differs_is_nothing():
    hits = [10, 30, 50, 70, 90, 95]
    assert raters_apart(hits, [100] * 6).p_value[5] > 0.05


def test_who_said_nothing_has_no_rate():
    apart = raters_apart([0, 5, 5], [0, 10, 10])
    assert np.isnan([apart.rate[0], apart.shrunk[0], apart.p_value[0]]).all()


def test_a_single_rater_has_nobody_beside():
    assert np.isnan(raters_apart([5], [10]).p_value).all()


def test_false_alarms_are_as_rare_as_they_say():
    rng = np.random.default_rng(4)
    rates = rng.beta(14, 6, (200, 12))
    p = [raters_apart(rng.binomial(80, r), np.full(12, 80)).p_value for r in rates]
    assert np.mean(np.concatenate(p) < 0.05) < 0.1
    assert np.mean(np.concatenate(p) < 0.001) < 0.01


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=12))
def test_counting_misses_for_hits_mirrors_all(counts):
    k = np.array([hits for hits, _ in counts])
    n = k + [misses for _, misses in counts]
    ours, mirrored = raters_apart(k, n), raters_apart(n - k, n)
    assert mirrored.p_value == pytest.approx(ours.p_value, abs=1e-6, nan_ok=True)
    assert mirrored.shrunk == pytest.approx(1 - ours.shrunk, abs=1e-6, nan_ok=True)
