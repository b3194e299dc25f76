"""Files of every kind give the same rows; damaged ones give all that can be read, and a reason."""

import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError
from curate.ingest import detect, formats, read
from curate.ingest.files import LINE_LIMIT, Unreadable, find, opened, rows

ROWS = [
    {"prompt": "a", "completion": " b"},
    {"prompt": "Zwei?\nZeilen, ja", "completion": "ü \u2028 \U0001f600"},
    {"prompt": 'c"', "completion": "d"},
]


def as_jsonl(rows=ROWS):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_csv(delimiter=","):
    import csv

    out = io.StringIO()
    writer = csv.DictWriter(out, ["prompt", "completion"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue().encode()


def as_parquet():
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out, row_group_size=1)
    return out.getvalue()


def as_arrow():
    out = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


PLAIN = {
    "a.jsonl": as_jsonl(),
    "a.ndjson": as_jsonl(),
    "bom.jsonl": b"\xef\xbb\xbf" + as_jsonl(),
    "crlf.jsonl": as_jsonl().replace(b"\n", b"\r\n"),
    "lines.json": as_jsonl(),
    "array.json": json.dumps(ROWS).encode(),
    "pretty.json": json.dumps(ROWS, indent=2).encode(),
    "array.jsonl": json.dumps(ROWS, indent=1).encode(),
    "data.json": json.dumps({"data": ROWS}).encode(),
    "list.json": json.dumps({"object": "list", "data": ROWS, "has_more": False}).encode(),
    "late.json": json.dumps({"has_more": False, "data": ROWS}).encode(),
    "objects.json": b"\n".join(json.dumps(row, indent=2).encode() for row in ROWS),
    "a.csv": as_csv(),
    "bom.csv": b"\xef\xbb\xbf" + as_csv(),
    "a.tsv": as_csv("\t"),
    "a.parquet": as_parquet(),
    "a.arrow": as_arrow(),
    "a.log": as_jsonl(),
}


def read_all(path, **options):
    batches = list(read([path], **options))
    prompts = {r["id"]: r["messages"][0]["content"] for b in batches for r in b.records.to_pylist()}
    found = [
        {"prompt": prompts[c["record_id"]], "completion": c["message"]["content"]}
        for b in batches
        for c in b.candidates.to_pylist()
    ]
    return found, [(r.line, r.reason) for b in batches for r in b.rejected]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_each_kind_of_file_gives_the_same_rows(tmp_path, name, packed):
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[packed]
    path = tmp_path / (name + packed)
    path.write_bytes(pack(PLAIN[name]))
    assert read_all(path) == (ROWS, [])


def test_a_dataset_on_disk_is_read_without_its_descriptions_and_caches(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    parts = {
        "train": datasets.Dataset.from_list(ROWS[:2]),
        "test": datasets.Dataset.from_list(ROWS),
    }
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "set")
    (tmp_path / "set" / "train" / "cache-1.arrow").write_bytes(b"not rows")
    found, rejected = read_all(tmp_path / "set")
    assert len(found) == 5
    assert not rejected


def test_messages_stored_as_a_struct_of_lists_are_a_chat(tmp_path):
    row = {"messages": {"role": ["user", "assistant"], "content": ["a", "b"]}}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    assert read_all(tmp_path / "a.parquet") == ([{"prompt": "a", "completion": "b"}], [])


def test_named_columns_make_a_table_readable(tmp_path, request):
    table = request.path.parents[1] / "data" / "formats" / "own" / "table.csv"
    columns = {
        **{"prompt": "asked", "completion": "answered", "model": "who", "group": "thread"},
        **{"time": "when", "id": "id"},
    }
    (batch,) = read([table], columns=columns)
    found = batch.candidates.to_pylist()
    # the first row spans lines 2 and 3
    assert [(c["source"].rsplit(":", 1)[1], c["model"]) for c in found] == [
        ("2", "m1"),
        ("4", "m1"),
    ]
    assert found[0]["group"] == found[1]["group"]
    assert found[0]["time"] == 1767323045.0
    (rejected,) = batch.rejected
    assert (rejected.line, "no column 'answered'" in rejected.reason) == (5, True)


def test_a_table_of_preferences_with_other_names(tmp_path):
    (tmp_path / "a.csv").write_text("q,good,bad,prompt\nSky?,Blue,Green,17\n")
    columns = {"prompt": "q", "chosen": "good", "rejected": "bad"}
    (batch,) = read([tmp_path / "a.csv"], columns=columns)
    (pair,) = batch.pairs.to_pylist()
    assert (pair["winner"], json.loads(pair["metadata"])) == ("a", {"_prompt": "17"})


def test_folders_and_globs_are_sorted_and_each_file_is_read_once(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "deep/c.jsonl.gz", ".hidden.jsonl", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(as_jsonl()) if name.endswith(".gz") else as_jsonl())
    found = [s.path.name for s in find([tmp_path / "b.jsonl", tmp_path, f"{tmp_path}/*.jsonl"])]
    assert found == ["b.jsonl", "a.jsonl", "c.jsonl.gz"]
    assert [s.path.name for s in find([f"{tmp_path}/**/*.gz"])] == ["c.jsonl.gz"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing.jsonl", "missing.jsonl: no such file or folder; did you mean"),
        ("empty", "empty: the folder holds no data file"),
        ("*.parquet", "no file matches"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error_at_once(tmp_path, path, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "misssing.jsonl").touch()
    with pytest.raises(InputError) as error:
        read([tmp_path / path])
    assert says in str(error.value)


def test_an_unknown_format_names_the_nearest(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(as_jsonl())
    with pytest.raises(
        InputError, match="no ingest format named 'sharegtp'; did you mean 'sharegpt'"
    ):
        read([tmp_path], format="sharegtp")
    assert "sharegpt" in formats()


def test_an_unknown_part_of_columns_lists_the_known_ones(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(as_jsonl())
    with pytest.raises(InputError, match="no part named 'promt'; known: prompt, completion"):
        read([tmp_path], columns={"promt": "q"})


def test_rows_that_no_reader_knows_are_said_to_be_so():
    with pytest.raises(InputError, match=r"a.csv: no prompt or messages found \(keys: x\)"):
        detect([{"x": 1}], "a.csv")


GOOD = b'{"prompt": "a", "completion": "b"}\n'


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"prompt": "a",}', "trailing comma in object"),
        (b'{"prompt": "a"', "it ends too early"),
        (b'{"prompt": NaN, "completion": "x"}', "NaN is no JSON number (byte 12)"),
        (b'{"prompt": "caf\xe9", "completion": "x"}', "byte 0xe9 at column 16"),
        (b'{"prompt": "a\x00b", "completion": "x"}', "not valid JSON: invalid character"),
        (b'{"prompt": "a"} {"prompt": "b"}', "trailing characters"),
        (b"prompt: a", "not valid JSON"),
        (b"[" * 3000, "nested too deeply"),
        (b'"only a text"', "the row is a text"),
    ],
)
def test_one_bad_line_among_many_is_rejected_alone(tmp_path, bad, reason):
    (tmp_path / "a.jsonl").write_bytes(GOOD + bad + b"\n\n" + GOOD)
    found, rejected = read_all(tmp_path / "a.jsonl")
    assert len(found) == 2
    assert [(line, reason in why) for line, why in rejected] == [(2, True)], rejected


def test_an_element_that_is_no_json_spoils_no_other(tmp_path):
    rows = [b'{"prompt": "a", "completion": "]}"}', b'{"prompt": "a",}', b'{"prompt": NaN}', b"7"]
    (tmp_path / "a.json").write_bytes(b"[" + b", ".join([*rows, rows[0]]) + b"]")
    found, rejected = read_all(tmp_path / "a.json")
    assert len(found) == 2
    assert [line for line, _ in rejected] == [2, 3, 4]


def test_an_array_that_is_never_closed_gives_what_came_before(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[{"prompt": "a", "completion": "b"}, {"prompt": "c')
    found, rejected = read_all(tmp_path / "a.json")
    assert len(found) == 1
    assert rejected[0][0] == 2
    assert "cut short" in rejected[0][1]


def test_lone_surrogates_are_replaced_and_noted(tmp_path):
    text = b'{"prompt": "a\\ud800", "completion": "\\ud83d\\ude00 \\udc00"}\n'
    (tmp_path / "a.jsonl").write_bytes(text)
    (batch,) = read([tmp_path])
    (record,), (candidate,) = batch.records.to_pylist(), batch.candidates.to_pylist()
    assert record["messages"][0]["content"] == "a\ufffd"
    assert candidate["message"]["content"] == "\U0001f600 \ufffd"
    assert json.loads(candidate["metadata"]) == {"repaired": "surrogates"}


def test_an_escaped_nul_is_text(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"prompt": "a\\u0000", "completion": "b"}\n')
    assert read_all(tmp_path / "a.jsonl") == ([{"prompt": "a\0", "completion": "b"}], [])


def test_of_equal_keys_the_last_one_counts(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"prompt": "a", "prompt": "c", "completion": "b"}\n')
    assert read_all(tmp_path / "a.jsonl")[0] == [{"prompt": "c", "completion": "b"}]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(tmp_path, encoding):
    (tmp_path / "a.jsonl").write_bytes(as_jsonl().decode().encode(encoding))
    found, ((line, reason),) = read_all(tmp_path / "a.jsonl")
    assert (found, line) == ([], 0)
    assert "UTF-16" in reason and "iconv" in reason


def test_latin_1_in_a_csv_is_named(tmp_path):
    (tmp_path / "a.csv").write_bytes("prompt,completion\ncafé,x\na,b\n".encode("latin-1"))
    found, rejected = read_all(tmp_path / "a.csv")
    assert found == [{"prompt": "a", "completion": "b"}]
    assert rejected[0][0] == 2 and "not UTF-8" in rejected[0][1]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.jsonl.gz", "a.jsonl.zst"])
def test_an_empty_file_is_rejected_as_a_whole_and_the_others_are_read(tmp_path, name):
    empty = {"gz": gzip.compress(b""), "zst": zstandard.compress(b"")}.get(name[-2:], b"")
    (tmp_path / name).write_bytes({"st": zstandard.compress(b"")}.get(name[-2:], empty))
    (tmp_path / "b.jsonl").write_bytes(GOOD)
    found, rejected = read_all(tmp_path)
    assert len(found) == 1
    assert rejected == [(0, "the file is empty")]


def test_a_header_without_rows_is_said_to_hold_none(tmp_path):
    (tmp_path / "a.csv").write_text("prompt,completion\n")
    assert read_all(tmp_path / "a.csv") == ([], [(0, "the file holds no rows")])


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_a_truncated_file_gives_what_came_before_the_cut(tmp_path, name, suffix):
    rows = [{"prompt": f"p{n}", "completion": hex(n**9)} for n in range(4000)]
    plain = {
        "a.jsonl": as_jsonl(rows),
        "a.json": json.dumps(rows).encode(),
        "a.csv": b"prompt,completion\n" + b"".join(b"p%d,x%d\n" % (n, n**9) for n in range(4000)),
    }[name]
    packed = gzip.compress(plain) if suffix == ".gz" else zstandard.compress(plain)
    (tmp_path / (name + suffix)).write_bytes(packed[: len(packed) * 2 // 3])
    found, rejected = read_all(tmp_path / (name + suffix))
    assert 0 <= len(found) < 4000
    assert "cut short" in rejected[-1][1]
    assert all(row["prompt"] == f"p{n}" for n, row in enumerate(found))


def test_what_only_calls_itself_gzip_or_parquet_is_said_so(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(GOOD)
    (tmp_path / "b.jsonl").write_bytes(gzip.compress(GOOD))
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and nothing else")
    (tmp_path / "d.jsonl.zst").write_bytes(GOOD)
    _, rejected = read_all(tmp_path)
    says = ["not (or no longer) valid gzip", "does not end in .gz", "table cannot be read", "zstd"]
    assert [s in why for s, (_, why) in zip(says, rejected, strict=True)] == [True] * 4, rejected


def test_a_file_of_no_known_kind_is_rejected_with_the_kinds(tmp_path):
    (tmp_path / "a.txt").write_text("Dear diary")
    _, ((line, reason),) = read_all(tmp_path / "a.txt")
    assert line == 0
    assert ".jsonl" in reason


def test_a_50_mb_line_is_read_and_a_longer_one_than_the_limit_is_not(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"prompt": "big", "completion": "' + b"x" * (50 << 20) + b'"}\n')
        file.write(b'{"prompt": "bigger", "completion": "' + b"x" * LINE_LIMIT + b'"}\n')
        file.write(GOOD)
    found, rejected = read_all(path)
    assert [len(row["completion"]) for row in found] == [50 << 20, 1]
    assert [line for line, _ in rejected] == [2]
    assert "at most 64 MiB" in rejected[0][1]


def test_a_csv_row_with_too_many_cells_is_rejected(tmp_path):
    (tmp_path / "a.csv").write_text("prompt,completion\na,b,c\nd,e\n")
    found, rejected = read_all(tmp_path / "a.csv")
    assert (len(found), rejected[0][0]) == (1, 2)


def test_cells_that_hold_chats_are_chats(tmp_path):
    chat = json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    cell = '"' + chat.replace('"', '""') + '"'
    (tmp_path / "a.csv").write_text(f"id,messages\n1,{cell}\n")
    assert read_all(tmp_path / "a.csv") == ([{"prompt": "a", "completion": "b"}], [])


def test_progress_is_told_in_bytes_of_the_files(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(as_jsonl())
    (tmp_path / "b.jsonl").write_bytes(as_jsonl())
    told = []
    list(read([tmp_path], batch_rows=1, progress=lambda done, total: told.append((done, total))))
    total = 2 * len(as_jsonl())
    assert told[-1] == (total, total)
    assert told == sorted(told)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4)), st.sampled_from([None, 1]))
def test_an_array_is_cut_where_its_elements_end(tmp_path_factory, values, indent):
    path = tmp_path_factory.mktemp("array") / "a.json"
    path.write_text(json.dumps(values, indent=indent), encoding="utf-8")
    (source,) = find([path])
    with opened(source) as file:
        found = list(rows(source, file))
    assert found == list(enumerate(values, 1))


def test_an_array_longer_than_the_block_is_cut_right(tmp_path):
    values = [{"prompt": "[{" * (n % 700), "n": n} for n in range(5000)]
    (tmp_path / "a.json").write_text(json.dumps(values))
    (source,) = find([tmp_path / "a.json"])
    with opened(source) as file:
        assert [value for _, value in rows(source, file)] == values


def test_a_file_that_cannot_be_split_is_one_unreadable(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[{"a": "\xff"}]')
    (source,) = find([tmp_path / "a.json"])
    with opened(source) as file:
        ((number, value),) = rows(source, file)
    assert number == 1
    assert isinstance(value, Unreadable)


def test_a_small_gzip_that_is_cut_short_gives_the_rows_before_it(tmp_path):
    path = tmp_path / "logs.jsonl.gz"
    noise = np.random.default_rng(0).bytes(50_000).hex()
    lines = [json.dumps({"n": n, "noise": noise[n * 500 : n * 500 + 500]}) for n in range(200)]
    path.write_bytes(gzip.compress("\n".join(lines).encode())[:-2000])
    (source,) = find([path])
    with opened(source) as file:
        *read, (_, last) = rows(source, file)
    assert len(read) > 150
    assert [value["n"] for _, value in read[:-1]] == list(range(len(read) - 1))
    assert "cut short" in last.reason
