"""What the page says of rounds, and where its charts put them."""

import math
from dataclasses import replace

import pytest

from curate.report import Progress, Span, render
from curate.report.curves import areas_by_round, found_by_round
from tests.report.pages import full_page, full_progress, progress_of


def html(progress):
    return render(replace(full_page(), progress=progress))


def test_the_advice_comes_first_and_each_question_has_its_answer():
    page = html(full_progress())
    assert "<b>Go on</b>" in page
    assert "selection found 4.0 times [2.9, 5.2] what chance would have found" in page
    for state in ("go-on", "stop", "cannot-tell"):
        assert f'<b class="{state}">' in page


def test_without_questions_the_reason_is_the_headline():
    page = html(replace(full_progress(), reasons=(), reason="9 answers are too few to tell"))
    assert "<bdi>9 answers are too few to tell</bdi>." in page


def test_before_any_answer_the_section_says_what_fills_it():
    assert "Once answers are settled" in html(None)
    assert "Once answers are settled" in html(replace(full_progress(), rounds=()))


def test_an_upper_end_that_is_not_there_is_infinite():
    page = html(full_progress())
    assert "[2.2, ∞]" in page


def test_what_is_not_known_is_a_dash():
    blank = replace(full_progress().rounds[0], lift=Span(), chance=Span(), money=math.nan)
    page = html(replace(full_progress(), rounds=(blank,), new_logs=None, foretold=()))
    assert '<td class="n">–</td>' in page
    assert "Money" not in page and "New logs</h3>" not in page


def test_chosen_and_chance_stand_beside_each_other_round_by_round():
    drawn = found_by_round(full_progress().rounds)
    chosen, chance = drawn.lines
    assert (chosen.name, chance.name) == ("chosen", "by chance")
    assert [p.x for p in chance.points] == pytest.approx([p.x + 7 for p in chosen.points])
    assert [p.y for p in chosen.points] == sorted(p.y for p in chosen.points)
    assert all(p.high <= p.y <= p.low for p in chance.points)
    assert [tick.text for tick in drawn.across] == ["1", "2", "3"]


def test_a_chart_reaches_below_a_half_where_a_score_does():
    entries = full_progress().foretold
    low = replace(entries[0], auroc=Span(value=0.4, low=0.2, high=0.6, n=9))
    drawn = areas_by_round((low, *entries[1:]), "by lot")
    assert drawn.up[0].text == "0.20"
    assert drawn.level < max(tick.at for tick in drawn.up)
    assert areas_by_round(entries, "test") is None


def test_one_round_is_a_point_and_no_line():
    drawn = found_by_round(full_progress().rounds[:1])
    assert [line.path for line in drawn.lines] == ["", ""]
    assert len(drawn.lines[0].points) == 1


def test_a_hundred_rounds_have_few_ticks():
    row = full_progress().rounds[0]
    drawn = found_by_round([replace(row, number=n) for n in range(1, 101)])
    assert len(drawn.across) <= 14


def test_texts_from_data_stay_texts():
    page = html(progress_of("<img src=x onerror=alert(1)>"))
    assert "<img src=x" not in page and page.count("&lt;img src=x") > 8


def test_nothing_to_draw_draws_nothing():
    row = replace(full_progress().rounds[0], chosen=Span(), chance=Span())
    assert found_by_round([row]) is None
    empty = Progress(state="cannot tell", reason="no answers", rounds=(row,))
    assert "<figure" not in html(empty).split('id="when"')[1].split("</section>")[0]
