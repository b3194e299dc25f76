import json

import pyarrow as pa
import pytest

from curate.generate import chat, evenly, refused
from curate.generate.prompts import Unaskable, prompts, tools_on_offer
from tests.generate.asked import records, user

ADD = {"name": "add", "arguments": '{"a": 2}', "id": None}


def test_a_chat_with_tools_takes_the_shape_of_the_api():
    asked = chat(
        [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "2 + 2?", "name": "ann"},
            {"role": "assistant", "content": None, "tool_calls": [{**ADD, "id": "c1"}]},
            {"role": "tool", "content": "4", "tool_call_id": "c1", "name": "add"},
        ]
    )
    function = {"name": "add", "arguments": '{"a": 2}'}
    assert list(asked) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2 + 2?", "name": "ann"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "4", "tool_call_id": "c1"},
    ]


def test_results_without_ids_answer_the_open_calls_in_turn():
    result = {"role": "tool", "content": "4"}
    asked = chat(
        [
            user("?"),
            {"role": "assistant", "tool_calls": [ADD, ADD]},
            result,
            {**result, "name": "x"},
        ]
    )
    ids = [call["id"] for call in asked[1]["tool_calls"]]
    assert ids == [asked[2]["tool_call_id"], asked[3]["tool_call_id"]]
    assert len(set(ids)) == 2


def test_a_refusal_stands_as_the_assistants_text():
    asked = chat([user("a"), {"role": "assistant", "refusal": "No."}, user("b")])
    assert asked[1] == {"role": "assistant", "content": "No."}


def test_reasoning_that_was_logged_is_not_sent():
    hidden = json.dumps([{"type": "redacted_thinking", "data": "x"}])
    said = {"role": "assistant", "content": "4", "thinking": "2 + 2", "parts": hidden}
    assert chat([user("a"), said, user("b")])[1] == {"role": "assistant", "content": "4"}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
        {"type": "input_image", "image_url": "data:image/png;base64,QQ=="},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="},
        },
    ],
)
def test_images_go_in_one_shape_wherever_they_were_logged(part):
    (turn,) = chat([{"role": "user", "content": "What is it?", "parts": json.dumps([part])}])
    assert turn["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}},
    ]


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([], "empty"),
        ([{"role": "system", "content": "Be brief."}], "no user turn"),
        ([user(" ")], "the user's turns are empty"),
        ([user("a"), {"role": "assistant", "content": "b"}], "answered already"),
        ([user("a"), {"role": "tool", "content": "4"}], "answers no call"),
        ([{**user("a"), "parts": "{"}], "no JSON"),
        ([{**user("a"), "parts": "[1]"}], "no list of objects"),
    ],
)
def test_what_cannot_be_asked_says_why(messages, why):
    with pytest.raises(Unaskable, match=why):
        chat(messages)


def test_a_refused_record_is_found_by_file_and_line():
    (row,) = refused(records("one", [{"role": "system", "content": "x"}]))
    assert (row.file, row.line, row.stage) == ("logs.jsonl", 2, "generate")
    assert "no user turn" in row.reason


def test_tools_that_are_no_list_are_a_reason_too():
    (prompt,) = prompts(records("one", tools={"name": "add"}))
    assert prompt.why_not == "the tools on offer are no list of objects"


@pytest.mark.parametrize("key", ["parameters", "input_schema"])
def test_a_flat_tool_is_put_into_its_function(key):
    schema = {"type": "object", "properties": {}}
    assert tools_on_offer(json.dumps([{"name": "add", key: schema}])) == (
        {"type": "function", "function": {"name": "add", "parameters": schema}},
    )


def test_a_limit_takes_records_evenly_spread():
    table = records(*map(str, range(10)))
    assert evenly(table, 4)["id"].to_pylist() == ["r0", "r2", "r5", "r7"]  # 10 n / 4, rounded down
    assert evenly(table, None) is table
    assert evenly(table, 99) is table


def test_nothing_to_ask_is_nothing_refused():
    assert refused(records()) == []
    assert evenly(pa.table({"id": []}), 3).num_rows == 0
