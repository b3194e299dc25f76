import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.simulate import Curves
from curate.simulate.efficiency import labels_to_reach

LABELS = np.array([10.0, 20.0, 30.0, 40.0])


def curves_of(mine, random, *, n_seeds=4, **more):
    repeated = {
        "ours": np.tile(np.array(mine, float), (n_seeds, 1)),
        "random": np.tile(np.array(random, float), (n_seeds, 1)),
    }
    options = {"metric": "macro-F1", "labels": LABELS, "full": 1.0} | more
    return Curves(values=repeated, **options)


def test_labels_are_interpolated_between_two_points():
    # .5 lies half way from .4 (20 labels) to .6 (30 labels): 25
    assert labels_to_reach(LABELS, np.array([0.2, 0.4, 0.6, 0.8]), 0.5) == 25


def test_a_curve_that_starts_above_the_target_needs_its_first_labels():
    assert labels_to_reach(LABELS, np.array([0.9, 0.9, 0.9, 0.9]), 0.5) == 10


def test_a_target_that_is_never_reached_needs_infinitely_many_labels():
    assert labels_to_reach(LABELS, np.array([0.1, 0.2, 0.3, 0.4]), 0.5) == math.inf


def test_label_efficiency_is_labels_of_random_by_labels_of_the_strategy():
    # 80 % of 1.0: ours at 20 labels, random at 40: 40 / 20 = 2, half of the labels saved
    found = curves_of([0.4, 0.8, 0.9, 0.9], [0.2, 0.4, 0.6, 0.8]).label_efficiency(0.8, "ours")
    assert (found.labels, found.random_labels, found.ratio, found.saving) == (20, 40, 2, 0.5)
    assert (found.low, found.high) == (2, 2)


def test_thresholds_are_shares_of_the_way_from_guessing():
    # half way from .5 to .9 is .7: ours at 20, random at 40
    curves = curves_of([0.6, 0.7, 0.8, 0.9], [0.5, 0.5, 0.6, 0.7], full=0.9, floor=0.5)
    found = curves.label_efficiency(0.5, "ours")
    assert found.target == pytest.approx(0.7)
    assert found.ratio == pytest.approx(2)


def test_the_interval_is_of_seeds_drawn_again_in_pairs():
    # Seeds differ in height for both alike: paired, the ratio is 2 whichever seeds are drawn.
    lift = np.array([[0.0], [0.1], [0.2], [0.3]])
    steps = np.array([0.0, 1.0, 2.0, 3.0])
    curves = Curves(
        metric="m",
        labels=LABELS,
        values={"ours": lift + 2 * steps, "random": lift + steps},
        full=10.0,
    )
    found = curves.label_efficiency(0.25, "ours")
    assert found.low < found.ratio < found.high
    assert found.high - found.low < 0.1


def test_where_random_never_gets_there_the_ratio_is_infinite():
    curves = curves_of([0.4, 0.8, 0.95, 0.95], [0.2, 0.3, 0.4, 0.5])
    found = curves.label_efficiency(0.9, "ours")
    assert found.ratio == math.inf and found.saving == 1
    said = curves.verdict("ours", 0.9)
    # .9 is two thirds of the way from .8 to .95: 26.7 labels of 40, a third saved at least
    assert said == (
        "random never gets there: 27 labels at 90 % of the full-data metric, random not with 40 "
        "(saves at least 33 %)"
    )


def test_a_strategy_that_never_gets_there_is_worse_than_random():
    curves = curves_of([0.1, 0.2, 0.3, 0.4], [0.2, 0.8, 0.95, 0.95])
    assert curves.verdict("ours", 0.9).startswith("worse than random: never gets there")


def test_a_strategy_that_is_random_is_no_better_than_random():
    curve = [0.2, 0.6, 0.9, 0.95]
    said = curves_of(curve, curve).verdict("ours")
    assert said == "no better than random at 90 % of the full-data metric (saves 0 % [0, 0])"


def test_what_is_saved_is_said_with_its_interval():
    said = curves_of([0.4, 0.9, 0.9, 0.9], [0.2, 0.4, 0.6, 0.9]).verdict("ours")
    assert said == "saves 50 % [50, 50] of the labels at 90 % of the full-data metric"


def test_a_strategy_that_is_there_with_its_first_answers_saves_at_least_so_much():
    # ours is there at the first point looked at, random at 40
    said = curves_of([0.9, 0.9, 0.9, 0.9], [0.2, 0.4, 0.6, 0.9]).verdict("ours")
    assert said == "saves at least 75 % [75, 75] of the labels at 90 % of the full-data metric"


def test_what_is_wasted_is_said_too():
    # random 20 labels, ours 40: as many again
    said = curves_of([0.2, 0.4, 0.6, 0.9], [0.4, 0.9, 0.9, 0.9]).verdict("ours")
    expected = (
        "worse than random: needs 100 % [100, 100] more labels at 90 % of the full-data metric"
    )
    assert said == expected


def test_strategies_are_compared_where_random_gets_to():
    # random reaches 80 % only: the verdict is told there
    said = curves_of([0.5, 0.8, 0.9, 1.0], [0.2, 0.4, 0.6, 0.8]).verdict("ours")
    assert said.endswith("at 80 % of the full-data metric")


def test_where_nobody_gets_far_the_area_decides():
    said = curves_of([0.2, 0.2, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1]).verdict("ours")
    assert said.startswith("better than random by the area under the curve (+0.100")


def test_two_seeds_are_too_few_to_tell():
    said = curves_of([0.4, 0.9, 0.9, 0.9], [0.2, 0.4, 0.6, 0.9], n_seeds=2).verdict("ours")
    assert said.endswith("too few seeds to tell it from chance")


def test_a_metric_that_is_not_known_is_not_called_a_draw():
    said = curves_of([math.nan] * 4, [0.1] * 4).verdict("ours")
    assert said.startswith("cannot be told")


def test_errors_found_are_held_against_the_share_of_wrong_answers():
    # 8 errors in 20 answers where a tenth is wrong: random needs 80 for them, 80 / 20 = 4
    curves = curves_of([4, 8, 9, 9], [1, 2, 3, 4], rate=np.full(4, 0.1), sizes=(20,))
    assert curves.label_efficiency_at(20, "ours").ratio == pytest.approx(4)
    assert curves.verdict("ours") == "saves 75 % [75, 75] of the labels in 20 answers"


def test_the_area_is_the_mean_height():
    # trapezes of (0, 1), (1, 1), (1, 1): (.5 + 1 + 1) / 3
    area = curves_of([0, 1, 1, 1], [0, 0, 0, 0]).area("ours")
    assert area.value == area.over_random == pytest.approx(2.5 / 3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0.01, 1))
def test_more_is_never_reached_with_fewer_labels(values, share):
    curve = np.array(values)
    low, high = (labels_to_reach(LABELS, curve, t * share) for t in (0.5, 1.0))
    assert low <= high
