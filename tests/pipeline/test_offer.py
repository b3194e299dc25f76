"""What a round may choose from, built from tables on disk."""

import json

import numpy as np
import pyarrow as pa
import pytest

from curate.errors import ConfigError, ProjectError, SelectionError
from curate.pipeline.offer import offer
from curate.pipeline.page import _reasons
from curate.pipeline.queue import explain, open_round, select
from curate.project import Project
from curate.records import CANDIDATES, RECORDS

N = 40


def message(role, content):
    blank = dict.fromkeys(
        ("name", "tool_call_id", "tool_calls", "refusal", "thinking", "parts"), None
    )
    return {"role": role, "content": content, **blank}


@pytest.fixture
def make(tmp_path):
    """A scored project of `N` prompts with two models, its vectors on a circle."""

    def project(text="", need=None):
        (tmp_path / "curate.yaml").write_text("ingest: {paths: [a.jsonl]}\n" + text)
        made = Project(tmp_path / "curate.yaml")
        records = [
            {
                "id": f"r{n:02d}",
                "messages": [message("user", f"Question {n}?")],
                "source": f"{'ab'[n % 2]}.jsonl:{n}",
                "group": f"g{n // 2}",
                "time": 1_700_000_000.0 + 86_400 * n,
                "metadata": json.dumps({"tier": "gold" if n < 10 else "tin"}),
            }
            for n in range(N)
        ]
        candidates = [
            {
                "id": f"c{n:02d}{model}",
                "record_id": f"r{n:02d}",
                "message": message("assistant", f"{model} says {n}"),
                "model": model,
                "metadata": json.dumps({"tier": "iron"} if n == 0 else {}),
            }
            for n in range(N)
            for model in "xy"
        ]
        made.write("records", pa.Table.from_pylist(records, schema=RECORDS))
        made.write("candidates", pa.Table.from_pylist(candidates, schema=CANDIDATES))
        angle = np.linspace(0, np.pi, N)
        np.save(made.pool / "prompts.npy", np.c_[np.cos(angle), np.sin(angle)].astype(np.float32))
        needs = np.arange(N) / N if need is None else need
        scores = {
            "candidate_id": [c["id"] for c in candidates],
            "record_id": [c["record_id"] for c in candidates],
            "is_target": [c["model"] == "x" for c in candidates],
            "uncertainty": np.repeat(needs, 2),
            "novelty": np.full(2 * N, np.nan),
            "answer_tokens": np.full(2 * N, 100),
            "prompt_tokens": np.full(2 * N, 20),
            "why_nan": ['{"novelty": "nothing reviewed yet"}'] * (2 * N),
        }
        made.write("scores", pa.table(scores))
        return made

    return project


def offered(project):
    return offer(project, project.round_at_work())


def test_only_targets_are_on_offer(make):
    on_offer = offered(make())
    assert on_offer.pool.ids == [f"c{n:02d}x" for n in range(N)]
    assert on_offer.record_ids == [f"r{n:02d}" for n in range(N)]


def test_groups_stay_whole_and_protected_sides_are_left_out(make):
    on_offer = offered(make("select: {test_share: 0.3, calibration_share: 0.2}\n"))
    sides = on_offer.sides
    assert all(sides[n] == sides[n + 1] for n in range(0, N, 2))
    protected = {n for n, side in enumerate(sides) if side != "pool"}
    assert protected and protected == set(on_offer.pool.left_out)


def test_caps_see_a_candidates_metadata_before_its_records(make):
    caps = "select: {caps: [{column: metadata.tier, most: 1}, {column: source, most: 9}]}\n"
    columns = offered(make(caps)).pool.columns
    assert columns["metadata.tier"][:11] == ["iron", *["gold"] * 9, "tin"]
    assert columns["source"][:3] == ["a.jsonl", "b.jsonl", "a.jsonl"]


def test_rules_see_prompts_answers_times_and_scores(make):
    rules = (
        "select: {test_share: 0, calibration_share: 0, near_identical: 1, budget: {items: 10},"
        " always: [{where: 'time in last 2 days'}, {where: 'answer ~ \"says 4$\"'}],"
        " never: [{where: 'uncertainty < 0.1 or prompt ~ \"2[0-9]\"'}]}\n"
    )
    project = make(rules)
    select(project)
    rows = project.rounds()[0].table("pool").to_pylist()
    always = {row["record_id"] for row in rows if row["part"] in ("always", "random")}
    never = {row["record_id"] for row in rows if str(row["left_out"]).startswith("never asked")}
    assert {"r37", "r38", "r39", "r04"} <= always
    assert never == {f"r{n:02d}" for n in (0, 1, 2, 3, *range(20, 30))}


def test_an_unknown_cap_column_is_named(make):
    with pytest.raises(ConfigError, match=r"no column 'sauce'; known: source"):
        offered(make("select: {caps: [{column: sauce, most: 1}]}\n"))


def test_an_unknown_need_lists_the_scores(make):
    with pytest.raises(ConfigError, match=r"no score named 'nede'; known: uncertainty, novelty"):
        offered(make("select: {need: nede}\n"))


def test_the_queue_is_kept_until_something_that_decides_it_changes(make):
    text = "select: {budget: {items: 6}, near_identical: 1.0}\n"
    first = select(make(text))
    again = select(make(text))
    assert first.counts["queued"] == 6 and again.skipped and again.counts == first.counts
    smaller = select(make("select: {budget: {items: 4}, near_identical: 1.0}\n"))
    assert smaller.counts["queued"] == 4 and not smaller.skipped


def test_a_pushed_queue_stays_as_it_is(make):
    project = make("select: {budget: {items: 6}}\n")
    select(project)
    project.rounds()[-1].write_json("pushed", {"asked": {}})
    kept = select(make("select: {budget: {items: 4}}\n"))
    assert kept.skipped and kept.counts["queued"] > 4
    assert "from the next round" in kept.notes[-1]


def test_the_next_round_asks_nothing_twice(make):
    text = "select: {budget: {items: 6}, near_identical: 1.0}\n"
    project = make(text)
    select(project)
    with pytest.raises(ProjectError, match="round 1 is still open"):
        open_round(project, next_round=True)
    project.rounds()[-1].close({})
    with pytest.raises(ProjectError, match="--next-round"):
        open_round(project)
    select(project, next_round=True)
    one, two = (set(r.queue()["record_id"].to_pylist()) for r in project.rounds())
    assert len(two) == 6 and not one & two
    told = explain(project, sorted(one)[0])
    assert "asked in round 1" in "\n".join(told.notes)
    assert "  no novelty: nothing reviewed yet" in told.notes


def test_nothing_to_ask_says_what_kept_it(make):
    with pytest.raises(SelectionError, match="in the test split"):
        select(make("select: {test_share: 1.0, calibration_share: 0}\n"))


def test_where_no_row_could_be_scored_the_cold_start_chooses_and_that_is_told(make):
    text = "select: {budget: {items: 10}, near_identical: 1.0}\n"
    drawn = select(make(text, need=np.full(N, np.nan)))
    assert drawn.counts["queued"] == 10 and drawn.counts["random"] == 1
    assert drawn.notes[0].startswith("chosen by typical (cold start: no row on offer has a")


def test_the_page_groups_reasons_that_differ_only_by_row():
    kinds = _reasons(
        [
            "near-identical to c0123456789abcdef01234567 (cosine 0.981)",
            "near-identical to cffffffffffffffffffffffff (cosine 0.990)",
            "the cap of 1 on prompt '17' was full",
            "the cap of 1 on prompt '9' was full",
            "its prompt was in the test split, never asked",
        ]
    )
    assert dict(kinds) == {
        "near-identical": 2,
        "the cap of 1 on prompt was full": 2,
        "its prompt was in the test split, never asked": 1,
    }
