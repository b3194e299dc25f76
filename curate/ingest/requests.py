"""Requests that wait for their answers: batch inputs, kept in a file and not in memory."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Mapping
from typing import IO, Any

import msgspec

from curate.ingest.exchange import RowError
from curate.ingest.seen import Seen, hashed

__all__ = ["Requests"]

Json = Any
_LENGTH = struct.Struct("<Q")


class Requests:
    """Requests by name, in a temporary file that is there from the first one to `close`.

    >>> requests = Requests()
    >>> requests.put("request-1", {"messages": []})
    >>> requests.take("request-1"), requests.take("request-2"), requests.close()
    ({'messages': []}, None, None)
    """

    def __init__(self) -> None:
        self._open: IO[bytes] | None = None
        self._places = Seen("Q")
        self._taken = Seen("L")
        self._ambiguous: set[str] = set()

    def put(self, name: str, request: Mapping[str, Json]) -> None:
        """Keep a request; a second, different one of the same name makes the name useless."""
        raw = msgspec.json.encode(request)
        end = self._file.seek(0, 2)
        before = self._places.put(_key(name), end + 1)
        if not before:
            self._file.write(_LENGTH.pack(len(raw)) + raw)
        elif self._raw(before) != raw:
            self._ambiguous.add(name)

    def take(self, name: str) -> Mapping[str, Json] | None:
        """Return the request of that name, or None; it counts as answered from now on.

        Raises:
            RowError: If two input files have different requests of that name.
        """
        self._taken.put(_key(name), 1)
        if name in self._ambiguous:
            raise RowError(
                f"{name}: the input files hold different requests of that name; "
                "read each batch with its own input, in runs of their own"
            )
        place = self._places.find(_key(name))
        if not place:
            return None
        request: Mapping[str, Json] = msgspec.json.decode(self._raw(place))
        return request

    def was_taken(self, name: str) -> bool:
        """Say whether an answer asked for this request."""
        return bool(self._taken.find(_key(name)))

    def close(self) -> None:
        """Give up what was kept."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _file(self) -> IO[bytes]:
        if self._open is None:
            self._open = tempfile.TemporaryFile()
        return self._open

    def _raw(self, place: int) -> bytes:
        self._file.seek(place - 1)
        (length,) = _LENGTH.unpack(self._file.read(_LENGTH.size))
        return self._file.read(length)


def _key(name: str) -> int:
    return hashed(name)
