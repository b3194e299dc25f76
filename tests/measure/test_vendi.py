import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.vendi import vendi, vendi_of_similarity

W = [[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]


def test_golden_values():
    assert vendi_of_similarity(W) == pytest.approx(2.124979, abs=1e-6)
    assert vendi_of_similarity(np.eye(3)) == pytest.approx(3)
    assert vendi_of_similarity(np.ones((3, 3))) == pytest.approx(1)


def test_two_of_three_alike():
    # Eigenvalues of K / 3 are 2/3 and 1/3: exp(2/3 ln 3/2 + 1/3 ln 3) = exp(.63651) = 1.8899;
    # order infinity: 1 / (2/3) = 1.5; order 2: 1 / (4/9 + 1/9) = 1.8.
    rows = [[1, 0], [0, 3], [0, 1]]
    assert vendi(rows) == pytest.approx(1.889882, abs=1e-5)
    assert vendi(rows, order=math.inf) == pytest.approx(1.5)
    assert vendi(rows, order=2) == pytest.approx(1.8)


def test_nothing_has_no_score():
    assert math.isnan(vendi(np.empty((0, 3))))
    assert math.isnan(vendi(np.zeros((2, 3))))
    assert math.isnan(vendi_of_similarity(np.empty((0, 0))))


def test_an_order_of_zero_is_refused():
    with pytest.raises(ValueError, match="order must be above 0"):
        vendi([[1.0]], order=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_both_sides_of_the_product_agree_and_stay_in_bounds(seed, n, d):
    rows = np.random.default_rng(seed).normal(size=(n, d))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    score = vendi(rows)
    assert score == pytest.approx(vendi_of_similarity(unit @ unit.T), rel=1e-4)
    assert 1 - 1e-6 <= score <= min(n, d) + 1e-6
    assert vendi(rows, order=math.inf) <= score + 1e-6 <= vendi(rows, order=0.1) + 2e-6
