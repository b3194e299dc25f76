"""`curate diff` on real preference pairs: what was done to them, and nothing else, is told."""

import gzip
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

PAIRS = Path(__file__).parents[2] / "examples" / "pandalm_pairs" / "pairs.jsonl.gz"


def preferences():
    with gzip.open(PAIRS, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            a, b = row["response_a"], row["response_b"]
            if isinstance(a, str) and isinstance(b, str) and a.strip() and a.strip() != b.strip():
                prompt = f"{row['instruction']}\n{row['input']}"
                yield {"id": row["pair_id"], "prompt": prompt, "chosen": a, "rejected": b or "-"}


def written(folder, name, rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def curate(folder, *arguments):
    command = [sys.executable, "-m", "curate.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Two versions: 10 in 100 flipped, 5 edited, 2 gone, two new; and shuffled."""
    folder, lot = tmp_path_factory.mktemp("versions"), random.Random(3)
    before, after, done = list(preferences()), [], {"flipped": 0, "edited": 0, "removed": 0}
    for row in before:
        draw, new = lot.random(), dict(row)
        if draw < 0.1:
            new["chosen"], new["rejected"] = row["rejected"], row["chosen"]
            done["flipped"] += 1
        elif draw < 0.15:
            new["chosen"] += " Ask jo@curate.dev."
            done["edited"] += 1
        elif draw < 0.17:
            done["removed"] += 1
            continue
        after.append(new)
    new = ("How do tides come about?", "Which bird flies the highest of all?")
    after += [{"id": q, "prompt": q, "chosen": "By the moon.", "rejected": "No."} for q in new]
    lot.shuffle(after)
    written(folder, "v1.jsonl", before), written(folder, "v2.jsonl", after)
    return folder, done


def test_what_was_done_to_the_rows_is_what_is_told(versions):
    folder, done = versions
    ran = curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--json")
    assert ran.returncode == 0, ran.stderr
    counts = json.loads(ran.stdout)["counts"]
    assert {kind: counts[kind] for kind in done} == done
    assert counts["added"] == 2 and counts["annotated"] == 0
    lines = (folder / "diff-v2" / "diff.jsonl").read_text()
    assert "jo@curate.dev" not in lines
    for line in map(json.loads, lines.splitlines()):
        places = [line["before"], line["after"]]
        assert any(places) and all(p is None or p.startswith("v") for p in places)


@pytest.mark.slow
def test_a_bar_makes_the_exit_code(versions):
    folder, _ = versions
    assert (
        curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--fail-on", "flipped:0.2").returncode == 0
    )
    over = curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--fail-on", "flipped:0.05")
    assert over.returncode == 1 and "above the bar: flipped" in over.stdout
    wrong = curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--fail-on", "flip")
    assert wrong.returncode == 2 and "no kind of change is so called" in wrong.stderr
    strict = ("--fail-on", "flipped:0.05", "--fail-on", "flipped:0.2")
    assert curate(folder, "diff", "v1.jsonl", "v2.jsonl", *strict).returncode == 1
    blind = curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--fail-on", "contamination")
    assert blind.returncode == 2 and "add --against" in blind.stderr
    missing = curate(folder, "diff", "v1.jsonl", "v0.jsonl")
    assert missing.returncode == 2 and "v0.jsonl" in missing.stderr


@pytest.mark.slow
def test_the_same_command_again_writes_the_same_bytes(versions):
    folder, _ = versions
    said = []
    for out in ("one", "two"):
        ran = curate(folder, "diff", "v1.jsonl", "v2.jsonl", "--out", out, "--no-text")
        assert ran.returncode == 0
        said.append({p.name: p.read_bytes() for p in (folder / out).iterdir()})
    assert said[0] == said[1] and set(said[0]) == {"diff.json", "diff.jsonl"}
    assert b'"text"' not in said[0]["diff.jsonl"]
