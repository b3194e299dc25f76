"""Words that name groups and tell lots of texts apart."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.keywords import keywords, word_counts, word_divergence, words_apart


def test_groups_are_named_by_their_own_words():
    groups = [["book a flight", "flight to Oslo"], ["bake a cake", "cake with eggs"]]
    assert keywords(groups, most=1) == [("flight",), ("cake",)]


def test_words_that_all_share_name_nothing_before_their_own():
    groups = [["card lost", "card lost"], ["card stolen", "card stolen"]]
    assert [name[0] for name in keywords(groups)] == ["lost", "stolen"]


def test_a_text_that_repeats_itself_does_not_name_a_group():
    assert keywords([["spam spam spam spam", "eggs ham", "eggs toast"]])[0][0] == "eggs"


def test_a_group_of_no_words_has_no_name():
    assert keywords([["the 42", ""]]) == [()]


def test_scripts_without_spaces_have_words():
    assert keywords([["退款", "退款"], ["转账", "转账"]], most=1) == [("款",), ("账",)]


def test_each_text_counts_a_word_once():
    assert word_counts(["cake cake", "cake"]) == Counter({"cake": 2})


def test_what_is_new_is_told_with_its_strength():
    old = Counter({"card": 100, "fee": 100})
    new = Counter({"card": 100, "fee": 10, "passkey": 60})
    assert [word for word, _ in words_apart(new, old)] == ["passkey"]
    assert [word for word, _ in words_apart(old, new)] == ["fee"]


def test_words_that_are_as_common_tell_nothing():
    same = Counter({"card": 50, "fee": 30})
    assert words_apart(same, same) == []
    assert words_apart(Counter(), Counter()) == []


def test_divergence_is_worked_by_hand():
    # a, b against b, c: H(1/4, 1/2, 1/4) - 1 = 1.5 - 1
    assert word_divergence(Counter("ab"), Counter("bc")) == pytest.approx(0.5)
    assert math.isnan(word_divergence(Counter(), Counter("a")))


@settings(max_examples=40, deadline=None)
@given(st.text("abcd", min_size=1), st.text("abcd", min_size=1))
def test_divergence_is_symmetric_and_at_most_one_bit(one, other):
    there, back = (word_divergence(Counter(a), Counter(b)) for a, b in ((one, other), (other, one)))
    assert there == pytest.approx(back)
    assert -1e-9 <= there <= 1 + 1e-9
