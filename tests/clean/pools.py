"""Small pools: tables of records, candidates and pairs, from a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from curate.clean.redacting import Tables
from curate.records import CANDIDATES, PAIRS, RECORDS, candidate_id, pair_id, record_id

Chat = str | Sequence[Mapping[str, Any]]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def pool(
    prompts: Sequence[Chat],
    answers: Sequence[tuple[int, str, str]] = (),
    pairs: Sequence[tuple[int, int]] = (),
    *,
    metadata: Mapping[int, Mapping[str, Any]] | None = None,
    of_answers: Mapping[int, Mapping[str, Any]] | None = None,
) -> Tables:
    """Prompts; answers as (prompt, model, text); pairs as (answer, answer); metadata by row."""
    chats = [[user(p)] if isinstance(p, str) else list(p) for p in prompts]
    ids = [record_id(chat) for chat in chats]
    records = [
        {
            "id": ids[n],
            "messages": chat,
            "source": f"logs.jsonl:{n + 1}",
            "group": f"g{n}",
            "time": float(n),
            "metadata": json.dumps((metadata or {}).get(n, {})),
        }
        for n, chat in enumerate(chats)
    ]
    said = [{"role": "assistant", "content": text} for _, _, text in answers]
    candidates = [
        {
            "id": candidate_id(ids[record], model, message),
            "record_id": ids[record],
            "message": message,
            "model": model,
            "origin": "log",
            "repeat": 0,
            "params": "{}",
            "source": f"logs.jsonl:{record + 1}",
            "metadata": json.dumps((of_answers or {}).get(n, {})),
        }
        for n, ((record, model, _), message) in enumerate(zip(answers, said, strict=True))
    ]
    both = [
        {
            "id": pair_id(candidates[a]["id"], candidates[b]["id"]),
            "record_id": candidates[a]["record_id"],
            "a": candidates[a]["id"],
            "b": candidates[b]["id"],
            "source": "pairs.jsonl:1",
            "judge": "",
            "metadata": "{}",
        }
        for a, b in pairs
    ]
    return Tables(
        pa.Table.from_pylist(records, schema=RECORDS),
        pa.Table.from_pylist(candidates, schema=CANDIDATES),
        pa.Table.from_pylist(both, schema=PAIRS),
    )
