import json
import math

import pyarrow as pa
import pytest

from curate.generate.calls import call_of
from curate.generate.candidates import Repeats, batch, candidate, token_entropy
from curate.generate.prompts import prompts
from curate.llm import Reply
from curate.records import CANDIDATES, Message, ToolCall, candidate_id
from tests.generate.asked import member, records

WHO = member("gpt", name="first", samples=3, params={"temperature": 0.7, "seed": 1})


def said(content, **more):
    return Reply(message=Message(role="assistant", content=content), finish_reason="stop", **more)


def row(reply, who=WHO, sample=0, repeats=None, **more):
    (prompt,) = prompts(records("2 + 2?", **more))
    repeats = repeats or Repeats(None, who.label)
    return candidate(prompt, who, call_of(prompt, who, sample), reply, repeats)


def test_an_answer_is_filed_under_the_members_name_beside_its_record():
    made = row(said("4"), sample=2)
    assert (made["model"], made["origin"], made["record_id"]) == ("first", "sample", "r0")
    assert (made["source"], made["group"]) == ("logs.jsonl:1", "g0")
    assert json.loads(made["params"]) == {"temperature": 0.7, "seed": 3, "sample": 2}
    assert made["id"] == candidate_id("r0", "first", {"role": "assistant", "content": "4"})


def test_one_answer_a_member_makes_a_committee():
    assert row(said("4"), member())["origin"] == "committee"


def test_the_tools_on_offer_stay_with_the_record():
    tool = {"type": "function", "function": {"name": "add"}}
    assert "tools" not in json.loads(row(said("4"), tools=[tool])["params"])


def test_log_probabilities_are_summed_and_averaged():
    made = row(said("4", logprobs=(-0.1, -0.3)))
    assert made["logprob_sum"] == pytest.approx(-0.4)
    assert made["logprob_mean"] == pytest.approx(-0.2)
    assert json.loads(made["metadata"]) == {"n_tokens": 2}


def test_missing_log_probabilities_are_not_zero():
    made = row(said("4", completion_tokens=5))
    assert math.isnan(made["logprob_sum"])
    assert math.isnan(made["logprob_mean"])
    assert json.loads(made["metadata"]) == {"n_tokens": 5}


def test_identical_answers_are_numbered():
    repeats = Repeats(None, "first")
    made = [row(said(text), repeats=repeats) for text in ("4", "5", "4", "4")]
    assert [m["repeat"] for m in made] == [0, 0, 1, 2]
    assert len({m["id"] for m in made}) == 4


def test_an_answer_that_the_logs_hold_already_is_one_more():
    logged = batch([row(said("4"))])
    repeats = Repeats(pa.Table.from_batches([logged]), "first")
    assert row(said("4"), repeats=repeats)["repeat"] == 1
    others = Repeats(pa.Table.from_batches([logged]), "someone else")
    assert row(said("4"), repeats=others)["repeat"] == 0


def test_an_empty_answer_is_kept_with_its_finish_reason():
    made = row(Reply(finish_reason="length"))
    assert (made["message"]["content"], made["finish_reason"]) == ("", "length")
    assert row(said(""))["finish_reason"] == "stop"


def test_a_call_of_a_tool_is_an_answer():
    call = ToolCall(name="add", arguments='{"a": 2}', id="c1")
    reply = Reply(message=Message(role="assistant", tool_calls=(call,)), finish_reason="tool_calls")
    kept = batch([row(reply)]).to_pylist()[0]["message"]["tool_calls"]
    assert kept == [{"name": "add", "arguments": '{"a": 2}', "id": "c1"}]


def test_who_answered_is_told_where_it_was_not_the_model_that_was_asked():
    assert json.loads(row(said("4", served_by="gpt-0613"))["metadata"])["served_by"] == "gpt-0613"
    assert "served_by" not in json.loads(row(said("4", served_by="gpt"))["metadata"])


def test_half_an_emoji_can_be_stored():
    made = batch([row(said("so \ud83d"))])
    assert made.schema == CANDIDATES
    assert made["message"][0]["content"].as_py() == "so \ufffd"


def test_nothing_depends_on_when_or_how_fast_a_reply_came():
    fast, slow = (said("4", seconds=s, logprobs=(-1.0,)) for s in (0.1, 9.0))
    assert batch([row(fast)]).equals(batch([row(slow)]))


def test_token_entropy_counts_the_rest_as_one_more_token():
    sure = {"a": 0.0}
    # 1/2, 1/4 and the rest, 1/4: 0.5 ln 2 + 0.5 ln 4 = 1.0397; the mean with 0 is half of it
    unsure = {"a": math.log(0.5), "b": math.log(0.25)}
    assert token_entropy([sure, unsure]) == pytest.approx(1.0397208 / 2)
    assert token_entropy([{"a": 0.0, "b": -math.inf}]) == 0.0
    assert math.isnan(token_entropy([]))
    assert math.isnan(token_entropy([{}]))
