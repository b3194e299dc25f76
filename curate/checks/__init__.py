"""What can be wrong with rows; used where rows are cleaned, audited and exported.

In: rows as plain values, or `Rows`: columns of texts with where each row stands. Out: sentences,
or what was `Found`: `Finding`s that name rows and show the evidence, with figures on the whole.
"""

from __future__ import annotations

from curate.checks.catalogue import CHECKS
from curate.checks.check import Beside, Check, Context, Found
from curate.checks.contamination import contaminated
from curate.checks.duplicates import exact_duplicates, near_duplicates, semantic_duplicates
from curate.checks.format import TARGETS, findings, normal_form, validate
from curate.checks.personal import Redactor, Vault, redact, restore
from curate.checks.rows import Rows, rows_of

__all__ = [
    "CHECKS",
    "TARGETS",
    "Beside",
    "Check",
    "Context",
    "Found",
    "Redactor",
    "Rows",
    "Vault",
    "contaminated",
    "exact_duplicates",
    "findings",
    "near_duplicates",
    "normal_form",
    "redact",
    "restore",
    "rows_of",
    "semantic_duplicates",
    "validate",
]
