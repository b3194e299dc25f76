"""Calls to replies: from the ledger what was answered before, from the client the rest.

In: calls, in any number. Out: one reply a call, in their order. A reply is in the ledger before it
is given on; calls of one key are asked once. Memory stays flat: so many calls are looked ahead, and
of the replies that wait for one before them only a few are held, the others are read back.
"""

from __future__ import annotations

import math
import operator
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from curate.config import MemberConfig
from curate.console import Progress
from curate.llm.budget import Budget
from curate.llm.calls import Ask, Call, Client, Reply
from curate.llm.ledger import Ledger
from curate.llm.prices import Price, Prices

__all__ = ["asked"]

_AHEAD = 8192
"""Calls between the one whose reply is given on next and the last one that was sent."""
_AHEAD_IN_BATCH = 1_000_000
"""The same for the Batch API, which takes them all before it answers any."""
_HELD = 256
"""Replies that wait in memory; those past it are read back from the ledger."""


def asked(
    client: Client,
    ledger: Ledger,
    *,
    stage: str,
    member: MemberConfig,
    budget: Budget | None = None,
    prices: Prices | None = None,
    progress: Progress | None = None,
) -> Ask:
    """Return a function from calls to their replies that pays no call twice.

    Where the ledger has them all, the client is not touched.

    Args:
        client: Whatever sends calls to the member's model.
        ledger: Of the project.
        stage: Who asks: generate or judge.
        member: Whose model is asked.
        budget: Stops before a limit is passed; None = no limit.
        prices: What tokens cost; None = the package's table.
        progress: Called with (replies given, calls in all, 0 where not known).

    Returns:
        A function that raises `BudgetError` once nothing more may be sent, after it has given all
        replies up to there; what the client raises goes through.

    Raises:
        ConfigError: If money is limited and the member's price is not known.
    """
    price = (prices or Prices()).of_member(member)
    if budget is not None:
        budget.check(member, price)
    book = _Book(ledger=ledger, stage=stage, member=member, price=price, budget=budget)

    def ask(calls: Iterable[Call]) -> Iterator[Reply]:
        total = operator.length_hint(calls, 0)
        with closing(_replies(client, book, calls)) as replies:
            for done, reply in enumerate(replies, start=1):
                if progress is not None:
                    progress(done, total)
                yield reply

    return ask


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """Where replies of one member in one stage are kept, and what they may cost."""

    ledger: Ledger
    stage: str
    member: MemberConfig
    price: Price | None
    budget: Budget | None

    def may_send(self, key: str, call: Call) -> bool:
        return self.budget is None or self.budget.reserve(key, call, self.price)

    def keep(self, key: str, call: Call, reply: Reply) -> None:
        tokens = (reply.prompt_tokens, reply.completion_tokens)
        money = math.nan if self.price is None else self.price.money(*tokens)
        label = self.member.label
        self.ledger.put(call, reply, stage=self.stage, member=label, money=money)
        if self.budget is not None:
            self.budget.settle(key, reply, money)


def _replies(client: Client, book: _Book, calls: Iterable[Call]) -> Generator[Reply]:
    line = _Line(book, calls)
    while line.goes_on():
        first = line.next_to_send()
        if first is not None:
            yield from _sent(client, line, chain((first,), iter(line.next_to_send, None)))
        yield from line.ready()
        line.stop_if_nothing_may_be_sent()


def _sent(client: Client, line: _Line, calls: Iterable[Call]) -> Iterator[Reply]:
    """Send calls, and give the replies whose turn has come as they come back."""
    answers = client.complete(calls)
    try:
        for call, reply in answers:
            line.keep(call, reply)
            yield from line.ready()
    finally:
        if isinstance(answers, Generator):
            answers.close()
    line.give_up_on_the_lost()


class _Line:
    """Calls in their order, from the one that is given on next to the last one looked at.

    A client may take calls in one thread and give replies in another.
    """

    def __init__(self, book: _Book, calls: Iterable[Call]):
        self._book = book
        self._source = iter(calls)
        batch = book.member.client == "openai-batch"
        self._most = _AHEAD_IN_BATCH if batch else _AHEAD
        self._order: deque[str] = deque()
        self._in_flight: dict[str, Call] = {}
        self._held: dict[str, Reply] = {}
        self._failed: dict[str, Reply] = {}
        self._put_back: tuple[str, Call] | None = None
        self._exhausted = False
        self._lock = threading.RLock()

    def goes_on(self) -> bool:
        return bool(self._order) or self._put_back is not None or not self._exhausted

    def next_to_send(self) -> Call | None:
        """Return the next call that has no reply yet, or None where none may be sent now."""
        with self._lock:
            while len(self._order) < self._most and (pair := self._next()):
                key, call = pair
                if not self._is_known(key):
                    if not self._book.may_send(key, call):
                        self._put_back = pair
                        return None
                    self._in_flight[key] = call
                    self._order.append(key)
                    return call
                self._order.append(key)
            return None

    def _next(self) -> tuple[str, Call] | None:
        if self._put_back is not None:
            pair, self._put_back = self._put_back, None
            return pair
        call = next(self._source, None)
        self._exhausted = call is None
        return None if call is None else (call.key, call)

    def _is_known(self, key: str) -> bool:
        seen = key in self._in_flight or key in self._held or key in self._failed
        return seen or key in self._book.ledger

    def keep(self, call: Call, reply: Reply) -> None:
        """Put a reply in the ledger, and hold it until its turn comes."""
        with self._lock:
            key = call.key
            self._book.keep(key, call, reply)
            self._in_flight.pop(key, None)
            if reply.why_failed is not None:
                self._failed[key] = reply
            elif len(self._held) < _HELD:
                self._held[key] = reply

    def ready(self) -> Iterator[Reply]:
        """Give the replies whose turn has come."""
        while (key := self._turn()) is not None:
            reply = self._held.pop(key, None) or self._failed.get(key)
            yield reply or self._book.ledger.get([key])[key]

    def _turn(self) -> str | None:
        with self._lock:
            if not self._order or self._order[0] in self._in_flight:
                return None
            return self._order.popleft()

    def give_up_on_the_lost(self) -> None:
        """Count calls that a client took and never gave back as failed."""
        for call in list(self._in_flight.values()):
            self.keep(call, Reply.failed("the client took the call and gave nothing back"))

    def stop_if_nothing_may_be_sent(self) -> None:
        """Raise if, with nothing in flight, the next call might still pass the limit."""
        budget = self._book.budget
        if self._put_back is None or budget is None:
            return
        _, call = self._put_back
        price = self._book.price
        if budget.has_room(call, price):
            return
        raise budget.used_up(call, price, left=self._count_left())

    def _count_left(self) -> int:
        left: set[str] = set()
        while pair := self._next():
            left |= set() if self._is_known(pair[0]) else {pair[0]}
        return len(left)
