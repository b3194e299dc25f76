"""Langfuse generations and dataset items: any JSON in, any JSON out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import first, group_of, key_of, leftover, time_of, tools_of
from curate.ingest.messages import chat, is_chat, prompt_messages, said
from curate.ingest.reader import Reader
from curate.ingest.readers import openai_chat
from curate.ingest.readers.wire import unwrapped

__all__ = ["LANGFUSE"]

Json = Any
Row = Mapping[str, Json]

_OUTPUTS = ("output", "expectedOutput", "expected_output")
_SIGNS = (
    *("traceId", "trace_id", "datasetId", "modelParameters", "usageDetails", "sourceTraceId"),
    *("expectedOutput", "expected_output", "observationId"),
)
_USED = {"input", *_OUTPUTS, "model", "modelParameters", "startTime", "endTime", "id"}


def _is_langfuse(row: Row) -> bool:
    if row.get("input") is None or not any(key in row for key in _OUTPUTS):
        return False
    given = unwrapped(row["input"])
    chats = is_chat(given) or (isinstance(given, dict) and is_chat(given.get("messages")))
    return chats or any(row.get(key) is not None for key in _SIGNS)


def _read_langfuse(row: Row, context: Context) -> Iterator[Exchange]:
    given = unwrapped(row.get("input"))
    output = unwrapped(first(row, _OUTPUTS))
    about: dict[str, Json] = {
        "group": group_of({k: row.get(k) for k in _GROUPS}),
        "time": time_of(row),
        "metadata": leftover(row, _USED),
        "key": key_of(row),
    }
    if isinstance(output, dict) and "choices" in output:
        yield openai_chat.exchange_of({"messages": _messages(given)}, output, **about)
        return
    tools = tools_of(given) if isinstance(given, dict) else None
    yield Exchange(
        messages=chat(_messages(given)), answers=_answers(row, output), tools=tools, **about
    )


_GROUPS = ("sessionId", "session_id", "userId", "user_id", "traceId", "trace_id")


def _messages(given: Json) -> Json:
    if isinstance(given, dict) and "role" not in given:
        inner = first(given, ("messages", "prompt", "question", "query", "input", "text"))
        if inner is None:
            raise RowError(f"no messages in `input` (keys: {', '.join(map(str, given))})")
        given = inner
    return prompt_messages(given)


def _answers(row: Row, output: Json) -> list[Answer]:
    if output is None:
        return []
    params = row.get("modelParameters")
    model = row.get("model")
    return [
        Answer(
            message=_message(output),
            model=model if isinstance(model, str) else "",
            params=params if isinstance(params, dict) else None,
        )
    ]


def _message(output: Json) -> dict[str, Json]:
    if isinstance(output, dict) and "role" not in output:
        inner = first(output, ("message", "content", "text", "answer", "output", "completion"))
        if inner is None:
            raise RowError(f"no answer in `output` (keys: {', '.join(map(str, output))})")
        output = inner
    if isinstance(output, str):
        return said("assistant", output)
    turns = chat(output if isinstance(output, list) else [{"role": "assistant", **output}])
    return {**turns[-1], "role": "assistant"}


LANGFUSE = Reader(
    name="langfuse",
    about="Langfuse generations and dataset items",
    matches=_is_langfuse,
    read=_read_langfuse,
)
