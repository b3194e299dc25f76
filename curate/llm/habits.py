"""What a server turned out to take and to do: kept as long as its client.

In: refusals and answers. Out: the body of the next request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curate.llm.calls import Call, Reply

__all__ = ["Habits"]

Json = Any

_OURS = ("model", "messages", "n", "stream", "stream_options")
"""What stands in a request as the client needs it, whatever the params say."""
_LONE = 3
"""Requests in a row for several samples that brought one: then they are asked for singly."""
_TYPICAL = 256.0
"""Completion tokens of an answer, before the first one has come."""


class Habits:
    """What was learned of one server.

    Args:
        notes: Where it is said what is done otherwise than asked.
        samples: How many samples may be asked for in one request.
    """

    def __init__(self, notes: list[str], *, samples: int):
        self.samples = samples
        """How many may be asked for in one request; 1 once the server proves unable to."""
        self.answered = False
        """Whether it has answered a call."""
        self.met = False
        """Whether it was ever there, be it with an error."""
        self.typical_tokens = _TYPICAL
        """Completion tokens of an answer, the last ones counting most."""
        self._notes = notes
        self._left_away: set[str] = set()
        self._alone = 0

    def body(self, group: Sequence[Call]) -> dict[str, Json]:
        """Return the request for calls that differ only in their sample."""
        call = group[0]
        if ours := [name for name in _OURS if name in call.params]:
            self.note(f"params: {', '.join(ours)} left away; the client sets these itself")
        body = {k: v for k, v in call.params.items() if k not in _OURS}
        body = {k: v for k, v in body.items() if k not in self._left_away}
        if isinstance(body.get("seed"), int):
            body["seed"] += call.sample
        body |= {"model": call.model, "messages": call.messages}
        return body if len(group) == 1 or self.samples == 1 else body | {"n": len(group)}

    def leave_away(self, parameter: str, why: object) -> None:
        """Send a parameter no more, and what makes no sense without it."""
        if parameter == "n":
            self.samples = 1
        if parameter not in self._left_away:
            self.note(f"`{parameter}` is refused by the server and left away from now on ({why})")
        self._left_away |= {parameter, *(["top_logprobs"] if parameter == "logprobs" else [])}

    def learn(self, replies: Sequence[Reply], *, asked: int) -> None:
        """Take note of an answer."""
        self.answered = True
        for reply in replies:
            self.typical_tokens += 0.1 * (reply.completion_tokens - self.typical_tokens)
        if asked > 1:
            self._alone = self._alone + 1 if len(replies) == 1 else 0
        if self._alone >= _LONE and self.samples > 1:
            self.samples = 1
            self.note(
                f"{asked} samples were asked for at once and one came, {_LONE} times in a row; "
                "they are asked for singly from now on, and each pays for its prompt"
            )

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self._notes:
            self._notes.append(text)
