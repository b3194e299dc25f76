"""One HTML page a project: what was chosen and why, who answered, what came out.

In: a `Page` of plain rows and arrays, and `project_2d` to lay its map out. Out: `render(page)`,
one self-contained text: no network, no other file, nothing in the data can run.
"""

from curate.report.page import (
    Agreement,
    Annotator,
    Committee,
    Completion,
    Composition,
    ExportFile,
    Map,
    Measure,
    Member,
    Mix,
    Page,
    QueueRow,
    Scores,
    Step,
    Truth,
)
from curate.report.progress import (
    Foretold,
    Grown,
    NewLogs,
    Progress,
    Reason,
    RoundRow,
    Share,
    Span,
)
from curate.report.projection import project_2d
from curate.report.render import render

__all__ = [
    "Agreement",
    "Annotator",
    "Committee",
    "Completion",
    "Composition",
    "ExportFile",
    "Foretold",
    "Grown",
    "Map",
    "Measure",
    "Member",
    "Mix",
    "NewLogs",
    "Page",
    "Progress",
    "QueueRow",
    "Reason",
    "RoundRow",
    "Scores",
    "Share",
    "Span",
    "Step",
    "Truth",
    "project_2d",
    "render",
]
