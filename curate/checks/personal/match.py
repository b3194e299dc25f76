"""What a recogniser is, what it gives back, and who wins where two claim the same characters."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

__all__ = [
    "CHECKED",
    "CONTEXT",
    "FORMAT",
    "PLACEHOLDER",
    "WEAK",
    "Match",
    "Pattern",
    "Recogniser",
    "outside_placeholders",
    "resolved",
]

CHECKED = 1.0
"""A check digit, a checksum or a structure holds that chance would rarely make."""
FORMAT = 0.8
"""The way it is written is that of the kind, and hardly of anything else."""
CONTEXT = 0.6
"""The words beside it say what it is."""
WEAK = 0.3
"""It may be one: an address of a private network, a card number of the test books."""

PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]{1,20}_[0-9A-HJKMNP-TV-Z]{8,40}>")
"""What redaction puts in place of a value; never personal itself."""


class Match(NamedTuple):
    """A stretch of a text that is personal or secret."""

    start: int
    end: int
    """Half-open: the character after the last."""
    kind: str
    """A name of `KINDS`, or of a kind of one's own."""
    sure: float
    """0 to 1: `CHECKED`, `FORMAT`, `CONTEXT`, `WEAK`."""


@runtime_checkable
class Recogniser(Protocol):
    """Anything that finds matches in a text: a pattern, or a model of one's own.

    A wrapper of presidio or of a named-entity model needs no more than these two.
    """

    @property
    def gate(self) -> str:
        """RE2 expression that every text with a match contains; empty = look at every text."""
        ...

    def find(self, text: str) -> Iterable[Match]:
        """Return the matches in one text."""
        ...


Judge = Callable[[str, str, str], float]
"""(value, `REACH` characters before it, as many after it) to how sure; 0 = it is none."""

REACH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A kind that an expression proposes and a judge settles.

    Expressions run in time linear in the text: every repeat is bounded, and a look-behind keeps
    a match from beginning inside a run that was looked at already.
    """

    kind: str
    gate: str
    regex: re.Pattern[str]
    """Its group ``value`` is the match where it has one, else the whole."""
    judge: Judge
    trims: int = 0
    """How many groups at its end a value may lose, where it has swallowed a number that follows."""

    def find(self, text: str) -> Iterator[Match]:
        """Yield the matches of one text in order."""
        group = "value" if "value" in self.regex.groupindex else 0
        for hit in self.regex.finditer(text):
            yield from self._judged(text, *hit.span(group))

    def _judged(self, text: str, start: int, end: int) -> Iterator[Match]:
        for _ in range(self.trims + 1):
            before, after = text[max(0, start - REACH) : start], text[end : end + REACH]
            sure = self.judge(text[start:end], before, after)
            if sure:
                yield Match(start, end, self.kind, sure)
                return
            end = text.rfind(" ", start, end)
            if end <= start:
                return


def resolved(matches: Iterable[Match]) -> list[Match]:
    """Return matches in order that do not overlap: the longest wins, then the surest, the first.

    >>> resolved([Match(5, 9, "phone", 0.6), Match(0, 9, "card", 1.0), Match(9, 12, "ip", 0.8)])
    [Match(start=0, end=9, kind='card', sure=1.0), Match(start=9, end=12, kind='ip', sure=0.8)]
    """
    ranked = sorted(matches, key=lambda m: (m.start - m.end, -m.sure, m.start, m.kind))
    kept: list[Match] = []
    for match in ranked:
        at = bisect.bisect_left(kept, match.end, key=_start)
        if at == 0 or kept[at - 1].end <= match.start:
            kept.insert(at, match)
    return kept


def _start(match: Match) -> int:
    return match.start


def outside_placeholders(text: str, matches: Sequence[Match]) -> list[Match]:
    """Return the matches that touch no placeholder of an earlier redaction."""
    if not matches or "<" not in text:
        return list(matches)
    ends = {hit.end(): hit.start() for hit in PLACEHOLDER.finditer(text)}
    order = list(ends)
    return [match for match in matches if not _touches(match, order, ends)]


def _touches(match: Match, order: list[int], ends: dict[int, int]) -> bool:
    """Say whether the first placeholder that ends after the match begins, begins before it ends."""
    at = bisect.bisect_right(order, match.start)
    return at < len(order) and ends[order[at]] < match.end
