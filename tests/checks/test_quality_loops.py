import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.checks import CHECKS, Context, rows_of
from curate.checks.quality import echo, loop, repeated_share, shared_phrases

LOOPS = [
    "I see. " + "The cat sat on the mat again. " * 9,
    "no " * 50,
    "A line that comes again\n" * 12,
    "我不知道该说什么好。" * 10,
    "ha ha ha ha " * 20,
    "a" * 100,
    "I know that he knows " * 8,
]
NO_LOOPS = [
    "",
    "word",
    "The cat sat on the mat. The dog sat on the rug. The bird sat on the roof.",
    # a refrain, three times
    "\n".join(
        f"Verse {n} is about the number {n * 7} and its friends\nOh sing with me the song of old"
        for n in range(3)
    ),
    "```\n" + "\n".join("0 0 0 0 0 0 0 0" for _ in range(8)) + "\n```",
    "\n".join("0, 0, 0, 0, 1, 0" if n % 2 else f"{n}, 0, {n * 3}, 0, 1, {n}" for n in range(8)),
    '[{"name": "a", "age": 1}, {"name": "b", "age": 2}, {"name": "c", "age": 3}]',
    "-" * 200,
    "😀 🎉 😎",
]


@pytest.mark.parametrize("answer", LOOPS)
def test_a_loop_is_found(answer):
    found = CHECKS.get("repetition").run(rows_of(["Tell me."], [answer]), Context())
    (one,) = found.findings
    assert one.severity == "error"
    assert all(0 <= a < b <= len(answer) for a, b in one.evidence[0].spans)


@pytest.mark.parametrize("answer", NO_LOOPS)
def test_what_repeats_itself_as_it_should_is_no_loop(answer):
    assert CHECKS.get("repetition").run(rows_of(["Tell me."], [answer]), Context()).n_rows == 0


def test_who_asks_for_repetition_gets_it():
    assert loop("I will not talk in class. " * 20, "Write this 20 times: I will not talk") is None


def test_the_loop_is_named_with_how_often_it_comes():
    assert loop("no " * 50).says == "repeats “no” 50 times"


def test_the_share_is_that_of_the_runs_of_six_words_said_before():
    # 12 words make 7 runs of 6; the 7th is the 1st again
    text = "one two three four five six one two three four five six"
    assert repeated_share([text]).tolist() == pytest.approx([1 / 7])


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=200))
def test_a_share_is_between_none_and_all(text):
    (share,) = repeated_share([text])
    assert 0 <= share <= 1
    loop(text)


def test_a_megabyte_of_one_letter_is_a_loop():
    assert loop("a" * 1_000_000).score == 1
    assert repeated_share(["word " * 200_000])[0] > 0.99


def test_nulls_say_nothing_twice():
    assert np.array_equal(repeated_share([None, ""]), [0, 0])


PROMPT = "Tell me a tale of two cities that never slept!"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (PROMPT, 1.0),
        (PROMPT.upper() + "\n", 1.0),
        (f"{PROMPT}\nOnce there were two cities, and both of them were awake.", 0.6),
    ],
)
def test_the_prompt_said_again_is_an_echo(answer, score):
    assert echo(answer, PROMPT).score == score
    assert CHECKS.get("echoes").run(rows_of([PROMPT], [answer]), Context()).n_rows == 1


def test_nearly_the_prompt_is_an_echo():
    # one word of 23 differs: 20 of 22 pairs of words are shared, 0.9 * 20 / 22
    words = [f"w{n}" for n in range(23)]
    answer = " ".join([*words[:9], "other", *words[10:]])
    assert echo(answer, " ".join(words)).score == pytest.approx(0.9 * 20 / 22)


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        (
            "Their going home soon.",
            "Correct the grammar of this sentence: They're going home soon.",
        ),
        ("Paris", "Paris?"),
        (PROMPT, "Repeat after me, word for word: " + PROMPT),
        ("def f(x):\n    return x\n" * 3 + "    pass", "def f(x):\n    return x\n" * 3),
        ("Two cities never slept, and this is their tale, told by me to you.", PROMPT),
        ("", PROMPT),
        (
            "Rome is the only one of all the old towns in the south of Italy that never slept.",
            "Which is the only one of all the old towns in the south of Italy that never slept?",
        ),
    ],
)
def test_what_should_be_like_its_prompt_is_no_echo(answer, prompt):
    assert CHECKS.get("echoes").run(rows_of([prompt], [answer]), Context()).n_rows == 0


def test_a_phrase_that_many_answers_close_with_is_counted_in_the_data():
    said = [f"The number is {n}. All the best from your friend." for n in range(30)]
    (phrase,) = shared_phrases(said + ["Nothing of the kind. Nor this one."] * 5)
    # 30 of 31 distinct answers
    assert (phrase.text, phrase.where, phrase.n_distinct) == (
        "All the best from your friend.",
        "closes",
        30,
    )
    assert phrase.share == pytest.approx(30 / 31)


def test_copies_make_no_boilerplate():
    assert shared_phrases(["One and the same answer here. It is always the same one."] * 100) == []


def test_many_answers_to_few_prompts_may_share_a_phrase():
    said = [f"The river is long and wide. It has {n} bends." for n in range(40)]
    assert shared_phrases(said, ["How long is it?"] * 20 + ["How wide?"] * 20) == []
    assert len(shared_phrases(said, [f"Question {n}?" for n in range(40)])) == 1


def test_what_a_task_asks_for_is_no_phrase():
    said = [f"We add {n} and {n}. The answer is {n % 2}." for n in range(60)]
    assert shared_phrases(said) == []
    assert shared_phrases(["Yes." for _ in range(60)]) == []


def test_phrases_of_assistants_are_told_from_a_tenth_of_the_share():
    said = [f"Point {n} stands. More of it is {n}." for n in range(400)]
    said[:4] = [f"{text} I hope this helps!" for text in said[:4]]
    (phrase,) = shared_phrases(said)
    assert phrase.stock
    assert phrase.rows.tolist() == [0, 1, 2, 3]


def test_boilerplate_is_one_finding_with_its_rows_and_not_taken_out():
    check = CHECKS.get("boilerplate")
    said = [f"The number is {n}. All the best from your friend." for n in range(30)]
    found = check.run(rows_of([f"{n}?" for n in range(30)], said), Context())
    (one,) = found.findings
    assert one.rows == tuple(range(30))
    assert not check.fixes
    (span,) = one.evidence[0].spans
    assert said[0][slice(*span)] == "All the best from your friend."
