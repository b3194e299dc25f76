"""The cleaned file: the good rows byte for byte, the others with their reasons."""

import dataclasses
import gzip
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.audit import Audited, fix, read_rows
from curate.checks import CHECKS, Check, Found
from curate.errors import ConfigError
from curate.records import Finding


def flagged(read, rows, *, family="quality", severity="warning", fixes=True):
    check = Check(
        name="echoes",
        family=family,
        about="It flags.",
        severity="warning",
        threshold=math.nan,
        fixes=fixes,
        run=lambda rows, context: Found(check="echoes"),
    )
    findings = tuple(
        Finding(check="echoes", severity=severity, message="an echo", rows=(row,)) for row in rows
    )
    found = Found(check="echoes", findings=findings, looked_at=len(read.rows))
    return Audited(
        rows=read.rows, checks=(check,), found=(found,), files=(), rejected=read.rejected
    )


def each(change):
    return lambda rows: [change(row) for row in rows]


LINES = ['{"prompt":  "a", "completion": "b"}', "", '{"completion":"d","prompt":"c"}', "{broken"]


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_good_rows_stay_byte_for_byte_and_the_file_itself_is_left_alone(lines, tmp_path):
    before = lines.read_bytes()
    out = tmp_path / "clean.jsonl"
    fixed = fix(flagged(read_rows([lines]), [0]), [lines], out)
    assert out.read_text() == LINES[2] + "\n"
    assert lines.read_bytes() == before
    removed = [json.loads(line) for line in fixed.removed_path.read_text().splitlines()]
    assert [(row["line"], row["reasons"][0]["check"]) for row in removed] == [
        (1, "echoes"),
        (4, "unreadable"),
    ]
    assert (fixed.kept, fixed.removed) == (1, 2)


def test_kept_and_removed_are_the_whole_file(lines, tmp_path):
    fixed = fix(flagged(read_rows([lines]), [1]), [lines], tmp_path / "clean.jsonl")
    assert fixed.kept + fixed.removed == len([line for line in LINES if line])


def test_notes_and_checks_that_mend_nothing_take_nothing_out(lines, tmp_path):
    read = read_rows([lines])
    for audited in (flagged(read, [0], severity="info"), flagged(read, [0], fixes=False)):
        assert fix(audited, [lines], tmp_path / "clean.jsonl").kept == 2


def test_personal_data_is_replaced_and_the_row_kept(lines, tmp_path):
    audited = flagged(read_rows([lines]), [0], family="personal")
    out = tmp_path / "clean.jsonl"
    fixed = fix(audited, [lines], out, redact=each(lambda row: row | {"prompt": "<NAME>"}))
    assert json.loads(out.read_text().splitlines()[0]) == {"prompt": "<NAME>", "completion": "b"}
    assert (fixed.kept, fixed.changed) == (2, 1)


def test_it_is_never_in_place(lines):
    with pytest.raises(ConfigError, match="being audited"):
        fix(flagged(read_rows([lines]), [0]), [lines], lines)


def test_a_table_stays_a_table(tmp_path):
    path = tmp_path / "train.parquet"
    table = pa.table({"prompt": ["a", "b"], "completion": ["c", "d"], "n": [1, 2]})
    pq.write_table(table, path)
    out = tmp_path / "clean.parquet"
    fix(flagged(read_rows([path]), [0]), [path], out)
    assert pq.read_table(out).equals(table.slice(1))


def test_other_kinds_become_json_lines(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps([{"prompt": "a", "completion": "b"}, {"prompt": "c"}]))
    with pytest.raises(ConfigError, match="JSON lines"):
        fix(flagged(read_rows([path]), [0]), [path], tmp_path / "clean.csv")
    out = tmp_path / "clean.jsonl.gz"
    fix(flagged(read_rows([path]), [0]), [path], out)
    assert json.loads(gzip.decompress(out.read_bytes())) == {"prompt": "c"}


def test_several_files_go_to_a_folder_under_their_own_names(lines, tmp_path):
    other = tmp_path / "test.jsonl"
    other.write_text('{"prompt": "x", "completion": "y"}\n')
    out = tmp_path / "clean"
    fixed = fix(flagged(read_rows([lines, other]), [0]), [lines, other], out)
    assert sorted(path.name for path in fixed.paths) == ["test.jsonl", "train.jsonl"]
    assert (out / "test.jsonl").read_bytes() == other.read_bytes()


def test_what_the_first_bytes_say_of_a_file_holds_for_its_cleaned_copy_too(tmp_path):
    rows = [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]
    for name, text in {
        "spaced.jsonl": "\n [\n" + ",".join(map(json.dumps, rows)) + "]",
        "pretty.jsonl": "".join(json.dumps(row, indent=2) + "\n" for row in rows),
    }.items():
        path, out = tmp_path / name, tmp_path / "out" / name
        path.write_text(text)
        assert fix(flagged(read_rows([path]), [0]), [path], out).kept == 1
        assert json.loads(out.read_text()) == rows[1]


def test_a_file_that_is_none_is_not_copied_into_the_cleaned_folder(lines, tmp_path):
    other = tmp_path / "utf16.jsonl"
    other.write_bytes('{"prompt": "x", "completion": "y"}\n'.encode("utf-16"))
    fixed = fix(flagged(read_rows([lines, other]), [0]), [lines, other], tmp_path / "clean")
    assert (tmp_path / "clean" / "utf16.jsonl").read_bytes() == b""
    assert (fixed.kept, fixed.removed) == (1, 3)


def test_an_archive_that_is_cut_short_gives_what_came_before(tmp_path):
    path = tmp_path / "train.jsonl.gz"
    noise = np.random.default_rng(0).bytes(3_000_000).hex()
    whole = gzip.compress(
        f'{{"prompt": "a", "completion": "b"}}\n{{"prompt": "{noise}"}}\n'.encode()
    )
    path.write_bytes(whole[:-1000])
    read = read_rows([path])
    fixed = fix(flagged(read, []), [path], tmp_path / "clean.jsonl")
    assert (fixed.kept, fixed.removed) == (1, 1)
    assert "cut short" in json.loads(fixed.removed_path.read_text())["reasons"][0]["message"]


def test_a_lone_surrogate_beside_personal_data_does_not_stop_it(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"prompt": "a \\ud800", "completion": "b"}\n')
    audited = flagged(read_rows([path]), [0], family="personal")
    out = tmp_path / "clean.jsonl"
    fix(audited, [path], out, redact=each(lambda row: row | {"prompt": row["prompt"].upper()}))
    assert json.loads(out.read_text())["prompt"] == "A \ufffd"


def test_a_table_keeps_its_types_and_empty_texts_where_personal_data_is_replaced(tmp_path):
    path, out = tmp_path / "train.parquet", tmp_path / "clean.parquet"
    stamp = pa.array([0, 1, 2], pa.timestamp("us"))
    table = pa.table({"prompt": ["a", "b", "c"], "completion": ["x", "y", "z"]})
    table = table.append_column("note", pa.array(["", "", "n"])).append_column("time", stamp)
    pq.write_table(table, path)
    audited = flagged(read_rows([path]), [0, 2], family="personal")
    fixed = fix(audited, [path], out, redact=each(lambda row: row | {"prompt": "<NAME>"}))
    wanted = table.set_column(0, "prompt", pa.array(["<NAME>", "b", "<NAME>"]))
    assert pq.read_table(out).equals(wanted)
    assert (fixed.kept, fixed.changed) == (3, 2)


def test_rows_that_could_not_be_read_are_redacted_too(tmp_path):
    path = tmp_path / "train.jsonl"
    unknown = {"messages": [{"role": "jo", "content": "jo@curate.dev"}]}
    path.write_text('{"prompt": "a", "completion": "b"}\n' + json.dumps(unknown))
    audited = flagged(read_rows([path]), [])
    fixed = fix(audited, [path], tmp_path / "o.jsonl", redact=each(lambda row: {"row": "masked"}))
    assert json.loads(fixed.removed_path.read_text())["row"] == {"row": "masked"}


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_packed_lines_are_written_and_read_again(lines, tmp_path, suffix):
    read = read_rows([lines])
    out = tmp_path / f"clean.jsonl{suffix}"
    fix(flagged(read, [0]), [lines], out)
    assert read_rows([out]).rows.prompt.to_pylist() == ["c"]


def test_of_copies_one_is_kept_though_the_first_is_at_fault_otherwise(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text("".join(f'{{"prompt": "{p}", "completion": "b"}}\n' for p in "acd"))
    audited = flagged(read_rows([path]), [0])
    copies = Finding(
        check="near-duplicates", severity="warning", message="copies", rows=(1, 2), against=(0,)
    )
    audited = dataclasses.replace(
        audited,
        checks=(CHECKS.get("near-duplicates"), *audited.checks),
        found=(Found(check="near-duplicates", findings=(copies,)), *audited.found),
    )
    out = tmp_path / "clean.jsonl"
    fix(audited, [path], out)
    assert [json.loads(line)["prompt"] for line in out.read_text().splitlines()] == ["c"]
