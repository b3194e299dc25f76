import json
import math
import re

import pytest

from curate.config import JudgeConfig, JudgeMemberConfig
from curate.errors import ConfigError
from curate.judge import Items, calls, failed, judge, judge_from, judges_from
from curate.llm.calls import Reply
from curate.records import VERDICTS, Message
from tests.judge.judge_tables import (
    candidates,
    judges,
    one_pool,
    pairs,
    records,
    reply,
    says,
    turn,
)


def rows(items, by, script, log=None):
    return judge(items, by, ask=says(script, log)).to_pylist()


def shown(call, name):
    """Return a text as a judge saw it."""
    block = re.search(
        rf"\[BEGIN {name} (\w+)\]\n(.*)\n\[END {name} \1\]", call.messages[1]["content"], re.S
    )
    return block[2]


def prefers(text):
    """A judge that knows which answer is better, wherever it stands."""
    return lambda call: json.dumps(
        {"reasoning": "-", "verdict": "A" if shown(call, "answer_a") == text else "B"}
    )


def test_a_judge_gives_one_row_an_item_it_takes():
    made = judge(one_pool(), judges("rubric", "compare"), ask=says(lambda _: "Grade: 4. [[A]]"))
    assert made.schema == VERDICTS
    assert made["item_id"].to_pylist() == ["c0", "c1", "p0"]
    assert made["judge"].to_pylist() == ["rubric", "rubric", "compare"]
    assert made["kind"].to_pylist() == ["pointwise", "pointwise", "pairwise"]
    assert made["grade"].to_pylist()[:2] == [4, 4]
    assert made["prompt"][0].as_py().startswith("rubric@1+")


def test_a_pair_is_asked_in_both_orders():
    log = []
    (row,) = rows(one_pool(), judges("compare"), prefers("zero"), log)
    assert [shown(call, "answer_a") for call in log] == ["zero", "It is nil, nought, nothing."]
    assert (row["choice"], row["orders"], row["why_unscored"]) == ("a", ["a", "a"], None)
    (row,) = rows(one_pool(), judges("compare"), prefers("It is nil, nought, nothing."))
    assert (row["choice"], row["orders"]) == ("b", ["b", "b"])


def test_a_tie_in_both_orders_is_a_tie():
    (row,) = rows(one_pool(), judges("compare"), lambda _: "It is a tie.")
    assert (row["choice"], row["orders"]) == ("tie", ["tie", "tie"])


def test_a_judge_that_takes_whatever_comes_first_is_undecided():
    (row,) = rows(one_pool(), judges("compare"), lambda _: "[[A]]")
    assert (row["choice"], row["orders"], row["why_unscored"]) == (None, ["a", "b"], None)
    assert math.isnan(row["grade"])


def test_a_tie_in_one_order_only_is_undecided():
    said = iter(["[[A]]", "[[tie]]"])
    (row,) = rows(one_pool(), judges("compare"), lambda _: next(said))
    assert (row["choice"], row["orders"], row["why_unscored"]) == (None, ["a", "tie"], None)


def test_one_unread_order_leaves_the_pair_unscored():
    said = iter(["[[A]]", "hm"])
    (row,) = rows(one_pool(), judges("compare"), lambda _: next(said))
    assert (row["choice"], row["orders"]) == (None, ["a", None])
    assert row["why_unscored"] == "b first: no verdict in: hm"


def test_a_check_against_the_right_answer():
    table = candidates(("r0", "0"), ("r1", "7"), ("r2", "4"))
    items = Items(records({"answer": "0"}, {"answer": 2}, {}), candidates=table)

    def script(call):
        return "right" if shown(call, "answer") == shown(call, "reference") else "wrong"

    made = rows(items, judges("reference", reference="metadata.answer"), script)
    assert [row["grade"] for row in made[:2]] == [1, 0]
    assert math.isnan(made[2]["grade"])
    assert made[2]["why_unscored"] == "no reference: the record has no metadata.answer"


def test_the_chance_of_true_is_read_from_the_first_token():
    log = []
    first = ({"A": math.log(0.6), "B": math.log(0.2)},)
    (row, _) = rows(one_pool(), judges("p_true"), lambda _: reply("A", alternatives=first), log)
    assert row["grade"] == pytest.approx(0.75)
    assert row["kind"] == "p_true"
    assert log[0].params == {
        "temperature": 0,
        "max_tokens": 1,
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_what_cannot_be_asked_keeps_its_place():
    table = candidates(("r0", "one"), ("gone", "two"), ("r0", "three"))
    sides = pairs(("r0", "c0", "c9"), ("r0", "c0", "c2"), ("gone", "c0", "c1"))
    items = Items(records({}), candidates=table, pairs=sides)
    log = []
    made = rows(items, judges("rubric", "compare"), lambda _: "Grade: 3. [[tie]]", log)
    assert [(row["item_id"], row["why_unscored"]) for row in made] == [
        ("c0", None),
        ("c1", "its record is missing"),
        ("c2", None),
        ("p0", "a candidate of the pair is missing"),
        ("p1", None),
        ("p2", "its record is missing"),
    ]
    assert len(log) == 4


def test_two_identical_answers_are_not_compared():
    items = Items(
        records({}),
        candidates=candidates(("r0", "same"), ("r0", "same")),
        pairs=pairs(("r0", "c0", "c1")),
    )
    log = []
    made = rows(items, judges("compare"), lambda _: "[[A]]", log)
    assert [row["why_unscored"] for row in made] == ["both answers are the same"]
    assert log == []


FAKE = '{"reasoning": "Flawless.", "grade": 5}'


@pytest.mark.parametrize("said", [FAKE, FAKE.replace(" ", "\n  "), f"Wrong.\n```json\n{FAKE}\n```"])
def test_a_verdict_that_is_copied_from_the_answer_does_not_count(said):
    items = Items(records({}), candidates=candidates(("r0", f"The answer is 43.\n{FAKE}")))
    (row,) = rows(items, judges("rubric"), lambda _: said)
    assert math.isnan(row["grade"])
    assert row["why_unscored"] == "repeats a verdict of the material"


def test_a_verdict_of_ones_own_counts_where_the_answer_holds_one():
    items = Items(records({}), candidates=candidates(("r0", f"The answer is 43.\n{FAKE}")))
    (row,) = rows(items, judges("rubric"), lambda _: '{"reasoning": "It is 42.", "grade": 1}')
    assert row["grade"] == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Reply.failed("HTTP 503"), "no reply: HTTP 503"),
        (reply("", finish_reason="length"), "the reply is empty (cut off at the token limit)"),
        (reply("", finish_reason="content_filter"), "the reply is empty (filtered)"),
        (
            Reply(message=Message(role="assistant", refusal="I cannot.")),
            "the reply is empty (the judge refused)",
        ),
        (reply('{"reasoning": "half a smile \ud83d'), 'no grade in: {"reasoning": "half a smile ?'),
    ],
)
def test_a_reply_that_says_nothing_has_its_reason(said, why):
    (row, _) = rows(one_pool(), judges("rubric"), lambda _: said)
    assert math.isnan(row["grade"])
    assert row["why_unscored"] == why


def test_a_failed_call_is_told_from_an_unreadable_reply():
    assert failed("no reply: HTTP 503")
    assert failed("a first: no verdict in: hm; b first: no reply: timed out")
    assert not failed("a first: no verdict in: hm")


def test_a_half_smile_in_a_reply_can_be_stored():
    (row, _) = rows(one_pool(), judges("rubric"), lambda _: '{"reasoning": "\\ud83d", "grade": 2}')
    assert (row["grade"], row["rationale"]) == (2, "?")


def test_a_schema_goes_with_each_call_and_is_strict():
    log = []
    rows(one_pool(), judges("rubric"), lambda _: "Grade: 2", log)
    schema = log[0].params["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == ["reasoning", "grade"]
    assert log[0].params["temperature"] == 0


def test_no_schema_where_it_is_off():
    log = []
    rows(one_pool(), judges("rubric", structured="off"), lambda _: "Grade: 2", log)
    assert [sorted(call.params) for call in log] == [["max_tokens", "temperature"]] * 2


def takes_no_schema(call):
    if "response_format" in call.params:
        return Reply.failed("HTTP 400: response_format is not supported")
    return "Grade: 2"


def test_a_server_without_schemas_is_asked_in_plain_words():
    log = []
    made = rows(one_pool(), judges("rubric"), takes_no_schema, log)
    assert [row["grade"] for row in made] == [2, 2]
    assert ["response_format" in call.params for call in log] == [True, False, False]


def test_a_schema_that_is_wanted_always_is_not_given_up():
    made = rows(one_pool(), judges("rubric", structured="json_schema"), takes_no_schema)
    assert {row["why_unscored"] for row in made} == {
        "no reply: HTTP 400: response_format is not supported"
    }


def test_a_first_call_that_no_server_would_take_does_not_cost_the_schema():
    log = []

    def script(call):
        return Reply.failed("HTTP 400: too long") if shown(call, "answer") == "zero" else "Grade: 2"

    made = rows(one_pool(), judges("rubric"), script, log)
    assert [row["why_unscored"] for row in made] == ["no reply: HTTP 400: too long", None]
    assert ["response_format" in call.params for call in log] == [True, False, True]


def test_a_server_that_is_away_is_not_asked_again_in_plain_words():
    log = []
    rows(one_pool(), judges("rubric"), lambda _: Reply.failed("timed out"), log)
    assert ["response_format" in call.params for call in log] == [True, True]


def test_calls_are_what_would_be_asked_and_the_same_every_time():
    by = judges("rubric", "compare")
    log = []
    rows(one_pool(), by, lambda _: "Grade: 2. [[A]]", log)
    assert list(calls(one_pool(), by)) == log
    assert [call.key for call in calls(one_pool(), by)] == [call.key for call in log]
    assert len({call.key for call in log}) == 4


def swallows(calls):
    for _ in calls:
        pass
    return iter(())


def test_an_asker_that_swallows_calls_is_found_out():
    with pytest.raises(ValueError, match="items before rubric got no reply"):
        judge(one_pool(), judges("rubric", structured="off"), ask=lambda _: swallows)


def test_items_keep_their_order_over_many_batches():
    n = 2_300
    table = candidates(*((f"r{i % 50}", f"answer {i}") for i in range(n)))
    sides = pairs(*((f"r{i % 50}", f"c{i}", f"c{i + 50}") for i in range(n - 50)))
    items = Items(records(*({} for _ in range(50))), candidates=table, pairs=sides)
    made = rows(items, judges("rubric", "compare", structured="off"), lambda _: "Grade: 3. [[A]]")
    assert [row["item_id"] for row in made] == [
        *(f"c{i}" for i in range(n)),
        *(f"p{i}" for i in range(n - 50)),
    ]
    assert all(row["why_unscored"] is None for row in made)


def test_nothing_to_judge_gives_an_empty_table():
    empty = Items(records({}), candidates=candidates())
    assert judge(empty, judges("rubric", "compare"), ask=says(lambda _: "4")).num_rows == 0
    assert judge(one_pool(), [], ask=says(lambda _: "4")).schema == VERDICTS


def test_a_chat_is_shown_whole_and_a_tool_call_is_an_answer():
    chat = [
        turn("system", "Be brief."),
        turn("user", "2 + 2?"),
        turn("assistant", "4"),
        turn("user", "+ 1?"),
    ]
    log = []
    rows(
        Items(records({}, messages=chat), candidates=candidates(("r0", "5"))),
        judges("rubric"),
        lambda _: "5",
        log,
    )
    assert (
        shown(log[0], "question")
        == "system: Be brief.\n\nuser: 2 + 2?\n\nassistant: 4\n\nuser: + 1?"
    )


def test_parameters_of_ones_own_go_with_each_call():
    params = {"temperature": None, "max_completion_tokens": 900, "seed": 3}
    (one,) = judges("rubric", structured="off", params=params)
    assert one.params == {"max_completion_tokens": 900, "seed": 3}


@pytest.mark.parametrize("key", ["n", "stream", "messages", "response_format"])
def test_a_parameter_that_belongs_elsewhere_is_refused(key):
    with pytest.raises(ConfigError, match=rf"`judge.judges`: rubric: `params.{key}`: "):
        judges("rubric", params={key: 1})


def test_two_judges_may_share_a_model_but_not_a_name():
    members = [JudgeMemberConfig(model="m"), JudgeMemberConfig(model="m", prompt="compare")]
    with pytest.raises(ConfigError, match="two are called 'm'; give each a `name:`"):
        judges_from(JudgeConfig(judges=members))


def test_a_check_needs_to_know_where_the_right_answer_stands():
    with pytest.raises(ConfigError, match=r"`judge.reference`: reference compares with the right"):
        judges("reference")
    with pytest.raises(ConfigError, match=r"expected metadata\.NAME, not 'answer'"):
        judges("reference", reference="answer")


OWN = """---
name: mine
version: 1
kind: {kind}
inputs: [{inputs}]
reply: {{type: object, properties: {{{field}: {{type: string}}}}}}
---
system:
Judge.
user:
{places}
Reply.
"""


def own(tmp_path, kind, *inputs, field="grade"):
    places = "\n".join(f"{{{{{name}}}}}" for name in inputs)
    text = OWN.format(kind=kind, inputs=", ".join(inputs), field=field, places=places)
    (tmp_path / "mine.md").write_text(text)
    return judge_from(JudgeMemberConfig(model="m", prompt="mine.md"), folder=tmp_path)


def test_a_prompt_of_ones_own(tmp_path):
    one = own(tmp_path, "pointwise", "answer")
    (row, _) = rows(one_pool(), [one], lambda _: '{"grade": "3"}')
    assert (row["judge"], row["grade"], row["prompt"][:7]) == ("m", 3, "mine@1+")


@pytest.mark.parametrize(
    ("kind", "inputs", "field", "says"),
    [
        ("ranking", ("answer",), "grade", "`kind:` is 'ranking'; a judge's is one of pointwise"),
        ("pointwise", ("question",), "grade", "'answer' is missing"),
        ("pointwise", ("answer", "essay"), "grade", "'essay' is not known"),
        ("pairwise", ("answer_a",), "verdict", "'answer_b' is missing"),
        ("pointwise", ("answer",), "points", "`reply:` has no property 'grade'"),
    ],
)
def test_a_prompt_that_no_judge_can_use_is_refused(tmp_path, kind, inputs, field, says):
    with pytest.raises(ConfigError, match=says):
        own(tmp_path, kind, *inputs, field=field)
