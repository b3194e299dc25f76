"""The pool without what must not be in it: by rules, by checks, and without personal data.

In: tables of records, candidates and pairs, and the configuration. Out: `Cleaned`: the same
tables with what is left, and a row with its reason for all that was dropped or flagged.
"""

from __future__ import annotations

from curate.clean.cleaning import Cleaned, clean, clean_answers
from curate.clean.fates import DROPPED, FLAGGED
from curate.clean.faults import DEFAULTS, active
from curate.clean.redacting import Redacts
from curate.clean.rows import PoolRows, rows_from_pool
from curate.clean.rules import read_rules

__all__ = [
    "DEFAULTS",
    "DROPPED",
    "FLAGGED",
    "Cleaned",
    "PoolRows",
    "Redacts",
    "active",
    "clean",
    "clean_answers",
    "read_rules",
    "rows_from_pool",
]
