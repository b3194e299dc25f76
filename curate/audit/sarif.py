"""What an audit found as SARIF 2.1.0, which code hosts show beside the lines of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from curate.audit.bar import UNREADABLE
from curate.audit.outputs import Audited
from curate.checks.check import Check
from curate.records import Finding

__all__ = ["sarif"]

Json = Any

MOST_RESULTS = 25_000
"""As many as GitHub takes of one run; of these it shows the 5,000 that are most severe."""
_RELATED = 10
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(audited: Audited, *, version: str) -> dict[str, Json]:
    """Return the findings as a SARIF log (OASIS, 2020): one run, one rule a check.

    A finding stands at its first row; up to ten others are its related locations. Errors come
    first; of more than `MOST_RESULTS` the rest is counted in a notification, and stands in
    findings.jsonl.

    Args:
        audited: What was found.
        version: Of this package.
    """
    results = [*_unreadable(audited), *_results(audited)]
    results.sort(key=lambda result: _ORDER[result["level"]])
    left_out = len(results) - MOST_RESULTS
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": "curate",
                "semanticVersion": version,
                "rules": [_UNREADABLE_RULE, *(_rule(check) for check in audited.checks)],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(audited, left_out)],
        "artifacts": [{"location": {"uri": _uri(file.name)}} for file in audited.files],
        "results": results[:MOST_RESULTS],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ORDER = {"error": 0, "warning": 1, "note": 2}
_UNREADABLE_RULE = {
    "id": UNREADABLE,
    "shortDescription": {"text": "The row cannot be read."},
    "defaultConfiguration": {"level": "error"},
    "properties": {"tags": ["format"]},
}


def _rule(check: Check) -> dict[str, Json]:
    return {
        "id": check.name,
        "shortDescription": {"text": check.about},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"tags": [check.family]},
    }


def _invocation(audited: Audited, left_out: int) -> dict[str, Json]:
    notes = [
        {"level": "note", "message": {"text": f"{found.check}: not looked at: {found.skipped}"}}
        for found in audited.found
        if found.skipped
    ]
    if left_out > 0:
        text = f"{left_out:,} further results stand in findings.jsonl"
        notes.append({"level": "warning", "message": {"text": text}})
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _unreadable(audited: Audited) -> Iterator[dict[str, Json]]:
    for row in audited.rejected:
        yield _result(UNREADABLE, "error", row.reason, [_location(row.file, row.line)])


def _results(audited: Audited) -> Iterator[dict[str, Json]]:
    rows = audited.rows
    for check, found in zip(audited.checks, audited.found, strict=True):
        for finding in found.findings:
            at = [*finding.rows, *finding.against][: _RELATED + 1]
            places = [_location(rows.files[rows.file[r]], int(rows.line[r])) for r in at]
            places = places or [_location(audited.files[0].name, 0)]
            level = _LEVELS[finding.severity]
            result = _result(check.name, level, finding.message, places)
            yield result | _rank(finding)


def _rank(finding: Finding) -> dict[str, Json]:
    known = finding.score == finding.score
    return {"properties": {"score": finding.score}} if known else {}


def _result(rule: str, level: str, text: str, places: list[dict[str, Json]]) -> dict[str, Json]:
    first, *others = places
    where = first["physicalLocation"]
    mark = f"{rule}\n{where['artifactLocation']['uri']}\n{where.get('region')}\n{text}"
    result: dict[str, Json] = {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [first],
        "partialFingerprints": {"finding/v1": hashlib.sha256(mark.encode()).hexdigest()},
    }
    if others:
        result["relatedLocations"] = [{"id": n, **place} for n, place in enumerate(others, 1)]
    return result


def _location(file: str, line: int) -> dict[str, Json]:
    place: dict[str, Json] = {"artifactLocation": {"uri": _uri(file)}}
    if line > 0:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}


def _uri(name: str) -> str:
    from urllib.parse import quote

    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
