import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import ProjectError
from curate.files import TableWriter, beside, write_json, write_table
from curate.project import Project
from curate.records import QUEUE, Response


@pytest.fixture
def project(tmp_path):
    (tmp_path / "curate.yaml").write_text("ingest: {paths: [a.jsonl]}\n")
    return Project(tmp_path / "curate.yaml")


def response(**change):
    fields = {
        "id": "resp-1",
        "item_id": "c1",
        "annotator": "ada",
        "question": "quality",
        "value": "good",
        "status": "submitted",
        "inserted_at": "2026-01-01T00:00:00",
        "updated_at": "2026-01-01T00:00:00",
        "guideline": "v1",
    }
    return Response(**(fields | change))


def put_round(project, number, record="r1"):
    row = {"order": 0, "item_id": "c1", "task": "rewrite", "record_id": record}
    row |= {
        "candidate_ids": ["c1"],
        "part": "active",
        "probability": 1.0,
        "reason": "",
        "overlap": 1,
    }
    folder = project.folder / "rounds" / f"{number:03d}"
    write_table(folder / "queue.parquet", pa.Table.from_pylist([row], schema=QUEUE))


def test_a_file_that_fails_halfway_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"n": 1})
    with pytest.raises(RuntimeError), beside(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_streamed_table_appears_only_when_it_is_whole(tmp_path):
    schema = pa.schema([("n", pa.int64())])
    path = tmp_path / "t.parquet"
    with pytest.raises(RuntimeError), TableWriter(path, schema) as writer:
        writer.write(pa.record_batch({"n": [1]}, schema=schema))
        raise RuntimeError
    assert not path.exists()
    with TableWriter(path, schema) as writer:
        for n in range(3):
            writer.write(pa.record_batch({"n": [n]}, schema=schema))
    assert pq.read_table(path)["n"].to_pylist() == [0, 1, 2]
    assert writer.rows == 3


def test_a_table_that_is_missing_names_the_stage_that_makes_it(project):
    with pytest.raises(ProjectError, match="no scores yet; run `curate score` first"):
        project.need_table("scores", "score")


def test_a_second_run_is_told_who_holds_the_project(project):
    code = textwrap.dedent(
        f"""
        import time
        from curate.project import Project
        with Project({str(project.config_path)!r}).locked():
            print("held", flush=True)
            time.sleep(60)
        """
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ProjectError, match=f"process {holder.pid}"), project.locked():
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with project.locked():
        assert (project.folder / ".lock").read_text().strip() == str(os.getpid())


def test_an_answer_that_changes_is_kept_beside_the_old_one(project):
    assert project.keep_responses(1, [response()]) == 1
    assert project.keep_responses(1, [response()]) == 0
    later = "2026-01-02T00:00:00"
    assert project.keep_responses(1, [response(value="rewritten", updated_at=later)]) == 1
    latest = project.responses(1).to_pylist()
    assert [(r["value"], r["updated_at"]) for r in latest] == [('"rewritten"', later)]
    assert project.seen_responses(1) == {"resp-1": later}


def test_an_answer_taken_back_stays_kept_and_counts_no_longer(project):
    project.keep_responses(1, [response(), response(id="resp-2", annotator="bo")])
    project.note_gone(1, ["resp-1"])
    assert project.responses(1)["id"].to_pylist() == ["resp-2"]
    assert set(project.seen_responses(1)) == {"resp-2"}
    project.keep_responses(1, [response(value="rewritten", updated_at="2026-01-03T00:00:00")])
    assert project.responses(1)["value"].to_pylist() == ['"rewritten"', '"good"']


def test_answers_of_rounds_do_not_mix(project):
    project.keep_responses(1, [response()])
    project.keep_responses(2, [response(id="resp-2")])
    assert project.responses(1)["id"].to_pylist() == ["resp-1"]
    assert project.responses(3).num_rows == 0


def test_a_round_is_closed_by_a_manifest_that_names_the_one_before(project):
    put_round(project, 1)
    [first] = project.rounds()
    assert not first.closed
    first.close({"curate": "0"})
    put_round(project, 2, record="r2")
    first, second = project.rounds()
    assert first.closed and not second.closed
    second.close({"curate": "0"})
    chain = second.read_json("manifest")
    assert list(chain["files"]) == ["rounds/002/queue.parquet"]
    assert len(chain["before"]) == 64


def test_what_earlier_rounds_asked_is_known(project):
    put_round(project, 1, record="r1")
    put_round(project, 2, record="r2")
    assert project.reviewed(before=2) == {"r1"}
    assert project.reviewed(before=3) == {"r1", "r2"}


def test_a_kill_in_the_middle_of_writing_leaves_the_old_table(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(path, pa.table({"n": [1]}))
    code = textwrap.dedent(
        f"""
        import time, pathlib
        from curate.files import beside
        with beside(pathlib.Path({str(path)!r})) as draft:
            draft.write_bytes(b"half")
            print("writing", flush=True)
            time.sleep(60)
        """
    )
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert writer.stdout.readline() == "writing\n"
    writer.kill()
    writer.wait()
    writer.stdout.close()
    time.sleep(0)
    assert pq.read_table(path)["n"].to_pylist() == [1]
    write_table(path, pa.table({"n": [2]}))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.parquet"]
