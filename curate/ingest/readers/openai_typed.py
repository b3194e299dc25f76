"""The commonest row of an OpenAI chat log, from its bytes to an exchange without a dict between.

Plain texts in, one plain text out, nothing in the envelope: such rows are decoded straight into
the types below, which refuse everything else (it takes the usual way, `openai_chat`), in a third
of the time. What comes out is the same.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from curate.ingest.exchange import Answer, Exchange
from curate.ingest.fields import group_of
from curate.ingest.times import seconds

__all__ = ["decode_row", "read_typed"]

_Empty = Annotated[list[Any], msgspec.Meta(max_length=0)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    pass


class _Turn(_Strict):
    role: Literal["system", "developer", "user", "assistant"]
    content: str
    name: None = None
    tool_calls: _Empty | None = None
    refusal: None = None


class _Request(_Strict):
    model: str
    messages: list[_Turn]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    user: str | None = None
    stream: bool | None = None


class _Reply(_Strict):
    role: Literal["assistant"]
    content: str
    refusal: None = None
    annotations: _Empty | None = None
    audio: None = None
    function_call: None = None
    tool_calls: _Empty | None = None


class _Choice(_Strict):
    message: _Reply
    finish_reason: str | None = None
    index: int = 0
    logprobs: None = None


class _Response(_Strict):
    model: str
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1, max_length=1)]
    id: str | None = None
    object: Literal["chat.completion"] = "chat.completion"
    created: int | None = None
    usage: msgspec.Raw = msgspec.Raw()
    system_fingerprint: str | None = None
    service_tier: str | None = None


class _Row(_Strict):
    request: _Request
    response: _Response


decode_row = msgspec.json.Decoder(_Row).decode
"""From a line's bytes to its parsed and validated row."""

_encode = msgspec.json.Encoder().encode


def read_typed(raw: bytes) -> Exchange:
    """Return what a row of the commonest shape says.

    Raises:
        msgspec.DecodeError: If the row is of any other shape.
    """
    row = decode_row(raw)
    request, response = row.request, row.response
    choice = response.choices[0]
    created = response.created
    answer = Answer(
        message={"role": "assistant", "content": choice.message.content},
        model=response.model,
        params=_params(request),
        finish_reason=choice.finish_reason,
        metadata=_metadata(response),
        key=f"{response.id}#0" if response.id else None,
    )
    return Exchange(
        messages=[{"role": turn.role, "content": turn.content} for turn in request.messages],
        answers=(answer,),
        time=None if created is None else seconds(created),
        group=None if request.user is None else group_of({"user": request.user}),
    )


_PARAMS = (
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "seed", "stop"),
    *("presence_penalty", "frequency_penalty", "reasoning_effort"),
)
_values = attrgetter(*_PARAMS)
_texts: dict[tuple[Any, ...], str] = {}
_MANY = 1024


def _params(request: _Request) -> str:
    """Return the parameters' JSON text; a log has few different ones."""
    values = _values(request)
    text = _texts.get(values)
    if text is None:
        given = {k: v for k, v in zip(_PARAMS, values, strict=True) if v is not None}
        text = _encode(given).decode()
        if len(_texts) < _MANY:
            _texts[values] = text
    return text


def _metadata(response: _Response) -> str:
    notes: dict[str, Any] = {}
    if response.id:
        notes["id"] = response.id
    if bytes(response.usage) not in (b"", b"null"):
        notes["usage"] = response.usage
    if response.system_fingerprint is not None:
        notes["system_fingerprint"] = response.system_fingerprint
    if response.service_tier is not None:
        notes["service_tier"] = response.service_tier
    return _encode(notes).decode()
