import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig
from curate.errors import ConfigError

STRATA = ["a"] * 9 + ["b"] * 4 + ["c"]


def drawn_of(strata, k, **options):
    rows, chance = select.stratified(strata, k, **options)
    counts = {value: [strata[row] for row in rows].count(value) for value in dict.fromkeys(strata)}
    return counts, chance


def test_each_stratum_gives_its_share():
    # 14 rows, k = 7: a 4.5, b 2, c .5; rounded by lot
    counts, chance = drawn_of(STRATA, 7)
    assert counts["a"] in (4, 5) and counts["b"] == 2 and counts["c"] in (0, 1)
    assert sum(counts.values()) == 7 and chance == pytest.approx([0.5] * 7)


def test_square_roots_lift_the_rare():
    # Roots 3, 2, 1 of 6: a 3, b 2, c 1
    counts, chance = drawn_of(STRATA, 6, allocation="sqrt")
    assert counts == {"a": 3, "b": 2, "c": 1}
    assert sorted(chance) == pytest.approx([1 / 3] * 3 + [1 / 2] * 2 + [1])


def test_a_stratum_gives_no_more_than_it_has_and_the_others_make_up_for_it():
    # Equal: 3, 3, 3; c has one, so that 8 are left for a and b: 4 each
    counts, _ = drawn_of(STRATA, 9, allocation="equal")
    assert counts == {"a": 4, "b": 4, "c": 1}


def test_rows_without_a_value_are_one_stratum():
    strata = np.array([1.0, 1.0, np.nan, np.nan, np.nan, np.nan])
    rows, chance = select.stratified(strata, 2, allocation="equal")
    assert (rows < 2).sum() == 1 and sorted(chance.tolist()) == [0.25, 0.5]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "c", None]), max_size=25),
    st.integers(0, 30),
    st.sampled_from(["proportional", "sqrt", "equal"]),
    st.integers(0, 99),
)
def test_as_many_rows_as_asked_for_and_chances_above_zero(strata, k, allocation, seed):
    rng = np.random.default_rng(seed)
    covered = np.flatnonzero(rng.random(len(strata)) < 0.2)
    rows, chance = select.stratified(strata, k, allocation=allocation, covered=covered, rng=rng)
    assert len(rows) == len(set(rows.tolist())) == min(k, len(strata) - len(covered))
    assert not set(rows.tolist()) & set(covered.tolist())
    assert ((chance > 0) & (chance <= 1)).all()


@pytest.mark.parametrize("allocation", ["proportional", "sqrt", "equal"])
def test_every_row_is_drawn_with_its_chance(allocation):
    n_draws = 4000
    hits, chances = np.zeros(14), np.zeros(14)
    for seed in range(n_draws):
        rows, chance = select.stratified(STRATA, 5, allocation=allocation, rng=seed)
        hits[rows] += 1
        chances[rows] = chance
    np.testing.assert_allclose(hits / n_draws, chances, atol=4 * (0.25 / n_draws) ** 0.5)


def test_the_total_of_every_stratum_is_as_drawn_by_share():
    rng = np.random.default_rng(3)
    strata = rng.integers(0, 4, 200)
    for seed in range(20):
        rows, _ = select.stratified(strata, 30, rng=seed)
        given_ = np.bincount(strata[rows], minlength=4)
        share = 30 * np.bincount(strata) / 200
        assert (np.abs(given_ - share) < 1).all()


def choose(vectors, **config):
    pool = select.Pool(
        ids=[str(i) for i in range(40)],
        vectors=vectors,
        need=np.ones(40),
        columns={"source": ["a"] * 30 + ["b"] * 10},
    )
    config = SelectConfig(strategy="stratified", random_share=0, **config)
    return select.choose(pool, 8, config=config, seed=3)


def test_the_strata_are_clusters_of_the_prompts():
    # Four bundles of ten rows, a little apart: as many strata as picks, two rows a bundle.
    noise = np.random.default_rng(0).normal(scale=0.15, size=(40, 30))
    bundles = np.repeat(np.eye(30)[:4], 10, axis=0) + noise
    picks = choose(bundles.astype(np.float32))
    spread = np.bincount(picks.indices // 10, minlength=4)
    assert spread.sum() == 8 and spread.min() >= 1


def test_or_the_values_of_a_column():
    picks = choose(np.eye(40, dtype=np.float32), strata="source")
    assert (picks.indices < 30).sum() == 6
    assert all("drawn by lot with chance 0.2000" in reason for reason in picks.reason)


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"`select.strata`: no column 'tier'.*known: source"):
        choose(np.eye(40, dtype=np.float32), strata="tier")
