"""Batch files of OpenAI and Anthropic: outputs joined with the requests of their input files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError
from curate.ingest.fields import group_of, tools_of
from curate.ingest.reader import Reader
from curate.ingest.readers import anthropic, openai_chat, responses
from curate.ingest.readers.wire import failure

__all__ = ["ANTHROPIC_BATCH", "OPENAI_BATCH"]

Json = Any
Row = Mapping[str, Json]


def _is_openai_batch(row: Row) -> bool:
    return "custom_id" in row and (_openai_request(row) is not None or "response" in row)


def _openai_request(row: Row) -> tuple[str, Row] | None:
    body = row.get("body")
    if "custom_id" not in row or not isinstance(body, dict) or "response" in row:
        return None
    return str(row["custom_id"]), body


def _read_openai_batch(row: Row, context: Context) -> Iterator[Exchange | RowError]:
    asked = _openai_request(row)
    if asked is not None:
        yield from _unanswered(*asked, context)
        return
    name = str(row.get("custom_id"))
    request = context.requests.take(name)
    response = row.get("response")
    if row.get("error") or not isinstance(response, dict):
        raise RowError(f"{name}: {failure(row, {}) or 'the request has no response'}")
    body = response.get("body")
    body = body if isinstance(body, dict) else {}
    if why := failure(response, body):
        raise RowError(f"{name}: {why}")
    if request is None:
        raise RowError(_without_input(name))
    joined = {"request": request, "response": body, "metadata": {"custom_id": name}}
    reader = responses.OPENAI_RESPONSES if "output" in body else openai_chat.OPENAI_CHAT
    yield from reader.read(joined, context)


def _unanswered(name: str, request: Row, context: Context) -> Iterator[Exchange]:
    """Yield the prompt of a request that no output file answers."""
    if context.requests.was_taken(name):
        return
    messages = request.get("messages") or request.get("input") or request.get("prompt")
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    yield Exchange(
        messages=anthropic.prompt_of({**request, "messages": messages, "prompt": None}),
        tools=tools_of(request),
        group=group_of(request),
        metadata={"custom_id": name},
    )


def _without_input(name: str) -> str:
    return f"{name}: batch output without its request; give the batch's input file too"


OPENAI_BATCH = Reader(
    name="openai-batch",
    about="OpenAI (and vLLM) batch output joined with its input file",
    matches=_is_openai_batch,
    read=_read_openai_batch,
    request=_openai_request,
)


def _is_anthropic_batch(row: Row) -> bool:
    return "custom_id" in row and (_anthropic_request(row) is not None or "result" in row)


def _anthropic_request(row: Row) -> tuple[str, Row] | None:
    params = row.get("params")
    if "custom_id" not in row or not isinstance(params, dict) or "result" in row:
        return None
    return str(row["custom_id"]), params


def _read_anthropic_batch(row: Row, context: Context) -> Iterator[Exchange]:
    asked = _anthropic_request(row)
    if asked is not None:
        yield from _unanswered(*asked, context)
        return
    name = str(row.get("custom_id"))
    request = context.requests.take(name)
    result = row.get("result")
    message = result.get("message") if isinstance(result, dict) else None
    if not isinstance(message, dict):
        raise RowError(f"{name}: {_outcome(result)}")
    if request is None:
        raise RowError(_without_input(name))
    yield anthropic.exchange_of(request, message, metadata={"custom_id": name})


def _outcome(result: Json) -> str:
    if not isinstance(result, dict):
        return "the request has no result"
    error = result.get("error")
    inner = error.get("error", error) if isinstance(error, dict) else None
    said = f": {inner.get('message')}" if isinstance(inner, dict) else ""
    return f"the request {result.get('type') or 'failed'}{said}"


ANTHROPIC_BATCH = Reader(
    name="anthropic-batch",
    about="Anthropic batch results joined with their requests",
    matches=_is_anthropic_batch,
    read=_read_anthropic_batch,
    request=_anthropic_request,
)
