"""A reply as bytes, and back, without the loss of a bit."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import zstandard

from curate.llm.calls import Reply
from curate.records import message_from, message_row

__all__ = ["pack", "pack_reply", "unpack", "unpack_reply"]

Json = Any

_SMALL = 512
"""Bytes; shorter texts stay readable in any SQLite browser, longer ones are compressed."""
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def pack(value: Json) -> bytes:
    r"""Return a value of JSON's kinds as UTF-8, under zstd where it is long.

    NaN and the infinities are written as Python's `json` writes them, lone surrogates as
    ``surrogatepass`` does, so that `unpack` gives back exactly what was packed.

    >>> unpack(pack({"text": "half a smile \ud83d", "logprob": float("-inf")}))
    {'text': 'half a smile \ud83d', 'logprob': -inf}
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
    raw = text.encode("utf-8", "surrogatepass")
    return raw if len(raw) < _SMALL else zstandard.ZstdCompressor(level=3).compress(raw)


def unpack(packed: bytes) -> Json:
    """Return the value that `pack` was given."""
    if packed.startswith(_ZSTD_MAGIC):
        packed = zstandard.ZstdDecompressor().decompress(packed)
    return json.loads(packed.decode("utf-8", "surrogatepass"))


def pack_reply(reply: Reply) -> bytes:
    """Return what a reply says, without the numbers that have a column of their own."""
    row: dict[str, Json] = {
        "message": None if reply.message is None else _lean(message_row(reply.message)),
        "finish_reason": reply.finish_reason,
        "logprobs": reply.logprobs,
        "alternatives": reply.alternatives,
        "served_by": reply.served_by,
    }
    return pack(_lean(row))


def unpack_reply(
    packed: bytes,
    *,
    prompt_tokens: int = 0,
    completion_tokens: int = 0,
    counted: bool = False,
    seconds: float | None = None,
) -> Reply:
    """Return the reply that `pack_reply` was given, with the numbers that stand beside it."""
    row = unpack(packed)
    message = row.get("message")
    return Reply(
        message=None if message is None else message_from(message),
        finish_reason=row.get("finish_reason"),
        logprobs=tuple(row.get("logprobs", ())),
        alternatives=tuple(row.get("alternatives", ())),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        tokens_counted=counted,
        served_by=row.get("served_by", ""),
        seconds=math.nan if seconds is None else seconds,
    )


def _lean(row: Mapping[str, Json]) -> dict[str, Json]:
    """Return a row without nulls and empty lists, which `unpack_reply` puts back by itself."""
    return {name: value for name, value in row.items() if value is not None and value != ()}
