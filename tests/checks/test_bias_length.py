"""Length bias: the rate by hand, the mirror, and no alarm without a bias."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import Context, rows_of
from curate.checks.bias.length import CHECK, length_bias, length_only_scores
from curate.files import without_nan


def pairs(chosen, rejected, prompts=None, **columns):
    """Rows whose answers have so many characters."""
    asked = prompts or [f"prompt {n}" for n in range(len(chosen))]
    return rows_of(asked, ["x" * n for n in chosen], ["y" * n for n in rejected], **columns)


def test_the_share_of_longer_ones_counts_ties_half():
    # longer, longer, shorter, as long: (1 + 1 + 0 + 1/2) / 4
    assert length_bias([9, 8, 3, 4], [2, 5, 7, 4], [0, 1, 2, 3]).value == pytest.approx(0.625)


def test_a_set_that_prefers_the_longer_is_told_so():
    found = CHECK.run(pairs([200] * 45 + [50] * 5, [100] * 50), Context())
    [finding] = found.findings
    assert finding.rows == ()
    assert finding.score == pytest.approx(0.9)
    assert "The longer answer was chosen in 90 %" in finding.message
    assert found.figures["preferences"]["rank_biserial"] > 0.5
    assert {evidence.note for evidence in finding.evidence} == {
        "chosen 200 characters, rejected 100"
    }


def test_a_set_that_prefers_the_shorter_is_told_so():
    [finding] = CHECK.run(pairs([100] * 50, [200] * 45 + [50] * 5), Context()).findings
    assert "The shorter answer was chosen in 90 %" in finding.message


def test_few_pairs_are_no_proof():
    assert CHECK.run(pairs([2, 2, 2], [1, 1, 1]), Context()).findings == ()


def test_the_threshold_can_be_moved():
    rows = pairs([200] * 45 + [50] * 5, [100] * 50)
    assert not CHECK.run(rows, Context(thresholds={"length-bias": 0.95})).findings


def test_pairs_of_one_prompt_do_not_prove_more_than_prompts_do():
    # 12 prompts of 50 pairs each, all of a prompt alike: 8 of 12 is within chance
    longer = np.repeat(np.arange(12) < 8, 50)
    rows = pairs(
        np.where(longer, 20, 5).tolist(),
        [10] * 600,
        [f"p{n}" for n in np.repeat(np.arange(12), 50)],
    )
    found = CHECK.run(rows, Context())
    assert found.figures["preferences"]["longer"]["value"] == pytest.approx(2 / 3)
    assert found.findings == ()


def test_answers_in_an_order_by_lot_give_no_finding():
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(60):
        a, b = rng.integers(1, 300, (2, 120))
        found += len(CHECK.run(pairs(a.tolist(), b.tolist()), Context()).findings)
    assert found <= 1


def test_a_model_of_lengths_learns_that_middling_is_best():
    rng = np.random.default_rng(1)
    a, b = rng.integers(10, 1_000, (2, 3_000))
    first = np.abs(a - 505) < np.abs(b - 505)
    chosen, rejected = np.where(first, a, b), np.where(first, b, a)
    assert abs(np.mean(chosen > rejected) - 0.5) < 0.15
    assert np.mean(length_only_scores(chosen, rejected, np.arange(3_000)) > 0) > 0.8


def test_where_lengths_tell_nothing_their_model_is_at_chance():
    a, b = np.random.default_rng(2).integers(10, 1_000, (2, 4_000))
    assert np.mean(length_only_scores(a, b, np.arange(4_000)) > 0) == pytest.approx(0.5, abs=0.03)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=12, max_size=40))
def test_swapping_chosen_and_rejected_mirrors_the_figures(both):
    a, b = [x for x, _ in both], [y for _, y in both]
    there, back = (
        CHECK.run(pairs(*sides), Context()).figures["preferences"] for sides in ((a, b), (b, a))
    )
    assert back["longer"]["value"] == pytest.approx(1 - there["longer"]["value"])
    assert back["longer"]["low"] == pytest.approx(1 - there["longer"]["high"])
    assert back["rank_biserial"] == pytest.approx(-there["rank_biserial"], nan_ok=True)
    assert back["cohens_d"] == pytest.approx(-there["cohens_d"], nan_ok=True)
    area, mirrored = (f["pick_the_longer_auroc"]["value"] for f in (there, back))
    assert mirrored == pytest.approx(1 - area, nan_ok=True)


def test_plain_answers_have_lengths_by_source():
    rows = rows_of(["p"] * 4, ["a", "bbb", "c" * 10, None], source=["web", "web", "logs", "logs"])
    found = CHECK.run(rows, Context())
    assert found.looked_at == 3
    assert found.figures["answers"]["by_source"][0] == {
        **{"name": "logs", "n": 1},
        **{"lower": 10.0, "median": 10.0, "upper": 10.0},
    }


def test_splits_are_told_apart():
    split = ["train"] * 30 + ["test"] * 30
    rows = pairs([20] * 30 + [5] * 30, [10] * 60, split=split)
    table = CHECK.run(rows, Context()).figures["preferences"]["by_split"]
    assert {row["name"]: row["longer"]["value"] for row in table} == {"train": 1.0, "test": 0.0}


def test_no_answers_are_said_and_not_passed():
    assert "no answers" in CHECK.run(rows_of(["a"]), Context()).skipped
    assert "no answers" in CHECK.run(rows_of([]), Context()).skipped


def test_figures_are_json():
    figures = CHECK.run(pairs([2], [1]), Context()).figures
    assert json.dumps(without_nan(figures), allow_nan=False)
