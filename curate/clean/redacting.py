"""Personal data and secrets out of the pool; what is changed gets the id of its new content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.clean.fates import Fate, Fates
from curate.records import candidate_id, pair_id, record_id

__all__ = ["Redacts", "Tables", "Touched", "redacted", "touched"]

Bools = npt.NDArray[np.bool_]
Row = Mapping[str, Any]
_BATCH = 16_384


class Redacts(Protocol):
    """What takes values out of texts: `checks.personal.redaction.Redactor`, or one of one's own."""

    found: Counter[str]
    """Kind to how many values were taken out so far."""

    def texts(self, texts: Sequence[str | None]) -> list[str | None]:
        """Return texts without the values."""

    def messages(self, messages: Sequence[Row]) -> list[dict[str, Any]]:
        """Return rows of the shape of `records.MESSAGE` without the values."""


class Tables(NamedTuple):
    """The pool."""

    records: pa.Table
    candidates: pa.Table
    pairs: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The pool without the values, ids as before, and which rows held any."""

    tables: Tables
    records: Bools
    candidates: Bools
    pairs: Bools

    def fates(self) -> Fates:
        """Return the prompts, answers and pairs that held any as rows to be dropped."""
        fate = Fate(action="drop", check="personal-data", reason="it holds personal data")
        return Fates(
            records=dict.fromkeys(np.flatnonzero(self.records).tolist(), fate),
            candidates=dict.fromkeys(np.flatnonzero(self.candidates).tolist(), fate),
            pairs=dict.fromkeys(np.flatnonzero(self.pairs).tolist(), fate),
        )

    @property
    def rows(self) -> int:
        """How many prompts, answers and pairs held any."""
        return int(self.records.sum() + self.candidates.sum() + self.pairs.sum())


def touched(tables: Tables, redactor: Redacts) -> Touched:
    """Take the values out of all texts: messages, tools, parameters, metadata, names of judges.

    Args:
        tables: Records, candidates and pairs.
        redactor: What takes them out; it counts what it found.
    """
    done = [
        _table(table, redactor, columns)
        for table, columns in zip(tables, (_RECORD, _CANDIDATE, _PAIR), strict=True)
    ]
    records, candidates, pairs = done
    return Touched(
        tables=Tables(*(table for table, _ in done)),
        records=records[1],
        candidates=candidates[1],
        pairs=pairs[1],
    )


def redacted(before: Tables, after: Touched) -> tuple[Tables, dict[int, str]]:
    """Give what was changed the ids of its new content.

    Prompts that have become the same are one: the first; the answers to the others are its own.

    Args:
        before: The pool as it was.
        after: Of `touched`.

    Returns:
        The pool, and for each record (row before) that was merged the ``source`` of its like.
    """
    records, named, merged = _records(before.records, after)
    candidates, own = _candidates(before.candidates, after, named)
    return Tables(records, candidates, _pairs(after.tables.pairs, named, own)), merged


_Redaction = Callable[[Sequence[Any], Redacts], list[Any]]
"""From the cells of a column to those without the values."""


def _of_chats(chats: Sequence[Sequence[Row]], redactor: Redacts) -> list[Any]:
    clean = iter(redactor.messages([turn for chat in chats for turn in chat]))
    return [[next(clean) for _ in chat] for chat in chats]


def _of_messages(messages: Sequence[Row], redactor: Redacts) -> list[Any]:
    return list(redactor.messages(messages))


def _of_json(texts: Sequence[str | None], redactor: Redacts) -> list[Any]:
    """Take values out of JSON texts, which stay JSON, as those of tool calls do."""
    there = [text for text in texts if text]
    calls = [
        {"role": "tool", "tool_calls": [{"name": "", "arguments": text, "id": None}]}
        for text in there
    ]
    clean = iter(turn["tool_calls"][0]["arguments"] for turn in redactor.messages(calls))
    return [next(clean) if text else text for text in texts]


def _of_texts(texts: Sequence[str | None], redactor: Redacts) -> list[Any]:
    return list(redactor.texts(texts))


_RECORD: dict[str, _Redaction] = {"messages": _of_chats, "tools": _of_json, "metadata": _of_json}
_CANDIDATE: dict[str, _Redaction] = {
    "message": _of_messages,
    "params": _of_json,
    "metadata": _of_json,
}
_PAIR: dict[str, _Redaction] = {"judge": _of_texts, "metadata": _of_json}


def _table(
    table: pa.Table, redactor: Redacts, columns: Mapping[str, _Redaction]
) -> tuple[pa.Table, Bools]:
    """Return a table without the values, and which of its rows held any."""
    changed, parts = [np.zeros(0, bool)], []
    for batch in table.to_batches(max_chunksize=_BATCH):
        part, rows = _batch(batch, redactor, columns)
        parts.append(part)
        changed.append(rows)
    return pa.Table.from_batches(parts, schema=table.schema), np.concatenate(changed)


def _batch(
    batch: pa.RecordBatch, redactor: Redacts, columns: Mapping[str, _Redaction]
) -> tuple[pa.RecordBatch, Bools]:
    changed = np.zeros(batch.num_rows, bool)
    for name, without in columns.items():
        before = batch.column(name).to_pylist()
        after = without(before, redactor)
        rows = np.array([a != b for a, b in zip(before, after, strict=True)], bool)
        if rows.any():
            place = batch.schema.get_field_index(name)
            field = batch.schema.field(place)
            batch = batch.set_column(place, field, pa.array(after, field.type))
        changed |= rows
    return batch, changed


def _records(before: pa.Table, after: Touched) -> tuple[pa.Table, dict[str, str], dict[int, str]]:
    """Return records with new ids, old id to new one, and those that were merged."""
    table, ids = after.tables.records, before["id"].to_pylist()
    rows = np.flatnonzero(after.records)
    some = table.select(["messages", "tools"]).take(pa.array(rows)).to_pylist()
    new = [record_id(row["messages"], row["tools"]) for row in some]
    named = {ids[n]: id for n, id in zip(rows.tolist(), new, strict=True) if ids[n] != id}
    ids = [named.get(id, id) for id in ids]
    first: dict[str, int] = {}
    copies = {n: first[id] for n, id in enumerate(ids) if first.setdefault(id, n) != n}
    sources = table["source"]
    merged = {n: sources[kept].as_py() or "" for n, kept in copies.items()}
    stays = np.ones(len(ids), bool)
    stays[list(copies)] = False
    table = _with(_with(table, "id", ids), "group", _groups(table, named))
    return table.filter(pa.array(stays)), named, merged


def _groups(table: pa.Table, records: Mapping[str, str]) -> list[str | None]:
    """Return the groups: a prompt that belongs to none is its own, by its id."""
    return [records.get(group, group) for group in table["group"].to_pylist()]


def _candidates(
    before: pa.Table, after: Touched, records: Mapping[str, str]
) -> tuple[pa.Table, dict[str, str]]:
    """Return candidates with new ids, and old id to new one.

    All answers to a prompt of which one changed are counted anew: equal ones are repeats.
    """
    table = after.tables.candidates
    said = table.select(["id", "record_id", "model", "repeat"]).to_pydict()
    owner = [records.get(id, id) for id in said["record_id"]]
    moved = set(records.values())
    moved |= {owner[n] for n in np.flatnonzero(after.candidates).tolist()}
    rows = [n for n, id in enumerate(owner) if id in moved]
    messages = table["message"].take(pa.array(rows, pa.int64())).to_pylist()
    seen: Counter[str] = Counter()
    ids, repeats, named = list(said["id"]), list(said["repeat"]), {}
    for n, message in zip(rows, messages, strict=True):
        whose = (owner[n], said["model"][n] or "", message)
        like = candidate_id(*whose)
        repeats[n] = seen[like]
        seen[like] += 1
        ids[n] = candidate_id(*whose, repeat=repeats[n])
        named[said["id"][n]] = ids[n]
    groups = _groups(table, records)
    new = {"id": ids, "record_id": owner, "repeat": repeats, "group": groups}
    for name, values in new.items():
        table = _with(table, name, values)
    return table, named


def _pairs(table: pa.Table, records: Mapping[str, str], candidates: Mapping[str, str]) -> pa.Table:
    said = table.select(["id", "record_id", "a", "b"]).to_pydict()
    sides = {name: [candidates.get(id, id) for id in said[name]] for name in ("a", "b")}
    both = zip(sides["a"], sides["b"], strict=True)
    ids = [
        pair_id(a, b) if (a, b) != was[1:] else was[0]
        for (a, b), was in zip(
            both, zip(said["id"], said["a"], said["b"], strict=True), strict=True
        )
    ]
    owner = [records.get(id, id) for id in said["record_id"]]
    for name, values in {"id": ids, "record_id": owner, **sides}.items():
        table = _with(table, name, values)
    return table


def _with(table: pa.Table, name: str, values: Sequence[Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, field.type))
