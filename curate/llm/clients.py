"""The clients by name: whatever sends calls to one model.

In: a member's configuration. Out: its client, made on first use of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from curate.config import MemberConfig
from curate.llm.calls import Client
from curate.registry import Registry

__all__ = ["CLIENTS", "client_for"]

CLIENTS = Registry[Callable[..., Client]](
    "client",
    {
        "openai": "curate.llm.openai_client:OpenAIClient",
        "openai-batch": "curate.llm.openai_batch:BatchClient",
        "vllm": "curate.llm.vllm_engine:EngineClient",
    },
    extras={"vllm": "vllm"},
)
"""Each is called with a member's configuration; `add` one of your own under a new name."""

_LEAVES_WORK = ("openai-batch",)
"""Clients that leave work at a server when the process ends, and must find it again."""


def client_for(member: MemberConfig, *, state: Path | None = None) -> Client:
    """Return the client that a member names.

    Args:
        member: Whom to ask, and how.
        state: File, beside the ledger, in which the Batch API's client remembers the batches that
            are under way; None: a batch that is under way when the process ends is lost.

    Raises:
        ConfigError: If there is none of that name.
        MissingExtraError: If a package it needs is missing; the message has the install line.
    """
    kind = CLIENTS.get(member.client)
    return kind(member, state=state) if member.client in _LEAVES_WORK else kind(member)
