"""What every check does, whoever wrote it."""

import json
import math
import os
import subprocess
import sys
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, rows_of
from curate.checks.check import Family
from curate.checks.targets import AUDITED
from curate.files import without_nan
from curate.records import Severity
from tests.contracts import check_kits as kit

every_check = pytest.mark.parametrize("name", list(CHECKS))
NEEDS = ("vectors", "benchmarks", "logs", "before")
SELDOM = {
    *("manifest", "doubtful-answers", "doubtful-preferences", "style-bias", "drift"),
    *("semantic-duplicates", "semantic-contamination", "missing-from-training"),
    "missing-from-logs",
}
"""Find nothing in the troubled rows: look at files, at what vectors by lot lack, or at another
side, which here is the same."""
FLAGS_BELOW = {"class-balance"}
"""The higher the threshold the more is flagged: classes of fewer rows."""
OF_THE_FILE = ("The answer is missing, though", "The row looks like")
"""What checks of single rows say besides, where they see the whole file."""


def check_found(name, found, rows):
    assert found.check == name
    assert 0 <= found.looked_at
    assert not (found.skipped and found.findings)
    assert bool(found.skipped) != bool(found.looked_at or found.findings)
    assert not found.skipped or found.skipped == found.skipped.strip()
    assert found.n_rows <= found.looked_at or not found.findings
    assert json.dumps(without_nan(found.figures), allow_nan=False)
    for finding in found.findings:
        check_finding(name, finding, rows)


def check_finding(name, finding, rows):
    assert finding.check == name
    assert finding.severity in get_args(Severity)
    assert not math.isinf(finding.score)
    for at in (finding.rows, finding.against):
        assert all(type(row) is int and 0 <= row < len(rows) for row in at)
        assert len(set(at)) == len(at)
    assert not set(finding.rows) & set(finding.against)
    check_message(finding.message, rows)
    for evidence in finding.evidence:
        check_evidence(evidence, rows)


def check_message(message, rows):
    assert message == message.strip()
    begins = message[0].isupper() or message[0].isdigit()
    assert begins or message.startswith((*rows.files, *AUDITED)), message
    assert not message.endswith((":", ";", ","))
    assert "nan" not in message.lower().split()
    assert "None" not in message.split()


def check_evidence(evidence, rows):
    assert 0 <= evidence.row < len(rows)
    if evidence.field == "row":
        assert evidence.spans == ()
    else:
        text = getattr(rows, evidence.field)[evidence.row].as_py()
        check_spans(evidence.spans, len(text or ""))
    check_spans(evidence.beside_spans, len(evidence.beside))


def check_spans(spans, length):
    assert all(0 <= start < end <= length for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@every_check
def test_it_says_what_it_is(name):
    check = CHECKS.get(name)
    assert check.name == name
    assert check.family in get_args(Family)
    assert check.severity in get_args(Severity)
    assert check.about.endswith(".")
    assert check.about[0].isupper()
    assert bool(check.means) == (not math.isnan(check.threshold))
    assert set(check.needs) <= set(NEEDS)


@every_check
def test_of_no_rows_it_says_why_it_says_nothing(name):
    rows = rows_of([])
    for named in ((), NEEDS):
        found = kit.found_by(name, rows, kit.context_of(rows, named))
        assert found.skipped
        assert found.findings == ()
        assert math.isnan(found.rate)


@every_check
@pytest.mark.parametrize(
    "cells",
    [
        pytest.param((["2 + 2?"], ["4"]), id="one row"),
        pytest.param((["2 + 2?"] * 3, [None] * 3), id="no answers"),
        pytest.param((["2 + 2?"] * 3, ["4"] * 3, ["5"] * 3), id="preferences"),
        pytest.param((["2 + 2?"] * 3, [None] * 3, ["5"] * 3), id="rejected answers alone"),
        pytest.param(([""] * 3, [""] * 3, [""] * 3), id="empty texts"),
    ],
)
def test_few_rows_are_looked_at_or_said_to_be_too_few(name, cells):
    rows = rows_of(*cells)
    for named in ((), NEEDS):
        check_found(name, kit.found_by(name, rows, kit.context_of(rows, named)), rows)


@settings(max_examples=30, deadline=None)
@given(kit.hostile_rows, st.sets(st.sampled_from(NEEDS)))
def test_hostile_rows_are_survived(rows, named):
    context = kit.context_of(rows, named)
    for name in CHECKS:
        check_found(name, kit.found_by(name, rows, context), rows)


@pytest.fixture(scope="module")
def troubled():
    rows = kit.troubled()
    return rows, kit.context_of(rows)


@pytest.fixture(scope="module")
def found(troubled):
    return {name: kit.found_by(name, *troubled) for name in CHECKS}


@every_check
def test_what_it_finds_is_in_the_rows(name, troubled, found):
    rows, _ = troubled
    check_found(name, found[name], rows)
    assert found[name].findings or name in SELDOM


@pytest.mark.slow
def test_the_same_is_found_again_whatever_the_hash_seed(found):
    """One process of another seed finds in all checks, letter by letter, what was found here."""
    code = (
        "from tests.contracts import check_kits as kit\n"
        "rows = kit.troubled(); context = kit.context_of(rows)\n"
        "for name in kit.CHECKS: print(kit.as_json(kit.found_by(name, rows, context)))\n"
    )
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    again = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    for mine, line in zip(found.values(), again.stdout.splitlines(), strict=True):
        assert kit.as_json(mine) == line


BY_ROW = [name for name in CHECKS if CHECKS.get(name).by_row]


@pytest.mark.parametrize("name", BY_ROW)
def test_a_row_is_judged_by_itself_as_among_others(name, troubled, found):
    rows, _ = troubled
    some = np.arange(len(rows) - 40, len(rows))
    alone = []
    for row in some.tolist():
        one = rows.take(np.array([row]))
        findings = kit.found_by(name, one, kit.context_of(one, ())).findings
        alone += [(row, finding.message) for finding in findings]
    among = [
        (row, finding.message)
        for finding in found[name].findings
        for row in (finding.rows or finding.against)
        if row >= some[0] and not finding.message.startswith(OF_THE_FILE)
    ]
    assert sorted(alone) == sorted(among)


@pytest.mark.parametrize(
    "name", [name for name in CHECKS if not math.isnan(CHECKS.get(name).threshold)]
)
def test_a_stricter_threshold_never_flags_fewer(name, troubled, found):
    rows, _ = troubled
    usual = CHECKS.get(name).threshold
    laxer, stricter = (
        (usual * 1.2, usual * 0.8) if name not in FLAGS_BELOW else (usual * 0.5, usual * 2)
    )
    flagged = [
        _flagged(kit.found_by(name, rows, kit.context_of(rows, thresholds={name: bar})))
        for bar in (laxer, usual, stricter)
    ]
    assert flagged[0] <= flagged[1] <= flagged[2]


def _flagged(found):
    return found.n_rows, len(found.findings) if not found.n_rows else 0
