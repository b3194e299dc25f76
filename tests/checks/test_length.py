import json

import numpy as np
import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.length import lengths
from curate.tokens import count

CHECK = CHECKS.get("too-long")


def test_a_row_is_its_prompt_and_the_longer_of_its_answers():
    rows = rows_of(["hello world"], ["one"], ["one two three"])
    # "hello world" is 2 tokens, "one two three" 3
    assert lengths(rows).row.tolist() == [5]


def test_rows_over_the_limit_say_how_much_is_cut():
    rows = rows_of(["hello world"] * 3, ["word", "word " * 20, None])
    found = CHECK.run(rows, Context(token_limit=12))
    (one,) = found.findings
    total = int(count(["hello world", "word " * 20]).sum())
    assert one.rows == (1,)
    assert f"has {total} tokens, the limit is 12: the last {total - 12} are cut" in one.message
    assert found.figures["tokens_cut"] == total - 12
    assert one.score == pytest.approx(total / 12)


def test_a_row_of_exactly_the_limit_is_not_over():
    rows = rows_of(["hello world"], ["one two three"])
    assert CHECK.run(rows, Context(token_limit=5)).findings == ()
    assert CHECK.run(rows, Context(token_limit=4)).n_rows == 1


def test_an_answer_of_which_nothing_is_left_is_an_error():
    rows = rows_of(["hello " * 50], ["yes"])
    (one,) = CHECK.run(rows, Context(token_limit=10)).findings
    assert one.severity == "error"
    assert "nothing of the answer is left" in one.message


def test_without_a_limit_lengths_are_told_and_the_check_says_it_was_skipped():
    found = CHECK.run(rows_of(["hello world"], ["one two three"]), Context())
    assert "--token-limit" in found.skipped
    assert found.figures["quantiles"]["row"]["50%"] == 5
    assert found.looked_at == 0


def test_the_figures_are_json_and_count_every_row_once():
    rows = rows_of(["hello"] * 7, ["", " ", None, "a b c", "😀" * 9, "漢字" * 5, "x" * 5000])
    found = CHECK.run(rows, Context(token_limit=100))
    json.dumps(found.figures, allow_nan=False)
    assert sum(found.figures["histogram"]["counts"]) == 7
    assert (found.figures["empty_answers"], found.figures["no_answers"]) == (2, 1)


def test_no_rows_have_no_lengths():
    found = CHECK.run(rows_of([]), Context(token_limit=10))
    assert found.findings == ()
    json.dumps(found.figures, allow_nan=False)


def test_a_large_set_is_drawn_by_lot_but_rows_over_the_limit_are_all_found():
    n = 20_050
    answers = ["yes"] * n
    for row in range(0, n, 401):
        answers[row] = "word " * 60
    rows = rows_of(["hello"] * n, answers)
    found = CHECK.run(rows, Context(token_limit=50))
    assert found.figures["drawn_by_lot"]
    assert found.figures["counted"] == 20_000
    assert [f.rows[0] for f in found.findings] == list(range(0, n, 401))
    again = CHECK.run(rows, Context(token_limit=50))
    assert again == found


def test_a_megabyte_is_counted():
    rows = rows_of(["hello"], ["word " * 200_000])
    (one,) = CHECK.run(rows, Context(token_limit=4096)).findings
    assert one.score > 40
    assert np.isfinite(one.score)
