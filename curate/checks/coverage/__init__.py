"""What a set covers: of production, of the version before, of its own classes.

In: rows, their vectors where there are some, and what they are held against. Out: holes named by
their words, what tells versions apart, and effective numbers.
"""

from __future__ import annotations

from curate.checks.coverage.classes import class_balance
from curate.checks.coverage.drift import names_apart
from curate.checks.coverage.effective import effective_size
from curate.checks.coverage.holes import Hole, holes, usual_nearness
from curate.checks.coverage.vectors import word_vectors

__all__ = [
    "Hole",
    "class_balance",
    "effective_size",
    "holes",
    "names_apart",
    "usual_nearness",
    "word_vectors",
]
