"""Source imbalance: effective numbers by hand, and what models' names give away."""

import numpy as np
import pytest

from curate.checks import Context, rows_of
from curate.checks.bias.sources import CHECK, model_only_accuracy, source_balance


def spread(**columns):
    n = len(next(iter(columns.values())))
    return rows_of([f"prompt {i}" for i in range(n)], ["a"] * n, **columns)


def test_equal_sources_are_worth_their_number():
    balance = source_balance({"a": 5, "b": 5, "c": 5})
    assert balance["effective"] == pytest.approx(3.0)


def test_the_largest_source_is_told():
    [finding] = CHECK.run(spread(source=["web"] * 90 + ["logs"] * 10), Context()).findings
    assert "90 % of 100 rows have the source 'web'" in finding.message
    # exp(-.9 ln .9 - .1 ln .1) = 1.38
    assert "the 2 sources are worth 1.4" in finding.message


def test_an_only_source_is_no_imbalance():
    assert CHECK.run(spread(source=["web"] * 90), Context()).findings == ()


def test_few_rows_are_no_proof():
    assert CHECK.run(spread(source=["web"] * 9 + ["logs"]), Context()).findings == ()


def duels(winners, losers):
    n = len(winners)
    return rows_of(
        *([f"{side} {i}" for i in range(n)] for side in ("prompt", "good", "bad")),
        model=winners,
        rejected_model=losers,
    )


def test_a_model_that_always_wins_is_told():
    found = CHECK.run(duels(["big", "small"] * 30, ["small", "tiny"] * 30), Context())
    [finding] = found.findings
    assert "right in 100 %" in finding.message
    assert "big wins 100 % of its pairs" in finding.message
    assert found.figures["models_against_each_other"]["models"][-1]["won"]["value"] == 0.0


def test_models_that_win_by_lot_give_no_finding():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(40):
        a, b = np.where(rng.random(80) < 0.5, [["x"], ["y"]], [["y"], ["x"]])
        alarms += len(CHECK.run(duels(a.tolist(), b.tolist()), Context()).findings)
    assert alarms <= 1


def test_models_past_the_first_fifty_count_as_one():
    names = [f"m{i:03}" for i in range(120)]
    found = CHECK.run(duels(names, names[1:] + names[:1]), Context())
    assert found.figures["models_against_each_other"]["n"] > 0


def test_names_are_tried_on_prompts_that_were_held_out():
    # two models trade wins, by prompt: what one fold teaches is wrong in the next
    winners = np.arange(100) % 2
    assert model_only_accuracy(winners, 1 - winners, np.zeros(100, int)).value == 0.5


def test_swapping_winners_and_losers_changes_nothing():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 5, (2, 200))
    there, back = model_only_accuracy(a, b, range(200)), model_only_accuracy(b, a, range(200))
    assert there.value == pytest.approx(back.value)


def test_where_nobody_says_it_is_skipped():
    assert "source" in CHECK.run(rows_of(["p"], ["a"]), Context()).skipped
    assert CHECK.run(rows_of([]), Context()).skipped
