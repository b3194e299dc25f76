"""Leaks between splits, and rows that contradict each other."""

from dataclasses import replace

import numpy as np
import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.duplicates import split_levels

LONG = "Please tell me how a steam engine turns the heat of burning coal into the motion of wheels"


def leaks(rows, **context):
    return CHECKS.get("split-leakage").run(rows, Context(**context))


def clashes(*args, **columns):
    return CHECKS.get("contradictions").run(rows_of(*args, **columns), Context())


def test_a_prompt_of_the_test_split_is_taken_out_of_training():
    rows = rows_of(["what is 2 + 2?", "other", "What  is 2 + 2?"], split=["train", "train", "test"])
    (finding,) = leaks(rows).findings
    assert (finding.rows, finding.against) == ((0,), (2,))
    assert finding.severity == "error"
    assert finding.evidence[0].spans == ((0, 14),)
    assert "rows:1 (train) asks the same as rows:3 (test)" in finding.message


def test_a_near_copy_leaks_too():
    rows = rows_of([LONG + ", briefly", LONG], split=["train", "validation"])
    (finding,) = leaks(rows).findings
    assert finding.rows == (0,)
    # 18 words make 16 runs of three, 19 make 17.
    assert finding.score == pytest.approx(16 / 17)


def test_of_choosing_and_testing_the_choosing_side_is_at_fault():
    rows = rows_of(["same words here", "same words here", "x"], split=["test", "dev", "train"])
    assert leaks(rows).findings[0].rows == (1,)


def test_the_same_split_does_not_leak():
    rows = rows_of(["same", "same", "other"], split=["train", "train", "test"])
    assert leaks(rows).findings == ()


def test_one_split_is_told_and_no_silent_pass():
    for rows in (rows_of(["a"]), rows_of(["a", "b"], split=["train", "train"])):
        assert "one split only" in leaks(rows).skipped


def test_files_named_after_splits_count_as_splits():
    rows = rows_of(["the same words", "others", "the same words"])
    rows = replace(rows, files=("train.jsonl", "my_test.jsonl"), file=np.array([0, 0, 1], np.int32))
    assert leaks(rows).findings[0].rows == (0,)


def test_names_of_splits_are_words_not_parts_of_words():
    names = ["train", "latest", "contest.jsonl", "TEST-00001", "val", "evaluation", "straining"]
    assert split_levels(names).tolist() == [0, -1, -1, 2, 1, 2, -1]


def test_a_paraphrase_leaks_as_a_warning():
    rows = rows_of(["one thing", "another matter"], split=["train", "test"])
    vectors = {"asked": np.array([[1, 0], [1, 0]], np.float32)}
    (finding,) = leaks(rows, vectors=vectors).findings
    assert (finding.rows, finding.severity) == ((0,), "warning")
    assert leaks(rows).findings == ()


def test_a_thousand_leaks_of_one_row_are_one_finding():
    rows = rows_of(["one prompt of words"] * 1001, split=["train"] * 1000 + ["test"])
    (finding,) = leaks(rows).findings
    assert len(finding.rows) == 1000


def test_a_swapped_preference_is_a_contradiction():
    found = clashes(["q"] * 3, ["a", "b", "a"], ["b", "a", "c"])
    (finding,) = found.findings
    assert finding.rows == (0, 1)  # neither outnumbers the other
    assert finding.severity == "error"


def test_the_outnumbered_side_is_at_fault():
    (finding,) = clashes(["q"] * 3, ["a", "b", "A "], ["b", "a", "b"]).findings
    assert (finding.rows, finding.against) == ((1,), (0, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4", "5"),
        ("So it is four.\n#### 4", "#### 5"),
        ("Yes", "no."),
        ("The answer is (B).", "Answer: C"),
        ("4", "Two and two. The answer is 5."),
    ],
)
def test_final_answers_that_differ_contradict(one, other):
    (finding,) = clashes(["What is 2 + 2?"] * 2, [one, other]).findings
    assert finding.rows == (0, 1)
    assert all(e.field == "answer" and e.spans for e in finding.evidence)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4", "4.0"),
        ("It depends on what you like best.", "Most people would say blue."),
        ("red", "blue"),
        ("#### 4", "Four, as everybody knows who can count to four."),
    ],
)
def test_free_answers_do_not_contradict(one, other):
    assert clashes(["Name it."] * 2, [one, other]).findings == ()


def test_names_of_classes_contradict():
    prompts = [f"review number {n}" for n in range(200)] + ["review number 7"]
    answers = ["positive", "negative"] * 100 + ["positive"]
    (finding,) = clashes(prompts, answers).findings
    assert finding.rows == (7, 200)


def test_labels_contradict_where_the_answer_is_the_same():
    found = clashes(["q"] * 3, ["same", "same", "other"], label=["good", "bad", "bad"])
    (finding,) = found.findings
    assert finding.rows == (0, 1)


def test_labels_of_bare_prompts_contradict():
    (finding,) = clashes(["q", "q", "q", "p"], label=["x", "y", "x", "y"]).findings
    assert (finding.rows, finding.against) == ((1,), (0, 2))


def test_nearly_the_same_prompt_is_a_warning():
    prompts = ["What is the long name of the capital of France, please?"] * 2
    prompts[1] = "What's the long name of the capital of France?"
    found = CHECKS.get("contradictions").run(
        rows_of(prompts, ["Yes", "No"]), Context(thresholds={"contradictions": 0.5})
    )
    (finding,) = found.findings
    assert finding.severity == "warning"


def test_another_number_or_a_not_is_another_question():
    long = "of the apples that the farmer sold on Monday were left in the green box at noon"
    pairs = [
        (f"How many {long} if 3 fell out?", f"How many {long} if 4 fell out?"),
        (f"Which {long}?", f"Which {long}, and not red?"),
    ]
    for one, other in pairs:
        found = CHECKS.get("contradictions").run(
            rows_of([one, other], ["4", "5"]), Context(thresholds={"contradictions": 0.5})
        )
        assert found.findings == ()


def test_the_same_question_with_other_choices_is_another_question():
    offered = ['{"choices": ["a", "b"]}', '{"choices": ["c", "d"]}']
    assert clashes(["Which is true?"] * 2, ["A", "B"], metadata=offered).findings == ()
    assert len(clashes(["Which is true?"] * 2, ["A", "B"], metadata=offered[:1] * 2).findings) == 1


def test_copies_do_not_contradict():
    assert clashes(["q"] * 3, ["4"] * 3).findings == ()
    assert clashes(["q"] * 2, ["a", "a"], ["b", "b"]).findings == ()
    assert clashes(["q"] * 2, ["a", "a"], ["a", "a"]).findings == ()
