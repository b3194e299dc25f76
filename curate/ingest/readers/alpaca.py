"""Alpaca rows: instruction, input, output, with history or a system prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError, from_chat
from curate.ingest.fields import first, leftover
from curate.ingest.messages import said, user
from curate.ingest.reader import Reader
from curate.ingest.readers.prompts import label_of, shared

__all__ = ["ALPACA"]

Json = Any
Row = Mapping[str, Json]

_OUTPUTS = ("output", "response", "completion")
_USED = {"instruction", "input", *_OUTPUTS, "history", "system", "instances", "kto_tag", "model"}


def _is_alpaca(row: Row) -> bool:
    if not isinstance(row.get("instruction"), str):
        return False
    return "instances" in row or any(isinstance(row.get(k), str) for k in _OUTPUTS)


def _read_alpaca(row: Row, context: Context) -> Iterator[Exchange]:
    for n, instance in enumerate(_instances(row)):
        yield from _read_one({**row, **instance}, context, n)


def _instances(row: Row) -> list[Row]:
    instances = row.get("instances", [{}])
    if not isinstance(instances, list) or not all(isinstance(i, dict) for i in instances):
        raise RowError("`instances` is no list of objects")
    return instances


def _read_one(row: Row, context: Context, n: int) -> Iterator[Exchange]:
    messages = [*_history(row), *user(_asked(row))]
    if system := row.get("system"):
        messages = [said("system", system), *messages]
    output = first(row, _OUTPUTS)
    if isinstance(output, str):
        messages.append(said("assistant", output))
    metadata = leftover(row, _USED) or {}
    if (label := label_of(row.get("kto_tag", row.get("label")))) is not None:
        metadata["label"] = label
    about = shared(row)
    if n and about["key"]:
        about["key"] = f"{about['key']}#{n}"
    model = row.get("model")
    yield from from_chat(
        messages,
        context.turns,
        model=model if isinstance(model, str) else "",
        metadata=metadata or None,
        **about,
    )


def _asked(row: Row) -> str:
    below = row.get("input")
    return f"{row['instruction']}\n{below}" if below else str(row["instruction"])


def _history(row: Row) -> list[dict[str, Json]]:
    messages = []
    for turn in row.get("history") or ():
        if (
            not isinstance(turn, list)
            or len(turn) != 2
            or not all(isinstance(t, str) for t in turn)
        ):
            raise RowError("`history` is no list of [question, answer]")
        messages += [said("user", turn[0]), said("assistant", turn[1])]
    return messages


ALPACA = Reader(
    name="alpaca",
    about="Alpaca: instruction, input, output (and history, system); self-instruct tasks",
    matches=_is_alpaca,
    read=_read_alpaca,
)
