"""The two checks over rows: one finding a row, figures, and no value in any word of them."""

import json
from dataclasses import asdict, replace

import pyarrow as pa
import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.evidence import masked
from curate.checks.personal import PERSONAL, SECRETS

MAIL, CARD, PHONE = "jo.doe@curate.dev", "4539 1488 0343 6467", "+44 20 7946 0958"
URL, PASSWORD = "postgres://bob:s3cr3t9@db.acme.io/main", "hunter2!"

ROWS = rows_of(
    ["What is 2 + 2?", f"I am {MAIL}", "", "hi", f"connect to {URL}", "server 10.0.0.1"],
    ["4", f"Noted: {MAIL}, card {CARD}", None, None, "no", "yes"],
    [None, f"Call {PHONE}", None, None, f"the password is {PASSWORD}", None],
)


@pytest.fixture(scope="module", params=[PERSONAL, SECRETS], ids=["personal-data", "secrets"])
def found(request):
    return request.param.run(ROWS, Context())


def test_one_finding_a_row_names_kinds_and_places():
    (finding,) = PERSONAL.run(ROWS, Context()).findings
    assert finding.rows == (1,) and finding.severity == "warning"
    assert finding.message == (
        "The row holds an e-mail address in the prompt; an e-mail address and a payment card number"
        " in the answer; a phone number in the rejected answer; redact it, or take the row out"
    )
    assert finding.score == pytest.approx(0.8 + 0.8 + 1.0 + 1.0)  # twice the mail, card, phone


def test_secrets_are_errors_and_a_password_in_a_url_is_no_mailbox():
    (finding,) = SECRETS.run(ROWS, Context()).findings
    assert finding.rows == (4,) and finding.severity == "error"
    assert [e.field for e in finding.evidence] == ["prompt", "rejected"]
    assert "a URL with a password in the prompt" in finding.message


def test_spans_are_secret_and_cover_the_value():
    (finding,) = PERSONAL.run(ROWS, Context()).findings
    for evidence in finding.evidence:
        text = getattr(ROWS, evidence.field)[evidence.row].as_py()
        hidden = masked(text, evidence.spans)
        assert evidence.secret
        assert not any(value in hidden for value in (MAIL, CARD, PHONE))


def test_no_word_of_what_is_found_holds_a_value(found):
    said = json.dumps(asdict(found), default=str)
    for value in (MAIL, CARD, PHONE, "s3cr3t9", "bob", PASSWORD, "doe", "curate.dev", "4539"):
        assert value not in said


def test_rows_without_any_text_are_not_looked_at():
    bare = rows_of(["", MAIL])
    nulls = replace(bare, prompt=pa.array([None, MAIL], pa.large_string()))
    found = PERSONAL.run(nulls, Context())
    assert found.looked_at == 1 and [finding.rows for finding in found.findings] == [(1,)]


def test_figures_count_rows_values_and_distinct_values():
    figures = PERSONAL.run(ROWS, Context()).figures
    assert figures["kinds"]["email"] == {"rows": 1, "values": 2, "distinct": 1}
    assert figures["rate"] == 1 / 6
    assert figures["unsure"] == {"ip": 1}  # the private network's address


def test_a_lower_threshold_flags_what_may_be_one():
    found = PERSONAL.run(ROWS, Context(thresholds={"personal-data": 0.3}))
    assert [finding.rows for finding in found.findings] == [(1,), (5,)]


def test_no_rows_give_no_findings(found):
    empty = CHECKS.get(found.check).run(rows_of([]), Context())
    assert empty.findings == () and empty.looked_at == 0


def test_the_catalogue_names_both():
    assert CHECKS.get("personal-data") is PERSONAL
    assert CHECKS.get("secrets") is SECRETS
