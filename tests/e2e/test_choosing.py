"""Rounds that learn, and a stream, through a real Argilla."""

import gzip
import json
from itertools import islice

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import EXAMPLES, REWRITE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ROUNDS = REWRITE.replace("{budget: {items: 12}}", "{budget: {items: 40}, random_share: 0.5}") + (
    "learn: {least: 30}\n"
)
STREAM = REWRITE + "stream: {per_day: 40, batch: 5}\n"


def odd_ones_are_rewritten(shown):
    text = shown.fields["completion"]
    if len(text) % 2:
        return {"quality": "good"}
    return {"quality": "rewritten", "rewrite": text + " (checked)"}


def stages(said):
    return {summary["stage"]: summary for summary in said}


def test_run_takes_the_next_round_by_itself_and_learns_from_the_last(walk, argilla):
    config = ROUNDS.replace("task: rewrite}", "task: rewrite, rounds: 2}")
    project = walk("rounds", config, n=150, server=argilla)
    first = stages(project.run())
    assert (
        "nothing learned" in json.dumps(first["learn"]) or first["learn"]["counts"]["answers"] == 0
    )
    project.answer("ada", odd_ones_are_rewritten)
    project.answer("bea", odd_ones_are_rewritten)
    closed = stages(project.run())
    assert closed["progress"]["counts"] and closed["close"]["counts"]["round"] == "1"
    second = stages(project.run())
    assert second["learn"]["counts"]["answers"] == 40
    assert second["select"]["counts"]["round"] == "2"
    queues = [pq.read_table(project.folder / f"rounds/00{n}/queue.parquet") for n in (1, 2)]
    asked = [set(queue["record_id"].to_pylist()) for queue in queues]
    assert len(asked[0] & asked[1]) == 0
    lines = "\n".join(second["select"]["notes"])
    assert "beside them 20 queues by lot" in lines
    project.answer("ada", odd_ones_are_rewritten)
    project.answer("bea", odd_ones_are_rewritten)
    project.run()
    after = project.run()
    assert after[0]["skipped"] and "--next-round" in after[0]["notes"][0]


def test_what_a_stream_takes_is_pushed_answered_and_exported_like_a_round(walk, argilla):
    project = walk("stream", STREAM, n=1, server=argilla)
    with gzip.open(EXAMPLES / "gsm8k_committee" / "answers.jsonl.gz", "rt") as file:
        rows = list(islice(file, 120))
    (project.folder / "new.jsonl").write_text("".join(rows), encoding="utf-8")
    done = project.curate("stream", "new.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    *decisions, summary = [json.loads(line) for line in done.stdout.splitlines()]
    taken = {d["id"] for d in decisions if d["taken"]}
    assert 2 <= len(taken) <= 30 and summary["counts"]["queued"] == len(taken)
    assert {d["need_name"] for d in decisions} <= {"uncertainty", "novelty"}
    again = project.curate("stream", "new.jsonl", "--json")
    assert len(again.stdout.splitlines()) == 1
    assert project.answer("ada", odd_ones_are_rewritten) == len(taken)
    project.answer("bea", odd_ones_are_rewritten)
    said = stages(project.run())
    assert said["close"]["counts"]["round"] == "1"
    assert said["resolve"]["counts"]["settled"] == len(taken)
    page = (project.folder / "report.html").read_text(encoding="utf-8")
    assert all(d["id"] in page for d in decisions if d["taken"])
    shown = project.curate("explain", decisions[0]["id"])
    assert decisions[0]["reason"][:30] in shown.stdout
