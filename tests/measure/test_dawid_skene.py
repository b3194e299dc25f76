import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.measure import dawid_skene

NAN = math.nan
VOTES = arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 4)),
    elements=st.sampled_from([NAN, 0.0, 1.0, 2.0]),
)


def crowd(n_items, care, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n_items)
    right = rng.random((n_items, len(care))) < np.array(care)
    noise = rng.integers(n_classes, size=right.shape)
    return np.where(right, truth[:, None], noise).astype(float), truth


@settings(deadline=None, max_examples=60)
@given(votes=VOTES, smoothing=st.sampled_from([0.0, 0.5]))
def test_the_log_likelihood_never_falls(votes, smoothing):
    steps = np.diff(dawid_skene(votes, 3, smoothing=smoothing, tol=0).log_likelihood)
    assert (steps > -1e-9).all()


@settings(deadline=None, max_examples=60)
@given(votes=VOTES)
def test_chances_add_up_to_one(votes):
    fit = dawid_skene(votes, 3)
    assert fit.posteriors.shape == (len(votes), 3)
    assert fit.confusion.shape == (votes.shape[1], 3, 3)
    assert np.allclose(fit.posteriors.sum(axis=1), 1)
    assert np.allclose(fit.confusion.sum(axis=2), 1)
    assert fit.prior.sum() == pytest.approx(1)


def test_one_careful_person_outweighs_three_careless_ones():
    votes, truth = crowd(3000, [0.95, 0.5, 0.5, 0.5], 3)
    fit = dawid_skene(votes, 3)
    majority = np.array([np.bincount(row.astype(int), minlength=3).argmax() for row in votes])
    assert (fit.posteriors.argmax(axis=1) == truth).mean() > (majority == truth).mean() + 0.02
    # Right .95 of the time, and a third of the rest by chance: .95 + .05 / 3 = .967.
    assert np.diag(fit.confusion[0]) == pytest.approx([0.967] * 3, abs=0.04)


def test_agreeing_votes_are_certain():
    fit = dawid_skene([[0, 0], [1, 1], [0, 0]], 2)
    assert fit.posteriors.argmax(axis=1).tolist() == [0, 1, 0]
    assert fit.prior == pytest.approx([2 / 3, 1 / 3])


def test_an_item_without_votes_gets_the_prior():
    fit = dawid_skene([[0, 0], [0, 0], [1, 1], [NAN, NAN]], 2)
    assert fit.posteriors[3] == pytest.approx(fit.prior, abs=1e-3)


def test_many_raters_with_few_votes_each_take_the_other_way_and_agree():
    votes, truth = crowd(400, [0.8] * 40, 3, seed=3)
    rng = np.random.default_rng(4)
    votes[rng.random(votes.shape) < 0.85] = NAN
    fit = dawid_skene(votes, 3, smoothing=0.5)
    assert (fit.posteriors.argmax(axis=1) == truth).mean() > 0.9


def test_the_fit_repeats_bit_for_bit_and_does_not_depend_on_the_order_of_items():
    votes, _ = crowd(300, [0.7, 0.8, 0.6], 3)
    once, twice = dawid_skene(votes, 3), dawid_skene(votes, 3)
    assert (once.posteriors == twice.posteriors).all()
    assert np.allclose(dawid_skene(votes[::-1], 3).posteriors[::-1], once.posteriors)


@pytest.mark.filterwarnings("ignore")  # crowd-kit uses what pandas calls deprecated
def test_accuracy_is_that_of_crowd_kit():
    aggregation = pytest.importorskip("crowdkit.aggregation")
    import pandas as pd

    votes, truth = crowd(400, [0.5, 0.6, 0.8, 0.9], 4, seed=5)
    items, raters = np.nonzero(~np.isnan(votes))
    table = pd.DataFrame({"task": items, "worker": raters, "label": votes[items, raters]})
    theirs = aggregation.DawidSkene().fit_predict(table).sort_index().to_numpy()
    ours = dawid_skene(votes, 4).posteriors.argmax(axis=1)
    assert (ours == truth).mean() == pytest.approx((theirs == truth).mean(), abs=0.005)


@pytest.mark.parametrize("bad", [3, -1, 0.5])
def test_a_rating_that_is_no_class_is_named(bad):
    with pytest.raises(ValueError, match="item 1, rater 0"):
        dawid_skene([[0, 1], [bad, 1]], 3)


def test_no_items_give_no_posteriors():
    assert dawid_skene(np.empty((0, 2)), 3).posteriors.shape == (0, 3)
