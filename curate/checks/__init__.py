"""What can be wrong with rows; used where rows are cleaned, audited and exported.

In: rows as plain values. Out: sentences, or `Finding`s that name rows.
"""

from __future__ import annotations

from curate.checks.format import TARGETS, findings, normal_form, validate

__all__ = ["TARGETS", "findings", "normal_form", "validate"]
