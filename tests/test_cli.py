"""The command line: what it prints, how it ends, and what wrong input gets to hear."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from curate.errors import InputError
from curate.pipeline import ingest
from curate.project import Project

CHAT = {
    "messages": [
        {"role": "user", "content": "What is 2 + 2?"},
        {"role": "assistant", "content": "4"},
    ]
}


def command(*arguments):
    return [sys.executable, "-m", "curate.cli", *map(str, arguments)]


def curate(*arguments, **how):
    return subprocess.run(command(*arguments), capture_output=True, text=True, **how)


@pytest.fixture
def project(tmp_path):
    """A folder with a configuration over ``logs/``, and a function that writes files there."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "curate.yaml").write_text("ingest: {paths: [logs]}\n")

    def write(name, *lines, raw=None):
        content = raw if raw is not None else "".join(f"{json.dumps(r)}\n" for r in lines).encode()
        (tmp_path / "logs" / name).write_bytes(content)

    write.folder = tmp_path
    write.config = tmp_path / "curate.yaml"
    return write


def rejected(project):
    path = project.folder / "pool" / "rejected.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_help_names_every_command():
    done = curate("--help")
    assert done.returncode == 0
    for name in ("init", "ingest", "run", "status", "explain", "argilla"):
        assert f"  {name} " in done.stdout


def test_a_project_is_made_from_a_preset(tmp_path):
    done = curate("init", tmp_path / "p", "--preset", "preference_pairs")
    assert done.returncode == 0
    assert "task: rank" in (tmp_path / "p" / "curate.yaml").read_text()
    again = curate("init", tmp_path / "p")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_ingest_prints_counts_and_paths_and_skips_what_is_done(project):
    project("a.jsonl", CHAT)
    first = json.loads(curate("ingest", "-c", project.config, "--json").stdout)
    assert first["counts"] == {"records": 1, "candidates": 1, "logged pairs": 0, "rejected": 0}
    assert not first["skipped"]
    again = json.loads(curate("ingest", "-c", project.config, "--json").stdout)
    assert again["skipped"] and again["counts"] == first["counts"]
    project(
        "b.jsonl",
        CHAT | {"messages": [*CHAT["messages"][:1], {"role": "assistant", "content": "5"}]},
    )
    third = json.loads(curate("ingest", "-c", project.config, "--json").stdout)
    assert not third["skipped"] and third["counts"]["candidates"] == 2


def test_one_bad_line_among_many_is_named_and_the_rest_is_kept(project):
    good = json.dumps(CHAT).encode()
    project("a.jsonl", raw=good + b"\n{broken\n" + good.replace(b"4", b"5") + b"\n")
    done = curate("ingest", "-c", project.config)
    assert done.returncode == 0
    [row] = rejected(project)
    assert row["file"].endswith("a.jsonl") and row["line"] == 2 and row["stage"] == "ingest"


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("empty.jsonl", b"", "empty"),
        ("wrong.jsonl", json.dumps(CHAT).encode("utf-16"), "UTF-16"),
        ("cut.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03+\xcf/\xcaI", "gzip|cut|trunc"),
        (
            "roles.jsonl",
            b'{"messages":[{"role":"wizard","content":"a"},{"role":"assistant","content":"b"}]}',
            "wizard",
        ),
        ("noprompt.jsonl", b'{"messages":[{"role":"assistant","content":"b"}]}', "prompt"),
    ],
)
def test_a_file_with_nothing_to_read_says_why(project, name, raw, why):
    project(name, raw=raw)
    with pytest.raises(InputError, match="no row of") as refused:
        ingest(Project(project.config))
    assert re.search(why, json.dumps(rejected(project)) + str(refused.value))


def test_a_folder_without_data_is_refused(project):
    done = curate("ingest", "-c", project.config)
    assert done.returncode == 2
    assert "holds no data file" in done.stderr


def test_a_missing_file_names_the_nearest(project):
    project("answers.jsonl", CHAT)
    project.config.write_text("ingest: {paths: [logs/answer.jsonl]}\n")
    done = curate("ingest", "-c", project.config)
    assert done.returncode == 2
    assert "did you mean" in done.stderr


def test_an_unknown_reader_names_the_nearest(project):
    project("a.jsonl", CHAT)
    done = curate("ingest", "-c", project.config, "--format", "sharegtp")
    assert done.returncode == 2
    assert "sharegpt" in done.stderr


def test_an_unknown_key_names_the_nearest(project):
    project.config.write_text("ingest: {paths: [logs]}\nselect: {stratgy: random}\n")
    done = curate("status", "-c", project.config)
    assert done.returncode == 2
    assert "did you mean `strategy`" in done.stderr


def test_no_configuration_says_how_to_make_one(tmp_path):
    done = curate("run", tmp_path / "curate.yaml")
    assert done.returncode == 2
    assert "curate init" in done.stderr


@pytest.mark.parametrize("stage", ["embed", "score", "select", "push", "pull", "resolve", "export"])
def test_a_stage_too_early_names_the_one_before(project, stage):
    project("a.jsonl", CHAT)
    done = curate(stage, "-c", project.config)
    assert done.returncode == 3
    assert "first" in done.stderr and "Traceback" not in done.stderr


def test_an_unknown_option_is_a_usage_error(project):
    done = curate("ingest", "--colour", "red")
    assert done.returncode == 2
    assert "--colour" in done.stderr


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, with one chat to read; needs the right to mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    (tmp_path / "one.jsonl").write_text(json.dumps(CHAT) + "\n")
    (folder / "curate.yaml").write_text("ingest: {paths: [../one.jsonl]}\n")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_project_that_cannot_be_written_says_so(disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = curate("ingest", "-c", disk / "curate.yaml")
    assert done.returncode == 3
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr


def test_a_disk_that_is_full_is_one_sentence_and_what_was_made_stays(disk):
    config = disk / "curate.yaml"
    assert curate("ingest", "-c", config).returncode == 0
    before = (disk / "pool" / "records.parquet").read_bytes()
    asked = [{"role": "user", "content": os.urandom(4000).hex()} for _ in range(100)]
    noise = [{"messages": [turn, CHAT["messages"][1]]} for turn in asked]
    (disk.parent / "one.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in noise))
    done = curate("ingest", "-c", config)
    assert done.returncode == 3, done.stderr
    assert "No space left" in done.stderr and "Traceback" not in done.stderr
    assert (disk / "pool" / "records.parquet").read_bytes() == before


def test_a_pool_that_is_no_folder_is_one_sentence(project):
    project("a.jsonl", CHAT)
    (project.folder / "pool").write_text("in the way")
    done = curate("ingest", "-c", project.config)
    assert done.returncode == 3
    assert "pool" in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_may_not_grow_is_one_sentence_and_the_old_table_stays(project):
    """A quota on the size of files: every write may fail in its middle."""
    import resource

    project("a.jsonl", CHAT)
    assert curate("ingest", "-c", project.config).returncode == 0
    before = (project.folder / "pool" / "records.parquet").read_bytes()
    noise = [
        {"messages": [{"role": "user", "content": os.urandom(4000).hex()}, CHAT["messages"][1]]}
        for _ in range(200)
    ]
    project("b.jsonl", *noise)

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = curate("ingest", "-c", project.config, preexec_fn=small)
    assert done.returncode == 3, done.stderr
    assert "nothing already made is lost" in done.stderr and "Traceback" not in done.stderr
    assert (project.folder / "pool" / "records.parquet").read_bytes() == before
    assert curate("ingest", "-c", project.config).returncode == 0


@pytest.mark.slow
def test_ctrl_c_is_one_sentence_and_the_same_command_goes_on(project):
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"Question {n}: " + "why " * 20 + " " * 700 + "?"},
                CHAT["messages"][1],
            ]
        }
        for n in range(4000)
    ]
    project("a.jsonl", *rows)
    assert curate("ingest", "-c", project.config).returncode == 0
    shelf = project.folder / "pool" / "vectors"
    going = subprocess.Popen(
        command("embed", "-c", project.config), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not any(p.stat().st_size > 0 for p in shelf.rglob("*") if p.is_file()):
        assert time.monotonic() < deadline and going.poll() is None
        time.sleep(0.05)
    going.send_signal(signal.SIGINT)
    _, said = going.communicate(timeout=60)
    assert going.returncode == 130
    assert "stopped; nothing already made is lost" in said and "Traceback" not in said
