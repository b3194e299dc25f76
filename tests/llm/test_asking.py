"""Replies in the order of the calls, each call asked once, and nothing kept in memory for long."""

import itertools
import threading
import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.config import MemberConfig
from curate.llm import asking
from curate.llm.asking import asked
from curate.llm.calls import Call
from curate.llm.ledger import Ledger
from curate.llm.scripted import Scripted
from tests.llm.shuffled import Shuffled, said, text_of

HERE = "http://127.0.0.1:9/v1"
MEMBER = MemberConfig(model="small", base_url=HERE)


def call(text, sample=0):
    chat = ({"role": "user", "content": text},)
    return Call(model="small", base_url=HERE, messages=chat, sample=sample)


def ask_all(client, ledger, calls, **more):
    return list(asked(client, ledger, stage="generate", member=MEMBER, **more)(calls))


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as book:
        yield book


names = st.lists(st.sampled_from("abcdefgh"), max_size=40)


@settings(max_examples=60, deadline=None)
@given(before=names, now=names, at_once=st.integers(1, 8), seed=st.integers(0, 9), fails=names)
def test_replies_come_in_the_order_of_the_calls_and_each_is_asked_once(
    before, now, at_once, seed, fails
):
    with Ledger(":memory:") as book:
        first = Shuffled(at_once, seed, fails)
        ask_all(first, book, map(call, before))
        second = Shuffled(at_once, seed, fails)
        replies = ask_all(second, book, map(call, now))
        answers = [None if name in fails else name.upper() for name in now]
        assert [None if r.why_failed else r.text for r in replies] == answers
        assert second.asked == Counter(set(now) - (set(before) - set(fails)))


def test_where_the_ledger_has_all_the_client_is_not_touched(ledger):
    calls = [call(f"{n}") for n in range(20)]
    ask_all(Scripted(text_of), ledger, calls)
    assert [r.text for r in ask_all(None, ledger, calls)] == [f"{n}" for n in range(20)]


def test_a_reply_is_in_the_ledger_before_it_is_given_on(ledger):
    ask = asked(Shuffled(at_once=8), ledger, stage="generate", member=MEMBER)
    calls = [call(f"{n}") for n in range(50)]
    for one, _ in zip(calls, ask(calls), strict=True):
        assert one.key in ledger


def test_one_who_stops_early_keeps_what_came_back(ledger):
    replies = asked(Shuffled(), ledger, stage="generate", member=MEMBER)(
        call(f"{n}") for n in itertools.count()
    )
    some = list(itertools.islice(replies, 30))
    replies.close()
    client = Shuffled()
    again = ask_all(client, ledger, [call(f"{n}") for n in range(30)])
    assert [r.text for r in again] == [r.text for r in some] and not client.asked


def test_a_client_is_closed_as_soon_as_the_replies_are(ledger):
    closed = []

    class Open:
        def complete(self, calls):
            try:
                yield from ((one, said("yes")) for one in calls)
            finally:
                closed.append(True)

    replies = asked(Open(), ledger, stage="generate", member=MEMBER)([call("a"), call("b")])
    next(replies)
    replies.close()
    assert closed == [True]


def test_what_a_client_raises_goes_through_and_what_arrived_is_kept(ledger):
    def breaks(call):
        if text_of(call) == "7":
            raise RuntimeError("gone")
        return text_of(call)

    with pytest.raises(RuntimeError, match="gone"):
        ask_all(Scripted(breaks), ledger, [call(f"{n}") for n in range(20)])
    assert ledger.totals().calls == 7


def test_a_call_that_is_never_given_back_is_failed_and_not_waited_for(ledger):
    class Forgetful:
        def complete(self, calls):
            for one in calls:
                if text_of(one) != "2":
                    yield one, said(text_of(one))

    replies = ask_all(Forgetful(), ledger, [call(f"{n}") for n in range(5)])
    assert [r.text for r in replies] == ["0", "1", "", "3", "4"]
    assert replies[2].why_failed == "the client took the call and gave nothing back"


def test_a_client_may_take_calls_in_other_threads(ledger):
    class Pool:
        def complete(self, calls):
            taking = threading.Lock()

            def take(_):
                with taking:
                    return next(calls, None)

            with ThreadPoolExecutor(8) as pool:
                while any(
                    got := [
                        f.result() for f in as_completed(pool.submit(take, n) for n in range(8))
                    ]
                ):
                    yield from ((one, said(text_of(one))) for one in got if one)

    calls = [call(f"{n % 300}") for n in range(400)]
    assert [r.text for r in ask_all(Pool(), ledger, calls)] == [f"{n % 300}" for n in range(400)]
    assert ledger.totals().calls == 300


def test_a_slow_first_answer_does_not_fill_the_memory(ledger):
    class LastFirst:
        """Holds the first call back until all that it may take came back."""

        most = 0

        def complete(self, calls):
            first = next(calls)
            for n, one in enumerate(calls, start=1):
                LastFirst.most = max(LastFirst.most, n)
                yield one, said(text_of(one))
            yield first, said(text_of(first))

    n = asking._AHEAD + 2_000
    replies = ask_all(LastFirst(), ledger, (call(f"{n}") for n in range(n)))
    assert [r.text for r in replies] == [f"{n}" for n in range(n)]
    assert LastFirst.most == asking._AHEAD - 1


def test_memory_stays_flat_over_many_calls(ledger):
    def peak(n):
        tracemalloc.start()
        ask = asked(Scripted(text_of), ledger, stage="generate", member=MEMBER)
        for _ in ask(call(f"{n} {i}") for i in range(n)):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    few = peak(500)
    assert peak(5_000) < few + 150_000


def test_progress_tells_how_many_are_done(ledger):
    seen = []
    calls = [call("a"), call("b"), call("a")]
    ask_all(Scripted(text_of), ledger, calls, progress=lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]
