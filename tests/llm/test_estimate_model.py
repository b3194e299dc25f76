"""What was foreseen of a real model, beside what it then took."""

import math

import pytest

from curate.config import CommitteeMemberConfig
from curate.llm.asking import asked
from curate.llm.calls import Call
from curate.llm.clients import client_for
from curate.llm.estimate import estimate
from curate.llm.ledger import Ledger
from curate.llm.prices import Prices

THINGS = (
    "a river, an old town hall, the third planet, copper wire, a fox, rye bread, a violin, "
    "the number nine, a lighthouse, wet paint, a chess clock, morning fog, a brass key, "
    "two bicycles, an empty theatre, paper maps, a slow train, the colour of rust"
).split(", ")


def calls(member, things):
    for thing in things:
        text = f"Say one short sentence about {thing}."
        chat = ({"role": "user", "content": text},)
        yield Call(
            model=member.model, base_url=member.base_url, messages=chat, params=member.params
        )


@pytest.mark.model
def test_what_is_foreseen_after_some_answers_holds_for_the_others(smollm2):
    params = {"max_tokens": 40, "temperature": 0.7, "seed": 5}
    member = CommitteeMemberConfig(
        model=smollm2.model, base_url=smollm2.base_url, params=params, concurrency=2
    )
    known, to_come = THINGS[:11], THINGS[11:]
    with Ledger(":memory:") as ledger:
        ask = asked(client_for(member), ledger, stage="generate", member=member)
        assert not any(reply.why_failed for reply in ask(calls(member, known)))
        told = estimate(
            calls(member, THINGS), ledger, stage="generate", member=member, prices=Prices()
        )
        assert (told.answered, told.calls.high) == (len(known), len(to_come))
        replies = list(ask(calls(member, to_come)))
    prompt = sum(reply.prompt_tokens for reply in replies)
    completion = sum(reply.completion_tokens for reply in replies)
    print(f"prompt {told.prompt_tokens.likely:.0f} foreseen, {prompt} told by the server")
    print(f"completion {list(told.completion_tokens)} foreseen, {completion} told by the server")
    assert prompt == pytest.approx(told.prompt_tokens.likely, rel=0.1)
    assert told.completion_tokens.low <= completion <= told.completion_tokens.high
    assert told.money.high == 0 and not math.isnan(told.seconds.likely)
