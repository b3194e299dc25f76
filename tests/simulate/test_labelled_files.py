import gzip
import json

import numpy as np
import pytest

from curate.errors import ConfigError, InputError
from curate.simulate.filed import Asked, parts
from curate.simulate.labelled import labelled
from curate.simulate.rows import Columns


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scattered(texts):
    """Vectors without a model: each text lies somewhere by its own characters."""
    seeds = [[ord(letter) for letter in text] or [0] for text in texts]
    vectors = np.array([np.random.default_rng(s).normal(size=8) for s in seeds], np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_texts_with_labels_are_classes(tmp_path):
    path = tmp_path / "intents.csv"
    path.write_text("utterance,intent,split\nhello,greet,train\nbye,leave,test\n,none,train\n")
    read = labelled([path])
    assert read.data.kind == "classes"
    assert read.data.labels == ["greet", "leave"]
    assert read.data.split == ["train", "test"]
    assert dict(read.rejected) == {"no text": 1}


def test_columns_of_any_name_can_be_named(tmp_path):
    path = written(tmp_path / "a.jsonl", [{"body": "hello", "topic": 3, "who": "ann"}] * 2)
    columns = Columns(text="body", label="topic", group="who")
    read = labelled([path], columns=columns).data
    assert read.labels == ["3", "3"] and set(read.groups) == {"who=ann"}


def test_chosen_and_rejected_are_preferences_whose_side_tells_nothing(tmp_path):
    rows = [{"prompt": "p", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(64)]
    read = labelled([written(tmp_path / "a.jsonl", rows)]).data
    assert read.kind == "preferences" and set(read.outcomes) == {0, 1}
    for a, b, outcome in zip(read.a, read.b, read.outcomes, strict=True):
        assert (a, b)[outcome].startswith("good")


def test_votes_are_counted_and_the_most_frequent_is_the_outcome(tmp_path):
    votes = [{"annotator": "x", "vote": v} for v in ("a", "a", "b", "tie", "a")]
    row = {"prompt": "p", "response_a": "one", "response_b": "two", "votes": votes}
    read = labelled([written(tmp_path / "a.jsonl", [row])]).data
    one = read.a.index("one") if "one" in read.a else None
    side = 0 if one == 0 else 1
    assert read.outcomes == [side]
    assert sorted(read.votes[0].tolist()) == [1, 1, 3] and read.votes[0, side] == 3


def test_as_many_votes_for_either_are_a_tie(tmp_path):
    row = {"prompt": "p", "response_a": "one", "response_b": "two", "votes": ["a", "b"]}
    assert labelled([written(tmp_path / "a.jsonl", [row])]).data.outcomes == [2]


def test_a_winner_may_be_the_name_of_a_model(tmp_path):
    row = {"prompt": "p", "answer_a": "one", "answer_b": "two", "model_a": "x", "model_b": "y"}
    read = labelled([written(tmp_path / "a.jsonl", [{**row, "winner": "y"}])]).data
    assert (read.a, read.b)[read.outcomes[0]] == ["two"]


def test_messages_are_read_as_what_they_say(tmp_path):
    chat = [{"role": "user", "content": "2 + 2?"}]
    row = {
        "prompt": chat,
        "chosen": [{"role": "assistant", "content": "Four."}],
        "rejected": [{"role": "assistant", "content": "Five."}],
    }
    read = labelled([written(tmp_path / "a.jsonl", [row])]).data
    assert read.prompts == ["2 + 2?"] and {*read.a, *read.b} == {"Four.", "Five."}


def test_a_committee_and_its_truth_may_stand_in_two_files(tmp_path):
    folder = tmp_path / "committee"
    folder.mkdir()
    said = [{"model": "x", "text": "4"}, {"model": "y", "text": "5"}]
    written(folder / "answers.jsonl", [{"prompt_id": 1, "prompt": "2 + 2?", "completions": said}])
    with gzip.open(folder / "truth.jsonl.gz", "wt") as file:
        file.write(json.dumps({"prompt_id": 1, "correct": {"x": True, "y": False}}))
    read = labelled([folder]).data
    assert read.kind == "rewrite" and read.wrong == [False, True]


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [({"correct": "yes"}, False), ({"label": 0}, True), ({"has_error": True}, True)],
)
def test_verdicts_are_read_in_many_words(tmp_path, verdict, wrong):
    row = {"prompt": "p", "completion": "c", **verdict}
    assert labelled([written(tmp_path / "a.jsonl", [row])], task="rewrite").data.wrong == [wrong]


def test_what_is_no_labelled_data_is_told_with_its_columns(tmp_path):
    path = written(tmp_path / "logs.jsonl", [{"prompt": "p", "took": 3}])
    with pytest.raises(InputError, match="columns found: prompt, took"):
        labelled([path])
    with pytest.raises(InputError, match="of no answer it is recorded whether it is good"):
        labelled([written(path, [{"prompt": "p", "completion": "c"}])], task="rewrite")
    with pytest.raises(ConfigError, match="no task named 'rank'"):
        labelled([path], task="rank")


def test_a_broken_line_is_left_out_and_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "hello", "label": "x"}\n{"text": \n[1]\n')
    read = labelled([path])
    assert len(read.data.texts) == 1 and sum(read.rejected.values()) == 2


def test_whose_answers_are_reviewed_must_be_said(tmp_path):
    rows = [
        {"prompt": f"p{i}", "completion": m, "model": m, "correct": i % 2 == 0}
        for i in range(8)
        for m in ("x", "y")
    ]
    data = labelled([written(tmp_path / "a.jsonl", rows)]).data
    with pytest.raises(ConfigError, match=r"answers of 2 models; .* --model: x, y"):
        parts(data, Asked(), embed=scattered)
    with pytest.raises(ConfigError, match=r"named 'z'; known: x, y"):
        parts(data, Asked(model="z"), embed=scattered)


def test_a_committee_is_simulated_as_one_queue_and_in_rounds(tmp_path):
    rows = []
    for i in range(60):
        wrong = i % 4 == 0
        rows += [
            {"prompt": f"What is {i}?", "completion": str(i), "model": m, "correct": True}
            for m in ("b", "c", "d")
        ]
        said = str(i + 1 if wrong else i)
        rows.append(
            {"prompt": f"What is {i}?", "completion": said, "model": "a", "correct": not wrong}
        )
    data = labelled([written(tmp_path / "a.jsonl", rows)]).data
    asked = Asked(strategies=("hybrid",), seeds=3, budget=12, model="a")
    queue, rounds = parts(data, asked, embed=scattered)
    assert (queue.title, rounds.title) == ("One queue", "Rounds")
    # 11 of 12 go by the committee, which is right about each; a quarter is wrong by lot
    assert queue.curves.label_efficiency_at(12, "hybrid").ratio > 3


def test_the_files_own_test_split_is_kept_with_whole_groups(tmp_path):
    rows = [
        {
            "text": "abcdefgh"[i % 8] * (1 + i),
            "label": i % 2,
            "split": "test" if i < 20 else "train",
        }
        for i in range(80)
    ]
    rows.append({**rows[0], "split": "train"})
    data = labelled([written(tmp_path / "a.jsonl", rows)]).data
    (made,) = parts(data, Asked(strategies=("random",), seeds=1, budget=20), embed=scattered)
    assert "21 test rows, as the file's `split` says" in made.about
