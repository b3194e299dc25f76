"""What is in training files: every row read, every check run, every finding with its place.

In: files of any format that is read. Out: `Rows`, what each check `Found`, and from these
findings.jsonl, findings.parquet, summary.json, SARIF and the cleaned file.

    read = read_rows(["train.jsonl"])
    found = run_checks(chosen_checks(embed=False), read.rows, Context())
"""

from curate.audit.bar import DEFAULT_BAR, Bar, above, parse_bar
from curate.audit.fixing import Fixed, fix, targets_of
from curate.audit.outputs import Audited, AuditedFile, found_again, write_findings, write_summary
from curate.audit.reading import ReadRows, read_rows
from curate.audit.running import (
    BROKE,
    chosen_checks,
    masking_checks,
    run_checks,
    without_secrets,
)
from curate.audit.sarif import sarif
from curate.audit.vectors import distinct_texts, row_vectors
from curate.audit.watching import Watches

__all__ = [
    "BROKE",
    "DEFAULT_BAR",
    "Audited",
    "AuditedFile",
    "Bar",
    "Fixed",
    "ReadRows",
    "Watches",
    "above",
    "chosen_checks",
    "distinct_texts",
    "fix",
    "found_again",
    "masking_checks",
    "parse_bar",
    "read_rows",
    "row_vectors",
    "run_checks",
    "sarif",
    "targets_of",
    "without_secrets",
    "write_findings",
    "write_summary",
]
