"""Rows that say the same: copies, near copies, paraphrases, leaks between splits, contradictions.

In: texts, vectors or `Rows`. Out: for each row the first of its copies; or, from a check, one
finding a cluster: the rows that are one too many, and the one that stays.
"""

from __future__ import annotations

from curate.checks.duplicates.exact import exact_duplicates
from curate.checks.duplicates.levels import split_levels
from curate.checks.duplicates.semantic import semantic_duplicates
from curate.measure.minhash import minhash_signatures, near_duplicates

__all__ = [
    "exact_duplicates",
    "minhash_signatures",
    "near_duplicates",
    "semantic_duplicates",
    "split_levels",
]
