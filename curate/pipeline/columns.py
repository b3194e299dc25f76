"""Columns of what is on offer, by the names that caps, quotas and rules call them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import texts
from curate.errors import ConfigError
from curate.project import Project

__all__ = ["columns"]

Column = list[Any]


def columns(
    project: Project,
    records: pa.Table,
    of_record: npt.NDArray[np.int64],
    candidate_ids: Sequence[Sequence[str]],
    names: Iterable[str],
) -> dict[str, Column]:
    """Return the named columns of the rows on offer.

    Args:
        project: Whose tables they come from.
        records: The table of records.
        of_record: Each row's record, as a row of `records`.
        candidate_ids: Each row's answers.
        names: source, group, record_id, model, prompt, answer, time or metadata.NAME.

    Raises:
        ConfigError: If there is no column of a name.
    """
    found: dict[str, Column] = {}
    for name in sorted(set(names)):
        if name in _OF_RECORD:
            values = _OF_RECORD[name](records)
            found[name] = [values[n] for n in of_record]
        elif name in _OF_ANSWERS:
            found[name] = _OF_ANSWERS[name](project, candidate_ids)
        elif name.startswith("metadata."):
            found[name] = _metadata(project, records, of_record, candidate_ids, name)
        else:
            known = ", ".join([*_OF_RECORD, *_OF_ANSWERS, "metadata.NAME"])
            raise ConfigError(f"`select`: no column {name!r}; known: {known}, or a score")
    return found


def _sources(records: pa.Table) -> Column:
    return [place.rpartition(":")[0] for place in records["source"].to_pylist()]


def _texts(name: str) -> Callable[[pa.Table], Column]:
    return lambda records: [value or None for value in records[name].to_pylist()]


def _times(records: pa.Table) -> Column:
    """Return when each record was logged, in seconds since 1970."""
    return list(records["time"].to_pylist())


def _prompts(records: pa.Table) -> Column:
    return [texts.prompt_text(messages) for messages in records["messages"].to_pylist()]


_OF_RECORD: dict[str, Callable[[pa.Table], Column]] = {
    "source": _sources,
    "group": _texts("group"),
    "record_id": _texts("id"),
    "time": _times,
    "prompt": _prompts,
}


def _models(project: Project, candidate_ids: Sequence[Sequence[str]]) -> Column:
    model = _by_id(project, "model")
    return [" / ".join(sorted({model[id] for id in ids})) or None for ids in candidate_ids]


def _answers(project: Project, candidate_ids: Sequence[Sequence[str]]) -> Column:
    messages = _by_id(project, "message")
    text = {id: texts.answer_text(message) for id, message in messages.items()}
    return ["\n".join(text[id] for id in ids) or None for ids in candidate_ids]


_OF_ANSWERS: dict[str, Callable[[Project, Sequence[Sequence[str]]], Column]] = {
    "model": _models,
    "answer": _answers,
}


def _by_id(project: Project, name: str) -> dict[str, Any]:
    candidates = project.candidates().select(["id", name])
    return dict(zip(candidates["id"].to_pylist(), candidates[name].to_pylist(), strict=True))


def _metadata(
    project: Project,
    records: pa.Table,
    of_record: npt.NDArray[np.int64],
    candidate_ids: Sequence[Sequence[str]],
    name: str,
) -> Column:
    """Return a metadata field of each row: its (first) answer's, else its record's."""
    key = name.removeprefix("metadata.")
    candidates = project.candidates()
    own = dict(zip(candidates["id"].to_pylist(), _field(candidates, key), strict=True))
    shared = _field(records, key)
    return [
        own[ids[0]] if own[ids[0]] is not None else shared[n]
        for ids, n in zip(candidate_ids, of_record, strict=True)
    ]


def _field(table: pa.Table, key: str) -> Column:
    values = (json.loads(text or "{}").get(key) for text in table["metadata"].to_pylist())
    return [None if value is None else str(value) for value in values]
