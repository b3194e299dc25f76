"""What a finding looks like beside what it is held against: texts with the spans that matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curate.checks.check import Family
from curate.checks.evidence import Spans, excerpt, joined
from curate.checks.rows import Rows
from curate.records import Evidence, Finding
from curate.report.audit.hidden import Hidden

__all__ = ["Pane", "Part", "panes"]

LABELS = {"prompt": "Prompt", "answer": "Answer", "rejected": "Rejected"}
_LOUD, _QUIET, _CONTEXT = 700, 500, 260
_MOST_PANES = 4
_COMPARED: tuple[Family, ...] = ("labels", "bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One text of a pane."""

    label: str
    text: str
    """An excerpt, secrets masked."""
    spans: Spans = ()
    """What matters, counted within `text`."""
    beyond: int = 0
    """Spans that lie outside the excerpt."""
    notes: tuple[str, ...] = ()
    """What is said of it."""

    def runs(self) -> Iterator[tuple[str, bool]]:
        """Yield the text piece by piece, each with whether it matters."""
        at = 0
        for start, end in self.spans:
            if start > at:
                yield self.text[at:start], False
            yield self.text[start:end], True
            at = end
        if at < len(self.text):
            yield self.text[at:], False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """One side of a finding: a row, or a text that is no audited row."""

    title: str
    place: str
    """``train.jsonl:12``."""
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    """What is said of it as a whole."""
    is_row: bool = True


def panes(finding: Finding, rows: Rows, hidden: Hidden, *, family: Family) -> tuple[Pane, ...]:
    """Return the sides of a finding: the row at fault first, then what it is held against.

    That is the text that evidence names, if any, or else the rows that stay and explain it, or
    else further rows at fault.
    """
    first = _first(finding, len(rows))
    if first is None:
        return tuple(_beside_of(finding.evidence, hidden)[:_MOST_PANES])
    title = "At fault" if first in finding.rows else "Row"
    sides = [_row_pane(title, first, finding, rows, hidden, family)]
    sides += _beside_of([e for e in finding.evidence if e.row == first], hidden)
    if len(sides) == 1:
        sides += [
            _row_pane(title, row, finding, rows, hidden, family)
            for title, row in _others(finding, first)
        ]
    return tuple(sides[:_MOST_PANES])


def _first(finding: Finding, n: int) -> int | None:
    known = {*finding.rows, *finding.against}
    named = [e.row for e in finding.evidence if e.row in known or (not e.beside and 0 <= e.row < n)]
    at_fault = [row for row in named if row in finding.rows] or list(finding.rows[:1])
    return next(iter(at_fault or named or finding.against), None)


def _others(finding: Finding, first: int) -> Iterator[tuple[str, int]]:
    for row in finding.against[: _MOST_PANES - 1]:
        if row != first:
            yield "Held against", row
    if not finding.against:
        for row in finding.rows[:_MOST_PANES]:
            if row != first:
                yield "At fault as well", row


def _row_pane(
    title: str, row: int, finding: Finding, rows: Rows, hidden: Hidden, family: Family
) -> Pane:
    here = [evidence for evidence in finding.evidence if evidence.row == row]
    is_pair = rows.rejected[row].is_valid
    needed: set[str] = {evidence.field for evidence in here}
    if is_pair and family in _COMPARED:
        needed |= {"answer", "rejected"}
    if not any(evidence.spans for evidence in finding.evidence):
        needed |= {"prompt", "answer"}
    parts = [
        _part(row, field, here, hidden, is_pair=is_pair, needed=needed)
        for field in LABELS
        if field != "rejected" or field in needed or not here
    ]
    notes = _notes(here, "row")
    kept = tuple(part for part in parts if part is not None)
    return Pane(title=title, place=rows.place(row), parts=kept, notes=notes)


def _part(
    row: int,
    field: str,
    here: Sequence[Evidence],
    hidden: Hidden,
    *,
    is_pair: bool,
    needed: set[str],
) -> Part | None:
    text = hidden.text(row, field)
    if text is None:
        return None
    label = "Chosen" if is_pair and field == "answer" else LABELS[field]
    spans = joined(span for e in here if e.field == field for span in e.spans)
    most = _LOUD if spans else _QUIET if field in needed else _CONTEXT
    return replace(_cut(label, text, spans, most, hidden), notes=_notes(here, field))


def _notes(here: Sequence[Evidence], field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.note for e in here if e.note and e.field == field))


def _cut(label: str, text: str, spans: Spans, most: int, hidden: Hidden) -> Part:
    inside = tuple((max(a, 0), min(b, len(text))) for a, b in spans if 0 <= a < b and a < len(text))
    piece = excerpt(text, inside, most=most)
    beyond = len(inside) - len(piece.spans)
    return Part(label=label, text=hidden.say(piece.text), spans=piece.spans, beyond=beyond)


def _beside_of(evidence: Sequence[Evidence], hidden: Hidden) -> list[Pane]:
    named: dict[tuple[str, str], Evidence] = {}
    for one in evidence:
        if one.beside:
            named.setdefault((one.beside_name, one.beside), one)
    return [_beside_pane(one, hidden) for one in named.values()]


def _beside_pane(evidence: Evidence, hidden: Hidden) -> Pane:
    secret = evidence.beside_spans if evidence.secret else ()
    text = hidden.masked(evidence.beside, secret)
    part = _cut(
        LABELS.get(evidence.field, "Text"), text, joined(evidence.beside_spans), _LOUD, hidden
    )
    name = evidence.beside_name or "elsewhere"
    return Pane(title="Held against", place=name, parts=(part,), is_row=False)
