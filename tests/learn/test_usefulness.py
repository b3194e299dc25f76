import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure
from curate.learn import learned_need, usefulness
from curate.learn._auroc import resampled_auroc

NAN = float("nan")


def world(n: int, *, hidden: float, seed: int = 0):
    """Answers whose use hangs on `default`, and by `hidden` on a column nobody went by so far."""
    rng = np.random.default_rng(seed)
    scores = {name: rng.standard_normal(n) for name in ("default", "hidden", "noise", "more noise")}
    logit = scores["default"] + hidden * scores["hidden"] - 1
    return scores, rng.random(n) < 1 / (1 + np.exp(-logit))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30
    )
)
def test_weighted_auroc_is_the_plain_one_of_rows_that_often(rows):
    scores, useful, times = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    again = np.repeat(np.arange(len(rows)), times.astype(int))
    got = resampled_auroc(scores, useful, np.stack([times, np.ones(len(rows))]))
    expected = [measure.auroc(scores[again], useful[again] > 0), measure.auroc(scores, useful > 0)]
    assert got == pytest.approx(expected, nan_ok=True)


def test_each_column_is_told_how_well_it_told_useful_answers():
    scores, useful = world(400, hidden=2.0)
    found = usefulness(scores, useful, default="default")
    for name, column in scores.items():
        estimate = found.columns[name]
        assert estimate.value == pytest.approx(measure.auroc(column, useful))
        assert estimate.low < estimate.value < estimate.high
    assert next(iter(found.columns)) == "hidden"
    noise = found.columns["noise"]
    assert noise.low < 0.5 < noise.high
    assert (found.n, found.n_useful) == (400, useful.sum())


def test_a_column_that_tells_what_the_default_does_not_makes_the_mix_better():
    found = usefulness(*world(400, hidden=2.0), default="default")
    assert found.better and found.gain.low > 0
    assert next(iter(found.weights)) == "hidden"
    assert found.mix.value > found.columns["default"].value
    assert found.sentences[-1].endswith("the mix has proved itself.")


def test_columns_of_noise_leave_the_default():
    better = [
        usefulness(*world(200, hidden=0.0, seed=seed), default="default").better
        for seed in range(8)
    ]
    assert sum(better) <= 1


def test_with_few_answers_the_default_stays_and_the_weights_say_so():
    scores, useful = world(14, hidden=3.0)
    found = usefulness(scores, useful, default="default")
    assert not found.better
    assert found.weights["default"] == pytest.approx(1.0, abs=0.2)
    assert max(abs(found.weights[name]) for name in ("hidden", "noise")) < 0.4
    assert "Too few" in found.sentences[-1]


def test_rows_nobody_answered_are_left_out():
    scores, useful = world(100, hidden=1.0)
    answered = np.arange(100) % 2 == 0
    some = usefulness(scores, np.where(answered, useful, NAN), default="default")
    assert some.n == 50
    assert some.columns["noise"].value == pytest.approx(
        measure.auroc(scores["noise"][answered], useful[answered])
    )


def test_of_no_answers_nothing_is_claimed():
    scores, _ = world(5, hidden=1.0)
    found = usefulness(scores, np.full(5, NAN), default="default")
    assert (found.n, found.better) == (0, False)
    assert np.isnan(found.mix.value) and np.isnan(found.columns["noise"].value)
    assert found.sentences == ("Nothing was answered yet; default stays.",)


def test_answers_all_of_one_kind_leave_the_default():
    scores, _ = world(30, hidden=1.0)
    found = usefulness(scores, np.ones(30), default="default")
    assert not found.better and np.isnan(found.gain.value)


def test_the_same_seed_gives_the_same_verdict():
    scores, useful = world(60, hidden=1.0)
    groups = np.arange(60) // 3
    one, two = (usefulness(scores, useful, default="default", groups=groups) for _ in range(2))
    assert one == two


def test_votes_that_disagree_count_in_part():
    scores = {"default": np.array([1.0, 2.0, 3.0])}
    # Useful 0, .5, 1. Pairs (useful > useless): row 2 over 0: 1, over half of 1: .5; half of row 1
    # over 0: .5, over its own half: half of .25. Sum 2.125 of 1.5 x 1.5 = 2.25.
    found = usefulness(scores, [0.0, 0.5, 1.0], default="default")
    assert found.columns["default"].value == pytest.approx(2.125 / 2.25)


def test_answers_to_one_prompt_are_drawn_together():
    scores, useful = world(200, hidden=1.0)
    twice = {name: np.repeat(column, 4) for name, column in scores.items()}
    groups = np.repeat(np.arange(200), 4)
    alone = usefulness(scores, useful, default="default").columns["default"]
    together = usefulness(twice, np.repeat(useful, 4), default="default", groups=groups)
    width = together.columns["default"].high - together.columns["default"].low
    assert width == pytest.approx(alone.high - alone.low, rel=0.25)


def test_the_need_of_every_row_is_learned_from_those_answered():
    scores, useful = world(1000, hidden=2.0)
    answered = np.random.default_rng(1).random(1000) < 0.4
    need = learned_need(scores, np.where(answered, useful, NAN), default="default")
    rest = ~answered
    assert measure.auroc(need.chance[rest], useful[rest]) > 0.8
    assert need.chance.shape == need.variance.shape == need.information.shape == (1000,)
    assert need.features.shape == (1000, 4)
    again = learned_need(
        scores, np.where(answered, useful, NAN), default="default", start=need.head
    )
    assert again.chance == pytest.approx(need.chance, abs=1e-4)


def test_after_one_answer_the_need_goes_by_the_default():
    scores, _ = world(50, hidden=1.0)
    useful = np.full(50, NAN)
    useful[3] = 1.0
    need = learned_need(scores, useful, default="default")
    ranks = [np.argsort(np.argsort(column)) for column in (need.chance, scores["default"])]
    assert np.corrcoef(*ranks)[0, 1] > 0.8


def test_answers_picked_actively_speak_for_the_pool_by_their_weights():
    # Rows with a high `default` were asked ten times as often. There the answers go by `noise`
    # upwards, elsewhere downwards; over the pool it says nothing.
    rng = np.random.default_rng(0)
    n = 6000
    default, noise = rng.random(n), rng.standard_normal(n)
    high = default > 0.5
    useful = rng.random(n) < 1 / (1 + np.exp(-np.where(high, 2, -2) * noise))
    chance = np.where(high, 0.5, 0.05)
    asked = rng.random(n) < chance
    said = np.where(asked, useful, NAN)
    scores = {"default": default, "noise": noise}
    plain = usefulness(scores, said, default="default").columns["noise"]
    weighted = usefulness(scores, said, default="default", weights=1 / chance).columns["noise"]
    assert plain.low > 0.7
    assert weighted.value == pytest.approx(0.5, abs=0.08)


def test_what_cannot_be_compared_is_said():
    with pytest.raises(ValueError, match="'missing' is none of the columns a"):
        usefulness({"a": [1.0]}, [1], default="missing")
    with pytest.raises(ValueError, match="one entry a row"):
        usefulness({"a": [1.0, 2.0]}, [1], default="a")
    with pytest.raises(ValueError, match="between 0 and 1"):
        usefulness({"a": [1.0]}, [2.0], default="a")
    with pytest.raises(ValueError, match="no answers"):
        learned_need({"a": [1.0, 2.0]}, [NAN, NAN], default="a")
