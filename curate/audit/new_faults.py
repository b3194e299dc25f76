"""What checks find in one version and did not find in the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curate.checks.check import Found
from curate.records import Finding

__all__ = ["NewFaults", "new_faults"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFaults:
    """What one check says of both versions."""

    check: str
    before: int
    """Rows at fault in the version before."""
    after: int
    new: tuple[tuple[int, Finding], ...] = ()
    """Rows of the version after that are at fault and were not, with what is said of them."""
    mended: tuple[int, ...] = ()
    """Rows of the version before that were at fault, and are no longer (or are gone)."""
    skipped: str = ""
    """Why the check could not look."""


def new_faults(before: Found, after: Found, pairs: tuple[Ints, Ints]) -> NewFaults:
    """Return what is new in a version.

    Copies come in companies: of some copies it makes no difference which one stays. A row is
    therefore known where the row that it was stood in a finding too, on either side of it.

    Args:
        before: What a check found in the version before.
        after: What it found in the version after.
        pairs: Rows of the version before, and the rows that they have become.
    """
    became = dict(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))
    was = {new: old for old, new in became.items()}
    old_rows, new_rows = _involved(before.findings), _involved(after.findings)
    said = {row: finding for finding in after.findings for row in finding.rows}
    return NewFaults(
        check=after.check,
        before=before.n_rows,
        after=after.n_rows,
        new=tuple((row, said[row]) for row in sorted(said) if was.get(row) not in old_rows),
        mended=tuple(
            row
            for row in sorted({row for finding in before.findings for row in finding.rows})
            if became.get(row) not in new_rows
        ),
        skipped=before.skipped or after.skipped,
    )


def _involved(findings: Sequence[Finding]) -> set[int | None]:
    return {row for finding in findings for row in (*finding.rows, *finding.against)}
