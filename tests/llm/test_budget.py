"""The limit is never passed, nothing is lost at it, and nothing is paid twice after it."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.config import MemberConfig, SpendConfig
from curate.errors import BudgetError, ConfigError
from curate.llm.asking import asked
from curate.llm.budget import Budget
from curate.llm.calls import Call, Reply
from curate.llm.clients import client_for
from curate.llm.ledger import Ledger
from curate.llm.prices import Prices
from curate.llm.scripted import Scripted
from tests.llm.little_server import little_server
from tests.llm.shuffled import Shuffled

PRICE = {"little": {"prompt": 1_000, "completion": 2_000}}
"""A thousandth a prompt token, two a completion token."""


def calls_to(member, n, **params):
    for i in range(n):
        chat = ({"role": "user", "content": f"question {i}"},)
        params = {"max_tokens": 10} | params
        yield Call(model=member.model, base_url=member.base_url, messages=chat, params=params)


def member_at(address):
    return MemberConfig(model="little", base_url=address, api_key_env=None, concurrency=4)


def run(client, member, ledger, spend, calls):
    """Ask until the budget stops it; return the replies and the error, if there was one."""
    prices = Prices(spend)
    budget = Budget(spend, ledger, prices)
    ask = asked(client, ledger, stage="generate", member=member, budget=budget, prices=prices)
    replies = []
    try:
        replies += ask(calls)
    except BudgetError as stop:
        return replies, stop
    return replies, None


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as book:
        yield book


# Each call costs 2 prompt and 10 completion tokens, so 12 tokens and .022 of money.
LIMITS = {"calls": (17, 17), "tokens": (1_000, None), "money": (2.0, None)}


@pytest.mark.parametrize("unit", LIMITS)
def test_the_limit_is_never_passed_and_after_raising_it_nothing_is_paid_twice(unit, ledger):
    limit, expected = LIMITS[unit]
    with little_server() as server:
        member = member_at(server.base_url)
        spend = SpendConfig(prices=PRICE, **{unit: limit})
        replies, stop = run(client_for(member), member, ledger, spend, calls_to(member, 120))
        spent = {"calls": server.calls, "tokens": server.tokens, "money": ledger.totals().money}
        assert stop is not None and stop.exit_code == 8 and spent[unit] <= limit
        assert expected is None or server.calls == expected
        assert server.calls == len(replies) == ledger.totals().calls > 0
        assert f"{120 - server.calls:,} calls were not sent" in str(stop)
        assert f"Raise `budget.{unit}`" in str(stop)
        more = SpendConfig(prices=PRICE, **{unit: 10_000})
        replies, stop = run(client_for(member), member, ledger, more, calls_to(member, 120))
        assert stop is None
        assert [r.text for r in replies] == [f"QUESTION {i}" for i in range(120)]
        assert set(server.asked.values()) == {1} and server.calls == 120


@settings(max_examples=60, deadline=None)
@given(
    money=st.none() | st.floats(0, 3),
    calls=st.none() | st.integers(0, 30),
    tokens=st.none() | st.integers(0, 8_000),
    takes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 100)), max_size=25),
    seed=st.integers(0, 9),
)
def test_no_mix_of_limits_is_passed_by_any_answers(money, calls, tokens, takes, seed):
    class Told(Shuffled):
        def complete(self, calls):
            for one, _ in super().complete(calls):
                prompt, completion = takes[int(one.messages[0]["content"].split()[1])]
                yield one, Reply(prompt_tokens=prompt, completion_tokens=completion)

    member = member_at("https://models.example/v1")
    spend = SpendConfig(money=money, calls=calls, tokens=tokens, prices=PRICE)
    asks = calls_to(member, len(takes), max_tokens=100)
    with Ledger(":memory:") as ledger:
        replies, stop = run(Told(seed=seed), member, ledger, spend, asks)
        total = ledger.totals()
        assert len(replies) == total.calls and (stop is None) == (len(replies) == len(takes))
        assert calls is None or total.calls <= calls
        assert tokens is None or total.tokens <= tokens
        assert money is None or total.money <= money * (1 + 1e-12)


def test_near_the_limit_what_was_reserved_in_vain_is_used(ledger):
    member = member_at("https://models.example/v1")
    told = Scripted(lambda call: Reply(prompt_tokens=2, completion_tokens=10))
    # The worst case of a call is 10 bytes, 272 around them, 1,000 of completion: one fits at once.
    spend = SpendConfig(tokens=2_000)
    replies, stop = run(told, member, ledger, spend, calls_to(member, 100, max_tokens=1_000))
    # (2,000 - 1,282) / 12 = 59.8, so that the 60th still fits.
    assert len(replies) == 60 and "720 of 2,000 tokens spent" in str(stop)


def test_the_budget_is_that_of_the_whole_project(ledger):
    member = member_at("https://models.example/v1")
    told = Scripted(lambda call: Reply(prompt_tokens=2, completion_tokens=10))
    for stage in ("generate", "judge"):
        budget = Budget(SpendConfig(calls=5), ledger, Prices())
        ask = asked(told, ledger, stage=stage, member=member, budget=budget)
        with pytest.raises(BudgetError, match="5 of 5 calls spent"):
            list(ask(calls_to(member, 9, seed=len(stage))))
    assert [row.stage for row in ledger.by_model_and_stage()] == ["generate"]


def test_a_limit_of_nought_sends_nothing_but_gives_what_is_there(ledger):
    member = member_at("https://models.example/v1")
    run(Scripted(lambda call: "yes"), member, ledger, SpendConfig(), calls_to(member, 3))
    replies, stop = run(None, member, ledger, SpendConfig(calls=0), calls_to(member, 3))
    assert len(replies) == 3 and stop is None
    replies, stop = run(None, member, ledger, SpendConfig(calls=0), calls_to(member, 5))
    assert len(replies) == 3 and "At least 2 calls were not sent" in str(stop)


def test_calls_that_fail_count(ledger):
    member = member_at("https://models.example/v1")
    broken = Scripted(lambda call: Reply(why_failed="no JSON", completion_tokens=10))
    replies, stop = run(broken, member, ledger, SpendConfig(calls=7), calls_to(member, 20))
    assert len(replies) == 7 and stop is not None
    assert "70 of 70 tokens spent" in str(
        run(None, member, ledger, SpendConfig(tokens=70), calls_to(member, 20))[1]
    )


def test_money_cannot_be_limited_where_the_price_is_not_known(ledger):
    member = MemberConfig(model="secret", base_url="https://models.example/v1")
    spend = SpendConfig(money=5)
    with pytest.raises(ConfigError, match=r"price of 'secret' is not known.*`budget.prices`"):
        budget = Budget(spend, ledger, Prices(spend))
        asked(Scripted(str), ledger, stage="generate", member=member, budget=budget)


def test_calls_made_before_their_price_was_known_are_priced_late(ledger):
    member = member_at("https://models.example/v1")
    told = Scripted(lambda call: Reply(prompt_tokens=2, completion_tokens=10))
    run(told, member, ledger, SpendConfig(), calls_to(member, 10))
    assert math.isnan(ledger.totals().money)
    with pytest.raises(ConfigError, match=re.escape("(10 calls were made already)")):
        Budget(SpendConfig(money=1), ledger, Prices())
    spend = SpendConfig(money=0.25, prices=PRICE)  # 10 * .022 = .22 spent, the next may pass .25
    _, stop = run(None, member, ledger, spend, calls_to(member, 11))
    assert "0.22 of 0.25 USD spent" in str(stop)
