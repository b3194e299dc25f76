"""What is put before judges: an answer to a question, or two.

In: records, candidates and pairs as Arrow. Out: `records.Item`s, built a batch at a time; and the
texts that a judge's prompt shows of one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.records import Item, Message, Record, Task, candidate_from, record_from
from curate.texts import answer_text

__all__ = ["Items", "Missing", "question_text", "texts_of"]

Json = Any
Row = Mapping[str, Json]


class Missing(Exception):
    """An item that cannot be judged; the message is the reason that people are shown."""


class Items:
    """Candidates to be judged one by one, then pairs to be compared; iterable again and again.

    No more than a batch of them are Python objects at once. An item keeps its place even where
    its record or a candidate is missing.
    """

    def __init__(
        self,
        records: pa.Table,
        *,
        candidates: pa.Table,
        pairs: pa.Table | None = None,
        among: pa.Table | None = None,
    ):
        """Look at tables.

        Args:
            records: Table of `records.RECORDS`.
            candidates: Table of `records.CANDIDATES`: those to be judged one by one.
            pairs: Which candidates to compare: ``id, record_id, a, b``, ids of candidates.
            among: Table of `records.CANDIDATES` that has those of the pairs; None = `candidates`.
        """
        self._records = records
        self._candidates = candidates
        self._pairs = pairs
        self._among = candidates if among is None else among

    def __iter__(self) -> Iterator[Item]:
        yield from self._candidate_items()
        if self._pairs is not None:
            yield from self._pair_items(self._pairs)

    def count(self, task: Task) -> int:
        """Return how many candidates (rewrite) or pairs (rank) there are."""
        if task == "rewrite":
            return int(self._candidates.num_rows)
        return 0 if self._pairs is None else int(self._pairs.num_rows)

    def _candidate_items(self) -> Iterator[Item]:
        for batch in self._candidates.to_batches(max_chunksize=_BATCH):
            records = self._records_of(batch["record_id"])
            for row in batch.to_pylist():
                one = candidate_from(row)
                record = records.get(one.record_id) or _unknown(one.record_id)
                yield Item(id=one.id, task="rewrite", record=record, candidates=(one,))

    def _pair_items(self, pairs: pa.Table) -> Iterator[Item]:
        for batch in pairs.select(["id", "record_id", "a", "b"]).to_batches(max_chunksize=_BATCH):
            records = self._records_of(batch["record_id"])
            ids = pa.concat_arrays([batch["a"], batch["b"]])
            candidates = {row["id"]: candidate_from(row) for row in _of(self._among, ids)}
            for row in batch.to_pylist():
                both = (candidates.get(row["a"]), candidates.get(row["b"]))
                record = records.get(row["record_id"]) or _unknown(row["record_id"])
                there = tuple(one for one in both if one is not None)
                yield Item(id=row["id"], task="rank", record=record, candidates=there)

    def _records_of(self, ids: pa.Array) -> dict[str, Record]:
        return {row["id"]: record_from(row) for row in _of(self._records, ids)}


def texts_of(item: Item, *, names: Sequence[str], reference: str | None) -> dict[str, str]:
    """Return the texts of an item by the names that a prompt has for them.

    Args:
        item: One candidate (``answer``) or two (``answer_a``, ``answer_b``).
        names: Which texts are needed.
        reference: Where the right answer stands, ``metadata.NAME`` of the record.

    Raises:
        Missing: If the item has no such text.
    """
    if not item.record.messages:
        raise Missing("its record is missing")
    answers = [answer_text(one.message) for one in item.candidates]
    if item.task == "rank":
        _check_pair(answers)
    placed = ("answer",) if item.task == "rewrite" else ("answer_a", "answer_b")
    texts = dict(zip(placed, answers, strict=True))
    texts["question"] = question_text(item.record)
    if "reference" in names:
        texts["reference"] = _reference(item.record, reference)
    return {name: texts[name] for name in names}


def question_text(record: Record) -> str:
    """Return what was asked: a lone user turn as it is, else all turns, each led by its role.

    >>> question_text(Record(id="r", messages=(Message(role="user", content="2 + 2?"),)))
    '2 + 2?'
    """
    turns = [(turn.role, _said(turn)) for turn in record.messages]
    if record.tools:
        turns.insert(0, ("tools on offer", record.tools))
    if len(turns) == 1 and turns[0][0] == "user":
        return turns[0][1]
    return "\n\n".join(f"{role}: {text}" for role, text in turns)


_BATCH = 1_000


def _of(table: pa.Table, ids: pa.Array) -> list[Row]:
    """Return the rows with these ids."""
    at = pc.index_in(pc.unique(ids), value_set=table["id"].combine_chunks())
    rows: list[Row] = table.take(at.drop_null()).to_pylist()
    return rows


def _unknown(id: str) -> Record:
    return Record(id=id, messages=())


def _check_pair(answers: Sequence[str]) -> None:
    if len(answers) < 2:
        raise Missing("a candidate of the pair is missing")
    if answers[0] == answers[1]:
        raise Missing("both answers are the same")


def _said(turn: Message) -> str:
    text = answer_text(turn)
    return f"{text}\n(with parts that are not text)".strip() if turn.parts else text


def _reference(record: Record, where: str | None) -> str:
    if where is None:
        raise Missing("no reference: `judge.reference` does not say where the right answer stands")
    value = record.metadata.get(where.removeprefix("metadata."))
    if value is None or value == "":
        raise Missing(f"no reference: the record has no {where}")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
