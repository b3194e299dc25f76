"""Exact, near and semantic duplicates as findings."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Context, rows_of
from curate.checks.duplicates import exact_duplicates, semantic_duplicates

LONG = "Please tell me how a steam engine turns the heat of burning coal into the motion of wheels"
ANSWER = (
    "The coal heats water in a closed boiler until it becomes steam, the steam pushes a piston "
    "back and forth in a cylinder, and a rod and crank turn that motion into a wheel's."
)


def run(name, rows, **context):
    return CHECKS.get(name).run(rows, Context(**context))


def unit(*rows):
    wide = np.array(rows, np.float32)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9)


def test_the_first_copy_stays_and_the_others_are_one_finding():
    rows = rows_of(["Hi", "Bye", " hi\n", "HI"], ["Yes.", "No.", "yes. ", "Yes."])
    (finding,) = run("exact-duplicates", rows).findings
    assert (finding.rows, finding.against) == ((2, 3), (0,))
    assert finding.score == 2
    assert "2 copies of rows:1" in finding.message


def test_another_answer_or_another_rejected_one_is_no_copy():
    rows = rows_of(["Hi"] * 4, ["a", "b", "a", "a"], [None, None, "b", "c"])
    assert run("exact-duplicates", rows).findings == ()


def test_punctuation_makes_no_exact_copy_unless_left_out():
    assert exact_duplicates(["a < b", "a > b"]).tolist() == [0, 1]
    assert exact_duplicates(["a, b", "a b"], punctuation=False).tolist() == [0, 0]


def test_rows_that_say_nothing_are_not_looked_at():
    rows = rows_of(["", "", "x"], [None, " ", None])
    found = run("exact-duplicates", rows)
    assert (found.looked_at, found.findings) == (1, ())


def test_a_copy_of_a_tested_row_is_taken_out_of_the_training_side():
    rows = rows_of([LONG, LONG, LONG], [ANSWER] * 3, split=["train", "test", "train"])
    (finding,) = run("exact-duplicates", rows).findings
    assert (finding.rows, finding.against) == ((0, 2), (1,))
    assert run("exact-duplicates", rows).figures["across_splits"] == 2


def test_a_near_copy_tells_whose_and_how_near():
    rows = rows_of([LONG, "x y z", LONG], [ANSWER, "a b c", ANSWER + " Simple!"])
    found = run("near-duplicates", rows)
    (finding,) = found.findings
    assert (finding.rows, finding.against) == ((2,), (0,))
    # 18 + 35 = 53 words ("wheel", "s") make 51 runs of three; one word more makes 52.
    assert finding.score == pytest.approx(51 / 52)
    assert "rows:1" in finding.message and "0.98" in finding.message
    assert finding.evidence[0].note == "Jaccard 0.98 with rows:1"
    assert found.figures["clusters"] == 1


def test_exact_copies_are_not_told_again():
    rows = rows_of([LONG] * 3, [ANSWER, ANSWER, ANSWER + " Simple!"])
    assert run("exact-duplicates", rows).findings[0].rows == (1,)
    found = run("near-duplicates", rows)
    assert (found.findings[0].rows, found.looked_at) == ((2,), 2)


def test_a_long_prompt_alone_makes_no_near_copy():
    rows = rows_of([LONG + " " + ANSWER] * 2, ["By pressure.", "By magic."])
    assert run("near-duplicates", rows).findings == ()


def test_a_stricter_threshold_flags_less():
    rows = rows_of([LONG, LONG + " today"], [ANSWER, ANSWER + " So it goes round and round."])
    assert run("near-duplicates", rows).n_rows == 1
    assert run("near-duplicates", rows, thresholds={"near-duplicates": 0.95}).n_rows == 0


def test_a_paraphrase_is_found_where_prompt_and_answer_are_close():
    rows = rows_of(["a b", "c d", "e f", "g h"], ["1 x", "2 x", "3 x", "4 x"])
    asked = unit([1, 0], [1, 0.01], [1, 0.02], [0, 1])
    answer = unit([1, 0], [1, 0.01], [0, 1], [1, 0])
    found = run("semantic-duplicates", rows, vectors={"asked": asked, "answer": answer})
    (finding,) = found.findings
    assert (finding.rows, finding.against) == ((1,), (0,))
    assert found.looked_at == 4


def test_no_vectors_is_no_silent_pass():
    found = run("semantic-duplicates", rows_of(["a"]))
    assert found.skipped == "no vectors: run without --no-embed"
    assert np.isnan(found.rate)


def test_copies_are_not_told_again_as_paraphrases():
    rows = rows_of([LONG, LONG, LONG], [ANSWER, ANSWER, ANSWER + " Simple!"])
    same = unit([1, 0], [1, 0], [1, 0])
    assert run("semantic-duplicates", rows, vectors={"asked": same, "answer": same}).n_rows == 0


def test_rows_without_a_vector_are_like_none():
    rows = rows_of(["", "", "a"])
    vectors = unit([0, 0], [0, 0], [1, 0])
    found = run("semantic-duplicates", rows, vectors={"asked": vectors})
    assert (found.looked_at, found.findings) == (1, ())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.5, 0.9]))
def test_what_goes_is_close_to_what_stays(seed, threshold):
    rng = np.random.default_rng(seed)
    vectors = unit(*rng.normal(size=(40, 3)))
    found = semantic_duplicates(vectors, threshold=threshold)
    gone = np.flatnonzero(found.near >= 0)
    assert (found.near[found.near[gone]] == -1).all()
    cosines = vectors @ vectors.T
    assert (cosines[gone, found.near[gone]] >= threshold - 1e-6).all()
    stays = np.flatnonzero(found.near < 0)
    apart = cosines[np.ix_(stays, stays)] - 2 * np.eye(len(stays))
    assert (apart < threshold + 1e-6).all()


def test_many_rows_find_what_few_do():
    rng = np.random.default_rng(2)
    vectors = unit(*rng.normal(size=(13_000, 16)))  # more than are compared pair by pair
    vectors[12_000:] = unit(*(vectors[:1000] + rng.normal(scale=0.01, size=(1000, 16))))
    found = semantic_duplicates(vectors, threshold=0.99)
    assert (found.near[12_000:] == np.arange(1000)).mean() > 0.97


@pytest.mark.parametrize(
    "name",
    ["exact-duplicates", "near-duplicates", "split-leakage", "contradictions"],
)
def test_hostile_rows_harm_no_check(name):
    odd = ["", "\0", "🎉", "x" * 1_000_000, "\u202e.", "a" * 3, "今天天气", " "]
    rows = rows_of(odd * 2, [*odd, *reversed(odd)], split=["train", "test"] * 8)
    first, second = run(name, rows), run(name, rows)
    assert first == second
    assert all(0 <= row < 16 for finding in first.findings for row in finding.rows)


@pytest.mark.parametrize(
    "name",
    ["exact-duplicates", "near-duplicates", "split-leakage", "contradictions"],
)
def test_no_rows_give_no_findings(name):
    found = run(name, rows_of([]))
    assert (found.findings, found.looked_at) == ((), 0)


def test_ten_thousand_identical_rows_are_one_finding():
    rows = rows_of(["the same"] * 10_000, ["thing"] * 10_000)
    (finding,) = run("exact-duplicates", rows).findings
    assert len(finding.rows) == 9999
    assert len(finding.evidence) == 5
    assert run("near-duplicates", rows).findings == ()


def test_large_and_small_strings_are_both_read():
    assert exact_duplicates(pa.array(["a", None, "A"], pa.string())).tolist() == [0, 1, 0]


def test_two_rows_of_one_line_are_not_told_to_be_like_themselves():
    said = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    rows = rows_of(["a long question of many words?"] * 2, [said, f"{said} more"])
    rows = replace(rows, line=np.array([1, 1], np.int64))
    (finding,) = CHECKS.get("near-duplicates").run(rows, Context()).findings
    assert finding.message.startswith("rows:1 holds two rows that are nearly the same (Jaccard")
