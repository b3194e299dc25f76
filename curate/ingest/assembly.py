"""Exchanges to rows of records, candidates and pairs: ids, duplicates, repeats, groups.

In: what readers made of rows, one after the other, over all files of a run.
Out: batches in which each record stands once, each answer once, and each dropped row with its
reason. What was met before is kept as digests only (`Seen`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from curate.ingest.batch import Batch, Rows
from curate.ingest.exchange import Answer, Comparison, Exchange
from curate.ingest.messages import json_text
from curate.ingest.seen import Seen, hashed, key_of
from curate.records import Rejected, candidate_id, digest, pair_id, record_id

__all__ = ["Assembly"]

Json = Any
Notes = Mapping[str, Json] | str | None


class Assembly:
    """Collects the exchanges of one run and hands them out as batches."""

    def __init__(self) -> None:
        self.rows = 0
        """Rows of the source since the last batch, rejected ones included."""
        self._files: list[str] = []
        self._records = Seen("Q")
        self._answers = Seen("L")
        self._keys = Seen("Q")
        self._kept = Rows()
        self._rejected: list[Rejected] = []

    def open(self, name: str) -> None:
        """Say that what comes now stands in the file called `name`."""
        self._files.append(name)

    def reject(self, line: int, reason: str, file: str | None = None) -> None:
        """Drop a row (line 0: the file as a whole) with a reason."""
        name = self._files[-1] if file is None else file
        self._rejected.append(Rejected(file=name, line=line, stage="ingest", reason=reason))

    def add(self, exchange: Exchange, line: int, repaired: str = "") -> None:
        """Take in what stands at `line` of the open file.

        Args:
            exchange: What a reader made of (a part of) the row.
            line: 1-based line, row or element.
            repaired: What had to be mended so that the row could be kept at all.
        """
        if not _asks(exchange.messages):
            self.reject(line, _of(exchange, "empty prompt"))
            return
        row = _Row(
            exchange=exchange,
            record=record_id(exchange.messages, exchange.tools),
            line=line,
            place=(len(self._files) - 1) << _LINE_BITS | line,
            source=f"{self._files[-1]}:{line}",
            repaired={"repaired": repaired} if repaired else None,
        )
        names, fresh = self._identify(row)
        if exchange.answers and not any(names):
            return
        self._keep(row, fresh)
        for comparison in exchange.comparisons:
            self._keep_pair(row, comparison, names)

    def batch(self) -> Batch:
        """Hand out what was collected since the last batch."""
        batch = self._kept.batch(tuple(self._rejected), self.rows)
        self._kept, self._rejected, self.rows = Rows(), [], 0
        return batch

    def _identify(self, row: _Row) -> tuple[list[str], list[_Fresh]]:
        """Return each answer's id ("" where it cannot be kept), and those met for the first time.

        Where every answer is a duplicate, the row is rejected as one.
        """
        names: list[str] = []
        fresh: list[_Fresh] = []
        copies: list[tuple[int, int]] = []
        for n, answer in enumerate(row.exchange.answers):
            if fault := _fault(answer):
                self.reject(row.line, _of(row.exchange, fault, answer))
                names.append("")
                continue
            name = candidate_id(row.record, answer.model, answer.message)
            if before := self._copy_of(row, answer, name, n):
                copies.append((n, before))
                names.append("")
                continue
            name, repeat = self._repeat(row, answer, name)
            names.append(name)
            if repeat >= 0:
                fresh.append(_Fresh(name=name, answer=answer, repeat=repeat))
        self._reject_copies(row, copies)
        return names, fresh

    def _copy_of(self, row: _Row, answer: Answer, name: str, n: int) -> int:
        """Return where the same answer stood under the same name, 0 where it did not.

        An answer's own name (a response id) decides alone; a row's name (which may be that of its
        prompt) only where all that the row says beside it is the same too.
        """
        key = answer.key or row.exchange.key
        if key is None or row.exchange.merge:
            return 0
        about = "" if answer.key else f"{n}{_notes(row.exchange.metadata, answer.metadata)}"
        return self._keys.put(hashed(f"{key}\n{name}\n{about}"), row.place + 1)

    def _repeat(self, row: _Row, answer: Answer, name: str) -> tuple[str, int]:
        """Return the id and how many equal answers came before; -1: it is one of those."""
        before = self._answers.count(key_of(name))
        if not before:
            return name, 0
        if row.exchange.merge:
            return name, -1
        return candidate_id(row.record, answer.model, answer.message, before), before

    def _reject_copies(self, row: _Row, copies: Sequence[tuple[int, int]]) -> None:
        whole = len(copies) == len(row.exchange.answers)
        for n, before in copies[:1] if whole else copies:
            part = "" if whole else f"answer {n + 1}: "
            reason = f"{part}duplicate of {self._place(before)}"
            self.reject(row.line, _of(row.exchange, reason))

    def _place(self, before: int) -> str:
        file, line = divmod(before - 1, 1 << _LINE_BITS)
        return f"{self._files[file]}:{line}"

    def _keep(self, row: _Row, fresh: Sequence[_Fresh]) -> None:
        exchange = row.exchange
        group = row.record if exchange.group is None else "g" + digest(exchange.group)
        before = self._records.put(key_of(row.record), row.place + 1)
        if before and not exchange.answers:
            self.reject(
                row.line,
                _of(exchange, f"prompt without an answer, duplicate of {self._place(before)}"),
            )
            return
        on_record = not before and len(exchange.answers) != 1
        if not before:
            self._keep_record(row, group, exchange.metadata if on_record else None)
        for one in fresh:
            self._keep_answer(row, group, one, None if on_record else exchange.metadata)

    def _keep_record(self, row: _Row, group: str, metadata: Notes) -> None:
        exchange = row.exchange
        values = (
            row.record,
            exchange.messages,
            exchange.tools,
            row.source,
            exchange.time,
            group,
            _notes(metadata, row.repaired),
        )
        self._kept.records.append(values)

    def _keep_answer(self, row: _Row, group: str, one: _Fresh, metadata: Notes) -> None:
        answer = one.answer
        total, mean = answer.logprobs or _NO_LOGPROBS
        values = (
            one.name,
            row.record,
            answer.message,
            answer.model,
            "log",
            one.repeat,
            _notes(answer.params),
            total,
            mean,
            answer.finish_reason,
            row.source,
            row.exchange.time if answer.time is None else answer.time,
            group,
            _notes(metadata, answer.metadata, row.repaired),
        )
        self._kept.candidates.append(values)

    def _keep_pair(self, row: _Row, comparison: Comparison, names: Sequence[str]) -> None:
        a, b = names[comparison.a], names[comparison.b]
        if not a or not b:
            return
        if a == b:
            self.reject(row.line, _of(row.exchange, "the two answers are the same: no pair"))
            return
        name = pair_id(a, b)
        winner = comparison.winner or ""
        key = comparison.key or row.exchange.key or ""
        stamp = "\n".join((name, a, winner, comparison.judge, key))
        if before := self._keys.put(hashed(stamp), row.place + 1):
            self.reject(row.line, _of(row.exchange, f"duplicate of {self._place(before)}"))
            return
        notes = _notes(comparison.metadata, row.repaired)
        values = (name, row.record, a, b, comparison.winner, comparison.judge, row.source, notes)
        self._kept.pairs.append(values)


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange with its record's id and its place."""

    exchange: Exchange
    record: str
    line: int
    place: int
    source: str
    repaired: Notes


class _Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """An answer met for the first time, with its id."""

    name: str
    answer: Answer
    repeat: int


_LINE_BITS = 40
_NO_LOGPROBS = (float("nan"), float("nan"))


def _asks(messages: Sequence[Mapping[str, Json]]) -> bool:
    for message in messages:
        text = message.get("content")
        if (text and not text.isspace()) or message.get("parts"):
            return True
    return False


def _fault(answer: Answer) -> str:
    message = answer.message
    text = message.get("content")
    if text and not text.isspace():
        return ""
    if message.get("tool_calls") or message.get("refusal") or message.get("parts"):
        return ""
    cause = f" (finish_reason {answer.finish_reason})" if answer.finish_reason else ""
    return f"empty answer{cause}"


def _of(exchange: Exchange, reason: str, answer: Answer | None = None) -> str:
    model = answer.model if answer is not None and len(exchange.answers) > 1 else ""
    where = ", ".join(part for part in (exchange.where, model) if part)
    return f"{where}: {reason}" if where else reason


def _notes(*parts: Notes) -> str:
    """Return the JSON text of all that the parts say."""
    given = [part for part in parts if part]
    if not given:
        return "{}"
    if len(given) == 1:
        return json_text(given[0])
    whole: dict[str, Json] = {}
    for part in given:
        whole |= msgspec.json.decode(part) if isinstance(part, str) else part
    return json_text(whole)
