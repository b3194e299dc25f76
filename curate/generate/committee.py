"""Asking members, one after the other, and keeping what they say."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.config import CommitteeMemberConfig
from curate.generate.adaptive import Adaptive, Taken
from curate.generate.calls import call_of, check
from curate.generate.candidates import Repeats, Row, batch, candidate
from curate.generate.prompts import Prompt, prompts, refused
from curate.llm.calls import Ask, Call, Reply
from curate.records import Rejected
from curate.texts import answer_text

__all__ = ["Asker", "Generated", "generate"]

Ints = npt.NDArray[np.int64]

Asker = Callable[[CommitteeMemberConfig], Ask]
"""Gives whatever answers a member's calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A batch of what came back."""

    candidates: pa.RecordBatch
    """Of `records.CANDIDATES`, in the order of member, record and sample."""
    refused: tuple[Rejected, ...] = ()
    """Prompts that cannot be asked; told once, whoever is asked."""
    failed: tuple[Rejected, ...] = ()
    """Calls to which nothing came back."""
    n_saved: int = 0
    """Calls that were not needed, as the decision was settled."""


def generate(
    records: pa.Table,
    members: Sequence[CommitteeMemberConfig],
    *,
    ask: Asker,
    logged: pa.Table | None = None,
    adaptive: Adaptive | None = None,
) -> Generator[Generated]:
    """Ask each member for its answers to each record, and give them batch by batch.

    The same replies give the same batches to the last byte, in whatever order they came in. A
    failed call is no candidate: it is a row that says where its record stands and why nothing
    came back. An empty answer, or one cut off at the token limit, is a candidate: the model said
    so much, and its `finish_reason` tells.

    Args:
        records: Table of `records.RECORDS`.
        members: Who is asked; the first one's answers come first.
        ask: Gives whatever answers a member's calls, one reply a call, in their order.
        logged: Answers that the logs hold, table of `records.CANDIDATES`: identical answers of
            one model to one prompt are numbered on from there.
        adaptive: When to stop before all samples are taken; None = never.

    Raises:
        ConfigError: If a member's parameters cannot be sent; nothing was asked then.
    """
    for member in members:
        check(member)
    if members and (cannot := refused(records)):
        yield Generated(candidates=batch([]), refused=tuple(cannot))
    for member in members:
        work = _Member(member, ask(member), Repeats(logged, member.label))
        if adaptive is None or adaptive.config.least >= member.samples:
            yield from work.whole(records)
        else:
            yield from work.adaptively(records, adaptive)


class _Member:
    """One member at work."""

    def __init__(self, member: CommitteeMemberConfig, ask: Ask, repeats: Repeats):
        self._member = member
        self._ask = ask
        self._repeats = repeats

    def whole(self, records: pa.Table) -> Iterator[Generated]:
        """Take all samples of all records."""
        asked = (p for p in prompts(records) if p.why_not is None)
        replies = self._replies(asked, range(self._member.samples))
        while some := list(islice(replies, _BATCH)):
            rows = [self._row(*one) for one in some]
            yield _generated(rows)

    def adaptively(self, records: pa.Table, rule: Adaptive) -> Iterator[Generated]:
        """Take the least number of samples, then more of those prompts that are not settled."""
        able = _askable(records)
        taken = Taken(len(able), self._member.samples, rule)
        shelf = _Shelf()
        for samples in self._rounds(rule.config.least):
            if len(taken.open):
                self._round(able, taken, samples, shelf)
        saved = len(able) * self._member.samples - taken.n_drawn
        yield from shelf.in_order(n_saved=saved)

    def _rounds(self, least: int) -> Iterator[range]:
        """Give the samples of each round; after the first, as many as one request may ask for."""
        last, step = self._member.samples, self._member.samples_per_request
        yield range(least)
        for first in range(least, last, step):
            yield range(first, min(first + step, last))

    def _round(self, able: pa.Table, taken: Taken, samples: range, shelf: _Shelf) -> None:
        at = np.repeat(taken.open, len(samples))
        asked = prompts(able.take(pa.array(taken.open)))
        for place, (prompt, call, reply) in zip(at, self._replies(asked, samples), strict=True):
            row = self._row(prompt, call, reply)
            taken.add(
                int(place), None if isinstance(row, Rejected) else answer_text(row["message"])
            )
            shelf.put(int(place), row)
        taken.settle()

    def _replies(
        self, asked: Iterable[Prompt], samples: range
    ) -> Iterator[tuple[Prompt, Call, Reply]]:
        """Ask, and give each reply with what it answers."""
        sent: deque[tuple[Prompt, Call]] = deque()

        def going() -> Iterator[Call]:
            for prompt in asked:
                for sample in samples:
                    call = call_of(prompt, self._member, sample)
                    sent.append((prompt, call))
                    yield call

        for reply in self._ask(going()):
            yield (*sent.popleft(), reply)
        if sent:
            raise ValueError(f"{len(sent)} calls to {self._member.label} got no reply")

    def _row(self, prompt: Prompt, call: Call, reply: Reply) -> Row | Rejected:
        if reply.why_failed is None:
            return candidate(prompt, self._member, call, reply, self._repeats)
        who = f"{self._member.label}, sample {call.sample}"
        return prompt.refusal(f"{who}: {reply.why_failed}")


_BATCH = 2_000


class _Shelf:
    """Rows of several rounds, kept as Arrow until they can be given in the order of records."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._places: list[int] = []
        self._rows: list[Row] = []
        self._failed: list[tuple[int, Rejected]] = []

    def put(self, place: int, row: Row | Rejected) -> None:
        if isinstance(row, Rejected):
            self._failed.append((place, row))
            return
        self._places.append(place)
        self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self._pack()

    def in_order(self, *, n_saved: int) -> Iterator[Generated]:
        self._pack()
        order = np.argsort(np.array(self._places, dtype=np.int64), kind="stable")
        table = pa.Table.from_batches(self._batches, schema=batch([]).schema)
        failed = sorted(self._failed, key=lambda one: one[0])
        yield Generated(
            candidates=batch([]), failed=tuple(row for _, row in failed), n_saved=n_saved
        )
        for rows in table.take(pa.array(order)).to_batches(max_chunksize=_BATCH):
            yield Generated(candidates=rows)

    def _pack(self) -> None:
        self._batches.append(batch(self._rows))
        self._rows = []


def _generated(rows: Sequence[Row | Rejected]) -> Generated:
    return Generated(
        candidates=batch([row for row in rows if not isinstance(row, Rejected)]),
        failed=tuple(row for row in rows if isinstance(row, Rejected)),
    )


def _askable(records: pa.Table) -> pa.Table:
    """Return the records that can be asked."""
    return records.filter(pa.array([p.why_not is None for p in prompts(records)], pa.bool_()))
