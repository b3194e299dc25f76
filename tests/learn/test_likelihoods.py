import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from curate.learn._likelihoods import Bernoulli, Davidson, davidson, sigmoid
from curate.learn._quadrature import entropy, expected

seeds = st.integers(0, 10_000)


def slope_by_differences(loss, theta, step=1e-6):
    each = np.eye(len(theta)) * step
    return np.array([(loss(theta + e) - loss(theta - e)) / (2 * step) for e in each])


def check_slopes(data, theta):
    gradient, hessian = data.slopes(theta)
    assert gradient == pytest.approx(slope_by_differences(data.loss, theta), abs=1e-5)
    bends = [
        slope_by_differences(lambda t, k=k: data.slopes(t)[0][k], theta) for k in range(len(theta))
    ]
    assert hessian == pytest.approx(np.array(bends), abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_slopes_of_labels_are_those_of_finite_differences(seed):
    rng = np.random.default_rng(seed)
    data = Bernoulli(design=rng.standard_normal((9, 3)), share=rng.random(9), weights=rng.random(9))
    check_slopes(data, rng.standard_normal(3))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_slopes_of_comparisons_are_those_of_finite_differences(seed):
    rng = np.random.default_rng(seed)
    data = Davidson(
        design=rng.standard_normal((9, 3)),
        shares=rng.dirichlet([1, 1, 1], size=9),
        weights=rng.random(9),
    )
    check_slopes(data, rng.standard_normal(4))


def test_davidson_gives_the_chances_worked_by_hand():
    # gap = 2 ln 2: e^(gap/2) = 2, e^(-gap/2) = 1/2, nu = 1/2: 2 : .5 : .5 of 3
    got = davidson(np.array([2 * np.log(2)]), np.log(0.5))
    assert got == pytest.approx(np.array([[2 / 3, 1 / 6, 1 / 6]]))


def test_without_overflow_far_out():
    assert sigmoid(np.array([-1000.0, 1000.0])).tolist() == [0.0, 1.0]
    assert davidson(np.array([-2000.0, 2000.0]), 0.0)[:, :2].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_an_ensemble_of_bradley_terry_models_disagrees_as_worked_beforehand():
    # Rewards of a (1, .2, -.5) and of b (0, .4, .3): chances .731059, .450166, .310026, mean
    # .497083; entropy of the mean less the mean entropy: .063298.
    p = sigmoid(np.array([1.0, 0.2, -0.5]) - np.array([0.0, 0.4, 0.3]))
    assert p == pytest.approx([0.731059, 0.450166, 0.310026], abs=1e-6)
    both = np.stack([p, 1 - p], axis=1)
    told = entropy(both.mean(axis=0)) - entropy(both).mean()
    assert told == pytest.approx(0.063298, abs=1e-6)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (1.0, 0.3), (-2.0, 5.0), (3.0, 10.0)])
def test_means_over_a_normal_logit_are_those_of_adaptive_quadrature(mean, sd):
    def over(fn):
        inside = quad(lambda z: fn(mean + sd * z) * norm.pdf(z), -10, 10, limit=500, epsabs=1e-12)
        return inside[0]

    def doubt(logit):
        p = sigmoid(np.array([logit]))
        return float(entropy(np.stack([p, 1 - p], axis=1))[0])

    chance, told = expected(
        np.array([mean]),
        np.array([sd]),
        lambda logit: np.stack([sigmoid(logit), 1 - sigmoid(logit)], axis=1),
    )
    right = over(lambda logit: float(sigmoid(np.array([logit]))[0]))
    assert chance[0, 0] == pytest.approx(right, abs=2e-4)
    of_mean = -right * np.log(right) - (1 - right) * np.log(1 - right)
    assert told[0] == pytest.approx(of_mean - over(doubt), abs=2e-3)


def test_what_is_certain_has_nothing_to_tell():
    _, told = expected(
        np.array([-3.0, 0.0, 9.0]),
        np.zeros(3),
        lambda gap: davidson(gap, -1.0),
    )
    assert told == pytest.approx(np.zeros(3), abs=1e-12)


def test_comparisons_that_are_all_but_sure_bend_finitely():
    """1 - p_tie - (p_a - p_b)^2 rounds to -1e-16 for some gaps beyond 50."""
    gaps = np.random.default_rng(0).uniform(50, 110, 4000)
    shares = np.tile([1.0, 0.0, 0.0], (4000, 1))
    data = Davidson(design=gaps[:, None], shares=shares, weights=np.ones(4000))
    for log_tie in (-10.0, 0.0, 3.0):
        gradient, hessian = data.slopes(np.array([1.0, log_tie]))
        assert np.isfinite(gradient).all() and np.isfinite(hessian).all()
