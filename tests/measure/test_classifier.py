import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from curate import measure

NAN = float("nan")

tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(2, 5)),
    elements=st.floats(0.01, 1),
).map(lambda p: p / p.sum(axis=1, keepdims=True))
props = settings(deadline=None, max_examples=60)


def test_the_three_uncertainties_of_a_textbook_row():
    # p = (.5, .3, .2): 1 - .5; 1 - (.5 - .3); -(.5 ln .5 + .3 ln .3 + .2 ln .2) = 1.029653
    p = [[0.2, 0.5, 0.3]]
    assert measure.least_confidence(p)[0] == pytest.approx(0.5)
    assert measure.breaking_ties(p)[0] == pytest.approx(0.8)
    assert measure.class_entropy(p)[0] == pytest.approx(1.029653, abs=1e-6)


def test_they_order_rows_differently():
    # Least confidence: .4 < .45; margin: a tie of two before one of three; entropy: three ways.
    p = [[0.4, 0.35, 0.25], [0.45, 0.45, 0.1]]
    assert measure.least_confidence(p).argmax() == 0
    assert measure.breaking_ties(p).argmax() == 1
    assert measure.class_entropy(p).argmax() == 0


def test_a_row_that_is_not_known_has_no_uncertainty():
    p = [[NAN, 0.5], [NAN, NAN], [0.5, 0.5]]
    features = np.ones((3, 2))
    for values in (
        measure.least_confidence(p),
        measure.breaking_ties(p),
        measure.class_entropy(p),
        measure.expected_gradient_length(p, features),
        measure.expected_reward_gradient_length(p, features),
    ):
        assert np.isnan(values).tolist() == [True, True, False]


@props
@given(tables)
def test_entropy_is_scipys_and_certainty_is_none(p):
    assert measure.class_entropy(p) == pytest.approx(stats.entropy(p, axis=1))
    sure = np.eye(p.shape[1])
    assert measure.class_entropy(sure).tolist() == [0.0] * p.shape[1]
    assert measure.breaking_ties(sure).tolist() == [0.0] * p.shape[1]


@props
@given(tables)
def test_the_order_of_classes_does_not_matter(p):
    turned = p[:, ::-1]
    for of in (measure.least_confidence, measure.breaking_ties, measure.class_entropy):
        assert of(turned) == pytest.approx(of(p))


def test_one_class_leaves_nothing_to_ask():
    assert measure.breaking_ties([[1.0]]).tolist() == [0.0]
    assert measure.class_entropy(np.empty((0, 3))).tolist() == []


def test_the_expected_gradient_of_an_even_binary_row():
    # p - e_y = (-.5, .5) either way: length .707107; (x, 1) = (3, 4, 1): sqrt 26; product 3.605551
    length = measure.expected_gradient_length([[0.5, 0.5]], [[3, 4]])
    assert length[0] == pytest.approx(3.605551, abs=1e-6)


@props
@given(tables, st.integers(0, 1000))
def test_the_closed_form_is_the_mean_length_of_the_gradients(p, seed):
    x = np.random.default_rng(seed).normal(size=(len(p), 3))
    expected = [
        sum(
            p[i, y] * np.linalg.norm(np.outer(p[i] - np.eye(p.shape[1])[y], [*x[i], 1]))
            for y in range(p.shape[1])
        )
        for i in range(len(p))
    ]
    assert measure.expected_gradient_length(p, x) == pytest.approx(expected)


def test_the_expected_gradient_of_a_comparison():
    # 2 * .7 * .3 * |(3, 4)| = 2.1
    assert measure.expected_reward_gradient_length([[0.7, 0.3]], [[3, 4]])[0] == pytest.approx(2.1)
    # Ties: E s = .5 * .5 - .2 * .5 = .15; .5 * .35 + .2 * .65 + .3 * .15 = .35; times 5 = 1.75
    length = measure.expected_reward_gradient_length([[0.5, 0.2, 0.3]], [[3, 4]])
    assert length[0] == pytest.approx(1.75)


@props
@given(st.floats(-3, 3), st.floats(0.1, 3))
def test_it_is_the_mean_slope_of_davidsons_likelihood(gap, ties):
    def log_p(d):
        odds = np.array([np.exp(d / 2), np.exp(-d / 2), ties])
        return np.log(odds / odds.sum())

    p = np.exp(log_p(gap))
    slopes = (log_p(gap + 1e-5) - log_p(gap - 1e-5)) / 2e-5
    length = measure.expected_reward_gradient_length([p], [[2.0]])
    assert length[0] == pytest.approx(2 * (p * np.abs(slopes)).sum(), abs=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(n_rows, n_classes\)"):
        measure.least_confidence([0.5, 0.5])
    with pytest.raises(ValueError, match="features have the shape"):
        measure.expected_gradient_length([[0.5, 0.5]], [[1], [2]])
    with pytest.raises(ValueError, match="2 or 3 outcomes"):
        measure.expected_reward_gradient_length([[0.1, 0.2, 0.3, 0.4]], [[1]])
