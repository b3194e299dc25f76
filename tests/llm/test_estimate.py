"""What calls will take, by hand."""

import math

import pytest

from curate.config import MemberConfig, SpendConfig
from curate.llm.calls import Call, Reply
from curate.llm.estimate import Range, between, estimate
from curate.llm.ledger import Ledger
from curate.llm.prices import Prices

PRICES = Prices(SpendConfig(prices={"m": {"prompt": 1_000, "completion": 2_000}}))


def calls(n, *, samples=1, **params):
    params = {"max_tokens": 100} | params
    for i in range(n):
        chat = ({"role": "user", "content": f"hello world {i % 10}"},)
        for k in range(samples):
            yield Call(
                model="m", base_url="https://a.example/v1", messages=chat, params=params, sample=k
            )


def told(asked, ledger, *, least=None, logged=(), **member):
    config = MemberConfig(model="m", base_url="https://a.example/v1", **member)
    return estimate(
        asked,
        ledger,
        stage="generate",
        member=config,
        prices=PRICES,
        least=least,
        logged=logged,
    )


@pytest.fixture
def ledger():
    with Ledger(":memory:") as book:
        yield book


def answered(ledger, n, completions, *, seconds=math.nan):
    for call, tokens in zip(calls(n), completions, strict=True):
        said = Reply(prompt_tokens=5, completion_tokens=tokens, seconds=seconds)
        ledger.put(call, said, stage="generate", money=0)


def test_where_only_the_limit_is_known_the_range_is_wide(ledger):
    one = told(calls(4), ledger)
    assert list(one.calls) == [4, 4, 4]
    # "user" 1 + "hello world" 2 + " " and a digit 2 + 3 around the message + 3 after it
    assert list(one.prompt_tokens) == [44, 44, 44]
    assert list(one.completion_tokens) == [4, 200, 400]
    # 44 * .001 + (4, 200, 400) * .002
    assert list(one.money) == pytest.approx([0.052, 0.444, 0.844])
    assert math.isnan(one.seconds.likely)


def test_calls_that_the_ledger_has_are_not_counted(ledger):
    answered(ledger, 3, [1, 1, 1])
    one = told(calls(5), ledger)
    assert (one.answered, one.calls.likely) == (3, 2)
    assert told(calls(3), ledger).money == Range() == told(calls(3), ledger).seconds


def test_a_call_that_stands_twice_is_counted_once(ledger):
    assert told([*calls(3), *calls(3)], ledger).calls.high == 3


def test_a_call_whose_schema_the_server_refused_was_answered(ledger):
    answered(ledger, 2, [1, 1])
    schema = {"type": "json_schema", "json_schema": {}}
    one = told(calls(3, response_format=schema), ledger)
    assert (one.answered, one.calls.high) == (2, 1)


def test_the_models_own_answers_tell_how_long_the_next_are(ledger):
    answered(ledger, 10, range(10, 110, 10))
    one = told((c for c in calls(4, temperature=1)), ledger, logged=[1] * 100)
    # of 10, 20, … 100: the shortest tenth ends at 19, the mean is 55, the longest begins at 91
    assert list(one.completion_tokens) == pytest.approx([4 * 19, 4 * 55, 4 * 91])
    assert one.lengths == "as 10 answers of the model so far"


def test_the_servers_own_counts_of_prompts_scale_ours(ledger):
    answered(ledger, 9, [10] * 9)
    assert told(calls(2, seed=1), ledger).prompt_tokens.likely == 22
    answered(ledger, 10, [10] * 10)
    # the server told 5 for each prompt of 11: 22 * 5 / 11
    assert told(calls(2, seed=1), ledger).prompt_tokens.likely == pytest.approx(10)


def test_else_the_logs_answers_do_up_to_the_limit(ledger):
    one = told(calls(2), ledger, logged=[50, 50, 500])
    # mean 200 and longest tenth 410, both cut at 100
    assert list(one.completion_tokens) == [100, 200, 200]
    assert one.lengths == "as 3 answers in the logs"


def test_an_adaptive_rule_saves_between_none_and_all_of_the_rest(ledger):
    one = told(calls(2, samples=5), ledger, least=3, logged=[10])
    assert list(one.calls) == [6, 8, 10]
    assert list(one.prompt_tokens) == [66, 88, 110]
    assert list(one.completion_tokens) == [60, 80, 100]


def test_samples_of_one_request_pay_the_prompt_once(ledger):
    one = told(calls(2, samples=5), ledger, samples_per_request=4)
    # 4 + 1 samples of each prompt: two requests of 11 tokens each
    assert (one.calls.high, one.requests.high, one.prompt_tokens.high) == (10, 4, 44)


def test_time_is_what_the_narrowest_rate_leaves(ledger):
    assert told(calls(10, samples=3), ledger, requests_per_minute=10).seconds.likely == 180
    slow = told(calls(10), ledger, requests_per_minute=600, tokens_per_minute=60)
    # 10 * 11 prompt tokens and 10 * 50 likely ones at one a second
    assert slow.seconds.likely == 610
    answered(ledger, 10, [5] * 10, seconds=4.0)
    assert told(calls(8, seed=1), ledger, concurrency=2).seconds.likely == 16


def test_a_batchs_time_is_not_known_whatever_the_rate(ledger):
    batch = told(calls(3), ledger, client="openai-batch", requests_per_minute=10)
    assert math.isnan(batch.seconds.likely)


def test_a_price_that_is_not_known_leaves_the_money_open(ledger):
    config = MemberConfig(model="other", base_url="https://a.example/v1")
    one = estimate(calls(2), ledger, stage="judge", member=config, prices=PRICES)
    assert all(map(math.isnan, one.money))


def test_no_calls_take_nothing(ledger):
    one = told([], ledger)
    assert one.calls == one.money == one.seconds == Range()


def test_between_two_estimates_halfway_is_likely(ledger):
    few, many = (told(calls(n), ledger, logged=[10]) for n in (2, 10))
    assert list(between(few, many).calls) == [2, 6, 10]
