"""Asking a committee over real HTTP: killed, stopped, resumed, refused, out of money."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
import yaml

from curate.errors import BudgetError, ConfigError, ProjectError
from curate.pipeline.generate import generate
from curate.pipeline.items import items_of
from curate.pipeline.plan import plan
from curate.pipeline.pool import embed, ingest, score, upstream
from curate.pipeline.queue import select
from curate.project import Project
from tests.pipeline.counting_server import requests_in, running_counter

CONTINUED = [{"role": "user", "content": "hm"}, {"role": "tool", "content": "4"}]
CODE = """
import json, sys
from curate.pipeline.generate import generate
from curate.project import Project
print(json.dumps(generate(Project(sys.argv[1])).as_json()))
"""


@pytest.fixture
def counter(tmp_path):
    log = tmp_path / "answered.txt"
    with running_counter(log) as address:
        yield address, log


@pytest.fixture
def slow_counter(tmp_path):
    log = tmp_path / "answered.txt"
    with running_counter(log, seconds=0.05) as address:
        yield address, log


def member(address, **keys):
    params = {"temperature": 0.7, "seed": 1}
    about = {"model": "rote", "base_url": address, "samples": 3, "params": params}
    return {**about, "concurrency": 4, "retries": 0, **keys}


def project(folder, *members, prompts=("sure 1", "torn 2"), **sections):
    folder.mkdir(exist_ok=True)
    chats = [[{"role": "user", "content": p}] if isinstance(p, str) else p for p in prompts]
    lines = [{"messages": chat} for chat in chats]
    lines += [{"messages": [{"role": "user", "content": "logged?"}, _said("4")]}]
    (folder / "logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    generate = {"members": list(members), **sections.pop("generate", {})}
    config = {"ingest": {"paths": ["logs.jsonl"]}, "generate": generate, **sections}
    (folder / "curate.yaml").write_text(yaml.safe_dump(config))
    made = Project(folder / "curate.yaml")
    ingest(made)
    return made


def _said(text):
    return {"role": "assistant", "content": text}


def written(project):
    return (project.pool / "generated.parquet").read_bytes()


def stored(project):
    with sqlite3.connect(project.ledger) as db:
        (n,) = db.execute("SELECT count(*) FROM replies").fetchone()
    db.close()
    return n


def in_a_child(project):
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(project.config_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "11"},
    )


def settled(log):
    """Return how many requests were answered, once those in flight at a kill are among them."""
    before = -1
    while before != len(requests_in(log)):
        before = len(requests_in(log))
        time.sleep(1)
    return before


def wait_for(log, lines):
    deadline = time.monotonic() + 60
    while len(requests_in(log)) < lines:
        assert time.monotonic() < deadline, "the server was asked too little"
        time.sleep(0.01)


def test_answers_stand_beside_those_of_the_logs(tmp_path, counter):
    address, log = counter
    made = project(tmp_path / "p", member(address))
    summary = generate(made)
    assert summary.counts["answers"] == summary.counts["new calls"] == 9
    assert summary.counts["tokens"] == 9 * 8  # 5 of the prompt and 3 of the answer each
    assert summary.counts["money"] == "0 USD"
    assert len(requests_in(log)) == 9
    table = made.candidates()
    assert table.num_rows == 1 + 9
    assert set(table["origin"].to_pylist()) == {"log", "sample"}
    assert table["logprob_mean"].to_pylist()[1:] == [-0.5] * 9


def test_a_second_run_has_nothing_to_do_and_a_lost_table_costs_nothing(tmp_path, counter):
    address, log = counter
    made = project(tmp_path / "p", member(address))
    generate(made)
    first = written(made)
    assert generate(made).skipped
    (made.pool / "generated.parquet").unlink()
    again = generate(made)
    assert (again.counts["new calls"], again.counts["from the ledger"]) == (0, 9)
    assert written(made) == first
    assert len(requests_in(log)) == 9


def test_a_member_that_joins_is_all_that_is_asked(tmp_path, counter):
    address, log = counter
    generate(project(tmp_path / "p", member(address)))
    made = project(tmp_path / "p", member(address), member(address, model="other", samples=1))
    assert generate(made).counts["new calls"] == 3
    assert len(requests_in(log)) == 12


def test_without_members_nothing_is_asked_and_old_answers_go(tmp_path, counter):
    address, _ = counter
    generate(project(tmp_path / "p", member(address)))
    made = project(tmp_path / "p")
    summary = generate(made)
    assert "nothing to ask" in summary.notes[0]
    assert not (made.pool / "generated.parquet").exists()
    assert made.candidates().num_rows == 1


def test_without_records_it_says_what_to_run(tmp_path):
    (tmp_path / "curate.yaml").write_text(
        "ingest: {paths: [a.jsonl]}\ngenerate: {members: [{model: m}]}\n"
    )
    with pytest.raises(ProjectError, match="curate ingest"):
        generate(Project(tmp_path / "curate.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("adaptive", [{}, {"adaptive": {"stop": "bucket", "least": 2}}])
def test_a_run_that_is_cut_off_goes_on_where_it_was(tmp_path, slow_counter, how, adaptive):
    address, log = slow_counter
    prompts = [f"{kind} {n}" for n in range(12) for kind in ("sure", "torn")]
    about = {"prompts": prompts, "generate": adaptive}
    whole = project(tmp_path / "p", member(address), **about)
    generate(whole)
    undisturbed, n_calls = written(whole), len(requests_in(log))
    shutil.rmtree(whole.folder)

    cut = project(tmp_path / "p", member(address), **about)
    child = in_a_child(cut)
    wait_for(log, n_calls + 20)
    child.send_signal(how)
    child.communicate(timeout=60)
    assert child.returncode != 0
    assert not (cut.pool / "generated.parquet").exists()
    kept, asked = stored(cut), settled(log)
    assert 0 < kept < n_calls

    again = in_a_child(cut)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err.decode()
    counts = json.loads(out)["counts"]
    assert (counts["new calls"], counts["from the ledger"]) == (n_calls - kept, kept)
    assert len(requests_in(log)) - asked == n_calls - kept
    assert written(cut) == undisturbed


def test_a_failed_call_is_told_and_asked_again_by_the_next_run(tmp_path, counter):
    address, log = counter
    broken = log.with_name("answered.txt.broken")
    broken.touch()
    made = project(tmp_path / "p", member(address), prompts=("sure 1", "broken 2"))
    summary = generate(made)
    assert (summary.counts["answers"], summary.counts["failed"]) == (6, 3)
    lines = (made.pool / "generate_failed.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["line"], row["stage"]) for row in rows] == [(2, "generate")] * 3
    assert "the prompt is broken" in rows[0]["reason"]
    assert any("run again" in note for note in summary.notes)

    halfway = upstream(made, "generate")
    broken.unlink()
    healed = generate(made)
    assert upstream(made, "generate") != halfway
    assert not healed.skipped
    assert (healed.counts["new calls"], healed.counts["failed"]) == (3, 0)
    assert generate(made).skipped
    assert (made.pool / "generate_failed.jsonl").read_text() == ""


def test_a_prompt_that_cannot_be_asked_is_told_and_needs_no_second_run(tmp_path, counter):
    address, _ = counter
    made = project(tmp_path / "p", member(address), prompts=("sure 1", CONTINUED))
    summary = generate(made)
    assert summary.counts["answers"] == 6
    assert any("1 cannot be asked" in note for note in summary.notes)
    assert generate(made).skipped


def test_the_budget_stops_hard_and_more_of_it_goes_on(tmp_path, counter):
    address, log = counter
    made = project(tmp_path / "p", member(address), budget={"calls": 4})
    with pytest.raises(BudgetError, match="4 of 4 calls"):
        generate(made)
    assert len(requests_in(log)) == 4
    assert not (made.pool / "generated.parquet").exists()
    more = project(tmp_path / "p", member(address), budget={"calls": 9})
    assert generate(more).counts["new calls"] == 5


def test_a_limit_asks_prompts_evenly_spread(tmp_path, counter):
    address, log = counter
    prompts = [f"sure {n}" for n in range(9)]
    made = project(
        tmp_path / "p", member(address, samples=1), prompts=prompts, generate={"limit": 2}
    )
    generate(made)
    assert sorted(requests_in(log)) == ["rote 1 sure 0", "rote 1 sure 5"]  # of ten: 0 and 5


def test_the_rule_saves_calls_and_says_what_it_does_not_know(tmp_path, counter):
    address, log = counter
    prompts = [f"{kind} {n}" for n in range(30) for kind in ("sure", "torn")]
    made = project(
        tmp_path / "p",
        member(address, samples=8),
        prompts=prompts,
        generate={"adaptive": {"stop": "bucket", "least": 3}},
    )
    summary = generate(made)
    assert summary.counts["saved"] > 0
    assert len(requests_in(log)) == 61 * 8 - summary.counts["saved"]
    assert any("stop: never" in note for note in summary.notes)


def test_answers_that_nothing_is_read_from_are_grouped_by_their_vectors(tmp_path, counter):
    address, _ = counter
    made = project(
        tmp_path / "p",
        member(address, samples=4),
        generate={"adaptive": {"stop": "bucket", "least": 2}},
        score={"answer": {"extract": "embedding"}},
    )
    generate(made)
    assert pq.read_table(made.pool / "generated.parquet").num_rows >= 6


def test_the_rule_asks_again_where_fewer_would_be_chosen(tmp_path, counter):
    address, _ = counter
    rule = {"adaptive": {"stop": "selection"}}
    for share, skipped in ((0.1, False), (0.5, False), (0.5, True)):
        made = project(
            tmp_path / "p",
            member(address, samples=6),
            generate=rule,
            select={"random_share": share, "budget": {"items": 2}},
        )
        assert generate(made).skipped is skipped


def test_answers_to_prompts_that_are_gone_are_no_candidates(tmp_path, counter):
    address, log = counter
    made = project(tmp_path / "p", member(address))
    generate(made)
    made = project(tmp_path / "p", member(address), prompts=("sure 1",))
    records = set(made.table("records")["id"].to_pylist())
    assert set(made.candidates()["record_id"].to_pylist()) == records
    assert generate(made).counts["answers"] == 6  # "sure 1" and "logged?", three samples each
    assert len(requests_in(log)) == 9  # of the first run: nothing was asked again


def test_members_that_ask_for_the_same_are_told(tmp_path, counter):
    address, log = counter
    made = project(tmp_path / "p", *(member(address, name=name) for name in ("ada", "bob")))
    assert any("ada and bob ask for the same" in note for note in generate(made).notes)
    assert len(requests_in(log)) == 9


def test_no_key_among_the_params_reaches_a_file(tmp_path, counter):
    address, log = counter
    secret = {"extra_headers": {"Authorization": "Bearer hush"}}
    made = project(tmp_path / "p", member(address, params={"temperature": 1, **secret}))
    with pytest.raises(ConfigError, match=r"`params.extra_headers`.*see `api_key_env:`"):
        generate(made)
    assert not requests_in(log)


def test_a_queue_whose_answers_are_gone_says_how_to_go_on(tmp_path, counter):
    address, _ = counter
    made = project(tmp_path / "p", member(address), prompts=("torn 1", "torn 2", "torn 3"))
    for stage in (generate, embed, score, select):
        stage(made)
    assert items_of(made, made.rounds()[-1])
    made = project(tmp_path / "p", prompts=("torn 1", "torn 2", "torn 3"))
    generate(made)
    with pytest.raises(ProjectError, match=r"queue of round 1 are no longer in the pool; put"):
        items_of(made, made.rounds()[-1])
    assert plan(made).data["review_minutes"] == 0  # of the one answer left, shares are set aside


def test_samples_without_a_temperature_are_warned_of(tmp_path, counter):
    address, _ = counter
    made = project(tmp_path / "p", member(address, samples=2, params={"seed": 1}))
    assert any("server's default" in note for note in generate(made).notes)


@pytest.mark.model
def test_a_real_model_gives_samples_with_their_log_probabilities(tmp_path, smollm2):
    params = {"temperature": 0.8, "max_tokens": 12, "seed": 3}
    who = {"model": smollm2.model, "base_url": smollm2.base_url, "samples": 3, "params": params}
    made = project(tmp_path / "p", who, prompts=("What is 2 + 2?", "Name a colour."))
    summary = generate(made)
    assert (summary.counts["answers"], summary.counts["failed"]) == (9, 0)
    rows = pq.read_table(made.pool / "generated.parquet").to_pylist()
    assert all(-100 < row["logprob_sum"] <= row["logprob_mean"] <= 0 for row in rows)
    assert {row["finish_reason"] for row in rows} <= {"stop", "length"}
    assert len({row["message"]["content"] for row in rows}) > 3
