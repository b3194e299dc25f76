import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure

NAN = float("nan")
props = settings(deadline=None, max_examples=40)


def naive(logs, near, t):
    out = np.full(logs.shape, NAN)
    for i, j in np.ndindex(logs.shape):
        if not math.isnan(logs[i, j]):
            others = [k for k in range(logs.shape[1]) if k != j and not math.isnan(logs[i, k])]
            lent = sum(math.exp(logs[i, k]) * near[i, j, k] / t for k in others)
            out[i, j] = -math.log(math.exp(logs[i, j]) + lent)
    return out


def drawn(seed, size=5):
    rng = np.random.default_rng(seed)
    near = rng.random((3, size, size))
    near = (near + near.transpose(0, 2, 1)) / 2
    gone = rng.random((3, size)) < 0.2
    near[gone[:, :, None] | gone[:, None, :]] = NAN
    return np.where(gone, NAN, -5 * rng.random((3, size))), near


def test_similar_answers_lend_their_probability():
    # e^-1 + e^-2 * .5 / .5 and e^-2 + e^-1 * .5 / .5: both e^-1 + e^-2
    got = measure.sentence_sar_by_answer([[-1.0, -2.0]], [[[1, 0.5], [0.5, 1]]], t=0.5)
    assert got[0] == pytest.approx([-math.log(math.exp(-1) + math.exp(-2))] * 2)


def test_without_anything_in_common_it_is_the_predictive_entropy():
    logs = [[-1.0, -2.0, -4.0]]
    assert measure.sentence_sar(logs, np.eye(3)[None]) == pytest.approx(
        measure.predictive_entropy(logs)
    )


def test_long_answers_do_not_underflow_and_missing_ones_are_nan():
    got = measure.sentence_sar_by_answer([[-2000.0, NAN]], np.ones((1, 2, 2)))
    assert got[0, 0] == 2000 and math.isnan(got[0, 1])
    assert np.isnan(measure.sentence_sar([[NAN, NAN]], np.ones((1, 2, 2))))
    assert measure.sentence_sar([[-math.inf]], [[[1.0]]]).tolist() == [math.inf]


def test_no_prompts_and_no_answers():
    assert measure.sentence_sar(np.empty((0, 3)), np.empty((0, 3, 3))).shape == (0,)
    assert np.isnan(measure.sentence_sar(np.empty((2, 0)), np.empty((2, 0, 0)))).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="t = 0"):
        measure.sentence_sar([[-1.0]], [[[1.0]]], t=0)
    with pytest.raises(ValueError, match="answers"):
        measure.sentence_sar([[-1.0, -1.0]], [[[1.0]]])


@props
@given(st.integers(0, 1000), st.sampled_from([0.001, 0.1, 1.0]))
def test_values_are_those_of_the_loop(seed, t):
    logs, near = drawn(seed)
    got = measure.sentence_sar_by_answer(logs, near, t=t)
    assert got == pytest.approx(naive(logs, near, t), abs=1e-10, nan_ok=True)


@props
@given(st.integers(0, 1000))
def test_order_does_not_matter_and_more_in_common_is_never_less_sure(seed):
    logs, near = drawn(seed)
    order = np.random.default_rng(seed).permutation(logs.shape[1])
    turned = near[:, order][:, :, order]
    assert measure.sentence_sar(logs[:, order], turned) == pytest.approx(
        measure.sentence_sar(logs, near), abs=1e-12, nan_ok=True
    )
    closer = measure.sentence_sar(logs, (1 + near) / 2)
    assert not (closer > measure.sentence_sar(logs, near) + 1e-12).any()
