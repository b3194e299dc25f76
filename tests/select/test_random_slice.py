import numpy as np
import pytest

from curate.select import random
from curate.select.gate import Cap
from curate.select.random_slice import random_slice


def rng(seed=7):
    return np.random.default_rng(seed)


def test_without_caps_the_chance_is_the_share_exactly():
    open_rows = np.array([True] * 40 + [False] * 10)
    drawn, chance = random_slice(open_rows, 8, rng=rng())
    assert chance.tolist() == [8 / 40] * 8
    assert set(drawn.tolist()) <= set(range(40))


def test_every_row_comes_up_as_often_as_its_chance_says():
    hits = np.zeros(10)
    for seed in range(4000):
        drawn, _ = random_slice(np.ones(10, bool), 3, rng=rng(seed))
        hits[drawn] += 1
    # Binomial(4000, .3): standard deviation of the share .0072, so five of them are .036.
    np.testing.assert_allclose(hits / 4000, 0.3, atol=0.036)


def test_a_binding_cap_changes_the_chances_as_stated():
    # Ten rows, m = 2, at most 1 of the 8 rows of "a". Shuffled, the first row is "a" in 8 of 10:
    # then the second is one of the two free ones. Else the first is free, and the second is "a" in
    # 8 of 9. E[n_a] = .8 + .2 x 8/9 = .97778: a row of "a" has chance .12222, a free one .51111.
    cap = Cap.of("source", ["a"] * 8 + [None] * 2, 1)
    drawn, chance = random_slice(np.ones(10, bool), 2, caps=[cap], rng=rng())
    expected = [0.12222 if row < 8 else 0.51111 for row in drawn]
    # 2000 redraws: E[n_a] has a standard error of .0033, a chance of "b" one of .0017.
    np.testing.assert_allclose(chance, expected, atol=0.01)


def test_caps_hold_in_the_slice():
    cap = Cap.of("source", ["a"] * 30 + [None] * 5, 2)
    drawn, _ = random_slice(np.ones(35, bool), 20, caps=[cap], rng=rng())
    assert len(drawn) == 7 and (drawn < 30).sum() == 2


def test_a_cap_that_cannot_bind_costs_nothing():
    cap = Cap.of("source", ["a", "b"] * 10, 10)
    _, chance = random_slice(np.ones(20, bool), 5, caps=[cap], rng=rng())
    assert chance.tolist() == [0.25] * 5


def test_more_than_there_is_gives_all_for_certain():
    drawn, chance = random_slice(np.array([True, False, True]), 9, rng=rng())
    assert sorted(drawn.tolist()) == [0, 2] and chance.tolist() == [1.0, 1.0]
    drawn, chance = random_slice(np.zeros(3, bool), 2, rng=rng())
    assert len(drawn) == len(chance) == 0


def test_the_chances_of_all_rows_add_up_to_the_size_of_the_slice():
    cap = Cap.of("source", ["a"] * 6 + ["b"] * 3 + [None] * 3, 2)
    known: dict[int, float] = {}
    for seed in range(12):
        drawn, chance = random_slice(np.ones(12, bool), 5, caps=[cap], rng=rng(seed))
        assert len(drawn) == 5
        known |= dict(zip(drawn.tolist(), chance.tolist(), strict=True))
    assert len(known) == 12
    assert sum(known.values()) == pytest.approx(5, abs=0.15)


def test_random_is_the_same_for_a_seed_and_another_for_another():
    assert random(100, 5, rng=1).tolist() == random(100, 5, rng=1).tolist()
    assert random(100, 5, rng=1).tolist() != random(100, 5, rng=2).tolist()
    assert len(set(random(100, 50).tolist())) == 50
