"""Anthropic Messages (and the old text completions), request and response in one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import leftover, tools_of
from curate.ingest.messages import chat, said
from curate.ingest.reader import Reader
from curate.ingest.readers.preference import transcript
from curate.ingest.readers.wire import about, located, params_of, reject_failure

__all__ = ["ANTHROPIC_MESSAGES", "exchange_of", "prompt_of"]

Json = Any
Row = Mapping[str, Json]


def _is_anthropic(row: Row) -> bool:
    found = located(row)
    if found is None:
        return False
    response = found[1]
    if response.get("type") in ("message", "completion"):
        return True
    return isinstance(response.get("content"), list) and "stop_reason" in response


def _read_anthropic(row: Row, context: Context) -> Iterator[Exchange]:
    found = located(row)
    if found is None:
        raise RowError("no request with its response")
    request, response, keys = found
    reject_failure(row, response)
    yield exchange_of(request, response, **about(row, request, keys))


def exchange_of(
    request: Row,
    response: Row,
    *,
    group: str | None = None,
    metadata: dict[str, Json] | None = None,
    time: float | None = None,
    key: str | None = None,
) -> Exchange:
    """Return what a Messages request and its response say.

    Raises:
        RowError: If either has no content.
    """
    stop = response.get("stop_reason")
    marks = request.get("metadata")
    if group is None and isinstance(marks, dict):
        group = marks.get("user_id")
    answer = Answer(
        message=_answer(response),
        model=str(response.get("model") or request.get("model") or ""),
        params=params_of(request),
        finish_reason=stop if isinstance(stop, str) else None,
        metadata=leftover(response, _NOT_NOTES),
        key=response.get("id") or None,
    )
    return Exchange(
        messages=prompt_of(request),
        answers=(answer,),
        tools=tools_of(request),
        time=time,
        group=group,
        metadata=metadata,
        key=key,
    )


_NOT_NOTES = frozenset("content completion type role model stop_reason messages".split())


def prompt_of(request: Row) -> list[dict[str, Json]]:
    """Return the messages of a Messages request, its system prompt first."""
    system = request.get("system")
    start = []
    if system:
        start = chat([{"role": "system", "content": system}])
    if isinstance(request.get("prompt"), str):
        turns = transcript(request["prompt"])
        return [*start, *[t for t in turns if t["content"].strip()]]
    return [*start, *chat(request.get("messages"))]


def _answer(response: Row) -> dict[str, Json]:
    if isinstance(response.get("completion"), str):
        return said("assistant", response["completion"])
    content = response.get("content")
    if not content:
        return said("assistant", "")
    messages = chat([{"role": "assistant", "content": content}])
    return messages[-1]


ANTHROPIC_MESSAGES = Reader(
    name="anthropic-messages",
    about="request and response of the Anthropic Messages API",
    matches=_is_anthropic,
    read=_read_anthropic,
)
