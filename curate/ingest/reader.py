"""What a reader is: one shape of rows, how to know it, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from curate.ingest.exchange import Context, Exchange, RowError

__all__ = ["Reader"]

Json = Any
Row = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One shape of rows."""

    name: str
    about: str
    """What writes such rows, in a few words."""
    matches: Callable[[Row], bool]
    """Whether a row has this shape; cheap, and never raises on any JSON object."""
    read: Callable[[Row, Context], Iterable[Exchange | RowError]]
    """A row's exchanges, a `RowError` in place of a part that cannot be read; raises it where the
    row as a whole cannot."""
    thread: Callable[[Row], str | None] | None = None
    """For shapes of which one exchange spans several rows that follow each other: what they
    share; `read` then gets ``{"rows": [...]}``."""
    request: Callable[[Row], tuple[str, Row] | None] | None = None
    """For shapes whose prompts stand in files of their own (batch inputs): a row's name and
    request, None for rows that are answers."""
    typed: Callable[[bytes], Exchange] | None = None
    """A short cut for the commonest rows of the shape: from a line's bytes to what `read` makes
    of it; raises `msgspec.DecodeError` for every other row, which then takes the usual way."""
