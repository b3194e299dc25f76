import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure
from curate.measure.lexical import TokenIds, token_ids, words

NAN = float("nan")
props = settings(deadline=None, max_examples=40)


def common_subsequence(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = (
                table[i, j] + 1 if x == y else max(table[i, j + 1], table[i + 1, j])
            )
    return table[-1, -1]


def rouge(a, b):
    return 2 * common_subsequence(a, b) / (len(a) + len(b)) if len(a) + len(b) else 1.0


def jaccard(a, b):
    return len(set(a) & set(b)) / len(set(a) | set(b)) if set(a) | set(b) else 1.0


def packed(sequences):
    starts = np.concatenate([[0], np.cumsum([len(s) for s in sequences])]).astype(np.int64)
    return TokenIds(np.array([t for s in sequences for t in s], dtype=np.int64), starts)


sequences = st.lists(st.lists(st.integers(0, 5), max_size=12), min_size=1, max_size=5)


def test_rouge_l_by_hand():
    # "the cat sat" / "the cat ran off": LCS 2, F = 2 * 2 / 7; Jaccard 2 / 5
    tokens = token_ids(["The cat sat.", "the cat ran off"])
    assert measure.rouge_l_by_item(tokens, [[0, 1]])[0, 0, 1] == pytest.approx(4 / 7)
    assert measure.jaccard_by_item(tokens, [[0, 1]])[0, 0, 1] == pytest.approx(2 / 5)
    assert measure.lexical_dissimilarity(tokens, [[0, 1]])[0] == pytest.approx(3 / 7)


def test_order_of_words_counts_for_rouge_only():
    tokens = token_ids(["a b c d", "d c b a"])
    assert measure.rouge_l_by_item(tokens, [[0, 1]])[0, 0, 1] == 0.25
    assert measure.jaccard_by_item(tokens, [[0, 1]])[0, 0, 1] == 1


def test_identical_answers_are_exactly_alike():
    tokens = token_ids(["one two", "One, two!", "", "..."])
    assert measure.lexical_dissimilarity(tokens, [[0, 1], [2, 3]]).tolist() == [0, 0]
    assert measure.rouge_l_by_item(tokens, [[0, 2]])[0, 0, 1] == 0


def test_a_lone_answer_has_no_dissimilarity():
    tokens = token_ids(["one two"])
    got = measure.lexical_dissimilarity(tokens, [[0, -1], [-1, -1]])
    assert np.isnan(got).all()
    near = measure.rouge_l_by_item(tokens, [[0, -1]])[0]
    assert near[0, 0] == 1 and np.isnan(near[[0, 1, 1], [1, 0, 1]]).all()


def test_no_prompts_and_no_answers():
    nothing = token_ids([])
    assert measure.rouge_l_by_item(nothing, np.empty((0, 3), dtype=int)).shape == (0, 3, 3)
    assert measure.jaccard_by_item(nothing, np.empty((2, 0), dtype=int)).shape == (2, 0, 0)


def test_an_answer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="0 to 1"):
        measure.rouge_l_by_item(token_ids(["a", "b"]), [[0, 2]])
    with pytest.raises(ValueError, match="n_prompts, n"):
        measure.rouge_l_by_item(token_ids(["a", "b"]), [0, 1])


def test_words_know_other_scripts():
    assert words("Ça coûte 3,50 € — très_cher") == ["ça", "coûte", "3", "50", "très", "cher"]
    assert words("我爱Python3吗") == ["我", "爱", "python3", "吗"]
    assert words("Привет, мир") == ["привет", "мир"]
    assert words("हिन्दी भाषा।") == ["हिन्दी", "भाषा"]
    assert words(unicodedata.normalize("NFD", "Ça")) == words("Ça")


@pytest.mark.parametrize("lengths", [(63, 64), (64, 65), (128, 200), (1, 300)])
def test_answers_longer_than_a_machine_word(lengths):
    rng = np.random.default_rng(sum(lengths))
    for n_kinds in (2, 10, 100):
        a, b = (rng.integers(0, n_kinds, size=n).tolist() for n in lengths)
        near = measure.rouge_l_by_item(packed([a, b]), [[0, 1], [1, 0]])
        assert near[0, 0, 1] == near[1, 0, 1] == pytest.approx(rouge(a, b), abs=1e-15)


@props
@given(sequences)
def test_similarities_are_those_of_the_loops(texts):
    tokens, rows = packed(texts), [list(range(len(texts)))]
    for score, loop in (
        (measure.rouge_l_by_item, rouge),
        (measure.jaccard_by_item, jaccard),
    ):
        expected = [[loop(a, b) for b in texts] for a in texts]
        assert score(tokens, rows)[0] == pytest.approx(np.array(expected), abs=1e-15)


@props
@given(sequences, st.randoms(use_true_random=False))
def test_order_and_names_of_tokens_do_not_matter(texts, random):
    rows = list(range(len(texts)))
    random.shuffle(rows)
    renamed = packed([[(t * 7) % 11 for t in s] for s in texts])
    got = measure.lexical_dissimilarity(renamed, [rows])
    expected = measure.lexical_dissimilarity(packed(texts), [sorted(rows)])
    assert got == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert np.isnan(got[0]) == (len(texts) < 2)
    assert np.isnan(got[0]) or 0 <= got[0] <= 1


@props
@given(st.text(alphabet=st.characters(max_codepoint=126), max_size=60))
def test_ascii_words_are_those_of_rouge_score(text):
    import re

    assert words(text) == [w for w in re.sub(r"[^a-z0-9]+", " ", text.lower()).split(" ") if w]
