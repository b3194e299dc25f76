"""Rows that hold one chat: TRL and OpenAI SFT, LLaMA-Factory, KTO, tau-bench, arena-hard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError, from_chat
from curate.ingest.fields import first, leftover
from curate.ingest.messages import chat, is_chat
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import label_of, shared

__all__ = ["MESSAGES", "TRANSCRIPT"]

Json = Any
Row = Mapping[str, Json]

_CHATS = ("messages", "traj", "trajectory", "chat", "dialog", "dialogue")
_MODELS = ("model", "model_name", "model_id")
_WEIGHTS = ("weight", "loss_weight", "train")


def _is_messages(row: Row) -> bool:
    return any(is_chat(row.get(key)) for key in _CHATS)


def _read_messages(row: Row, context: Context) -> Iterator[Exchange]:
    key = next((k for k in _CHATS if row.get(k) is not None), None)
    if key is None:
        raise RowError("no `messages`")
    raw = row[key]
    used = {key, "tools", "functions", "label", *_MODELS}
    metadata = leftover(row, used) or {}
    if (label := label_of(row.get("label"))) is not None:
        metadata["label"] = label
    messages = chat(raw)
    yield from from_chat(
        messages,
        context.turns,
        model=str(first(row, _MODELS) or ""),
        metadata=metadata or None,
        weights=_weights(raw, len(messages)),
        **shared(row),
    )


def _weights(raw: Json, n_messages: int) -> list[Json] | None:
    """Return each message's training weight; None where no turn has one, or turns were split."""
    if not isinstance(raw, list) or len(raw) != n_messages:
        return None
    weights = [first(turn, _WEIGHTS) for turn in raw]
    return weights if any(w is not None for w in weights) else None


MESSAGES = Reader(
    name="messages",
    about="a chat under `messages`: TRL, OpenAI fine-tuning, LLaMA-Factory, axolotl, tau-bench",
    matches=_is_messages,
    read=_read_messages,
)


def _is_transcript(row: Row) -> bool:
    text = row.get("messages_display")
    return isinstance(text, str) and _TURN.match(text) is not None


def _read_transcript(row: Row, context: Context) -> Iterator[Exchange]:
    pieces = _TURN.split(row["messages_display"])[1:]
    turns = [
        {"role": role, "content": text.rstrip("\n")}
        for role, text in zip(pieces[::2], pieces[1::2], strict=True)
    ]
    spoken = [t for t in turns if not (t["role"] == "assistant" and t["content"] == "None")]
    metadata = leftover(row, {"messages_display"}) or {}
    if len(spoken) < len(turns):
        metadata["turns_without_text"] = len(turns) - len(spoken)
    yield from from_chat(spoken, context.turns, metadata=metadata or None, **shared(row))


_TURN = re.compile(r"^(user|assistant|tool|system): ", re.MULTILINE)


TRANSCRIPT = Reader(
    name="transcript",
    about="a chat written out as text, a turn a paragraph (tau-bench few-shot examples)",
    matches=_is_transcript,
    read=_read_transcript,
)
