"""The page of an audit: what is wrong with training files, how much of it, and where.

In: an `AuditPage` of rows, what checks found in them, and what the bar was. Out:
`render_audit(page)`, one self-contained HTML text; and `finding_ids`, by which the marks that
a reader sets on the page find back to `findings.jsonl`.
"""

from curate.report.audit.ids import finding_ids
from curate.report.audit.page import AuditFile, AuditPage
from curate.report.audit.render import render_audit

__all__ = ["AuditFile", "AuditPage", "finding_ids", "render_audit"]
