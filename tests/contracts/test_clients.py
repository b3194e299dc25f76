"""What every client does, whoever wrote it."""

import itertools
import math

import pytest

from curate.config import MemberConfig
from curate.errors import ConfigError
from curate.llm.asking import asked
from curate.llm.calls import Call
from curate.llm.clients import CLIENTS, client_for
from curate.llm.ledger import Ledger
from tests.contracts.client_kits import KEY, REFUSED, WITHOUT_KIT, kits

SECRET = "sk-of-the-tests-0123456789"


@pytest.fixture(params=list(kits))
def kit(request, monkeypatch):
    monkeypatch.setenv(KEY, SECRET)
    with kits[request.param]() as at_work:
        yield at_work


def call(kit, text, *, sample=0, **params):
    chat = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": text})
    params = {"max_tokens": 9, "temperature": 0.5} | params
    member = kit.member
    return Call(
        model=member.model, base_url=member.base_url, messages=chat, params=params, sample=sample
    )


def calls(kit, n):
    return [call(kit, f"question {i}") for i in range(n)]


def text_of(call):
    return call.messages[-1]["content"]


def test_every_registered_client_has_a_kit_or_a_reason():
    assert set(CLIENTS) == set(kits) - {"scripted"} | set(WITHOUT_KIT)


def test_each_call_comes_back_once_with_its_own_answer(kit):
    sent = calls(kit, 30)
    pairs = list(kit.client.complete(sent))
    assert sorted(one.key for one, _ in pairs) == sorted(one.key for one in sent)
    assert all(reply.text == text_of(one).upper() for one, reply in pairs)
    assert all(reply.finish_reason == "stop" for _, reply in pairs)
    assert all(reply.prompt_tokens > 0 < reply.completion_tokens for _, reply in pairs)
    assert kit.paid() == 30


def test_samples_of_one_request_are_calls_of_their_own(kit):
    sent = [call(kit, "again", sample=n) for n in range(5)]
    pairs = list(kit.client.complete(sent))
    assert sorted(one.sample for one, _ in pairs) == [0, 1, 2, 3, 4]
    assert {reply.text for _, reply in pairs} == {"AGAIN"}


def test_what_was_taken_is_given_back_when_the_calls_end(kit):
    endless = (call(kit, f"question {i}") for i in itertools.count())
    some = list(itertools.islice(endless, 7))
    assert {one.key for one, _ in kit.client.complete(iter(some))} == {one.key for one in some}


def test_one_that_fails_is_a_reply_with_its_reason_and_the_others_are_answered(kit):
    sent = [*calls(kit, 3), call(kit, REFUSED), *calls(kit, 6)[3:]]
    replies = {text_of(one): reply for one, reply in kit.client.complete(sent)}
    assert len(replies) == 7 and "this prompt is refused" in replies[REFUSED].why_failed
    assert [text for text, reply in replies.items() if reply.why_failed] == [REFUSED]
    assert replies[REFUSED].message is None


def test_no_calls_give_nothing_and_touch_no_server(kit):
    assert list(kit.client.complete([])) == [] and kit.paid() == 0


def test_it_can_be_asked_again(kit):
    for n in (3, 5):
        assert len(list(kit.client.complete(calls(kit, n)))) == n


def test_lone_surrogates_and_nul_go_through_as_far_as_json_goes(kit):
    odd = [call(kit, text) for text in ("half \ud83d a smile", "nul \x00", "line \u2028 end")]
    assert len(list(kit.client.complete(odd))) == 3


def test_the_key_stands_in_nothing_that_is_kept_or_shown(kit, tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ask = asked(kit.client, ledger, stage="generate", member=kit.member)
        replies = list(ask([*calls(kit, 3), call(kit, REFUSED)]))
        shown = repr((kit.client, replies))
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert SECRET not in shown and SECRET.encode() not in kept


def test_behind_the_ledger_nothing_is_paid_twice_and_the_order_is_the_calls(kit):
    sent = calls(kit, 20)
    with Ledger(":memory:") as ledger:
        ask = asked(kit.client, ledger, stage="generate", member=kit.member)
        for _ in range(2):
            replies = list(ask([*sent, *sent[:5]]))
            assert [reply.text for reply in replies] == [
                text_of(one).upper() for one in [*sent, *sent[:5]]
            ]
        assert kit.paid() == ledger.totals().calls == 20
        assert not math.isnan(ledger.totals().money)


def test_a_client_that_nobody_registered_is_named_with_those_that_are():
    odd = MemberConfig.model_construct(model="m", client="telepathy")
    with pytest.raises(ConfigError, match=r"no client named 'telepathy'.*Known: openai"):
        client_for(odd)
