import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import BudgetConfig, MinutesConfig, SelectConfig
from curate.errors import ConfigError
from curate.select import estimate_minutes, fitted_minutes, minutes_allowed

N = 50
NEED = np.linspace(1, 0, N)


def pool(minutes, n=N):
    vectors = np.random.default_rng(0).normal(size=(n, 12)).astype(np.float32)
    return select.Pool(
        ids=[f"c{i}" for i in range(n)],
        vectors=vectors,
        need=NEED[:n],
        minutes=None if minutes is None else np.asarray(minutes, np.float64),
    )


def chosen(offered, k=N, *, random_share=0.0, strategy="uncertainty", seed=7, **budget):
    config = SelectConfig(
        strategy=strategy,
        random_share=random_share,
        near_identical=1.0,
        budget=BudgetConfig(**({"items": None} | budget)),
    )
    return select.choose(offered, k, config=config, seed=seed)


def test_minutes_are_reading_typing_and_a_decision():
    # 100 + 200 tokens are 225 words, 225 / 238 = .9454 minutes; a rewrite types 30 % of 150 words
    # at 40 a minute: 1.125 minutes.
    ranked = estimate_minutes([100], [200], task="rank")
    rewritten = estimate_minutes([100], [200], task="rewrite")
    assert ranked.minutes == pytest.approx([0.5 + 225 / 238])
    assert rewritten.minutes == pytest.approx([0.5 + 225 / 238 + 1.125])
    assert "0.32 for each 100 tokens and 0.56 more" in rewritten.basis
    assert rewritten.basis.endswith("no times were measured yet")


def test_votes_multiply_and_constants_may_be_given():
    constants = MinutesConfig(base=1, per_100_tokens=2)
    said = estimate_minutes([50, 0], [50, np.nan], task="rewrite", votes=[2, 1], config=constants)
    assert said.minutes[0] == 2 * (1 + 2) and np.isnan(said.minutes[1])


def test_measured_minutes_are_shrunk_towards_the_estimate():
    # Thirty items took 1.5 times as long: exp(log(1.5) x 30 / 40).
    pace = fitted_minutes(np.full(30, 2.0), np.full(30, 3.0))
    assert pace.factor == pytest.approx(1.5**0.75) and pace.n == 30
    said = estimate_minutes([0], [0], task="rank", measured=pace)
    assert said.minutes == pytest.approx([0.5 * 1.5**0.75])
    assert said.basis.endswith("times 1.36 as 30 measured items say")


def test_a_break_is_no_reviewing_time():
    # Ratios 1 (nine times) and 100: the latter counts as 4. (9 + 4) / 10 = 1.3, shrunk by half.
    pace = fitted_minutes(np.ones(10), [1.0] * 9 + [100.0])
    assert pace.factor == pytest.approx(1.3**0.5)


def test_nothing_measured_changes_nothing():
    pace = fitted_minutes([1.0, np.nan, 0.0], [np.nan, 2.0, 1.0])
    assert (pace.factor, pace.n) == (1.0, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)), min_size=1, max_size=30))
def test_the_factor_lies_between_1_and_what_was_measured(times):
    before, taken = np.array(times).T
    factor = fitted_minutes(before, taken).factor
    ratio = taken / before
    assert min(1, ratio.min()) - 1e-9 <= factor <= max(1, ratio.max()) + 1e-9


def test_money_is_minutes_at_a_price():
    assert minutes_allowed(BudgetConfig(money=20, per_hour=40)) == 30
    assert minutes_allowed(BudgetConfig(minutes=25, money=20, per_hour=40)) == 25
    assert math.isinf(minutes_allowed(BudgetConfig()))


def test_the_queue_ends_where_the_minutes_do():
    picks = chosen(pool(np.full(N, 2.5)), minutes=21)
    # 8 x 2.5 = 20; a ninth would make 22.5.
    assert picks.indices.tolist() == list(range(8))
    assert picks.notes == ("21.0 minutes are used up: 8 items take 20.0",)
    said = select.shortfall(pool(np.full(N, 2.5)), picks, N)
    assert said.startswith("50 asked for, 8 picked: 21.0 minutes are used up: 8 items take 20.0; ")


def test_the_tightest_of_items_minutes_and_money_holds():
    offered = pool(np.full(N, 2.0))
    assert len(chosen(offered, 5, minutes=30)) == 5
    assert len(chosen(offered, minutes=30, money=10, per_hour=30)) == 10
    said = chosen(offered, minutes=30, money=10, per_hour=30).notes[0]
    assert said == "10 of `select.budget.money` (20.0 minutes) are used up: 10 items take 20.0"
    assert chosen(offered, 5, minutes=30).notes == ()


def test_a_row_that_does_not_fit_any_more_is_passed_over():
    minutes = np.full(N, 1.0)
    minutes[2] = 40
    picks = chosen(pool(minutes), minutes=5)
    assert picks.indices.tolist() == [0, 1, 3, 4, 5]
    assert picks.left_out[2] == "would take 40.0 minutes, 3.0 were left"


def test_a_row_of_unknown_length_counts_as_the_mean():
    minutes = np.full(N, 3.0)
    minutes[0] = np.nan
    assert len(chosen(pool(minutes), minutes=9)) == 3


def test_limited_minutes_need_minutes():
    with pytest.raises(ConfigError, match="no row's minutes are known"):
        chosen(pool(None), minutes=9)
    assert len(chosen(pool(None), 3, items=3)) == 3


def test_the_slice_is_a_share_of_the_rows_to_be_expected():
    picks = chosen(pool(np.full(N, 2.0)), minutes=40, random_share=0.25)
    # 40 minutes are 20 rows: 5 by lot.
    assert picks.part.count("random") == 5 and len(picks) == 20
    assert picks.probability[:5].tolist() == [5 / N] * 5


def test_a_queue_by_lot_within_minutes_knows_its_chances():
    # Four rows of 1 minute and four of 3, 5 minutes in all. Seen for every order of the eight,
    # the mean number of rows drawn is the sum of the eight chances.
    minutes = np.repeat([1.0, 3.0], 4)
    drawn = np.zeros(8)
    known: dict[int, list[float]] = {}
    for seed in range(120):
        picks = chosen(pool(minutes, 8), 8, strategy="random", minutes=5, seed=seed)
        assert minutes[picks.indices].sum() <= 5 and set(picks.part) <= {"random"}
        drawn[picks.indices] += 1
        for row, chance in zip(picks.indices.tolist(), picks.probability, strict=True):
            known.setdefault(row, []).append(chance)
    expected = np.array([np.mean(known[row]) for row in range(8)])
    # A share of 120 draws has a standard error of at most .046.
    np.testing.assert_allclose(drawn / 120, expected, atol=0.15)
    assert expected[:4].mean() > expected[4:].mean()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.1, 20) | st.just(math.nan), min_size=1, max_size=N),
    st.floats(0.5, 60),
    st.sampled_from(["uncertainty", "hybrid", "random", "sampled"]),
)
def test_no_queue_takes_longer_than_allowed(minutes, limit, strategy):
    if np.isnan(minutes).all():
        return
    n = len(minutes)
    picks = chosen(pool(minutes, n), n, strategy=strategy, minutes=limit, random_share=0.1)
    known = np.where(np.isnan(minutes), np.nanmean(minutes), minutes)
    assert known[picks.indices].sum() <= limit + 1e-6
