"""OpenTelemetry GenAI spans: new attributes, deprecated ones, and the old span events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError, each
from curate.ingest.fields import first
from curate.ingest.messages import chat, json_text, prompt_messages, said
from curate.ingest.reader import Reader
from curate.ingest.readers.spans import Span, has_attribute, parsed, spans_of
from curate.ingest.times import seconds

__all__ = ["OTEL_GENAI", "attribute_notes"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]


def _is_genai(row: Row) -> bool:
    return has_attribute(row, "gen_ai.") and not has_attribute(row, "ai.prompt", "ai.operationId")


def _read_genai(row: Row, context: Context) -> Iterator[Exchange | RowError]:
    return each(spans_of(row), _exchange)


def _exchange(span: Span) -> Exchange:
    facts = span.attributes
    if why := _no_chat(facts):
        raise RowError(why)
    prompt, finished = _said(span)
    if not prompt and not finished:
        raise RowError(
            "a span without its messages; turn on the capture of message content "
            "(OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true)"
        )
    name = facts.get("gen_ai.response.id")
    model = first(facts, ("gen_ai.response.model", "gen_ai.request.model"))
    answers = [
        Answer(
            message=message,
            model=str(model or ""),
            params=_params(facts),
            finish_reason=reason or _reason(facts, n),
            metadata=attribute_notes(facts),
            key=f"{name}#{n}" if name else None,
        )
        for n, (message, reason) in enumerate(finished)
    ]
    conversation = first(facts, ("gen_ai.conversation.id", "session.id", "user.id"))
    tools = parsed(facts.get("gen_ai.tool.definitions"))
    return Exchange(
        messages=prompt,
        answers=answers,
        tools=json_text(tools) if tools else None,
        time=seconds(span.start),
        group=str(conversation or span.trace or "") or None,
    )


def _no_chat(facts: Row) -> str:
    operation = facts.get("gen_ai.operation.name")
    if operation in ("execute_tool", "embeddings", "create_agent"):
        return f"a span of {operation}, which holds no chat"
    return ""


def _params(facts: Row) -> dict[str, Json] | None:
    start = "gen_ai.request."
    found = {k.removeprefix(start): v for k, v in facts.items() if k.startswith(start)}
    found.pop("model", None)
    return found or None


def attribute_notes(facts: Row) -> dict[str, Json] | None:
    """Return what a span says of its call besides the messages: usage, provider, ids."""
    notes = {k: v for k, v in facts.items() if k.startswith(_NOTED) and not isinstance(v, list)}
    return notes or None


_NOTED = ("gen_ai.usage", "gen_ai.provider", "gen_ai.system", "gen_ai.response.id", "llm.token")


def _reason(facts: Row, n: int) -> str | None:
    reasons = parsed(facts.get("gen_ai.response.finish_reasons"))
    if isinstance(reasons, Sequence) and not isinstance(reasons, str) and n < len(reasons):
        return str(reasons[n])
    return None


Said = tuple[list[Message], list[tuple[Message, str | None]]]


def _said(span: Span) -> Said:
    """Return prompt and answers from wherever this version of the conventions puts them."""
    facts = span.attributes
    for name, inner in span.events:
        if name == "gen_ai.client.inference.operation.details":
            facts = {**inner, **facts}
    if "gen_ai.input.messages" in facts or "gen_ai.output.messages" in facts:
        return _from_attributes(facts)
    if "gen_ai.prompt" in facts or "gen_ai.completion" in facts:
        return _texts(facts.get("gen_ai.prompt")), _outputs(facts.get("gen_ai.completion"))
    if any(key.startswith(("gen_ai.prompt.", "gen_ai.completion.")) for key in facts):
        return _from_numbered(facts)
    return _from_events(span)


def _from_attributes(facts: Row) -> Said:
    system = parsed(facts.get("gen_ai.system_instructions"))
    start = chat([{"role": "system", "content": system}]) if system else []
    prompt = [*start, *_texts(facts.get("gen_ai.input.messages"))]
    return prompt, _outputs(facts.get("gen_ai.output.messages"))


def _texts(raw: Json) -> list[Message]:
    value = parsed(raw)
    if isinstance(value, dict) and "messages" in value:
        value = value["messages"]
    return [] if value is None else prompt_messages(value)


def _outputs(raw: Json) -> list[tuple[Message, str | None]]:
    value = parsed(raw)
    if value is None:
        return []
    if isinstance(value, str):
        return [(said("assistant", value), None)]
    found = []
    for one in value if isinstance(value, list) else [value]:
        message = chat([{"role": "assistant", **one} if isinstance(one, dict) else one])[-1]
        found.append(({**message, "role": "assistant"}, one.get("finish_reason")))
    return found


def _from_numbered(facts: Row) -> Said:
    prompt = chat(_numbered(facts, "gen_ai.prompt"))
    answers = _numbered(facts, "gen_ai.completion")
    return prompt, [
        (chat([{"role": "assistant", **one}])[-1], one.get("finish_reason")) for one in answers
    ]


def _numbered(facts: Row, start: str) -> list[dict[str, Json]]:
    """Return messages that were written out as ``gen_ai.prompt.0.content`` and the like."""
    found: dict[int, dict[str, Json]] = {}
    calls: dict[int, dict[int, dict[str, Json]]] = {}
    for key, value in facts.items():
        if call := re.fullmatch(re.escape(start) + r"\.(\d+)\.tool_calls\.(\d+)\.(\w+)", key):
            calls.setdefault(int(call[1]), {}).setdefault(int(call[2]), {})[call[3]] = value
        elif part := re.fullmatch(re.escape(start) + r"\.(\d+)\.(\w+)", key):
            found.setdefault(int(part[1]), {})[part[2]] = parsed(value)
    for n, named in calls.items():
        found.setdefault(n, {})["tool_calls"] = [named[i] for i in sorted(named)]
    return [found[n] for n in sorted(found)]


def _from_events(span: Span) -> Said:
    prompt: list[Message] = []
    answers: list[tuple[Message, str | None]] = []
    for name, facts in span.events:
        if name == "gen_ai.choice":
            message = parsed(facts.get("message")) or facts
            if isinstance(message, str):
                message = {"content": message}
            turn = {k: parsed(v) if k == "tool_calls" else v for k, v in message.items()}
            turn["role"] = "assistant"
            reason = facts.get("finish_reason")
            answers.append((chat([turn])[-1], reason))
        elif found := re.fullmatch(r"gen_ai\.(\w+)\.message", name):
            turn = {k: parsed(v) if k == "tool_calls" else v for k, v in facts.items()}
            if "id" in turn:
                turn["tool_call_id"] = turn["id"]
            prompt += chat([{**turn, "role": facts.get("role") or found[1]}])
        elif name == "gen_ai.content.prompt":
            prompt += _texts(facts.get("gen_ai.prompt"))
        elif name == "gen_ai.content.completion":
            answers += _outputs(facts.get("gen_ai.completion"))
    return prompt, answers


OTEL_GENAI = Reader(
    name="otel-genai",
    about="OpenTelemetry GenAI spans: attributes, deprecated attributes, events, OTLP JSON",
    matches=_is_genai,
    read=_read_genai,
)
