"""What an audit writes: whole, masked, the same bytes again, and readable again."""

import json
import math

import jsonschema
import pyarrow.parquet as pq
import pytest

from curate.audit import (
    Audited,
    AuditedFile,
    Bar,
    above,
    found_again,
    parse_bar,
    sarif,
    write_findings,
    write_summary,
)
from curate.checks import Check, Found, rows_of
from curate.errors import ConfigError
from curate.records import Evidence, Finding, Rejected

ROWS = rows_of(
    ["call 555-0100", "b", "c"], ["x", "y", "x"], name="train.jsonl", id=["i", None, "k"]
)


def check(name="near-duplicates", severity="warning", **more):
    return Check(
        name=name,
        family="duplicates",
        about="It flags.",
        severity=severity,
        threshold=math.nan,
        run=lambda rows, context: Found(check=name),
        **more,
    )


COPIES = Found(
    check="near-duplicates",
    looked_at=3,
    figures={"rate": math.nan},
    findings=(
        Finding(
            check="near-duplicates",
            severity="warning",
            message="copies",
            rows=(2,),
            against=(0,),
            score=0.9,
            evidence=(Evidence(row=0, field="prompt", spans=((0, 4),), note="Jaccard .9"),),
        ),
    ),
)
SECRET = Found(
    check="personal-data",
    looked_at=3,
    findings=(
        Finding(
            check="personal-data",
            severity="warning",
            message="a telephone number",
            rows=(0,),
            evidence=(Evidence(row=0, field="prompt", spans=((5, 13),), secret=True),),
        ),
    ),
)


def audited(**more):
    return Audited(
        rows=ROWS,
        checks=(check(), check("personal-data")),
        found=(COPIES, SECRET),
        files=(AuditedFile(name="train.jsonl", rows=3, rejected=1, sha256="0" * 64),),
        rejected=(Rejected(file="train.jsonl", line=9, stage="audit", reason="no JSON"),),
        **more,
    )


def test_findings_are_written_with_places_and_without_secrets(tmp_path):
    lines, table = write_findings(tmp_path, audited())
    said = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [one["check"] for one in said] == ["unreadable", "near-duplicates", "personal-data"]
    assert said[1]["rows"] == [{"file": "train.jsonl", "line": 3, "row": 2, "id": "k"}]
    assert said[1]["against"] == [{"file": "train.jsonl", "line": 1, "row": 0, "id": "i"}]
    assert said[1]["evidence"][0]["excerpt"] == "call ••••••••"
    rows = pq.read_table(table).to_pylist()
    assert [(r["line"], r["at_fault"]) for r in rows] == [(3, True), (1, False), (1, True)]
    for path in tmp_path.iterdir():
        assert b"555-0100" not in path.read_bytes()


def test_no_text_leaves_texts_out(tmp_path):
    lines, table = write_findings(tmp_path, audited(show_text=False))
    assert "excerpt" not in lines.read_text()
    assert set(pq.read_table(table)["excerpt"].to_pylist()) == {None}


def test_the_same_audit_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_findings(tmp_path / name, audited())
        write_summary(tmp_path / name / "summary.json", audited(), versions={"v": "1"})
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_findings_come_back_as_they_were(tmp_path):
    lines, _ = write_findings(tmp_path, audited())
    write_summary(tmp_path / "summary.json", audited(), versions={})
    summary = json.loads((tmp_path / "summary.json").read_text())
    back = found_again(lines, audited().checks, summary)
    assert [one.findings for one in back[:1]] == [COPIES.findings]
    assert back[1].findings[0].evidence == SECRET.findings[0].evidence
    assert back[0].figures == {"rate": None}


def test_sarif_holds_rules_places_and_fingerprints():
    log = sarif(audited(), version="0.1.0")
    jsonschema.validate(log, SARIF)
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "unreadable",
        "near-duplicates",
        "personal-data",
    ]
    unreadable, copies, _ = run["results"]
    assert unreadable["level"] == "error"
    assert copies["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert copies["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    marks = [r["partialFingerprints"]["finding/v1"] for r in run["results"]]
    assert len(set(marks)) == 3


SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"type": "object", "required": ["text"]},
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "region": {
                                                        "type": "object",
                                                        "properties": {
                                                            "startLine": {
                                                                "type": "integer",
                                                                "minimum": 1,
                                                            }
                                                        },
                                                    }
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    }
                },
            },
        },
    },
}
"""What code hosts need of SARIF 2.1.0 (OASIS, 2020)."""


def test_the_bar_counts_rows_that_were_looked_at():
    # 1 of 3 rows is a copy: 33 %
    at = [check(), check("personal-data")]
    assert above([Bar(name="near-duplicates", rate=0.3)], at, [COPIES, SECRET], 0.0) == {
        "near-duplicates": "1 of 3 rows; 30.00% may pass"
    }
    assert above([Bar(name="near-duplicates", rate=0.34)], at, [COPIES, SECRET], 0.0) == {}


def test_a_bar_by_severity_or_family_holds_for_each_of_its_checks():
    at = [check(), check("personal-data")]
    assert set(above([Bar(name="warning")], at, [COPIES, SECRET], 0.0)) == {
        "near-duplicates",
        "personal-data",
    }
    assert above([Bar(name="error")], at, [COPIES, SECRET], 0.0) == {}
    assert "unreadable" in above([Bar(name="error")], at, [COPIES, SECRET], 0.1)


def test_a_bar_that_cannot_be_read_says_so():
    with pytest.raises(ConfigError, match="did you mean 'near-duplicates'"):
        parse_bar("near-duplicate")
    with pytest.raises(ConfigError, match="from 0 to 1"):
        parse_bar("error:2")
