import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import Found
from curate.checks.labels.sample import precision_at, ranked_sample
from curate.records import Finding


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 60), st.integers(0, 99))
def test_a_sample_is_as_large_as_asked_and_without_repeats(n_findings, n, seed):
    scores = np.random.default_rng(seed).normal(size=n_findings)
    sample = ranked_sample(scores, n, seed)
    assert len(sample.findings) == min(n, n_findings) == len(set(sample.findings.tolist()))
    assert ((sample.chances > 0) & (sample.chances <= 1)).all()
    if len(sample.findings):
        assert sample.ends[-1] == n_findings
        # each drawn finding stands for 1 / chance of them
        assert (1 / sample.chances).sum() == pytest.approx(n_findings)
        assert (np.diff(scores[sample.findings]) <= 0).all()


def test_all_looked_at_leaves_no_doubt():
    sample = ranked_sample(np.arange(20.0), 20)
    whole = precision_at([1] * 10 + [0] * 10, sample)[-1]
    assert (whole.first, whole.share.value) == (20, 0.5)
    assert whole.share.low == whole.share.high == 0.5


def test_the_estimate_is_right_on_average_and_its_interval_holds_the_truth():
    # the first 100 of 1000 are right, of the rest one in five
    right = np.where(np.arange(1000) < 100, 1, np.arange(1000) % 5 == 0).astype(float)
    scores = -np.arange(1000.0)
    values, held = [], []
    for seed in range(200):
        sample = ranked_sample(scores, 60, seed)
        whole = precision_at(right[sample.findings], sample)[-1].share
        values.append(whole.value)
        held.append(whole.low <= right.mean() <= whole.high)
    assert np.mean(values) == pytest.approx(right.mean(), abs=0.015)
    assert np.mean(held) > 0.9


def test_the_head_of_the_list_is_drawn_most_densely():
    sample = ranked_sample(-np.arange(1000.0), 60)
    assert sample.ends == (32, 63, 125, 250, 500, 1000)
    # ten of each: 10 / 32 of the head, 10 / 500 of the tail
    assert sample.chances[0] == pytest.approx(10 / 32)
    assert sample.chances[-1] == pytest.approx(10 / 500)


def test_findings_without_a_verdict_are_like_the_others():
    sample = ranked_sample(np.arange(4.0), 4)
    (whole,) = precision_at([1, 1, 0, np.nan], sample)
    assert whole.share.value == pytest.approx(2 / 3)
    assert whole.share.n == 3


def test_without_verdicts_nothing_is_known():
    sample = ranked_sample(np.arange(4.0), 2)
    assert not precision_at([np.nan, np.nan], sample)[0].share.known
    assert precision_at([], ranked_sample([], 5)) == []


def test_findings_of_a_check_are_drawn_by_their_score():
    findings = [Finding(check="x", severity="info", message="m", score=s) for s in (1.0, 3.0, 2.0)]
    sample = ranked_sample(Found(check="x", findings=tuple(findings)), 3)
    assert sample.findings.tolist() == [1, 2, 0]


def test_as_many_verdicts_as_drawn():
    with pytest.raises(ValueError, match="2 findings were drawn"):
        precision_at([1], ranked_sample([1.0, 2.0], 2))
