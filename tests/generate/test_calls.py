import pytest

from curate.errors import ConfigError
from curate.generate import calls, check, notes
from tests.generate.asked import member, records, user

WARM = {"temperature": 0.7}


def test_calls_go_record_by_record_and_sample_by_sample():
    asked = list(calls(records("one", "two"), member(samples=2, params=WARM)))
    assert [(c.messages[0]["content"], c.sample) for c in asked] == [
        ("one", 0),
        ("one", 1),
        ("two", 0),
        ("two", 1),
    ]


def test_each_call_has_a_key_of_its_own():
    asked = list(calls(records("one", "two"), member(samples=3, params=WARM)))
    assert len({c.key for c in asked}) == 6


def test_a_part_of_the_samples_can_be_asked():
    later = calls(records("one"), member(samples=5, params=WARM), samples=range(3, 5))
    assert [c.sample for c in later] == [3, 4]


def test_a_call_says_all_that_goes_into_the_request():
    (call,) = calls(records("one"), member(params={"temperature": 0.7, "max_tokens": 9}))
    assert call.params == {"logprobs": True, "temperature": 0.7, "max_tokens": 9}
    assert (call.model, call.base_url) == ("m", "http://127.0.0.1:1/v1")


def test_log_probabilities_are_not_asked_for_where_the_member_says_so():
    (call,) = calls(records("one"), member(logprobs=False))
    assert call.params == {}


def test_the_tools_on_offer_are_offered():
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    (call,) = calls(records("one", tools=[tool]), member())
    assert call.params["tools"] == [tool]


def test_samples_share_a_request_but_for_their_number():
    asked = list(calls(records("one"), member(samples=3, params={**WARM, "seed": 10})))
    assert [c.params["seed"] for c in asked] == [10, 10, 10]  # clients send seed + sample
    assert len({c.key for c in asked}) == 3


def test_a_prompt_that_cannot_be_asked_has_no_call():
    answered = [user("one"), {"role": "assistant", "content": "1"}]
    assert [c.messages[0]["content"] for c in calls(records(answered, "two"), member())] == ["two"]


def test_the_offline_engine_has_an_address_of_its_own():
    (call,) = calls(records("one"), member(client="vllm"))
    assert call.base_url == "vllm:"


def test_temperature_0_samples_are_refused_before_anything_is_paid():
    with pytest.raises(ConfigError, match="repeat each other"):
        check(member(samples=2, params={"temperature": 0}))
    check(member(samples=1, params={"temperature": 0}))


@pytest.mark.parametrize("key", ["n", "stream", "model", "messages"])
def test_what_has_a_key_of_its_own_is_no_parameter(key):
    with pytest.raises(ConfigError, match=rf"params\.{key}"):
        next(calls(records("one"), member(params={key: 2})))


def test_a_missing_temperature_is_told_where_samples_are_asked_for():
    assert "server's default" in notes(member(samples=2))[0]
    assert notes(member()) == notes(member(samples=2, params=WARM)) == []
