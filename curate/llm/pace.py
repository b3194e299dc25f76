"""How fast a server may be asked: requests and tokens a minute, and the waits it asks for itself.

In: limits. Out: when the next request may go. Token buckets that hold one second's worth, so that
a minute never sees more than the limit and that second: servers enforce limits over seconds, too.
A request may go as soon as the bucket is not empty and may leave it in debt, which the next one
waits out; so it need not be known how heavy the next call is before it is taken.
"""

from __future__ import annotations

import asyncio

from curate.llm.clock import Clock

__all__ = ["Bucket", "Pace"]

_BURST_SECONDS = 1.0
_LOOK_AGAIN = 0.25
"""Seconds between looks at a bucket: tokens that were booked and not used come back into it."""
_TICK = 1e-6
"""Seconds: a wait below it is rounding, and none."""


class Bucket:
    """Fills at a rate, and may be drawn on while it is not empty.

    Args:
        per_minute: What flows in; None: never empty.
        clock: Tells how long it has been filling.
        least: What must be in it before it is drawn on, and what it holds at the least.
    """

    def __init__(self, per_minute: int | None, clock: Clock, *, least: float = 1.0):
        self._rate = per_minute / 60 if per_minute else 0.0
        self._least = least
        self._holds = max(least, self._rate * _BURST_SECONDS)
        self._level = self._holds
        self._clock = clock
        self._at = clock.now()

    def wait(self) -> float:
        """Return seconds until it may be drawn on."""
        if not self._rate:
            return 0.0
        now = self._clock.now()
        self._level = min(self._holds, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (self._least - self._level) / self._rate)

    def draw(self, amount: float) -> None:
        """Take an amount out, into debt if need be; a negative one is put back."""
        self._level = min(self._holds, self._level - amount)


class Pace:
    """Both limits of one server, and the time before which it wants no request.

    Args:
        requests_per_minute: None: any number.
        tokens_per_minute: Prompt and completion together; None: any number.
        clock: Waits.
    """

    def __init__(
        self, *, requests_per_minute: int | None, tokens_per_minute: int | None, clock: Clock
    ):
        self.limits_tokens = tokens_per_minute is not None
        self.is_limited = requests_per_minute is not None or self.limits_tokens
        self._requests = Bucket(requests_per_minute, clock)
        self._tokens = Bucket(tokens_per_minute, clock)
        self._clock = clock
        self._not_before = 0.0
        self._line = asyncio.Lock()

    def begin(self) -> None:
        """Start on a new event loop."""
        self._line = asyncio.Lock()

    def hold(self, seconds: float) -> None:
        """Let no request go for so long: the server asked for it."""
        self._not_before = max(self._not_before, self._clock.now() + seconds)

    async def turn(self) -> None:
        """Wait until a request may go, first come first served, and count it."""
        if not self.is_limited and not self._wait():
            return
        async with self._line:
            while (wait := self._wait()) > _TICK:
                await self._clock.sleep(min(wait, _LOOK_AGAIN))
            self._requests.draw(1)

    def _wait(self) -> float:
        held = self._not_before - self._clock.now() if self._not_before else 0.0
        return max(0.0, held, self._requests.wait(), self._tokens.wait())

    def spend(self, tokens: float) -> None:
        """Book tokens: what a request is likely to take, and later the difference to what it took.

        Args:
            tokens: More than 0, or less where it took less than was booked.
        """
        self._tokens.draw(tokens)
