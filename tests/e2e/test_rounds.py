"""Rounds, kills and repetitions, on real answers and a real Argilla."""

import json
import random
import signal
import subprocess
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from curate.review.argilla import ArgillaDesk
from tests.e2e.conftest import RANK, REWRITE, to_the_queue

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

POOL = ("records", "candidates", "pairs", "scores")


def content(walk, *names):
    return {name: (walk.folder / name).read_bytes() for name in names}


def made_before_the_desk(walk):
    tables = [f"pool/{name}.parquet" for name in POOL]
    return content(
        walk, *tables, "pool/prompts.npy", "rounds/001/queue.parquet", "rounds/001/pool.parquet"
    )


def table(walk, name):
    return pq.read_table(walk.folder / f"{name}.parquet").to_pylist()


def rewrite(shown):
    if len(shown.fields["completion"]) % 2:
        return {"quality": "good"}
    return {"quality": "rewritten", "rewrite": shown.fields["completion"] + " (checked)"}


def longest_first(shown):
    names = sorted(n for n in shown.fields if n.startswith("response"))
    order = sorted(names, key=lambda n: -len(shown.fields[n]))
    return {"ranking": {name: order.index(name) + 1 for name in names}}


def test_the_same_input_gives_the_same_bytes_on_any_hash_seed(walk, prepared):
    other = walk("prepared", REWRITE)
    to_the_queue(other, PYTHONHASHSEED="2")
    assert made_before_the_desk(other) == made_before_the_desk(prepared)


def test_killed_at_any_moment_the_same_command_ends_the_same(walk, prepared, argilla):
    """kill -9 at random moments over the whole way to the desk, then undisturbed to its end."""
    killed = walk("prepared", REWRITE, server=argilla)
    moments = random.Random(7)
    kills = 0
    for _ in range(8):
        going = subprocess.Popen(
            killed.command("run", "curate.yaml"),
            cwd=killed.folder,
            env=killed.env(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.3, 9))
        kills += going.poll() is None
        going.send_signal(signal.SIGKILL)
        going.wait()
    assert kills > 2
    assert next(s for s in killed.run() if s["stage"] == "pull")["waiting"]
    assert made_before_the_desk(killed) == made_before_the_desk(prepared)
    with ArgillaDesk(argilla.url, argilla.api_key, "prepared") as desk:
        assert desk.progress("prepared-r001-rewrite").total == 12


def test_two_rounds_of_rewriting(walk, argilla):
    project = walk("rewriting", REWRITE, server=argilla)
    first = project.run()
    before = ["ingest", "clean", "generate", "judge", "embed", "score", "learn", "select"]
    stages = [*before, "push", "pull", "progress", "report"]
    assert [s["stage"] for s in first] == stages
    assert first[9]["waiting"]
    assert project.answer("ada", rewrite) == 12
    waits = project.run()
    assert next(s for s in waits if s["stage"] == "pull")["counts"]["items done"] == 6
    assert project.answer("bo", rewrite) == 6
    said = {s["stage"]: s for s in project.run()}
    assert said["resolve"]["counts"]["settled"] == 12
    assert said["resolve"]["counts"]["alpha"] == pytest.approx(1)
    assert said["select"]["skipped"] and said["push"]["counts"]["new"] == 0
    assert said["close"]["stage"] == "close"

    later = {s["stage"]: s for s in project.run("--next-round")}
    assert later["pull"]["waiting"]
    asked = [{row["record_id"] for row in table(project, f"rounds/00{n}/queue")} for n in (1, 2)]
    assert len(asked[1]) == 12 and not asked[0] & asked[1]
    novelty = [row["novelty"] for row in table(project, "pool/scores")]
    assert not np.isnan(novelty).any()
    project.answer("ada", rewrite)
    project.answer("bo", rewrite)
    project.run()
    manifests = [
        json.loads((project.folder / "rounds" / f"00{n}" / "manifest.json").read_text())
        for n in (1, 2)
    ]
    assert manifests[0]["before"] is None and len(manifests[1]["before"]) == 64
    assert any(name.startswith("exports/001/trl-messages/") for name in manifests[0]["files"])
    told = project.curate("explain", next(iter(asked[0]))).stdout
    assert "round 1" in told

    project.change_mind("ada", {"quality": "good"})
    late = json.loads(project.curate("pull", "--json").stdout)
    assert late["counts"]["new or changed"] > 0 and "open again" in " ".join(late["notes"])
    assert not (project.folder / "rounds" / "002" / "manifest.json").exists()
    assert project.run()[-2]["stage"] == "close"


def test_full_rankings_give_pairs_with_ties_kept(walk, argilla):
    project = walk("ordering", RANK, server=argilla)
    project.run()
    for person in ("cy", "di"):
        assert project.answer(person, longest_first) == 8
    said = {s["stage"]: s for s in project.run()}
    assert said["resolve"]["counts"]["settled"] == 8 * 3
    curated = table(project, "rounds/001/curated")
    chosen = [len(r["chosen"]["content"]) for r in curated if r["outcome"] in "ab"]
    rejected = [len(r["rejected"]["content"]) for r in curated if r["outcome"] in "ab"]
    assert len(chosen) > 12 and all(c >= r for c, r in zip(chosen, rejected, strict=True))


def test_a_desk_that_is_away_is_one_sentence_and_nothing_is_lost(queued):
    project = queued()
    queue = content(project, "rounds/001/queue.parquet")
    env = {"ARGILLA_API_URL": "http://127.0.0.1:9", "ARGILLA_API_KEY": "owner.apikey-never-shown"}
    done = project.curate("push", **env)
    assert done.returncode == 5
    assert "127.0.0.1:9" in done.stderr and "never-shown" not in done.stderr + done.stdout
    assert content(project, "rounds/001/queue.parquet") == queue


def test_a_missing_key_names_its_variable(queued):
    project = queued()
    env = {"ARGILLA_API_URL": "http://127.0.0.1:9", "ARGILLA_API_KEY": ""}
    done = project.curate("push", **env)
    assert done.returncode == 5 and "ARGILLA_API_KEY" in done.stderr


def test_a_wrong_key_is_refused_without_being_shown(queued, argilla):
    project = queued()
    env = {"ARGILLA_API_URL": argilla.url, "ARGILLA_API_KEY": "not-the-key-at-all"}
    done = project.curate("push", **env)
    assert done.returncode == 5 and "not-the-key-at-all" not in done.stderr


def test_the_embedded_server_is_found_by_itself(queued, argilla):
    project = queued()
    home = {"CURATE_HOME": str(argilla.home), "ARGILLA_API_URL": ""}
    assert project.curate("push", **home).returncode == 0
    state = json.loads(project.curate("argilla", "status", "--json", **home).stdout)
    assert state["url"] == argilla.url and argilla.api_key not in json.dumps(state)
    nowhere = {"CURATE_HOME": str(project.folder / "none"), "ARGILLA_API_URL": ""}
    alone = project.curate("push", **nowhere)
    assert alone.returncode == 5 and "curate argilla up" in alone.stderr
