"""Items in texts: which words are which, weighed by rarity."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.containment import alignment, counted, indexed, overlaps, screened, weighed
from curate.measure.containment import tokens as tokens_of
from curate.measure.word_runs import buffers, words


def tokens(*texts):
    return tokens_of(*buffers(list(texts)))


def searched(items, texts):
    index, found = indexed(tokens(*items)), tokens(*texts)
    return index, weighed(index, counted(index, found)), found


def aligned(item, text, *others):
    index, weights, found = searched([item, *others], [text])
    return alignment(index, weights, found, 0, 0).tolist()


def test_the_words_of_an_item_are_found_in_the_text():
    assert aligned("one two three four", "x one two three four y") == [1, 2, 3, 4]


def test_a_word_that_differs_is_stretched_over():
    assert aligned("a b c d e f g", "a b c X e f g") == [0, 1, 2, -1, 4, 5, 6]
    assert aligned("a b c d e f g", "a b c X Y f g") == [0, 1, 2, -1, -1, 5, 6]


def test_runs_are_laid_whatever_their_order():
    assert aligned("a b c d e f", "d e f . a b c") == [3, 4, 5, 0, 1, 2]


def test_a_word_of_the_text_serves_only_once():
    to = aligned("a b c a b c", "a b c")
    assert to == [0, 1, 2, -1, -1, -1]


def test_an_item_that_is_there_whole_is_laid_whole():
    assert aligned("a a a b", "a b a a a a b") == [3, 4, 5, 6]


def test_by_itself_goes_before_within_a_sentence():
    assert aligned("write a poem", "please write a poem now. write a poem.") == [5, 6, 7]


def test_words_weigh_by_their_rarity_and_numbers_nothing():
    index, weights, _ = searched(["red fox 7 runs off", "red hen 3 lays on"], ["red fox 7 runs"])
    # three texts: "red" in all, ln(4 / 3.5) = .134; "fox" in the first item and the text,
    # ln(4 / 2.5) = .470, as is the rarest n-gram around it ("fox 7 runs"); "off", "hen", "lays"
    # and "on" in one, ln(4 / 1.5) = .981
    np.testing.assert_allclose(
        weights.words, [0.134, 0.470, 0, 0.470, 0.981, 0.134, 0.981, 0, 0.981, 0.981], atol=1e-3
    )
    assert len(index) == 2


def test_a_template_weighs_little_however_rare_its_words():
    items = [f"kindly elucidate hereunder {word}" for word in ("rain", "snow", "hail", "dew")]
    _, weights, _ = searched(items, ["nothing at all"])
    lead, last = weights.words[0], weights.words[3]
    # five texts; the lead in four: ln(6 / 4.5) = .288; the last word in one: ln(6 / 1.5) = 1.386
    np.testing.assert_allclose([lead, last], [0.288, 1.386], atol=1e-3)


def test_scores_are_shares_of_the_weight():
    index, weights, found = searched(["a b c d e f", "u v w x y z"], ["a b c", "u v w x y z"])
    pairs = overlaps(index, weights, found, np.array([0, 1], "i4"), np.array([0, 1], "i4"))
    # a, b, c in two of four texts, ln(5 / 2.5) = .693, except that "b c d" and "c d e" stand in one
    # only: the lesser of word and n-gram is the word's. d, e, f in one: ln(5 / 1.5) = 1.204
    np.testing.assert_allclose(pairs.scores, [0.693 / (0.693 + 1.204), 1.0], atol=1e-3)
    assert pairs.same.tolist() == [3, 6]
    assert pairs.run.tolist() == [3, 6]
    assert pairs.gap.tolist() == [3, 0]
    assert pairs.alone.tolist() == [False, True]


letters = st.lists(st.sampled_from("abcdef"), max_size=30).map(" ".join)


@given(st.lists(letters, max_size=6), st.lists(letters, max_size=6))
@settings(deadline=None, max_examples=60)
def test_alignment_pairs_equal_words_and_each_at_most_once(items, texts):
    index, weights, found = searched(items, texts)
    for item in range(len(items)):
        for text in range(len(texts)):
            to = alignment(index, weights, found, text, item)
            met = to[to >= 0]
            assert len(set(met.tolist())) == len(met)
            mine = np.array(items[item].split())
            theirs = np.array(texts[text].split())
            assert (mine[to >= 0] == theirs[met]).all()


@given(st.lists(letters, max_size=6), st.lists(letters, max_size=6))
@settings(deadline=None, max_examples=60)
def test_a_text_that_holds_an_item_whole_passes_the_screen(items, texts):
    texts = [f"{text} {item}" for text in texts for item in items]
    index, weights, _ = searched(items, texts)
    near = words(*buffers(texts), numbers="one")
    which, sought = screened(index, weights, near, 0.99)
    found = set(zip(which.tolist(), sought.tolist(), strict=True))
    for text in range(len(texts)):
        item = text % len(items)
        assert (text, item) in found or not items[item]


@given(st.lists(letters, max_size=6), st.lists(letters, max_size=6))
@settings(deadline=None, max_examples=30)
def test_facts_and_alignment_agree(items, texts):
    index, weights, found = searched(items, texts)
    pairs = [(text, item) for text in range(len(texts)) for item in range(len(items))]
    which, sought = np.array(pairs, "i4").reshape(-1, 2).T
    facts = overlaps(index, weights, found, which.copy(), sought.copy())
    for n, (text, item) in enumerate(pairs):
        to = alignment(index, weights, found, text, item)
        assert facts.same[n] == (to >= 0).sum()
        assert 0 <= facts.scores[n] <= 1 + 1e-9
