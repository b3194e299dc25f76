"""The likely count is OpenAI's; the bound holds for any tokenizer that makes a token of a byte."""

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.llm.calls import Call
from curate.llm.weight import PromptTokens, completion_limit, most_prompt_tokens


def call(*texts, **params):
    chat = tuple({"role": "user", "content": text} for text in texts)
    return Call(model="m", base_url="x", messages=chat, params=params)


def likely(*calls):
    return list(map(PromptTokens("o200k_base"), calls))


def test_the_likely_count_is_the_cookbooks():
    # "user" 1 + "hello world" 2 + 3 around the message + 3 after the last
    assert likely(call("hello world")) == [9]


def test_equal_neighbours_are_equal():
    assert likely(call("a"), call("a"), call("b c d"), call("a")) == [8, 8, 10, 8]


def test_tools_and_schemas_are_part_of_the_prompt():
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    with_tool, plain = call("hi", tools=[tool]), call("hi")
    assert likely(with_tool) > likely(plain)
    assert most_prompt_tokens(with_tool) > most_prompt_tokens(plain)


def test_a_picture_counts_as_one_and_not_as_its_bytes():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 100_000}}
    seen = Call(
        model="m",
        base_url="x",
        messages=({"role": "user", "content": [{"type": "text", "text": "What?"}, image]},),
    )
    assert 4_096 < most_prompt_tokens(seen) < 5_000


def test_an_answer_is_limited_by_either_name():
    assert completion_limit({"max_completion_tokens": 7, "max_tokens": 9}) == 7
    assert completion_limit({"max_tokens": 9}) == 9
    assert completion_limit({"max_tokens": None}) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=80), min_size=1, max_size=4))
def test_no_prompt_has_more_tokens_than_its_bound(texts):
    assert likely(call(*texts))[0] <= most_prompt_tokens(call(*texts))


def test_minus_one_is_no_limit():
    assert completion_limit({"max_tokens": -1}) is None
    assert completion_limit({"max_tokens": 0}) is None
    assert completion_limit({"max_completion_tokens": 5, "max_tokens": -1}) == 5
