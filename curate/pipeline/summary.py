"""What a command says when it is done: one line for people, one object for machines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.files import without_nan

__all__ = ["Summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts, files and remarks of one command."""

    stage: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: bool = False
    """Nothing was to be done: the project held the result already."""
    waiting: bool = False
    """The next step is a person's."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """More for machines; not printed for people."""

    def as_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object; NaN becomes null."""
        plain: dict[str, Any] = without_nan(self._fields())
        return plain

    def _fields(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "skipped": self.skipped,
            "waiting": self.waiting,
            "counts": dict(self.counts),
            "paths": list(self.paths),
            "notes": list(self.notes),
            **self.data,
        }

    def as_text(self) -> str:
        """Return the summary as lines for a terminal.

        >>> print(Summary(stage="ingest", counts={"records": 1319, "rejected": 0}).as_text())
        ingest   1,319 records · 0 rejected
        """
        facts = [" · ".join(_fact(name, value) for name, value in self.counts.items())]
        facts += [", ".join(self.paths)] if self.paths else []
        head = f"{self.stage:<8} {' → '.join(f for f in facts if f)}"
        head += " (as before)" if self.skipped else ""
        return "\n".join([head.rstrip(), *(f"         {note}" for note in self.notes)])


def _fact(name: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return f"{name} none"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name} {value}"
    return f"{value:,} {name}" if isinstance(value, int) else f"{name} {value:.3g}"
