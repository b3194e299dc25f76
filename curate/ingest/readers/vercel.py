"""Spans of the Vercel AI SDK; its outer spans repeat the inner ones and count as duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError, each
from curate.ingest.fields import first
from curate.ingest.messages import chat, json_text, prompt_messages
from curate.ingest.reader import Reader
from curate.ingest.readers.spans import Span, has_attribute, parsed, spans_of
from curate.ingest.times import seconds

__all__ = ["VERCEL_AI"]

Json = Any
Row = Mapping[str, Json]


def _is_vercel(row: Row) -> bool:
    return has_attribute(row, "ai.prompt", "ai.operationId")


def _read_vercel(row: Row, context: Context) -> Iterator[Exchange | RowError]:
    return each(spans_of(row), _exchange)


def _exchange(span: Span) -> Exchange:
    facts = span.attributes
    prompt = parsed(first(facts, ("ai.prompt.messages", "ai.prompt")))
    if prompt is None:
        raise RowError(f"a span of {facts.get('ai.operationId')}, which holds no chat")
    group = first(facts, ("ai.telemetry.metadata.sessionId", "ai.telemetry.metadata.userId"))
    tools = parsed(facts.get("ai.prompt.tools"))
    return Exchange(
        messages=_messages(prompt),
        answers=(_answer(facts),),
        tools=json_text(tools) if tools else None,
        time=seconds(facts.get("ai.response.timestamp") or span.start),
        group=None if group is None else str(group),
    )


def _messages(prompt: Json) -> list[dict[str, Json]]:
    if isinstance(prompt, dict):
        system = prompt.get("system")
        inner = first(prompt, ("messages", "prompt"))
        return prompt_messages(inner, system=system)
    return prompt_messages(prompt)


def _answer(facts: Row) -> Answer:
    turn: dict[str, Json] = {
        "role": "assistant",
        "content": first(facts, ("ai.response.text", "ai.response.object")),
        "tool_calls": parsed(facts.get("ai.response.toolCalls")),
        "reasoning": facts.get("ai.response.reasoning"),
    }
    reason = facts.get("ai.response.finishReason")
    settings = {k[12:]: v for k, v in facts.items() if k.startswith("ai.settings.")}
    notes = {k: v for k, v in facts.items() if k.startswith(("ai.usage.", "ai.telemetry."))}
    if version := facts.get("ai.response.model"):
        notes["ai.response.model"] = version
    return Answer(
        message=chat([{k: v for k, v in turn.items() if v is not None}])[0],
        model=str(facts.get("ai.model.id") or ""),
        params=settings or None,
        finish_reason=reason if isinstance(reason, str) else None,
        metadata=notes or None,
        key=_name(facts),
    )


def _name(facts: Row) -> str | None:
    if isinstance(facts.get("ai.response.id"), str):
        return str(facts["ai.response.id"])
    about = parsed(facts.get("ai.response.providerMetadata"))
    for provider in about.values() if isinstance(about, dict) else ():
        if isinstance(provider, dict) and provider.get("responseId"):
            return str(provider["responseId"])
    return None


VERCEL_AI = Reader(
    name="vercel-ai",
    about="spans of the Vercel AI SDK",
    matches=_is_vercel,
    read=_read_vercel,
)
