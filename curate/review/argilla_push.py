"""A batch to Argilla: only what is missing is written, nothing that was answered is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from curate.records import Item
from curate.review.argilla_datasets import Dataset, Workspace, dataset_name, page_of
from curate.review.argilla_rest import RefusedError, Rest
from curate.review.desk import Batch, Pushed
from curate.review.questions import SUGGESTED_BY, Layout, Row, layout, row, why_unaskable
from curate.review.shuffle import asked

__all__ = ["MOST_BYTES", "push"]

Json = Any
Tell = Callable[[int, int], None]

MOST_BYTES = 900_000
"""Of one request, as long as a record is not larger alone: proxies often stop at 1 MB."""


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What became of each item so far."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return len(self.new) + len(self.updated) + len(self.unchanged) + len(self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What goes to one dataset."""

    name: str
    overlap: int
    layout: Layout
    rows: Mapping[str, Row]


def push(rest: Rest, workspace: Workspace, batch: Batch, tell: Tell, *, chunk: int) -> Pushed:
    """Put a batch before people; see `Desk.push`."""
    tally = _Tally()
    total = len(batch.items)
    held = workspace.of_batch(batch.name, create=True)
    parts = _parts(batch, tally)
    parts = _not_elsewhere(rest, held, parts, tally)
    places = {}
    for part in parts:
        dataset = workspace.keep(
            part.name, batch, part.layout, overlap=part.overlap, held=held.get(part.name)
        )
        places[part.name] = page_of(rest, dataset)
        for _ in _fill(rest, dataset, part, tally, chunk):
            tell(tally.done, total)
    return _pushed(parts, tally, places, _notes(held))


def _parts(batch: Batch, tally: _Tally) -> list[_Part]:
    """Sort items by the dataset they belong to; note those that cannot be asked."""
    items: dict[str, dict[str, Item]] = {}
    seen: set[str] = set()
    for item in batch.items:
        why = why_unaskable(item, batch)
        if item.id in seen:
            continue  # the same item twice is one
        seen.add(item.id)
        if why:
            tally.refused[item.id] = why
        else:
            items.setdefault(dataset_name(batch, item), {})[item.id] = item
    return [_part(batch, name, held) for name, held in items.items()]


def _part(batch: Batch, name: str, items: Mapping[str, Item]) -> _Part:
    first = next(iter(items.values()))
    return _Part(
        name=name,
        overlap=first.overlap,
        layout=layout(batch, len(first.candidates)),
        rows={id: row(item, asked(item, seed=batch.seed), batch) for id, item in items.items()},
    )


def _not_elsewhere(
    rest: Rest, held: Mapping[str, Dataset], parts: Sequence[_Part], tally: _Tally
) -> list[_Part]:
    """Refuse items that the batch holds in another of its datasets already."""
    wanted = {id: part.name for part in parts for id in part.rows}
    for name, dataset in held.items():
        if all(place == name for place in wanted.values()):
            continue
        for record in rest.records(dataset["id"]):
            id = record["external_id"]
            if id in wanted and wanted[id] != name:
                tally.refused[id] = (
                    f"it is in dataset {name!r} already, and would be asked twice; its number "
                    "of reviewers or answers changed since: delete it there to move it"
                )
    return [
        _Part(
            name=part.name,
            overlap=part.overlap,
            layout=part.layout,
            rows={id: r for id, r in part.rows.items() if id not in tally.refused},
        )
        for part in parts
    ]


def _fill(rest: Rest, dataset: Dataset, part: _Part, tally: _Tally, chunk: int) -> Iterator[None]:
    """Bring a dataset's records up to the rows wanted, yielding after each request."""
    questions = _ids(rest, dataset)
    held = {r["external_id"]: r for r in rest.records(dataset["id"], "responses", "suggestions")}
    missing, stale = [], []
    for id, wanted in part.rows.items():
        record = held.get(id)
        if record is None:
            missing.append(wanted)
        elif _same(record, wanted, questions):
            tally.unchanged.append(id)
        elif record["responses"]:
            tally.refused[id] = _answered(record)
        else:
            stale.append(wanted)
    yield
    path = f"datasets/{dataset['id']}/records/bulk"
    bodies = _chunks([_body(one, questions) for one in missing], chunk)
    yield from _send(bodies, lambda body: rest.post(path, body), tally.new, tally)
    for old in stale:
        _drop_prefilled(rest, held[old.asked.item_id], old, questions)
    bodies = _chunks([_body(one, questions) for one in stale], chunk)
    yield from _send(bodies, lambda body: rest.put(path, body), tally.updated, tally)


def _ids(rest: Rest, dataset: Dataset) -> dict[str, str]:
    questions = rest.get(f"datasets/{dataset['id']}/questions")["items"]
    return {question["name"]: question["id"] for question in questions}


def _same(record: Json, wanted: Row, questions: Mapping[str, str]) -> bool:
    held = {s["question_id"]: s["value"] for s in record["suggestions"]}
    prefilled = {questions[name]: text for name, text in wanted.prefilled.items()}
    return (
        record["fields"] == wanted.fields
        and held == prefilled
        and (record["metadata"] or {}).get("order") == wanted.asked.mark
    )


def _answered(record: Json) -> str:
    n = len(record["responses"])
    return (
        f"its texts, or the order of its answers, changed since {n} "
        f"{'person' if n == 1 else 'people'} answered it there; the record stays as they saw it. "
        "Ask the new text as a new round, or delete the record in Argilla with its answers"
    )


def _drop_prefilled(rest: Rest, record: Json, wanted: Row, questions: Mapping[str, str]) -> None:
    keep = {questions[name] for name in wanted.prefilled}
    drop = [s["id"] for s in record["suggestions"] if s["question_id"] not in keep]
    if drop:
        rest.delete(f"records/{record['id']}/suggestions", ids=",".join(drop))


def _send(
    chunks: Iterable[list[Json]],
    write: Callable[[Json], Json],
    accepted: list[str],
    tally: _Tally,
) -> Iterator[None]:
    for bodies in chunks:
        refused = _write(bodies, write)
        tally.refused.update(refused)
        accepted += [b["external_id"] for b in bodies if b["external_id"] not in refused]
        yield


def _body(row: Row, questions: Mapping[str, str]) -> Json:
    return {
        "external_id": row.asked.item_id,
        "fields": row.fields,
        "metadata": {"order": row.asked.mark},
        "suggestions": [
            {"question_id": questions[name], "value": text, "agent": SUGGESTED_BY}
            for name, text in row.prefilled.items()
        ],
    }


def _chunks(bodies: Sequence[Json], most: int) -> Iterator[list[Json]]:
    chunk: list[Json] = []
    size = 0
    for body in bodies:
        length = len(json.dumps(body))
        if chunk and (len(chunk) == most or size + length > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(body)
        size += length
    if chunk:
        yield chunk


def _write(bodies: list[Json], write: Callable[[Json], Json]) -> dict[str, str]:
    """Write records; if the server refuses them, find which, and write the others.

    Returns:
        Item id to the server's reason, of those that it refuses alone.
    """
    try:
        write({"items": bodies})
    except RefusedError as no:
        if no.status not in _OF_THE_DATA:
            raise
        if len(bodies) == 1:
            return {bodies[0]["external_id"]: f"Argilla refuses it: {no.detail}"}
        half = len(bodies) // 2
        return _write(bodies[:half], write) | _write(bodies[half:], write)
    return {}


_OF_THE_DATA = (400, 413, 422)


def _notes(held: Mapping[str, Dataset]) -> tuple[str, ...]:
    return tuple(
        f"dataset {name!r} completes an item after {n} answers, as set in Argilla"
        for name, dataset in held.items()
        if (n := dataset["distribution"]["min_submitted"]) != int(name.rpartition("-x")[2])
    )


def _pushed(
    parts: Sequence[_Part], tally: _Tally, places: Mapping[str, str], notes: tuple[str, ...]
) -> Pushed:
    rows = {id: row for part in parts for id, row in part.rows.items()}
    return Pushed(
        new=tuple(tally.new),
        updated=tuple(tally.updated),
        unchanged=tuple(tally.unchanged),
        refused=dict(tally.refused),
        permutation={id: r.asked.shown for id, r in rows.items() if id not in tally.refused},
        places=dict(places),
        notes=notes,
    )
