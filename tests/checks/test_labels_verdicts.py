import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Context, rows_of
from curate.checks.labels.final import comparable, differ, final_answer
from curate.checks.labels.verdicts import CHECK, mismatches


def kinds(said, answer, rejected=None):
    return [found.kind for found in mismatches(said, answer, rejected)]


def test_the_check_stands_in_the_catalogue():
    assert CHECKS.get("verdict-mismatch") is CHECK


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6 * 7 = 42\n#### 42", "42"),
        (r"so \boxed{\frac{1}{2}} it is", "1/2"),
        ('{"reasoning": "x", "answer": "1,080"}', "1080"),
        ("The answer is (B) because of it.", "b"),
        ("Final answer: $7.50", "7.5"),
        ("[[A]]", "a"),
        ("Yes.", "yes"),
        ("It depends on what you mean.", None),
        ("", None),
    ],
)
def test_final_answers_are_read_where_they_are_announced(text, value):
    found = final_answer(text)
    assert (found and found.value) == value
    if found:
        assert comparable(text[found.start : found.end]) == value


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_the_texts_hold_reading_them_ends(one, other):
    final_answer(one)
    a, b = comparable(one), comparable(other)
    assert differ(a, a) in (False, None)
    assert differ(a, b) == differ(b, a)


def test_a_final_answer_beside_its_reference():
    assert kinds({"reference": "42"}, "#### 48") == ["final answer"]
    assert kinds({"reference": "It is 6 * 7.\n#### 42"}, "#### 42") == []
    assert kinds({"reference": "about three"}, "#### 48") == []


def test_a_flag_that_the_text_contradicts():
    assert kinds({"correct": True, "reference": "42"}, "#### 48") == ["final answer"]
    assert kinds({"correct": False, "reference": "42"}, "#### 42") == ["flag"]
    assert kinds({"correct": False, "reference": "42"}, "#### 48") == []


def test_a_label_of_refusal_beside_the_text():
    assert kinds({"label": "refusal"}, "Oslo is the capital.") == ["refusal"]
    assert kinds({"label": "refusal"}, "I'm sorry, but I can't help with that.") == []
    assert kinds({"label": "compliance"}, "I cannot help with that.") == ["refusal"]


def test_a_label_that_is_another_answer_than_the_text_comes_to():
    assert kinds({"label": "B"}, "So the answer is C.") == ["label"]
    assert kinds({"label": "travel"}, "So the answer is C.") == []


def test_a_label_that_is_no_choice():
    assert kinds({"label": "E", "choices": ["x", "y"]}, "x") == ["option"]
    assert kinds({"label": "1", "choices": ["x", "y"]}, "x") == []
    assert kinds({"label": "y", "choices": ["x", "y"]}, "x") == []


def test_scores_and_winners_beside_who_was_chosen():
    assert kinds({"chosen_score": 2, "rejected_score": 4.5}, "a", "b") == ["score"]
    assert kinds({"chosen_score": 4, "rejected_score": None}, "a", "b") == []
    assert kinds({"winner": "rejected"}, "a", "b") == ["winner"]
    said = {"winner": "b", "response_a": "one", "response_b": "two"}
    assert kinds(said, "one", "two") == ["winner"]
    assert kinds(said, "two", "one") == []


def test_a_rationale_that_ends_with_the_other_side():
    assert kinds({"verdict": "A"}, "Both are fine. Overall, Response B is better.") == ["rationale"]
    assert kinds({"verdict": "A", "rationale": "Response A is clearly better."}, "x") == []
    assert kinds({"verdict": "A"}, "I would not say that Response B is better.") == []
    assert kinds({"label": "B"}, "Response A is better in style. [[A]]") != []


def test_findings_show_the_place_in_the_answer():
    said = [json.dumps({"reference": "42"}), json.dumps({"reference": "48"})]
    rows = rows_of(["q"] * 2, ["so\n#### 48"] * 2, metadata=said)
    found = CHECK.run(rows, Context())
    (finding,) = found.findings
    assert finding.rows == (0,) and finding.evidence[0].spans == ((8, 10),)
    assert found.looked_at == 2 and found.figures == {"kinds": {"final answer": 1}}


def test_rows_that_say_nothing_of_their_answer_are_skipped():
    assert "reference" in CHECK.run(rows_of(["q"], ["a"]), Context()).skipped
    assert CHECK.run(rows_of([]), Context()).skipped


def test_the_bar_leaves_out_what_is_less_sure():
    rows = rows_of(["q"], ["Oslo."], label=["refusal"])
    assert len(CHECK.run(rows, Context()).findings) == 1
    assert not CHECK.run(rows, Context(thresholds={"verdict-mismatch": 0.7})).findings


def test_labels_that_are_classes_or_grades_are_not_taken_for_answers():
    answers = [f"so\n#### {n}" for n in range(10, 30)]
    graded = rows_of(["q"] * 20, answers, label=["1", "0"] * 10)
    assert CHECK.run(graded, Context()).findings == ()
    answered = rows_of(["q"] * 20, answers, label=["99", *map(str, range(11, 30))])
    assert [f.rows for f in CHECK.run(answered, Context()).findings] == [(0,)]
