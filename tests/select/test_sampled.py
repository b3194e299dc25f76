import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig
from curate.select.allotted import proportional_chance, systematic

N_DRAWS = 4000
TOLERANCE = 4 * (0.25 / N_DRAWS) ** 0.5


def test_chances_are_in_proportion_to_need_and_certain_rows_leave_the_rest_to_the_others():
    # k = 2 of 8, 1, 1: the first would have 1.6, so it is certain and 1 is left for two.
    assert proportional_chance(np.array([8.0, 1, 1]), 2).tolist() == [1, 0.5, 0.5]
    assert proportional_chance(np.array([3.0, 2, 1, 0]), 1).tolist() == [3 / 6, 2 / 6, 1 / 6, 0]
    assert proportional_chance(np.array([1.0, 2, 0]), 5).tolist() == [1, 1, 0]
    assert proportional_chance(np.array([0.0, 0]), 1).tolist() == [0, 0]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20), st.integers(0, 25))
def test_chances_add_up_to_the_size_of_the_queue(sizes, k):
    size = np.array(sizes)
    chance = proportional_chance(size, k)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert chance.sum() == pytest.approx(min(k, len(size)))
    free = chance < 1
    if 0 < k < len(size) and free.any():
        np.testing.assert_allclose(chance[free] / size[free], (chance[free] / size[free])[0])
        assert size[free].max() <= size[~free].min(initial=np.inf)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 30))
def test_as_many_rows_are_drawn_as_asked_for_and_none_twice(seed, n, k):
    rng = np.random.default_rng(seed)
    chance = proportional_chance(rng.random(n) ** 3 + 1e-6, k)
    rows = systematic(chance, rng)
    assert len(rows) == len(set(rows.tolist())) == min(n, k)
    assert set(np.flatnonzero(chance >= 1)) <= set(rows)


def test_every_row_is_drawn_with_its_chance():
    chance = np.array([1, 0.9, 0.6, 0.3, 0.15, 0.05])
    rng = np.random.default_rng(0)
    hits = sum(np.bincount(systematic(chance, rng), minlength=6) for _ in range(N_DRAWS))
    np.testing.assert_allclose(hits / N_DRAWS, chance, atol=TOLERANCE)


def test_a_weighted_total_of_what_was_drawn_is_unbiased():
    rng = np.random.default_rng(1)
    need = rng.random(40)
    wrong = (rng.random(40) < need).astype(float)
    totals = []
    for seed in range(N_DRAWS):
        rows, chance = select.sampled(need, 10, rng=seed)
        totals.append((wrong[rows] / chance).sum())
    error = np.std(totals) / N_DRAWS**0.5
    assert abs(np.mean(totals) - wrong.sum()) < 4 * error
    by_need = need.argsort()[-10:]
    assert 4 * wrong[by_need].sum() > wrong.sum() + 4 * error, "the neediest alone overstate it"


def test_needier_rows_weigh_less():
    rows, chance = select.sampled([0.2, 0.4, 0.4], 1, rng=3)
    assert chance[0] == pytest.approx([0.2, 0.4, 0.4][rows[0]])


def test_the_floor_keeps_every_scored_row_in_play_and_temper_evens_out():
    need = [0.0, 1.0]
    # Sizes .25, 1: chances .2, .8; with floor 1 even; temper .5 squares: .3 -> .09, below .25.
    low = [select.sampled(need, 1, floor=0.25, rng=s) for s in range(60)]
    assert {(int(r[0]), round(float(c[0]), 6)) for r, c in low} == {(0, 0.2), (1, 0.8)}
    assert select.sampled(need, 1, floor=1)[1].tolist() == [0.5]
    _, chance = select.sampled([0.3, 0.3, 1.0], 1, temper=0.5, floor=0.01, rng=2)
    assert round(float(chance[0]), 6) in (round(0.09 / 1.18, 6), round(1 / 1.18, 6))


def test_needs_below_zero_are_counted_from_the_lowest():
    # -4, 0, 4 -> 0, .5, 1 with a floor of .5: sizes .5, .5, 1
    draws = [select.sampled([-4, 0, 4], 1, floor=0.5, rng=s) for s in range(60)]
    assert {(int(r[0]), float(c[0])) for r, c in draws} == {(0, 0.25), (1, 0.25), (2, 0.5)}


def test_a_need_without_bounds_counts_as_the_highest_there_is():
    _, chance = select.sampled([np.inf, 2.0, -np.inf, 1.0], 4)
    assert chance.tolist() == [1, 1, 1, 1]
    draws = [select.sampled([np.inf, 4.0, 1.0], 1, floor=0.25, rng=s) for s in range(60)]
    found = {(int(r[0]), round(float(c[0]), 6)) for r, c in draws}
    assert found == {(0, round(4 / 9, 6)), (1, round(4 / 9, 6)), (2, round(1 / 9, 6))}


def test_unscored_and_covered_rows_are_never_drawn():
    need = [np.nan, 0.5, 0.5, np.nan]
    rows, chance = select.sampled(need, 3, covered=np.array([2]))
    assert rows.tolist() == [1] and chance.tolist() == [1]
    assert select.sampled([np.nan] * 3, 2)[0].tolist() == []
    assert select.sampled([], 2)[0].tolist() == []
    with pytest.raises(ValueError, match="floor"):
        select.sampled(need, 1, floor=0)


def offer_of(need, k, strategy):
    from curate.select.gate import Gate
    from curate.select.strategies import Offer, strategies

    n = len(need)
    vectors = np.eye(n, dtype=np.float32)
    pool = select.Pool(ids=[str(i) for i in range(n)], vectors=vectors, need=np.array(need))
    offer = Offer(
        vectors=vectors,
        need=pool.need,
        need_name="need",
        open=~np.isnan(pool.need),
        covered=np.empty(0, np.int64),
        drawn=np.empty(0, np.int64),
        k=k,
        gate=Gate(vectors, threshold=2),
        cover="facility_location",
        prefilter=1.1,
        rng=np.random.default_rng(5),
        config=SelectConfig(strategy=strategy),
        pool=pool,
    )
    return strategies.get(strategy)(offer)


def test_the_picker_knows_every_rows_chance():
    picker = offer_of([0.2, 0.4, 0.4, np.nan], 2, "sampled")
    assert picker.chance == pytest.approx({0: 0.4, 1: 0.8, 2: 0.8})
    first = picker.offer()
    assert f"drawn by lot with chance {picker.chance[first]:.4f}; need" in picker.take(first)
    second = picker.offer()
    picker.close(np.array([second]))
    spare = picker.offer()
    assert "in the place of a row that was refused" in picker.take(spare)
    assert {first, second, spare} == {0, 1, 2} and picker.offer() == -1


def test_the_stratified_picker_knows_them_too():
    picker = offer_of([0.5] * 8, 2, "stratified")
    assert picker.chance == pytest.approx(dict.fromkeys(range(8), 0.25))
