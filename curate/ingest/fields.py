"""Keys that many sources share, by all the names under which they are met."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from curate.ingest.times import seconds

__all__ = ["first", "group_of", "key_of", "leftover", "mean_logprob", "time_of", "tools_of"]

Json = Any
Row = Mapping[str, Json]

GROUPS = (
    "conversation_id",
    "conversation_hash",
    "session_id",
    "sessionId",
    "thread_id",
    "trace_id",
    "traceId",
    "message_tree_id",
    "user_id",
    "userId",
    "user",
    "end_user",
    "safety_identifier",
    "customer_id",
)
KEYS = ("id", "uid", "request_id", "run_id", "uuid", "pair_id", "prompt_id", "row_id")
TIMES = (
    "timestamp",
    "created",
    "created_at",
    "createdAt",
    "time",
    "tstamp",
    "start_time",
    "startTime",
    "ts",
    "date",
    "created_date",
)
_GROUPS = frozenset(GROUPS)
_TIMES = frozenset(TIMES)


def first(row: Row, keys: Collection[str]) -> Json:
    """Return the first value among `keys` that is not null.

    >>> first({"a": None, "b": 0}, ("a", "b"))
    0
    """
    for key in keys:
        value = row.get(key)
        if value is not None:
            return value
    return None


def group_of(*rows: Row) -> str | None:
    """Return the conversation, session or user that the rows name, the first one met."""
    for row in rows:
        if _GROUPS.isdisjoint(row):
            continue
        value = first(row, GROUPS)
        if isinstance(value, str | int) and value != "":
            return str(value)
    return None


def key_of(row: Row, keys: Collection[str] = KEYS) -> str | None:
    """Return what the source calls this row, with the key's name before it."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str | int) and value != "":
            return f"{key}={value}"
    return None


def time_of(*rows: Row) -> float | None:
    """Return the time that the rows name, as seconds since the epoch."""
    for row in rows:
        if not _TIMES.isdisjoint(row):
            value = first(row, TIMES)
            if value is not None:
                return seconds(value)
    return None


def tools_of(*rows: Row) -> str | None:
    """Return the JSON text of the tools on offer; an empty list is no tools."""
    for row in rows:
        tools = row.get("tools") or row.get("functions")
        if tools and tools != "[]":
            return tools if isinstance(tools, str) else _encode(tools).decode()
    return None


def leftover(row: Row, used: Collection[str]) -> dict[str, Json] | None:
    """Return what nobody mapped, without nulls; bodies too large to keep are only named."""
    rest: dict[str, Json] = {}
    large = []
    for key, value in row.items():
        if value is None or key in used:
            continue
        kind = type(value)
        if kind in _SMALL or (kind is str and len(value) <= _LARGE) or not _is_large(value):
            rest[key] = value
        else:
            large.append(key)
    if large:
        rest["not_kept"] = large
    return rest or None


def mean_logprob(logprobs: Json) -> tuple[float, float] | None:
    """Return sum and mean of the tokens' log-probabilities, of whichever API they are.

    >>> mean_logprob({"content": [{"logprob": -1.0}, {"logprob": -2.0}]})
    (-3.0, -1.5)
    >>> mean_logprob({"token_logprobs": [None, -2.0]})
    (-2.0, -2.0)
    """
    if not logprobs:
        return None
    values = [v for v in _token_logprobs(logprobs) if isinstance(v, int | float)]
    return (sum(values), sum(values) / len(values)) if values else None


def _token_logprobs(logprobs: Json) -> list[Json]:
    if isinstance(logprobs, dict):
        if isinstance(logprobs.get("token_logprobs"), list):
            return list(logprobs["token_logprobs"])
        logprobs = [*(logprobs.get("content") or ()), *(logprobs.get("refusal") or ())]
    if not isinstance(logprobs, list):
        return []
    return [t.get("logprob") if isinstance(t, dict) else t for t in logprobs]


_encode = msgspec.json.Encoder(enc_hook=str).encode
_LARGE = 4096
"""Bytes of JSON; a question or a reference answer fits, a second copy of a chat does not."""


def _is_large(value: Json) -> bool:
    if isinstance(value, str):
        return len(value) > _LARGE
    if isinstance(value, dict) and _is_plain(value):
        return False
    return bool(value) and len(_encode(value)) > _LARGE


def _is_plain(value: Row) -> bool:
    """Say whether an object is small for certain, as a usage count is, without encoding it."""
    if len(value) > _FEW:
        return False
    for inner in value.values():
        kind = type(inner)
        if kind not in _SMALL and (kind is not str or len(inner) > _SHORT):
            return False
    return True


_SMALL = frozenset({bool, int, float, type(None)})
_FEW = 32
_SHORT = 64
