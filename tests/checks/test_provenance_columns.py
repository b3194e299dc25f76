"""Provenance: what nobody says, and terms that clash."""

import pytest

from curate.checks import Context, rows_of
from curate.checks.provenance import LICENSES, clashes, license_of, missing_from
from curate.checks.provenance.columns import CHECK


def run(n=10, required=(), **columns):
    return CHECK.run(rows_of(["p"] * n, **columns), Context(required=required))


def messages(found, severity):
    return [finding.message for finding in found.findings if finding.severity == severity]


def test_rows_without_what_most_have_are_told():
    found = run(source=["web"] * 8 + [None, "  "])
    finding = next(f for f in found.findings if f.severity == "warning")
    assert "2 of 10 rows (20 %) do not say the source, though most do" in finding.message
    assert finding.rows == (8, 9)


def test_what_few_have_is_expected_of_none():
    assert messages(run(source=["web"] * 3 + [None] * 7), "warning") == []


def test_what_nobody_has_is_one_fact():
    [fact] = run().findings
    assert fact.severity == "info"
    assert "source, license, annotator, guideline" in fact.message
    assert fact.rows == ()


def test_what_is_required_is_asked_of_every_row():
    found = run(required=("source", "license"), source=["web"] * 3 + [None] * 7)
    assert [len(finding.rows) for finding in found.findings] == [7, 10]
    assert "which is required" in found.findings[0].message


def test_a_column_of_ones_own_is_looked_for_in_the_metadata():
    held = ['{"team": "red"}', '{"team": ""}', '{"team": null}', None, '{"team": 7}', '{"x": 1}']
    rows = rows_of(["p"] * 6, metadata=held)
    assert missing_from(rows, "team").tolist() == [False, True, True, True, False, True]


@pytest.mark.parametrize(
    ("said", "id"),
    [
        *(("MIT", "MIT"), ("mit license", "MIT"), ("Apache License 2.0", "Apache-2.0")),
        *(("apache 2", "Apache-2.0"), ("cc-by-nc-4.0", "CC-BY-NC-4.0"), ("CC BY", "CC-BY-4.0")),
        *(("GPL v3", "GPL-3.0"), ("cc0", "CC0-1.0"), ("ccbysa4.0", "CC-BY-SA-4.0")),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0"),
    ],
)
def test_licences_are_known_however_they_are_spelt(said, id):
    assert license_of(said).id == id


@pytest.mark.parametrize("said", ["", "other", "see README", "none", "cc"])
def test_what_is_no_licence_is_not_taken_for_one(said):
    assert license_of(said) is None


def test_every_licence_is_found_by_its_own_id():
    assert all(license_of(known.id) == known for known in LICENSES.values())


def test_two_kinds_of_share_alike_clash():
    assert "each ask" in clashes(["CC-BY-SA-4.0", "MIT", "CC-BY-NC-SA-4.0"])[0]
    assert clashes(["CC-BY-SA-3.0", "CC-BY-SA-4.0", "MIT"]) == []


def test_no_derivatives_and_closed_ones_are_told():
    assert len(clashes(["CC-BY-ND-4.0", "all rights reserved"])) == 2


def test_what_licences_ask_is_told_as_a_fact_with_its_rows():
    found = run(4, license=["MIT", "CC-BY-NC-SA-4.0", "MIT", "CC-BY-NC-SA-4.0"])
    facts = [f for f in found.findings if "are under" in f.message]
    assert [f.rows for f in facts] == [(1, 3), (1, 3)]
    assert "profit" in facts[0].message and "same terms" in facts[1].message


def test_an_unknown_licence_is_told():
    [*_, fact] = run(2, license=["MIT", "house rules"]).findings
    assert "'house rules'" in fact.message
    assert fact.rows == (1,)


def test_no_rows_are_said():
    assert run(0).skipped
