"""One run of requests to one server: sent, waited for, sent again, given up.

In: groups of calls that can be one request each. Out: a reply to each call, or an exception where
no other call would fare better. Belongs to one event loop (`curate.llm.inflight`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from curate.config import MemberConfig
from curate.errors import ModelError
from curate.llm.breaker import Breaker, GoneError
from curate.llm.calls import Reply
from curate.llm.clock import Clock
from curate.llm.connection import Connection, LostError, Received, Server
from curate.llm.habits import Habits
from curate.llm.inflight import Give, Group
from curate.llm.pace import Pace
from curate.llm.reading import read_replies
from curate.llm.refusals import Refusal, advice, refusal_from, refused_parameter, scrubbed
from curate.llm.retry import Backoff, is_passing, retry_after
from curate.llm.weight import completion_limit, likely_prompt_tokens

__all__ = ["LONGEST_WAIT", "Errands"]

Json = Any

LONGEST_WAIT = 900.0
"""Seconds: a server that asks to wait longer (a day's quota is used up) ends the run."""

_GATEWAY = (502, 504)
"""A gateway that finds no server behind it."""
_HOLDING = (429, 503)
"""With Retry-After: no request of ours is wanted before then, not only this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """What one request met."""

    replies: Sequence[Reply] = ()
    """To the first calls of the group; empty where nothing could be read."""
    why: str = ""
    again: bool = False
    """Whether the same request may fare better later."""
    counts: bool = True
    """Whether it was one of the call's attempts: a probe of a lost server is not."""
    wait: float | None = None
    """Seconds that the server asks to wait."""


class Errands:
    """Sends groups of calls; a `curate.llm.inflight.Sender`.

    Args:
        member: Whom to ask, how often again.
        server: Where it is.
        habits: What is known of it.
        pace: How fast it may be asked.
        backoff: How long to wait after a failure.
        clock: Waits and times.
    """

    def __init__(
        self,
        member: MemberConfig,
        *,
        server: Server,
        habits: Habits,
        pace: Pace,
        backoff: Backoff,
        clock: Clock,
    ):
        self._member = member
        self._server = server
        self._habits = habits
        self._pace = pace
        self._backoff = backoff
        self._clock = clock
        self._breaker = Breaker(clock, met=habits.met)
        self._connection = Connection(server, most=member.concurrency, timeout=member.timeout)
        self._on_the_wire: set[asyncio.Task[Any] | None] = set()
        self._gone = False

    async def __aenter__(self) -> Errands:
        self._pace.begin()
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.__aexit__()

    async def ready(self, free: int) -> int:
        """Wait until a request may go; return how many may at once."""
        await self._pace.turn()
        return 1 if self._pace.is_limited else free

    def book(self, group: Group) -> float:
        """Book the tokens that a request is likely to take, where they are limited."""
        if not self._pace.limits_tokens:
            return 0.0
        prompt = next(likely_prompt_tokens(group[:1], tokenizer="o200k_base"))
        each = completion_limit(group[0].params) or self._habits.typical_tokens
        self._pace.spend(prompt + each * len(group))
        return prompt + each * len(group)

    def may_still_answer(self, task: asyncio.Task[None]) -> bool:
        """Return whether a request is on its way to a server that is there."""
        return task in self._on_the_wire and not self._gone

    async def answer(self, group: Group, booked: float, give: Give) -> None:
        """Ask for a group in one request, then singly for what did not come back.

        Raises:
            ModelError: If no other call would fare better.
        """
        for call in await self._ask(group, booked, give):
            await self._pace.turn()
            await self._ask([call], self.book([call]), give)

    async def _ask(self, group: Group, booked: float, give: Give) -> Group:
        """Send a request until it is answered or given up; return the calls without a reply."""
        began, attempts = self._clock.now(), 0
        while True:
            met = await self._attempt(group, booked)
            attempts += met.counts
            if met.replies or not met.again or attempts > self._member.retries:
                break
            if met.counts:
                await self._clock.sleep(self._backoff.pause(attempts, met.wait))
            await self._pace.turn()
            booked = self.book(group)
        seconds = self._clock.now() - began
        replies = met.replies or [Reply.failed(_after(attempts, met.why))] * len(group)
        for call, reply in zip(group, replies, strict=False):
            give(call, replace(reply, seconds=seconds))
        return group[len(replies) :]

    async def _attempt(self, group: Group, booked: float) -> _Met:
        body = self._habits.body(group)
        try:
            raw = json.dumps(body, default=_plain, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as bad:
            return _Met(why=f"the request cannot be written as JSON ({bad})")
        async with self._breaker.turn() as probing:
            met = await self._sent(group, body, raw, probing)
        spent = sum(reply.prompt_tokens + reply.completion_tokens for reply in met.replies)
        self._pace.spend(spent - booked)
        return met

    async def _sent(
        self, group: Group, body: Mapping[str, Json], raw: bytes, probing: bool
    ) -> _Met:
        try:
            received = await self._post(raw)
        except LostError as lost:
            return self._lost(str(lost), probing)
        return self._met(group, body, received, probing)

    async def _post(self, raw: bytes) -> Received:
        task = asyncio.current_task()
        self._on_the_wire.add(task)
        try:
            return await self._connection.post(raw)
        finally:
            self._on_the_wire.discard(task)

    def _lost(self, why: str, probing: bool) -> _Met:
        try:
            self._breaker.lost(why, probing=probing)
        except GoneError as gone:
            self._gone = True
            raise self._ends(
                f"the server is gone: {gone}; start it, or correct `base_url:`. What was answered "
                "is kept, and the same command goes on from there"
            ) from gone
        return _Met(why=why, again=True, counts=not probing)

    def _met(
        self, group: Group, body: Mapping[str, Json], received: Received, probing: bool
    ) -> _Met:
        self._meet()
        if received.status in _GATEWAY:
            return self._lost(str(self._refusal(received)), probing)
        self._breaker.answered()
        if 200 <= received.status < 300:
            return self._read(group, received, asked=body.get("n", 1))
        return self._refused(received, body)

    def _meet(self) -> None:
        """Take note that there is a server."""
        if not self._habits.met and self._server.is_open and self._server.key() is not None:
            self._habits.note(
                f"{self._server.shown} is not encrypted: the key and all texts can be read on "
                "their way; use https"
            )
        self._habits.met = True
        self._breaker.met()

    def _read(self, group: Group, received: Received, *, asked: int) -> _Met:
        replies = read_replies(received.body, group[0].messages, asked=asked)
        read = [reply for reply in replies if reply.why_failed is None]
        if read:
            self._habits.learn(read, asked=asked)
            return _Met(replies=read)
        if not self._habits.answered and "html" in received.headers.get("Content-Type", ""):
            raise self._ends("a web page answers there; correct `base_url:` (most end in /v1)")
        return _Met(why=scrubbed(str(replies[0].why_failed), self._server.key()), again=True)

    def _refused(self, received: Received, body: Mapping[str, Json]) -> _Met:
        refusal = self._refusal(received)
        parameter = refused_parameter(refusal, body)
        if parameter is not None:
            self._habits.leave_away(parameter, refusal)
            return _Met(again=True, counts=False)
        with_key = self._server.key() is not None
        what = advice(refusal, self._member, answered=self._habits.answered, with_key=with_key)
        if what is not None:
            raise self._ends(f"{what} ({refusal})")
        if not is_passing(refusal.status):
            return _Met(why=str(refusal))
        return _Met(why=str(refusal), again=True, wait=self._asked_to_wait(received, refusal))

    def _asked_to_wait(self, received: Received, refusal: Refusal) -> float | None:
        wait = retry_after(received.headers, date=self._clock.date())
        if wait is not None and wait > LONGEST_WAIT:
            raise self._ends(
                f"the server asks to wait {wait / 60:.0f} minutes ({refusal}); run the same "
                "command again then: what was answered is kept"
            )
        if wait and received.status in _HOLDING:
            self._pace.hold(wait)
        return wait

    def _refusal(self, received: Received) -> Refusal:
        refusal = refusal_from(received.status, received.body, key=self._server.key())
        to = urlsplit(received.headers.get("Location", ""))
        if 300 <= received.status < 400:
            return replace(refusal, said=f"sent on to {to.scheme}://{to.hostname}{to.path}")
        return refusal

    def _ends(self, why: str) -> ModelError:
        return ModelError(f"{self._server.shown}, model {self._member.model!r}: {why}")


def _after(attempts: int, why: str) -> str:
    return why if attempts == 1 else f"{why} (after {attempts} attempts)"


def _plain(value: Json) -> Json:
    """Return a mapping that is no dict as one, for JSON."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} among the params")
