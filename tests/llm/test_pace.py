import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.llm.pace import Bucket, Pace
from tests.llm.jumping_clock import JumpingClock


def times(pace, clock, n, tokens=0):
    """Send `n` requests as fast as they may go; return when each went."""

    async def go():
        pace.begin()
        found = []
        for _ in range(n):
            await pace.turn()
            pace.spend(tokens)
            found.append(clock.now())
        return found

    return asyncio.run(go())


def paced(clock, requests=None, tokens=None):
    return Pace(requests_per_minute=requests, tokens_per_minute=tokens, clock=clock)


def test_without_limits_nothing_waits():
    clock = JumpingClock()
    assert times(paced(clock), clock, 1000) == [0.0] * 1000


def test_thirty_requests_a_minute_go_two_seconds_apart():
    clock = JumpingClock()
    assert times(paced(clock, requests=30), clock, 4) == [0.0, 2.0, 4.0, 6.0]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 400))
def test_no_minute_sees_more_requests_than_the_limit_and_a_second_of_it(limit, n):
    clock = JumpingClock()
    sent = times(paced(clock, requests=limit), clock, n)
    most = max(sum(t <= other < t + 60 for other in sent) for t in sent)
    assert most <= limit + max(1, limit / 60) + 1e-6


def test_a_heavy_request_is_waited_out():
    clock = JumpingClock()
    # 6,000 a minute are 100 a second; the bucket holds a second's worth. 500 tokens leave it
    # 400 in debt, and 1 must be in it: 4.01 s; from then on 500 take 5 s
    sent = times(paced(clock, tokens=6000), clock, 3, tokens=500)
    assert [round(t, 6) for t in sent] == [0.0, 4.01, 9.01]


def test_what_was_booked_and_not_used_is_put_back():
    clock = JumpingClock()
    pace = paced(clock, tokens=6000)

    async def go():
        await pace.turn()
        pace.spend(500)
        pace.spend(-450)
        await pace.turn()

    asyncio.run(go())
    assert clock.now() == 0.0


def test_a_bucket_never_holds_more_than_a_second():
    clock = JumpingClock()
    bucket = Bucket(60, clock)
    bucket.draw(-1000)
    bucket.draw(1)
    assert bucket.wait() == 1.0


def test_all_requests_wait_when_the_server_asks_for_it():
    clock = JumpingClock()
    pace = paced(clock)
    pace.hold(7)
    pace.hold(3)
    assert times(pace, clock, 2) == [7.0, 7.0]
