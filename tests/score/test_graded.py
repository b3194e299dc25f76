import json
import math

import pyarrow as pa
import pytest

from curate.config import AnswerConfig, ScoreConfig
from curate.records import VERDICTS
from curate.score import score, score_pairs
from tests.score.tables import table

NUMBER = ScoreConfig(answer=AnswerConfig(extract="number"))
ANSWERS = [("q", m, "1") for m in "abc"]


def verdicts(*rows):
    """Verdicts as (item, judge, grade) or (item, judge, order, order)."""
    return pa.Table.from_pylist(
        [
            {
                "item_id": item,
                "judge": judge,
                "kind": "pointwise",
                "prompt": "rubric@1",
                "grade": said[0],
            }
            if len(said) == 1
            else {
                "item_id": item,
                "judge": judge,
                "kind": "pairwise",
                "prompt": "compare@1",
                "grade": math.nan,
                "choice": said[0] if said[0] == said[1] else None,
                "orders": list(said),
            }
            for item, judge, *said in rows
        ],
        schema=VERDICTS,
    )


def graded(*rows):
    return score(*table(ANSWERS), config=NUMBER, verdicts=verdicts(*rows)).to_pylist()


def ranked(*rows):
    _, candidates = table(ANSWERS)
    names = ["id", "record_id", "a", "b"]
    pairs = pa.table(
        dict(zip(names, [["p0", "p1"], ["q", "q"], ["c0", "c0"], ["c1", "c2"]], strict=True))
    )
    return score_pairs(pairs, candidates, verdicts=verdicts(*rows)).to_pylist()


def why(row, column):
    return json.loads(row["why_nan"] or "{}").get(column)


def test_grades_are_a_mean_without_leniency():
    # y gives everybody one point more than x; the panel lies half way.
    rows = graded(*(("c0", "x", 4), ("c0", "y", 5), ("c1", "x", 2), ("c1", "y", 3)), ("c2", "x", 3))
    assert [row["judge_grade"] for row in rows] == pytest.approx([4.5, 2.5, 3.5])
    assert [row["judge_spread"] for row in rows[:2]] == pytest.approx([0, 0])
    assert why(rows[2], "judge_spread") == "only one judge gave a grade"


def test_judges_that_differ_beyond_their_leniency_are_apart():
    rows = graded(("c0", "x", 1), ("c0", "y", 5), ("c1", "x", 5), ("c1", "y", 1))
    # Both have the mean 3: no leniency. Standard deviation of 1 and 5, n - 1: sqrt(8).
    assert rows[0]["judge_spread"] == pytest.approx(math.sqrt(8))
    assert rows[0]["judge_grade"] == pytest.approx(3)


def test_what_was_not_graded_says_so():
    rows = graded(("c0", "x", math.nan), ("c1", "x", 3), ("elsewhere", "x", 5))
    assert why(rows[0], "judge_grade") == "no judge gave a grade; the verdicts say why"
    assert rows[1]["judge_grade"] == 3
    assert why(rows[2], "judge_grade") == "no judge was asked about it"
    plain = score(*table(ANSWERS), config=NUMBER).to_pylist()
    assert why(plain[0], "judge_spread") == "no judge was asked about it"


def test_the_last_of_two_grades_of_one_judge_counts():
    assert graded(("c0", "x", 1), ("c0", "x", 4))[0]["judge_grade"] == 4


def test_a_panel_of_one_mind_and_one_that_is_split():
    rows = ranked(
        *(("p0", "x", "a", "a"), ("p0", "y", "a", "a")),
        *(("p1", "x", "a", "a"), ("p1", "y", "b", "b")),
    )
    assert [row["panel_entropy"] for row in rows] == pytest.approx([0, 1])
    assert [row["position_inconsistency"] for row in rows] == [0, 0]


def test_a_judge_that_goes_by_the_place_has_half_a_vote_for_each():
    rows = ranked(("p0", "x", "a", "b"), ("p0", "y", "a", "a"), ("p1", "x", "tie", "tie"))
    # Shares 3/4, 1/4: H = .562335, / ln 2 = .811278
    assert rows[0]["panel_entropy"] == pytest.approx(0.811278, abs=1e-6)
    assert rows[0]["position_inconsistency"] == 0.5
    assert why(rows[1], "panel_entropy") == "only one judge gave a verdict"
    assert rows[1]["position_inconsistency"] == 0


def test_a_verdict_that_was_read_in_one_order_only_does_not_count():
    rows = ranked(("p0", "x", "a", None))
    expected = "no judge gave a verdict in both orders; the verdicts say why"
    assert why(rows[0], "panel_entropy") == why(rows[0], "position_inconsistency") == expected
    assert why(rows[1], "panel_entropy") == "no judge was asked about it"


def test_every_nan_of_a_pair_has_a_reason():
    for row in ranked(("p0", "x", "a", "b")):
        nan = {k for k, v in row.items() if isinstance(v, float) and math.isnan(v)}
        assert set(json.loads(row["why_nan"])) == nan


def test_pointwise_verdicts_are_not_taken_for_pairwise_ones():
    rows = ranked(("p0", "x", 4))
    assert why(rows[0], "panel_entropy") == "no judge was asked about it"
