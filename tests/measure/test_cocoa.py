import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure

NAN = float("nan")
NEAR = np.array([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]])
props = settings(deadline=None, max_examples=40)


def drawn(seed, n_prompts=4, size=5, missing=0.2):
    rng = np.random.default_rng(seed)
    near = rng.random((n_prompts, size, size))
    near = (near + near.transpose(0, 2, 1)) / 2
    near[:, range(size), range(size)] = 1
    gone = rng.random((n_prompts, size)) < missing
    near[gone[:, :, None] | gone[:, None, :]] = NAN
    return np.where(gone, NAN, -5 * rng.random((n_prompts, size))), near


def naive(doubt, near):
    out = np.full(doubt.shape, NAN)
    for i, j in np.ndindex(doubt.shape):
        apart = [1 - s for k, s in enumerate(near[i, j]) if k != j and not math.isnan(s)]
        if apart:
            out[i, j] = doubt[i, j] * sum(apart) / len(apart)
    return out


def test_the_golden_value():
    # .4 * mean(.1, .2, .5) = .106667
    near = np.full((1, 4, 4), 1.0)
    near[0, 0, 1:] = near[0, 1:, 0] = [0.9, 0.8, 0.5]
    got = measure.cocoa_ppl([[-0.4, -1, -1, -1]], near)
    assert got[0, 0] == pytest.approx(0.106667, abs=1e-6)


def test_every_variant_by_hand():
    # dissimilarities .5, .45, .85
    logs = [[-2.0, -4.0, -1.0]]
    assert measure.cocoa_msp(logs, NEAR)[0] == pytest.approx([1.0, 1.8, 0.85])
    assert measure.cocoa_ppl(logs, NEAR)[0] == pytest.approx([1.0, 1.8, 0.85])
    assert measure.cocoa_mte([[2.0, 4.0, 1.0]], NEAR)[0] == pytest.approx([1.0, 1.8, 0.85])
    # uqlm: 1 - e^-2 * mean((1 + .9) / 2, (1 + .1) / 2) = 1 - e^-2 * .75
    assert measure.cocoa_uqlm(logs, NEAR)[0, 0] == pytest.approx(1 - math.exp(-2) * 0.75)


def test_identical_answers_give_exactly_zero_however_unlikely():
    same = np.ones((1, 3, 3))
    got = measure.cocoa_msp([[-math.inf, -7.0, 0.0]], same)
    assert got.tolist() == [[0.0, 0.0, 0.0]]


def test_a_lone_answer_has_no_cocoa():
    alone = np.full((1, 2, 2), NAN)
    alone[0, 0, 0] = 1
    assert np.isnan(measure.cocoa_ppl([[-1.0, NAN]], alone)).all()
    assert np.isnan(measure.cocoa_uqlm([[-1.0, NAN]], alone)).all()


def test_an_answer_without_log_probability_is_nan_even_among_identical_ones():
    assert np.isnan(measure.cocoa_ppl([[NAN, -1.0]], np.ones((1, 2, 2)))[0, 0])


def test_a_members_other_samples_are_not_asked():
    got = measure.cocoa_mte([[1.0, 1.0, 1.0]], NEAR, members=[[0, 0, 1]])
    assert got[0] == pytest.approx([0.9, 0.8, 0.85])


def test_no_prompts_and_no_answers():
    assert measure.cocoa_ppl(np.empty((0, 3)), np.empty((0, 3, 3))).shape == (0, 3)
    assert measure.cocoa_ppl(np.empty((2, 0)), np.empty((2, 0, 0))).shape == (2, 0)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="similarities of"):
        measure.cocoa_ppl([[-1.0, -1.0]], NEAR)
    with pytest.raises(ValueError, match="not be negative"):
        measure.cocoa([[-1.0, 0, 0]], NEAR)
    with pytest.raises(ValueError, match="not above 0"):
        measure.cocoa_ppl([[0.5, 0, 0]], NEAR)


@props
@given(st.integers(0, 1000))
def test_values_are_those_of_the_loop(seed):
    logs, near = drawn(seed)
    assert measure.cocoa_ppl(logs, near) == pytest.approx(naive(-logs, near), nan_ok=True)


@props
@given(st.integers(0, 1000))
def test_the_order_of_answers_does_not_matter(seed):
    logs, near = drawn(seed)
    order = np.random.default_rng(seed).permutation(logs.shape[1])
    turned = near[:, order][:, :, order]
    for score in (measure.cocoa_ppl, measure.cocoa_uqlm):
        assert score(logs[:, order], turned) == pytest.approx(
            score(logs, near)[:, order], nan_ok=True
        )


@props
@given(st.integers(0, 1000))
def test_less_likely_answers_score_no_lower(seed):
    logs, near = drawn(seed, missing=0)
    for score in (measure.cocoa_ppl, measure.cocoa_uqlm):
        assert (score(logs - 1, near) >= score(logs, near) - 1e-12).all()
    bounded = measure.cocoa_uqlm(logs, 2 * near - 1)
    assert ((bounded >= 0) & (bounded <= 1)).all()
