import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate.report
from curate.report import Completion, Map, Page, Scores, render
from curate.report.table import text_limit
from tests.report.pages import NAN, full_page, page_of

EMPTY = Page(title="Fresh", task="rewrite", generated_from={})
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>'",
    "{{ 7*7 }}{% raw %}<!--",
    "]]><![CDATA[<b>",
    "\u202egpj.exe\u2066\u200b\u2028\u2029",
    "\x00\x1b[31m\ud83d",
    "<!--<script>",
)


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, and what scripts hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.scripts: list[str] = []
        self.within = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.within = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.within = ""

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")

    def handle_data(self, data):
        if self.within == "script":
            self.scripts[-1] += data


def data_of(html: str) -> dict:
    return json.loads(Skeleton(html).scripts[0])


def words_of(html: str) -> str:
    body = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_the_same_page_gives_the_same_text():
    assert render(full_page()) == render(full_page())


def test_numbers_of_the_summary_are_those_of_the_page():
    words = words_of(render(full_page()))
    # 40 of 200 queued, a tenth of the 40 at random; 33 of 36 = 91.7 %, 40 of 200 = 20 %
    assert "40 answers out of 200 were chosen for a person’s time, 4 of them at random" in words
    assert "33 of the 36 actively chosen were wrong, 4.58 times the rate of the pool" in words
    assert "α 0.81 0.70 to 0.90" in words


def test_a_score_that_follows_length_is_called_out_and_no_other():
    html = render(full_page())
    assert html.count("Follows length.") == 1  # `twice`; the other columns are independent draws
    assert html.index(">twice<") < html.index("Follows length.")


@pytest.mark.parametrize(
    "command", ["ingest", "select", "embed", "score", "pull", "resolve", "export"]
)
def test_a_part_that_is_not_there_yet_says_which_command_fills_it(command):
    html = render(EMPTY)
    assert f"<code>curate {command}</code>" in html
    assert "<figure" not in html and 'id="map-svg"' not in html


def test_answers_that_wait_leave_people_and_outcome_open():
    waiting = tuple(
        dataclasses.replace(row, status="waiting", outcome="", rewritten="")
        for row in full_page().queue
    )
    page = dataclasses.replace(
        full_page(), queue=waiting, agreement=None, outcomes={}, exports=(), truth=None
    )
    words = words_of(render(page))
    assert "No answer has come back yet." in words
    assert "Once people have answered in Argilla" in words
    assert "Did choosing beat chance?" not in words


def test_an_alpha_of_nothing_is_a_sentence():
    agreement = dataclasses.replace(full_page().agreement, alpha=NAN, interval=(NAN, NAN))
    words = words_of(render(dataclasses.replace(full_page(), agreement=agreement)))
    assert "No item has two answers" in words
    assert "nan" not in words.lower()


def test_a_score_without_any_value_is_a_sentence():
    scores = Scores(columns={"novelty": np.full(4, NAN)}, queued=np.zeros(4, bool))
    words = words_of(render(dataclasses.replace(EMPTY, scores=scores)))
    assert "No row has a value" in words


def test_nan_reaches_the_script_as_null():
    row = data_of(render(full_page()))["queue"]["rows"][0]
    assert row["chance"] is None


def test_each_score_comes_with_the_share_of_the_pool_below_it():
    row = data_of(render(full_page()))["queue"]["rows"][0]
    assert row["scores"]["need"][1] == 0.995  # the neediest of 200 exceeds the 199 others


def test_nothing_is_shown_of_texts_that_stay_private():
    page = dataclasses.replace(full_page(), show_text=False)
    html = render(page)
    assert "apples are left" not in html and "There are" not in html
    data = data_of(html)
    assert data["hover"] == []
    assert {row["prompt"] for row in data["queue"]["rows"]} == {None}
    assert not any(answer["read"] for row in data["queue"]["rows"] for answer in row["answers"])


def test_texts_are_cut_only_where_the_page_would_grow_too_large():
    row = full_page().queue[0]
    long = dataclasses.replace(row, completions=(Completion(model="m", text="x" * 100_000),))
    assert text_limit([long]) == 200_000
    assert text_limit([long] * 1000) == 12_500  # 1000 x 25,000 is still more than 24 million
    html = render(dataclasses.replace(EMPTY, queue=(long,)))
    assert "x" * 100_000 in html
    assert "characters are cut" not in html


def test_a_cut_text_says_how_much_is_missing():
    row = full_page().queue[0]
    long = dataclasses.replace(row, prompt="x" * 200_007)
    html = render(dataclasses.replace(EMPTY, queue=(long,)))
    assert "[… 7 characters more, in the project]" in html
    assert "Texts longer than 200,000 characters are cut" in html


def test_the_policy_admits_this_script_and_this_style_alone():
    html = render(full_page())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1]
    script = Skeleton(html).scripts[1]
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert f"script-src '{_hash(script)}'" in policy
    assert f"style-src '{_hash(style)}'" in policy
    assert " style=" not in html and not re.search(r"\son[a-z]+=", html.split("<script")[0])


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_parts_of_the_page_hold_no_address_and_stay_light():
    folder = Path(curate.report.__file__).parent
    parts = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".css", ".js", ".j2") and not path.name.startswith(".")
    ]
    texts = [part.read_text(encoding="utf-8") for part in parts]
    assert not any("</script" in p.read_text() for p in parts if p.suffix == ".js")
    assert not any("</style" in p.read_text() for p in parts if p.suffix == ".css")
    assert not any("innerHTML" in text or "url(" in text or "@import" in text for text in texts)
    addresses = {a for text in texts for a in re.findall(r"https?://[^\"'\s]+", text)}
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert len(render(EMPTY)) < 60_000


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_element_and_survives_as_data(text):
    _shows_only_as_text("x" + text)


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="<>&\"'`=/-!{}%# scriptonalert:;()\u202e\u2028\ud83d\x00]", max_size=60))
def test_no_text_adds_an_element(text):
    _shows_only_as_text("x" + text)


def _shows_only_as_text(text: str) -> None:
    html = render(page_of(text))
    html.encode("utf-8")
    assert Skeleton(html).elements == Skeleton(render(page_of("x"))).elements
    row = data_of(html)["queue"]["rows"][0]
    assert row["prompt"] == row["answers"][0]["text"] == row["rewritten"] == text


def test_a_map_of_another_queue_is_refused():
    page = full_page()
    other = Map(xy=np.zeros((3, 2)), queued=np.array([0]))
    with pytest.raises(ValueError, match="1 queued points, the queue 40"):
        render(dataclasses.replace(page, map=other))


def test_scores_of_another_pool_are_refused():
    scores = Scores(columns={"need": np.zeros(3)}, queued=np.zeros(4, bool))
    with pytest.raises(ValueError, match="'need' has 3 rows, `queued` 4"):
        render(dataclasses.replace(EMPTY, scores=scores))


def test_the_committee_stands_with_what_each_member_is_worth():
    page = full_page()
    html = render(page)
    section = html[html.index('id="committee"') : html.index('id="composition"')]
    assert "worth about <b>1.4</b> independent ones" in section
    assert "need follows answer_tokens" in section
    assert section.index("large") < section.index("small")


def test_true_accuracy_is_a_column_only_where_truth_is_known():
    page = full_page()
    unknown = tuple(dataclasses.replace(m, accuracy=float("nan")) for m in page.committee.members)
    without = dataclasses.replace(
        page, committee=dataclasses.replace(page.committee, members=unknown)
    )
    assert ("True accuracy" in render(page), "True accuracy" in render(without)) == (True, False)


def test_a_matrix_of_another_committee_is_refused():
    page = full_page()
    wrong = dataclasses.replace(page.committee, correlation=np.eye(3))
    with pytest.raises(ValueError, match="2 members"):
        render(dataclasses.replace(page, committee=wrong))
