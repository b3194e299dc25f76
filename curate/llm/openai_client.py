"""Any server that speaks OpenAI's chat completions: hosted ones, vLLM's, llama.cpp's.

In: calls. Out: their replies, as they come back. Many requests are in flight at once; what fails
for a passing reason is sent again, what fails for good is a reply with its reason, and what no
other call would survive (the key, the model's name, a server that is gone) ends the run with a
`ModelError`, after everything that was taken has been given back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from curate.config import MemberConfig
from curate.llm.calls import Call, Reply
from curate.llm.clock import Clock, SystemClock
from curate.llm.connection import Server
from curate.llm.errands import LONGEST_WAIT, Errands
from curate.llm.habits import Habits
from curate.llm.inflight import Group, in_flight
from curate.llm.pace import Pace
from curate.llm.retry import Backoff

__all__ = ["LONGEST_WAIT", "OpenAIClient"]


class OpenAIClient:
    """Asks one model of one server, many calls at once.

    * Sent again, up to `retries` times: 408, 409, 425, 429, 5xx, no answer in time, a broken
      connection, an answer that cannot be read. Waits are what the server asks for in Retry-After
      (429 and 503 hold back all requests), else backoff with full jitter (`curate.llm.retry`).
    * A failed reply, with the server's words: any other refusal, and what failed to the last.
    * `ModelError`: the key is refused; there is no such model or no such path, and nothing was
      answered before; no credit is left; the server asks to wait longer than `LONGEST_WAIT`;
      the server is gone (`curate.llm.breaker`).
    * A parameter that the server does not take (logprobs, top_logprobs, response_format, seed) is
      left away from then on; `notes` says so.
    * With `samples_per_request`, neighbouring calls that differ only in their sample are one
      request. Choices that do not come back are asked for again, singly. The prompt's tokens
      stand on the first reply; completion tokens are counted here, since servers report those of
      all choices together, or of one.
    * With a seed in its params, sample i is sent seed + i. Of several samples in one request the
      first one's is sent, and llama.cpp's server counts on from there by itself.

    Args:
        member: Whom to ask, how fast, how often again.
        clock: Paces, waits and times.
        rng: The source of jitter.

    Raises:
        ConfigError: If `base_url` is no address that can be asked.
    """

    def __init__(
        self,
        member: MemberConfig,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ):
        self.notes: list[str] = []
        """What was done otherwise than asked, each said once."""
        self._member = member
        self._server = Server(member)
        self._clock = clock or SystemClock()
        self._backoff = Backoff(rng or random.Random())
        self._habits = Habits(self.notes, samples=member.samples_per_request)
        self._pace = Pace(
            requests_per_minute=member.requests_per_minute,
            tokens_per_minute=member.tokens_per_minute,
            clock=self._clock,
        )

    def __repr__(self) -> str:
        return f"OpenAIClient({self._member.model!r} at {self._server.shown!r})"

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        """Give the replies as they come back, each with its call.

        Close the generator (`contextlib.closing`) where it is not read to its end.

        Args:
            calls: Advanced in the caller's thread, while replies are waited for; what it raises
                is raised once all that was taken is given back.

        Raises:
            ModelError: If no further call would be answered; what was answered was given before.
        """
        errands = Errands(
            self._member,
            server=self._server,
            habits=self._habits,
            pace=self._pace,
            backoff=self._backoff,
            clock=self._clock,
        )
        groups = _grouped(calls, self._habits)
        yield from in_flight(groups, errands, most=self._member.concurrency)


def _grouped(calls: Iterable[Call], habits: Habits) -> Iterator[Group]:
    """Give calls in groups that can be one request each; no call is taken ahead for groups of one.

    What `calls` raises is raised after the calls that were taken before it.
    """
    group: list[Call] = []
    source = iter(calls)
    broken: Exception | None = None
    while True:
        try:
            call = next(source, None)
        except Exception as why:
            call, broken = None, why
        if group and (call is None or not _fits(call, group)):
            yield group
            group = []
        if call is None:
            break
        group.append(call)
        if len(group) >= habits.samples:
            yield group
            group = []
    if broken is not None:
        raise broken


def _fits(call: Call, group: Group) -> bool:
    """Return whether a call differs from the group's only in its sample.

    Where a seed is sent, samples must follow each other: it stands for the first, and servers
    count on from there.
    """
    last = group[-1]
    follows = call.sample == last.sample + 1 or "seed" not in call.params
    return (
        follows
        and call.sample not in {one.sample for one in group}
        and call.messages == last.messages
        and call.params == last.params
        and (call.model, call.base_url) == (last.model, last.base_url)
    )
