"""Each registered client at work on a real server that answers a text with its capitals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from curate.config import MemberConfig
from curate.llm.calls import Client
from curate.llm.clients import client_for
from curate.llm.scripted import Scripted
from tests.batch_server import batch_api
from tests.llm.little_server import little_server

__all__ = ["KEY", "REFUSED", "WITHOUT_KIT", "ClientKit", "kits"]

KEY = "CURATE_TEST_KEY"
"""Environment variable with the members' key."""
REFUSED = "refuse me"
"""Text that the servers answer with a 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKit:
    """A client, and how to look behind it."""

    client: Client
    member: MemberConfig
    paid: Callable[[], int]
    """How many calls the server has answered."""


@contextmanager
def _openai() -> Iterator[ClientKit]:
    with little_server() as server:
        server.refused = frozenset({REFUSED})
        member = _member("openai", server.base_url)
        yield ClientKit(client=client_for(member), member=member, paid=lambda: server.calls)


@contextmanager
def _batch() -> Iterator[ClientKit]:
    with batch_api() as server:
        server.faults.refused = frozenset({REFUSED})
        member = _member("openai-batch", server.base_url)
        yield ClientKit(client=client_for(member), member=member, paid=lambda: server.paid.total())


@contextmanager
def _scripted() -> Iterator[ClientKit]:
    from curate.llm.calls import Call, Reply
    from curate.records import Message

    asked: Counter[str] = Counter()

    def say(call: Call) -> Reply:
        text = call.messages[-1]["content"]
        if text == REFUSED:
            return Reply.failed("this prompt is refused")
        asked[text] += 1
        said = Message(role="assistant", content=text.upper())
        return Reply(message=said, finish_reason="stop", prompt_tokens=3, completion_tokens=2)

    member = _member("openai", "http://127.0.0.1:9/v1")
    yield ClientKit(client=Scripted(say), member=member, paid=asked.total)


def _member(client: str, base_url: str) -> MemberConfig:
    return MemberConfig(
        model="little",
        client=client,  # type: ignore[arg-type]
        base_url=base_url,
        api_key_env=KEY,
        concurrency=4,
        retries=1,
    )


kits: dict[str, Callable[[], AbstractContextManager[ClientKit]]] = {
    "scripted": _scripted,
    "openai": _openai,
    "openai-batch": _batch,
}

WITHOUT_KIT = {"vllm": "needs a machine with vLLM; its shapes are tested in tests/llm"}
"""Registered clients that cannot be put to work everywhere, and why."""
