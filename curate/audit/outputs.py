"""What an audit found, for machines: findings.jsonl, findings.parquet, summary.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from curate.audit.bar import UNREADABLE
from curate.checks.check import Check, Found
from curate.checks.evidence import excerpt
from curate.checks.rows import Rows
from curate.files import beside, without_nan, write_json, write_table
from curate.records import Evidence, Finding, Rejected
from curate.report.audit.hidden import Hidden
from curate.report.audit.ids import finding_ids

__all__ = [
    "FINDINGS",
    "Audited",
    "AuditedFile",
    "found_again",
    "shown_text",
    "write_findings",
    "write_summary",
]

Json = Any

FINDINGS = pa.schema(
    [
        ("finding", pa.string()),
        ("check", pa.string()),
        ("family", pa.string()),
        ("severity", pa.string()),
        ("score", pa.float64()),
        ("message", pa.string()),
        ("at_fault", pa.bool_()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("row", pa.int64()),
        ("id", pa.string()),
        ("field", pa.string()),
        ("excerpt", pa.string()),
    ]
)
"""findings.parquet: a line for each row of each finding; `at_fault` is false for rows that stay
and explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFile:
    """One file that was audited."""

    name: str
    rows: int
    rejected: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Everything that an audit comes to."""

    rows: Rows
    checks: tuple[Check, ...]
    found: tuple[Found, ...]
    """Of each check."""
    masks: tuple[Found, ...] = ()
    """What checks that were not asked for found to be secret: it is masked all the same."""
    files: tuple[AuditedFile, ...]
    rejected: tuple[Rejected, ...] = ()
    over: Mapping[str, str] = field(default_factory=dict)
    """Check that is above the bar: why."""
    options: Mapping[str, Json] = field(default_factory=dict)
    """What the audit was asked for."""
    show_text: bool = True
    """False leaves the rows' texts out of everything that is written."""


def write_findings(folder: Path, audited: Audited) -> tuple[Path, Path]:
    """Write every finding, as JSON lines and as a table, and return their paths.

    Secrets are masked in every text. The same audit gives the same bytes.
    """
    hidden = _hidden(audited)
    lines, table = folder / "findings.jsonl", folder / "findings.parquet"
    with beside(lines) as draft, draft.open("wb") as file:
        file.writelines(_line(row) for row in _rejected(audited))
        for check, finding, id in _all(audited):
            file.write(_line({"id": id, **_as_json(audited, check, finding, hidden)}))
    write_table(table, _table(audited, hidden))
    return lines, table


def _hidden(audited: Audited) -> Hidden:
    return Hidden(audited.rows, (*audited.found, *audited.masks))


def write_summary(path: Path, audited: Audited, *, versions: Mapping[str, str]) -> None:
    """Write what was looked at, what each check found, and what is above the bar."""
    hidden = _hidden(audited)
    write_json(
        path,
        {
            "files": [
                {"name": f.name, "rows": f.rows, "rejected": f.rejected, "sha256": f.sha256}
                for f in audited.files
            ],
            "rows": len(audited.rows),
            "rejected": len(audited.rejected),
            "above_the_bar": dict(audited.over),
            "checks": [
                _check(check, found, hidden)
                for check, found in zip(audited.checks, audited.found, strict=True)
            ],
            "options": dict(audited.options),
            "versions": dict(versions),
        },
    )


def _check(check: Check, found: Found, hidden: Hidden) -> dict[str, Json]:
    return {
        "name": check.name,
        "family": check.family,
        "severity": check.severity,
        "about": check.about,
        "findings": len(found.findings),
        "rows": found.n_rows,
        "looked_at": found.looked_at,
        "rate": found.rate,
        "skipped": found.skipped or None,
        "figures": hidden.everywhere(dict(found.figures)),
    }


def _all(audited: Audited) -> Iterator[tuple[Check, Finding, str]]:
    """Yield every finding with its check and its id, which the page's marks name too."""
    for check, found in zip(audited.checks, audited.found, strict=True):
        ids = finding_ids(found, audited.rows)
        for finding, id in zip(found.findings, ids, strict=True):
            yield check, finding, id


def _line(row: Mapping[str, Json]) -> bytes:
    return json.dumps(without_nan(row), ensure_ascii=False).encode() + b"\n"


def _rejected(audited: Audited) -> Iterator[dict[str, Json]]:
    for row in audited.rejected:
        yield {
            "id": f"{row.file}:{row.line}",
            "check": UNREADABLE,
            "family": "format",
            "severity": "error",
            "score": math.nan,
            "message": row.reason,
            "rows": [{"file": row.file, "line": row.line}],
            "against": [],
            "evidence": [],
        }


def _as_json(audited: Audited, check: Check, finding: Finding, hidden: Hidden) -> dict[str, Json]:
    rows = audited.rows
    return {
        "check": check.name,
        "family": check.family,
        "severity": finding.severity,
        "score": finding.score,
        "message": finding.message,
        "rows": [_place(rows, row, hidden) for row in finding.rows],
        "against": [_place(rows, row, hidden) for row in finding.against],
        "evidence": [_evidence(audited, one, hidden) for one in finding.evidence],
    }


def _place(rows: Rows, row: int, hidden: Hidden) -> dict[str, Json]:
    place = {"file": rows.files[rows.file[row]], "line": int(rows.line[row]), "row": row}
    id = rows.column("id")[row].as_py()
    return place if id is None else place | {"id": hidden.say(id)}


def _evidence(audited: Audited, one: Evidence, hidden: Hidden) -> dict[str, Json]:
    said: dict[str, Json] = {
        "row": one.row,
        "field": one.field,
        "spans": [list(span) for span in one.spans],
        "note": one.note,
        "secret": one.secret,
    }
    if audited.show_text:
        said |= {"excerpt": shown_text(audited.rows, one, hidden), "beside": one.beside}
    said |= {"beside_name": one.beside_name, "beside_spans": [list(s) for s in one.beside_spans]}
    return said


def shown_text(rows: Rows, one: Evidence, hidden: Hidden, most: int = 200) -> str:
    """Return a piece of the text that an evidence points into, secrets masked."""
    if one.field == "row":
        return ""
    text = getattr(rows, one.field)[one.row].as_py() or ""
    return excerpt(text, one.spans, secret=hidden.spans(one.row, one.field), most=most).text


def _table(audited: Audited, hidden: Hidden) -> pa.Table:
    columns: list[list[Json]] = [[] for _ in FINDINGS]
    for check, finding, id in _all(audited):
        told = {one.row: one for one in reversed(finding.evidence)}
        for at_fault, rows in ((True, finding.rows), (False, finding.against)):
            for row in rows:
                place, one = _place(audited.rows, row, hidden), told.get(row)
                text = shown_text(audited.rows, one, hidden) if one and audited.show_text else None
                cells = (
                    *(id, check.name, check.family, finding.severity, finding.score),
                    *(finding.message, at_fault, place["file"], place["line"], row),
                    *(place.get("id"), one.field if one else None, text),
                )
                for column, cell in zip(columns, cells, strict=True):
                    column.append(cell)
    arrays = [pa.array(values, f.type) for values, f in zip(columns, FINDINGS, strict=True)]
    return pa.table(arrays, schema=FINDINGS)


def found_again(path: Path, checks: Sequence[Check], summary: Mapping[str, Json]) -> list[Found]:
    """Read what an audit found back from its files, as `write_findings` wrote it.

    Args:
        path: findings.jsonl.
        checks: In the order in which they are wanted.
        summary: summary.json as parsed.
    """
    findings: dict[str, list[Finding]] = {}
    with path.open("rb") as file:
        for line in file:
            said = msgspec.json.decode(line)
            if said["check"] != UNREADABLE:
                findings.setdefault(said["check"], []).append(_finding(said))
    said_of = {one["name"]: one for one in summary["checks"]}
    return [
        Found(
            check=check.name,
            findings=tuple(findings.get(check.name, ())),
            looked_at=said_of[check.name]["looked_at"],
            skipped=said_of[check.name]["skipped"] or "",
            figures=said_of[check.name]["figures"],
        )
        for check in checks
    ]


def _finding(said: Mapping[str, Json]) -> Finding:
    score = said["score"]
    return Finding(
        check=said["check"],
        severity=said["severity"],
        message=said["message"],
        rows=tuple(row["row"] for row in said["rows"]),
        against=tuple(row["row"] for row in said["against"]),
        score=math.nan if score is None else score,
        evidence=tuple(
            Evidence(
                row=one["row"],
                field=one["field"],
                spans=tuple((a, b) for a, b in one["spans"]),
                note=one["note"],
                beside=one.get("beside", ""),
                beside_name=one["beside_name"],
                beside_spans=tuple((a, b) for a, b in one["beside_spans"]),
                secret=one["secret"],
            )
            for one in said["evidence"]
        ),
    )
