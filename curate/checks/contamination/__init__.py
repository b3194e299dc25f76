"""Benchmarks in training rows.

In: training rows, and benchmarks by name. Out: which of a benchmark's items stand in which rows,
word for word, changed, or in other words, with the places on both sides.
"""

from __future__ import annotations

from curate.checks.contamination.rules import KINDS, THRESHOLD
from curate.checks.contamination.search import Match, contaminated

__all__ = ["KINDS", "THRESHOLD", "Match", "contaminated"]
