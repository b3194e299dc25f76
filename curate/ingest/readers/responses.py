"""OpenAI Responses API: items in, items out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import leftover, tools_of
from curate.ingest.messages import chat, json_text, said
from curate.ingest.reader import Reader
from curate.ingest.readers.wire import about, located, params_of, reject_failure
from curate.ingest.times import seconds

__all__ = ["OPENAI_RESPONSES"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]


def _is_responses(row: Row) -> bool:
    found = located(row)
    response = found[1] if found else row
    return response.get("object") == "response" or _has_items(response)


def _has_items(response: Row) -> bool:
    items = response.get("output")
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        return False
    return items[0].get("type") in _ITEMS


def _read_responses(row: Row, context: Context) -> Iterator[Exchange]:
    request, response, keys = located(row) or (row, row, ())
    reject_failure(row, response)
    if request.get("input") is None:
        raise RowError("a response without the request's `input`; log the request with it")
    notes = leftover(response, _NOT_NOTES) or {}
    answer = Answer(
        message=_answer(response),
        model=str(response.get("model") or request.get("model") or ""),
        params=_params(request, response),
        finish_reason=_reason(response),
        metadata=notes or None,
        key=response.get("id") or None,
    )
    envelope = about(row, request, keys)
    created = seconds(response.get("created_at"))
    yield Exchange(
        messages=_prompt(request, response),
        answers=(answer,),
        tools=tools_of(request, response),
        **envelope | {"time": created if created is not None else envelope["time"]},
    )


_NOT_NOTES = frozenset(
    "output object model created_at completed_at instructions tools input text tool_choice "
    "temperature top_p status error incomplete_details reasoning metadata user billing "
    "parallel_tool_calls max_output_tokens truncation frequency_penalty presence_penalty".split()
)
_PARAMS = ("temperature", "top_p", "max_output_tokens", "tool_choice", "reasoning")


def _params(request: Row, response: Row) -> dict[str, Json] | None:
    said_back = {k: response[k] for k in _PARAMS if response.get(k) is not None}
    own = params_of(request) if request is not response else None
    return {**said_back, **(own or {})} or None


def _prompt(request: Row, response: Row) -> list[Message]:
    system = request.get("instructions") or response.get("instructions")
    start = [said("developer", system)] if isinstance(system, str) and system else []
    given = request["input"]
    if isinstance(given, str):
        return [*start, said("user", given)]
    if not isinstance(given, Sequence):
        raise RowError("`input` is neither a text nor a list of items")
    return [*start, *_messages(given)]


def _answer(response: Row) -> Message:
    items = response.get("output")
    if not isinstance(items, list):
        raise RowError("the response has no `output`")
    messages = _messages(items)
    if len(messages) != 1:
        return {"role": "assistant", "content": ""} if not messages else messages[-1]
    return messages[0]


def _messages(items: Sequence[Json]) -> list[Message]:
    """Return items as messages; an assistant's items that follow each other are one turn."""
    messages: list[Message] = []
    turn: Message | None = None
    for item in items:
        if not isinstance(item, dict):
            raise RowError("an item of `input` or `output` is no object")
        kind = item.get("type") or "message"
        if kind == "message" and item.get("role") != "assistant":
            messages += chat([{k: v for k, v in item.items() if k in ("role", "content", "name")}])
            turn = None
        elif kind.endswith("_output") and "call_id" in item:
            messages.append(_result(item))
            turn = None
        else:
            if turn is None:
                turn = {"role": "assistant"}
                messages.append(turn)
            _ITEMS.get(kind, _other)(item, turn)
    return messages


def _result(item: Row) -> Message:
    body = item.get("output")
    return {
        "role": "tool",
        "tool_call_id": json_text(item["call_id"]),
        "content": "" if body is None else json_text(body),
    }


def _message(item: Row, turn: Message) -> None:
    for one in chat([{"role": "assistant", "content": item.get("content")}]):
        for key, value in one.items():
            if key in ("content", "refusal"):
                turn[key] = (turn.get(key) or "") + value
            elif key != "role":
                turn[key] = value


def _call(item: Row, turn: Message) -> None:
    call = {
        "name": item.get("name"),
        "arguments": item.get("arguments", item.get("input")),
        "id": item.get("call_id") or item.get("id"),
    }
    turn["tool_calls"] = [
        *turn.get("tool_calls", ()),
        *chat([{"role": "assistant", "tool_calls": [call]}])[0]["tool_calls"],
    ]


def _reasoning(item: Row, turn: Message) -> None:
    pieces = [*(item.get("summary") or ()), *(item.get("content") or ())]
    texts = [p["text"] for p in pieces if isinstance(p, dict) and isinstance(p.get("text"), str)]
    if texts:
        turn["thinking"] = "\n".join([*filter(None, [turn.get("thinking")]), *texts])


def _other(item: Row, turn: Message) -> None:
    before = turn.get("parts")
    turn["parts"] = f"{before[:-1]},{json_text(item)}]" if before else f"[{json_text(item)}]"


_ITEMS = {
    "message": _message,
    "function_call": _call,
    "custom_tool_call": _call,
    "reasoning": _reasoning,
}


def _reason(response: Row) -> str | None:
    details = response.get("incomplete_details")
    if isinstance(details, dict) and details.get("reason"):
        return str(details["reason"])
    status = response.get("status")
    return status if isinstance(status, str) else None


OPENAI_RESPONSES = Reader(
    name="openai-responses",
    about="request and response of the OpenAI Responses API",
    matches=_is_responses,
    read=_read_responses,
)
