"""What is asked of a model, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from curate.records import Message, digest

__all__ = ["Ask", "Call", "Client", "Reply"]

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One completion asked of one model."""

    model: str
    base_url: str
    """Where it is served; ``vllm:`` for the offline engine."""
    messages: tuple[Mapping[str, Json], ...]
    """The chat, in the shape of OpenAI's API."""
    params: Mapping[str, Json] = field(default_factory=dict)
    """What else stands in the request's body: temperature, max_tokens, logprobs, …"""
    sample: int = 0
    """Which of the samples of this very request it is."""

    @property
    def key(self) -> str:
        """Content id: calls of one key are one call, and are paid once."""
        parts = (self.model, self.base_url, _plain(self.messages), _plain(self.params))
        return "k" + digest(*parts, str(self.sample))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one call; `why_failed` says why nothing did."""

    message: Message | None = None
    finish_reason: str | None = None
    logprobs: tuple[float, ...] = ()
    """Log-probability of each generated token; empty where the server gave none."""
    alternatives: tuple[Mapping[str, float], ...] = ()
    """For each generated token, log-probabilities of the likeliest tokens, where asked for."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens_counted: bool = False
    """Whether the tokens were counted here, as the server's usage was missing or implausible."""
    served_by: str = ""
    """The model that the server says it was."""
    seconds: float = float("nan")
    """From sending to the last byte, attempts that failed included."""
    why_failed: str | None = None

    @property
    def text(self) -> str:
        """The answer's text, "" where there is none."""
        return (self.message.content or "") if self.message else ""

    @classmethod
    def failed(cls, why: str) -> Reply:
        """Return the reply of a call to which nothing came back."""
        return cls(why_failed=why)


class Client(Protocol):
    """Whatever sends calls to one model."""

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        """Give the replies as they come back, in any order, each with its call.

        A call is taken from `calls` only when it can be sent, so that the one who gives the calls
        can stop at any of them; what was taken is always given back, failed or not.
        """
        ...


class Ask(Protocol):
    """Whatever answers calls: a client behind the ledger, or a plain function in a test."""

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        """Give one reply a call, in the order of the calls."""
        ...


def _plain(value: Json) -> str:
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=dict
    )
