"""The checks of an audit in the order in which they are read: the worst first, by family."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.checks.check import Check, Found
from curate.records import Severity
from curate.report.audit.page import AuditPage

__all__ = [
    "SEVERITIES",
    "Listed",
    "fault",
    "listed",
    "passed",
    "rows_of_findings",
    "skipped",
]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A check with what it found."""

    check: Check
    found: Found
    severity: Severity
    """The worst of its findings."""
    rows: npt.NDArray[np.int64]
    """Rows at fault, ascending."""
    threshold: float
    """As it was for this audit; NaN = none."""
    over: str
    """Why it is over the bar; "" = it is not."""

    @property
    def anchor(self) -> str:
        """What its section is called in addresses."""
        return "check-" + re.sub(r"[^\w-]+", "-", self.check.name)

    @property
    def rate(self) -> float:
        """Share of the rows looked at that are at fault; NaN where none were looked at."""
        n = self.found.looked_at
        return len(self.rows) / n if n else math.nan


def listed(page: AuditPage) -> list[Listed]:
    """Return the checks that found something, errors first, then by family and in order."""
    families = list(dict.fromkeys(check.family for check in page.checks))
    some = [_listed(page, check, found) for check, found in _pairs(page) if _says(found)]
    return sorted(
        some, key=lambda e: (SEVERITIES.index(e.severity), families.index(e.check.family))
    )


def passed(page: AuditPage) -> list[tuple[Check, Found]]:
    """Return the checks that looked and found nothing."""
    return [(c, f) for c, f in _pairs(page) if not _says(f) and not f.skipped]


def skipped(page: AuditPage) -> list[tuple[Check, Found]]:
    """Return the checks that could not look, or not at all rows, and say why."""
    return [(c, f) for c, f in _pairs(page) if f.skipped]


def _says(found: Found) -> bool:
    return bool(found.findings)


def _pairs(page: AuditPage) -> list[tuple[Check, Found]]:
    checks = {check.name: check for check in page.checks}
    missing = sorted({found.check for found in page.found} - set(checks))
    if missing:
        raise ValueError(f"found without its check: {', '.join(missing)}")
    by_name = {found.check: found for found in page.found}
    return [(check, by_name[name]) for name, check in checks.items() if name in by_name]


def _listed(page: AuditPage, check: Check, found: Found) -> Listed:
    worst = min(SEVERITIES.index(finding.severity) for finding in found.findings)
    return Listed(
        check=check,
        found=found,
        severity=SEVERITIES[worst],
        rows=rows_of_findings(found),
        threshold=page.thresholds.get(check.name, check.threshold),
        over=page.over.get(check.name, ""),
    )


def rows_of_findings(found: Found, severity: Severity | None = None) -> npt.NDArray[np.int64]:
    """Return the rows at fault, of one severity or of any, ascending."""
    some = [f.rows for f in found.findings if severity in (None, f.severity)]
    flat = np.fromiter((row for rows in some for row in rows), np.int64)
    return np.unique(flat)


def fault(page: AuditPage, severities: Sequence[Severity]) -> npt.NDArray[np.bool_]:
    """Return which rows have a finding of these severities, shape (n_rows,)."""
    mask = np.zeros(len(page.rows), np.bool_)
    for found in page.found:
        for severity in severities:
            mask[rows_of_findings(found, severity)] = True
    return mask
