"""Style bias: marks as people write them, odds at equal length, no alarm without a bias."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import Context, rows_of
from curate.checks.bias.markers import MARKERS, mark_spans, marked, marker_rates
from curate.checks.bias.style import CHECK, style_effects

BY_NAME = {marker.name: marker for marker in MARKERS}
BEARS = {
    "bullets": ["Take:\n- eggs\n- milk", "• one", "  * two"],
    "numbered list": ["1. eggs\n2. milk", "1) a\nmore\n2) b"],
    "bold": ["the **main** point", "<b>x</b>"],
    "headings": ["# Title\ntext", "text\n### Part"],
    "table": ["| a | b |\n|---|---|\n| 1 | 2 |"],
    "code block": ["```python\n1\n```"],
    "link": ["see https://example.org", "[here](x)"],
    "emoji": ["well done 🎉", "☀ today", "🇫🇷"],
    "exclamation": ["Yes!", "¡Hola", "好！"],
    "paragraphs": ["one\n\ntwo", "one\n \ntwo"],
    "flattery": [
        *("Great question! It is 4.", "What a thoughtful question.", "You're absolutely right, I"),
        *("That's an excellent point.", "Sehr gute Frage!", "¡Excelente pregunta!", "好问题"),
        *("I love this idea", "这是个好问题"[3:], "Excellente question"),
    ],
    "eager opener": ["Certainly! Here", "Of course, I", "**Sure!** Here", "当然！"],
    "apology": ["I'm sorry, but no", "I apologize for that", "Es tut mir leid", "对不起，"],
    "refusal": ["I can't help with that", "I'm unable to do so", "As an AI model", "我无法回答"],
    "hedge": ["Perhaps it is", "it depends on", "vielleicht morgen", "可能是"],
    "caveat": ["It's important to note that", "Please consult a doctor"],
    "closing offer": ["4. I hope this helps", "Let me know if you need more"],
    "question at the end": ["It is 4. Why?", "对吗？", 'He said "why?"'],
}
BEARS_NOT = {
    "bullets": ["well-known", "-5 degrees"],
    "numbered list": ["It was 1999. Then 3.5 more", "1. only one"],
    "bold": ["2 ** 3", "a * b * c"],
    "headings": ["#hashtag", "C# is"],
    "table": ["a | b", "p || q"],
    "flattery": ["The question is great", "A good question has an answer"],
    "eager opener": ["Certain things", "It is sure to rain"],
    "apology": ["a sorry sight"],
    "refusal": ["I can help with that", "You can't help it"],
    "question at the end": ["Why? Because."],
}


@pytest.mark.parametrize("name", BEARS)
def test_a_mark_is_met_as_people_write_it(name):
    missed = [text for text in BEARS[name] if not marked(pa.array([text]), BY_NAME[name])[0]]
    assert missed == []


@pytest.mark.parametrize("name", BEARS_NOT)
def test_what_looks_alike_is_not_taken_for_it(name):
    taken = [text for text in BEARS_NOT[name] if marked(pa.array([text]), BY_NAME[name])[0]]
    assert taken == []


def test_every_mark_is_tried():
    assert set(BEARS) == set(BY_NAME)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([text for texts in BEARS.values() for text in texts]), st.text(max_size=20))
def test_both_engines_of_patterns_agree(text, more):
    for marker in MARKERS:
        there = marked(pa.array([text + more], pa.large_string()), marker)[0]
        assert there == bool(mark_spans(text + more, marker))


def test_spans_are_of_the_whole_text():
    text = "x" * 500 + " Why?"
    [(start, end)] = mark_spans(text, BY_NAME["question at the end"])
    assert text[start:end] == "?"


def test_openers_are_looked_for_at_the_beginning_alone():
    assert not marked(pa.array(["x" * 300 + " I'm sorry"]), BY_NAME["apology"])[0]


def test_nothing_has_no_rates():
    assert np.isnan(list(marker_rates(pa.array([], pa.string())).values())).all()


def paired(n, chosen_marked, rejected_marked):
    """`n` rows, of which the first so many bear bold in one answer alone."""
    chosen = [f"{'**one**' if i < chosen_marked else 'ooo one'} good {i}" for i in range(n)]
    last = n - rejected_marked
    rejected = [f"{'**two**' if i >= last else 'ooo two'} poor {i}" for i in range(n)]
    return rows_of([f"prompt {i}" for i in range(n)], chosen, rejected)


def test_a_mark_that_wins_is_told_with_its_odds():
    found = CHECK.run(paired(200, 60, 10), Context())
    [finding] = found.findings
    assert "has bold text is preferred in 60 of the 70 pairs" in finding.message
    assert finding.evidence[0].spans == ((0, 3),)
    bold = next(row for row in found.figures["preferences"] if row["name"] == "bold")
    assert (bold["only_chosen"], bold["only_rejected"]) == (60, 10)
    assert bold["odds"] == pytest.approx(60.5 / 10.5)
    assert bold["odds_at_equal_length"]["low"] > 1


def test_a_mark_that_loses_is_told_with_the_rejected_rows():
    [finding] = CHECK.run(paired(200, 10, 60), Context()).findings
    assert "is rejected in 60 of the 70 pairs" in finding.message
    assert {evidence.field for evidence in finding.evidence} == {"rejected"}


def test_marks_by_lot_give_no_finding():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(25):
        bold, list_, end = rng.random((3, 2, 150)) < 0.3
        texts = [
            [
                f"{'**a**' if bold[s, i] else 'a'}\n{'- b' if list_[s, i] else 'b'} {i} {s}"
                f"{'?' if end[s, i] else '.'}"
                for i in range(150)
            ]
            for s in (0, 1)
        ]
        rows = rows_of([str(i) for i in range(150)], *texts)
        alarms += len(CHECK.run(rows, Context()).findings)
    assert alarms <= 3  # 5 % of 25 in truth


def test_a_mark_of_every_chosen_answer_and_of_no_rejected_one_is_told():
    found = CHECK.run(paired(200, 200, 0), Context())
    assert "has bold text is preferred in 200 of the 200 pairs" in found.findings[0].message


def test_marks_that_always_come_together_are_both_told():
    chosen = [f"**a** b! {'long ' * (i % 5)}{i}" for i in range(200)]
    rejected = [f"aaa b. {'long ' * (i % 7)}{i}" for i in range(200)]
    rows = rows_of([f"p{i}" for i in range(200)], chosen, rejected)
    told = {finding.evidence[0].note for finding in CHECK.run(rows, Context()).findings}
    assert told == {"bold", "exclamation"}


def test_one_marked_answer_in_many_pairs_proves_nothing():
    rows = rows_of(
        [f"p{i}" for i in range(60)], ["the **same** answer"] * 60, [f"poor {i}" for i in range(60)]
    )
    bold = next(
        row for row in CHECK.run(rows, Context()).figures["preferences"] if row["name"] == "bold"
    )
    assert bold["only_chosen"] == 60
    assert np.isnan(bold["odds_at_equal_length"]["value"])


def test_length_alone_is_not_laid_on_a_mark_of_long_answers():
    rng = np.random.default_rng(1)
    length = rng.normal(size=(2, 3_000))
    marks = length + rng.normal(size=(2, 3_000)) > 1
    gap = length[0] - length[1]
    won = rng.random(3_000) < 1 / (1 + np.exp(-2 * gap))
    a, b = np.where(won, marks[0], marks[1]), np.where(won, marks[1], marks[0])
    [effect] = style_effects([a], [b], np.where(won, gap, -gap))
    assert effect.odds > 1.8
    assert effect.at_equal_length.low < 1 < effect.at_equal_length.high


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16))
def test_swapping_sides_turns_the_odds_over(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.random((2, 80)) < 0.5
    ratio = rng.normal(size=80)
    [there], [back] = style_effects([a], [b], ratio), style_effects([b], [a], -ratio)
    assert back.odds == pytest.approx(1 / there.odds)
    assert back.at_equal_length.value == pytest.approx(1 / there.at_equal_length.value, rel=1e-4)
    assert back.p_value == pytest.approx(there.p_value, abs=1e-4)


def test_plain_answers_have_rates_by_source():
    rows = rows_of(["p"] * 3, ["Yes!", "No", "Oh!"], source=["web", "logs", "web"])
    found = CHECK.run(rows, Context())
    assert found.findings == ()
    assert found.figures["answers"]["all"]["exclamation"] == pytest.approx(2 / 3)
    assert found.figures["answers"]["by_source"][0]["exclamation"] == 1.0


def test_no_pattern_takes_long_on_hostile_text():
    for hostile in ("1. a\n" * 5_000, "|-" * 20_000, "*" * 50_000, "i'm " * 20_000):
        for marker in MARKERS:
            assert marked(pa.array([hostile]), marker).shape == (1,)
            assert mark_spans(hostile[:2_000], marker) is not None


def test_no_answers_are_said():
    assert "no answers" in CHECK.run(rows_of(["a"]), Context()).skipped
