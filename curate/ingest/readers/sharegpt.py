"""ShareGPT rows: `conversations` of from/value, with tools, chosen/rejected or a KTO tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Comparison, Context, Exchange, from_chat
from curate.ingest.fields import first, leftover
from curate.ingest.messages import chat, is_chat, said
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import label_of, shared, text_or_message

__all__ = ["SHAREGPT"]

Json = Any
Row = Mapping[str, Json]

_CHATS = ("conversations", "conversation", "items")
_USED = {*_CHATS, "system", "tools", "chosen", "rejected", "kto_tag", "model"}


def _is_sharegpt(row: Row) -> bool:
    return any(is_chat(row.get(key)) for key in _CHATS)


def _read_sharegpt(row: Row, context: Context) -> Iterator[Exchange]:
    system = row.get("system")
    start = [said("system", system)] if isinstance(system, str) and system else []
    messages = [*start, *chat(first(row, _CHATS))]
    metadata = leftover(row, _USED) or {}
    if row.get("chosen") is not None and row.get("rejected") is not None:
        yield _preference(row, messages, metadata)
        return
    if (label := label_of(row.get("kto_tag"))) is not None:
        metadata["label"] = label
    model = row.get("model")
    yield from from_chat(
        messages,
        context.turns,
        model=model if isinstance(model, str) else "",
        metadata=metadata or None,
        **shared(row),
    )


def _preference(row: Row, messages: list[dict[str, Json]], metadata: dict[str, Json]) -> Exchange:
    answers = [Answer(message=text_or_message(row[key])) for key in ("chosen", "rejected")]
    return Exchange(
        messages=messages,
        answers=answers,
        comparisons=(Comparison(winner="a", metadata=metadata or None),),
        merge=True,
        **shared(row),
    )


SHAREGPT = Reader(
    name="sharegpt",
    about="ShareGPT: `conversations` of from/value (LLaMA-Factory, FastChat, axolotl)",
    matches=_is_sharegpt,
    read=_read_sharegpt,
)
