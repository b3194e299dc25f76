"""Ids of findings: the same ones for the same finding, in the files and on the page."""

from __future__ import annotations

import hashlib
from collections import Counter

from curate.checks.check import Found
from curate.checks.rows import Rows
from curate.records import Finding

__all__ = ["finding_ids"]

_DIGITS = 10


def finding_ids(found: Found, rows: Rows) -> list[str]:
    """Return an id for each finding of a check, from the places that it names.

    Two findings of the same places are told apart by their order: ``4f1c09a2b7-2``.

    >>> from curate.checks.rows import rows_of
    >>> one = Finding(check="echoes", severity="warning", message="", rows=(0,))
    >>> finding_ids(Found(check="echoes", findings=(one, one)), rows_of(["Hi"]))
    ['9f6dc6ea53', '9f6dc6ea53-2']
    """
    seen: Counter[str] = Counter()
    ids = []
    for finding in found.findings:
        digest = _digest(finding, rows)
        seen[digest] += 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return ids


def _digest(finding: Finding, rows: Rows) -> str:
    at_fault = ",".join(rows.place(row) for row in finding.rows)
    against = ",".join(rows.place(row) for row in finding.against)
    text = f"{finding.check}\n{at_fault}\n{against}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
