"""What changed between two versions: hand-made ones, and any that hypothesis finds."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.audit.diff import KINDS, diff
from curate.audit.diff_outputs import diff_lines, diff_rates, diff_summary, write_diff
from curate.audit.edits import word_edit
from curate.audit.matching import MATCHED_BY
from curate.checks import CHECKS, Beside, Context, rows_of
from curate.errors import ConfigError

LONG = "Paris is the capital of France, a country in Europe with some sixty million people."
PROMPTS = ["What is the capital of France?", "Who wrote Hamlet?", "2 + 2?"]
ANSWERS = [LONG, "Shakespeare did.", "4"]


def kinds_of(changed):
    return {(change.kind, change.before, change.after): change for change in changed.changes()}


def only(changed):
    (change,) = changed.changes()
    return change


def test_a_file_beside_itself_shows_nothing():
    rows = rows_of(PROMPTS, ANSWERS)
    changed = diff(rows, rows)
    assert list(changed.changes()) == []
    assert changed.counts == {**dict.fromkeys(KINDS, 0), "same": 3}


def test_the_order_of_rows_is_no_change():
    rows = rows_of(PROMPTS, ANSWERS)
    assert diff(rows, rows.take(np.array([2, 0, 1]))).counts["same"] == 3


def test_an_edited_answer_is_found_by_its_prompt():
    after = rows_of(PROMPTS, [LONG, "Shakespeare wrote it.", "4"])
    change = only(diff(rows_of(PROMPTS, ANSWERS), after))
    assert (change.kind, change.before, change.after) == ("edited", 1, 1)
    assert change.texts == ("answer",) and change.matched_by == "prompt"
    assert not change.only_space


def test_an_edited_prompt_is_found_by_its_long_answer_and_not_by_a_short_one():
    after = rows_of(["Name the capital of France", "Who wrote Hamlet?", "3 + 1?"], ANSWERS)
    found = kinds_of(diff(rows_of(PROMPTS, ANSWERS), after))
    assert found["edited", 0, 0].matched_by == "answer"
    assert set(found) == {("edited", 0, 0), ("removed", 2, None), ("added", None, 2)}


def test_rows_edited_everywhere_are_found_by_most_of_their_words():
    before = rows_of(["Tell me what the capital city of France is called, please"], [LONG])
    after = rows_of(
        ["Tell me what the capital city of France is called, kindly"],
        [LONG.replace("some", "over")],
    )
    change = only(diff(before, after))
    assert (change.kind, change.matched_by, change.texts) == (
        "edited",
        "near",
        ("prompt", "answer"),
    )


def test_case_and_white_space_alone_are_told_as_such():
    change = only(diff(rows_of(["a b"], ["C d"]), rows_of(["a  b"], ["c d"])))
    assert change.kind == "edited" and change.only_space and change.matched_by == "content"


def test_an_id_comes_before_content():
    before = rows_of(["a?", "b?", "c?"], ["x", "y", "z"], id=["1", "2", "3"])
    after = rows_of(["a?", "b?", "new?"], ["y", "x", "z"], id=["1", "2", "3"])
    changed = diff(before, after)
    assert changed.ids_used
    assert [(c.before, c.after, c.matched_by) for c in changed.changes()] == [
        (n, n, "id") for n in range(3)
    ]


def test_running_numbers_are_no_ids():
    n = 30
    prompts = [f"question {'x' * k}?" for k in range(n)]
    turned = prompts[::-1]
    ids = [str(k) for k in range(n)]
    changed = diff(rows_of(prompts, prompts, id=ids), rows_of(turned, turned, id=ids))
    assert not changed.ids_used and changed.counts["same"] == n
    named = diff(rows_of(prompts, prompts, id=ids), rows_of(turned, turned, id=ids), ids="id")
    assert named.counts["edited"] == n


def test_rows_that_share_an_id_are_told_apart_by_their_texts():
    before = rows_of(["a?"] * 3, ["x", "y", "z"], id=["q"] * 3, model=["m", "n", "o"])
    after = rows_of(["a?"] * 3, ["z", "new", "x"], id=["q"] * 3, model=["o", "n", "m"])
    change = only(diff(before, after))
    assert (change.before, change.after) == (1, 1)


def test_a_column_of_the_metadata_can_name_rows():
    before = rows_of(["a?"], ["x"], metadata=['{"key": 7, "note": "u"}'])
    after = rows_of(["b?"], ["y"], metadata=['{"note": "u", "key": 7}'])
    change = only(diff(before, after, ids="metadata.key"))
    assert (change.matched_by, change.columns) == ("id", {})
    with pytest.raises(ConfigError, match="no row of rows has it"):
        diff(before, after, ids="metadata.kee")


def test_a_preference_turned_round_is_a_flip():
    before = rows_of(PROMPTS[:2], ANSWERS[:2], ["Lyon is.", "Marlowe did."])
    after = rows_of(PROMPTS[:2], ["Lyon is.", "Shakespeare did."], [LONG, "Marlowe did."])
    change = only(diff(before, after))
    assert (change.kind, change.before, change.matched_by) == ("flipped", 0, "content")
    assert change.flip == "chosen and rejected changed places"


def test_a_label_and_the_lead_of_votes_flip():
    before = rows_of(["a?", "b?", "c?"], ["x"] * 3, label=["true", None, "good"])
    after = rows_of(["a?", "b?", "c?"], ["x"] * 3, label=["false", "bad", "good"])
    found = kinds_of(diff(before, after))
    assert found["flipped", 0, 0].flip == "label: true became false"
    assert found["annotated", 1, 1].columns == {"label": (None, "bad")}
    said = ['[["ann", "a"], ["bo", "a"], ["cy", "b"]]', '[["ann", "a"], ["bo", "b"], ["cy", "b"]]']
    votes = diff(rows_of(["a?"], ["x"], votes=said[:1]), rows_of(["a?"], ["x"], votes=said[1:]))
    assert only(votes).kind == "flipped"
    more = '[["ann", "a"], ["bo", "a"], ["cy", "a"]]'
    same = diff(rows_of(["a?"], ["x"], votes=said[:1]), rows_of(["a?"], ["x"], votes=[more]))
    assert only(same).kind == "annotated"


def test_what_is_said_beside_the_texts_is_annotated():
    before = rows_of(["a?"], ["x"], metadata=['{"k": 1, "l": 2}'], source=["web"])
    after = rows_of(["a?"], ["x"], metadata=['{"l": 2, "k": 3}'], source=["book"])
    change = only(diff(before, after))
    assert change.kind == "annotated" and change.texts == ()
    assert change.columns == {"source": ("web", "book"), "metadata.k": ("1", "3")}


def test_shares_and_lengths_that_moved_have_intervals():
    before = rows_of(
        [f"p{n}" for n in range(100)], ["ab"] * 100, source=["web"] * 90 + ["book"] * 10
    )
    after = rows_of(
        [f"p{n}" for n in range(100)], ["abcd"] * 100, source=["web"] * 50 + ["book"] * 50
    )
    changed = diff(before, after)
    book = next(s for s in changed.shares if s.value == "book")
    assert (book.before, book.after) == (0.1, 0.5) and book.difference.value == pytest.approx(0.4)
    # Newcombe (1998), method 10: Wilson .1 of 100 = (.0552, .1744), .5 of 100 = (.4038, .5962):
    # .4 - hypot(.5 - .4038, .1744 - .1) = .278; .4 + hypot(.5962 - .5, .1 - .0552) = .506
    assert book.difference.low == pytest.approx(0.278, abs=5e-4)
    assert book.difference.high == pytest.approx(0.506, abs=5e-4)
    answer = next(length for length in changed.lengths if length.text == "answer")
    assert (answer.before["mean"], answer.difference.value) == (2, 2)


def test_copies_that_were_there_before_are_not_new():
    check = CHECKS.get("exact-duplicates")
    before = rows_of(["a b c?", "a b c?", "d e f?"], ["x", "x", "y"])
    after = rows_of(["a b c?", "a b c?", "d e f?", "d e f?"], ["x", "x", "y", "y"])
    (fault,) = diff(before, after, checks=[check]).faults
    assert (fault.before, fault.after) == (1, 2)
    assert [row for row, _ in fault.new] == [3] and fault.mended == ()
    (back,) = diff(after, before, checks=[check]).faults
    assert back.new == () and back.mended == (3,)


def test_a_leak_that_is_new_is_told():
    check = CHECKS.get("contamination")
    leak = (
        "A train leaves the old station at noon and travels north for three hours at ninety miles"
    )
    context = Context(benchmarks=(Beside(name="bench", rows=rows_of([leak])),))
    (fault,) = diff(
        rows_of(["a?"], ["x"]),
        rows_of(["a?", leak], ["x", "y"]),
        checks=[check],
        contexts=(context,) * 2,
    ).faults
    assert [row for row, _ in fault.new] == [1]


def test_the_ground_that_prompts_cover_is_compared_where_vectors_are_given():
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=(200, 4)) + shift for shift in (0, [3, 0, 0, 0]))
    unit = [
        Context(vectors={"asked": (x / np.linalg.norm(x, axis=1)[:, None]).astype(np.float32)})
        for x in (a, b)
    ]
    rows = rows_of([f"p{n}" for n in range(200)])
    changed = diff(rows, rows, contexts=(unit[0], unit[1]))
    assert changed.coverage is not None and changed.coverage.drift.state == "reopen"
    assert diff(rows, rows).coverage is None
    assert json.dumps(diff_summary(changed))


def test_lines_show_changed_words_and_no_secret(tmp_path):
    before = rows_of(
        ["Whom do I ask about refunds, please?"], ["Ask jo@curate.dev, she will know."]
    )
    after = rows_of(["Whom do I ask about refunds, please?"], ["Ask jo@curate.dev, he will know."])
    changed = diff(before, after)
    (line,) = diff_lines(changed)
    sides = line["texts"]["answer"]
    shown = [
        side["text"][a:b] for side in (sides["before"], sides["after"]) for a, b in side["spans"]
    ]
    assert shown == ["she", "he"]
    assert (line["before"], line["after"]) == ("rows:1", "rows:1")
    summary, lines = write_diff(tmp_path, changed, versions={})
    assert (
        "jo@" not in lines.read_text() and json.loads(summary.read_text())["counts"]["edited"] == 1
    )
    again = lines.read_bytes()
    write_diff(tmp_path, diff(before, after), versions={})
    assert lines.read_bytes() == again
    assert all("texts" not in line for line in diff_lines(changed, show_text=False))


def test_no_secret_stands_beside_the_texts_either(tmp_path):
    def version(who, label):
        notes = [json.dumps({"contact": f"{who}@curate.dev", "ssn": "536-22-8741"})]
        return rows_of(
            ["Who is it?"],
            ["Nobody whom you know."],
            annotator=[f"{who}@curate.dev"],
            label=[label],
            metadata=notes,
        )

    changed = diff(version("jo", "al@curate.dev"), version("bo", "no"))
    (line,) = diff_lines(changed)
    assert line["columns"]["metadata.contact"] == {"before": "•" * 13, "after": "•" * 13}
    assert line["columns"]["annotator"]["after"] == "•" * 13
    assert line["flip"] == "label: ••••••••••••• became no"
    for path in write_diff(tmp_path, changed, versions={}):
        assert "@curate" not in path.read_text()
    (line,) = diff_lines(changed, show_text=False)
    assert line["columns"]["metadata.contact"] == {"before": None, "after": None}
    assert line["columns"]["label"]["after"] == "no"


def test_a_long_text_beside_the_texts_is_cut():
    one, other = (
        rows_of(["p?"], ["a"], metadata=[json.dumps({"page": letter * 5_000})]) for letter in "xy"
    )
    (line,) = diff_lines(diff(one, other))
    assert line["columns"]["metadata.page"]["after"] == "y" * 600 + " …"


def test_rates_are_shares_of_what_could_change():
    before = rows_of(["a one?", "b two?", "c three?", "d four?"], ["w", "x", "y", "z"])
    after = rows_of(["a one?", "b two?", "c three?"], ["w", "new", "y"])
    rates = diff_rates(diff(before, after))
    assert rates["removed"].value == 1 / 4 and rates["edited"].value == 1 / 3
    assert rates["added"].value == 0


def test_words_that_changed_are_where_they_stand():
    one, other = "the cat sat on the mat", "a cat sat quietly on the mat"
    edit = word_edit(one, other)
    assert [one[a:b] for a, b in edit.before] == ["the"]
    assert [other[a:b] for a, b in edit.after] == ["a", " quietly"]
    assert word_edit("", "new") == ((), ((0, 3),))
    assert word_edit("x " * 9, "y " * 9, most=3) == (((0, 17),), ((0, 17),))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_text_without_what_is_gone_is_the_other_without_what_is_new(one, other):
    edit = word_edit(one, other)
    assert _rest(one, edit.before) == _rest(other, edit.after)
    assert word_edit(one, one) == ((), ())


def _rest(text, spans):
    kept = [c for n, c in enumerate(text) if not any(a <= n < b for a, b in spans)]
    return "".join(kept)


WORDS = st.sampled_from(
    ["red fox", "Red fox", "blue whale sings low", "blue whale sang low", LONG, LONG[:-9]]
)
ROWS = st.lists(
    st.tuples(
        WORDS,
        st.none() | WORDS,
        st.none() | WORDS,
        st.none() | st.sampled_from(["1", "2", "3"]),
        st.none() | st.sampled_from(["true", "false"]),
    ),
    max_size=7,
)


def made(rows):
    prompts, answers, rejected, ids, labels = (
        (list(c) for c in zip(*rows, strict=True)) if rows else ([],) * 5
    )
    return rows_of(prompts, answers, rejected, id=ids, label=labels)


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, st.sampled_from([None, "label"]))
def test_every_row_is_accounted_for_once_and_the_mirror_shows_the_mirror(one, other, ids):
    a, b = made(one), made(other)
    if ids and any(rows.column(ids).null_count == len(rows) for rows in (a, b)):
        ids = None
    there, back = diff(a, b, ids=ids), diff(b, a, ids=ids)
    assert sorted([*there.pairs[0], *there.removed]) == list(range(len(a)))
    assert sorted([*there.pairs[1], *there.added]) == list(range(len(b)))
    swap = {"added": "removed", "removed": "added"}
    mirrored = {(swap.get(c.kind, c.kind), c.after, c.before, c.matched_by) for c in back.changes()}
    assert {(c.kind, c.before, c.after, c.matched_by) for c in there.changes()} == mirrored
    assert there.counts == {swap.get(k, k): n for k, n in back.counts.items()} | {}
    assert sum(there.counts.values()) == len(there.pairs[0]) + len(there.added) + len(there.removed)
    assert {c.matched_by for c in there.changes()} <= {"", *MATCHED_BY}
    assert list(diff(a, a, ids=ids).changes()) == []
