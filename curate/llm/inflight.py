"""The one place where plain code meets asyncio: groups of calls out, replies back.

In: an iterator of groups, and a `Sender` that answers a group on an event loop. Out: replies, as
they come. The loop runs in a thread of its own, so that it works in a notebook too and answers are
read while the caller is busy; the iterator is advanced in the caller's thread only, and only when a
group can be sent. However it ends (exhausted, closed, an exception, Ctrl-C), the thread, its loop
and its sockets are gone when the generator is.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from curate.llm.calls import Call, Reply

__all__ = ["Give", "Group", "Sender", "in_flight"]

Group = Sequence[Call]
"""Calls that go out as one request."""
Give = Callable[[Call, Reply], None]
"""Takes the reply to a call; once for each call."""
_Event = int | tuple[Call, Reply] | None
"""How many groups are wanted; a reply; or that there is nothing more to come."""


class Sender(Protocol):
    """Whatever answers groups of calls on an event loop."""

    async def __aenter__(self) -> object:
        """Start, on the loop on which all else is called."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Let go of what is open."""
        ...

    async def ready(self, free: int) -> int:
        """Wait until a group may be sent; return how many, at most `free`, may be at once."""
        ...

    def book(self, group: Group) -> float:
        """Count a group against the limits; the figure is handed on to `answer`."""
        ...

    def answer(self, group: Group, booked: float, give: Give) -> Coroutine[Any, Any, None]:
        """Give a reply to each call; an exception ends the run, and what was not given fails."""
        ...

    def may_still_answer(self, task: asyncio.Task[None]) -> bool:
        """Return whether a task awaits an answer that is worth waiting for when the run ends."""
        ...


def in_flight(
    groups: Iterator[Group], sender: Sender, *, most: int
) -> Iterator[tuple[Call, Reply]]:
    """Give the reply to each call as it comes back.

    Args:
        groups: What is sent. If it raises, what was taken is given back first.
        sender: Sends it. If it raises, nothing more is sent, answers on their way are waited
            for, and every call that was taken is given back before the exception is raised.
        most: How many groups may be in flight at once.
    """
    flight = _Flight(sender, most)
    try:
        flight.start()
        yield from flight.replies(groups)
    finally:
        flight.end()


class _Flight:
    """A thread with an event loop, and what goes to and fro."""

    def __init__(self, sender: Sender, most: int):
        self._sender = sender
        self._most = most
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._stopped: Exception | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="curate-llm", daemon=True)

    # In the caller's thread.

    def start(self) -> None:
        self._thread.start()

    def replies(self, groups: Iterator[Group]) -> Iterator[tuple[Call, Reply]]:
        """Hand out groups and give replies until there is nothing more to come."""
        broken: Exception | None = None
        over = False
        while not over:
            events = self._arrived()
            for wanted in events:
                if isinstance(wanted, int):
                    broken = self._hand_out(groups, wanted)
            yield from (event for event in events if isinstance(event, tuple))
            over = events[-1] is None
        why = broken or self._stopped
        if why is not None:
            raise why

    def _arrived(self) -> list[_Event]:
        """Wait for an event, and return it with all that came since."""
        events = [self._events.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                events.append(self._events.get_nowait())
        return events

    def _hand_out(self, groups: Iterator[Group], wanted: int) -> Exception | None:
        """Take groups and send them over; return what the iterator raised."""
        taken: list[Group] = []
        broken = None
        try:
            while len(taken) < wanted and self._stopped is None:
                taken.append(next(groups))
        except StopIteration:
            pass
        except Exception as why:
            broken = why
        self._loop.call_soon_threadsafe(self._handed, taken, len(taken) < wanted)
        return broken

    def end(self) -> None:
        """End the thread, whatever it is doing."""
        if self._thread.ident is None:
            self._loop.close()
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._call_off)
        self._thread.join()

    # In the loop's thread.

    def _run(self) -> None:
        try:
            self._main = self._loop.create_task(self._fly())
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except Exception as bug:
            self._stopped = self._stopped or bug
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._events.put(None)

    def _call_off(self) -> None:
        self._main.cancel()

    async def _fly(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._hand: asyncio.Future[tuple[Sequence[Group], bool]] | None = None
        async with self._sender:
            self._feeder = asyncio.ensure_future(self._feed())
            try:
                await asyncio.wait({self._feeder})
                while self._tasks:
                    await asyncio.wait(self._tasks)
            finally:
                await _cancelled({self._feeder, *self._tasks})
        if not self._feeder.cancelled():
            self._feeder.result()

    async def _feed(self) -> None:
        """Ask for groups as long as there are any, and set off each."""
        over = False
        while not over and self._stopped is None:
            wanted = await self._sender.ready(await self._room())
            groups, over = await self._wanted(wanted)
            for group in groups:
                self._set_off(group)

    async def _room(self) -> int:
        """Wait until a group can be in flight; return how many can."""
        while len(self._tasks) >= self._most:
            self._freed.clear()
            await self._freed.wait()
        return self._most - len(self._tasks)

    async def _wanted(self, wanted: int) -> tuple[Sequence[Group], bool]:
        """Return groups from the caller's thread, and whether they were the last."""
        self._hand = self._loop.create_future()
        self._events.put(wanted)
        try:
            return await self._hand
        finally:
            self._hand = None

    def _handed(self, groups: Sequence[Group], over: bool) -> None:
        if self._hand is not None and not self._hand.done():
            self._hand.set_result((groups, over))

    def _set_off(self, group: Group) -> None:
        left = {id(call): call for call in group}
        if self._stopped is not None:
            return self._give_back(left)
        booked = self._sender.book(group)
        answer = self._sender.answer(group, booked, partial(self._give, left))
        task = self._loop.create_task(answer)
        self._tasks.add(task)
        task.add_done_callback(partial(self._landed, left))

    def _give(self, left: dict[int, Call], call: Call, reply: Reply) -> None:
        del left[id(call)]
        self._events.put((call, reply))

    def _landed(self, left: dict[int, Call], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._freed.set()
        why = None if task.cancelled() else task.exception()
        if isinstance(why, Exception):
            self._stop(why)
        self._give_back(left)

    def _give_back(self, left: dict[int, Call]) -> None:
        for call in left.values():
            why = str(self._stopped) if self._stopped else "the answer held none for this call"
            self._events.put((call, Reply.failed(why)))

    def _stop(self, why: Exception) -> None:
        """Send nothing more; wait only for what may still be answered."""
        self._stopped = self._stopped or why
        if self._hand is None:
            self._feeder.cancel()
        for task in self._tasks:
            if not self._sender.may_still_answer(task):
                task.cancel()


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
