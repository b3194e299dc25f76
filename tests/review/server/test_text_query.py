"""The query language, against the words of Elasticsearch's manual."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.review.server.text_query import text_score, words_of

RECORD = {
    "prompt": "Why does the don't-panic e-mail at example.com say 3.14?",
    "answer": "Because Pi is nearly 3.14; cats (and category theory) agree.",
    "chat": [{"role": "user", "content": "one two"}, {"role": "assistant", "content": "three"}],
    "empty": None,
    "page": {"html": "custom value"},
}


def answers(query: str, names: tuple[str, ...] = tuple(RECORD)) -> bool:
    return text_score(json.dumps(RECORD), query, json.dumps(names)) > 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("because", True),  # case does not matter
        ("cat", False),  # whole words only
        ("cat*", True),
        ("cat* -category", False),
        ("pi cats", True),  # AND is the default
        ("pi dogs", False),
        ("pi | dogs", True),
        ("why cats", True),  # words may come from different fields
        ('"category theory"', True),
        ('"theory category"', False),
        ('"two three"', False),  # a phrase does not span two turns of a chat
        ('"one two" three assistant', True),
        ("-dogs", True),
        ("-pi", False),
        ("--pi", True),
        ("pi -dogs", True),
        ("- pi", True),  # a minus on its own negates nothing
        ("don't", True),
        ("e-mail", True),  # two words, both here
        ("e-dogs", False),
        ("3.14", True),
        ("3", False),
        ("example.com", True),
        ("example", False),
        ("(dogs | pi) nearly", True),
        ("dogs (pi nearly)", False),
        ("-(dogs | pi)", False),
        ("dogs | pi zebra", False),  # left to right: (dogs | pi) zebra
        ("zebra dogs | pi", True),  # (zebra dogs) | pi
        ("custom", True),
        ("*", True),
        ("", False),
        ("!!! pi", True),  # what holds no word asks for nothing
        ("!!!", False),
        ('"unclosed pi', False),  # read as words, and `unclosed` is not here
        ('"nearly pi', True),
        ("(nearly", True),
        ("nearly)", True),
        (r"cat\*", False),
        (r"\-pi", True),
        ("p? %", False),
        ("pi~1", True),
    ],
)
def test_a_query_means_what_simple_query_string_says(query: str, expected: bool) -> None:
    assert answers(query) is expected


def test_a_field_can_be_asked_alone() -> None:
    assert answers("pi", ("answer",))
    assert not answers("pi", ("prompt",))
    assert not answers("pi", ("missing",))


def test_more_occurrences_score_higher() -> None:
    once, twice = (json.dumps({"a": text}) for text in ("cat dog", "cat cat dog"))
    assert text_score(twice, "cat", '["a"]') > text_score(once, "cat", '["a"]')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße und café", ["straße", "und", "café"]),
        ("cafe\u0301s", ["cafe\u0301s"]),  # a combining accent belongs to its letter
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("東京 2020年", ["東", "京", "2020", "年"]),
        ("l’été c'est 1,000.5", ["l’été", "c'est", "1,000.5"]),
        ("snake_case a.b x-y 1.a", ["snake_case", "a.b", "x", "y", "1", "a"]),
        ("", []),
    ],
)
def test_words_are_cut_as_unicode_says(text: str, expected: list[str]) -> None:
    assert words_of(text) == expected


@given(st.text(alphabet=st.sampled_from("ab \"+|-()*~\\é\0%_:'1"), max_size=60), st.text())
def test_no_query_breaks_it(query: str, text: str) -> None:
    assert text_score(json.dumps({"a": text}), query, '["a"]') >= 0


@given(st.lists(st.text(alphabet="abcé", min_size=1), min_size=1, max_size=6))
def test_each_word_of_a_text_and_the_whole_as_a_phrase_are_found(words: list[str]) -> None:
    fields = json.dumps({"a": " ".join(words)})
    for query in (*words, f'"{" ".join(words)}"', " | ".join(words)):
        assert text_score(fields, query, '["a"]') > 0
        assert text_score(fields, f"-({query})", '["a"]') == 0


def test_ten_thousand_brackets_are_no_stack_overflow() -> None:
    assert answers("(" * 10_000 + "pi" + ")" * 10_000)
    assert answers(" | ".join(["dogs"] * 10_000 + ["pi"]))
