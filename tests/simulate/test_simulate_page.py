import re
from html.parser import HTMLParser

import numpy as np

from curate.simulate import Curves
from curate.simulate.filed import Part
from curate.simulate.page import page
from curate.simulate.picture import draw
from tests import chromium

HOSTILE = "<script>alert(1)</script>\"'&\u202e</style><img src=x onerror=alert(1)>"


def part(name="hybrid", label="recall: rare"):
    random = np.tile([0.3, 0.5, 0.7, 0.8], (4, 1)) + np.arange(4)[:, None] / 100
    curves = Curves(
        metric="macro-F1",
        labels=np.array([10.0, 20.0, 30.0, 40.0]),
        values={name: random + 0.1, "random": random},
        full=0.95,
        extras={label: {name: random, "random": random}},
        notes=(HOSTILE,),
    )
    return Part(title="Classes", about=f"{label}, 400 texts", curves=curves)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.met = []

    def handle_starttag(self, tag, attrs):
        self.met.append((tag, dict(attrs)))


def tags(text):
    parser = Tags()
    parser.feed(text)
    return parser.met


def test_the_verdicts_and_figures_are_on_the_page():
    text = page("intents.csv", [part()])
    assert "saves" in text and "at 80 % of the full-data metric" in text
    assert text == page("intents.csv", [part()])
    assert text.count("<circle") == 8


def test_hostile_text_stays_text():
    text = page(HOSTILE, [part(label=HOSTILE)], [HOSTILE])
    met = tags(text)
    assert {tag for tag, _ in met} & {"script", "img", "iframe", "object", "link"} == set()
    assert not [a for _, attrs in met for a in attrs if a.startswith("on")]
    assert "\u202e" not in text


def test_nothing_may_be_loaded_or_run():
    (rule,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page("x", [part()]))
    assert "default-src" in rule and "script-src" in rule
    assert not re.findall(r'(?:src|href)="', page("x", [part()]))


def test_a_browser_shows_it_without_a_complaint(tmp_path):
    path = tmp_path / "simulate.html"
    path.write_text(page(HOSTILE, [part()]), encoding="utf-8")
    with chromium.browser(width=400) as driver:
        driver.get(path.as_uri())
        assert chromium.console(driver) == []
        assert chromium.requests(driver) == [path.as_uri()]
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 400
        line = driver.execute_script(
            "return getComputedStyle(document.querySelector('g.m1 .curve')).stroke"
        )
        assert line == "rgb(189, 68, 16)"


def test_the_same_curves_give_the_same_picture(tmp_path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    draw([part(), part()], one)
    draw([part(), part()], other)
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
