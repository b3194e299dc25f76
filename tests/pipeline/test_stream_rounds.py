"""A stream on disk: what arrives is kept, decided once, and becomes a round."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time

import httpx
import pyarrow.parquet as pq
import pytest

from curate.errors import InputError, ProjectError
from curate.pipeline import stream
from curate.pipeline.items import items_of
from curate.pipeline.journal import Journal
from curate.pipeline.queue import explain
from curate.pipeline.stream import Stream
from curate.project import Project
from curate.records import QUEUE

CONFIG = """
project: {name: stream}
ingest: {paths: [logs.jsonl]}
select: {test_share: 0, calibration_share: 0, near_identical: 1}
stream: {per_day: 48, burst: 1}
"""
TOPICS = ("rivers", "poems", "prices", "planets", "recipes", "bridges", "kings", "birds")


def row(n, **more):
    asked = f"Tell me fact number {n} about {TOPICS[n % 8]} and {TOPICS[n // 8 % 8]}."
    messages = [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": f"Fact {n} is {n * n}."},
    ]
    return {"messages": messages, "time": 1_700_000_000 + 600 * n, **more}


def lines(*numbers):
    return "".join(json.dumps(row(n)) + "\n" for n in numbers)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "curate.yaml").write_text(CONFIG)
    return tmp_path


def project(folder):
    return Project(folder / "curate.yaml")


def decided(folder):
    with sqlite3.connect(folder / "stream.sqlite") as db:
        rows = db.execute("SELECT item_id, line, decision FROM decisions ORDER BY seq").fetchall()
    db.close()
    return rows


def streamed(folder, path, **options):
    told = []
    options = {"desk": False, "by_record_time": True, "tell": told.append} | options
    return stream(project(folder), str(path), **options), told


def test_what_arrives_is_decided_and_what_is_taken_becomes_a_round(folder):
    (folder / "new.jsonl").write_text(lines(*range(144)))  # one day, one row in ten minutes
    summary, told = streamed(folder, folder / "new.jsonl")
    taken = [d for d in told if d["taken"]]
    assert len(told) == 144 and summary.counts["decided"] == 144
    assert 24 <= len(taken) <= 72  # 48 a day, and half a bucket more or less
    queue = pq.read_table(folder / "rounds/001/queue.parquet").to_pylist()
    assert [q["item_id"] for q in queue] == [d["id"] for d in taken]
    items = items_of(project(folder), project(folder).rounds()[0])
    assert [item.record.messages[0].content for item in items] == [
        row(d["line"] - 1)["messages"][0]["content"] for d in taken
    ]
    assert {d["need_name"] for d in told} == {"novelty"}


def test_the_same_rows_again_are_decided_and_queued_once(folder):
    path = folder / "new.jsonl"
    path.write_text(lines(*range(60)))
    streamed(folder, path)
    first = decided(folder), (folder / "rounds/001/queue.parquet").read_bytes()
    summary, told = streamed(folder, path)
    (folder / "copy.jsonl").write_text(lines(*range(60)))
    again, told_of_copy = streamed(folder, folder / "copy.jsonl")
    assert told == told_of_copy == []
    assert summary.counts == again.counts
    assert first == (decided(folder), (folder / "rounds/001/queue.parquet").read_bytes())


def test_a_growing_file_goes_on_where_it_was(folder):
    path = folder / "new.jsonl"
    whole = lines(*range(40))
    path.write_text(whole[: len(whole) // 2])  # ends within a line
    _, before = streamed(folder, path)
    path.write_text(whole)
    _, after = streamed(folder, path)
    assert [d["line"] for d in before + after] == list(range(1, 41))
    assert 0 < len(before) < 40


def test_a_file_that_took_the_name_of_another_is_read_from_its_beginning(folder):
    path = folder / "new.jsonl"
    path.write_text(lines(*range(30)))
    streamed(folder, path)
    (folder / "rotated.jsonl").write_text(lines(*range(30, 40)))
    os.replace(folder / "rotated.jsonl", path)
    _, told = streamed(folder, path)
    assert [d["line"] for d in told] == list(range(1, 11))


def test_a_row_that_cannot_be_read_is_rejected_with_its_line_and_stops_nothing(folder):
    (folder / "new.jsonl").write_text(lines(0) + '{"broken": \n' + '{"x": 1}\n' + lines(1))
    summary, told = streamed(folder, folder / "new.jsonl")
    assert [d["line"] for d in told] == [1, 4]
    assert summary.counts["rejected"] == 2
    with sqlite3.connect(folder / "stream.sqlite") as db:
        rejected = db.execute("SELECT file, line FROM rejected").fetchall()
    db.close()
    assert rejected == [(str(folder / "new.jsonl"), 2), (str(folder / "new.jsonl"), 3)]


def test_protected_prompts_and_those_that_were_asked_are_never_taken(folder):
    (folder / "curate.yaml").write_text(
        CONFIG.replace("test_share: 0, calibration_share: 0", "test_share: 0.5")
    )
    (folder / "new.jsonl").write_text(lines(*range(60)))
    _, told = streamed(folder, folder / "new.jsonl")
    barred = [d for d in told if "side of the split" in d["reason"]]
    assert 15 < len(barred) < 45 and not any(d["taken"] for d in barred)


def test_a_second_answer_to_a_prompt_that_was_taken_is_not(folder):
    one, other = row(0), row(0)
    other["messages"][1] = {"role": "assistant", "content": "Something else."}
    (folder / "curate.yaml").write_text(CONFIG.replace("per_day: 48", "per_day: 100000"))
    first = "".join(json.dumps(r) + "\n" for r in (row(8), row(9), one, other))
    (folder / "new.jsonl").write_text(first)
    _, told = streamed(folder, folder / "new.jsonl")
    assert [d["taken"] for d in told[2:]] == [True, False]
    assert told[3]["reason"] == "another answer to its prompt was taken"


def test_a_prompt_that_was_taken_is_not_asked_again_after_a_restart(folder):
    (folder / "curate.yaml").write_text(CONFIG.replace("per_day: 48", "per_day: 100000"))
    other = row(0)
    other["messages"][1] = {"role": "assistant", "content": "Something else."}
    (folder / "new.jsonl").write_text(lines(8, 9, 0))
    streamed(folder, folder / "new.jsonl")
    (folder / "more.jsonl").write_text(json.dumps(other) + "\n")
    _, told = streamed(folder, folder / "more.jsonl")
    assert not told[0]["taken"] and told[0]["reason"] == "its prompt was asked before"


def test_once_a_round_is_closed_what_is_taken_goes_to_the_next(folder):
    (folder / "curate.yaml").write_text(CONFIG.replace("per_day: 48", "per_day: 100000"))
    (folder / "new.jsonl").write_text(lines(*range(20)))
    streamed(folder, folder / "new.jsonl")
    first = project(folder).rounds()[0]
    before = (first.folder / "queue.parquet").read_bytes()
    first.write_json("manifest", {"files": {}})
    (folder / "more.jsonl").write_text(lines(*range(20, 40)))
    streamed(folder, folder / "more.jsonl")
    second = project(folder).rounds()[1]
    ids = [set(r.queue()["item_id"].to_pylist()) for r in (first, second)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    assert (first.folder / "queue.parquet").read_bytes() == before


def test_a_round_that_closes_while_rows_wait_takes_them_to_the_next(folder):
    with Journal(folder / "stream.sqlite") as journal:
        at_work = Stream(project(folder), journal, desk=False)
        at_work.take_in("-", lines(*range(200)).encode(), end=0, mark="")
        held = {row.item_id for row in journal.taken(1)}
        assert held
        other = project(folder).next_round()
        other.write("queue", QUEUE.empty_table())
        other.write_json("manifest", {"files": {}})
        at_work.finish()
        assert journal.taken(1) == []
        queue = project(folder).rounds()[1].queue()
        assert set(queue["item_id"].to_pylist()) == held


def test_other_commands_run_beside_a_stream(folder):
    (folder / "new.jsonl").write_text(lines(*range(5)))
    made = project(folder)
    with made.locked("stream"), made.locked():
        pass
    with made.locked("stream"), pytest.raises(ProjectError, match="at work here"):
        with project(folder).locked("stream"):
            pass


def test_an_open_round_from_the_pool_is_not_mixed_with_a_stream(folder):
    made = project(folder)
    (folder / "new.jsonl").write_text(lines(*range(30)))
    streamed(folder, folder / "new.jsonl")
    made.rounds()[0].write_json("selected", {"key": "k", "summary": {}})
    with pytest.raises(ProjectError, match="round 1 is still open and was chosen from the pool"):
        streamed(folder, folder / "new.jsonl")


def test_a_file_that_is_not_there_is_named(folder):
    with pytest.raises(InputError, match=r"gone.jsonl: no such file"):
        streamed(folder, folder / "gone.jsonl")


def restore_interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(folder, *arguments, **more):
    command = [sys.executable, "-m", "curate.cli", "stream", *arguments]
    return subprocess.Popen(
        [*command, "-c", str(folder / "curate.yaml"), "--no-push", "--record-time"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_ends_the_same(folder, tmp_path_factory):
    """kill -9 at random moments, then undisturbed to the end, beside one undisturbed run."""
    whole = tmp_path_factory.mktemp("whole")
    (whole / "curate.yaml").write_text(CONFIG)
    rows = lines(*range(400))
    for place in (folder, whole):
        (place / "new.jsonl").write_text(rows)
    streamed(whole, whole / "new.jsonl")
    moments = random.Random(7)
    for _ in range(6):
        going = run(folder, str(folder / "new.jsonl"))
        time.sleep(moments.uniform(0.5, 3.5))
        going.send_signal(signal.SIGKILL)
        going.communicate()
    done = run(folder, str(folder / "new.jsonl"))
    _, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    assert [r[:2] for r in decided(folder)] == [r[:2] for r in decided(whole)]
    assert [r[2] for r in decided(folder)] == [r[2] for r in decided(whole)]
    queues = [(place / "rounds/001/queue.parquet").read_bytes() for place in (folder, whole)]
    assert queues[0] == queues[1]


@pytest.mark.slow
def test_rows_come_in_by_standard_input_and_decisions_go_out_as_they_are_made(folder):
    going = run(folder, "-", "--json", stdin=subprocess.PIPE)
    going.stdin.write(lines(0))
    going.stdin.flush()
    first = json.loads(going.stdout.readline())
    assert first["line"] == 1
    out, err = going.communicate(lines(1, 2), timeout=120)
    said = [json.loads(line) for line in out.splitlines()]
    assert going.returncode == 0, err
    assert [d["line"] for d in said[:-1]] == [2, 3] and said[-1]["stage"] == "stream"


@pytest.mark.slow
def test_ctrl_c_ends_a_stream_that_follows_a_file_and_nothing_is_lost(folder):
    (folder / "new.jsonl").write_text(lines(*range(20)))
    going = run(
        folder,
        *(str(folder / "new.jsonl"), "--follow", "--json"),
        preexec_fn=restore_interrupt,
    )
    for _ in range(20):
        going.stdout.readline()
    with (folder / "new.jsonl").open("a") as file:
        file.write(lines(20))
    assert json.loads(going.stdout.readline())["line"] == 21
    going.send_signal(signal.SIGINT)
    _, err = going.communicate(timeout=60)
    assert going.returncode == 130 and "nothing already made is lost" in err
    assert len(decided(folder)) == 21


def test_what_is_packed_comes_back(folder):
    with Journal(folder / "stream.sqlite") as journal:
        journal.receive("a", b'{"x": 1}\n', at=5.0, end=9, mark="m")
        (chunk,) = journal.waiting()
        assert (chunk.first_line, chunk.text, chunk.at) == (1, b'{"x": 1}\n', 5.0)
        assert journal.place("a") == (9, 1, "m")


def test_a_streamed_row_is_explained(folder):
    (folder / "new.jsonl").write_text(lines(*range(30)))
    _, told = streamed(folder, folder / "new.jsonl")
    for decision in (told[0], told[-1]):
        said = explain(project(folder), decision["id"]).notes[0]
        assert decision["reason"] in said and ("not taken" in said) != decision["taken"]


PATIENT = httpx.Client(timeout=120)


@pytest.fixture
def listening(folder):
    going = run(folder, "--listen", "0", preexec_fn=restore_interrupt)
    address = re.search(r"http://127.0.0.1:\d+", going.stderr.readline())[0]
    yield address
    going.send_signal(signal.SIGINT)
    going.communicate(timeout=60)
    assert going.returncode == 130


@pytest.mark.slow
def test_rows_that_are_posted_are_decided(listening, folder):
    first = PATIENT.post(f"{listening}/rows", content=lines(0, 1)).json()["decisions"]
    second = PATIENT.post(f"{listening}/rows", json=row(2)).json()["decisions"]
    again = PATIENT.post(f"{listening}/rows", json=[row(2)]).json()["decisions"]
    assert [d["line"] for d in first + second] == [1, 2, 3] and again == []
    assert PATIENT.get(listening).json()["counts"]["decided"] == 3
    assert len(decided(folder)) == 3


def test_what_is_no_row_or_too_much_or_from_a_web_page_is_refused(listening):
    assert PATIENT.post(f"{listening}/rows", content="nothing\n").json() == {"decisions": []}
    assert PATIENT.post(f"{listening}/other", content=b"").status_code == 404
    page = {"Origin": "http://example.org"}
    assert PATIENT.post(f"{listening}/rows", content=lines(0), headers=page).status_code == 403
    elsewhere = {"Host": "example.org"}
    assert PATIENT.get(listening, headers=elsewhere).status_code == 403
    endless = iter([b"{}"])  # sent in pieces, so that nobody knows how much there is
    assert PATIENT.post(f"{listening}/rows", content=endless).status_code == 413
