"""OpenAI chat completions (and old text completions), as logged by whoever speaks that API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Context, Exchange, RowError
from curate.ingest.fields import leftover, mean_logprob, time_of, tools_of
from curate.ingest.messages import chat, prompt_messages, said
from curate.ingest.reader import Reader
from curate.ingest.readers.openai_typed import read_typed
from curate.ingest.readers.wire import about, located, params_of, reject_failure

__all__ = ["OPENAI_CHAT", "OPENAI_STORED", "exchange_of"]

Json = Any
Row = Mapping[str, Json]


def _is_openai_chat(row: Row) -> bool:
    found = located(row)
    if found is None:
        return False
    request, response, _ = found
    asked = "messages" in request or "prompt" in request
    return asked and ("choices" in response or "error" in response)


def _read_openai_chat(row: Row, context: Context) -> Iterator[Exchange]:
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
    """Return what a request and its `chat.completion` (or `text_completion`) say.

    Raises:
        RowError: If the request has no messages or the response no choices.
    """
    return Exchange(
        messages=_prompt(request),
        answers=_answers(request, response),
        tools=tools_of(request),
        time=time_of(response) if time is None else time,
        group=group,
        metadata=metadata,
        key=key,
    )


def _prompt(request: Row) -> list[dict[str, Json]]:
    if (messages := request.get("messages")) is not None:
        return chat(messages)
    prompt = request.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise RowError("the request has neither `messages` nor a text under `prompt`")
    return prompt_messages(prompt)


def _answers(request: Row, response: Row) -> list[Answer]:
    choices = response.get("choices")
    if not isinstance(choices, list) or not choices:
        raise RowError("the response has no choices")
    model = response.get("model") or request.get("model") or ""
    params = params_of(request)
    notes = leftover(response, _NOT_NOTES) or {}
    name = response.get("id")
    return [
        Answer(
            message=_message(choice),
            model=str(model),
            params=params,
            logprobs=mean_logprob(choice.get("logprobs")),
            finish_reason=_reason(choice.get("finish_reason")),
            metadata={**notes, **(leftover(choice, _NOT_MARKS) or {})} or None,
            key=f"{name}#{n}" if name else None,
        )
        for n, choice in enumerate(choices)
    ]


_NOT_NOTES = frozenset(
    "choices model object created messages prompt tools functions metadata user input_user "
    "response first_id".split()
)
_NOT_MARKS = frozenset({"message", "text", "index", "logprobs", "finish_reason"})


def _message(choice: Row) -> dict[str, Json]:
    message = choice.get("message")
    if isinstance(message, dict):
        whole = chat([message if message.get("role") else {**message, "role": "assistant"}])
        if len(whole) == 1:
            return whole[0]
    text = choice.get("text")
    if isinstance(text, str) or choice.get("finish_reason"):
        return said("assistant", text or "")
    raise RowError("a choice has no message")


def _reason(value: Json) -> str | None:
    if isinstance(value, dict):
        value = value.get("finish_reason")
    return value if isinstance(value, str) else None


OPENAI_CHAT = Reader(
    name="openai-chat",
    about="request and response of the OpenAI chat API in one row (OpenAI, Azure, vLLM, LiteLLM)",
    matches=_is_openai_chat,
    read=_read_openai_chat,
    typed=read_typed,
)


def _is_stored(row: Row) -> bool:
    return row.get("object") in ("chat.completion", "text_completion") and "choices" in row


def _read_stored(row: Row, context: Context) -> Iterator[Exchange]:
    messages = row.get("messages") or row.get("input_messages") or row.get("input")
    if not messages:
        raise RowError(
            "a stored completion without its input messages; fetch them with GET "
            "/v1/chat/completions/{id}/messages and put them under `messages`"
        )
    if isinstance(messages, dict):
        messages = messages.get("data")
    request = {"messages": messages, **{k: row[k] for k in _OF_REQUEST if row.get(k) is not None}}
    user = row.get("input_user") or row.get("user")
    yield exchange_of(
        request,
        {k: v for k, v in row.items() if k not in _OF_REQUEST and k not in _INPUTS},
        group=user if isinstance(user, str) else None,
        metadata=row.get("metadata") or None,
    )


_INPUTS = ("messages", "input_messages", "input")
_OF_REQUEST = (
    *("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "tool_choice"),
    *("tools", "response_format", "max_tokens", "max_completion_tokens"),
)


OPENAI_STORED = Reader(
    name="openai-stored",
    about="OpenAI stored completions, with their input messages",
    matches=_is_stored,
    read=_read_stored,
)
