"""Files to rows: nothing merged, nothing lost, each with its place."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.audit import read_rows
from curate.checks import CHECKS, Context
from curate.texts import chat_text


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def chat(*turns):
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def test_copies_are_all_there_with_their_lines(tmp_path):
    row = chat(("user", "2 + 2?"), ("assistant", "4"))
    read = read_rows([written(tmp_path / "a.jsonl", [row, row, row])])
    assert read.rows.line.tolist() == [1, 2, 3]
    assert read.rows.answer.to_pylist() == ["4"] * 3


def test_a_broken_line_is_told_and_the_next_one_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n{broken\n{"prompt": "c"}\n')
    read = read_rows([path])
    assert read.rows.line.tolist() == [1, 3]
    assert [(row.line, row.stage) for row in read.rejected] == [(2, "audit")]
    assert read.n_raw == 3


def test_a_system_prompt_is_part_of_the_prompt_but_not_of_what_is_asked(tmp_path):
    row = chat(("system", "Be brief."), ("user", "2 + 2?"), ("assistant", "4"))
    rows = read_rows([written(tmp_path / "a.jsonl", [row])]).rows
    assert rows.prompt[0].as_py() == "system: Be brief.\nuser: 2 + 2?"
    assert rows.asked[0].as_py() == "2 + 2?"
    spoken = [
        (t["role"], rows.prompt[0].as_py()[t["start"] : t["end"]]) for t in rows.turns[0].as_py()
    ]
    assert spoken == [("system", "Be brief."), ("user", "2 + 2?")]


def test_every_turn_of_a_chat_can_be_a_row(tmp_path):
    row = chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    path = written(tmp_path / "a.jsonl", [row])
    assert read_rows([path]).rows.answer.to_pylist() == ["d"]
    assert read_rows([path], every_turn=True).rows.answer.to_pylist() == ["b", "d"]


def test_a_preference_is_one_row(tmp_path):
    row = {"prompt": "a", "chosen": "b", "rejected": "c", "license": "mit", "annotator": "w7"}
    rows = read_rows([written(tmp_path / "a.jsonl", [row])]).rows
    assert (rows.answer[0].as_py(), rows.rejected[0].as_py()) == ("b", "c")
    assert rows.column("license").to_pylist() == ["mit"]
    assert rows.column("annotator").to_pylist() == ["w7"]


def test_votes_decide_a_comparison_and_speak_of_the_chosen_one_as_a(tmp_path):
    row = {
        "instruction": "Say hi.",
        "response_a": "no",
        "response_b": "hi",
        "model_a": "m",
        "model_b": "n",
        "votes": [{"annotator": "x", "vote": "b"}, {"annotator": "y", "vote": "b"}],
    }
    rows = read_rows([written(tmp_path / "a.jsonl", [row])]).rows
    assert (rows.answer[0].as_py(), rows.rejected[0].as_py()) == ("hi", "no")
    assert json.loads(rows.votes[0].as_py()) == [["x", "a"], ["y", "a"]]
    assert rows.column("model").to_pylist() == ["n"]
    assert json.loads(rows.metadata[0].as_py())["winner"] == "b"


def test_a_ranking_shows_no_answer_first(tmp_path):
    """Its comparisons stand better answer first: nobody chose the first one for its place."""
    answers = [{"answer": "hi", "rank": 1}, {"answer": "no", "rank": 2}]
    rows = read_rows([written(tmp_path / "a.jsonl", [{"prompt": "Hi", "answers": answers}])]).rows
    assert rows.is_preference.tolist() == [True]
    assert CHECKS.get("position-bias").run(rows, Context()).looked_at == 0


def test_an_undecided_comparison_is_two_answers(tmp_path):
    row = {"instruction": "Hi", "response_a": "a", "response_b": "b", "votes": {"x": "tie"}}
    rows = read_rows([written(tmp_path / "a.jsonl", [row])]).rows
    assert rows.answer.to_pylist() == ["a", "b"]
    assert not rows.is_preference.any()
    assert rows.votes.to_pylist() == [None, None]


def test_a_question_with_choices_has_them_below_it_and_its_choice_as_answer(tmp_path):
    row = {"question": "Largest?", "choices": ["Oslo", "Rome"], "answer": 1}
    rows = read_rows([written(tmp_path / "a.jsonl", [row])]).rows
    assert rows.prompt[0].as_py() == "Largest?\nA. Oslo\nB. Rome"
    assert rows.answer[0].as_py() == "Rome"


def test_a_plain_text_is_learned_whole_and_one_with_a_label_is_a_prompt(tmp_path):
    rows = read_rows(
        [written(tmp_path / "a.jsonl", [{"text": "once"}, {"text": "refund?", "label": "money"}])]
    ).rows
    assert rows.answer.to_pylist() == ["once", None]
    assert rows.prompt.to_pylist() == ["", "refund?"]
    assert rows.column("label").to_pylist() == [None, "money"]


def test_splits_come_from_the_rows_or_else_from_the_names_of_files(tmp_path):
    train = written(tmp_path / "train.jsonl", [{"prompt": "a", "completion": "b"}])
    test = written(tmp_path / "x_test.jsonl", [{"prompt": "a", "completion": "b", "split": "dev"}])
    assert read_rows([train, test]).rows.column("split").to_pylist() == ["train", "dev"]


def test_a_table_has_its_rows_as_lines(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"prompt": ["a", "b"], "completion": ["c", "d"]}), path)
    assert read_rows([path]).rows.line.tolist() == [1, 2]


def test_half_a_surrogate_pair_does_not_stop_the_reading(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a\\ud83d", "completion": "b\\u0000"}\n')
    rows = read_rows([path]).rows
    assert rows.prompt[0].as_py() == "a\ufffd"
    assert rows.answer[0].as_py() == "b\u0000"


def test_the_watcher_sees_each_raw_row_once(tmp_path):
    class Seen(list):
        def add(self, file, number, row):
            self.append((number, row["prompt"]))

    seen = Seen()
    path = written(tmp_path / "a.jsonl", [{"prompt": "a"}, {"prompt": "b", "completion": "c"}])
    read = read_rows([path], watch=seen)
    assert seen == [(0, "a"), (1, "b")]
    assert read.raw.tolist() == [0, 1]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["system", "user", "tool"]), st.text()), min_size=1))
def test_turns_point_at_what_is_said(turns):
    prompt, spans = chat_text([{"role": role, "content": text} for role, text in turns])
    assert [prompt[a:b] for _, a, b in spans] == [text for _, text in turns]
