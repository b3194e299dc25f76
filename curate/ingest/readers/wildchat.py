"""WildChat and LMSYS-Chat-1M rows: a conversation with a model, its flags beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, from_chat
from curate.ingest.fields import group_of, leftover, time_of
from curate.ingest.messages import chat, is_chat
from curate.ingest.reader import Reader

__all__ = ["WILDCHAT"]

Json = Any
Row = Mapping[str, Json]

_PARAMS = ("temperature", "top_p")
_USED = {"conversation", "model", "conversation_hash", "conversation_id", "timestamp"}


def _is_wildchat(row: Row) -> bool:
    named = "conversation_hash" in row or "conversation_id" in row
    return named and "model" in row and is_chat(row.get("conversation"))


def _read_wildchat(row: Row, context: Context) -> Iterator[Exchange]:
    raw = row["conversation"]
    last = raw[-1] if isinstance(raw, list) else {}
    params = {k: last[k] for k in _PARAMS if last.get(k) is not None}
    name = row.get("conversation_hash") or row.get("conversation_id")
    metadata = leftover(row, _USED)
    if last.get("usage"):
        metadata = {**(metadata or {}), "usage": last["usage"]}
    yield from from_chat(
        chat(raw),
        context.turns,
        model=str(row.get("model") or ""),
        params=params or None,
        metadata=metadata,
        group=group_of(row),
        time=time_of(row, *(raw if isinstance(raw, list) else ())),
        key=f"conversation={name}",
    )


WILDCHAT = Reader(
    name="wildchat",
    about="WildChat and LMSYS-Chat-1M conversations",
    matches=_is_wildchat,
    read=_read_wildchat,
)
