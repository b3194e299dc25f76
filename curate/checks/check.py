"""What a check is, what it may look at, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from curate.checks.rows import Rows
from curate.console import Progress
from curate.records import Finding, Severity

__all__ = ["NOTHING_TO_LOOK_AT", "Beside", "Check", "Context", "Family", "Found", "Need"]

Vectors = npt.NDArray[np.float32]
Family = Literal[
    "duplicates",
    "contamination",
    "labels",
    "bias",
    "quality",
    "personal",
    "format",
    "coverage",
    "provenance",
]
Need = Literal["vectors", "benchmarks", "logs", "before"]


NOTHING_TO_LOOK_AT = "no row holds a text that it can look at"
"""Why a check that looked at no row and gives no reason was skipped."""


def _quiet(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Other rows that the audited ones are held against: a benchmark, logs, an earlier version."""

    name: str
    rows: Rows
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    """As `Context.vectors`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What checks may look at besides the rows."""

    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Check to its threshold, where it is not the default."""
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    """``asked``, ``answer``, ``rejected`` to unit vectors, shape (n_rows, n_dims), perhaps memory
    mapped; rows without that text are all zero. Empty: nothing was embedded."""
    benchmarks: tuple[Beside, ...] = ()
    logs: Beside | None = None
    before: Beside | None = None
    """The version before, for drift and `curate diff`."""
    languages: tuple[str, ...] = ()
    """Codes (ISO 639-1) that rows are expected in; empty = the one that most rows are in."""
    token_limit: int | None = None
    """Most tokens that the trainer takes of a row; None = no limit."""
    tokenizer: Literal["o200k_base", "cl100k_base"] = "o200k_base"
    required: tuple[str, ...] = ()
    """Columns that every row must have (provenance); empty = what most rows have."""
    seed: int = 7
    workers: int = 2
    """Processes or threads at most."""
    progress: Progress = _quiet

    def threshold(self, check: Check) -> float:
        """Return the threshold of a check."""
        return self.thresholds.get(check.name, check.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one check says of all rows."""

    check: str
    findings: tuple[Finding, ...] = ()
    looked_at: int = 0
    """Rows that the check could look at: its rate is the share of these that are at fault."""
    skipped: str = ""
    """Why it could not look at all, and what to do; said of itself where no row was looked at."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Facts on the whole set, of JSON's kinds: rates, effect sizes, histograms."""

    def __post_init__(self) -> None:
        if not (self.looked_at or self.skipped or self.findings):
            object.__setattr__(self, "skipped", NOTHING_TO_LOOK_AT)

    @property
    def n_rows(self) -> int:
        """How many rows are at fault."""
        return len({row for finding in self.findings for row in finding.rows})

    @property
    def rate(self) -> float:
        """Share of the rows looked at that are at fault; NaN where none were looked at."""
        return self.n_rows / self.looked_at if self.looked_at else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that can be wrong with rows."""

    name: str
    family: Family
    about: str
    """One sentence: what it flags."""
    severity: Severity
    threshold: float
    """NaN where there is none."""
    means: str = ""
    """What the threshold measures, with its unit, and which side is flagged."""
    run: Callable[[Rows, Context], Found]
    needs: tuple[Need, ...] = ()
    """What must be given for it to look at all; `vectors` ones are left out by --no-embed."""
    fixes: bool = True
    """Whether --fix may take out its rows; figures on the whole set are not mended so."""
    by_row: bool = False
    """Whether a row is judged by itself, so that batches and single answers can be checked."""
