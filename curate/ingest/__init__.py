"""Files to records and candidates.

In: logs and datasets as people have them: JSONL, JSON, CSV, Parquet, Arrow, each also .gz or
.zst; files, folders, globs; every shape that `formats()` names, told apart by itself.
Out: a stream of `Batch`es, Arrow tables of the schemas `records.RECORDS`, `CANDIDATES` and
`PAIRS`, and every row that was dropped, with file, line and reason.

    for batch in read(["logs/*.jsonl.gz"]):
        ...
"""

from curate.ingest.batch import Batch
from curate.ingest.reading import Met, detect, formats, met, read

__all__ = ["Batch", "Met", "detect", "formats", "met", "read"]
