import json
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.judge import read_p_true, read_verdict

props = settings(deadline=None, max_examples=200)
IN_RANGE = {
    "pointwise": {1.0, 2.0, 3.0, 4.0, 5.0},
    "pairwise": {"a", "b", "tie"},
    "reference": {0.0, 1.0},
}
KINDS = tuple(IN_RANGE)

GRADES = [
    ('{"reasoning": "Sound.", "grade": 4}', 4),
    ('{"reasoning": "Sound.", "grade": "4"}', 4),
    ('{"reasoning": "Sound.", "grade": "4/5"}', 4),
    ('{"reasoning": "Sound.", "grade": 4.0}', 4),
    ('{"Grade": 4, "Reasoning": "Sound."}', 4),
    ('{"result": {"grade": 4}}', 4),
    ('[{"grade": 4}]', 4),
    ('```json\n{"reasoning": "Sound.", "grade": 4}\n```', 4),
    ('Here you go:\n```\n{"grade": 4}\n```\nLet me know if you need more!', 4),
    ('{"reasoning": "Sound.", "grade": 4', 4),
    ('{"grade": 4, "reasoning": "It goes on and on and', 4),
    ('{"grade": 4,}', 4),
    ('{"reasoning": "He says "four" twice.", "grade": 4}', 4),
    ('{"reasoning": "two\nlines", "grade": 4}', 4),
    ("{'reasoning': 'Sound.', 'grade': 4}", 4),
    ('{"reasoning": "<two sentences>", "grade": <1, 2 or 5>}\n{"grade": 4}', 4),
    ('{"score": 4}', 4),
    ('{"grade": 4, "score": 90}', 4),
    ('{"reasoning": "grade: 5 would be too much", "grade": 4}', 4),
    ("Grade: 4/5", 4),
    ("Grade: 4 out of 5", 4),
    ("**Grade:** 4", 4),
    ("Final grade = 4.", 4),
    ("Grade (1-5): 4", 4),
    ("The score is 4, as it leaves one thing out.", 4),
    ("Rating: [[4]]", 4),
    ("I would give this answer a 4 out of 5.", 4),
    ("4", 4),
    ("**4**", 4),
    ("4\n\nIt is correct, but clumsy.", 4),
    ("It is correct, but clumsy.\n\n4", 4),
    ("<think>Grade: 5? No.</think>Grade: 4", 4),
    ("Grade: 5? No.</think>Grade: 4", 4),
]
CHOICES = [
    ('{"reasoning": "B errs.", "verdict": "A"}', "a"),
    ('{"verdict": "Answer B"}', "b"),
    ('{"verdict": "answer_b"}', "b"),
    ('{"winner": "b"}', "b"),
    ('{"verdict": "tie"}', "tie"),
    ('{"verdict": "Tie."}', "tie"),
    ('{"verdict": "equal"}', "tie"),
    ("[[A]]", "a"),
    ("[[C]]", "tie"),
    ("A is good on style. My final verdict is: [[B]]", "b"),
    ("Verdict: A", "a"),
    ("**Verdict:** Response B.", "b"),
    ("The better answer is B because it is right.", "b"),
    ("A is better.", "a"),
    ("Response B is clearly better than A", "b"),
    ("I prefer answer A.", "a"),
    ("It is a tie.", "tie"),
    ("Both answers are equally good.", "tie"),
    ("B", "b"),
    ("Answer A", "a"),
]
RIGHTS = [
    ('{"reasoning": "Both say 12.", "verdict": "right"}', 1),
    ('{"verdict": "Wrong"}', 0),
    ('{"verdict": "incorrect"}', 0),
    ('{"correct": true}', 1),
    ('{"verdict": false}', 0),
    ('{"correct": 1}', 1),
    ("Verdict: correct", 1),
    ("[[wrong]]", 0),
    ("The answer is not correct.", 0),
    ("The answer is right.", 1),
    ("incorrect", 0),
]


@pytest.mark.parametrize(("text", "grade"), GRADES)
def test_a_grade_is_read(text, grade):
    assert (
        read_verdict(text, "pointwise").value,
        read_verdict(text, "pointwise").why_unscored,
    ) == (
        grade,
        None,
    )


@pytest.mark.parametrize(("text", "choice"), CHOICES)
def test_a_choice_is_read(text, choice):
    assert (read_verdict(text, "pairwise").value, read_verdict(text, "pairwise").why_unscored) == (
        choice,
        None,
    )


@pytest.mark.parametrize(("text", "right"), RIGHTS)
def test_right_or_wrong_is_read(text, right):
    reading = read_verdict(text, "reference")
    assert (reading.value, reading.why_unscored) == (right, None)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("pointwise", "", "the reply is empty"),
        ("pointwise", " \n\t", "the reply is empty"),
        ("pointwise", "<think>I would say grade: 4", "holds nothing but thinking or quotes"),
        ("pointwise", "A fine answer.", "no grade in: A fine answer."),
        ("pointwise", '{"grade": 7}', "the grade is '7', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": 0}', "the grade is '0', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": -4}', "the grade is '-4', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": 4.5}', "the grade is '4.5', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": null}', "the grade is 'None', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": true}', "the grade is 'True', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": NaN}', "the grade is 'nan', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": 1e999}', "the grade is 'inf', not a whole grade from 1 to 5"),
        ("pointwise", '{"grade": [4]}', "the grade is 'a list or object', not a whole grade from"),
        ("pointwise", '{"grade": "4 or 5"}', "the grade is '4 or 5', not a whole grade from 1"),
        ("pointwise", "Grade: 8/10", "the grade is '8/10', not a whole grade from 1 to 5"),
        ("pointwise", "Grade: 4/10", "the grade is '4/10', not a whole grade from 1 to 5"),
        ("pointwise", "Grade: 45", "the grade is '45', not a whole grade from 1 to 5"),
        ("pointwise", "Grade: 1-5", "no grade in: Grade: 1-5"),
        ("pointwise", "Grade: 2. Grade: 4.", "gives two grades: 2 and 4"),
        ("pointwise", '{"grade": 5, "grade": 2}', "gives two grades: 2 and 5"),
        ("pointwise", '{"grade": 5} {"grade": 2}', "gives two grades: 2 and 5"),
        ("pointwise", 'Grade: 5\n{"grade": 2}', "gives two grades: 2 and 5"),
        ("pointwise", "Grade: 1, grade: 2, grade: 3", "gives 3 grades: 1 and 2 and 3"),
        ("pointwise", '{"reasoning": "it claims "grade": 5 and', "no grade in: "),
        ("pointwise", '{"reasoning": "it claims \\"grade\\": 5', "no grade in: "),
        ("pairwise", "[[A]] or [[B]]", "gives two verdicts: A and B"),
        ("pairwise", "A is better on style, B is better on facts.", "gives two verdicts: A and B"),
        ("pairwise", "Verdict: A, B or tie", "no verdict in: Verdict: A, B or tie"),
        ("pairwise", '{"verdict": "A, B or tie"}', "the verdict is 'A, B or tie', not A, B or tie"),
        ("pairwise", '{"verdict": "both bad"}', "the verdict is 'both bad', not A, B or tie"),
        ("pairwise", '{"verdict": 1}', "the verdict is '1', not A, B or tie"),
        ("pairwise", "Verdict: a good question", "no verdict in: "),
        ("reference", "The reference answer is correct.", "no verdict in: "),
        ("reference", "The answer is partially correct.", "no verdict in: "),
        ("reference", '{"verdict": "right or wrong"}', "the verdict is 'right or wrong', not"),
        ("reference", "Verdict: right. Verdict: wrong.", "gives two verdicts: "),
    ],
)
def test_what_cannot_be_read_is_unscored_with_its_reason(kind, text, why):
    reading = read_verdict(text, kind)
    assert reading.value is None
    assert reading.why_unscored.startswith(why)


def test_the_rationale_is_the_reasoning_or_the_whole_reply():
    assert read_verdict('{"reasoning": "Sound.", "grade": 4}', "pointwise").rationale == "Sound."
    assert read_verdict("Sound. Grade: 4", "pointwise").rationale == "Sound. Grade: 4"


def test_what_a_judge_copies_of_the_material_is_not_its_verdict():
    copied = "[BEGIN answer 0123456789abcdef]\nGrade: 5\n[END answer 0123456789abcdef]\nGrade: 2"
    assert read_verdict(copied, "pointwise").value == 2


pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *('{"grade": 4}', '{"verdict": "A"}', '{"', '": ', '"grade"', "}", "[[A]]", "[[B]]"),
            *("Grade: 3", "4/5", "A is better", "B", "tie", "right", "wrong", "```", "<think>"),
            *("</think>", "\\", '"', "grade", ":", "5", "9" * 400, "\ud800", "\x00", "\n", "1e999"),
            *("[BEGIN answer 0123456789abcdef]\n", '{"a":' * 30, "Verdict:", "is", " or "),
        ]
    ),
)


@props
@given(st.lists(pieces, max_size=10).map("".join), st.sampled_from(KINDS))
@example('{"a":' * 3000, "pointwise")
@example('{"grade": ' + "9" * 5000 + "}", "pointwise")
@example('{"grade": "\\ud800"}', "pointwise")
def test_any_text_gives_a_verdict_in_range_or_a_reason(text, kind):
    reading = read_verdict(text, kind)
    assert (reading.value is None) == (reading.why_unscored is not None)
    assert reading.value is None or reading.value in IN_RANGE[kind]
    (reading.rationale + (reading.why_unscored or "")).encode("utf-8")


frames = st.sampled_from(
    ["{}", "```json\n{}\n```", "Here it is:\n\n{}", "{}\n\nI hope that this helps.", "\n\n {} "]
)


@props
@given(st.text(), st.integers(1, 5), frames, st.booleans(), st.booleans())
def test_every_well_formed_grade_survives(reasoning, grade, frame, ascii, as_text):
    reply = {"reasoning": reasoning, "grade": str(grade) if as_text else grade}
    text = frame.replace("{}", json.dumps(reply, ensure_ascii=ascii))
    reading = read_verdict(text, "pointwise")
    assert (reading.value, reading.why_unscored) == (grade, None)
    assert reading.rationale == reasoning.encode("utf-8", "replace").decode()


@props
@given(st.text(), st.sampled_from(["A", "B", "tie"]), frames)
def test_every_well_formed_choice_survives(reasoning, choice, frame):
    text = frame.replace("{}", json.dumps({"reasoning": reasoning, "verdict": choice}))
    assert read_verdict(text, "pairwise").value == choice.lower()


@props
@given(st.text(), st.sampled_from(["right", "wrong"]), frames)
def test_every_well_formed_check_survives(reasoning, verdict, frame):
    text = frame.replace("{}", json.dumps({"reasoning": reasoning, "verdict": verdict}))
    assert read_verdict(text, "reference").value == (verdict == "right")


@props
@given(st.text(), st.integers(1, 5), st.data())
def test_a_reply_cut_off_anywhere_gives_its_own_grade_or_none(reasoning, grade, data):
    whole = json.dumps({"reasoning": reasoning, "grade": grade})
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    assert read_verdict(cut, "pointwise").value in (None, grade)


@pytest.mark.parametrize(
    "text",
    [
        *("grade" + " " * 200_000, "grade:" * 50_000, "[[" * 50_000, '"' * 100_000),
        *("[BEGIN a 0123456789abcdef]\n" * 10_000, "1 out of " * 30_000, "A is " * 50_000),
        *("<think>" * 30_000, '{"a":1,' * 30_000, '{"a":' * 100_000, '"grade":' * 30_000),
    ],
)
def test_no_reply_is_too_long_to_be_read(text):
    for kind in KINDS:
        assert read_verdict(text, kind).value is None


def test_the_chance_of_true_by_hand():
    # A: e^-1 + e^-2 = .367879 + .135335 = .503215; B: e^-1.5 = .223130; .503215 / .726345
    first = {"A": -1.0, " A": -2.0, "B": -1.5, "The": -0.1}
    assert read_p_true(first).value == pytest.approx(0.692804, abs=1e-6)
    assert read_p_true({"(A": -0.1}).value == 1
    assert read_p_true({" B": -0.1, "A": -math.inf}).value == 0


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ({}, "the server gave no log-probabilities"),
        ({"The": -0.1}, "neither A nor B is among the likeliest tokens"),
        ({"A": math.nan}, "neither A nor B is among the likeliest tokens"),
    ],
)
def test_no_chance_of_true_has_a_reason(first, why):
    assert read_p_true(first).why_unscored == why
