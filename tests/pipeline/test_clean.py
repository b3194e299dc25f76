"""Cleaning a project: what later stages see, and what a kill at any moment leaves."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from curate.errors import InputError, ProjectError
from curate.pipeline.clean import clean, clean_all, clean_answers
from curate.pipeline.offer import offer
from curate.pipeline.pool import embed, ingest, pool_key, score, upstream
from curate.pipeline.queue import explain, select
from curate.pipeline.stream import stream
from curate.project import Project
from curate.records import CANDIDATES

EXAMPLE = Path(__file__).parents[2] / "examples" / "gsm8k_committee"
MAIL = "Write to jo@curate.dev about the refund, please."
CODE = """
import sys
from curate.pipeline.clean import clean
from curate.project import Project
clean(Project(sys.argv[1]))
"""


def line(prompt, *answers, **more):
    chats = [{"role": "assistant", "content": text} for text in answers]
    return {"messages": [{"role": "user", "content": prompt}, *chats[:1]], **more}


LINES = [
    line("How do I return a parcel that never came?", "Wait.", tier="gold"),
    line("how  do I return a parcel that never came?", "Ask the post.", tier="gold"),
    line(MAIL, "I wrote to jo@curate.dev.", tier="gold"),
    line("What does a parcel of 5 kg cost?", "Ten.", tier="tin"),
]


def project(folder, lines=LINES, **sections):
    folder.mkdir(exist_ok=True)
    (folder / "logs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    return configured(folder, **sections)


def configured(folder, **sections):
    config = {"ingest": {"paths": ["logs.jsonl"]}, **sections}
    (folder / "curate.yaml").write_text(yaml.safe_dump(config))
    made = Project(folder / "curate.yaml")
    ingest(made)
    return made


def dropped(project):
    path = project.pool / "dropped.jsonl"
    return [json.loads(row) for row in path.read_text().splitlines()] if path.exists() else []


def files(project):
    made = [p for p in project.pool.rglob("*") if p.is_file() and p.suffix != ".npy"]
    return {p.relative_to(project.pool).as_posix(): p.read_bytes() for p in sorted(made)}


def test_what_is_dropped_is_told_and_later_stages_do_not_see_it(tmp_path):
    made = project(tmp_path / "p", clean={"keep": "metadata.tier == 'gold'"})
    said = clean(made)
    assert said.counts == {"records": 2, "candidates": 2, "dropped": 4, "flagged": 0}
    assert made.need_table("records", "ingest").num_rows == 2
    assert made.candidates().num_rows == 2 and made.need_read("records").num_rows == 4
    rows = dropped(made)
    assert {(row["check"], row["line"]) for row in rows} == {("keep", 4), ("exact-duplicates", 2)}
    assert all(row["stage"] == "clean" and row["file"].endswith("logs.jsonl") for row in rows)
    assert embed(made).counts["prompts"] == 2
    assert score(made).counts["candidates"] == 2
    select(made)
    gone = next(row["id"] for row in rows if row["check"] == "keep" and row["what"] == "record")
    assert "was dropped: not kept" in explain(made, gone).notes[0]


def test_the_same_command_again_does_nothing_and_writes_the_same_bytes(tmp_path):
    made = project(tmp_path / "p", clean={"keep": "metadata.tier == 'gold'"})
    clean(made)
    before = files(made)
    again = clean(made)
    assert again.skipped and files(made) == before
    (made.folder / "stamps" / "clean.json").unlink()
    assert not clean(made).skipped and files(made) == before


def test_what_was_read_anew_makes_the_cleaned_pool_stale(tmp_path):
    made = project(tmp_path / "p", clean={"keep": "metadata.tier == 'gold'"})
    clean(made)
    with (made.folder / "logs.jsonl").open("a") as file:
        file.write(json.dumps(line("May I pay by invoice?", "Yes.", tier="gold")) + "\n")
    ingest(made)
    assert made.need_table("records", "ingest").num_rows == 5
    clean(made)
    assert made.need_table("records", "ingest").num_rows == 3


def test_nothing_asked_for_leaves_no_trace(tmp_path):
    off = dict.fromkeys(("exact-duplicates", "near-duplicates"), "off")
    made = project(tmp_path / "p", clean={"keep": "metadata.tier == 'gold'"})
    clean(made)
    made = configured(made.folder, clean={"checks": off})
    before = {name for name in files(made) if "clean" not in name and "dropped" not in name}
    assert clean(made).notes == ("nothing to do: `clean:` asks for nothing",)
    assert set(files(made)) == before and not made.cleaned.exists()
    assert pool_key(made) == upstream(made, "ingest")
    assert made.need_table("records", "ingest").num_rows == 4


def test_a_pool_without_faults_keeps_its_key(tmp_path):
    made = project(tmp_path / "p", LINES[2:])
    clean(made)
    assert pool_key(made) == upstream(made, "ingest")
    assert not (made.cleaned / "records.parquet").exists()


def test_a_pool_of_which_nothing_would_be_left_is_refused(tmp_path):
    made = project(tmp_path / "p", clean={"keep": "metadata.tier == 'platinum'"})
    with pytest.raises(InputError, match=r"would drop every prompt.*not kept"):
        clean(made)


def test_stages_refuse_vectors_and_scores_of_another_pool(tmp_path):
    made = project(tmp_path / "p")
    with pytest.raises(ProjectError, match="run `curate embed` first"):
        score(made)
    embed(made), score(made), select(made)
    cleaned = configured(made.folder, clean={"drop": [{"where": "metadata.tier == 'tin'"}]})
    clean(cleaned)
    row = dropped(cleaned)[0]
    with pytest.raises(ProjectError, match="run `curate embed` first"):
        score(cleaned)
    with pytest.raises(ProjectError, match="run `curate score` first"):
        explain(cleaned, row["id"])
    embed(cleaned)
    assert not score(cleaned).skipped
    select(cleaned)
    assert "was dropped" in explain(cleaned, row["id"]).notes[0]


def test_a_benchmark_that_cannot_be_read_is_refused(tmp_path):
    made = project(tmp_path / "p", clean={"benchmarks": ["junk.jsonl"]})
    (made.folder / "junk.jsonl").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match=r"junk\.jsonl could be read"):
        clean(made)
    assert not (made.pool / "dropped.jsonl").exists()


def test_flagged_answers_are_on_offer_to_nobody(tmp_path):
    loop = "I will look into it for you now. " * 40
    rows = [*LINES[2:], line("Where is my refund?", loop)]
    made = project(tmp_path / "p", rows, clean={"checks": {"repetition": "flag"}})
    assert clean(made).counts["flagged"] == 1
    embed(made), score(made)
    offered = offer(made, made.next_round()).pool
    (why,) = offered.left_out.values()
    assert why.startswith("flagged: ") and why.endswith("(repetition)")
    (row,) = offered.left_out
    assert made.candidates()["message"].to_pylist()[row]["content"].startswith("I will look")
    select(made)
    said = configured(made.folder)
    clean(said)
    assert not select(said).skipped, "a flag taken back is a new choice"


def test_redacted_rows_go_on_and_nothing_else_may(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_PSEUDONYM_KEY", "k" * 32)
    made = project(tmp_path / "p", clean={"personal": "redact", "vault": "vault.sqlite"})
    with pytest.raises(ProjectError, match="run `curate clean` first"):
        embed(made)
    said = clean(made)
    assert said.counts["with personal data"] == 2
    texts = str(made.need_table("records", "ingest").to_pylist() + made.candidates().to_pylist())
    assert "jo@curate.dev" not in texts and "<EMAIL_" in texts
    assert (made.folder / "vault.sqlite").stat().st_mode & 0o777 == 0o600
    assert b"jo@curate" not in (made.pool / "dropped.jsonl").read_bytes()
    embed(made)
    back = configured(made.folder)
    clean(back)
    assert "jo@curate.dev" in str(back.candidates().to_pylist())


def generated(project, *texts):
    """Answers that a model gave to the first prompt."""
    records = project.need_table("records", "ingest").to_pylist()
    rows = [
        {
            "id": f"c{n:024d}",
            "record_id": records[0]["id"],
            "message": {"role": "assistant", "content": text},
            "model": "rote",
            "origin": "committee",
            "repeat": 0,
            "params": "{}",
            "metadata": "{}",
            "source": "logs.jsonl:1",
        }
        for n, text in enumerate(texts)
    ]
    import pyarrow as pa

    project.write("generated", pa.Table.from_pylist(rows, schema=CANDIDATES))


def test_generated_answers_are_cleaned_too(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_PSEUDONYM_KEY", "k" * 32)
    made = project(
        tmp_path / "p",
        clean={"personal": "redact", "drop": [{"where": "answer ~ 'stupid'", "reason": "rude"}]},
    )
    assert [s.counts.keys() for s in clean_all(made)] == [clean(made).counts.keys()]
    generated(made, "What a stupid question.", "Mail al@curate.dev.", "Fine.")
    with pytest.raises(ProjectError, match="run `curate clean` first"):
        made.candidates()
    said = clean_answers(made)
    assert said.counts["generated answers"] == 2 and said.counts["dropped"] == 1
    texts = [m["content"] for m in made.candidates()["message"].to_pylist()]
    assert "Fine." in texts and not any("stupid" in t or "al@" in t for t in texts)
    assert clean_answers(made).skipped
    (row,) = map(json.loads, (made.pool / "dropped_generated.jsonl").read_text().splitlines())
    assert row["reason"].startswith("rude")
    (made.pool / "generated.parquet").unlink()
    assert not clean_answers(made).counts
    assert not (made.pool / "dropped_generated.jsonl").exists()


@pytest.fixture(scope="module")
def committee(tmp_path_factory):
    """Real answers of twelve models to the first 300 prompts, half of them under a rule."""
    folder = tmp_path_factory.mktemp("committee")
    with gzip.open(EXAMPLE / "answers.jsonl.gz", "rt", encoding="utf-8") as file:
        (folder / "logs.jsonl").write_text("".join(next(file) for _ in range(300)))
    rules = [{"where": "prompt ~ 'how many|How many'"}]
    made = configured(folder, clean={"drop": rules, "checks": {"truncated": "flag"}})
    return made


def in_a_child(project):
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(project.config_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "11"},
    )


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_what_an_undisturbed_run_leaves(committee):
    clean(committee)
    undisturbed = files(committee)
    assert len(dropped(committee)) > 100
    moments = random.Random(5)
    for _ in range(6):
        for path in (
            committee.cleaned / "cleaned.json",
            committee.folder / "stamps" / "clean.json",
        ):
            path.unlink(missing_ok=True)
        going = in_a_child(committee)
        time.sleep(moments.uniform(0.5, 2.5))
        going.send_signal(signal.SIGKILL)
        going.communicate()
        assert committee.need_table("records", "ingest").num_rows in (300, 300 - gone(committee))
    ended = in_a_child(committee)
    assert ended.communicate()[1] == b"" and ended.returncode == 0
    assert files(committee) == undisturbed


def gone(project):
    return sum(row["what"] == "record" for row in dropped(project))


def test_every_answer_of_a_real_committee_stays_or_is_told_of(committee):
    clean(committee)
    rows = dropped(committee)
    left = committee.candidates().num_rows
    assert left + sum(r["what"] == "candidate" for r in rows) == 3600
    assert left == 12 * committee.need_table("records", "ingest").num_rows
    assert {row["check"] for row in rows} == {"drop"}


def test_what_arrives_in_a_stream_is_cleaned_before_it_is_decided(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_PSEUDONYM_KEY", "k" * 32)
    config = {
        "ingest": {"paths": ["logs.jsonl"]},
        "select": {"test_share": 0, "calibration_share": 0},
        "stream": {"per_day": 1000},
        "clean": {"personal": "redact", "keep": "metadata.tier == 'gold'"},
    }
    (tmp_path / "curate.yaml").write_text(yaml.safe_dump(config))
    days = [row | {"time": 1_700_000_000 + 86_400 * n} for n, row in enumerate(LINES)]
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in days))
    made = Project(tmp_path / "curate.yaml")
    said = stream(made, str(tmp_path / "new.jsonl"), desk=False, by_record_time=True)
    assert said.counts["decided"] == 3 and said.counts["rejected"] == 1
    taken = str(made.rounds()[0].need_table("records", "stream").to_pylist())
    assert "jo@curate.dev" not in taken and "5 kg" not in taken
