"""The clients by name: whatever sends calls to one model.

In: a member's configuration. Out: its client, made on first use of its kind.
"""

from __future__ import annotations

from collections.abc import Callable

from curate.config import MemberConfig
from curate.llm.calls import Client
from curate.registry import Registry

__all__ = ["CLIENTS", "client_for"]

CLIENTS = Registry[Callable[[MemberConfig], Client]](
    "client",
    {
        "openai": "curate.llm.openai_client:OpenAIClient",
        "openai-batch": "curate.llm.openai_batch:BatchClient",
        "vllm": "curate.llm.vllm_engine:EngineClient",
    },
    extras={"vllm": "vllm"},
)
"""Each takes a member's configuration; `add` one of your own under a new name."""


def client_for(member: MemberConfig) -> Client:
    """Return the client that a member names.

    Raises:
        ConfigError: If there is none of that name.
        MissingExtraError: If a package it needs is missing; the message has the install line.
    """
    return CLIENTS.get(member.client)(member)
