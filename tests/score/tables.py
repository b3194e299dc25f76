"""Records and candidates in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from curate.records import CANDIDATES, RECORDS

__all__ = ["table"]


def table(
    answers: Sequence[tuple[Any, ...]], prompts: Sequence[str] = ("q",)
) -> tuple[pa.Table, pa.Table]:
    """Return records and candidates of answers as (prompt, model, text[, more])."""
    records = [
        {
            "id": p,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f"Question {p}?"},
            ],
            "metadata": "{}",
        }
        for p in prompts
    ]
    candidates = [
        {
            "id": f"c{i}",
            "record_id": p,
            "message": {"role": "assistant", "content": text},
            "model": model,
            "origin": "log",
            "repeat": 0,
            **(more[0] if more else {}),
        }
        for i, (p, model, text, *more) in enumerate(answers)
    ]
    return (
        pa.Table.from_pylist(records, schema=RECORDS),
        pa.Table.from_pylist(candidates, schema=CANDIDATES),
    )
