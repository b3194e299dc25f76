import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConfigError
from curate.score.answers import choose, normalised, reader_for
from curate.score.numerals import last_number, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.50", "1234.5"),
        ("-$10,000", "-10000"),
        ("$-5", "-5"),
        ("−3", "-3"),
        ("42%", "42"),
        ("18.0", "18"),
        ("18.", "18"),
        (".5", "0.5"),
        ("-0", "0"),
        ("1/2", "0.5"),
        ("1 1/2", "1.5"),
        ("2/6", "1/3"),
        (r"\frac{1}{2}", "0.5"),
        (r"\boxed", None),
        (r"$\dfrac{-3}{4}$", "-0.75"),
        ("**18**", "18"),
        ("$$18$$", "18"),
        ("1e3", "1000"),
        ("3,4", None),
        ("1.2.3", None),
        ("x5", None),
        ("1/0", None),
        ("", None),
        ("18 eggs", None),
    ],
)
def test_numbers_have_one_spelling(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9 eggs at $2 make 9 * 2 = $18.", "18"),
        ("from 3-4", "4"),
        ("It is 2024-01-05", "5"),
        ("covid19 and mp3", None),
        ("12:30", "30"),
        ("no numbers", None),
        ("first 1/0, then nothing", None),
        ("costs 1,234,567 in all", "1234567"),
    ],
)
def test_the_last_number_of_a_text(text, number):
    assert last_number(text) == number


@settings(deadline=None, max_examples=200)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1e9, max_value=1e9))
def test_every_way_to_write_a_number_is_the_same(value):
    plain = whole_number(f"{value:f}")
    assert plain == whole_number(f"{value:,f}") == whole_number(f" **{value:f}00** ")
    assert plain == last_number(f"so it is {value:f}")


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text):
    for how in ("boxed", "option", "number", "text"):
        answer = reader_for(how)(text)
        assert answer is None or answer
    normalised(text)


def test_hostile_numbers_do_not_blow_up():
    assert whole_number("9" * 10_000) == "9" * 10_000
    assert last_number("1e999999999") is None
    assert len(whole_number("1e99")) == 100


@pytest.mark.parametrize(
    ("how", "text", "answer"),
    [
        ("number", '{"reasoning": "9 * 2", "answer": "$18.00"}', "18"),
        ("number", '{"reasoning": "there are 3", "answer": "unknown"}', None),
        ("number", '```json\n{"answer": 42}\n```', "42"),
        ("number", "Thus 9 eggs.\n#### 18", "18"),
        ("number", "The answer is **72** clips.", "72"),
        ("number", "16 - 3 = 13\nA: 26", "26"),
        ("number", r"so \boxed{\frac{1}{2}} is it", "0.5"),
        ("boxed", r"first \boxed{3}, then \boxed{\frac{1}{2}}", "0.5"),
        ("boxed", r"\boxed{\text{Paris}}", "paris"),
        ("boxed", r"\boxed{x^{2}+1}", "x^{2}+1"),
        ("boxed", r"\boxed{never closed", None),
        ("boxed", "no box", None),
        ("option", "(B)", "B"),
        ("option", "Answer: C", "C"),
        ("option", "The answer is (D) because whales breathe air.", "D"),
        ("option", '{"answer": "A"}', "A"),
        ("option", r"\boxed{E}", "E"),
        ("option", "Let me think.\nTwo are wrong.\n**B) Paris**", "B"),
        ("option", "Of these, (C) holds, since (A) is false and so (C).", "C"),
        ("option", "A dog is an animal of which there are many kinds, I think.", None),
        ("option", "She has 13 eggs.\nA: 26", None),
        ("text", "Positive.", "positive"),
        ("text", '{"answer": "[(1, 2), (3, 4)]"}', "[(1,2),(3,4)]"),
        ("text", r'{"answer": "{\"a\": 1}"}', '{"a":1}'),
        ("text", "Final answer: The Nile", "the nile"),
        ("text", "   ", None),
    ],
)
def test_answers_are_read(how, text, answer):
    assert reader_for(how)(text) == answer


def test_one_answer_written_four_ways():
    read = reader_for("pattern", r'"answer"\s*:\s*"?(?P<answer>[^"\n}]*)')
    texts = ['{"answer": "18"}', '{"answer": 18.0}', '"answer" : "$18"', '"answer": "18 dollars"']
    assert {read(text) for text in texts} == {"18"}


def test_a_pattern_reads_its_group_of_the_last_match():
    assert reader_for("pattern", r"is (\w+)")("it is one, no it is two") == "two"
    assert reader_for("pattern", r"(x)(?P<answer>\d)")("x1 x2") == "2"
    assert reader_for("pattern", r"\d+")("1 22") == "22"
    assert reader_for("pattern", r"is (\w+)?")("nothing") is None
    assert reader_for("pattern", r'"(.*)"')('""') is None


def test_a_broken_pattern_names_its_key():
    with pytest.raises(ConfigError, match=r"score\.answer\.pattern.*no regular expression"):
        reader_for("pattern", "(")


@pytest.mark.parametrize(
    ("texts", "how"),
    [
        ([], "embedding"),
        (["", " "], "embedding"),
        ([r"we get \boxed{1}", r"it is \boxed{x}"], "boxed"),
        (["(A)", "Answer: B", "C"], "option"),
        (["#### 4", "The answer is 7.", "12"], "number"),
        (["positive", "Negative", "neutral"], "text"),
        (['{"answer": "[1]"}', '{"answer": "{2}"}'], "text"),
        (["In 1969 Armstrong walked on the moon, one of 12 people who ever did."], "embedding"),
        (["I would visit 3 museums on day one, and then go to the beach on day 2."], "embedding"),
    ],
)
def test_auto_takes_the_surest_way_that_reads_most(texts, how):
    assert choose(texts) == how


def test_auto_needs_four_in_five():
    prose = "Whales breathe air through holes on top of their heads, unlike fish."
    assert choose(["#### 4"] * 4 + [prose]) == "number"
    assert choose(["#### 4"] * 3 + [prose]) == "embedding"
