"""The queue as the page's script reads it: plain JSON, long texts cut to what a page can carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.report.page import Completion, Page, QueueRow, Scores

__all__ = ["queue_data", "text_limit"]

Json = Any
Floats = npt.NDArray[np.floating]

_PAGE_CHARACTERS = 24_000_000
_MOST, _LEAST = 200_000, 1_000


def queue_data(page: Page) -> dict[str, Json]:
    """Return the rows of the queue as JSON values.

    Each score comes with the share of the pool that it exceeds, where the pool's are known.
    """
    limit = text_limit(page.queue)
    ranks = _sorted_columns(page.scores)
    docs = page.scores.docs if page.scores else {}
    names = list(dict.fromkeys(name for row in page.queue for name in row.scores))
    return {
        "task": page.task,
        "scores": [{"name": name, "doc": docs.get(name, "")} for name in names],
        "text": page.show_text,
        "rows": [_row(row, ranks, limit, page.show_text) for row in page.queue],
    }


def text_limit(rows: Sequence[QueueRow]) -> int:
    """Return the most characters that any one text of these rows may take on a page.

    200,000, less where the rows are so many or so long that the page would pass some 24 MB.
    """
    lengths = np.array([len(text) for row in rows for text in _texts(row)], dtype=np.int64)
    limit = _MOST
    while limit > _LEAST and int(np.minimum(lengths, limit).sum()) > _PAGE_CHARACTERS:
        limit //= 2
    return max(limit, _LEAST)


def _texts(row: QueueRow) -> list[str]:
    return [row.prompt, row.rewritten, *(c.text for c in row.completions)]


def _sorted_columns(scores: Scores | None) -> dict[str, Floats]:
    if scores is None:
        return {}
    return {
        name: np.sort(values[np.isfinite(values)])
        for name, values in ((k, np.asarray(v, np.float64)) for k, v in scores.columns.items())
    }


def _row(row: QueueRow, ranks: Mapping[str, Floats], limit: int, text: bool) -> dict[str, Json]:
    return {
        "order": row.order,
        "id": row.item_id,
        "part": row.part,
        "chance": _number(row.probability),
        "reason": row.reason,
        "scores": {k: _placed(v, ranks.get(k)) for k, v in row.scores.items()},
        "prompt": _cut(row.prompt, limit) if text else None,
        "answers": [_answer(c, limit, text) for c in row.completions],
        "status": row.status,
        "outcome": row.outcome,
        "rewritten": _cut(row.rewritten, limit) if text and row.rewritten else None,
    }


def _answer(completion: Completion, limit: int, text: bool) -> dict[str, Json]:
    return {
        "model": completion.model,
        "asked": completion.asked,
        "read": completion.answer if text else "",
        "text": _cut(completion.text, limit) if text else None,
    }


def _placed(value: float, column: Floats | None) -> list[float | None]:
    number = _number(value)
    if number is None or column is None or not len(column):
        return [number, None]
    return [number, round(float(np.searchsorted(column, value)) / len(column), 4)]


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[… {len(text) - limit:,} characters more, in the project]"
