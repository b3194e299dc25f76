"""Label Studio exports: chats that people held or read there; other tasks are said to be none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError, from_chat
from curate.ingest.fields import leftover
from curate.ingest.messages import chat, is_chat
from curate.ingest.reader import Reader
from curate.ingest.times import seconds

__all__ = ["LABEL_STUDIO"]

Json = Any
Row = Mapping[str, Json]


def _is_label_studio(row: Row) -> bool:
    if isinstance(row.get("annotations"), list) and isinstance(row.get("data"), dict):
        return True
    return "editor_preview" in row


def _read_label_studio(row: Row, context: Context) -> Iterator[Exchange]:
    chats = _chats(row)
    if not chats:
        raise RowError(_why_none(row))
    for n, turns in enumerate(chats):
        yield from from_chat(
            chat(turns),
            context.turns,
            metadata=leftover(row.get("data") or {}, _chat_keys(row)),
            time=seconds(turns[0].get("createdAt") or row.get("created_at")),
            group=f"task={row.get('id')}",
            key=f"task={row.get('id')}#{n}",
        )


def _chats(row: Row) -> list[list[Row]]:
    """Return the chats that annotators held, else those that the task shows."""
    held = [_held(one) for one in row.get("annotations") or ()]
    data = row.get("data") or {}
    return [turns for turns in held if turns] or [data[key] for key in _chat_keys(row)]


def _held(annotation: Row) -> list[Row]:
    return [
        result["value"]["chatmessage"]
        for result in annotation.get("result") or ()
        if result.get("type") == "chatmessage"
    ]


def _chat_keys(row: Row) -> list[str]:
    data = row.get("data") or {}
    return [k for k, v in data.items() if is_chat(v) and "role" in v[0]]


def _why_none(row: Row) -> str:
    if "editor_preview" in row:
        return "Label Studio's examples for its editor, which are no chats"
    kinds = {
        str(result.get("type"))
        for one in row["annotations"]
        for result in one.get("result") or ()
        if isinstance(result, dict)
    }
    found = ", ".join(sorted(kinds)) or "no annotation"
    return f"a Label Studio task without a chat (it has {found})"


LABEL_STUDIO = Reader(
    name="label-studio",
    about="Label Studio exports of chats",
    matches=_is_label_studio,
    read=_read_label_studio,
)
