import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.llm.reading import count_message, count_prompt, read_replies, said_in
from curate.records import Message, ToolCall

CHAT = ({"role": "user", "content": "What is the capital of France?"},)
quick = settings(max_examples=300, deadline=None)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


def nested(*keys):
    names = st.sampled_from(keys) | st.text(max_size=4)
    return st.recursive(
        scalars, lambda x: st.lists(x, max_size=3) | st.dictionaries(names, x, max_size=4)
    )


def body(message=None, usage=None, **choice):
    given_ = {"index": 0, "message": message or {"content": "Paris"}, "finish_reason": "stop"}
    return {"model": "m-1", "choices": [given_ | choice], "usage": usage}


def read(*args, **kwargs):
    [reply] = read_replies(body(*args, **kwargs), CHAT)
    return reply


def test_a_plain_answer_is_read():
    reply = read(usage={"prompt_tokens": 14, "completion_tokens": 2})
    assert (reply.text, reply.finish_reason, reply.served_by) == ("Paris", "stop", "m-1")
    assert (reply.prompt_tokens, reply.completion_tokens, reply.tokens_counted) == (14, 2, False)
    assert (reply.logprobs, reply.alternatives, reply.why_failed) == ((), (), None)


def test_tool_calls_stand_beside_content_null():
    function = {"name": "weather", "arguments": '{"city": "Paris"}'}
    reply = read({"content": None, "tool_calls": [{"id": "t1", "function": function}]})
    call = ToolCall(name="weather", arguments='{"city": "Paris"}', id="t1")
    assert reply.message == Message(role="assistant", content=None, tool_calls=(call,))


def test_arguments_as_an_object_and_the_older_function_call_are_read():
    reply = read({"content": None, "function_call": {"name": "f", "arguments": {"a": 1}}})
    assert reply.message.tool_calls == (ToolCall(name="f", arguments='{"a": 1}'),)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_thinking(name):
    assert read({"content": "4", name: "2 + 2"}).message.thinking == "2 + 2"


def test_content_in_parts_is_put_together():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "Par"},
        {"type": "text", "text": "is"},
        {"type": "audio", "audio": {"id": "a"}},
    ]
    message = read({"content": parts}).message
    assert (message.content, message.thinking) == ("Paris", "hm")
    assert json.loads(message.parts) == [{"type": "audio", "audio": {"id": "a"}}]


def test_a_refusal_is_kept():
    message = read({"content": None, "refusal": "I cannot help."}).message
    assert (message.content, message.refusal) == (None, "I cannot help.")


def test_nul_and_lone_surrogates_survive():
    raw = b'{"choices": [{"message": {"content": "a\\u0000b \\ud83d c"}}]}'
    assert read_replies(raw, CHAT)[0].text == "a\x00b \ud83d c"


def test_a_text_completion_is_read():
    assert read_replies({"choices": [{"text": "Paris"}]}, CHAT)[0].text == "Paris"


def test_log_probabilities_and_the_likeliest_tokens_are_read():
    top = [{"token": "Par", "logprob": -0.25}, {"token": "Lyon", "logprob": -2.0}]
    rows = [{"token": "Par", "logprob": -0.25, "top_logprobs": top}, {"token": "is", "logprob": 0}]
    reply = read(logprobs={"content": rows})
    assert reply.logprobs == (-0.25, 0.0)
    assert reply.alternatives == ({"Par": -0.25, "Lyon": -2.0}, {})


def test_log_probabilities_in_columns_are_read():
    given_ = {
        "tokens": ["Par", "is"],
        "token_logprobs": [-1, -2],
        "top_logprobs": [{"Par": -1}, None],
    }
    reply = read(logprobs=given_)
    assert (reply.logprobs, reply.alternatives) == ((-1.0, -2.0), ({"Par": -1.0}, {}))


def test_of_tokens_written_alike_the_likelier_counts():
    top = [{"token": "�", "logprob": -3}, {"token": "�", "logprob": -1}]
    reply = read(logprobs={"content": [{"token": "�", "logprob": -1, "top_logprobs": top}]})
    assert reply.alternatives == ({"�": -1.0},)


@pytest.mark.parametrize("value", [None, "low", True, [], math.nan, 10**400])
def test_log_probabilities_with_one_that_is_none_are_none(value):
    rows = [{"token": "Par", "logprob": -0.25}, {"token": "is", "logprob": value}]
    reply = read(logprobs={"content": rows})
    assert (reply.text, reply.logprobs) == ("Paris", ())


def test_minus_infinity_is_a_log_probability():
    choice = '{"message": {"content": "x"}, "logprobs": {"content": [{"logprob": -Infinity}]}}'
    raw = f'{{"choices": [{choice}]}}'
    assert read_replies(raw, CHAT)[0].logprobs == (-math.inf,)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": -3, "completion_tokens": -1},
        {"prompt_tokens": "9", "completion_tokens": 1.0},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": 10**30, "completion_tokens": 10**30},
    ],
)
def test_usage_that_cannot_be_true_is_counted_here(usage):
    reply = read(usage=usage)
    assert reply.tokens_counted
    assert reply.prompt_tokens == count_prompt(CHAT)
    assert reply.completion_tokens == count_message(Message(role="assistant", content="Paris")) == 1


def test_fewer_tokens_than_log_probabilities_or_half_the_words_are_not_believed():
    rows = {"content": [{"logprob": -1}] * 5}
    usage = {"prompt_tokens": 14, "completion_tokens": 4}
    assert read(usage=usage, logprobs=rows).completion_tokens == 5
    long = {"content": "one two three four five six seven eight nine ten"}
    reply = read(long, usage)
    assert (reply.completion_tokens, reply.tokens_counted) == (10, True)


def test_choices_come_in_the_order_of_their_index_and_the_first_pays_the_prompt():
    choices = [{"index": i, "message": {"content": f"answer {i}"}} for i in (2, 0, 1)]
    usage = {"prompt_tokens": 14, "completion_tokens": 2}
    replies = read_replies({"choices": choices, "usage": usage}, CHAT, asked=3)
    assert [r.text for r in replies] == ["answer 0", "answer 1", "answer 2"]
    assert [r.prompt_tokens for r in replies] == [14, 0, 0]
    # usage is of one choice, or of all three: "answer", " ", "0" are counted
    assert [(r.completion_tokens, r.tokens_counted) for r in replies] == [(3, True)] * 3


def test_the_first_choice_that_can_be_read_pays_the_prompt():
    choices = [{"index": 0, "message": None}, {"index": 1, "message": {"content": "Paris"}}]
    replies = read_replies({"choices": choices, "usage": {"prompt_tokens": 14}}, CHAT, asked=2)
    assert [r.why_failed for r in replies] == ["the message is missing, not an object", None]
    assert [r.prompt_tokens for r in replies] == [0, 14]


def test_choices_beyond_those_asked_for_are_left():
    choices = [{"message": {"content": "a"}}, {"message": {"content": "b"}}]
    assert [r.text for r in read_replies({"choices": choices}, CHAT)] == ["a"]


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        (b"", "the answer is no JSON"),
        (b"<html>", "the answer is no JSON"),
        (b"\xff\xfe\xfa", "the answer is no JSON"),
        (b"[" * 100_000, "the answer is nested too deeply"),
        (b"[1]", "the answer is a list, not an object"),
        (b"null", "the answer is missing, not an object"),
        ({}, "the answer holds no choices"),
        ({"choices": []}, "the answer holds no choices"),
        ({"choices": {"a": 1}}, "the choices are an object, not a list"),
        ({"choices": [7]}, "a choice is a number, not an object"),
        ({"choices": [{"message": "Paris"}]}, "the message is text, not an object"),
        ({"choices": [{"message": {"content": 7}}]}, "the content is a number, not text"),
        ({"choices": [{"message": {"tool_calls": [{}]}}]}, "a tool call names no function"),
        ({"error": {"message": "overloaded"}}, "the server says: overloaded"),
        ({"choices": [{"error": "cut off"}]}, "the server says: cut off"),
    ],
)
def test_what_cannot_be_read_is_a_reason(given_, why):
    [reply] = read_replies(given_, CHAT)
    assert reply.message is None
    assert reply.why_failed.startswith(why)


@quick
@given(nested("choices", "message", "content", "logprobs", "usage", "error", "index"))
def test_any_json_is_replies_or_a_reason(answer):
    replies = read_replies(answer, CHAT, asked=2)
    assert 1 <= len(replies) <= 2
    assert all((r.message is None) == (r.why_failed is not None) for r in replies)


@quick
@given(
    nested("content", "tool_calls", "function", "name", "refusal", "reasoning", "type", "text"),
    nested("content", "token", "logprob", "top_logprobs", "token_logprobs"),
    nested("prompt_tokens", "completion_tokens"),
)
def test_any_choice_is_a_reply_with_finite_counts(message, logprobs, usage):
    choice = {"message": message, "logprobs": logprobs}
    [reply] = read_replies({"choices": [choice], "usage": usage}, CHAT)
    assert all(type(lp) is float and not math.isnan(lp) for lp in reply.logprobs)
    assert 0 <= reply.completion_tokens < 2**31 and 0 <= reply.prompt_tokens < 2**31
    assert reply.alternatives == () or len(reply.alternatives) == len(reply.logprobs)


@quick
@given(st.binary(max_size=200))
def test_any_bytes_are_a_reason_or_replies(raw):
    assert read_replies(raw, CHAT)


@quick
@given(st.text(), st.lists(st.floats(max_value=0, allow_nan=False), max_size=5))
def test_what_a_server_writes_is_what_is_read(text, logprobs):
    rows = [{"token": "t", "logprob": value} for value in logprobs]
    answer = {"choices": [{"message": {"content": text}, "logprobs": {"content": rows}}]}
    [reply] = read_replies(json.dumps(answer).encode(), CHAT)
    assert (reply.text, reply.logprobs) == (text, tuple(logprobs))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b'{"error": {"message": "no"}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"object": "error", "message": "no"}', "no"),
        (b'{"detail": [{"loc": ["body", "seed"], "msg": "no"}]}', "body.seed: no"),
        (b"Bad\n Gateway", "Bad Gateway"),
        (b"", ""),
        (b"[]", "[]"),
    ],
)
def test_an_error_says_the_same_in_every_shape(held, said):
    assert said_in(held) == said


def test_what_no_terminal_and_no_file_should_hold_is_replaced():
    bad = "\N{REPLACEMENT CHARACTER}"
    assert said_in({"error": "a \ud83d \x1b[31mred\x00"}) == f"a {bad} {bad}[31mred{bad}"
    choice = {"message": {"content": "hi"}, "finish_reason": "st\ud83dop"}
    (reply,) = read_replies({"choices": [choice], "model": "m\ud83d"}, ())
    assert (reply.finish_reason, reply.served_by) == (f"st{bad}op", f"m{bad}")


def test_a_long_error_is_cut():
    assert len(said_in(b"x" * 10_000)) == 300
