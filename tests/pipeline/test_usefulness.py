"""Which answers were worth a person's time, and how long each took."""

import math

import numpy as np
import pyarrow as pa
import pytest

from curate.pipeline.usefulness import useful_answers, why_unknown
from curate.pipeline.working_time import item_minutes, pace, worked
from curate.records import RESPONSES, VERDICTS
from tests.pipeline.answered_rounds import (
    answered_round,
    honest,
    number_of,
    scored_project,
)

EVERY = "select: {budget: {items: 12}, near_identical: 1.0, test_share: 0, calibration_share: 0}\n"
RANK = "project: {task: rank}\n" + EVERY


def test_a_rewrite_is_useful_and_an_untouched_answer_is_not(tmp_path):
    project = scored_project(tmp_path, EVERY)
    round_ = answered_round(project, honest())
    ids, useful, minutes = useful_answers(project, round_)
    assert useful.tolist() == [float(int(id[1:4]) % 4 == 0) for id in ids]
    assert np.allclose(minutes, 1.0)
    assert why_unknown(round_) == {}


def test_what_is_given_up_is_not_useful(tmp_path):
    project = scored_project(tmp_path, EVERY)
    round_ = answered_round(project, lambda item: {"quality": "unlabelable", "reason": "no"})
    assert useful_answers(project, round_).useful.tolist() == [0.0] * 12


def test_what_nobody_answered_is_not_known_and_says_why(tmp_path):
    says = [
        None,
        {"quality": "good", "status": "discarded"},
        {"quality": "good", "status": "draft"},
        {"quality": "good"},
    ]
    project = scored_project(tmp_path, EVERY)
    round_ = answered_round(project, lambda item: says[number_of(item) % 4], close=False)
    ids, useful, _ = useful_answers(project, round_)
    why = why_unknown(round_)
    reasons = (
        "no answer yet",
        "discarded by those who saw it",
        "a draft, not submitted",
    )
    for id, value in zip(ids, useful, strict=True):
        kind = int(id[1:4]) % 4
        assert (why.get(id), math.isnan(value)) == ((*reasons, None)[kind], kind < 3)


def test_people_who_differ_and_settle_nothing_count_by_their_share(tmp_path):
    project = scored_project(tmp_path, EVERY + "resolve: {min_support: 0.6}\n")

    def say(item):
        person = next(people)
        return {"quality": "good"} if person % 2 else {"quality": "rewritten", "rewrite": "better"}

    people = iter([n // 12 for n in range(24)])  # ada rewrites all twelve, bo accepts all
    round_ = answered_round(project, say, people=("ada", "bo"))
    assert useful_answers(project, round_).useful.tolist() == [0.5] * 12
    assert why_unknown(round_) == {}


def test_before_answers_are_settled_nothing_is_known(tmp_path):
    project = scored_project(tmp_path, EVERY)
    round_ = answered_round(project, honest(), settle=False, close=False)
    assert np.isnan(useful_answers(project, round_).useful).all()
    assert set(why_unknown(round_).values()) == {"its answers are not settled yet"}


def test_a_preference_is_useful_where_nothing_was_known(tmp_path):
    project = scored_project(tmp_path, RANK)
    votes = ("a", "b", "tie", "both_bad")
    round_ = answered_round(project, lambda item: {"preference": votes[number_of(item) % 4]})
    _, useful, _ = useful_answers(project, round_)
    numbers = [int(id[1:]) for id in round_.queue()["record_id"].to_pylist()]
    assert useful.tolist() == [float(n % 4 < 2) for n in numbers]


def test_a_preference_is_useful_where_the_judges_said_otherwise(tmp_path):
    project = scored_project(tmp_path, RANK)
    pairs = project.table("pair_scores")
    verdicts = [
        {"item_id": id, "judge": judge, "kind": "pairwise", "choice": choice}
        for id in pairs["pair_id"].to_pylist()
        for judge, choice in (("one", "a"), ("two", "a"), ("three", "b"))
    ]
    project.write("verdicts", pa.Table.from_pylist(verdicts, schema=VERDICTS))
    votes = ("a", "b", "tie", "both_bad")
    round_ = answered_round(project, lambda item: {"preference": votes[number_of(item) % 4]})
    numbers = [int(id[1:]) for id in round_.queue()["record_id"].to_pylist()]
    _, useful, _ = useful_answers(project, round_)
    assert useful.tolist() == [float(n % 4 != 0) for n in numbers]


def test_without_verdicts_on_the_pair_the_grades_of_its_answers_are_the_known_order(tmp_path):
    project = scored_project(tmp_path, RANK)
    scores = project.table("scores")
    grades = [4.0 if id.endswith("x") else 2.0 for id in scores["candidate_id"].to_pylist()]
    place = scores.column_names.index("judge_grade")
    project.write("scores", scores.set_column(place, "judge_grade", pa.array(grades)))
    round_ = answered_round(project, lambda item: {"preference": "ab"[number_of(item) % 2]})
    numbers = [int(id[1:]) for id in round_.queue()["record_id"].to_pylist()]
    assert useful_answers(project, round_).useful.tolist() == [float(n % 2) for n in numbers]


def responses(*rows):
    made = [
        {
            "id": f"{person}:{item}",
            "item_id": item,
            "annotator": person,
            "question": "quality",
            "value": '"good"',
            "status": status,
            "inserted_at": f"2025-03-01T10:{minute:02d}:00",
            "updated_at": f"2025-03-01T10:{minute:02d}:00",
            "guideline": "1",
        }
        for person, item, minute, status in rows
    ]
    return pa.Table.from_pylist(made, schema=RESPONSES)


def test_time_is_from_one_submission_to_the_next_of_one_person_without_breaks():
    table = responses(
        ("ada", "a", 0, "submitted"),
        ("bo", "a", 1, "submitted"),
        ("ada", "b", 2, "submitted"),
        ("ada", "c", 5, "discarded"),
        ("ada", "d", 6, "draft"),
        ("ada", "e", 20, "submitted"),  # 15 minutes after c: a break
        ("ada", "f", 24, "submitted"),
        ("ada", "g", 24, "submitted"),  # with f: they share 4 minutes
    )
    spent = worked(table)
    known = {item: t for (item, who), t in spent.items() if who == "ada" and not math.isnan(t)}
    assert known == {"b": 2.0, "c": 3.0, "f": 2.0, "g": 2.0}
    assert math.isnan(spent["a", "ada"]) and math.isnan(spent["a", "bo"])
    assert "d" not in {item for item, _ in spent}
    assert pace(spent) == pytest.approx({"ada": 2.0, "bo": math.nan}, nan_ok=True)
    minutes = item_minutes(spent)
    assert minutes["e"] == 2.0  # after a break: her median
    assert math.isnan(minutes["a"])  # bo's pace is not known


def test_a_time_that_cannot_be_read_is_no_time():
    table = responses(("ada", "a", 0, "submitted"), ("ada", "b", 1, "submitted"))
    broken = table.set_column(7, "updated_at", pa.array(["yesterday", "2025-03-01T10:01:00"]))
    assert list(worked(broken)) == [("b", "ada")]
