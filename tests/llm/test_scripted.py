import pytest

from curate.llm.calls import Call, Reply
from curate.llm.scripted import Scripted, scripted


def call(text, sample=0):
    chat = ({"role": "user", "content": text},)
    return Call(model="m", base_url="script:", messages=chat, sample=sample)


def test_a_function_from_chats_is_a_client_and_asks():
    client = scripted(lambda chat: chat[-1]["content"] * 2)
    asked = [call("a"), call("b")]
    assert [(c, r.text) for c, r in client.complete(asked)] == list(
        zip(asked, ["aa", "bb"], strict=True)
    )
    assert [r.text for r in client(asked)] == ["aa", "bb"]


def test_a_function_from_calls_knows_the_sample():
    client = Scripted(lambda asked: str(asked.sample))
    assert [r.text for r in client([call("a", n) for n in range(3)])] == ["0", "1", "2"]


def test_a_whole_reply_goes_through_as_it_is():
    failed = Reply.failed("no")
    assert list(scripted(lambda chat: failed)([call("a")])) == [failed]


def test_what_the_function_raises_goes_through():
    with pytest.raises(ZeroDivisionError):
        list(scripted(lambda chat: str(1 / 0))([call("a")]))
