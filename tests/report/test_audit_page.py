import html as markup
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks.check import Found
from curate.checks.rows import rows_of
from curate.records import Evidence, Finding
from curate.report.audit import AuditPage, figures, finding_ids, render_audit
from curate.report.audit.hidden import Hidden
from curate.report.audit.shown import sample_of
from curate.report.audit.sides import panes
from tests.report.audits import (
    CHECKS,
    SECRET,
    audit_of,
    check_of,
    full_audit,
    full_found,
    full_rows,
)


def test_the_same_audit_gives_the_same_page():
    assert render_audit(full_audit()) == render_audit(full_audit())


def test_the_page_opens_with_what_is_wrong_and_how_much():
    said = words(render_audit(full_audit()))
    # errors: rows 0 and 3 (leak), 7 (personal data); warnings: 3 … 62, 8, 9, less rows 3 and 7
    assert "3 of 120 rows (2.5\xa0%) hold an error; 58 more carry a warning." in said
    assert "Over the bar" in said and "2 of 120 rows, over 0" in said
    assert "1 row could not be read at all." in said


def test_a_clean_set_is_told_as_clean():
    page = replace(
        full_audit(), found=[Found(check="mojibake", looked_at=120)], bar="no errors", over={}
    )
    said = words(render_audit(page))
    assert "Nothing wrong was found in 120 rows by 1 check." in said and "Under the bar" in said


def test_an_audit_of_nothing_has_a_page():
    page = AuditPage(title="none", rows=rows_of([]), found=(), checks=(), generated_from={})
    assert "No row could be read." in words(render_audit(page))


def test_checks_stand_by_severity_then_family():
    names = re.findall(r"<h4><bdi>([\w-]+)", render_audit(full_audit()))
    assert names[:3] == ["contamination", "personal-data", "near-duplicates"]
    assert names[-1] == "length-bias"


def test_what_was_not_looked_at_says_why_and_is_not_passed():
    said = words(render_audit(full_audit()))
    rest = said[said.index("Passed, and not looked at") :]
    passed, left = rest.split("These checks say nothing")
    assert "mojibake" in passed and "drift" not in passed
    assert "holds rows against an earlier version: name it" in left


def test_a_found_of_no_check_is_refused():
    page = replace(full_audit(), checks=CHECKS[1:])
    with pytest.raises(ValueError, match="found without its check: near-duplicates"):
        render_audit(page)


@pytest.mark.parametrize("change", [{"xy": np.zeros((3, 2))}, {"clusters": np.zeros(3, int)}])
def test_arrays_that_do_not_line_up_are_refused(change):
    with pytest.raises(ValueError, match="for 120 rows"):
        render_audit(replace(full_audit(), **change))


def test_a_secret_appears_nowhere_on_the_page():
    page = render_audit(full_audit())
    assert SECRET not in page and "maria" not in page.lower() and "keller" not in page
    assert "•" * len(SECRET) in page


def test_a_secret_is_masked_in_the_text_that_another_rows_finding_is_held_against():
    rows = full_rows()
    found = full_found()
    quote = Finding(
        check="refusals",
        severity="warning",
        message="m",
        rows=(20,),
        evidence=(Evidence(row=20, beside=f"As {SECRET} says", beside_name="logs"),),
    )
    hidden = Hidden(rows, found)
    sides = panes(quote, rows, hidden, family="quality")
    assert sides[1].parts[0].text == f"As {'•' * len(SECRET)} says"


def test_short_secrets_are_masked_only_where_they_stand():
    rows = rows_of(["pin 1234 now", "1234 sheep"])
    pin = Finding(
        check="secrets",
        severity="error",
        message="",
        rows=(0,),
        evidence=(Evidence(row=0, field="prompt", spans=((4, 8),), secret=True),),
    )
    hidden = Hidden(rows, [Found(check="secrets", findings=(pin,))])
    assert hidden.text(0, "prompt") == "pin •••• now"
    assert hidden.text(1, "prompt") == hidden.say("1234 sheep") == "1234 sheep"


@settings(max_examples=60, deadline=None)
@given(
    st.text(min_size=6, max_size=12).filter(str.strip), st.text(max_size=20), st.text(max_size=20)
)
def test_no_known_secret_survives_in_any_text(secret, before, after):
    secret = secret.encode("utf-8", "replace").decode()
    if len(secret.strip()) < 6:
        return
    rows = rows_of([secret])
    finding = Finding(
        check="secrets",
        severity="error",
        message="",
        rows=(0,),
        evidence=(Evidence(row=0, field="prompt", spans=((0, len(secret)),), secret=True),),
    )
    hidden = Hidden(rows, [Found(check="secrets", findings=(finding,))])
    text = before + secret + after
    said = hidden.say(text)
    assert secret not in said and len(said) == len(text)


def test_texts_can_be_left_out_of_the_page():
    page = render_audit(replace(full_audit(), show_text=False))
    assert "roasted carrots" not in page and "The answer to case" not in page
    assert "Do trains" not in page and embedded(page)["findings"]["texts"] == []
    assert "nearly repeats" in page


def test_of_many_findings_the_worst_and_a_random_sample_are_shown_and_it_is_said():
    n = 1000
    rows = rows_of([f"question {i}" for i in range(n)])
    some = tuple(
        Finding(check="refusals", severity="warning", message=f"m{i}", rows=(i,), score=float(i))
        for i in range(n)
    )
    found = [Found(check="refusals", findings=some, looked_at=n)]
    page = AuditPage(
        title="t", rows=rows, found=found, checks=[check_of("refusals")], generated_from={}
    )
    html = render_audit(page)
    shown = embedded(html)["findings"]["rows"]
    assert len(shown) == 400
    assert [one["m"] for one in shown[:3]] == ["m999", "m998", "m997"]
    assert sum(one["k"] is not None for one in shown) == 60
    # sixty of a thousand, each with a chance of 0.06
    assert {one["k"] for one in shown} == {None, 0.06}
    assert "400 of 1,000 findings are on this page" in words(html)
    assert "400 of the 1,000" in words(html)


def test_a_sample_that_the_check_drew_is_kept_with_its_chances():
    three = tuple(Finding(check="a", severity="info", message="") for _ in range(3))
    drawn = Found(check="a", findings=three, figures={"sample": [[2, 0.5], [0, 0.25], [9, 1.0]]})
    assert sample_of(drawn) == {2: 0.5, 0: 0.25}
    listed = Found(check="a", findings=three, figures={"sample": [1]})
    assert sample_of(listed) == pytest.approx({1: 1 / 3})


def test_ids_name_the_same_finding_in_each_run_and_tell_twins_apart():
    rows = full_rows()
    [copies, *_] = full_found()
    ids = finding_ids(copies, rows)
    assert ids == finding_ids(copies, rows) and len(set(ids)) == len(ids)
    shown = embedded(render_audit(full_audit()))["findings"]["rows"]
    assert {one["i"] for one in shown if one["m"].startswith("row 4 ")} == {ids[0]}


def test_ids_that_the_files_have_are_the_pages_too():
    page = replace(full_audit(), ids={"contamination": ["c-1"]})
    shown = embedded(render_audit(page))["findings"]["rows"]
    assert [one["i"] for one in shown if one["m"].startswith("two rows")] == ["c-1"]


def test_spans_reach_the_script_in_its_own_units():
    found = embedded(render_audit(full_audit()))["findings"]
    [leak] = [one for one in found["rows"] if one["m"].startswith("two rows")]
    [at_fault, other] = leak["b"]
    label, text, spans, beyond, notes = at_fault["x"][0]
    assert (label, beyond, notes) == ("Prompt", 0, ["word for word"])
    assert found["texts"][text][slice(*spans)] == "trains"
    assert other["p"] == "bench.jsonl:12" and other["x"][0][2] == [3, 9]


def test_a_span_after_an_emoji_counts_it_twice_as_javascript_does():
    rows = rows_of(["ask"], ["\U0001f682 late"])
    late = Finding(
        check="refusals",
        severity="warning",
        message="",
        rows=(0,),
        evidence=(Evidence(row=0, spans=((2, 6),)),),
    )
    page = AuditPage(
        title="t",
        rows=rows,
        found=[Found(check="refusals", findings=(late,), looked_at=1)],
        checks=[check_of("refusals")],
        generated_from={},
    )
    [one] = embedded(render_audit(page))["findings"]["rows"]
    assert one["b"][0]["x"][1][2] == [3, 7]


def test_a_preference_shows_both_answers_beside_each_other():
    [_, _, doubts, *_] = full_found()
    rows = full_rows()
    [side] = panes(doubts.findings[0], rows, Hidden(rows, []), family="labels")
    assert [part.label for part in side.parts] == ["Prompt", "Chosen", "Rejected"]
    assert side.parts[2].notes == ("likely better",)


def test_evidence_of_no_audited_row_shows_the_other_side_alone():
    rows = full_rows()
    gap = Finding(
        check="drift",
        severity="info",
        message="m",
        evidence=(Evidence(row=999, field="row", beside="a log", beside_name="logs:3"),),
    )
    [side] = panes(gap, rows, Hidden(rows, []), family="coverage")
    assert (side.place, side.parts[0].text) == ("logs:3", "a log")


def test_spans_beyond_a_text_break_nothing():
    rows = rows_of(["ask"], ["short"])
    far = Finding(
        check="refusals",
        severity="warning",
        message="",
        rows=(0,),
        evidence=(Evidence(row=0, spans=((3, 99), (200, 300))),),
    )
    [side] = panes(far, rows, Hidden(rows, []), family="quality")
    assert list(side.parts[1].runs()) == [("sho", False), ("rt", True)]


def test_figures_of_any_kind_are_drawn():
    [_, _, _, bias, *_] = full_found()
    facts, lengths, by_split, largest, named = figures.blocks(bias.figures)
    assert facts.facts[0].value == "71\xa0%" and facts.facts[0].interval == "[67\xa0%, 75\xa0%]"
    # chosen 1, 5, 2 of at most 5; rejected 4, 2, 0 of at most 4
    assert [c.heights for c in lengths.columns] == [(20, 100), (100, 50), (40, 0)]
    assert by_split.head == ("", "n", "rate") and by_split.rows[1][2].text == "75\xa0%"
    assert [row[1].bar for row in largest.rows] == [1.0, 1.0]
    assert named.facts[0].value == SECRET


def test_histograms_may_have_open_ends():
    [drawn] = figures.blocks({"ratios": {"edges": [0.5, 1.0, 2.0], "counts": [1, 2, 3, 4]}})
    assert [c.tip.split(":")[0] for c in drawn.columns] == [
        "< 0.50",
        "0.50 to 1.00",
        "1.00 to 2.00",
        "≥ 2.00",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.text(max_size=6) | st.sampled_from(["edges", "sample", "interval"]), JSON)
)
def test_no_figures_break_the_page(some):
    figures.blocks(some)


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!--",
    "\u202egpj.exe",
    "\x00\x07",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_element(text):
    page = render_audit(audit_of("x" + text))
    page.encode("utf-8")
    assert counted(page) == counted(render_audit(audit_of("x" + "y" * len(text))))
    assert embedded(page)["title"] == "x" + text


def counted(html: str) -> dict[str, int]:
    seen: dict[str, int] = {}

    class Count(HTMLParser):
        def handle_starttag(self, tag, attrs):
            assert not any(name.startswith("on") or name == "style" for name, _ in attrs)
            seen[tag] = seen.get(tag, 0) + 1

    Count().feed(html)
    return seen


def embedded(html: str) -> dict:
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1]
    )


def words(html: str) -> str:
    body = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S)
    return re.sub(r"[ \n]+", " ", markup.unescape(re.sub(r"<[^>]+>", "", body)))
