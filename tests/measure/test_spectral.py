import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh, expm

from curate import measure

NAN = float("nan")
NEAR = np.array([[[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]])
SCORES = (
    measure.degree,
    measure.eigenvalue_sum,
    measure.eccentricity,
    measure.kernel_language_entropy,
)
props = settings(deadline=None, max_examples=40)


def drawn(seed, n_prompts=4, size=6, missing=0.2):
    """Similarities of points on a line, with some answers missing and some identical."""
    rng = np.random.default_rng(seed)
    place = rng.choice([0.0, 0.3, 1.0, 2.5], size=(n_prompts, size)) + 0.2 * rng.random(
        (n_prompts, size)
    ) * (rng.random((n_prompts, size)) < 0.7)
    near = np.exp(-np.abs(place[:, :, None] - place[:, None, :]))
    gone = rng.random((n_prompts, size)) < missing
    near[gone[:, :, None] | gone[:, None, :]] = NAN
    return near


def present(near):
    there = ~np.isnan(np.diag(near))
    return near[np.ix_(there, there)]


def laplacian(w):
    scale = np.linalg.inv(np.sqrt(np.diag(w.sum(axis=1))))
    return np.eye(len(w)) - scale @ w @ scale


def naive_degree(w):
    return np.trace(len(w) * np.eye(len(w)) - np.diag(w.sum(axis=1))) / len(w) ** 2


def naive_eigenvalues(w):
    return sum(max(0, 1 - value) for value in eigh(laplacian(w), eigvals_only=True))


def naive_eccentricity(w):
    values, vectors = eigh(laplacian(w))
    kept = vectors[:, values < 0.9]
    return np.linalg.norm(kept - kept.mean(axis=0))


def naive_kernel_entropy(w):
    kernel = expm(-0.3 * (np.diag(w.sum(axis=1)) - w))
    scale = np.sqrt(np.diag(kernel))
    values = np.linalg.eigvalsh(kernel / np.outer(scale, scale) / len(w))
    return -sum(v * math.log(v) for v in values if v > 1e-12)


NAIVE = (naive_degree, naive_eigenvalues, naive_eccentricity, naive_kernel_entropy)


def test_the_golden_values():
    assert measure.eigenvalue_sum(NEAR)[0] == pytest.approx(1.745421, abs=1e-6)
    assert measure.degree(NEAR)[0] == pytest.approx(0.4)
    confidence = 1 - measure.degree_by_answer(NEAR)[0]
    assert confidence == pytest.approx([0.6667, 0.7, 0.4333], abs=1e-4)
    assert measure.kernel_language_entropy(NEAR)[0] == pytest.approx(1.073382, abs=1e-6)
    scaled = measure.kernel_language_entropy(NEAR, normalise=True)
    assert scaled[0] == pytest.approx(0.977034, abs=1e-6)


def test_two_answers_against_one():
    # eigenvectors (1, 1, 0)/sqrt 2 and (0, 0, 1), centre (.4714, .3333):
    # (.2357, -.3333) twice, (-.4714, .6667): norms .4082, .4082, .8165, together 1
    near = [[[1, 1, 0], [1, 1, 0], [0, 0, 1]]]
    assert measure.eigenvalue_sum(near)[0] == pytest.approx(2)
    assert measure.eccentricity_by_answer(near)[0] == pytest.approx(
        [0.4082, 0.4082, 0.8165], abs=1e-4
    )
    assert measure.eccentricity(near)[0] == pytest.approx(1)
    # 4 of 9 pairs, itself included, have nothing in common; 2 of 3 without itself
    assert measure.degree(near)[0] == pytest.approx(4 / 9)
    assert measure.degree(near, normalise=True)[0] == pytest.approx(2 / 3)


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_identical_answers_give_exactly_zero(size):
    same = np.ones((1, size, size))
    assert measure.degree(same).tolist() == [0]
    assert measure.degree_by_answer(same).tolist() == [[0] * size]
    assert measure.eigenvalue_sum(same).tolist() == [1]
    assert measure.eigenvalue_sum(same, normalise=True).tolist() == [0]
    assert measure.eccentricity(same).tolist() == [0]


@pytest.mark.parametrize("size", [2, 3, 7, 20])
def test_answers_without_anything_in_common_give_the_most(size):
    apart = np.eye(size)[None]
    assert measure.degree(apart).tolist() == [pytest.approx(1 - 1 / size)]
    assert measure.eigenvalue_sum(apart)[0] == pytest.approx(size)
    for score in SCORES:
        assert score(apart, normalise=True)[0] == pytest.approx(1)


def test_kernel_entropy_of_identical_answers_is_that_of_the_complete_graph():
    # K = J/5 + e^-1.5 (I - J/5): unit-diagonal eigenvalues (1, .22313 x 4) / 5 / .378504
    share = np.array([1.0] + [math.exp(-1.5)] * 4) / (1 + 4 * math.exp(-1.5))
    expected = -(share * np.log(share)).sum()
    got = measure.kernel_language_entropy(np.ones((1, 5, 5)))[0]
    assert got == pytest.approx(expected) == pytest.approx(1.3453, abs=1e-4)


def test_a_lone_answer_and_none_are_nan():
    for size in (1, 3):
        alone = np.full((2, size, size), NAN)
        alone[0, 0, 0] = 1
        for score in (*SCORES, measure.degree_by_answer, measure.eccentricity_by_answer):
            assert np.isnan(score(alone)).all()


def test_no_prompts_and_no_answers():
    for score in SCORES:
        assert score(np.empty((0, 3, 3))).shape == (0,)
        assert np.isnan(score(np.empty((2, 0, 0)))).all()
        assert score(np.empty((2, 0, 0))).shape == (2,)


def test_an_unknown_pair_makes_the_prompt_unknown_and_one_direction_suffices():
    near = NEAR.copy()
    near[0, 0, 1] = NAN
    for score in SCORES:
        assert score(near) == pytest.approx(score(NEAR))
    near[0, 1, 0] = NAN
    for score in SCORES:
        assert np.isnan(score(near)).all()


def test_both_directions_are_averaged_and_the_diagonal_is_one():
    lopsided = NEAR + np.array([[0, 0.05, 0.1], [-0.05, -0.3, 0], [-0.1, 0, -0.01]])
    for score in SCORES:
        assert score(lopsided) == pytest.approx(score(NEAR))


def test_opposite_vectors_have_nothing_in_common():
    opposite = np.array([[[1.0, -0.5], [-0.5, 1.0]]])
    assert measure.eigenvalue_sum(opposite)[0] == pytest.approx(2)
    assert measure.degree(opposite, normalise=True).tolist() == [1]


def test_entailment_weights_by_hand():
    # e + neutral / 2 both ways: .8 + .05 + .6 + .1 = 1.55
    got = measure.entailment_weights([[[1, 0.8], [0.6, 1]]], [[[0, 0.1], [0.2, 0]]])
    assert got == pytest.approx(np.array([[[2, 1.55], [1.55, 2]]]))


def test_what_does_not_fit_is_refused():
    for score in (*SCORES, measure.degree_by_answer, measure.eccentricity_by_answer):
        with pytest.raises(ValueError, match="n_prompts, n, n"):
            score(np.ones((2, 3)))
    with pytest.raises(ValueError, match="finite"):
        measure.kernel_language_entropy(np.full((1, 2, 2), np.inf))
    with pytest.raises(ValueError, match="contradictions of"):
        measure.entailment_weights(NEAR, np.ones((1, 2, 2)))


@props
@given(st.integers(0, 10_000))
def test_values_are_those_of_the_loops(seed):
    near = drawn(seed)
    for score, loop in zip(SCORES, NAIVE, strict=True):
        expected = [loop(present(one)) if len(present(one)) > 1 else NAN for one in near]
        assert score(near) == pytest.approx(np.array(expected), abs=1e-9, nan_ok=True)


@props
@given(st.integers(0, 10_000))
def test_the_order_of_answers_does_not_matter(seed):
    near = drawn(seed)
    order = np.random.default_rng(seed).permutation(near.shape[1])
    turned = near[:, order][:, :, order]
    for score in SCORES:
        assert score(turned) == pytest.approx(score(near), abs=1e-9, nan_ok=True)
    for score in (measure.degree_by_answer, measure.eccentricity_by_answer):
        assert score(turned) == pytest.approx(score(near)[:, order], abs=1e-9, nan_ok=True)


@props
@given(st.integers(0, 10_000))
def test_bounds(seed):
    near = drawn(seed)
    n = (~np.isnan(near[:, range(6), range(6)])).sum(axis=1)
    for score in SCORES:
        share = score(near, normalise=True)
        assert (np.isnan(share) == (n < 2)).all()
        assert not ((share < 0) | (share > 1 + 1e-12)).any()
    groups = measure.eigenvalue_sum(near)
    assert not ((groups < 1) | (groups > n + 1e-9)).any()


@props
@given(st.integers(0, 10_000), st.floats(0.3, 1))
def test_less_similar_answers_never_lower_the_degree_score(seed, factor):
    near = drawn(seed)
    assert not (measure.degree(near * factor) < measure.degree(near) - 1e-12).any()


@props
@given(st.integers(0, 10_000))
def test_without_itself_the_degree_is_the_dissimilarity(seed):
    near = drawn(seed)
    assert measure.degree_by_answer(near, normalise=True) == pytest.approx(
        measure.dissimilarity(near), abs=1e-12, nan_ok=True
    )
    assert measure.degree(near, normalise=True) == pytest.approx(
        measure.mean_of_answers(measure.dissimilarity(near)), abs=1e-12, nan_ok=True
    )


@props
@given(st.integers(0, 10_000))
def test_of_clear_groups_the_eigenvalues_count_them(seed):
    groups = np.random.default_rng(seed).integers(0, 4, size=(5, 8))
    near = (groups[:, :, None] == groups[:, None, :]).astype(float)
    expected = [len(set(row)) for row in groups]
    assert measure.eigenvalue_sum(near) == pytest.approx(np.array(expected), abs=1e-9)


def test_many_prompts_are_what_each_is_alone():
    near = np.concatenate([drawn(seed, n_prompts=15_000) for seed in range(2)])
    whole = [score(near) for score in SCORES]
    parts = [
        np.concatenate([score(near[i : i + 7_001]) for i in range(0, 30_000, 7_001)])
        for score in SCORES
    ]
    for a, b in zip(whole, parts, strict=True):
        assert a == pytest.approx(b, abs=1e-12, nan_ok=True)
