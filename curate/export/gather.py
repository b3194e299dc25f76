"""The rows of one format, divided into splits, and what the format did not take."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curate.checks.format import validate
from curate.export.loadback import refuse_rounding
from curate.export.splits import split_of
from curate.export.writers import WRITERS, Example, Row, Unfit, Writer

__all__ = ["Gathered", "LeftOutRow", "gather", "line"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutRow:
    """A settled row that a format did not take."""

    curated_id: str
    format: str
    reason: str
    twin: str = ""
    """The settled row that gave the same row of the file."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """The rows of one format."""

    target: str
    splits: dict[str, list[Row]]
    """In the order of the settled rows."""
    sources: dict[str, list[str]]
    """The settled row that each row came from."""
    left_out: list[LeftOutRow] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """All rows, split after split."""
        return [row for rows in self.splits.values() for row in rows]

    def leave_out(self, curated: str, reason: str, twin: str = "") -> None:
        """Note that the format did not take a row."""
        row = LeftOutRow(curated_id=curated, format=self.target, reason=reason, twin=twin)
        self.left_out.append(row)


def gather(
    known: Sequence[Example],
    target: str,
    shares: Mapping[str, float],
    *,
    seed: int,
    strays: Sequence[str] = (),
) -> Gathered:
    """Return the rows of a format, by split, each checked by the target's validator.

    Args:
        known: Settled rows with their prompts.
        target: Name of the format.
        shares: Split to share.
        seed: For the division into splits.
        strays: Ids of settled rows whose record was not given.

    Raises:
        ConfigError: If there is no such format.
    """
    writer = WRITERS.get(target)
    out = Gathered(target=target, splits={s: [] for s in shares}, sources={s: [] for s in shares})
    seen: dict[str, str] = {}
    for stray in strays:
        out.leave_out(stray, "its record was not given")
    for example in known:
        split = split_of(example.record.group or example.record.id, shares, seed=seed)
        for row in _rows(example, writer, out):
            twin = seen.setdefault(line(row), example.curated.id)
            if twin != example.curated.id:
                out.leave_out(example.curated.id, "the same row as another one", twin)
                continue
            out.splits[split].append(row)
            out.sources[split].append(example.curated.id)
    _level(out)
    return out


def line(row: Row) -> str:
    """Return a row as a line of JSON that no reader splits in two.

    What `str.splitlines` takes for an end of line is escaped.
    """
    text = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(_LINE_ENDS) + "\n"


_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x7F, 0x85, 0x2028, 0x2029)}


def _rows(example: Example, writer: Writer, out: Gathered) -> Iterator[Row]:
    try:
        rows = writer(example)
        for row in rows:
            if out.target.startswith("trl-") and '"tool_calls"' in line(row):
                refuse_rounding(row)
    except Unfit as why:
        out.leave_out(example.curated.id, str(why))
        return
    for row in rows:
        wrong = validate(row, out.target)
        if wrong:
            out.leave_out(example.curated.id, "; ".join(wrong))
        else:
            yield row


def _level(out: Gathered) -> None:
    """Give all rows a `tools` column where one of them has it."""
    if out.target.startswith("trl-") and any("tools" in row for row in out.rows):
        for row in out.rows:
            row.setdefault("tools", "[]")
