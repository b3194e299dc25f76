"""Where rows come from, under which terms, and whether their files are still the same.

In: rows, and the folder that their files stand in. Out: rows without an origin, licences that
clash, files that were altered.
"""

from __future__ import annotations

from curate.checks.provenance.columns import clashes, missing_from
from curate.checks.provenance.licenses import LICENSES, License, license_of
from curate.checks.provenance.manifest import Listed, altered_files, listed_beside

__all__ = [
    "LICENSES",
    "License",
    "Listed",
    "altered_files",
    "clashes",
    "license_of",
    "listed_beside",
    "missing_from",
]
