"""Benchmark items in training rows: found whole or changed, shown where they stand."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Beside, Context, Found, Rows, rows_of
from curate.checks.contamination import contaminated
from curate.checks.contamination.items import LONG, SHORT, lines_of, parts

CHECK = CHECKS.get("contamination")
MOON = "Who was the first person to walk on the moon, and in which year was that?"
STORY = (
    "Weng bakes 12 loaves of rye bread each morning and sells every loaf at the village market "
    "for 4 coins. How many coins does she carry home after 6 market days?"
)
OPTIONS = (
    "Which of these metals is liquid at ordinary room temperature and pressure?\n"
    "A. solid iron\nB. liquid mercury\nC. pure tin\nD. 7 parts gold"
)
FILLER = (
    "Dear colleagues, the meeting about parking permits begins after lunch on Thursday. "
    "Bring your own cup, please, and tell Martha whether you prefer tea."
)


def run(rows: Rows, *items: str, threshold: float | None = None) -> Found:
    bench = Beside(name="bench.jsonl", rows=rows_of(items, name="bench.jsonl"))
    thresholds = {} if threshold is None else {"contamination": threshold}
    return CHECK.run(rows, Context(benchmarks=(bench,), thresholds=thresholds))


def kinds(text: str, item: str) -> list[str]:
    return [match.kind for match in contaminated([text, FILLER], [item, STORY])]


words = st.text(st.characters(codec="utf-8", categories=("Ll", "Lu", "Nd")), min_size=1, max_size=9)
fillers = st.lists(words, max_size=60).map(" ".join)


@given(item=st.lists(words, min_size=5, max_size=40), before=fillers, after=fillers, rest=fillers)
@settings(deadline=None, max_examples=60)
def test_an_item_planted_in_a_longer_text_is_found_with_its_exact_place(
    item: list[str], before: str, after: str, rest: str
) -> None:
    text = f"{before}\n{' '.join(item)}\n{after}"
    [found, *_] = [m for m in contaminated([rest, text], [" ".join(item)]) if m.text == 1]
    assert found.kind == "verbatim"
    assert found.score == 1.0
    start, end = found.spans[0][0], found.spans[-1][1]
    assert text[start:end].split() == item


@given(
    item=st.lists(words, min_size=1, max_size=30),
    gaps=st.lists(st.sampled_from([" ", "  ", "\n", "\t", "\u3000", ", ", "—", " … ", "、"])),
    upper=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_case_space_and_punctuation_never_lose_an_item(
    item: list[str], gaps: list[str], upper: bool
) -> None:
    joined = "".join(
        word + (gaps[n % len(gaps)] if gaps else " ") for n, word in enumerate(item)
    ).strip()
    simple = all(word.swapcase().casefold() == word.casefold() for word in item)
    changed = joined.swapcase() if upper and simple else joined
    assert contaminated([FILLER, changed], [" ".join(item)])


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30), max_size=5))
@settings(deadline=None, max_examples=40)
def test_texts_without_a_common_word_never_match(texts: list[list[str]]) -> None:
    items = [" ".join("z" + letter for letter in text) for text in texts]
    assert not contaminated([" ".join(text) for text in texts], items)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (STORY.upper(), "verbatim"),
        (STORY.replace("12", "31").replace("4 coins", "9 coins"), "numbers changed"),
        (STORY.replace("rye", "oat").replace("village", "harbor"), "words changed"),
        (STORY.split(". ")[1] + " " + STORY.split(". ")[0], "order changed"),
        (STORY[: STORY.index(" for 4")], "in part"),
    ],
)
def test_the_kind_says_how_the_item_was_changed(text: str, kind: str) -> None:
    found = contaminated([f"{FILLER} {text} {FILLER}", FILLER], [STORY, MOON])
    assert [(m.text, m.item, m.kind) for m in found] == [(0, 0, kind)]


def test_options_may_change_places() -> None:
    other = (
        "Which of these metals is liquid at ordinary room temperature and pressure?\n"
        "(a) 7 parts gold\n(b) pure tin\n(c) solid iron\n(d) liquid mercury"
    )
    [found] = contaminated([other, FILLER], [OPTIONS, MOON])
    assert found.kind == "order changed"
    held = " ".join(other[a:b] for a, b in found.spans)
    assert all(option in held for option in ("7 parts gold", "pure tin", "liquid mercury"))


def test_a_question_is_found_without_its_options() -> None:
    found = run(rows_of(["Q: " + OPTIONS.split("\n")[0], FILLER]), OPTIONS, MOON)
    [finding] = found.findings
    assert finding.evidence[0].note == "the question without its options word for word"


def test_answers_that_follow_one_formula_are_no_match() -> None:
    answer = (
        "Let X be the price of the book. After the rebate the price is X - X * 25 % = 0.75 X = 19. "
        "Dividing both sides by 0.75 we find that the book cost X = 25."
    )
    other = (
        "Let X be the price of the lamp. After the rebate the price is X - X * 10 % = 0.9 X = 27. "
        "Dividing both sides by 0.9 we find that the lamp cost X = 30."
    )
    bench = Beside(name="b", rows=rows_of([MOON, STORY], [answer, None], name="b"))
    rows = rows_of(["How dear was it?", "How dear was that?"], [other, answer.upper()])
    [finding] = CHECK.run(rows, Context(benchmarks=(bench,))).findings
    assert finding.rows == (1,)


def test_a_phrase_of_a_short_question_is_no_match() -> None:
    question = "If 3 is half of x, what is the value of x?"
    text = f"{FILLER} He asked: what is the value of x when y grows? {FILLER}"
    assert kinds(text, question) == []


def test_another_story_on_the_same_template_is_no_match() -> None:
    other = (
        "Tom catches 3 crabs each night and trades every crab at the pier for 2 nets. "
        "How many nets does he own after 5 nights?"
    )
    assert kinds(other, STORY) == []


def test_a_template_that_all_items_share_does_not_count() -> None:
    lead = "Answer the following question step by step, then give the final answer in brackets. "
    asked = ["Why is rust red?", "Where do eels spawn?", "Who tamed the horse?", "What is a fjord?"]
    items = [lead + question for question in asked]
    rows = [lead + "Name three rivers of Peru.", lead + "Where do eels spawn?"]
    assert [(m.text, m.item) for m in contaminated(rows, items)] == [(1, 1)]


def test_a_short_item_stands_by_itself_and_its_shortness_is_said() -> None:
    rows = rows_of(["Please write a poem about trees.", "Hello there. Write a poem!"])
    [finding] = run(rows, "Write a poem").findings
    assert finding.rows == (1,)
    assert finding.severity == "warning"
    assert "only 3 words" in finding.message


def test_a_short_question_with_another_number_is_another_question() -> None:
    # two of the three numbers are the same, and every word is
    assert kinds("What is 12 + 5?", "What is 12 + 6?") == []
    assert kinds("What is 12 + 6?", "What is 12 + 6?") == ["verbatim"]


def test_the_input_below_a_short_instruction_tells_items_apart() -> None:
    items = ["Translate into French:\nThe cat sleeps on the warm stove all day.", MOON]
    rows = [
        "Translate into French:\nMy brother repairs old clocks for a living.",
        "Translate into French:\nThe cat sleeps on the warm stove all day.",
    ]
    assert [(m.text, m.item) for m in contaminated(rows, items)] == [(1, 0)]


def test_evidence_shows_the_place_on_both_sides() -> None:
    rows = rows_of(["Tell me."], [f"Ein Gruß! {MOON} Danke."])
    [finding] = run(rows, STORY, MOON).findings
    [evidence] = finding.evidence
    [(start, end)] = evidence.spans
    [(begin, stop)] = evidence.beside_spans
    assert evidence.field == "answer"
    assert rows.answer[0].as_py()[start:end] == MOON.rstrip("?")
    assert evidence.beside[begin:stop] == MOON.rstrip("?")
    assert evidence.beside_name == "bench.jsonl:2"
    assert finding.severity == "error"


def test_one_item_in_several_rows_is_one_finding() -> None:
    rows = rows_of([MOON, FILLER, MOON.upper()], [None, MOON, None], [None, FILLER, MOON])
    [finding] = run(rows, MOON, STORY).findings
    assert finding.rows == (0, 1, 2)
    assert [(e.row, e.field) for e in finding.evidence] == [
        (0, "prompt"),
        (1, "answer"),
        (2, "prompt"),
        (2, "rejected"),
    ]


def test_a_long_answer_is_looked_for_by_itself() -> None:
    answer = "It was Neil Armstrong, who climbed down the ladder of the Eagle in July of that year."
    bench = Beside(name="b", rows=rows_of([MOON, STORY], [answer, "288"], name="b"))
    rows = rows_of(["Who?", "How many?"], [f"Well. {answer}", "288"])
    [finding] = CHECK.run(rows, Context(benchmarks=(bench,))).findings
    assert finding.rows == (0,)
    assert finding.message.startswith("The answer of b:1 stands in 1 row, word for word")


def test_of_items_that_overlap_the_one_that_covers_most_is_named() -> None:
    longer = f"{MOON} Name the mission and the pilot who stayed in orbit."
    assert [m.item for m in contaminated([longer], [MOON, longer, STORY])] == [1]


def test_equal_items_are_named_once_by_the_first() -> None:
    assert [m.item for m in contaminated([MOON], [STORY, MOON, MOON.lower()])] == [1]


def test_items_of_two_benchmarks_are_both_named() -> None:
    benches = tuple(Beside(name=n, rows=rows_of([MOON], name=n)) for n in ("one", "two"))
    found = CHECK.run(rows_of([MOON]), Context(benchmarks=benches))
    assert [f.evidence[0].beside_name for f in found.findings] == ["one:1", "two:1"]
    assert [b["items_found"] for b in found.figures["benchmarks"]] == [1, 1]


def test_the_words_of_a_long_row_scattered_are_no_match() -> None:
    words = STORY.split()
    rng = np.random.default_rng(7)
    scattered = " ".join(
        f"{FILLER} {word}" for word in np.array(words)[rng.permutation(len(words))]
    )
    assert contaminated([scattered], [STORY, MOON]) == []


def test_later_turns_are_looked_for_and_worked_examples_are_not() -> None:
    rows = rows_of([""] * 8)
    shot = "How many legs do three spiders and one very patient donkey have together?"
    asked = [
        f"{place} was founded by whom, and for which odd reason?"
        for place in ("Riga", "Oslo", "Bonn", "Turin", "Kyoto", "Cusco", "Accra", "Perth")
    ]
    prompts = [f"user: {shot}\nuser: {question}" for question in asked]
    turns = [
        [
            {"role": "user", "start": 6, "end": 6 + len(shot)},
            {"role": "user", "start": 13 + len(shot), "end": len(prompt)},
        ]
        for prompt in prompts
    ]
    texts = pa.array(prompts, pa.large_string())
    bench = Rows(
        **{
            **{name: getattr(rows, name) for name in rows.__slots__},
            "prompt": texts,
            "asked": texts,
            "turns": pa.array(turns, rows.turns.type),
        }
    )
    found = parts([Beside(name="chats", rows=bench)])
    assert [part.text for part in found] == asked
    assert {part.side for part in found} == {"turn"}


def test_only_answers_and_stems_of_some_length_are_looked_for() -> None:
    rows = rows_of(["Ice?\nA. hot\nB. cold", "Why?"], ["no " * (LONG - 1), "yes " * LONG])
    found = parts([Beside(name="b", rows=rows)])
    assert [(part.row, part.side) for part in found] == [
        (0, "question"),
        (1, "question"),
        (1, "answer"),
    ]
    assert SHORT < LONG


def test_lines_and_labels_of_options_are_told_apart() -> None:
    # words: which one · B. a two · C. three
    text = b"which one\n(b) a two c. three"
    starts = np.array([0, 6, 11, 14, 16, 20, 23])
    assert lines_of(text, 0, starts).tolist() == [1, 1, 0, 3, 3, 0, 4]


def test_without_a_benchmark_the_check_says_what_to_do() -> None:
    assert "--against" in CHECK.run(rows_of([MOON]), Context()).skipped


def test_an_empty_benchmark_is_skipped_with_a_sentence() -> None:
    found = run(rows_of([MOON]))
    assert found.skipped == "bench.jsonl: no question to look for; check the file"
    assert np.isnan(found.rate)


def test_no_rows_and_empty_rows_give_nothing() -> None:
    assert run(rows_of([]), MOON).findings == ()
    found = run(rows_of(["", "…"], [None, ""]), MOON, "?")
    assert found.findings == ()
    assert found.looked_at == 2


def test_the_threshold_is_the_contexts() -> None:
    rows = rows_of([STORY[: STORY.index(" for 4")], FILLER])
    assert run(rows, STORY, MOON).n_rows == 1
    assert run(rows, STORY, MOON, threshold=0.99).n_rows == 0


def test_the_same_rows_give_the_same_findings() -> None:
    rows = rows_of([MOON, STORY, FILLER, OPTIONS], [STORY, None, MOON, FILLER])
    assert run(rows, MOON, STORY, OPTIONS) == run(rows, MOON, STORY, OPTIONS)


def test_spans_count_characters_of_any_script() -> None:
    item = "世界で最も高い山はどこにありますか？"
    text = f"質問です：{unicodedata.normalize('NFD', 'é')} {item} 答え"
    [found] = contaminated([text], [item])
    [(start, end)] = found.spans
    assert text[start:end] == item.rstrip("？")
