import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.outlying import contrary, outlying_answers
from curate.measure.similarity import unit

seeds = st.integers(0, 2**32 - 1)


def neighbourhoods(seed, n_prompts=12, a_prompt=6):
    rng = np.random.default_rng(seed)
    asked = np.repeat(unit(rng.normal(size=(n_prompts, 16))), a_prompt, axis=0)
    middles = np.repeat(rng.normal(size=(n_prompts, 16)), a_prompt, axis=0)
    return asked, unit(middles + 0.3 * rng.normal(size=middles.shape))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_one_that_says_something_else_stands_out(seed):
    asked, answers = neighbourhoods(seed)
    answers[7] = -answers[6]
    found = outlying_answers(asked, answers)
    assert int(np.nanargmax(found.score)) == 7
    assert found.agreement[7] < 0 < found.expected[7]


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_the_order_of_rows_does_not_matter(seed):
    asked, answers = neighbourhoods(seed)
    order = np.random.default_rng(seed).permutation(len(asked))
    before, after = outlying_answers(asked, answers), outlying_answers(asked[order], answers[order])
    np.testing.assert_allclose(after.agreement, before.agreement[order], atol=1e-4)


def test_a_prompt_asked_once_has_nothing_to_be_held_against():
    far = np.eye(4, dtype=np.float32)
    found = outlying_answers(far, far)
    assert np.isnan(found.score).all()


def test_no_rows_give_no_scores():
    nothing = np.empty((0, 3), np.float32)
    assert outlying_answers(nothing, nothing).score.shape == (0,)


def test_a_no_among_yeses_is_contrary():
    same = np.ones((4, 1), np.float32)
    found = outlying_answers(same, same)
    # the no: 3 against, 0 with it: 3.5 / 4; a yes: 1 against, 2 with it: 1.5 / 4
    assert contrary([1, 1, 1, -1], found).tolist() == [0.375, 0.375, 0.375, 0.875]
    assert np.isnan(contrary([0, 0, 0, 1], found)).all()
