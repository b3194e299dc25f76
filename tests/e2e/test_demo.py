"""The demo's stories, as `make demo` walks them, and what they leave behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest

from curate.checks.format import validate
from tests.chromium import browser

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.argilla, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of a finished demo."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, str(ROOT / "examples" / "demo.py"), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "What the demo found" in done.stdout
    return folder


@pytest.fixture(scope="module")
def summary(demo):
    return json.loads((demo / "summary.json").read_text())


def curate(*arguments, home):
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    env = os.environ | {"CURATE_HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, env=env)


def pool(demo, story):
    return pq.read_table(demo / story / "rounds" / "001" / "pool.parquet")


def test_the_audit_finds_what_must_not_be_trained_on(demo, summary):
    found = summary["auditing"]
    assert found["rows"] == 2815 and found["above"] >= 2
    said = json.loads((demo / "auditing" / "summary.json").read_text())
    leaked = next(check for check in said["checks"] if check["name"] == "contamination")
    assert leaked["rows"] == 640  # 4 models' answers to the 160 prompts of Vicuna and MT-Bench
    removed = (demo / "auditing" / "clean.jsonl.removed.jsonl").read_bytes().count(b"\n")
    assert removed + found["kept"] == 2815


def test_at_least_95_in_100_of_the_chosen_answers_are_wrong(summary):
    found = summary["rewriting"]
    assert found["queue"] == 150
    assert found["queue_wrong"] >= 0.95
    assert 0.17 < found["pool_wrong"] < 0.23
    assert found["queue_wrong"] > 4 * found["pool_wrong"]


def test_the_chosen_cover_more_clusters_than_the_most_disputed_alone(demo):
    from sklearn.cluster import KMeans

    rows = pool(demo, "rewriting").to_pandas()
    records = pq.read_table(demo / "rewriting" / "pool" / "records.parquet", columns=["id"])
    place = {id: n for n, id in enumerate(records["id"].to_pylist())}
    vectors = np.load(demo / "rewriting" / "pool" / "prompts.npy")
    open_ = rows[(rows.side == "pool") & (rows.part != "random")]
    disputed = open_.sort_values("score.contradiction_weighted", ascending=False, kind="stable")
    where = {
        "chosen": [place[r] for r in rows[rows.part == "active"].record_id],
        "disputed": [place[r] for r in disputed.record_id[:150]],
    }
    reached = {name: [] for name in where}
    for seed in range(5):
        labels = KMeans(n_clusters=100, n_init=1, random_state=seed).fit_predict(vectors)
        for name, picked in where.items():
            reached[name].append(len(set(labels[picked])))
    assert np.mean(reached["chosen"]) > np.mean(reached["disputed"])


def test_protected_rows_were_never_asked(demo):
    for story in ("rewriting", "ranking"):
        rows = pool(demo, story).to_pandas()
        assert {"pool", "test", "calibration"} == set(rows.side)
        assert set(rows[rows.part.notna()].side) == {"pool"}


def test_the_random_slice_has_its_chance_and_the_others_none(demo):
    rows = pool(demo, "rewriting").to_pandas()
    drawn = rows[rows.part == "random"]
    assert len(drawn) == 17
    assert ((drawn.probability > 0) & (drawn.probability < 1)).all()
    assert rows[rows.part == "active"].probability.isna().all()


def test_three_people_voted_on_every_pair(demo, summary):
    found = summary["ranking"]
    assert found["queue"] == 120
    assert found["answers"] == 360
    assert 0.6 < found["alpha"] <= 1


def test_votes_came_back_as_they_were_cast(demo):
    """Each person's recorded vote, whichever side an answer stood on, is the vote that is kept."""
    import gzip

    examples = ROOT / "examples" / "pandalm_pairs"
    lines = [
        gzip.open(examples / n).read().splitlines() for n in ("pairs.jsonl.gz", "votes.jsonl.gz")
    ]
    cast = {}
    for pair, votes in zip(*([json.loads(line) for line in part] for part in lines), strict=True):
        texts = frozenset(_flat(pair[k]) for k in ("response_a", "response_b"))
        for vote in votes["votes"]:
            key = (_flat(pair["instruction"] + pair["input"]), texts, vote["annotator"])
            cast[key] = _flat(pair.get(f"response_{vote['vote']}", "tie"))
    kept = demo / "ranking" / "rounds" / "001"
    queue = {row["item_id"]: row for row in pq.read_table(kept / "queue.parquet").to_pylist()}
    candidates = pq.read_table(demo / "ranking" / "pool" / "candidates.parquet").to_pylist()
    texts = {row["id"]: _flat(row["message"]["content"]) for row in candidates}
    records = pq.read_table(demo / "ranking" / "pool" / "records.parquet").to_pylist()
    prompts = {r["id"]: _flat("".join(m["content"] for m in r["messages"])) for r in records}
    checked = 0
    for row in pq.read_table(kept / "responses.parquet").to_pylist():
        item = queue[row["item_id"]]
        a, b = (texts[id] for id in item["candidate_ids"])
        said = {"a": a, "b": b}.get(json.loads(row["value"]), "tie")
        assert said == cast[prompts[item["record_id"]], frozenset((a, b)), row["annotator"]]
        checked += 1
    assert checked == 360


def _flat(value) -> str:
    return "".join((json.dumps(value) if isinstance(value, bool) else value).split())


def test_every_export_loads_and_every_row_is_what_its_trainer_accepts(demo, summary, tmp_path):
    for story in ("ranking", "rewriting"):
        paths = [Path(p) for p in summary[story]["exports"]]
        assert len(paths) >= 8
        for path in paths:
            kind = {".jsonl": "json", ".parquet": "parquet"}[path.suffix]
            rows = datasets.load_dataset(
                kind, data_files=str(path), split="train", cache_dir=str(tmp_path)
            )
            assert len(rows) > 0
            assert [validate(row, path.parent.name) for row in rows] == [[]] * len(rows)


def test_a_conversation_is_never_in_two_splits(demo):
    seen = {}
    for path in sorted((demo / "rewriting" / "exports" / "001").glob("trl-messages/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            prompt = json.loads(line)["messages"][0]["content"]
            assert seen.setdefault(prompt, path.stem) == path.stem
    assert set(seen.values()) == {"train", "validation"}


def test_a_finished_round_stays_as_it_is(demo):
    home, config = demo / "home", demo / "rewriting" / "curate.yaml"
    manifest = demo / "rewriting" / "rounds" / "001" / "manifest.json"
    before = manifest.read_bytes()
    done = curate("run", config, home=home)
    assert done.returncode == 0 and "--next-round" in done.stdout
    assert manifest.read_bytes() == before


def test_status_and_explain_tell_what_happened(demo):
    home, config = demo / "home", demo / "rewriting" / "curate.yaml"
    said = json.loads(curate("status", "-c", config, "--json", home=home).stdout)
    assert said["rounds"][0]["closed"] and said["rounds"][0]["curated"] == 167
    rows = pool(demo, "rewriting").to_pandas()
    picked = rows[rows.order == 20].iloc[0]
    told = curate("explain", picked.item_id, "-c", config, home=home).stdout
    assert "picked as number 21 of 167 (active)" in told
    assert "uncertainty" in told and "rank" in told
    kept = rows[rows.side == "test"].iloc[0]
    assert "test split" in curate("explain", kept.item_id, "-c", config, home=home).stdout
    answers = pq.read_table(demo / "rewriting" / "pool" / "candidates.parquet").to_pylist()
    member = next(row["id"] for row in answers if row["model"] == "command-r")
    assert "committee member" in curate("explain", member, "-c", config, home=home).stdout
    missing = curate("explain", "c0000zzz", "-c", config, home=home)
    assert missing.returncode == 2 and "begins with" in missing.stderr


def test_no_secret_lies_in_the_project(demo):
    secrets = json.loads((demo / "home" / "argilla" / "credentials.json").read_text())
    words = [v for k, v in secrets.items() if k in {"password", "api_key"}]
    assert len(words) == 2
    for path in demo.rglob("*"):
        if path.is_file() and "home" not in path.relative_to(demo).parts:
            content = path.read_bytes()
            assert not any(word.encode() in content for word in words), path


@pytest.mark.browser
@pytest.mark.parametrize("story", ["ranking", "rewriting"])
def test_the_page_shows_the_project_and_asks_nobody(demo, story):
    with browser() as page:
        page.get((demo / story / "report.html").as_uri())
        text = page.find_element("tag name", "body").text
        assert {"rewriting": "Did choosing beat chance?", "ranking": "Agreement"}[story] in text
        assert page.find_elements("css selector", "table tbody tr")
    assert (demo / story / "pool" / "map.npy").exists()
