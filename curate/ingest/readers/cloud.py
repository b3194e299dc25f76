"""Other model APIs, request and response in one row: Cohere, Bedrock's models, Gemini."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import first, leftover, tools_of
from curate.ingest.messages import chat, prompt_messages, said
from curate.ingest.reader import Reader
from curate.ingest.readers.preference import is_transcript, transcript
from curate.ingest.readers.wire import about, located, params_of, reject_failure

__all__ = ["CLOUD_API"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]
Found = list[tuple[Message, Json]]


def _is_cloud(row: Row) -> bool:
    found = located(row)
    return found is not None and _family(found[1]) is not None


def _family(response: Row) -> Callable[[Row], Found] | None:
    return next((read for key, read in _FAMILIES.items() if response.get(key)), None)


def _read_cloud(row: Row, context: Context) -> Iterator[Exchange]:
    found = located(row)
    family = _family(found[1]) if found else None
    if found is None or family is None:
        raise RowError("no request with its response")
    request, response, keys = found
    reject_failure(row, response)
    name = response.get("id")
    notes = leftover(response, _NOT_NOTES)
    answers = [
        Answer(
            message=message,
            model=str(response.get("model") or request.get("model") or _model_in(row)),
            params=params_of(request),
            finish_reason=reason if isinstance(reason, str) else None,
            metadata=notes,
            key=f"{name}#{n}" if name else None,
        )
        for n, (message, reason) in enumerate(family(response))
    ]
    yield Exchange(
        messages=_prompt(request),
        answers=answers,
        tools=tools_of(request),
        **about(row, request, keys),
    )


_NOT_NOTES = frozenset(
    "message generations generation completions output results candidates prompt model "
    "finish_reason stop_reason stopReason stop".split()
)


def _prompt(request: Row) -> list[Message]:
    if (contents := request.get("contents")) is not None:
        system = request.get("systemInstruction") or request.get("system_instruction")
        start = chat([{**system, "role": "system"}]) if isinstance(system, dict) else []
        return [*start, *chat([{"role": "user", **c} for c in contents])]
    if (messages := request.get("messages")) is not None:
        system = request.get("system")
        start = chat([{"role": "system", "content": system}]) if system else []
        return [*start, *chat(messages)]
    prompt = first(request, ("prompt", "inputText", "message"))
    if not isinstance(prompt, str):
        raise RowError("the request has neither messages nor a text under `prompt`")
    if not is_transcript(prompt):
        return prompt_messages(prompt)
    return [turn for turn in transcript(prompt) if turn["content"].strip()]


def _chat_message(response: Row) -> Found:
    message = response["message"]
    if not isinstance(message, dict):
        return [(said("assistant", str(message)), response.get("finish_reason"))]
    if plan := message.get("tool_plan"):
        message = {**message, "thinking": plan}
    return [(chat([{"role": "assistant", **message}])[-1], response.get("finish_reason"))]


def _generations(response: Row) -> Found:
    return [
        (said("assistant", one.get("text") or ""), one.get("finish_reason"))
        for one in response["generations"]
    ]


def _generation(response: Row) -> Found:
    return [(said("assistant", str(response["generation"])), response.get("stop_reason"))]


def _completions(response: Row) -> Found:
    found: Found = []
    for one in response["completions"]:
        why = one.get("finishReason")
        reason = why.get("reason") if isinstance(why, dict) else why
        found.append((said("assistant", one["data"]["text"]), reason))
    return found


def _converse(response: Row) -> Found:
    message = response["output"].get("message") or {}
    return [(chat([{"role": "assistant", **message}])[-1], response.get("stopReason"))]


def _results(response: Row) -> Found:
    return [
        (said("assistant", one.get("outputText") or ""), one.get("completionReason"))
        for one in response["results"]
    ]


def _gemini(response: Row) -> Found:
    return [
        (
            chat([{**(one.get("content") or {}), "role": "assistant"}])[-1],
            one.get("finishReason"),
        )
        for one in response["candidates"]
    ]


_FAMILIES: dict[str, Callable[[Row], Found]] = {
    "message": _chat_message,
    "generations": _generations,
    "generation": _generation,
    "completions": _completions,
    "output": _converse,
    "results": _results,
    "candidates": _gemini,
}
"""By the key under which the answer stands."""


def _model_in(row: Row) -> str:
    found = re.search(r"/model/([^/?]+)", str(row.get("url") or ""))
    return urllib.parse.unquote(found[1]) if found else ""


CLOUD_API = Reader(
    name="cloud-api",
    about="request and response of Cohere, Amazon Bedrock's models, or Gemini",
    matches=_is_cloud,
    read=_read_cloud,
)
