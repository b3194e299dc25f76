"""A clock on which waiting takes no time."""

from __future__ import annotations

import asyncio

__all__ = ["JumpingClock"]


class JumpingClock:
    """Stands still until somebody waits, then jumps; `slept` lists the waits."""

    def __init__(self, date: float = 1_700_000_000.0):
        self.slept: list[float] = []
        self._start = date
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def date(self) -> float:
        return self._start + self._now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        await asyncio.sleep(0)
