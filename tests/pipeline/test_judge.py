"""`curate judge` on a project: what is asked, what is written, and what is never paid twice."""

import subprocess
import sys
import time

import pytest

from curate.errors import BudgetError, ConfigError, ProjectError
from curate.judge import calls
from curate.pipeline.judge import judge, judging
from curate.pipeline.pool import upstream
from curate.project import Project
from tests.judge.judge_tables import candidates, pairs, records
from tests.pipeline.judging_server import judging_server

ANSWERS = ("a", "bb", "ccc")
N = 6


@pytest.fixture
def server():
    with judging_server() as running:
        yield running


@pytest.fixture
def project(tmp_path, server):
    """Build projects of `N` questions with three answers each, of models m0, m1, …"""

    def build(*prompts, text="", judge_text=""):
        lines = [
            "ingest: {paths: [a.jsonl]}",
            "judge:",
            f"  {judge_text or 'limit: null'}",
            "  judges:",
        ]
        lines += [] if prompts else ["    []"]
        lines += [
            f"    - {{model: {name}, name: {name}, prompt: {prompt}, base_url: {server.base_url!r},"
            f" api_key_env: null, concurrency: 2, retries: 0}}"
            for name, prompt in (p.split("=") for p in prompts)
        ]
        (tmp_path / "curate.yaml").write_text("\n".join([*lines, text]))
        made = Project(tmp_path / "curate.yaml")
        if made.table("records") is None:
            made.write("records", records(*({"answer": "a"} for _ in range(N))))
            answers = [(f"r{n}", text) for n in range(N) for text in ANSWERS]
            made.write("candidates", candidates(*answers))
            made.write("pairs", pairs(("r0", "c0", "c1"), ("r1", "c3", "c5")))
        return made

    return build


def verdicts(project):
    return project.table("verdicts").to_pylist()


def test_each_candidate_is_graded_once_and_counted(project, server):
    made = project("short=rubric")
    summary = judge(made)
    assert [row["grade"] for row in verdicts(made)] == [1, 2, 3] * N
    assert summary.counts["verdicts"] == summary.counts["new calls"] == 3 * N
    assert (summary.counts["unscored"], summary.counts["money"]) == (0, "0 USD")
    assert summary.counts["tokens"] == 3 * N * 110
    assert "short: 18 verdicts · 0 unscored · mean 2.00" in summary.notes
    assert sum(server.answered.values()) == 3 * N


def test_pairs_are_compared_in_both_orders(project, server):
    made = project("fair=compare", text="select: {pairs: logged}")
    summary = judge(made)
    rows = verdicts(made)
    assert [(row["item_id"], row["choice"], row["orders"]) for row in rows] == [
        ("p0", "b", ["b", "b"]),
        ("p1", "b", ["b", "b"]),
    ]
    assert (
        "fair: 2 verdicts · 0 unscored · 0% change with the order of the answers" in summary.notes
    )


def test_any_two_answers_of_a_question_are_a_pair(project):
    made = project("fair=compare")
    judge(made)
    assert len(verdicts(made)) == 3 * N


def test_a_judge_that_goes_by_the_place_is_counted(project):
    made = project("fair=compare", text="select: {pairs: logged}")
    table = made.table("records").to_pylist()
    table[0]["messages"] = [{"role": "user", "content": "Toss a coin."}]
    made.write(
        "records", made.table("records").from_pylist(table, schema=made.table("records").schema)
    )
    summary = judge(made)
    assert summary.counts["undecided"] == 1
    assert summary.data["judges"]["fair"]["order_inconsistent"] == 0.5
    assert verdicts(made)[0]["orders"] == ["a", "b"]


def test_only_targets_are_judged(project):
    made = project("short=rubric", text="score: {target: [m1, m4]}")
    judge(made)
    assert [row["item_id"] for row in verdicts(made)] == ["c1", "c4"]


def test_a_limit_is_spread_over_the_pool(project):
    made = project("short=rubric", judge_text="limit: 2")
    judge(made)
    assert [row["item_id"] for row in verdicts(made)] == ["c0", "c1", "c2", "c9", "c10", "c11"]


def test_what_would_be_asked_is_what_is_asked(project, server):
    made = project("short=rubric", "fair=compare")
    planned = list(calls(*judging(made)))
    judge(made)
    assert len(planned) == len({call.key for call in planned}) == sum(server.answered.values())


def test_a_second_run_asks_nothing_and_says_so(project, server):
    made = project("short=rubric")
    judge(made)
    before = sum(server.answered.values())
    assert judge(made).skipped
    assert sum(server.answered.values()) == before


def test_the_ledger_answers_where_the_table_is_gone(project, server):
    made = project("short=rubric", "fair=compare")
    judge(made)
    path = made.pool / "verdicts.parquet"
    first, before = path.read_bytes(), sum(server.answered.values())
    path.unlink()
    server.failing = "The mark"
    summary = judge(made)
    assert path.read_bytes() == first
    assert (summary.counts["new calls"], sum(server.answered.values())) == (0, before)


def test_a_failed_call_is_a_row_with_its_reason_and_is_asked_again(project, server):
    made = project("short=rubric")
    server.failing = "3 + 3?"
    summary = judge(made)
    reasons = [row["why_unscored"] for row in verdicts(made) if row["why_unscored"]]
    assert len(reasons) == summary.counts["unscored"] == 3
    assert reasons[0].startswith("no reply: ")
    assert "too long" in reasons[0]
    assert any("3 failed: run again to ask them again" in note for note in summary.notes)
    server.failing = ""
    again = judge(made)
    assert (again.counts["unscored"], again.counts["new calls"]) == (0, 3)


OWN = """---
name: own
version: 1
kind: pointwise
inputs: [question, answer]
---
system:
{}
user:
{{{{question}}}}
{{{{answer}}}}
Reply.
"""


def test_what_a_second_try_brings_is_new_to_the_stages_that_follow(project, server):
    made, seen = project("short=rubric"), set()
    for failing in ("answer", "ccc", ""):
        server.failing = failing
        judge(made)
        seen.add(upstream(made, "judge"))
    assert len(seen) == 3


def test_a_server_s_half_smile_is_no_end_of_the_run(project, server):
    made = project("short=rubric")
    server.failing, server.said = "answer", "not \ud83d this"
    summary = judge(made)
    assert summary.counts["unscored"] == 3 * N
    assert {row["why_unscored"] for row in verdicts(made)} == {
        "no reply: HTTP 400: not \N{REPLACEMENT CHARACTER} this",
    }


def test_a_changed_prompt_is_another_judge(project, server, tmp_path):
    (tmp_path / "own.md").write_text(OWN.format("Grade."))
    made = project("mine=own.md")
    judge(made)
    (tmp_path / "own.md").write_text(OWN.format("Grade!"))
    summary = judge(made)
    assert (summary.skipped, summary.counts["new calls"]) == (False, 3 * N)


def test_two_judges_may_share_a_model(project):
    made = project("one=rubric", "two=compare")
    judge(made)
    assert {row["judge"] for row in verdicts(made)} == {"one", "two"}


def test_without_judges_there_is_nothing_to_judge(project):
    judge(project("short=rubric"))
    made = project()
    summary = judge(made)
    assert summary.notes == ("nothing to judge: no `judge.judges`",)
    assert made.table("verdicts") is None


def test_a_missing_prompt_is_told_before_anything_is_asked(project, server):
    with pytest.raises(ConfigError, match=r"gone\.md: the prompt cannot be read"):
        judge(project("mine=gone.md"))
    assert not server.answered


def test_nothing_was_read_yet(tmp_path):
    (tmp_path / "curate.yaml").write_text("ingest: {paths: [a]}\njudge: {judges: [{model: m}]}\n")
    with pytest.raises(ProjectError, match="no records yet"):
        judge(Project(tmp_path / "curate.yaml"))


def test_a_budget_stops_and_a_larger_one_goes_on(project, server):
    with pytest.raises(BudgetError):
        judge(project("short=rubric", text="budget: {calls: 5}"))
    assert sum(server.answered.values()) == 5
    summary = judge(project("short=rubric", text="budget: {calls: 50}"))
    assert summary.counts["new calls"] == 3 * N - 5
    assert set(server.answered.values()) == {1}


@pytest.mark.slow
def test_a_killed_run_goes_on_and_pays_nothing_twice(project, server, tmp_path):
    made = project("short=rubric", "fair=compare")
    server.pause = 0.05
    code = (
        "from curate.project import Project; from curate.pipeline.judge import judge;"
        f"judge(Project({str(made.config_path)!r}))"
    )
    for share in (4, 20):
        child = subprocess.Popen([sys.executable, "-c", code])
        _wait_for(server, share)
        child.kill()
        child.wait()
        assert made.table("verdicts") is None
    server.pause = 0.0
    in_flight = 2 * 2
    judge(made)
    killed = (made.pool / "verdicts.parquet").read_bytes()
    assert sum(server.answered.values()) <= 3 * N + 2 * 3 * N + in_flight
    made.ledger.unlink()
    (made.pool / "verdicts.parquet").unlink()
    judge(made)
    assert (made.pool / "verdicts.parquet").read_bytes() == killed


def _wait_for(server, answered):
    while sum(server.answered.values()) < answered:
        time.sleep(0.005)
