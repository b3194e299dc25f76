"""What an audit's page shows: rows, what checks found in them, and what the bar was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Found
from curate.checks.rows import Rows
from curate.report.page import Agreement
from curate.report.progress import Progress

__all__ = ["AuditFile", "AuditPage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFile:
    """One file that was audited."""

    name: str
    rows: int
    """Rows that could be read."""
    rejected: int = 0
    """Rows that could not be read."""
    reasons: tuple[tuple[str, int], ...] = ()
    """Why they could not, most frequent first: (reason, rows)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Everything that the page of an audit shows."""

    title: str
    rows: Rows
    found: Sequence[Found]
    """One of each check that was run or skipped, in the order of `checks`."""
    checks: Sequence[Check]
    generated_from: Mapping[str, str]
    """Config hash, seed, versions: what the page can be made again from."""
    files: Sequence[AuditFile] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Check to its threshold, where it was not the default (`Context.thresholds`)."""
    bar: str = ""
    """What must not be exceeded, as a clause: "no errors, near-duplicates below 2 %"; "" = none
    was set."""
    over: Mapping[str, str] = field(default_factory=dict)
    """Check over the bar to the reason, as a sentence."""
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Check to the id of each of its findings, as the files have them; else `finding_ids`."""
    xy: npt.NDArray[np.floating] | None = None
    """Rows in the plane, shape (n_rows, 2), as `project_2d` gives it; NaN = not on the map;
    None = nothing was embedded."""
    clusters: npt.NDArray[np.integer] | None = None
    """Cluster of each row, shape (n_rows,), -1 = none; None: parts of the plane are named."""
    agreement: Agreement | None = None
    progress: Progress | None = None
    masks: Sequence[Found] = ()
    """What checks that were not asked for found to be secret: it is masked all the same."""
    all_findings: str = "findings.jsonl"
    """Where the findings stand of which the page shows only some."""
    show_text: bool = True
    """False leaves prompts, answers, what they are held against and labels out of the page."""
