import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curate import measure

NAN = float("nan")
props = settings(deadline=None, max_examples=50)
logprobs = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
    elements=st.one_of(st.floats(-50, 0), st.just(NAN)),
)


def naive_mean(row):
    known = [x for x in row if not math.isnan(x)]
    return sum(known) / len(known) if known else NAN


def test_length_normalised_entropy_of_the_golden_means():
    # (.1 + .2 + 1 + 2) / 4
    got = measure.length_normalised_entropy([[-0.1, -0.2, -1.0, -2.0]])
    assert got[0] == pytest.approx(0.825)


def test_predictive_entropy_is_the_mean_information_content():
    # answers of 2, 3 tokens: -(-1 - 2)/2 ... sums -3 and -5: (3 + 5) / 2
    assert measure.predictive_entropy([[-3.0, -5.0]]).tolist() == [4.0]


def test_one_answer_has_a_predictive_entropy():
    assert measure.predictive_entropy([[-3.0, NAN]]).tolist() == [3.0]


def test_a_certain_answer_has_entropy_zero_and_not_minus_zero():
    got = measure.predictive_entropy([[0.0, 0.0]])[0]
    assert got == 0 and math.copysign(1, got) == 1


def test_an_impossible_answer_is_infinitely_surprising():
    assert measure.predictive_entropy([[-math.inf, -1.0]]).tolist() == [math.inf]
    assert measure.perplexity(-math.inf) == math.inf
    assert measure.perplexity(-math.inf, normalise=True) == 1


def test_nothing_known_is_nan_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for score in (measure.predictive_entropy, measure.length_normalised_entropy):
            assert np.isnan(score([[NAN, NAN]])).all()
            assert np.isnan(score(np.empty((2, 0)))).all()
            assert score(np.empty((0, 3))).shape == (0,)
        assert np.isnan(measure.token_entropy([[NAN, NAN]])).all()
        assert np.isnan(measure.perplexity(NAN))


def test_probabilities_given_for_log_probabilities_are_refused():
    for score in (measure.predictive_entropy, measure.length_normalised_entropy):
        with pytest.raises(ValueError, match="not above 0"):
            score([[0.9, 0.1]])
        with pytest.raises(ValueError, match="n_prompts, n"):
            score([-1.0])
    with pytest.raises(ValueError, match="not above 0"):
        measure.perplexity(0.5)


def test_what_a_servers_rounding_puts_above_zero_counts_as_certain():
    assert measure.predictive_entropy([[1e-7, 0.0]]).tolist() == [0.0]


def test_perplexity_of_even_choices_is_their_number():
    # two tokens of 1/4 each: mean log-probability -ln 4
    assert measure.perplexity([-math.log(4)])[0] == pytest.approx(4)
    assert measure.perplexity([-math.log(4)], normalise=True)[0] == pytest.approx(0.75)


def test_token_entropy_of_a_whole_list_is_shannons():
    # -(.5 ln .5 + .25 ln .25 + .25 ln .25) = 1.5 ln 2
    assert measure.token_entropy(np.log([0.5, 0.25, 0.25])) == pytest.approx(1.5 * math.log(2))


def test_what_the_list_leaves_over_is_one_more_token():
    # .5, .25 listed, .25 over: the same 1.5 ln 2; padding is not a token
    assert measure.token_entropy([*np.log([0.5, 0.25]), NAN]) == pytest.approx(1.5 * math.log(2))
    even = measure.token_entropy(np.log([[1 / 3, 1 / 3]]), normalise=True)
    assert even[0] == pytest.approx(1)


def test_a_mean_over_answers_leaves_out_what_is_not_known():
    assert measure.mean_of_answers([[1.0, NAN, 2.0], [NAN, NAN, NAN]])[0] == 1.5
    assert np.isnan(measure.mean_of_answers([[1.0, NAN], [NAN, NAN]])[1])


@props
@given(logprobs)
def test_entropies_are_those_of_the_loop(logs):
    expected = np.array([-naive_mean(row) for row in logs])
    assert measure.predictive_entropy(logs) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@props
@given(logprobs, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(logs, random):
    order = list(range(logs.shape[1]))
    random.shuffle(order)
    assert measure.predictive_entropy(logs[:, order]) == pytest.approx(
        measure.predictive_entropy(logs), abs=1e-12, nan_ok=True
    )


@props
@given(logprobs)
def test_bounds(logs):
    assert not (measure.predictive_entropy(logs) < 0).any()
    assert not (measure.perplexity(logs) < 1).any()
    share = measure.perplexity(logs, normalise=True)
    assert not ((share < 0) | (share > 1)).any()
    assert (np.isnan(share) == np.isnan(logs)).all()


@props
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8), st.floats(0.1, 1))
def test_token_entropy_is_bounded_and_no_greater_than_the_vocabularys(raw, listed):
    p = np.array(raw) / sum(raw) * listed
    got = measure.token_entropy(np.log(p))
    rest = 1 - p.sum()
    split = np.append(p, [rest / 2, rest / 2])
    whole = -(split[split > 0] * np.log(split[split > 0])).sum()
    assert -1e-12 <= got <= whole + 1e-9
    assert measure.token_entropy(np.log(p), normalise=True) <= 1 + 1e-12
