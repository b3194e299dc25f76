"""Doubtful rows go from an audit to the desk, and people's answers tell how right the audit is."""

import json

import pytest

from tests.e2e.conftest import REWRITE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def odd_ones_are_wrong(shown):
    text = shown.fields["completion"]
    if len(text) % 2:
        return {"quality": "good"}
    return {"quality": "rewritten", "rewrite": text + " (checked)"}


def test_what_people_say_of_doubtful_rows_is_the_precision_of_the_audit(walk, argilla):
    project = walk("curate", REWRITE, n=80, server=argilla)
    audit = ("audit", "answers.jsonl", "--only", "labels", "--no-embed", "--out", "found")
    said = project.curate(*audit, "--desk", "6", "--fail-on", "unreadable", "--json")
    assert said.returncode == 0, said.stderr
    written = (project.folder / "found/desk/rows.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in written.splitlines()]
    assert 6 <= len(rows) <= 26
    assert {row["audit_check"] for row in rows} == {"outvoted-answers"}
    assert project.answer("ada", odd_ones_are_wrong) == len(rows)
    done = project.curate("run", "found/desk/curate.yaml", "--json")
    assert done.returncode == 0, done.stderr
    told = project.curate("report", "found", "--json")
    assert told.returncode == 0, told.stderr
    notes = json.loads(told.stdout)["notes"]
    assert any(note.startswith("outvoted-answers: of the first") for note in notes)
    assert "are right" in notes[0]
