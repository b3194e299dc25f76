from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks.labels.votes import choices_of, given_answer, votes_of

MMLU = {
    "question": "Which city is the capital of Norway?",
    "choices": ["Rome", "Oslo", "Paris", "Bonn"],
    "given_answer": "B",
    "has_error": False,
    "model_predictions": {"m1": "B", "m2": "A", "m3": "1", "m4": None, "m5": "Paris"},
}


def test_letters_indices_and_texts_name_the_same_choice():
    assert given_answer(MMLU) == "Oslo"
    assert votes_of(MMLU) == [("m1", "Oslo"), ("m2", "Rome"), ("m3", "Oslo"), ("m5", "Paris")]


def test_votes_of_people_name_who_gave_them():
    votes = [{"annotator": "w1", "vote": "a", "reason": "shorter"}, {"vote": "TIE"}]
    row = {"response_a": "x", "response_b": "y", "votes": votes}
    assert votes_of(row) == [("w1", "a"), ("2", "tie")]


def test_single_verdicts_of_judges_are_votes():
    row = {
        "judge_gpt35": None,
        "judge_pandalm7b": "b",
        "judge_model": "gpt-4",
        "votes": [["w", "a"]],
    }
    assert votes_of(row) == [("w", "a"), ("judge_pandalm7b", "b")]


def test_a_judge_asked_twice_has_two_votes():
    assert votes_of({"judge_verdicts": {"GPT-4": ["a", "b"]}}) == [("GPT-4", "a"), ("GPT-4", "b")]


def test_a_row_without_votes_is_told_from_one_whose_votes_are_null():
    assert votes_of({"prompt": "Hi", "votes": 7}) is None
    assert votes_of({"predictions": {"m": None}}) == []


def test_choices_of_other_shapes():
    assert choices_of({"options": {"A": "x", "B": "y"}}) == {"A": "x", "B": "y"}
    assert choices_of({"choices": {"text": ["x", "y"], "label": ["1", "2"]}}) == {
        "1": "x",
        "2": "y",
    }
    assert choices_of({"options": ["A)5", "B)6", "C)7"]}) == {"A": "5", "B": "6", "C": "7"}
    assert given_answer({"options": ["A)5", "B)6"], "reference": "B"}) == "6"


def test_two_choices_that_are_the_same_are_left_as_letters():
    row = {"choices": ["yes", "yes"], "answer": "B", "predictions": {"m": "A"}}
    assert choices_of(row) is None
    assert given_answer(row) == "B"
    assert votes_of(row) == [("m", "A")]


def test_an_answer_that_is_no_choice_is_none():
    assert given_answer({"choices": ["x", "y"], "answer": "Z"}) is None
    assert given_answer({"choices": ["x", "y"], "answer": 5}) is None
    assert given_answer({"prompt": "Hi"}) is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["votes", "predictions", "choices", "options", "answer", "label", "judge_x"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, plain))
def test_whatever_a_row_holds_votes_are_texts(row):
    assert all(isinstance(a, str) and isinstance(b, str) for a, b in votes_of(row) or [])
    assert isinstance(given_answer(row), str | None)
