"""The files and batches of an OpenAI-compatible server: uploads, creations, looks, downloads.

In: a member. Out: ids and what the server says of them. What may pass is tried again; creating is
tried again only after a look at the list of batches, as an answer that was lost says nothing of
whether the batch is there.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from curate.config import MemberConfig
from curate.errors import ModelError
from curate.llm.connection import Server
from curate.llm.refusals import Refusal, advice, refusal_from, scrubbed
from curate.llm.retry import Backoff, is_passing, retry_after

__all__ = ["BatchServer"]

Json = Any
_LISTED_AT_ONCE = 100
_AGAIN = 1.0
"""Seconds between two looks at the list."""
_LOOK_BACK = 30 * 86_400
"""Seconds: batches older than this have lost their files, and are not looked through."""


class BatchServer:
    """A session with one server.

    Raises:
        ConfigError: If the address is none that can be asked.
        ModelError: From any method, if the server stays away or refuses.
    """

    def __init__(self, member: MemberConfig):
        self._member = member
        self._server = Server(member)
        self.shown = self._server.shown
        """For messages: without what may be secret."""
        self._backoff = Backoff(random.Random())
        self._listed_before: Mapping[str, str] | None = None

    def __enter__(self) -> BatchServer:
        key = self._server.key()
        self._key = key
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            proxy=self._server.proxy,
            timeout=self._member.timeout,
            trust_env=False,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def upload(self, file: IO[bytes], name: str) -> str:
        """Upload a file of requests and return its id."""

        def send() -> httpx.Response:
            file.seek(0)
            return self._http.post(
                self._url("files"),
                data={"purpose": "batch"},
                files={"file": (name, file, "application/jsonl")},
            )

        return str(self._said(self._tried(send), "id"))

    def create(self, file_id: str, mark: str) -> str:
        """Create a batch of an uploaded file, and return its id.

        Args:
            file_id: Of the file.
            mark: Goes into the metadata; a batch of this mark is created once, even if the answer
                to its creation is lost.
        """
        asked = {
            "input_file_id": file_id,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"curate": mark},
        }

        def send() -> httpx.Response:
            return self._http.post(self._url("batches"), json=asked)

        for failures in count(1):
            answer = self._attempt(send)
            if isinstance(answer, httpx.Response):
                return str(self._said(answer, "id"))
            self._wait(answer, failures)
            self._listed_before = None
            if batch_id := self.find(mark):
                return batch_id
        raise AssertionError

    def batch(self, batch_id: str) -> Mapping[str, Json]:
        """Return what the server says of a batch: its status, and the ids of its files.

        One that it does not know has the status ``gone``.
        """
        said = self._tried(lambda: self._http.get(self._url(f"batches/{batch_id}")))
        if said.status_code == 404:
            return {"id": batch_id, "status": "gone"}
        return {**said.json(), "id": batch_id, "status": str(self._said(said, "status")).lower()}

    def find(self, mark: str, *, until: float = 0.0) -> str | None:
        """Return the id of the batch of a mark, None where none is listed.

        The list is read once in a session, and again where something may still appear in it.

        Args:
            mark: As given to `create`; of several batches the first created counts.
            until: When to stop looking again, in seconds since the epoch.
        """
        while mark not in (listed := self._marked()) and time.time() < until:
            time.sleep(_AGAIN)
            self._listed_before = None
        return listed.get(mark)

    def _marked(self) -> Mapping[str, str]:
        if self._listed_before is None:
            pairs = [(_mark(batch), str(batch["id"])) for batch in self._listed()]
            self._listed_before = {mark: id for mark, id in pairs if mark}
        return self._listed_before

    @contextlib.contextmanager
    def content(self, file_id: str) -> Iterator[IO[bytes]]:
        """Give the lines of a file, downloaded whole before; none of a file that is gone."""
        with tempfile.TemporaryFile() as held:
            self._tried(lambda: self._downloaded(file_id, held))
            held.seek(0)
            yield held

    def _downloaded(self, file_id: str, into: IO[bytes]) -> httpx.Response:
        into.seek(0)
        into.truncate()
        with self._http.stream("GET", self._url(f"files/{file_id}/content")) as answer:
            if answer.is_success:
                for piece in answer.iter_bytes():
                    into.write(piece)
            else:
                answer.read()
            return answer

    def _listed(self) -> Iterator[Mapping[str, Json]]:
        """Give the batches of the last 30 days, the newest first."""
        after = ""
        while True:
            rows, more = self._page(after)
            yield from rows
            if not rows or not more or _is_old(rows[-1]):
                return
            after = str(rows[-1]["id"])

    def _page(self, after: str) -> tuple[list[Mapping[str, Json]], bool]:
        where = {"limit": str(_LISTED_AT_ONCE)} | ({"after": after} if after else {})
        answer = self._tried(lambda: self._http.get(self._url("batches"), params=where))
        rows = self._said(answer, "data")
        batches = [b for b in rows or () if isinstance(b, Mapping) and b.get("id")]
        return batches, bool(answer.json().get("has_more"))

    def _tried(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Return the answer to a request, sent again while what it meets may pass."""
        for failures in count(1):
            answer = self._attempt(send)
            if isinstance(answer, httpx.Response):
                return answer
            self._wait(answer, failures)
        raise AssertionError

    def _attempt(self, send: Callable[[], httpx.Response]) -> httpx.Response | _Passing:
        """Return the answer, which is a success or a 404; or what was met that may pass."""
        try:
            answer = send()
        except httpx.TransportError as lost:
            return _Passing(met=scrubbed(f"{type(lost).__name__} {lost}".strip(), self._key))
        if answer.is_success or answer.status_code == 404:
            return answer
        refusal = refusal_from(answer.status_code, answer.content, key=self._key)
        if not is_passing(answer.status_code):
            raise ModelError(self._refused(refusal))
        asked = retry_after(answer.headers, date=time.time())
        return _Passing(met=str(refusal), pause=asked)

    def _wait(self, passing: _Passing, failures: int) -> None:
        """Wait before the next attempt.

        Raises:
            ModelError: If there have been enough of them.
        """
        if failures > self._member.retries:
            raise ModelError(
                f"{self.shown}: gave up after {failures} tries: {passing.met}; what was sent goes "
                "on there, and the same command collects it"
            )
        time.sleep(self._backoff.pause(failures, passing.pause))

    def _said(self, answer: httpx.Response, name: str) -> Json:
        """Return a field of an answer.

        Raises:
            ModelError: If it has none.
        """
        if answer.status_code == 404:
            raise ModelError(self._refused(refusal_from(404, answer.content, key=self._key)))
        try:
            return answer.json()[name]
        except (ValueError, KeyError, TypeError) as bad:
            raise ModelError(
                f"{self.shown}: {answer.request.url.path} answered without {name!r}; "
                "is this a server with a Batch API?"
            ) from bad

    def _refused(self, refusal: Refusal) -> str:
        told = advice(refusal, self._member, answered=True)
        if refusal.status in (404, 405):
            told = "the Batch API is not served there; correct `base_url:` or use `client: openai`"
        return f"{self.shown}: {refusal}" + (f"; {told}" if told else "")

    def _url(self, path: str) -> str:
        """Return the address of a path beside that of chat completions."""
        parts = urlsplit(self._server.url)
        whole = parts.path.removesuffix("chat/completions") + path
        return parts._replace(path=whole).geturl()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passing:
    """What stood against a request, and may be gone the next time."""

    met: str
    pause: float | None = None
    """Seconds to wait, where the server asks for it."""


def _mark(batch: Mapping[str, Json]) -> str | None:
    metadata = batch.get("metadata")
    mark = metadata.get("curate") if isinstance(metadata, Mapping) else None
    return mark if isinstance(mark, str) else None


def _is_old(batch: Mapping[str, Json]) -> bool:
    created = batch.get("created_at")
    return isinstance(created, int | float) and created < time.time() - _LOOK_BACK
