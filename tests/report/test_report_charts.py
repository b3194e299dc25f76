import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate.report import Map, Measure, Scores
from curate.report.charts import columns, correlations, dots, picture, rate, stacked
from curate.report.distributions import histogram, rank_correlation
from curate.report.regions import name_regions
from tests.report.pages import NAN, full_page

FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.integers(0, 80), elements=FLOATS))
def test_every_value_is_in_one_bar_or_missing(values):
    queued = np.arange(len(values)) % 3 == 0
    spread = histogram(values, queued)
    finite = np.isfinite(values)
    assert spread.n_pool == finite.sum()
    assert spread.n_queue == (finite & queued).sum()
    assert spread.missing == (~finite).sum()


def test_few_values_get_a_bar_each():
    spread = histogram(np.array([0.0, 0.5, 0.5, 1.0]), np.array([False, True, True, False]))
    assert [(bar.low, bar.pool, bar.queue) for bar in spread.bars] == [
        (0.0, 1, 0),
        (0.5, 2, 2),
        (1.0, 1, 0),
    ]
    assert (spread.median_pool, spread.median_queue) == (0.5, 0.5)


def test_a_far_outlier_does_not_flatten_the_rest():
    values = np.append(np.arange(1000.0), 1e9)
    spread = histogram(values, values > 990)
    assert spread.bars[-1].high < 1100
    assert spread.above >= 1
    assert spread.n_pool == 1001


def test_the_tallest_bar_of_either_side_fills_its_half():
    bars = columns(histogram(np.array([1.0, 1, 1, 2]), np.array([True, False, False, True])))
    # pool: 3 and 1 rows, so 50 and 50/3; queue: 1 and 1, so both 50
    assert [(bar.up, bar.down) for bar in bars] == [(50, 50), (16.67, 50)]


def test_nothing_scored_draws_nothing():
    assert columns(histogram(np.array([]), np.array([], bool))) == []


def test_ties_share_their_mean_rank():
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: centred -1.5 0 0 1.5 and -1.5 -.5 .5 1.5,
    # product 4.5, norms sqrt(4.5 * 5): 4.5 / 4.7434 = 0.9487
    rho = rank_correlation(np.array([1.0, 2, 2, 9]), np.array([1.0, 2, 3, 4]))
    assert rho == pytest.approx(0.9487, abs=1e-4)


def test_a_constant_goes_with_nothing():
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0)))
    assert np.isnan(rank_correlation(np.array([1.0, NAN, 2]), np.arange(3.0)))


def test_a_score_is_correlated_with_each_other_one_over_the_rows_they_share():
    up = np.array([1.0, 2, 3, NAN, 5])
    table = correlations(Scores(columns={"up": up, "down": -up}, queued=np.zeros(5, bool)))
    assert [(name, [cell.value for cell in cells]) for name, cells in table] == [
        ("up", [pytest.approx(1), pytest.approx(-1)]),
        ("down", [pytest.approx(-1), pytest.approx(1)]),
    ]
    assert table[0][1][1].level == -4


def test_values_of_a_measure_stand_on_one_scale_from_zero():
    at = dots(Measure(name="Vendi", queue=20.0, random=10.0))
    assert (at.queue, at.random) == (96, 50)  # 4 + 92 x 1 and 4 + 92 x 1/2
    assert np.isnan(at.pool)


def test_a_rate_comes_with_wilsons_interval():
    of = rate("Chosen", "active", 5, 10)
    assert (of.share, round(of.low, 3), round(of.high, 3)) == (0.5, 0.237, 0.763)
    assert np.isnan(rate("None", "random", 0, 0).share)


def test_parts_of_a_bar_follow_each_other():
    assert stacked({"good": 1, "rewritten": 3}) == [
        ("good", 1, 0.0, 25.0),
        ("rewritten", 3, 25.0, 75.0),
    ]


def test_every_row_of_the_queue_is_marked_where_its_prompt_lies():
    page = full_page()
    drawn = picture(page.map, page.queue)
    assert [mark.row for mark in drawn.marks] == list(range(40))
    assert {mark.part for mark in drawn.marks} == {"active", "random"}
    assert len(drawn.rings) == 7
    mark, label = drawn.marks[3], page.map.labels[int(page.map.queued[3])]
    assert (mark.x, mark.y, label) in drawn.hover
    assert all(0 <= m.x <= drawn.width and 0 <= m.y <= drawn.height for m in drawn.marks)


def test_a_large_pool_is_sampled_but_no_mark_is_lost():
    page = full_page()
    many = Map(
        xy=np.random.default_rng(0).normal(size=(60_000, 2)),
        labels=["a prompt"] * 60_000,
        queued=np.arange(59_960, 60_000),
    )
    drawn = picture(many, page.queue)
    assert (drawn.drawn, drawn.n, len(drawn.marks)) == (5_000, 60_000, 40)
    assert drawn.dust.count("M") == len(drawn.hover) == 5_000


@pytest.mark.parametrize("xy", [np.zeros((40, 2)), np.full((40, 2), NAN), np.zeros((40, 2)) - 1e9])
def test_points_that_do_not_differ_are_drawn_in_the_middle(xy):
    page = full_page()
    drawn = picture(Map(xy=xy, queued=np.arange(40)), page.queue)
    assert {(mark.x, mark.y) for mark in drawn.marks} == {(500.0, 200.0)}


def test_an_index_beyond_the_map_is_refused():
    page = full_page()
    with pytest.raises(ValueError, match="200 points, and an index beyond"):
        picture(dataclasses.replace(page.map, reviewed=np.array([200])), page.queue)


def test_parts_of_a_map_are_named_by_the_words_that_set_them_apart():
    rng = np.random.default_rng(0)
    xy = np.concatenate([rng.normal(0, 0.1, (80, 2)), rng.normal(9, 0.1, (80, 2))])
    texts = ["How many trains leave today?"] * 80 + ["How many apples leave today?"] * 80
    named = name_regions(xy, texts)
    # "leave" and "today" are everywhere: log(1) = 0, no weight
    assert {word for region in named for word in region.words} == {"trains", "apples"}
    assert sum(region.n for region in named) <= 160


def test_too_few_points_have_no_parts():
    assert name_regions(np.zeros((5, 2)), ["words"] * 5) == ()
