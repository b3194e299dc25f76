"""OpenAI's Batch API as a client: half the price, within 24 hours, and no connection held open.

In: calls, as many as there are. Out: their replies, batch by batch, as batches end. Which batch
holds which calls is on disk before it is created, so that a run that was killed, or left, finds its
batches again and creates none twice.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from curate.config import MemberConfig
from curate.console import say
from curate.llm.batch_files import Result, request_line, result_of
from curate.llm.batch_server import BatchServer
from curate.llm.batch_state import BatchState, Parcel
from curate.llm.calls import Call, Reply
from curate.llm.reading import said_in

__all__ = ["BatchClient"]

Json = Any
Waiting = dict[str, list[Call]]
"""Calls that have no reply yet, by key."""

_ENDED = ("completed", "expired", "cancelled", "failed", "gone")
_WHY = {
    "expired": "expired: the batch's 24 hours ended before this request's turn",
    "cancelled": "cancelled: the batch was cancelled before this request's turn",
    "gone": "the server does not know the batch any more",
}


class BatchClient:
    """Sends calls as batches, waits for them, and gives back what came, in any order.

    Each call is a request of its own: `samples_per_request`, `concurrency` and the rates a minute
    of the member mean nothing here. A request that failed, or that the batch did not come to, is a
    reply with its reason. Replies to calls that nobody asks for any more (a smaller `limit`) stay
    in their batch, and are collected once somebody does.

    Args:
        member: Whom to ask; the key comes from the environment.
        state: File that remembers the batches under way; beside the ledger. None: only as long as
            the process lives.
        poll: Seconds between the first two looks at the batches; each wait is half longer than the
            one before, up to twenty times this.
        settle: Seconds after which a creation that a kill cut short shows in the server's list, if
            it was carried out.
        most_requests: In one batch, at most 50,000.
        most_bytes: Of one batch's file, at most 200 MB.
    """

    def __init__(
        self,
        member: MemberConfig,
        *,
        state: Path | None = None,
        poll: float = 15.0,
        settle: float = 30.0,
        most_requests: int = 50_000,
        most_bytes: int = 200_000_000,
    ):
        self._member = member
        self._state = state
        self._poll = poll
        self._settle = settle
        self._most_requests = most_requests
        self._most_bytes = most_bytes

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        """Take and send all calls, then give the replies of each batch that ends.

        Calls that a batch under way holds are not sent again: its replies are theirs. Whoever
        interrupts leaves the batches running, and collects them with the next run.

        Raises:
            ConfigError: If the address is none that can be asked.
            ModelError: If the server stays away, refuses the key or refuses a batch.
        """
        with (
            BatchServer(self._member) as server,
            BatchState(self._state, f"{server.shown} {self._member.model}") as state,
        ):
            waiting: Waiting = {}
            try:
                limits = (self._most_requests, self._most_bytes)
                post = _Post(server, state, limits, self._settle)
                yield from post.take(calls, waiting)
                yield from self._collected(server, state, post.under_way(waiting), waiting)
            except BaseException:
                _tell_left(state, server)
                raise

    def _collected(
        self, server: BatchServer, state: BatchState, parcels: list[Parcel], waiting: Waiting
    ) -> Iterator[tuple[Call, Reply]]:
        """Look at the batches until each has ended, and give the replies of those that have."""
        pause = self._poll
        while parcels:
            for parcel in list(parcels):
                batch = server.batch(str(parcel.batch_id))
                if batch["status"] in _ENDED:
                    unasked = [key for key in parcel.keys if key not in waiting]
                    yield from _unpacked(server, batch, parcel, waiting)
                    state.collected(parcel, all_but=unasked)
                    parcels.remove(parcel)
                    pause = self._poll
            if parcels:
                time.sleep(pause)
                pause = min(pause * 1.5, self._poll * 20)


class _Post:
    """Puts calls into parcels, and has a batch created of each, once."""

    def __init__(
        self, server: BatchServer, state: BatchState, most: tuple[int, int], settle: float
    ):
        self._server = server
        self._state = state
        self._most = most
        self._parcels = list(self._found_again(settle))
        self._sent = {key for parcel in self._parcels for key in parcel.keys}

    def take(self, calls: Iterable[Call], waiting: Waiting) -> Iterator[tuple[Call, Reply]]:
        """Send the calls that no batch holds; give back those that no batch can hold."""
        with _Draft() as draft:
            for call in calls:
                key = call.key
                line = b"" if key in self._sent else request_line(call)
                if len(line) > self._most[1]:
                    yield call, Reply.failed(f"too long for a batch: {len(line):,} bytes")
                    continue
                waiting.setdefault(key, []).append(call)
                if line:
                    self._make_room(draft, line)
                    draft.add(key, line)
                    self._sent.add(key)
            self._send(draft)

    def under_way(self, waiting: Waiting) -> list[Parcel]:
        """Return the parcels that hold a call which waits."""
        return [p for p in self._parcels if not waiting.keys().isdisjoint(p.keys)]

    def _found_again(self, settle: float) -> Iterator[Parcel]:
        """Give the parcels of earlier runs that have a batch, with its id."""
        for parcel in self._state.open():
            if parcel.batch_id is None and parcel.creating is not None:
                batch_id = self._server.find(parcel.mark, until=parcel.creating + settle)
                if batch_id is not None:
                    parcel = self._state.created(parcel, batch_id)
            if parcel.batch_id is None:
                self._state.never_sent(parcel)
            else:
                yield parcel

    def _make_room(self, draft: _Draft, line: bytes) -> None:
        requests, size = self._most
        if len(draft.keys) >= requests or draft.size + len(line) > size:
            self._send(draft)

    def _send(self, draft: _Draft) -> None:
        """Have a batch created of what is in the draft, unless there is one; empty the draft."""
        if not draft.keys:
            return
        parcel = self._state.plan(draft.keys)
        batch_id = self._server.find(parcel.mark)
        if batch_id is None:
            file_id = self._server.upload(draft.file, f"curate-{parcel.mark}.jsonl")
            self._state.creating(parcel)
            batch_id = self._server.create(file_id, parcel.mark)
            say(f"{self._server.shown}: batch {batch_id} holds {len(draft.keys):,} requests")
        self._parcels.append(self._state.created(parcel, batch_id))
        draft.clear()


class _Draft:
    """The file of a batch that is being filled."""

    def __enter__(self) -> _Draft:
        self.file: IO[bytes] = tempfile.TemporaryFile()
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, key: str, line: bytes) -> None:
        self.file.write(line)
        self.keys.append(key)
        self.size += len(line)

    def clear(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.keys: list[str] = []
        self.size = 0


def _unpacked(
    server: BatchServer, batch: Mapping[str, Json], parcel: Parcel, waiting: Waiting
) -> Iterator[tuple[Call, Reply]]:
    """Give the replies that a batch holds, then those of its calls that it does not hold."""
    asked = frozenset(parcel.keys)
    left = set(asked)
    tally: Counter[str] = Counter()
    for result in _results(server, batch, tally):
        if result.key not in left:
            tally["twice" if result.key in asked else "unknown"] += 1
            continue
        left.remove(result.key)
        tally["failed" if result.why_failed else "answered"] += 1
        for call in waiting.pop(result.key, ()):
            yield call, result.reply(call.messages)
    tally["missing"] = len(left)
    say(_summary(batch, len(asked), tally))
    why = _why_missing(batch)
    for key in sorted(left & waiting.keys()):
        yield from ((call, Reply.failed(why)) for call in waiting.pop(key))


def _results(
    server: BatchServer, batch: Mapping[str, Json], tally: Counter[str]
) -> Iterator[Result]:
    for name in ("output_file_id", "error_file_id"):
        if batch.get(name):
            with server.content(batch[name]) as lines:
                for line in lines:
                    found = result_of(line) if line.strip() else None
                    if isinstance(found, Result):
                        yield found
                    elif found is not None:
                        tally["unreadable"] += 1


def _why_missing(batch: Mapping[str, Json]) -> str:
    """Return why a batch has no line for a request."""
    said = "; ".join(_errors(batch))
    why = _WHY.get(batch["status"], f"the batch {batch['status']} without a line for this request")
    return f"{why} ({said})" if said else why


def _errors(batch: Mapping[str, Json]) -> list[str]:
    """Return what a batch as a whole failed of."""
    held = batch.get("errors")
    rows = held.get("data") if isinstance(held, Mapping) else None
    found = [said_in(str(row.get("message") or row.get("code"))) for row in rows or () if row]
    return found[:3]


def _summary(batch: Mapping[str, Json], asked: int, tally: Counter[str]) -> str:
    counts = ", ".join(f"{tally[name]:,} {words}" for name, words in _TOLD.items() if tally[name])
    return f"batch {batch['id']} ({batch['status']}), {asked:,} requests: {counts or 'nothing'}"


_TOLD = {
    "answered": "answered",
    "failed": "failed",
    "missing": "without a line",
    "twice": "lines that came twice",
    "unknown": "lines of other requests",
    "unreadable": "lines that cannot be read",
}


def _tell_left(state: BatchState, server: BatchServer) -> None:
    """Say which batches go on without us."""
    left = [parcel for parcel in state.open() if parcel.batch_id]
    if left:
        requests = sum(len(parcel.keys) for parcel in left)
        batches = "1 batch" if len(left) == 1 else f"{len(left):,} batches"
        say(
            f"{server.shown}: {requests:,} requests in {batches} go on there; the same command "
            "collects them"
        )
