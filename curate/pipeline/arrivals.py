"""Rows on their way in, cleaned: by rules, by checks of single rows, of personal data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa

from curate.pipeline.clean import redacting
from curate.project import Project
from curate.records import Rejected

__all__ = ["Arrived", "arrived"]


class Arrived(NamedTuple):
    """What may be asked of a chunk, and what may not."""

    records: pa.Table
    candidates: pa.Table
    dropped: list[Rejected]
    flagged: dict[str, str]
    """Record or candidate to why it is never asked."""


def arrived(project: Project, records: pa.Table, candidates: pa.Table) -> Arrived:
    """Clean rows as `curate clean` does, but for what only a whole pool shows: copies, leaks.

    Args:
        project: Its configuration says what is done.
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`.
    """
    from curate.clean import active, clean

    config = project.config
    if not active(config.clean, config.project.task, answers=True):
        return Arrived(records, candidates, [], {})
    with redacting(project) as redactor:
        cleaned = clean(
            records,
            candidates,
            config=config.clean,
            task=config.project.task,
            redactor=redactor,
            alone=True,
        )
    said = cleaned.flagged.to_pylist()
    return Arrived(
        cleaned.records,
        cleaned.candidates,
        list(_told(cleaned.dropped)),
        {row["id"]: f"flagged: {row['reason']} ({row['check']})" for row in said},
    )


def _told(dropped: pa.Table) -> Iterator[Rejected]:
    """Yield dropped prompts and answers; of a line whose prompt is gone, the prompt alone."""
    rows = dropped.to_pylist()
    gone = {(row["file"], row["line"]) for row in rows if row["what"] == "record"}
    for row in rows:
        if row["what"] == "record" or (row["file"], row["line"]) not in gone:
            yield Rejected(**{name: row[name] for name in ("file", "line", "stage", "reason")})
