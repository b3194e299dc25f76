"""A small language for rules about rows: `metadata.tier == 'high-risk' and not source ~ 'test'`.

In: a rule as text, columns as Arrow arrays or sequences. Out: for each row whether the rule holds.
"""

from __future__ import annotations

from curate.where.cells import Column
from curate.where.language import Rule, parse

__all__ = ["Column", "Rule", "parse"]
