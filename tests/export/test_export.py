import hashlib
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.checks import validate
from curate.config import ExportConfig
from curate.errors import ConfigError, ExportError
from curate.export import WRITERS, export, formats_for
from curate.export.gather import Gathered, line
from curate.export.loadback import opened
from curate.export.shelve import shelve
from curate.records import Message
from tests.export.settled import SEEN, TOOLS, USER, look, record, settled

RECORDS = {f"r{n}": record(f"r{n}", USER, group=f"user{n // 2}") for n in range(40)}
ROWS = [
    settled(f"k{n}", "rewritten", f"Blue {n}.", f"Green {n}.", record_id=f"r{n}") for n in range(40)
]


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines(path):
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "001"
    config = ExportConfig(formats=list(WRITERS), license="cc-by-4.0", language=["en"])
    about = {
        "selected": "By disagreement, 10 % at random.",
        "agreement": {"alpha": 0.5, "annotators": [{"name": "maria", "n_answers": 3}]},
        "counts": {"queue": 40, "note": "<script>alert(1)</script> | x"},
        "annotators_creators": ["expert-generated"],
    }
    return export(ROWS, RECORDS, folder, config=config, name="sky", about=about)


def test_every_format_has_its_files(exported):
    names = {f"{f}/{s}.jsonl" for f in WRITERS for s in ("train", "validation")}
    names |= {n.replace("jsonl", "parquet") for n in names if n.startswith("trl-")}
    names |= {"README.md", "manifest.json", "left_out.jsonl"}
    assert set(tree(exported.folder)) == names
    assert all(path.exists() for path in exported.paths)


def test_the_manifest_holds_checksums_and_the_row_behind_each_line(exported):
    manifest = json.loads((exported.folder / "manifest.json").read_text())
    for file in manifest["files"]:
        content = (exported.folder / file["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    for name in WRITERS:
        for split, ids in manifest["rows"][name].items():
            rows = lines(exported.folder / name / f"{split}.jsonl")
            assert len(rows) == len(ids) == exported.rows[name][split]
            numbers = [id[1:] for id in ids]
            assert all(f" {n}." in str(r) for r, n in zip(rows, numbers, strict=True))


def test_groups_are_not_torn_apart(exported):
    manifest = json.loads((exported.folder / "manifest.json").read_text())
    for splits in manifest["rows"].values():
        groups = [{RECORDS[f"r{id[1:]}"].group for id in ids} for ids in splits.values()]
        assert set.intersection(*groups) == set()
        assert all(groups)


def test_the_card_leads_datasets_to_the_rows(exported, tmp_path):
    import datasets

    loaded = datasets.load_dataset(str(exported.folder), "trl-preference", cache_dir=str(tmp_path))
    assert {s: len(rows) for s, rows in loaded.items()} == exported.rows["trl-preference"]
    front = yaml.safe_load((exported.folder / "README.md").read_text().split("---\n")[1])
    assert front["license"] == "cc-by-4.0"
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    assert front["annotations_creators"] == ["expert-generated"]
    assert {"sft", "dpo", "kto"} <= set(front["tags"])


def test_the_card_says_what_must_be_known(exported):
    card = (exported.folder / "README.md").read_text()
    assert "not representative of traffic unless reweighted" in card
    assert "By disagreement, 10 % at random." in card
    # "Blue 1." is never longer than "Green 1.".
    assert "In 0 of 40 pairs (0 %) the preferred answer is the longer one." in card


def test_the_card_escapes_markup_and_names_no_annotator(exported):
    card = (exported.folder / "README.md").read_text()
    assert "<script>" not in card
    assert "maria" not in card
    assert "| 1 | 3 |" in card


def test_parquet_and_jsonl_hold_the_same_rows(exported, tmp_path):
    import datasets

    for name in (n for n in WRITERS if n.startswith("trl-")):
        path = exported.folder / name / "train.parquet"
        loaded = datasets.load_dataset("parquet", data_files=str(path), cache_dir=str(tmp_path))
        assert list(loaded["train"]) == lines(path.with_suffix(".jsonl"))


def test_the_same_rows_give_the_same_bytes(exported, tmp_path):
    config = ExportConfig(formats=["trl-preference", "openai-dpo"])
    once = export(ROWS, RECORDS, tmp_path / "one", config=config)
    again = export(ROWS, RECORDS, tmp_path / "two", config=config)
    assert tree(once.folder) == tree(again.folder)
    over = export(ROWS, RECORDS, tmp_path / "one", config=config)
    assert tree(over.folder) == tree(again.folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_another_seed_divides_otherwise(tmp_path):
    config = ExportConfig(formats=["openai-sft"], splits={"train": 0.5, "test": 0.5})
    one = export(ROWS, RECORDS, tmp_path / "one", config=config, seed=1)
    two = export(ROWS, RECORDS, tmp_path / "two", config=config, seed=2)
    assert tree(one.folder)["openai-sft/test.jsonl"] != tree(two.folder)["openai-sft/test.jsonl"]


def test_an_empty_split_is_said(tmp_path):
    config = ExportConfig(formats=["trl-messages"], files=["jsonl"])
    done = export(ROWS[:1], RECORDS, tmp_path / "e", config=config)
    assert done.notes == ("trl-messages: no row for the split validation",)
    assert [file.split for file in done.files] == ["train"]


def test_no_rows_give_a_card_and_a_manifest_only(tmp_path):
    done = export([], {}, tmp_path / "e", config=ExportConfig(formats=["trl-messages"]))
    assert done.notes == ("trl-messages: no row at all",)
    assert set(tree(done.folder)) == {"README.md", "manifest.json", "left_out.jsonl"}


def test_nothing_settled_gives_an_empty_export(tmp_path):
    done = export([], {}, tmp_path / "e")
    assert (done.files, done.left_out, done.rows) == ((), (), {})


def test_formats_fit_the_task():
    assert "trl-messages" in formats_for(ROWS)
    assert formats_for([settled("k", "a", "x", "y")])[0] == "trl-preference"
    assert formats_for([]) == []


def test_what_a_format_does_not_take_is_listed(tmp_path):
    rows = [settled("k1", "good", "Blue.", record_id="r1"), settled("k2", "tie", record_id="r2")]
    rows.append(settled("k3", "a", "x", "y", record_id="nowhere"))
    config = ExportConfig(formats=["trl-preference"], files=["jsonl"])
    export(rows, RECORDS, tmp_path / "e", config=config)
    assert {row["curated_id"]: row["reason"] for row in lines(tmp_path / "e/left_out.jsonl")} == {
        "k1": "no rejected answer: it was good as it is",
        "k2": "tie: neither answer is preferred",
        "k3": "its record was not given",
    }


def test_identical_rows_are_written_once(tmp_path):
    rows = [settled(f"k{n}", "a", "Blue.", "Green.", record_id="r1") for n in range(3)]
    config = ExportConfig(formats=["trl-preference"], files=["jsonl"])
    done = export(rows, RECORDS, tmp_path / "e", config=config)
    assert sum(done.rows["trl-preference"].values()) == 1
    assert [(row.curated_id, row.twin) for row in done.left_out] == [("k1", "k0"), ("k2", "k0")]


def test_comparisons_that_contradict_each_other_stay_out(tmp_path):
    rows = [
        settled("k1", "a", "Blue.", "Green.", record_id="r1"),
        settled("k2", "b", "Green.", "Blue. ", record_id="r1"),
    ]
    config = ExportConfig(formats=["trl-preference", "trl-unpaired", "trl-messages"])
    done = export(rows, RECORDS, tmp_path / "e", config=config)
    assert done.files == ()
    assert {row.reason for row in done.left_out} == {
        "another comparison of the same two answers says the opposite",
        "each answer won one comparison and lost another",
        "preferred here, but beaten in another comparison",
    }


def test_an_answer_in_the_middle_of_an_order_is_neither_wanted_nor_learned(tmp_path):
    # best > middle > worst, as three comparisons
    rows = [
        settled("k1", "a", "best", "middle", record_id="r1"),
        settled("k2", "a", "middle", "worst", record_id="r1"),
        settled("k3", "a", "best", "worst", record_id="r1"),
    ]
    config = ExportConfig(formats=["trl-messages", "trl-unpaired"], files=["jsonl"])
    done = export(rows, RECORDS, tmp_path / "e", config=config)
    (split,) = {file.split for file in done.files}
    learned = lines(tmp_path / f"e/trl-messages/{split}.jsonl")
    assert [row["messages"][-1]["content"] for row in learned] == ["best"]
    labels = lines(tmp_path / f"e/trl-unpaired/{split}.jsonl")
    found = {(row["completion"][0]["content"], row["label"]) for row in labels}
    assert found == {("best", True), ("worst", False)}


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="is no earlier export"):
        export(ROWS, RECORDS, tmp_path / "e", config=ExportConfig(formats=["openai-sft"]))
    assert tree(tmp_path / "e") == {"thesis.txt": b"years of work"}


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "e").write_text("x")
    with pytest.raises(ExportError, match="is a file"):
        export(ROWS, RECORDS, tmp_path / "e", config=ExportConfig(formats=["openai-sft"]))


@pytest.mark.parametrize("name", ["../up", "all", "a b", ""])
def test_a_split_that_is_no_name_is_refused(name, tmp_path):
    with pytest.raises(ConfigError, match="no name for a split"):
        export(ROWS, RECORDS, tmp_path / "e", config=ExportConfig(splits={name: 1.0}))


def test_no_kind_of_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="name jsonl, parquet or both"):
        export(ROWS, RECORDS, tmp_path / "e", config=ExportConfig(files=[]))


def test_an_export_that_fails_replaces_nothing(tmp_path):
    config = ExportConfig(formats=["trl-messages", "openai-sft"], files=["jsonl"])
    export(ROWS, RECORDS, tmp_path / "e", config=config)
    before = tree(tmp_path / "e")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(ROWS[:5], RECORDS, tmp_path / "e", config=config, progress=stop)
    assert tree(tmp_path / "e") == before
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


def shelved(folder, *rows):
    gathered = Gathered(target="trl-messages", splits={"train": list(rows)}, sources={})
    with opened() as reader:
        return shelve(gathered, folder, ["jsonl"], reader)


TURNS = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]


def test_a_row_that_its_target_does_not_take_is_named_by_file_and_line(tmp_path):
    with pytest.raises(ExportError, match=r"^trl-messages/train\.jsonl:2: .* not assistant"):
        shelved(tmp_path, {"messages": TURNS}, {"messages": TURNS[:1]})


def test_a_row_that_does_not_come_back_is_named_by_file_and_line(tmp_path):
    function = {"name": "f", "arguments": {"at": 1e-12}}  # which datasets makes 0
    turn = {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}
    with pytest.raises(ExportError, match=r"train\.jsonl:2: does not come back"):
        shelved(tmp_path, {"messages": TURNS}, {"messages": [TURNS[0], turn]})


def test_loading_back_leaves_the_settings_of_datasets_alone(tmp_path):
    import datasets

    def settings_now():
        config = datasets.config
        bars = datasets.are_progress_bars_disabled()
        return config.HF_HUB_OFFLINE, config.HF_UPDATE_DOWNLOAD_COUNTS, bars

    before = settings_now()
    with opened():
        assert settings_now() == (True, False, True)
    assert settings_now() == before


def test_an_export_cut_between_its_two_renames_is_found_again(tmp_path):
    config = ExportConfig(formats=["openai-sft"])
    export(ROWS, RECORDS, tmp_path / "e", config=config)
    before = tree(tmp_path / "e")
    os.replace(tmp_path / "e", tmp_path / ".e.old")
    export(ROWS, RECORDS, tmp_path / "e", config=config)
    assert tree(tmp_path / "e") == before
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


AGENT = {
    "plain": record("plain"),
    "agent": record("agent", USER, look('{"at": 1.5, "deep": {"x": null}}'), SEEN, tools=TOOLS),
    "other": record("other", USER, look('{"name": "y"}'), SEEN, tools=TOOLS),
}


def test_tool_calls_keep_their_arguments_and_gain_no_nulls(tmp_path):
    import datasets

    rows = [settled(f"k-{n}", "rewritten", f"Blue {n}", "Green", record_id=n) for n in AGENT]
    config = ExportConfig(formats=["trl-messages", "openai-sft"], splits={"train": 1.0})
    done = export(rows, AGENT, tmp_path / "e", config=config)
    assert done.left_out == ()
    for kind in ("json", "parquet"):
        path = tmp_path / f"e/trl-messages/train.{kind.replace('json', 'jsonl')}"
        loaded = datasets.load_dataset(kind, data_files=str(path), cache_dir=str(tmp_path / "c"))
        calls = [r["messages"][1]["tool_calls"][0]["function"] for r in list(loaded["train"])[1:]]
        assert calls[0]["arguments"] == {"at": 1.5, "deep": {"x": None}}
        assert calls[1]["arguments"] == {"name": "y"}
        assert loaded["train"][1]["messages"][0] == {"role": "user", "content": USER.content}
        assert [bool(json.loads(r["tools"])) for r in loaded["train"]] == [False, True, True]
    sent = lines(tmp_path / "e/openai-sft/train.jsonl")[1]
    assert sent["messages"][1]["tool_calls"][0]["function"]["arguments"].startswith('{"at": 1.5')
    assert sent["messages"][1]["weight"] == 0
    assert "weight" not in sent["messages"][-1]
    assert sent["tools"] == json.loads(TOOLS)


def test_a_number_that_datasets_would_round_stays_out_of_trl(tmp_path):
    records = {"r": record("r", USER, look('{"at": 0.12345678901234}'), SEEN, tools=TOOLS)}
    config = ExportConfig(formats=["trl-messages", "openai-sft"], files=["jsonl"])
    done = export([settled("k", "good", "Blue.")], records, tmp_path / "e", config=config)
    assert [(row.format, row.reason) for row in done.left_out] == [
        ("trl-messages", "a number in a tool call would be rounded by datasets")
    ]
    assert [file.format for file in done.files] == ["openai-sft"]


def test_answers_that_look_like_dates_stay_texts(tmp_path):
    import datasets

    rows = [
        settled(f"k{n}", "rewritten", f"2024-01-0{n + 1}", "2023-01-01", record_id=f"r{n}")
        for n in range(3)
    ]
    config = ExportConfig(formats=["trl-prompt-completion"], splits={"train": 1.0})
    done = export(rows, RECORDS, tmp_path / "e", config=config)
    assert "load the JSONL by the card" in done.notes[0]
    loaded = datasets.load_dataset(str(done.folder), cache_dir=str(tmp_path / "c"))["train"]
    assert loaded[0]["completion"] == [{"role": "assistant", "content": "2024-01-01"}]


AWKWARD = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from('\u2028\u2029\x85\x00\ud800\r\n\t "\\é<|0123-'),
    ),
    min_size=1,
    max_size=12,
).filter(str.strip)


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.tuples(AWKWARD, AWKWARD, AWKWARD), min_size=1, max_size=3))
def test_any_text_comes_back_as_it_went_out(texts, tmp_path):
    asked = [Message(role="user", content=question) for question, _, _ in texts]
    records = {f"r{n}": record(f"r{n}", turn) for n, turn in enumerate(asked)}
    rows = [
        settled(f"k{n}", "rewritten", a, b, record_id=f"r{n}") for n, (_, a, b) in enumerate(texts)
    ]
    config = ExportConfig(formats=["trl-preference", "openai-dpo"], splits={"train": 1.0})
    done = export(rows, records, tmp_path / "e", config=config)
    for name in done.rows:
        path = done.folder / name / "train.jsonl"
        if not path.exists():
            continue
        back = lines(path)  # str.splitlines ends a line at U+2028, U+2029 and U+0085, too
        assert len(back) == done.rows[name]["train"]
        assert all(validate(row, name) == [] for row in back)


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_line_is_one_line_to_every_reader(text):
    written = line({"text": text})
    assert written.splitlines(keepends=True) == [written]
    assert json.loads(written) == {"text": text}


def test_no_export_without_its_folder_being_writable(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(OSError, match="file"):
        export(ROWS, RECORDS, Path(blocked) / "e", config=ExportConfig(formats=["openai-sft"]))
