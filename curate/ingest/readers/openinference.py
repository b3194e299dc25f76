"""OpenInference spans (Arize Phoenix): messages as dotted attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError, each
from curate.ingest.fields import first
from curate.ingest.messages import chat, json_text, prompt_messages, said
from curate.ingest.reader import Reader
from curate.ingest.readers.otel import attribute_notes
from curate.ingest.readers.spans import Span, has_attribute, parsed, spans_of
from curate.ingest.times import seconds

__all__ = ["OPENINFERENCE"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]


def _is_openinference(row: Row) -> bool:
    return has_attribute(row, "openinference.", "llm.input_messages")


def _read_openinference(row: Row, context: Context) -> Iterator[Exchange | RowError]:
    return each(spans_of(row), _exchange)


def _exchange(span: Span) -> Exchange:
    facts = span.attributes
    kind = facts.get("openinference.span.kind", "LLM")
    if kind != "LLM":
        raise RowError(f"a span of kind {kind}, which holds no chat with a model")
    tree = _tree(facts, "llm.")
    prompt = chat(_messages(tree.get("input_messages")) or _texts(facts.get("input.value")))
    answers = _messages(tree.get("output_messages")) or _outputs(facts.get("output.value"))
    group = first(facts, ("session.id", "user.id"))
    tools = tree.get("tools")
    return Exchange(
        messages=prompt,
        answers=[
            Answer(
                message={**message, "role": "assistant"},
                model=str(facts.get("llm.model_name") or ""),
                params=_params(facts),
                metadata=attribute_notes(facts),
                finish_reason=reason,
            )
            for one in answers
            for message, reason in [_answer(one)]
        ],
        tools=json_text(tools) if tools else None,
        time=seconds(span.start),
        group=str(group or span.trace or "") or None,
    )


def _answer(one: Row) -> tuple[Message, str | None]:
    return chat([{"role": "assistant", **one}])[-1], one.get("finish_reason")


def _params(facts: Row) -> dict[str, Json] | None:
    params = parsed(facts.get("llm.invocation_parameters"))
    if not isinstance(params, dict):
        return None
    return {k: v for k, v in params.items() if k not in ("model", "messages", "tools")} or None


def _tree(facts: Row, start: str) -> dict[str, Json]:
    """Return dotted names as nested objects: ``a.0.b`` becomes ``{"a": {"0": {"b": …}}}``."""
    tree: dict[str, Json] = {}
    for key, value in facts.items():
        if key.startswith(start):
            *path, last = key.removeprefix(start).split(".")
            node = tree
            for name in path:
                inner = node.setdefault(name, {})
                if not isinstance(inner, dict):
                    inner = node[name] = {}
                node = inner
            node[last] = value
    return tree


def _in_order(node: Json) -> list[Json]:
    if not isinstance(node, dict):
        return []
    return [node[k] for k in sorted((k for k in node if k.isdigit()), key=int)]


def _messages(node: Json) -> list[Row]:
    return [_message(one["message"]) for one in _in_order(node) if "message" in one]


def _message(node: Row) -> dict[str, Json]:
    message: dict[str, Json] = {k: v for k, v in node.items() if isinstance(v, str)}
    contents = [one.get("message_content") for one in _in_order(node.get("contents"))]
    if contents:
        message["content"] = [c for c in contents if isinstance(c, dict)]
    calls = [one.get("tool_call") for one in _in_order(node.get("tool_calls"))]
    if calls:
        message["tool_calls"] = [c for c in calls if isinstance(c, dict)]
    return message


def _texts(raw: Json) -> Json:
    value = parsed(raw)
    if isinstance(value, dict):
        value = first(value, ("messages", "prompt", "input")) or value
    if value is None:
        raise RowError("a span without its messages (input.value is empty)")
    return prompt_messages(value)


def _outputs(raw: Json) -> list[Row]:
    value = parsed(raw)
    if isinstance(value, str):
        return [said("assistant", value)]
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        value = [choice.get("message") or choice for choice in value["choices"]]
    if isinstance(value, dict):
        value = [value]
    return [one for one in value or () if isinstance(one, dict)]


OPENINFERENCE = Reader(
    name="openinference",
    about="OpenInference spans (Arize Phoenix)",
    matches=_is_openinference,
    read=_read_openinference,
)
