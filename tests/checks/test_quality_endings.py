import pytest

from curate.checks import CHECKS, Context, rows_of
from curate.checks.quality import cut_off, ending

PROPER = "The committee met on Tuesday, and after a long talk it gave the money back."
OPEN = "It rained. They met on Tuesday, and after a long talk it gave the money to the schools"
WHOLE = [
    "Paris",
    "42",
    "They met. The forms do not have to be of any one kind, nor even be designated as such",
    "",
    "Yes",
    PROPER,
    "Shopping list for the long weekend:\n- two loaves of bread\n- milk and butter\n- eggs",
    "1. Preheat the oven to two hundred degrees\n2. Mix flour with sugar and butter well",
    "def add(a, b):\n    return a + b  # the sum of both, which the caller wants to have",
    "Use this:\n```python\nprint('a long line of text that goes on and on and on')\n```",
    "The answer, after adding up all of the numbers in both of the columns above, is 42",
    "Roses are red\nViolets are blue\nSugar is sweet\nAnd so are you, my dearest friend",
    "Thank you for your help with the move, it was a great day.\n\nBest regards,\nJohn",
    "See the documentation, which explains every option at length: https://example.org/docs/all",
    "ภาษาไทยไม่มีจุดจบประโยค ดังนั้นข้อความนี้จึงไม่ถูกตัดออกแต่อย่างใดเลยแม้แต่น้อย",
    "这是一个完整的句子，它讲述了一个很长的故事，最后以句号结束。",
    "Polizei nimmt nach gewalttätigen Protesten vor einem Hotel fünfzehn Personen vorläufig fest",
    "| a | b |\n|---|---|\n| a long cell with many words in it | another one with just as many |",
    "That was a wonderful day at the seaside, and we all enjoyed it so very much 😀",
]
CUT = [
    ("The committee met on Tuesday and decided, after a long talk, to give all of the", "“the”"),
    (
        "We looked at the results of the survey, and they show that most people prefer tea,",
        "“tea,”",
    ),
    ("We looked at the results of the survey (which was taken in March of last year", "bracket"),
    ("Use this function for all of it:\n```python\nfor x in range(10):\n    print(x", "code block"),
    (
        "Nach der langen Sitzung am Dienstag beschloss der Rat, das Geld an die Schule und",
        "und",
    ),
]


@pytest.mark.parametrize("answer", WHOLE)
def test_what_may_end_as_it_does_is_not_cut_off(answer):
    assert ending(answer) is None or ending(answer).score < 0.5
    rows = rows_of(["?"] * 21, [PROPER] * 20 + [answer])
    if ending(answer) is None:
        assert CHECKS.get("truncated").run(rows, Context()).n_rows == 0


@pytest.mark.parametrize(("answer", "why"), CUT)
def test_what_cannot_end_so_is_cut_off(answer, why):
    assert ending(answer).score >= 0.8
    assert why in ending(answer).what
    found = CHECKS.get("truncated").run(rows_of(["?"], [answer]), Context())
    (start, end) = found.findings[0].evidence[0].spans[0]
    assert 0 <= start < end <= len(answer)


def test_a_missing_full_stop_counts_only_where_others_have_one():
    assert ending(OPEN).score == 0.4
    proper = rows_of(["?"] * 10, [PROPER] * 9 + [OPEN])
    (fault,) = cut_off(proper).values()
    # it is one of the longer half, and all of the shorter half end with a mark: 0.4 + 0.4 * 1
    assert fault.score == pytest.approx(0.8)
    openly = rows_of(["?"] * 10, [PROPER] * 4 + [f"{OPEN} of {n}" + " more" for n in range(6)])
    assert cut_off(openly) == {}


def test_where_a_limit_cuts_the_long_answers_the_short_ones_say_how_answers_end():
    short = [PROPER] * 10
    long = [
        f"{PROPER} {PROPER} And then it all began anew, on a day like any other in {m}" + "x" * n
        for n, m in enumerate(("spring", "summer", "autumn", "winter", "May", "June", "July"))
    ]
    assert sorted(cut_off(rows_of(["?"] * 17, short + long))) == list(range(10, 17))


def test_the_word_of_the_log_is_certain():
    rows = rows_of(["?"] * 3, ["Paris", "Rome", None], finish_reason=["length", "stop", "length"])
    faults = cut_off(rows)
    assert list(faults) == [0]
    assert faults[0].score == 1
    assert "finish reason length" in faults[0].says


def test_answers_of_exactly_the_same_length_are_cut_at_it():
    words = "and then came another one that was even longer than all the others had been before "
    texts = [f"{name} rained. {words * 4}"[:200].rstrip() + "x" * 9 for name in "abcdefghijklmno"]
    texts = [text[:200] for text in texts]
    rows = rows_of(["?"] * 15, texts)
    faults = cut_off(rows)
    assert len(faults) == 15
    assert "as 14 others that end openly are" in faults[0].says


def test_an_answer_without_any_full_stop_misses_none_at_its_end():
    assert ending("A short review of the many good books that came out in spring this year") is None


def test_a_list_with_commas_needs_no_full_stop():
    text = (
        "These are good. You may like Money Heist, Better Call Saul, Dahmer, Lucifer, Arrow, Lost"
    )
    assert ending(text) is None


def test_a_megabyte_is_judged():
    assert ending("word " * 200_000 + "and").what == "ends in “and”"


def test_files_are_judged_by_their_own_habits():
    assert CHECKS.get("truncated").run(rows_of([], []), Context()).findings == ()
