"""Files as rows: paths found, bytes decompressed, JSON, tables and Arrow cut into rows.

In: paths, folders and globs. Out: for each file a stream of `(line, value)`, where a value that
could not be read is an `Unreadable` with its reason. Nothing is held but the row at hand.
"""

from curate.ingest.files.decoding import LINE_LIMIT, Line, Mended, Unreadable, value_of
from curate.ingest.files.lines import ShortCut
from curate.ingest.files.paths import Source, find
from curate.ingest.files.rows import by_line, rows
from curate.ingest.files.streams import BROKEN, opened, why_broken

__all__ = [
    "BROKEN",
    "LINE_LIMIT",
    "Line",
    "Mended",
    "ShortCut",
    "Source",
    "Unreadable",
    "by_line",
    "find",
    "opened",
    "rows",
    "value_of",
    "why_broken",
]
