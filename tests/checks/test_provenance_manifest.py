"""Manifests: altered and missing files are told, and no path of a manifest is followed."""

import hashlib
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import Context, rows_of
from curate.checks.provenance import altered_files, listed_beside
from curate.checks.provenance.manifest import CHECK


def put(path, text="rows\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(path, **files):
    listed = [{"path": name.replace("__", "/"), "sha256": digest} for name, digest in files.items()]
    put(path, json.dumps({"files": listed}))


def run(path):
    return CHECK.run(rows_of(["a", "b"], name=str(path)), Context())


def test_a_file_that_is_as_it_was_gives_no_finding(tmp_path):
    digest = put(tmp_path / "train.jsonl")
    manifest(tmp_path / "manifest.json", **{"train.jsonl": digest})
    found = run(tmp_path / "train.jsonl")
    assert (found.findings, found.looked_at, found.skipped) == ((), 2, "")


def test_an_altered_file_is_told(tmp_path):
    manifest(tmp_path / "manifest.json", **{"train.jsonl": put(tmp_path / "train.jsonl")})
    put(tmp_path / "train.jsonl", "other rows\n")
    [finding] = run(tmp_path / "train.jsonl").findings
    assert finding.severity == "error"
    assert "train.jsonl: was altered since" in finding.message


def test_a_missing_file_is_told(tmp_path):
    digest = put(tmp_path / "train.jsonl")
    manifest(tmp_path / "manifest.json", **{"train.jsonl": digest, "test.jsonl": digest})
    [finding] = run(tmp_path / "train.jsonl").findings
    assert "test.jsonl" in finding.message and "is not there" in finding.message


def test_a_file_that_no_manifest_names_is_told(tmp_path):
    manifest(tmp_path / "manifest.json", **{"other.jsonl": put(tmp_path / "other.jsonl")})
    put(tmp_path / "train.jsonl")
    [finding] = run(tmp_path / "train.jsonl").findings
    assert "nobody vouches" in finding.message


def test_what_sha256sum_writes_is_read(tmp_path):
    digest = put(tmp_path / "train.jsonl")
    put(tmp_path / "SHA256SUMS", f"{digest}  train.jsonl\n{'0' * 64} *gone.jsonl\n# a line\n")
    [finding] = run(tmp_path / "train.jsonl").findings
    assert "gone.jsonl" in finding.message


def test_an_exports_manifest_stands_one_folder_above(tmp_path):
    digest = put(tmp_path / "trl-messages" / "train.jsonl")
    put(tmp_path / "secret.txt")
    manifest(
        tmp_path / "manifest.json",
        **{
            "trl-messages__train.jsonl": digest,
            "openai-dpo__x.jsonl": digest,
            "secret.txt": digest,
        },
    )
    listed = listed_beside(tmp_path / "trl-messages" / "train.jsonl")
    assert [one.path.name for one in listed] == ["train.jsonl"]
    assert run(tmp_path / "trl-messages" / "train.jsonl").findings == ()


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.txt", "/etc/passwd", "..", ".", "", "a/../../secret.txt", "x\0y"),
        *("..\\secret.txt", "C:secret.txt", "sub/train.jsonl"),
    ],
)
def test_a_path_out_of_the_folder_is_never_opened(tmp_path, name):
    put(tmp_path / "secret.txt")
    put(tmp_path / "data" / "train.jsonl")
    put(tmp_path / "data" / "sub" / "train.jsonl")
    files = [{"path": name, "sha256": "0" * 64}]
    put(tmp_path / "data" / "manifest.json", json.dumps({"files": files}))
    put(tmp_path / "data" / "SHA256SUMS", f"{'0' * 64}  {name}\n".replace("\0", ""))
    listed = listed_beside(tmp_path / "data" / "train.jsonl")
    assert [one.path for one in listed if one.path.name != "xy"] == []


def test_names_may_lead_to_digests_or_to_objects(tmp_path):
    digest = put(tmp_path / "a.jsonl")
    put(tmp_path / "manifest.json", json.dumps({"files": {"a.jsonl": digest}}))
    assert altered_files(listed_beside(tmp_path / "a.jsonl")) == []
    put(tmp_path / "manifest.json", json.dumps({"files": {"a.jsonl": {"sha256": "0" * 64}}}))
    assert len(altered_files(listed_beside(tmp_path / "a.jsonl"))) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["files", "path", "sha256", "x"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_manifest_of_any_shape_is_survived(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("any")
    put(folder / "a.jsonl")
    put(folder / "manifest.json", json.dumps(value))
    assert isinstance(altered_files(listed_beside(folder / "a.jsonl")), list)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ufeff{}", "null"])
def test_a_broken_manifest_is_no_manifest(tmp_path, text):
    put(tmp_path / "a.jsonl")
    put(tmp_path / "manifest.json", text)
    assert "no manifest" in run(tmp_path / "a.jsonl").skipped


def test_a_pipe_in_place_of_a_file_does_not_hold_up(tmp_path):
    put(tmp_path / "a.jsonl")
    os.mkfifo(tmp_path / "pipe")
    manifest(tmp_path / "manifest.json", pipe="0" * 64)
    assert "is not there" in run(tmp_path / "a.jsonl").findings[0].message


def test_rows_that_stand_in_no_file_are_skipped():
    assert "sha256sum" in run("s3://bucket/train.jsonl").skipped
    assert run("rows").skipped
    assert run("x\0y").skipped
