"""The cleaned file: the good rows byte for byte, the others with their reasons."""

import gzip
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.audit import Audited, fix, read_rows
from curate.checks import Check, Found
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
    fixed = fix(audited, [lines], out, redact=lambda row: row | {"prompt": "<NAME>"})
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
