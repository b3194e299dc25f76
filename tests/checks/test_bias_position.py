"""Position bias: what rows say of places, in every spelling, and no alarm without a bias."""

import json

import numpy as np
import pytest

from curate.checks import Context, rows_of
from curate.checks.bias.position import CHECK, chosen_positions, position_bias


def said(*values, field="winner", **columns):
    """Rows that say something beside their texts."""
    n = len(values)
    texts = [[f"{side} {i}" for i in range(n)] for side in ("prompt", "good", "bad")]
    metadata = [None if value is None else json.dumps({field: value}) for value in values]
    return rows_of(*texts, metadata=metadata, **columns)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *(("a", "b"), ("A", "B"), ("model_a", "model_b"), ("response A", "Response B")),
        *(("first", "second"), ("left", "right"), ("[[A]]", "[[B]]"), (1, 2), (0, 1), ("1", "2")),
        *((0.0, 1.0), ("assistant_a", "assistant_b")),
    ],
)
def test_places_are_read_however_they_are_spelt(first, second):
    found = chosen_positions(said(first, second, first, None))
    assert found.tolist()[:3] == [1.0, 0.0, 1.0]
    assert np.isnan(found[3])


@pytest.mark.parametrize("tie", ["tie", "both", "tie (bothbad)", "neither", None])
def test_a_tie_is_no_place(tie):
    assert np.isnan(chosen_positions(said("a", "b", tie))[2])


def test_of_nought_one_two_nought_is_the_tie():
    found = chosen_positions(said(0, 1, 2))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [1.0, 0.0]


def test_a_number_that_never_varies_tells_nothing():
    assert np.isnan(chosen_positions(said(1, 1, 1))).all()


@pytest.mark.parametrize("values", [("gpt-4", "llama"), ("A", "C", "D", "B"), (17, 3)])
def test_what_is_no_place_is_not_taken_for_one(values):
    assert np.isnan(chosen_positions(said(*values))).all()


def test_flags_of_each_side_are_read():
    metadata = [json.dumps({"winner_model_a": a, "winner_model_b": 1 - a}) for a in (1, 0)]
    rows = rows_of(["p", "q"], ["a", "b"], ["c", "d"], metadata=metadata)
    assert chosen_positions(rows).tolist() == [1.0, 0.0]


def test_a_field_quoted_within_a_text_is_not_read():
    metadata = json.dumps({"note": 'he said {"winner": "a"}, then left'})
    rows = rows_of(["p"], ["a"], ["b"], metadata=[metadata])
    assert np.isnan(chosen_positions(rows)).all()


def test_the_first_ones_share_is_told_with_its_test():
    found = CHECK.run(said(*["a"] * 45, *["b"] * 5), Context())
    [finding] = found.findings
    assert "The answer shown first was chosen in 90 %" in finding.message
    assert found.figures["binomial_p"] < 1e-6


def test_the_second_ones_share_is_told_too():
    [finding] = CHECK.run(said(*["b"] * 45, *["a"] * 5), Context()).findings
    assert "The answer shown second was chosen in 90 %" in finding.message


def test_an_order_by_lot_gives_no_finding():
    rng = np.random.default_rng(0)
    drawn = (CHECK.run(said(*rng.choice(["a", "b"], 400)), Context()) for _ in range(40))
    assert sum(len(found.findings) for found in drawn) <= 3


def test_pairs_shown_in_both_orders_are_the_direct_measure():
    metadata = [json.dumps({"winner": w}) for w in ("a", "a", "a", "b")]
    rows = rows_of(
        ["p", "p", "q", "q"], ["x", "y", "u", "u"], ["y", "x", "v", "v"], metadata=metadata
    )
    # p: x first and chosen, then y first and chosen; q: u chosen first, then u chosen second
    assert CHECK.run(rows, Context()).figures["shown_in_both_orders"] == {
        **{"pairs": 2, "first_both_times": 1, "second_both_times": 0}
    }


def test_a_model_that_always_stands_first_is_told():
    rows = said(*["a", "b"] * 30, model=["old", "new"] * 30, rejected_model=["new", "old"] * 30)
    [finding] = CHECK.run(rows, Context()).findings
    assert finding.severity == "info"
    assert "new in 0 %, old in 100 %" in finding.message


def test_where_nobody_says_it_is_skipped():
    assert "winner" in CHECK.run(rows_of(["p"], ["a"], ["b"]), Context()).skipped
    assert CHECK.run(rows_of([]), Context()).skipped


def test_what_is_not_known_is_left_out_of_the_share():
    assert position_bias([1, np.nan, 0, 1], range(4)).n == 3
