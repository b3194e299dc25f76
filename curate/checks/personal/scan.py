"""Looking at many texts: RE2 finds the few that may hold something, Python looks at those."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.personal.match import Match, Recogniser, outside_placeholders, resolved
from curate.checks.personal.recognisers import RECOGNISERS

__all__ = ["find", "scan", "scan_texts", "settled"]


def find(
    text: str,
    recognisers: Sequence[Recogniser] = (),
    threshold: float = 0.5,
    kinds: Collection[str] = (),
) -> list[Match]:
    """Return what is personal or secret in one text, in order, without overlaps.

    Args:
        text: Any text.
        recognisers: What looks; empty = all of the house.
        threshold: Matches less sure than this are left out.
        kinds: Which kinds count; empty = all.

    >>> find("Write to jo@curate.dev")
    [Match(start=9, end=22, kind='email', sure=0.8)]
    """
    return _looked(text, recognisers or RECOGNISERS, threshold, frozenset(kinds))


def scan(
    texts: pa.Array,
    recognisers: Sequence[Recogniser] = (),
    threshold: float = 0.5,
    kinds: Collection[str] = (),
) -> dict[int, list[Match]]:
    """Return row to what `find` gives for its text, for the rows with any; null rows have none.

    Args:
        texts: Arrow array of texts, shape (n,).
        recognisers: As of `find`.
        threshold: As of `find`.
        kinds: As of `find`.
    """
    wanted, looks = frozenset(kinds), recognisers or RECOGNISERS
    chosen = _at_the_gates(texts, looks)
    hits: dict[int, list[Match]] = {}
    rows = sorted(chosen)
    for at in range(0, len(rows), _CHUNK):
        some = rows[at : at + _CHUNK]
        for row, text in zip(some, texts.take(pa.array(some)).to_pylist(), strict=True):
            found = _looked(text, [looks[n] for n in chosen[row]], threshold, wanted)
            if found:
                hits[row] = found
    return hits


def scan_texts(
    texts: Sequence[str | None],
    recognisers: Sequence[Recogniser] = (),
    threshold: float = 0.5,
    kinds: Collection[str] = (),
    leads: Sequence[str] = (),
) -> dict[int, list[Match]]:
    """Return what `scan` gives, of texts in a sequence.

    Args:
        texts: Texts, or None.
        recognisers: As of `find`.
        threshold: As of `find`.
        kinds: As of `find`.
        leads: What stands before each text and says what it is (``ssn: ``), itself not looked at.
    """
    led = [t and lead + t for t, lead in zip(texts, leads, strict=True)] if leads else texts
    hits = scan(_column(led), recognisers, threshold, kinds)
    return _moved(hits, leads) if leads else hits


_CHUNK = 10_000


def _at_the_gates(texts: pa.Array, looks: Sequence[Recogniser]) -> dict[int, list[int]]:
    """Return row to the recognisers whose gate its text passes, in their order."""
    through = _through(texts, list(dict.fromkeys(look.gate for look in looks)))
    chosen: dict[int, list[int]] = {}
    for n, look in enumerate(looks):
        for row in through[look.gate]:
            chosen.setdefault(row, []).append(n)
    return chosen


def _through(texts: pa.Array, gates: Sequence[str]) -> dict[str, list[int]]:
    """Return gate to rows: a few gates at once, and each by itself on the rows that pass some.

    `_AT_ONCE` gates together cost RE2 little more than one; many more burst its automaton.
    """
    rows: dict[str, list[int]] = {}
    for at in range(0, len(gates), _AT_ONCE):
        some = gates[at : at + _AT_ONCE]
        either = "" if "" in some else "|".join(f"(?:{gate})" for gate in some)
        passing = _rows(texts, either)
        subset = texts.take(pa.array(passing, pa.int64()))
        for gate in some:
            rows[gate] = [passing[n] for n in _rows(subset, gate)]
    return rows


_AT_ONCE = 8


def _rows(texts: pa.Array, gate: str) -> list[int]:
    mask: Any = pc.match_substring_regex(texts, gate) if gate else pc.is_valid(texts)
    held = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    rows: list[int] = np.flatnonzero(held).tolist()
    return rows


def _looked(
    text: str, looks: Sequence[Recogniser], threshold: float, kinds: frozenset[str]
) -> list[Match]:
    raw = [match for look in looks for match in look.find(text)]
    return settled(text, raw, threshold, kinds)


def settled(
    text: str, raw: Sequence[Match], threshold: float, kinds: Collection[str] = ()
) -> list[Match]:
    """Return which of all that recognisers claim of a text stands: sure enough, apart, wanted."""
    found = resolved(match for match in raw if match.sure >= threshold)
    wanted = [match for match in found if not kinds or match.kind in kinds]
    return outside_placeholders(text, wanted)


def _column(texts: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([t and _storable(t) for t in texts], pa.large_string())


def _storable(text: str) -> str:
    """Return a text of the same length that Arrow can hold: lone surrogates become ``?``."""
    return text.encode("utf-8", "replace").decode()


def _moved(hits: dict[int, list[Match]], leads: Sequence[str]) -> dict[int, list[Match]]:
    """Count the matches from where each text begins; drop those that begin in what leads it."""
    moved = {}
    for row, matches in hits.items():
        lead = len(leads[row])
        own = [
            m._replace(start=m.start - lead, end=m.end - lead) for m in matches if m.start >= lead
        ]
        if own:
            moved[row] = own
    return moved
