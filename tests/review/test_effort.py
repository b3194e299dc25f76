import pytest

from curate.review import estimate
from tests.desk_items import rank_item, rewrite_item


def test_a_pair_costs_reading_and_a_decision():
    # 60 words of prompt and 2 x 90 of answers at 238 a minute; 12 s to decide.
    item = rank_item("word " * 60, ["word " * 90, "other " * 90])
    assert estimate([item], "rank") == pytest.approx(240 / 238 + 0.2)


def test_a_rewrite_costs_typing_as_well():
    # 40 + 200 words to read at 238 a minute; 0.3 x 200 typed at 40 a minute: 1.5 min; 15 s.
    item = rewrite_item("word " * 40, "word " * 200)
    assert estimate([item], "rewrite") == pytest.approx(240 / 238 + 1.5 + 0.25)


def test_each_further_reviewer_costs_as_much_again():
    once, twice = (rank_item("Hi?", ["a", "b"], overlap=n) for n in (1, 2))
    assert estimate([twice], "rank") == pytest.approx(2 * estimate([once], "rank"))


def test_a_script_without_spaces_is_not_one_word():
    # 1200 / 1.5 = 800 words, and two answers of one word: 802 / 238 min; 12 s.
    item = rank_item("字" * 1_200, ["a", "b"])
    assert estimate([item], "rank") == pytest.approx(802 / 238 + 0.2)


def test_a_long_run_of_letters_counts_as_several_words():
    # 120 letters / 12 = 10 words, and two: 12 / 238 min; 12 s.
    assert estimate([rank_item("x" * 120, ["a", "b"])], "rank") == pytest.approx(12 / 238 + 0.2)
