"""New rows that are like the old ones, and new rows that are not."""

import math

import numpy as np
import pytest

from curate.measure.drift import cluster_shift, drift, uncovered
from curate.measure.similarity import unit
from curate.measure.two_sample import two_sample


def rows(n, dims=16, seed=0, shift=0.0):
    x = np.random.default_rng(seed).normal(size=(n, dims))
    x[:, 0] += shift
    return x


def topics(*sizes, seed=0):
    """Unit rows around one direction a topic."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(0, 0.15, (size, 12)) + np.eye(12)[n] for n, size in enumerate(sizes)]
    return unit(np.concatenate(parts))


def test_rows_of_one_source_are_told_apart_as_often_as_the_level_says():
    p = [
        two_sample(rows(60, seed=s), rows(60, seed=10**6 + s), permutations=39).p_value
        for s in range(150)
    ]
    # 7.5 expected at 5 %, standard deviation 2.7
    assert 1 <= np.sum(np.array(p) <= 0.05) <= 16


def test_rows_of_another_source_are_told_apart():
    found = two_sample(rows(300), rows(150, seed=1, shift=1.5))
    assert found.p_value == pytest.approx(1 / 200)
    assert found.auroc.low > 0.7
    # two normals 1.5 apart: the best AUROC there is is Phi(1.5 / sqrt 2) = 0.856
    assert found.auroc.value == pytest.approx(0.856, abs=0.05)
    assert (found.n_old, found.n_new) == (300, 150)


def test_the_test_is_the_same_each_time_and_looks_at_no_more_than_it_may():
    a, b = rows(500), rows(400, seed=1)
    assert two_sample(a, b, most=200) == two_sample(a, b, most=200)
    assert two_sample(a, b, most=200).n_new == 200


def test_too_few_rows_give_no_number():
    found = two_sample(rows(300), rows(9))
    assert math.isnan(found.p_value) and not found.auroc.known
    assert math.isnan(cluster_shift(rows(300), rows(9)).psi)
    assert not uncovered(rows(5), rows(0), rows(3)).known


def test_more_dimensions_than_rows_are_no_trouble():
    found = two_sample(rows(20, dims=64), rows(20, dims=64, seed=1))
    assert 0 <= found.auroc.low <= found.auroc.high <= 1


def test_the_cluster_that_grew_is_named_first_with_its_nearest_rows():
    old, new = topics(300, 300, 100), topics(100, 100, 200, seed=1)
    found = cluster_shift(old, new, clusters=3)
    grown = found.clusters[0]
    assert (grown.old, grown.new) == pytest.approx((1 / 7, 0.5), abs=0.02)
    assert grown.growth == pytest.approx(3.5, abs=0.3)
    assert all(row >= 200 for row in grown.examples) and len(grown.examples) == 3
    assert set(grown.examples) <= set(grown.members.tolist())
    assert found.p_value < 1e-6 and found.psi > 0.5


def test_the_stability_index_is_worked_by_hand():
    # shares (60.5, 40.5) / 101 and (40.5, 60.5) / 101: 2 * 20/101 * ln(60.5 / 40.5)
    old, new = topics(60, 40), topics(40, 60, seed=1)
    found = cluster_shift(old, new, clusters=2)
    assert found.psi == pytest.approx(2 * 20 / 101 * math.log(60.5 / 40.5))
    assert found.psi_by_chance == pytest.approx(1 / 100 + 1 / 100)
    # 2 x 2 of 60 40 / 40 60: chi-square 8
    assert found.p_value == pytest.approx(0.004678, abs=1e-5)


def test_one_text_over_and_over_is_one_cluster_and_no_shift():
    same = np.ones((80, 4))
    found = cluster_shift(same, same)
    assert found.p_value == 1 and len(found.clusters) == 1


def test_far_is_what_few_old_rows_are():
    old, reviewed = topics(200, 200), topics(20, 20, seed=2)
    assert uncovered(old, topics(100, 100, seed=3), reviewed).low < 0.05
    beyond = uncovered(old, topics(0, 0, 100, seed=3), reviewed)
    assert beyond.value == 1 and beyond.low > 0.9


def asked(old, new, reviewed):
    return drift(two_sample(old, new), cluster_shift(old, new), uncovered(old, new, reviewed))


def test_new_topics_reopen_the_queue_and_say_why():
    found = asked(topics(300, 300), topics(60, 60, 60, seed=1), topics(20, 20, seed=2))
    assert found.state == "reopen"
    assert any(r.startswith("a classifier tells new prompts from old ones") for r in found.reasons)
    assert any("the shares of topics changed" in r for r in found.reasons)
    assert any("farther from all that was reviewed" in r for r in found.reasons)


def test_more_of_the_same_does_not():
    found = asked(topics(300, 300), topics(60, 60, seed=1), topics(20, 20, seed=2))
    assert found.state == "no drift" and found.reasons == ()


def test_a_few_new_rows_cannot_tell():
    found = asked(topics(300, 300), topics(10, 10, seed=1), topics(20, 20, seed=2))
    assert found.state == "cannot tell" and "20 new prompts are too few" in found.reasons[0]
    none = asked(topics(300, 300), topics(3, seed=1), topics(20, 20, seed=2))
    assert none.state == "cannot tell"


def test_a_sure_but_small_difference_is_watched():
    old = rows(4000, dims=4)
    new = rows(4000, dims=4, seed=1, shift=0.12)
    found = drift(
        two_sample(old, new),
        cluster_shift(old, new),
        uncovered(unit(old), unit(new), unit(old[:50])),
    )
    assert found.state == "watch" and "but little" in found.reasons[0]
