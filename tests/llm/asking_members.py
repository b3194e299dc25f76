"""What tests of the client share: a member at an address, calls, and all their replies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from curate.config import MemberConfig
from curate.llm.calls import Call, Reply
from curate.llm.openai_client import OpenAIClient

__all__ = ["answers", "calls", "member", "until_it_ends"]


def member(base_url: str, **more: Any) -> MemberConfig:
    given = {"model": "m", "api_key_env": None, "concurrency": 8, "timeout": 20, "retries": 4}
    return MemberConfig(base_url=base_url, **(given | more))


def calls(texts: Iterable[str], samples: int = 1, **params: Any) -> Iterator[Call]:
    for text in texts:
        chat = ({"role": "user", "content": text},)
        for sample in range(samples):
            yield Call(model="m", base_url="", messages=chat, params=params, sample=sample)


def answers(client: OpenAIClient, asked: Iterable[Call]) -> list[tuple[Call, Reply]]:
    with closing(client.complete(asked)) as replies:
        return list(replies)


def until_it_ends(
    client: OpenAIClient, asked: Iterable[Call]
) -> tuple[list[tuple[Call, Reply]], Exception | None]:
    """Return the replies, and what was raised after them."""
    found = []
    try:
        with closing(client.complete(asked)) as replies:
            for pair in replies:
                found.append(pair)
    except Exception as why:
        return found, why
    return found, None
