"""What is said before anything is sent, held against what then happens."""

import json
import math

import pytest

from curate import pipeline
from curate.config import MemberConfig
from curate.errors import ConfigError, ProjectError
from curate.llm.asking import asked
from curate.llm.calls import Reply
from curate.llm.ledger import Ledger
from curate.llm.scripted import Scripted
from curate.pipeline.foreseen import Foreseen
from curate.pipeline.plan import ledger, plan
from curate.project import Project
from curate.records import Message

LOGGED = "Four of them, as two and two make four."  # 11 tokens


def project_in(folder, config="", *, n=20, answered=True):
    rows = []
    for i in range(n):
        turns = [{"role": "user", "content": f"How many are {i} and {i}?"}]
        turns += [{"role": "assistant", "content": LOGGED}] if answered else []
        rows.append(json.dumps({"messages": turns, "model": "old"}))
    (folder / "logs.jsonl").write_text("\n".join(rows), encoding="utf-8")
    text = "ingest: {paths: [logs.jsonl]}\n" + config
    (folder / "curate.yaml").write_text(text, encoding="utf-8")
    project = Project(folder / "curate.yaml")
    pipeline.ingest(project)
    return project


ASKED = """
generate:
  members:
    - {model: gpt-4o-mini, samples: 3, params: {max_tokens: 50}, requests_per_minute: 60}
    - {model: own, base_url: "http://127.0.0.1:9/v1"}
"""
JUDGED = """
judge:
  judges:
    - {model: gpt-4.1-nano, prompt: rubric}
    - {model: gpt-4.1-nano, name: pairs, prompt: compare}
"""


def member_named(summary, label):
    return next(m for m in summary.data["members"] if m["label"] == label)


def test_calls_and_tokens_of_members_are_counted_before_anything_is_sent(tmp_path):
    project = project_in(tmp_path, ASKED)
    said = plan(project)
    hosted, own = said.data["members"]
    assert (hosted["calls"]["high"], own["calls"]["high"]) == (60, 20)
    assert hosted["completion_tokens"]["likely"] == 60 * 11 and own["money"]["high"] == 0
    prompt = hosted["prompt_tokens"]["likely"]
    # .15 for a million prompt tokens, .6 for a million of completion
    assert hosted["money"]["likely"] == pytest.approx((prompt * 0.15 + 660 * 0.6) / 1e6)
    assert hosted["seconds"]["likely"] == 60 and math.isnan(own["seconds"]["likely"])
    assert said.counts["calls"] == "80" and said.counts["time"] == "not known"
    assert not project.ledger.exists()
    json.dumps(said.as_json(), allow_nan=False)


def test_what_is_in_the_ledger_is_not_to_come(tmp_path):
    from curate.generate import calls

    project = project_in(tmp_path, ASKED)
    member = project.config.generate.members[0]
    with Ledger(project.ledger) as book:
        told = Scripted(lambda call: Reply(prompt_tokens=15, completion_tokens=20, seconds=2.0))
        ask = asked(told, book, stage="generate", member=member)
        list(ask(list(calls(project.table("records"), member))[:45]))
    said = plan(project)
    hosted = member_named(said, "gpt-4o-mini")
    assert (hosted["answered"], hosted["calls"]["high"]) == (45, 15)
    assert hosted["completion_tokens"]["likely"] == 15 * 20
    assert "as 45 answers of the model so far" in said.as_text()
    # 45 * (15 * .15 + 20 * .6) / 1,000,000 = .000641
    so_far = "so far, generate gpt-4o-mini: 45 calls · 675 prompt and 900 completion tokens"
    assert f"{so_far} · 0.000641 USD · 90 s" in said.as_text()


def test_judges_are_counted_for_the_answers_to_come(tmp_path):
    said = plan(project_in(tmp_path, ASKED + JUDGED))
    # 20 prompts of 1 logged answer, 3 and 1 to come: 5 answers, 10 pairs in both orders
    assert member_named(said, "gpt-4.1-nano")["calls"]["high"] == 20 * 5
    assert member_named(said, "pairs")["calls"]["high"] == 20 * 10 * 2


def test_adaptive_sampling_saves_between_none_and_all_of_the_rest(tmp_path):
    rule = "  adaptive: {stop: bucket, least: 2}\n"
    said = plan(project_in(tmp_path, ASKED + rule + JUDGED))
    hosted = member_named(said, "gpt-4o-mini")["calls"]
    assert [hosted[k] for k in ("low", "likely", "high")] == [40, 50, 60]
    judged = member_named(said, "gpt-4.1-nano")["calls"]
    # 1 + 2 + 1 or 1 + 3 + 1 answers to each of 20 prompts
    assert [judged[k] for k in ("low", "likely", "high")] == [80, 90, 100]


def test_prompts_without_answers_are_planned_by_the_limit(tmp_path):
    said = plan(project_in(tmp_path, ASKED, answered=False))
    hosted = member_named(said, "gpt-4o-mini")["completion_tokens"]
    assert [hosted[k] for k in ("low", "likely", "high")] == [60, 60 * 25, 60 * 50]
    assert said.counts["reviewers"] != "not known"


def test_a_project_that_asks_nobody_says_so(tmp_path):
    said = plan(project_in(tmp_path))
    assert "no model is asked" in said.as_text() and said.counts["calls"] == "0"


def test_reviewers_minutes_are_those_of_the_queue(tmp_path):
    config = "select: {budget: {items: 8}, test_share: 0, calibration_share: 0}\n"
    config += "push: {overlap: {share: 0.5, annotators: 3}}\n"
    minutes = plan(project_in(tmp_path, config)).data["review_minutes"]
    # 5 words asked, 9 answered, read at 238 a minute; .3 of the 9 typed at 40; 15 s to decide.
    each = (6 + 9) / 238 + 0.3 * 9 / 40 + 15 / 60
    # 8 items, of which 4 get 3 answers: 4 + 12 = 16
    assert minutes == pytest.approx(16 * each, rel=0.05)


def test_where_no_answer_is_known_the_minutes_are_not(tmp_path):
    said = plan(project_in(tmp_path, answered=False))
    assert math.isnan(said.data["review_minutes"]) and said.counts["reviewers"] == "not known"


def test_a_price_that_is_not_known_is_said(tmp_path):
    config = ASKED + "    - {model: mystery, base_url: 'https://models.example/v1'}\n"
    said = plan(project_in(tmp_path, config))
    assert "no price is known of mystery: say it under `budget.prices`" in said.as_text()
    assert said.counts["money"].endswith("and 20 calls of unknown price")


def test_a_listed_price_is_told_with_its_date_and_ones_own_is_not(tmp_path):
    listed = plan(project_in(tmp_path, ASKED)).as_text()
    assert "list prices of 2026-03 for gpt-4o-mini: check them" in listed
    own = ASKED + "budget: {prices: {gpt-4o-mini: {prompt: 1, completion: 2}}}\n"
    assert "list prices" not in plan(project_in(tmp_path, own)).as_text()


def test_a_limit_that_may_be_reached_is_said(tmp_path):
    said = plan(project_in(tmp_path, ASKED + "budget: {calls: 30, money: 100}\n"))
    assert "`budget.calls` of 30 may be reached: 0 so far, up to 80 to come" in said.as_text()
    assert "`budget.money`" not in said.as_text()


def test_a_member_that_cannot_be_asked_is_found_here(tmp_path):
    config = "generate: {members: [{model: m, samples: 2, params: {temperature: 0}}]}\n"
    with pytest.raises(ConfigError, match="temperature"):
        plan(project_in(tmp_path, config))


def test_before_anything_was_read_there_is_nothing_to_plan(tmp_path):
    (tmp_path / "curate.yaml").write_text("ingest: {paths: [x]}\n" + ASKED, encoding="utf-8")
    with pytest.raises(ProjectError, match="curate ingest"):
        plan(Project(tmp_path / "curate.yaml"))


def test_answers_that_are_there_are_not_to_come(tmp_path):
    project = project_in(tmp_path, ASKED)
    lengths = {"gpt-4o-mini": 7.0, "own": 3.0}
    foreseen = Foreseen(project, lengths=lengths).candidates()
    assert foreseen.num_rows == 20 * (1 + 3 + 1)
    project.write("generated", foreseen.filter([row >= 20 and row < 50 for row in range(100)]))
    again = Foreseen(project, lengths=lengths).candidates()
    assert again.num_rows == 100 and len(set(again["id"].to_pylist())) == 100


def test_the_ledger_is_told_by_stage_and_model(tmp_path):
    project = project_in(tmp_path)
    assert ledger(project).counts["calls"] == 0 and not project.ledger.exists()
    member = MemberConfig(model="gpt-4o-mini")
    with Ledger(project.ledger) as book:
        from curate.llm.calls import Call

        chat = ({"role": "user", "content": "hi"},)
        one = Call(model="gpt-4o-mini", base_url=member.base_url, messages=chat)
        said = Reply(message=Message(role="assistant", content="yes"), prompt_tokens=1_000_000)
        list(asked(Scripted(lambda _: said), book, stage="judge", member=member)([one]))
        book.put(
            Call(model="gpt-4o-mini", base_url="x", messages=chat),
            Reply.failed("HTTP 500"),
            stage="judge",
            money=0,
        )
    told = ledger(project)
    assert (told.counts["calls"], told.counts["failed"], told.counts["money"]) == (1, 1, "0.15 USD")
    assert "so far, judge gpt-4o-mini: 1 calls, 1 failed · 1,000,000 prompt" in told.as_text()
    assert "failed, 1: HTTP 500" in told.notes
