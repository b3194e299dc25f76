"""Effective size and class balance: numbers by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import Context, rows_of
from curate.checks.coverage.classes import CHECK as CLASSES
from curate.checks.coverage.classes import class_balance
from curate.checks.coverage.effective import CHECK as EFFECTIVE
from curate.checks.coverage.effective import effective_size


def test_copies_are_worth_one_and_strangers_their_number():
    assert effective_size(np.ones((8, 1), "f4"))["vendi"] == pytest.approx(1.0)
    assert effective_size(np.eye(8, dtype="f4"))["vendi"] == pytest.approx(8.0)


def test_where_half_holds_as_much_more_rows_bring_nothing():
    size = effective_size(np.tile(np.eye(4, dtype="f4"), (50, 1)))
    assert size["of_half"] == pytest.approx(size["vendi"], rel=0.05)


def test_large_sets_are_sampled_and_say_so():
    assert effective_size(np.eye(30, dtype="f4"), most=10)["looked_at"] == 10


def test_rows_without_text_are_left_out():
    assert effective_size(np.diag([1, 1, 0]).astype("f4"))["looked_at"] == 2


def test_the_size_is_told_as_a_fact():
    rows = rows_of(["a", "b"], source=["web", "logs"])
    found = EFFECTIVE.run(rows, Context(vectors={"asked": np.eye(2, dtype="f4")}))
    [finding] = found.findings
    assert finding.severity == "info"
    assert "The 2 prompts looked at are worth 2 different ones" in finding.message
    assert found.figures["source"]["effective"] == pytest.approx(2.0)


def test_without_vectors_sources_are_counted():
    found = EFFECTIVE.run(rows_of(["a", "b"], source=["web", "logs"]), Context())
    assert (found.findings, found.skipped) == ((), "")
    assert "--no-embed" in EFFECTIVE.run(rows_of(["a"]), Context()).skipped


def labelled(counts, **columns):
    labels = [name for name, n in counts.items() for _ in range(n)]
    return rows_of([f"t{i}" for i in range(len(labels))], label=labels, **columns)


def test_rare_classes_are_named_with_their_rows():
    found = CLASSES.run(labelled({"big": 40, "mid": 12, "small": 4, "tiny": 1}), Context())
    [finding] = found.findings
    assert "2 of 4 classes have fewer than 10 rows: 'tiny' (1), 'small' (4)" in finding.message
    assert finding.rows == tuple(range(52, 57))
    assert finding.score == pytest.approx(0.9)  # 1 - 1 / 10
    assert found.figures["imbalance"] == 40.0
    assert found.figures["smallest"][0] == {"name": "tiny", "n": 1}


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 50))
def test_even_classes_are_worth_their_number(n, each):
    balance = class_balance([each] * n)
    assert balance["effective"] == pytest.approx(n)
    assert balance["imbalance"] == 1.0


def test_a_class_that_training_never_shows_is_told():
    rows = labelled({"a": 20, "b": 10}, split=["train"] * 20 + ["test"] * 10)
    [finding] = CLASSES.run(rows, Context()).findings
    assert "1 class in other splits, and none of it in training: 'b'" in finding.message
    assert finding.rows == tuple(range(20, 30))


def test_even_classes_give_no_finding():
    assert CLASSES.run(labelled({"yes": 30, "no": 30}), Context()).findings == ()


def test_what_is_no_class_is_not_taken_for_one():
    rows = labelled({f"answer {i}": 1 for i in range(50)})
    assert "no classes" in CLASSES.run(rows, Context()).skipped
    assert "label" in CLASSES.run(rows_of(["a"]), Context()).skipped
