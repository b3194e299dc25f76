import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from curate import measure

NAN = float("nan")
TABLES = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40)


def test_auroc_counts_pairs_and_half_of_ties():
    # wrong .9 .5, right .5 .1: .9 beats both, .5 beats .1 and ties with .5: 3.5 of 4 pairs
    assert measure.auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == 3.5 / 4


def test_average_precision_takes_equal_scores_as_one_step():
    # The first step holds 1 of 2 wrong: precision 1/2, recall 1/2; the second 2 of 3.
    got = measure.average_precision([0.9, 0.9, 0.1], [True, False, True])
    assert got == pytest.approx(0.5 * 1 / 2 + 0.5 * 2 / 3)


def test_rejection_by_an_oracle_is_one_and_by_its_opposite_below_nothing():
    assert measure.prr([4, 3, 2, 1], [True, True, False, False]) == 1.0
    # Kept from the surest: wrong, wrong, right, right: shares right 0, 0, 1/3, 1/2, mean 5/24;
    # at random 1/2; oracle 1, 1, 2/3, 1/2, mean 19/24.
    got = measure.prr([1, 2, 3, 4], [True, True, False, False])
    assert got == pytest.approx((5 / 24 - 1 / 2) / (19 / 24 - 1 / 2))


def test_only_the_first_half_may_be_rejected():
    # Up to two of four are left out: shares right with 3 and 4 kept, as the reference sums them.
    # Kept from the surest: right, wrong, right, wrong: 2/3 and 1/2; oracle 2/3, 1/2; random 1/2.
    got = measure.prr([4, 2, 3, 1], [True, False, False, False], most=0.5)
    assert got == pytest.approx(1.0)
    # right, wrong | wrong, right: 1/3 and 1/2 kept; oracle right right wrong wrong: 2/3 and 1/2
    got = measure.prr([2, 3, 4, 1], [True, True, False, False], most=0.5)
    assert got == pytest.approx(((1 / 3 + 1 / 2) / 2 - 1 / 2) / ((2 / 3 + 1 / 2) / 2 - 1 / 2))


def test_scores_that_say_nothing_are_as_good_as_chance():
    wrong = [True, False, True, False, False]
    assert measure.auroc([1] * 5, wrong) == 0.5
    assert measure.average_precision([1] * 5, wrong) == pytest.approx(2 / 5)
    assert measure.prr([1] * 5, wrong) == pytest.approx(0.0)


@pytest.mark.parametrize("of", [measure.auroc, measure.average_precision, measure.prr])
def test_there_is_no_number_where_all_rows_are_alike(of):
    assert np.isnan(of([], []))
    assert np.isnan(of([0.1, 0.2], [True, True]))
    assert np.isnan(of([0.1, 0.2], [False, False]))
    assert np.isnan(of([NAN, NAN], [True, False]))


@pytest.mark.parametrize("of", [measure.auroc, measure.average_precision, measure.prr])
def test_rows_without_a_score_are_left_out(of):
    scores, wrong = [0.9, 0.4, 0.6, 0.1], [True, True, False, False]
    assert of([*scores, NAN], [*wrong, True]) == of(scores, wrong)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"scores of the shape \(2,\)"):
        measure.auroc([0.1, 0.2], [True])


@settings(deadline=None, max_examples=60)
@given(TABLES)
def test_auroc_and_average_precision_are_those_of_scikit_learn(table):
    scores, wrong = np.array([s for s, _ in table], float), np.array([w for _, w in table])
    if wrong.all() or not wrong.any():
        return
    assert measure.auroc(scores, wrong) == pytest.approx(roc_auc_score(wrong, scores))
    assert measure.average_precision(scores, wrong) == pytest.approx(
        average_precision_score(wrong, scores)
    )


def reference_prr(doubt, right, most):
    """lm-polygraph's sum, on scores without ties, between chance and the oracle."""
    n = len(doubt)
    n_out = int(most * n)

    def area(doubt):
        kept = np.cumsum(right[np.argsort(doubt, kind="stable")])[-n_out:]
        return float((kept / np.arange(n - n_out + 1, n + 1)).sum() / n_out)

    room = area(-right) - right.mean()
    return (area(doubt) - right.mean()) / room if room > 1e-12 else NAN


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(3, 40), st.sampled_from([1.0, 0.5]))
def test_rejection_is_summed_as_in_the_reference(seed, n, most):
    rng = np.random.default_rng(seed)
    doubt, right = rng.permutation(n).astype(float), (rng.random(n) < 0.6).astype(float)
    if right.all() or not right.any():
        return
    got = measure.prr(doubt, right == 0, most=most)
    assert got == pytest.approx(reference_prr(doubt, right, most), nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(TABLES, st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(table, seed):
    scores, wrong = np.array([s for s, _ in table], float), np.array([w for _, w in table])
    order = np.random.default_rng(seed).permutation(len(table))
    for of in (measure.auroc, measure.average_precision, measure.prr):
        assert of(scores[order], wrong[order]) == pytest.approx(of(scores, wrong), nan_ok=True)


def test_intervals_hold_the_value_and_come_back_the_same():
    rng = np.random.default_rng(3)
    wrong = rng.random(300) < 0.4
    scores = wrong + rng.normal(size=300)
    once = measure.ranking_quality(scores, wrong, n=200, rng=7)
    assert once == measure.ranking_quality(scores, wrong, n=200, rng=7)
    assert list(once) == ["auroc", "average_precision", "prr", "prr_half"]
    for name, got in once.items():
        assert got.low < got.value < got.high, name
    assert once["auroc"].value == measure.auroc(scores, wrong)
    assert once["prr_half"].value == measure.prr(scores, wrong, most=0.5)


def test_copies_of_a_row_make_nothing_surer_when_drawn_together():
    rng = np.random.default_rng(3)
    wrong = rng.random(100) < 0.4
    scores = wrong + rng.normal(size=100)
    apart = measure.ranking_quality(scores, wrong, n=200, rng=7)["auroc"]
    together = measure.ranking_quality(
        np.repeat(scores, 4), np.repeat(wrong, 4), groups=np.repeat(np.arange(100), 4), n=200, rng=7
    )["auroc"]
    alone = measure.ranking_quality(np.repeat(scores, 4), np.repeat(wrong, 4), n=200, rng=7)
    assert together == apart
    assert alone["auroc"].high - alone["auroc"].low < 0.7 * (apart.high - apart.low)


def test_nothing_has_no_interval():
    got = measure.ranking_quality([], [])
    assert all(np.isnan([e.value, e.low, e.high]).all() for e in got.values())
