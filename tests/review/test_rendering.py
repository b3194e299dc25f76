import json
from html import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.records import Message, Record, ToolCall
from curate.review.rendering import answer, editable, plain, turns

texts = st.text(st.characters(codec=None), max_size=200)  # surrogates and NUL as well


def said(*messages: Message, tools: str | None = None) -> list[dict[str, str]]:
    return turns(Record(id="r", messages=messages, tools=tools))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "", "x" * 40]), texts)))
def test_every_turn_fits_what_argilla_takes(chat):
    shown = said(*(Message(role=role, content=text) for role, text in chat))
    for turn in shown:
        assert 1 <= len(turn["role"]) <= 20
        assert 1 <= len(escape(turn["content"], quote=False)) <= 20_000
        assert "\x00" not in turn["content"]
        json.dumps(turn, ensure_ascii=False).encode("utf-8")


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["&", "<", "a ", "line\n", "x"]), st.integers(0, 60_000))
def test_a_long_turn_is_cut_without_losing_a_character(unit, length):
    text = (unit * length)[:length]
    pieces = [turn["content"] for turn in said(Message(role="user", content=text))]
    assert all(len(escape(piece, quote=False)) <= 20_000 for piece in pieces)
    if text.strip():
        assert "".join(pieces) == text


@settings(deadline=None, max_examples=60)
@given(texts)
def test_plain_text_changes_only_what_cannot_be_held(text):
    kept = plain(text)
    kept.encode("utf-8")
    assert len(kept) == len(text)
    assert all(a == b or b in "\u2400\ufffd" for a, b in zip(text, kept, strict=True))


def test_a_tool_call_reads_as_a_call_with_its_arguments_laid_out():
    call = ToolCall(name="get_weather", arguments='{"city":"Köln"}')
    text = answer(Message(role="assistant", content=None, tool_calls=(call,)))
    assert text == '[calls the tool get_weather]\n{\n  "city": "Köln"\n}'


def test_arguments_that_are_no_json_are_shown_as_they_are():
    call = ToolCall(name="run", arguments="{broken")
    assert answer(Message(role="assistant", tool_calls=(call,))).endswith("{broken")


def test_a_refusal_and_an_image_are_told():
    parts = '[{"type": "image_url", "image_url": {"url": "http://tracker/x.png"}}]'
    text = answer(Message(role="assistant", refusal="I cannot.", parts=parts))
    assert text == "I cannot.\n\n[image_url: part of this turn, not shown here]"


def test_thinking_is_not_shown():
    assert answer(Message(role="assistant", content="4", thinking="secret")) == "4"


def test_a_tool_turn_names_its_tool_and_lays_out_what_it_returned():
    [turn] = said(Message(role="tool", name="get_weather", content='{"t":20}'))
    assert turn == {"role": "tool get_weather", "content": '{\n  "t": 20\n}'}


def test_json_that_an_assistant_wrote_is_shown_as_written():
    [turn] = said(Message(role="assistant", content='{"t":20}'))
    assert turn["content"] == '{"t":20}'


def test_tools_on_offer_come_first_with_arguments_and_purpose():
    tools = json.dumps(
        [
            {
                "type": "function",
                "function": {
                    "name": "add",
                    "description": "Adds.",
                    "parameters": {"properties": {"a": {}, "b": {}}},
                },
            },
            {"name": "old", "input_schema": {"properties": {"x": {}}}},
            {"type": "web_search"},
        ]
    )
    first, _ = said(Message(role="user", content="2+2?"), tools=tools)
    assert first == {
        "role": "tools on offer",
        "content": '- add(a, b): Adds.\n- old(x)\n- {"type": "web_search"}',
    }


def test_tools_that_are_no_list_are_shown_as_logged():
    assert said(Message(role="user", content="?"), tools="nonsense")[0]["content"] == "nonsense"


def test_of_a_chat_of_very_many_turns_start_and_end_are_kept_and_the_gap_is_told():
    chat = [Message(role="user", content=str(i)) for i in range(1_000)]
    shown = [turn["content"] for turn in said(*chat)]
    assert len(shown) == 480
    assert (shown[0], shown[119], shown[121], shown[-1]) == ("0", "119", "641", "999")
    assert shown[120] == "(521 turns are left out here)"  # 1000 - 120 - 359


def test_what_a_person_rewrites_is_the_text_alone():
    call = ToolCall(name="f", arguments="{}")
    assert editable(Message(role="assistant", content="Hm.", tool_calls=(call,))) == "Hm."
    assert editable(Message(role="assistant", tool_calls=(call,))) == ""
    assert editable(Message(role="assistant", refusal="No.")) == "No."
