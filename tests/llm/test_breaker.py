import asyncio

import pytest

from curate.llm.breaker import GONE_AFTER, PROBES, UNMET_PROBES, Breaker, GoneError
from tests.llm.jumping_clock import JumpingClock


async def request(breaker, fate):
    async with breaker.turn() as probing:
        if fate == "answered":
            breaker.answered()
        else:
            breaker.lost("connection refused", probing=probing)
        return probing


def run(fates, *, met):
    """Send requests one after the other; return the clock, and how many were probes."""

    async def go():
        breaker = Breaker(clock, met=met)
        return [await request(breaker, fate) for fate in fates]

    clock = JumpingClock()
    return clock, sum(asyncio.run(go()))


def test_failures_between_answers_open_nothing():
    clock, probes = run((["lost"] * (GONE_AFTER - 1) + ["answered"]) * 5, met=True)
    assert (clock.slept, probes) == ([], 0)


def test_an_open_breaker_waits_before_each_probe_and_an_answer_closes_it():
    fates = ["lost"] * GONE_AFTER + ["lost", "answered"] + ["lost"] * (GONE_AFTER - 1)
    clock, probes = run(fates, met=True)
    assert (clock.slept, probes) == ([1.0, 2.0], 2)


@pytest.mark.parametrize(("met", "waits"), [(True, PROBES), (False, UNMET_PROBES)])
def test_after_the_last_probe_the_server_is_gone(met, waits):
    clock = JumpingClock()

    async def go():
        breaker = Breaker(clock, met=met)
        for _ in range(1000):
            await request(breaker, "lost")

    sent = GONE_AFTER + len(waits)
    said = f"connection refused, {sent} times in a row over {sum(waits):.0f} s"
    with pytest.raises(GoneError, match=said):
        asyncio.run(go())
    assert clock.slept == list(waits)


def test_while_it_is_open_one_request_goes_at_a_time():
    sending = 0
    most = 0

    async def one(breaker, fate):
        nonlocal sending, most
        async with breaker.turn() as probing:
            assert probing
            sending += 1
            most = max(most, sending)
            await asyncio.sleep(0)
            sending -= 1
            if fate:
                breaker.answered()
            else:
                breaker.lost("cut", probing=probing)

    async def go():
        breaker = Breaker(JumpingClock(), met=True)
        for _ in range(GONE_AFTER):
            breaker.lost("cut", probing=False)
        await asyncio.gather(*(one(breaker, False) for _ in range(4)))

    asyncio.run(go())
    assert most == 1


def test_those_in_line_go_together_once_it_is_closed():
    going = []

    async def first(breaker):
        async with breaker.turn():
            breaker.answered()

    async def later(breaker):
        async with breaker.turn() as probing:
            going.append(probing)
            while len(going) < 3:
                await asyncio.sleep(0)

    async def go():
        breaker = Breaker(JumpingClock(), met=True)
        for _ in range(GONE_AFTER):
            breaker.lost("cut", probing=False)
        await asyncio.wait_for(
            asyncio.gather(first(breaker), *(later(breaker) for _ in range(3))), 60
        )

    asyncio.run(go())
    assert going == [False] * 3


def test_what_failed_late_is_no_probe():
    async def go():
        breaker = Breaker(JumpingClock(), met=True)
        for _ in range(100):
            breaker.lost("no answer within 300 s", probing=False)

    asyncio.run(go())
