"""Requests and responses of model APIs, wherever a log puts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from curate.ingest.exchange import RowError
from curate.ingest.fields import group_of, leftover, time_of

__all__ = ["about", "failure", "located", "params_of", "reject_failure", "unwrapped"]

Json = Any
Row = Mapping[str, Json]

_KEYS = (
    ("request", "response"),
    ("request_body", "response_body"),
    ("requestBody", "responseBody"),
    ("input", "output"),
    ("body", "response"),
    ("req", "resp"),
    ("kwargs", "response"),
)
_decode = msgspec.json.Decoder().decode


def located(row: Row) -> tuple[Row, Row, tuple[str, ...]] | None:
    """Return request, response and the keys that they stand under, or None.

    Looked for under the usual pairs of keys (bodies as objects or as JSON texts, wrapped in
    ``{"body": …}`` or not), beside each other in the row itself (`messages` and `response`, as
    LiteLLM writes), or merged into one object (`messages` and `choices`).
    """
    for pair in _KEYS:
        if pair[0] in row and pair[1] in row:
            request, response = row[pair[0]], row[pair[1]]
            if type(request) is not dict or "messages" not in request:
                request = unwrapped(request)
            if type(response) is not dict or "choices" not in response:
                response = unwrapped(response)
            if isinstance(request, dict) and isinstance(response, dict):
                return request, response, pair
    if "messages" in row or "prompt" in row:
        response = unwrapped(row.get("response"))
        if isinstance(response, dict):
            return row, response, ("response",)
        if isinstance(row.get("choices"), list):
            return row, row, ()
    return None


def unwrapped(value: Json) -> Json:
    """Return a body out of its JSON text, its envelope, or the chunks it was streamed in."""
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dict) and "body" in value and "messages" not in value:
        return unwrapped(value["body"])
    if isinstance(value, dict) and len(value) <= 2 and isinstance(value.get("string"), str):
        return unwrapped(value["string"])
    if isinstance(value, list) and value and _is_chunk(value[0]):
        return _merged(value)
    return value


def _parsed(text: str) -> Json:
    if text.startswith("data:"):
        chunks = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
        return [_parsed(chunk) for chunk in chunks if chunk.startswith("{")]
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return _decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _is_chunk(value: Json) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
        return False
    return any(isinstance(c, dict) and "delta" in c for c in value["choices"])


def _merged(chunks: Sequence[Row]) -> Row:
    """Return the chat completion that was streamed as chunks."""
    choices: dict[int, dict[str, Json]] = {}
    whole: dict[str, Json] = {}
    for chunk in chunks:
        whole |= {k: v for k, v in chunk.items() if v is not None}
        for choice in chunk.get("choices") or ():
            _add_delta(choices.setdefault(choice.get("index") or 0, _empty_choice()), choice)
    return {**whole, "object": "chat.completion", "choices": [choices[i] for i in sorted(choices)]}


def _empty_choice() -> dict[str, Json]:
    return {"message": {"role": "assistant"}, "finish_reason": None}


def _add_delta(choice: dict[str, Json], piece: Row) -> None:
    message = choice["message"]
    delta = piece.get("delta") or {}
    for key in ("content", "refusal", "reasoning_content"):
        if delta.get(key):
            message[key] = message.get(key, "") + delta[key]
    for call in delta.get("tool_calls") or ():
        _add_call(message.setdefault("tool_calls", []), call)
    choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]


def _add_call(calls: list[dict[str, Json]], piece: Row) -> None:
    at = piece.get("index") or 0
    while len(calls) <= at:
        calls.append({"id": None, "function": {"name": "", "arguments": ""}})
    calls[at]["id"] = piece.get("id") or calls[at]["id"]
    for key in ("name", "arguments"):
        calls[at]["function"][key] += (piece.get("function") or {}).get(key) or ""


def failure(row: Row, response: Row) -> str:
    """Return why a call has no answer, "" where it has one."""
    status = row.get("status", row.get("status_code"))
    status = status if isinstance(status, int) else 0
    error = response.get("error") or row.get("error")
    if not error and status < 400:
        return ""
    if isinstance(error, dict):
        error = error.get("message") or error.get("type") or error.get("code") or dict(error)
    return f"the call failed{f' with status {status}' if status else ''}: {error or 'no body'}"


def params_of(request: Row) -> dict[str, Json] | None:
    """Return how the model was asked: temperature, seed, limits and the like."""
    params = leftover(request, _NOT_PARAMS)
    inner = request.get("model_parameters") or request.get("optional_params")
    if isinstance(inner, dict):
        params = {**(params or {}), **inner}
    return params


_NOT_PARAMS = frozenset(
    "model messages input instructions prompt system contents tools functions metadata user stream "
    "stream_options response choices extra_headers extra_query extra_body model_parameters "
    "optional_params anthropic_version schemaVersion safety_identifier store".split()
)


def about(row: Row, request: Row, keys: Sequence[str]) -> dict[str, Json]:
    """Return what the envelope and the request say of an exchange besides prompt and answer."""
    marks = request.get("metadata")
    outer = row.get("metadata")
    near = [r for r in (row, request, marks, outer) if isinstance(r, dict)]
    rest = None
    if request is not row and len(row) > len(keys):
        rest = leftover(row, {*keys, *_ENVELOPE})
    if request is not row and marks:
        rest = {**(rest or {}), "request_metadata": marks}
    return {"group": group_of(*near), "metadata": rest, "time": time_of(row)}


_ENVELOPE = ("url", "method", "headers", "status")


def reject_failure(row: Row, response: Row) -> None:
    """Raise for a call that has no answer.

    Raises:
        RowError: With the API's own words.
    """
    if why := failure(row, response):
        raise RowError(why)
