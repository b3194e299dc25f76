import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import TARGETS, findings, normal_form, validate
from curate.checks.format import implicit_prompt

USER = {"role": "user", "content": "What color is the sky?"}
BLUE = {"role": "assistant", "content": "It is blue."}
GREEN = {"role": "assistant", "content": "It is green."}
SYSTEM = {"role": "system", "content": "Be brief."}


def call(arguments='{"place": "here"}', **more):
    function = {"name": "look", "arguments": arguments}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function, **more}],
    }


TOOL = {"role": "tool", "tool_call_id": "call_1", "content": "blue"}

DOCUMENTED = [
    ("trl-messages", {"messages": [USER, BLUE]}),
    ("trl-prompt-completion", {"prompt": [USER], "completion": [BLUE]}),
    ("trl-prompt-completion", {"prompt": "The sky is", "completion": " blue."}),
    ("trl-preference", {"prompt": [USER], "chosen": [BLUE], "rejected": [GREEN]}),
    ("trl-preference", {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}),
    ("trl-preference-implicit", {"chosen": [USER, BLUE], "rejected": [USER, GREEN]}),
    ("trl-preference-implicit", {"chosen": "The sky is blue.", "rejected": "The sky is green."}),
    ("trl-unpaired", {"prompt": [USER], "completion": [GREEN], "label": False}),
    ("openai-sft", {"messages": [SYSTEM, USER, {**BLUE, "weight": 1}]}),
    (
        "openai-dpo",
        {
            "input": {"messages": [USER], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [BLUE],
            "non_preferred_output": [GREEN],
        },
    ),
]


@pytest.mark.parametrize(("target", "row"), DOCUMENTED)
def test_the_rows_of_the_documentation_are_accepted(target, row):
    assert validate(row, target) == []


WRONG = [
    ("trl-messages", {"messages": []}, "no list of messages, or empty"),
    ("trl-messages", {"messages": [SYSTEM, BLUE]}, "the first turn is assistant, not user"),
    ("trl-messages", {"messages": [USER]}, "ends with user, not assistant"),
    ("trl-messages", {"messages": [SYSTEM]}, "holds no turn but system"),
    ("trl-messages", {"messages": [USER, BLUE, GREEN]}, "two assistant turns in a row"),
    ("trl-messages", {"messages": [USER, SYSTEM, BLUE]}, "a system turn after the beginning"),
    ("trl-messages", {"messages": [USER, {**BLUE, "content": " \n"}]}, "messages[1] is empty"),
    ("trl-messages", {"messages": [USER, {**BLUE, "content": None}]}, "content is null"),
    ("trl-messages", {"messages": [USER, {**BLUE, "content": ["x"]}]}, "content is list, not text"),
    ("trl-messages", {"messages": [USER, {**BLUE, "name": None}]}, "name is null"),
    ("trl-messages", {"messages": [{**USER, "role": "human"}, BLUE]}, "unknown role 'human'"),
    ("trl-messages", {"messages": [USER, {**BLUE, "from": "x"}]}, "unknown key from"),
    ("trl-messages", {"messages": [USER, {**BLUE, "content": "\ud800"}]}, "half a surrogate pair"),
    ("trl-messages", {"messages": [USER, TOOL, BLUE]}, "a tool turn after user"),
    (
        "trl-messages",
        {"messages": [USER, call(), {**TOOL, "tool_call_id": "call_2"}, BLUE]},
        "answers a call that was not made",
    ),
    ("trl-messages", {"messages": [USER, BLUE], "tools": None}, "tools is null"),
    ("trl-messages", {"messages": [USER, BLUE], "note": "x"}, "unknown column note"),
    ("trl-prompt-completion", {"prompt": [USER]}, "no column completion"),
    ("trl-prompt-completion", {"prompt": "x", "completion": [BLUE]}, "completion is no text"),
    ("trl-prompt-completion", {"prompt": [USER, BLUE], "completion": [BLUE]}, "not user or tool"),
    ("trl-preference", {"prompt": [USER], "chosen": [BLUE], "rejected": [BLUE]}, "are the same"),
    (
        "trl-preference",
        {"prompt": "x", "chosen": "caf\u00e9", "rejected": " cafe\u0301 "},
        "chosen and rejected are the same",
    ),
    (
        "trl-preference-implicit",
        {"chosen": [USER, BLUE], "rejected": [{**USER, "content": "Why?"}, GREEN]},
        "do not begin with the same prompt",
    ),
    (
        "trl-preference-implicit",
        {"chosen": [USER, BLUE], "rejected": [USER, BLUE, USER, GREEN]},
        "one chat is the beginning of the other",
    ),
    ("trl-unpaired", {"prompt": [USER], "completion": [BLUE], "label": 1}, "not true or false"),
    ("openai-sft", {"messages": [USER, {**BLUE, "weight": 0.5}]}, "weight 0.5 is not 0 or 1"),
    ("openai-sft", {"messages": [USER, {**BLUE, "weight": True}]}, "weight True is not 0 or 1"),
    ("openai-sft", {"messages": [{**USER, "weight": 1}, BLUE]}, "does not belong here"),
    ("openai-sft", {"messages": [USER, {**BLUE, "weight": 0}]}, "nothing to learn"),
    ("openai-sft", {"messages": [USER, call({"place": "here"})]}, "not a JSON text"),
    ("openai-sft", {"messages": [USER, call("{place}")]}, "are no JSON"),
    ("openai-sft", {"messages": [USER, call(id=None)]}, "without an id"),
    ("openai-sft", {"messages": [USER, BLUE], "tools": [{"name": "look"}]}, "no function"),
    (
        "openai-dpo",
        {
            "input": {"messages": [USER]},
            "preferred_output": [BLUE, BLUE],
            "non_preferred_output": [GREEN],
        },
        "preferred_output is not exactly one message",
    ),
    (
        "openai-dpo",
        {"input": {"messages": [USER]}, "preferred_output": [BLUE], "non_preferred_output": [USER]},
        "ends with user, not assistant",
    ),
    (
        "openai-dpo",
        {"input": "hi", "preferred_output": [BLUE], "non_preferred_output": [GREEN]},
        "input is no object",
    ),
]


@pytest.mark.parametrize(("target", "row", "why"), WRONG)
def test_what_a_trainer_would_choke_on_is_said(target, row, why):
    assert any(why in sentence for sentence in validate(row, target)), validate(row, target)


@pytest.mark.parametrize("arguments", ['{"place": "here"}', {"place": "here"}])
def test_trl_takes_arguments_as_text_or_object(arguments):
    assert validate({"messages": [USER, call(arguments), TOOL, BLUE]}, "trl-messages") == []


def test_a_turn_of_tool_calls_only_needs_no_content():
    turn = call()
    del turn["content"]
    assert validate({"messages": [USER, turn, TOOL, BLUE]}, "openai-sft") == []


def test_every_target_of_the_configuration_has_a_validator():
    from typing import get_args

    from curate.config import ExportFormat

    assert set(TARGETS) == set(get_args(ExportFormat))


def test_findings_say_each_thing_once_with_its_rows():
    good = {"messages": [USER, BLUE]}
    found = findings([good, {"messages": [USER]}, good, {"messages": [USER]}], "trl-messages")
    assert [(f.message, f.rows) for f in found] == [
        ("trl-messages: messages ends with user, not assistant", (1, 3))
    ]


def test_columns_that_some_rows_lack_are_found():
    rows = [{"messages": [USER, BLUE]}, {"messages": [USER, BLUE], "tools": "[]"}]
    (found,) = findings(rows, "trl-messages")
    assert "differ from those of the first row" in found.message
    assert found.rows == (1,)


def test_too_few_rows_for_the_service_are_a_warning():
    rows = [{"messages": [USER, BLUE]}] * 9
    assert [f.severity for f in findings(rows, "openai-sft")] == ["warning"]
    assert findings([*rows, rows[0]], "openai-sft") == []


def test_no_rows_have_nothing_wrong_for_trl():
    assert findings([], "trl-messages") == []


def test_the_common_prompt_ends_where_the_chats_part():
    assert implicit_prompt([USER, BLUE], [USER, GREEN]) == 1
    assert implicit_prompt([USER, BLUE, USER, BLUE], [USER, BLUE, USER, GREEN]) == 3
    assert implicit_prompt([BLUE], [GREEN]) == 0
    assert implicit_prompt([], [GREEN]) == 0


def test_the_common_prompt_of_a_chat_and_its_beginning_leaves_both_an_answer():
    assert implicit_prompt([USER, BLUE], [USER, BLUE, USER, GREEN]) == 1
    assert implicit_prompt([USER, BLUE], [USER, BLUE]) == 1


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_normal_form_is_settled_after_once(text):
    assert normal_form(normal_form(text)) == normal_form(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "messages", "tool_calls", "function", "input", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
COLUMNS = ["messages", "prompt", "chosen", "rejected", "input", "preferred_output", "tools"]


@pytest.mark.parametrize("target", list(TARGETS))
@settings(deadline=None, max_examples=60)
@given(row=st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=4))
def test_no_row_makes_a_validator_fail(target, row):
    assert validate(row, target)
    findings([row], target)
