"""The readers, one file a family of shapes, and how a row finds its own.

In: the rows of a file. Out: `Exchange`s. To add one: a file with a `Reader`, and its line in
`READERS`, before every shape that is more general.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from curate.ingest.reader import Reader
from curate.registry import Registry

__all__ = ["READERS", "best", "known", "reader_of"]

_HERE = "curate.ingest.readers."

READERS: Registry[Reader] = Registry(
    "ingest format",
    {
        "openai-batch": f"{_HERE}batches:OPENAI_BATCH",
        "anthropic-batch": f"{_HERE}batches:ANTHROPIC_BATCH",
        "otel-genai": f"{_HERE}otel:OTEL_GENAI",
        "openinference": f"{_HERE}openinference:OPENINFERENCE",
        "vercel-ai": f"{_HERE}vercel:VERCEL_AI",
        "langsmith": f"{_HERE}langsmith:LANGSMITH",
        "anthropic-sessions": f"{_HERE}sessions:ANTHROPIC_SESSIONS",
        "openai-responses": f"{_HERE}responses:OPENAI_RESPONSES",
        "openai-stored": f"{_HERE}openai_chat:OPENAI_STORED",
        "openai-chat": f"{_HERE}openai_chat:OPENAI_CHAT",
        "anthropic-messages": f"{_HERE}anthropic:ANTHROPIC_MESSAGES",
        "cloud-api": f"{_HERE}cloud:CLOUD_API",
        "openai-dpo": f"{_HERE}preference:OPENAI_DPO",
        "langfuse": f"{_HERE}langfuse:LANGFUSE",
        "label-studio": f"{_HERE}label_studio:LABEL_STUDIO",
        "oasst": f"{_HERE}oasst:OASST",
        "oasst-flat": f"{_HERE}oasst:OASST_FLAT",
        "mt-bench": f"{_HERE}arena:MT_BENCH",
        "arena": f"{_HERE}arena:ARENA",
        "wildchat": f"{_HERE}wildchat:WILDCHAT",
        "completions": f"{_HERE}completions:COMPLETIONS",
        "pairs": f"{_HERE}pairs:PAIRS",
        "sharegpt": f"{_HERE}sharegpt:SHAREGPT",
        "preference": f"{_HERE}preference:PREFERENCE",
        "messages": f"{_HERE}messages:MESSAGES",
        "transcript": f"{_HERE}messages:TRANSCRIPT",
        "alpaca": f"{_HERE}alpaca:ALPACA",
        "prompt-completion": f"{_HERE}prompts:PROMPT_COMPLETION",
        "prompts": f"{_HERE}prompts:PROMPTS",
    },
)
"""By name; the first whose shape a row has is its reader."""

_SAMPLE = 64


@cache
def known() -> tuple[Reader, ...]:
    """Return every reader, in the order in which shapes are tried."""
    return tuple(READERS.get(name) for name in READERS)


def reader_of(row: Any) -> Reader | None:
    """Return the first reader whose shape `row` has."""
    if not isinstance(row, dict):
        return None
    return next((reader for reader in known() if reader.matches(row)), None)


def best(rows: Sequence[Any]) -> Reader | None:
    """Return the reader of most of the rows; of equals, the one that is tried first."""
    found = [reader for reader in map(reader_of, rows[:_SAMPLE]) if reader is not None]
    order = known()
    return max(found, key=lambda r: (found.count(r), -order.index(r)), default=None)
