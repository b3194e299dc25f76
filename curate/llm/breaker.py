"""When a server counts as gone: a circuit breaker over all requests to it.

In: whether each request met a server. Out: who may send. While failures are rare nothing happens.
After `GONE_AFTER` failures in a row, over all requests and with none answered between, the breaker
opens: one request at a time goes out as a probe, after longer and longer waits, the others stand in
line. The first answer closes it; when the last probe has failed as well, the server is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from curate.llm.clock import Clock

__all__ = ["GONE_AFTER", "PROBES", "UNMET_PROBES", "Breaker", "GoneError"]

GONE_AFTER = 5
"""Failures in a row, on any requests, after which the breaker opens."""
PROBES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each probe of a server that was met before: a minute in all."""
UNMET_PROBES = (1.0, 2.0)
"""The same where nothing was ever met: it is more likely a wrong address than a restart."""


class GoneError(Exception):
    """The server is gone; the message says what was met, how often and for how long."""


class Breaker:
    """Counts failures in a row; opened, it lets one probe through at a time.

    Belongs to one event loop.

    Args:
        clock: Waits before probes.
        met: Whether the server has been met before.
    """

    def __init__(self, clock: Clock, *, met: bool = False):
        self._clock = clock
        self._met = met
        self._in_a_row = 0
        self._probed = 0
        self._since = 0.0
        self._open = False
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait until a request may be sent; give whether it is a probe."""
        probing = self._open and await self._is_probe()
        try:
            yield probing
        finally:
            if probing:
                self._one.release()

    async def _is_probe(self) -> bool:
        """Stand in line; true, with the line held, if the breaker is open when its turn comes."""
        await self._one.acquire()
        try:
            if self._open:
                await self._clock.sleep(self._waits[min(self._probed, len(self._waits) - 1)])
        except BaseException:
            self._one.release()
            raise
        if not self._open:
            self._one.release()
        return self._open

    @property
    def _waits(self) -> tuple[float, ...]:
        return PROBES if self._met else UNMET_PROBES

    def met(self) -> None:
        """Say that there is a server, though it may have failed: patience is longer."""
        self._met = True

    def answered(self) -> None:
        """Say that a request was answered: the row of failures ends, the breaker closes."""
        self._met = True
        self._open = False
        self._in_a_row = 0

    def lost(self, why: str, *, probing: bool) -> None:
        """Say that a request met no server.

        Args:
            why: What it met.
            probing: Whether it was a probe; only these count once the breaker is open.

        Raises:
            GoneError: If it was the last probe.
        """
        self._since = self._since if self._in_a_row else self._clock.now()
        self._in_a_row += 1
        if probing and self._open:
            self._probed += 1
        elif not self._open and self._in_a_row >= GONE_AFTER:
            self._open, self._probed = True, 0
        if self._open and self._probed >= len(self._waits):
            spent = self._clock.now() - self._since
            raise GoneError(f"{why}, {self._in_a_row} times in a row over {spent:.0f} s")
