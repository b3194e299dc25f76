"""Settled rows to training files that their trainer accepts.

In: `Curated` rows and the records they belong to. Out: a folder with one file a format and
split, a dataset card, a manifest, and the rows that a format did not take with the reason of
each; every file was loaded back by `datasets` and checked before anything earlier is replaced.
"""

from __future__ import annotations

from curate.export.publish import Exported, ExportedFile, LeftOutRow, export, formats_for
from curate.export.splits import split_of
from curate.export.writers import WRITERS, Example, Unfit, Writer

__all__ = [
    "WRITERS",
    "Example",
    "Exported",
    "ExportedFile",
    "LeftOutRow",
    "Unfit",
    "Writer",
    "export",
    "formats_for",
    "split_of",
]
