import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Context, rows_of
from curate.checks.plain import is_plain
from curate.checks.targets import AUDITED, faults, target_of
from curate.checks.watch import FORMAT, SCHEMA, Watch

USER = {"role": "user", "content": "What color is the sky?"}
BLUE = {"role": "assistant", "content": "It is blue."}
GREEN = {"role": "assistant", "content": "It is green."}
HUMAN = {"from": "human", "value": "What color is the sky?"}
GPT = {"from": "gpt", "value": "It is blue."}


def call(arguments):
    function = {"name": "look", "arguments": arguments}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
    }


TOOL = {"role": "tool", "tool_call_id": "c1", "content": "blue"}

RIGHT = [
    ("trl-messages", {"messages": [USER, BLUE]}),
    ("openai-sft", {"messages": [USER, {**BLUE, "weight": 1}]}),
    ("trl-prompt-completion", {"prompt": "The sky is", "completion": " blue."}),
    ("trl-preference", {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."}),
    ("trl-preference", {"prompt": [USER], "chosen": [BLUE], "rejected": [GREEN]}),
    ("trl-preference-implicit", {"chosen": [USER, BLUE], "rejected": [USER, GREEN]}),
    (
        "trl-preference-implicit",
        {"prompt": "What color?", "chosen": [USER, BLUE], "rejected": [USER, GREEN]},
    ),
    ("trl-unpaired", {"prompt": "Sky?", "completion": "Blue.", "label": True}),
    (
        "openai-dpo",
        {
            "input": {"messages": [USER], "tools": None},
            "preferred_output": [BLUE],
            "non_preferred_output": [GREEN],
        },
    ),
    ("sharegpt", {"conversations": [HUMAN, GPT]}),
    ("sharegpt", {"conversations": [{"from": "system", "value": "Be brief."}, HUMAN, GPT]}),
    ("sharegpt", {"conversations": [HUMAN], "chosen": GPT, "rejected": {**GPT, "value": "No."}}),
    ("alpaca", {"instruction": "Name it.", "input": "", "output": "Blue."}),
    ("alpaca", {"instruction": "Name it.", "output": "Blue.", "history": [["a", "b"]]}),
    ("alpaca", {"instruction": "Name it.", "chosen": "Blue.", "rejected": "Green."}),
    ("rows", {"conversation": [USER, BLUE], "model": "m"}),
]


@pytest.mark.parametrize(("target", "row"), RIGHT)
def test_a_right_row_is_known_by_its_columns_and_passes(target, row):
    assert target_of(row) == target
    assert faults(row, target) == []
    extra = {**row, "id": 7, "score": None, "meta": {"a": [1]}}
    assert target_of(extra) == target
    assert faults(extra, target) == []


WRONG = [
    ("sharegpt", {"conversations": [GPT]}, "the first turn is an answer"),
    ("sharegpt", {"conversations": [HUMAN]}, "ends with human, not gpt"),
    ("sharegpt", {"conversations": [HUMAN, GPT, GPT]}, "two answers in a row"),
    ("sharegpt", {"conversations": [HUMAN, HUMAN, GPT]}, "two questions in a row"),
    ("sharegpt", {"conversations": [HUMAN, {"from": "gpt", "value": None}]}, "not text"),
    ("sharegpt", {"conversations": [HUMAN, {"from": "gpt", "value": " "}]}, "is empty"),
    ("sharegpt", {"conversations": [{**HUMAN, "from": "alien"}, GPT]}, "unknown speaker 'alien'"),
    ("sharegpt", {"conversations": []}, "no list of turns, or empty"),
    ("alpaca", {"instruction": "", "output": "x"}, "instruction is empty"),
    ("alpaca", {"instruction": "a", "output": None}, "output is null"),
    ("alpaca", {"instruction": "a", "output": {"b": 1}}, "output is dict, not text"),
    (
        "alpaca",
        {"instruction": "a", "output": "b", "history": ["c"]},
        "history is no list of pairs",
    ),
    ("alpaca", {"instruction": "a", "chosen": "b", "rejected": "b"}, "are the same"),
    ("rows", {"conversation": [USER, BLUE, BLUE]}, "two assistant turns in a row"),
    ("rows", {"conversation": [USER, {"role": "assistant", "content": None}]}, "not text"),
    ("trl-messages", {"messages": [USER, {"role": "assistant", "content": None}]}, "null"),
    ("trl-messages", {"messages": [USER, call("{"), TOOL, BLUE]}, "are no JSON"),
]


@pytest.mark.parametrize(("target", "row", "why"), WRONG)
def test_what_is_wrong_is_said(target, row, why):
    assert any(why in sentence for sentence in faults(row, target)), faults(row, target)


def test_strictness_minds_what_a_target_does_not_know():
    row = {"messages": [USER, {**BLUE, "id": 1}], "note": "x"}
    assert faults(row, "trl-messages") == []
    assert faults(row, "trl-messages", strict=True) == [
        "unknown column note",
        "messages[1]: unknown key id",
    ]


def test_nulls_that_a_table_put_in_place_of_missing_keys_are_no_fault():
    nulls = {"name": None, "tool_calls": None, "tool_call_id": None}
    row = {"messages": [{**USER, **nulls}, {**BLUE, **nulls}], "tools": None}
    assert faults(row, "trl-messages") == []


def test_content_in_parts_is_content():
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    assert faults({"messages": [{**USER, "content": parts}, BLUE]}, "trl-messages") == []


def test_what_is_no_object_is_a_fault_of_its_row():
    watch = Watch()
    for number, row in enumerate([[1], 3, None, {"prompt": "a", "completion": "b"}]):
        watch.add(number, row)
    said = {f.message: f.rows for f in watch.found()[0].findings}
    assert said["the row is list, no object"] == (0,)
    assert said["the row is NoneType, no object"] == (2,)


def test_a_fault_is_told_once_with_all_its_rows_whatever_the_turn():
    watch = Watch()
    empty = {"role": "assistant", "content": " "}
    watch.add(0, {"messages": [USER, empty]})
    watch.add(1, {"messages": [USER, BLUE, USER, empty]})
    watch.add(2, {"messages": [USER, BLUE]})
    (one,) = watch.found()[0].findings
    assert one.message == "trl-messages: messages[…] is empty"
    assert one.rows == (0, 1)
    assert one.score == pytest.approx(2 / 3)


def test_a_row_for_another_trainer_is_a_stranger():
    watch = Watch()
    for number in range(9):
        watch.add(number, {"messages": [USER, BLUE]})
    watch.add(9, {"prompt": "a", "completion": "b"})
    format, _ = watch.found()
    assert watch.main_target() == "trl-messages"
    assert [f.rows for f in format.findings] == [(9,)]
    assert "looks like trl-prompt-completion" in format.findings[0].message
    assert format.figures["rows_by_target"] == {"trl-messages": 9, "trl-prompt-completion": 1}


def test_a_named_target_is_what_all_rows_are_held_against():
    watch = Watch("openai-dpo")
    watch.add(0, {"messages": [USER, BLUE]})
    assert any("no column input" in f.message for f in watch.found()[0].findings)


def test_ordinals_become_the_rows_that_were_made_of_them():
    watch = Watch()
    watch.add(0, {"messages": [USER]})
    watch.add(1, {"messages": [USER, BLUE]})
    watch.add(2, {"messages": [USER]})
    format, _ = watch.found(lambda number: [] if number == 0 else [10 * number, 10 * number + 1])
    assert format.findings[0].rows == (20, 21)


def mixed(*rows):
    watch = Watch()
    for number, row in enumerate(rows):
        watch.add(number, row)
    return watch.found()[1].findings


def test_arguments_as_object_here_and_text_there_are_an_error():
    rows = [{"messages": [USER, call('{"a": 1}'), TOOL, BLUE]}] * 3
    (one, *_) = mixed(*rows, {"messages": [USER, call({"a": 1}), TOOL, BLUE]})
    assert one.severity == "error"
    assert one.rows == (3,)
    assert "messages[].tool_calls[].function.arguments is text in 3 and object in 1" in one.message


def test_numbers_whole_and_not_are_told_as_harmless():
    (one,) = mixed({"text": "a", "n": 1}, {"text": "b", "n": 1.5}, {"text": "c", "n": 2})
    assert (one.severity, one.rows) == ("info", (1,))


def test_true_is_no_number():
    (one,) = mixed({"n": 1}, {"n": True}, {"n": 2})
    assert one.severity == "error"


def test_a_column_that_comes_late_is_a_warning():
    early = [{"text": "a", "note": None}] * 1000
    (one,) = mixed(*early, {"text": "b", "note": "x"})
    assert one.severity == "warning"
    assert "null until row 1001" in one.message
    (other,) = mixed({"text": "b", "note": "x"}, *early)
    assert other.severity == "info"


def test_the_smaller_part_is_at_fault_where_a_column_is_missing():
    (few,) = mixed({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1})
    assert few.rows == (2,)
    assert "missing in 1 of 3 rows" in few.message
    (many,) = mixed({"a": 1}, {"a": 1}, {"a": 1, "b": 2})
    assert many.rows == (2,)
    assert "missing in 2 of 3 rows" in many.message


def test_keys_in_another_order_are_the_same_columns():
    assert mixed({"a": 1, "b": "x"}, {"b": "y", "a": 2}) == ()


def test_an_object_of_free_keys_is_a_map():
    rows = [{"m": {f"k{n}": n if n % 2 else str(n)}} for n in range(100)]
    assert mixed(*rows) == ()


def test_nesting_ten_thousand_deep_is_survived():
    deep = "x"
    for _ in range(10_000):
        deep = [deep]
    watch = Watch()
    watch.add(0, {"messages": deep})
    watch.add(1, {"prompt": deep, "chosen": deep, "rejected": deep})
    format, schema = watch.found()
    assert format.findings
    assert schema.looked_at == 2
    del deep


def test_without_rows_nothing_is_wrong():
    format, schema = Watch().found()
    assert (format.findings, schema.findings, format.looked_at) == ((), (), 0)


def test_rows_already_read_cannot_be_checked_and_it_says_so():
    for check in (FORMAT, SCHEMA):
        assert CHECKS.get(check.name) is check
        assert "seen while reading" in check.run(rows_of(["a"]), Context()).skipped


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "from", "value", "tool_calls", "messages", "type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
COLUMNS = [
    *("messages", "prompt", "chosen", "rejected", "input", "preferred_output", "tools", "label"),
    *("conversations", "instruction", "output", "history", "completion"),
]


@settings(deadline=None, max_examples=120)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=5) | JSON, max_size=4)
)
def test_no_rows_make_a_watch_fail(rows):
    watch = Watch()
    for number, row in enumerate(rows):
        watch.add(number, row)
    format, schema = watch.found()
    json.dumps([format.figures, schema.figures])
    assert all(0 <= row < len(rows) for f in (*format.findings, *schema.findings) for row in f.rows)


@pytest.mark.parametrize("target", list(AUDITED))
@settings(deadline=None, max_examples=60)
@given(row=st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=4))
def test_a_row_that_passes_the_quick_look_has_no_fault(target, row):
    if is_plain(row, target, {}):
        assert faults(row, target) == []


ROLES = st.sampled_from(["system", "user", "assistant", "tool", "alien"])
TURNS = st.builds(lambda role, text: {"role": role, "content": text}, ROLES, st.text(max_size=3))


@settings(deadline=None, max_examples=100)
@given(st.lists(TURNS, max_size=5))
def test_the_quick_look_at_chats_says_what_the_validator_says(messages):
    row = {"messages": messages}
    assert is_plain(row, "trl-messages", {}) == (faults(row, "trl-messages") == [])
