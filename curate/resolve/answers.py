"""Which answers count: submitted, one per person and item, about a known item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from curate.records import Item, Response

__all__ = ["PREFERENCE", "QUALITY", "RANKING", "REASON", "REWRITE", "Answer", "LeftOut", "counted"]

PREFERENCE = "preference"
"""The vote of a rank task."""
RANKING = "ranking"
"""The full ranking of a rank task: candidate ids with their ranks."""
QUALITY = "quality"
"""The label of a rewrite task: good, rewritten or unlabelable."""
REWRITE = "rewrite"
"""The text of a rewrite task."""
REASON = "reason"
"""Why an item cannot be labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An answer that did not count."""

    response_id: str
    item_id: str
    annotator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that one person finally said about one item."""

    item_id: str
    annotator: str
    values: Mapping[str, Any]
    """Question to value."""
    response_ids: tuple[str, ...]
    inserted_at: str

    def left_out(self, reason: str) -> LeftOut:
        """Say why this answer does not count."""
        return LeftOut(
            response_id=self.response_ids[0],
            item_id=self.item_id,
            annotator=self.annotator,
            reason=reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…",
        )


_LONGEST_REASON = 120


def counted(
    responses: Sequence[Response] | pa.Table, items: Mapping[str, Item]
) -> tuple[list[Answer], list[LeftOut]]:
    """Return each person's last submitted answer to each item, and what does not count.

    All questions of an answer carry one `updated_at`; of several answers of one person to one
    item the latest counts, whole. Times without a zone are taken as UTC; of equal times the
    higher response id counts.

    Args:
        responses: Rows, or a table of the schema `RESPONSES`.
        items: The queue, by item id.

    Returns:
        Answers in the order of item id and annotator, and one entry for each response left out.
    """
    out: list[LeftOut] = []
    kept: dict[tuple[str, str], list[Response]] = {}
    for response in _rows(responses):
        why = _why_not(response, items)
        if why:
            out.append(_left_out(response, why))
        else:
            kept.setdefault((response.item_id, response.annotator), []).append(response)
    answers = []
    for key in sorted(kept):
        last, earlier = _last(kept[key])
        answers.append(_answer(last))
        out += [_left_out(r, "answered again later") for r in earlier]
    return answers, out


def _rows(responses: Sequence[Response] | pa.Table) -> Iterable[Response]:
    if not isinstance(responses, pa.Table):
        return responses
    rows = responses.to_pylist()
    return (Response(**{**row, "value": json.loads(row["value"] or "null")}) for row in rows)


def _why_not(response: Response, items: Mapping[str, Item]) -> str | None:
    if response.status != "submitted":
        return {"draft": "draft, not submitted", "discarded": "discarded by the annotator"}.get(
            response.status, f"status {response.status!r}"
        )
    return None if response.item_id in items else "its item is not in the queue"


def _left_out(response: Response, reason: str) -> LeftOut:
    return LeftOut(
        response_id=response.id,
        item_id=response.item_id,
        annotator=response.annotator,
        reason=reason,
    )


def _last(responses: list[Response]) -> tuple[list[Response], list[Response]]:
    """Split into the responses of the latest time, one a question, and all others."""
    newest = max(_time(r.updated_at) for r in responses)
    last: dict[str, Response] = {}
    for response in sorted(responses, key=lambda r: r.id):
        if _time(response.updated_at) == newest:
            last[response.question] = response
    chosen = list(last.values())
    return chosen, [r for r in responses if not any(r is c for c in chosen)]


def _time(text: str) -> tuple[float, str]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return float("-inf"), text
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp(), ""


def _answer(responses: list[Response]) -> Answer:
    first = responses[0]
    return Answer(
        item_id=first.item_id,
        annotator=first.annotator,
        values={r.question: r.value for r in responses},
        response_ids=tuple(sorted(r.id for r in responses)),
        inserted_at=min(r.inserted_at for r in responses),
    )
