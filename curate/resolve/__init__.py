"""Answers to settled rows.

In: the `Response`s of a round and the `Item`s they answer. Out: a `Resolution`: one `Curated` row
per settled item (per pair of a ranking), what stayed undecided, what did not count, each with its
reason, and how far people agreed.
"""

from __future__ import annotations

from curate.resolve.answers import PREFERENCE, QUALITY, RANKING, REASON, REWRITE, LeftOut
from curate.resolve.consensus import Agreement, Annotator
from curate.resolve.resolution import Resolution, Undecided, resolve
from curate.resolve.table import curated_from, curated_table

__all__ = [
    "PREFERENCE",
    "QUALITY",
    "RANKING",
    "REASON",
    "REWRITE",
    "Agreement",
    "Annotator",
    "LeftOut",
    "Resolution",
    "Undecided",
    "curated_from",
    "curated_table",
    "resolve",
]
