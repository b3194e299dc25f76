"""Near-duplicates: what is found is true, and what is true is found."""

import re
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.minhash import banding, jaccards, minhash_signatures, near_duplicates

WORDS = [f"w{n}" for n in range(400)]


def shingles(text, width=3):
    words = re.findall("[a-z0-9]+", text.lower())
    width = min(width, len(words))
    return {tuple(words[k : k + width]) for k in range(len(words) - width + 1)} if words else set()


def jaccard(one, other, width=3):
    a, b = shingles(one, width), shingles(other, width)
    return len(a & b) / len(a | b) if a and b else 0.0


def components(texts, threshold):
    """The first row of what hangs together, by looking at every pair."""
    first = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if jaccard(texts[i], texts[j]) >= threshold:
                a, b = first[i], first[j]
                first = [min(a, b) if name in (a, b) else name for name in first]
    return first


def edited(rng, words, n_edits):
    words = list(words)
    for _ in range(n_edits):
        words[rng.integers(len(words))] = WORDS[rng.integers(len(WORDS))]
    return words


def family(seed, n_bases=15, n_texts=60, longest=60):
    rng = np.random.default_rng(seed)
    bases = [
        [WORDS[k] for k in rng.integers(len(WORDS), size=rng.integers(1, longest))]
        for _ in range(n_bases)
    ]
    picks = [bases[rng.integers(n_bases)] for _ in range(n_texts)]
    return [" ".join(edited(rng, words, rng.integers(4))) for words in picks]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.7, 0.8, 0.95, 1.0]))
def test_clusters_are_the_connected_components_of_all_pairs(seed, threshold):
    texts = family(seed)
    found = near_duplicates(texts, threshold, recall=0.999999, permutations=256)
    assert found.clusters.tolist() == components(texts, threshold)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_goes_has_its_like_among_what_stays(seed):
    texts = family(seed)
    found = near_duplicates(texts)
    gone = np.flatnonzero(found.near >= 0)
    assert (found.near[found.near[gone]] == -1).all()
    assert (found.near[gone] < gone).all()
    for row in gone:
        exact = jaccard(texts[row], texts[found.near[row]])
        assert found.jaccard[row] == pytest.approx(exact)
        assert exact >= 0.8
    assert np.isnan(found.jaccard[found.near < 0]).all()
    assert (found.clusters[found.near[gone]] == found.clusters[gone]).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_order_of_texts_does_not_change_who_belongs_together(seed, shuffle):
    texts = family(seed)
    order = np.random.default_rng(shuffle).permutation(len(texts))
    plain = near_duplicates(texts).clusters
    shuffled = near_duplicates([texts[k] for k in order]).clusters
    together = plain[:, None] == plain[None, :]
    assert (together[np.ix_(order, order)] == (shuffled[:, None] == shuffled[None, :])).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(WORDS[:12]), max_size=30), st.data())
def test_jaccard_is_that_of_the_sets(words, data):
    other = data.draw(st.lists(st.sampled_from(WORDS[:12]), max_size=30))
    width = data.draw(st.integers(1, 4))
    one, two = " ".join(words), " ".join(other)
    expected = 1.0 if one == two == "" else jaccard(one, two, width)
    assert jaccards([one, two], [[0, 1]], width=width)[0] == pytest.approx(expected)


def test_signatures_estimate_jaccard_without_bias():
    texts = family(5, n_bases=4, n_texts=80)
    pairs = np.array([(i, j) for i in range(80) for j in range(i)])
    exact = jaccards(texts, pairs)
    close = (exact > 0.1) & (exact < 1)
    signed = minhash_signatures(texts, permutations=2048)
    guess = (signed[pairs[close, 0]] == signed[pairs[close, 1]]).mean(axis=1)
    error = guess - exact[close]
    # The standard error is at most sqrt(.25 / 2048) = .011; the mean's is smaller.
    assert abs(error.mean()) < 0.011
    assert np.abs(error).max() < 5 * 0.011


def test_short_texts_are_like_their_equals_only():
    texts = ["hello there", "hello world", "Hello, there!", "yes", "no", "yes.", "a b c", "a b d"]
    assert near_duplicates(texts, 0.1).clusters.tolist() == [0, 1, 0, 3, 4, 3, 6, 7]


def test_texts_without_words_have_no_likes():
    texts = ["", "...", "!!", "", " ", None, "\0"]
    found = near_duplicates(pa.array(texts, pa.large_string()))
    assert found.clusters.tolist() == list(range(7))
    assert (found.near == -1).all()


def test_any_script_and_any_length():
    long = " ".join(WORDS[k % 400] + str(k) for k in range(120_000))  # about a megabyte
    # 21 characters = 19 runs of three; one changed at the end leaves 18 of 20: .9.
    chinese = "今天天气很好我们一起去公园散步然后回家吃晚饭吧"
    texts = [
        long,
        "🎉 🎉 party 🎉 ok",
        long + " more",
        chinese,
        chinese[:-1] + "呢",
        "🎉🎉Party🎉 OK!",
    ]
    found = near_duplicates(texts)
    assert found.clusters.tolist() == [0, 1, 0, 3, 3, 1]
    assert found.jaccard[2] == pytest.approx(119_998 / 119_999)


def test_ten_thousand_copies_are_one_cluster():
    found = near_duplicates(["the very same text of a few words"] * 10_000 + ["another one"])
    assert (found.clusters[:-1] == 0).all()
    assert (found.near[1:-1] == 0).all()
    assert found.near[-1] == -1
    assert found.sizes[0] == 10_000


def test_thousands_of_near_copies_are_one_cluster_too():
    words = " ".join(WORDS[:100])
    found = near_duplicates([f"{words} number{n}" for n in range(3000)])
    assert (found.clusters == 0).all()
    assert (found.near[1:] == 0).all()


def test_a_template_is_not_counted_where_it_is_to_be_left_out():
    template = " ".join(WORDS[:80])
    rng = np.random.default_rng(1)
    asked = [" ".join(f"t{k}" for k in rng.integers(10**6, size=8)) for _ in range(300)]
    asked[7] = asked[3] + " please"
    texts = [f"{template} {text}" for text in asked]
    assert len(set(near_duplicates(texts).clusters.tolist())) == 1
    apart = near_duplicates(texts, 0.7, common=0.2).clusters
    assert apart[7] == 3
    assert len(set(apart.tolist())) == 299


def test_every_part_must_be_alike():
    prompt = " ".join(WORDS[:100])
    answers = ["red", "blue", "red", "red as wine"]
    together = [f"{prompt} {answer}" for answer in answers]
    found = near_duplicates(together, parts=[[prompt] * 4, answers])
    assert found.near.tolist() == [-1, -1, 0, -1]
    assert near_duplicates(together).near.tolist() == [-1, 0, 0, 0]


def test_a_chain_is_one_cluster_and_its_end_may_stay():
    words = WORDS[:43]
    a = " ".join(words)
    b = " ".join([*words[:14], "x1", *words[15:]])
    c = " ".join([*words[:14], "x1", *words[15:28], "x2", *words[29:]])
    # 41 runs of three, one word touches 3: a-b and b-c 38 / 44 = .86, a-c 35 / 47 = .74.
    found = near_duplicates([a, b, c])
    assert found.clusters.tolist() == [0, 0, 0]
    assert found.near.tolist() == [-1, 0, -1]


def test_bands_reach_the_recall_that_is_asked_for():
    for threshold in (0.3, 0.5, 0.7, 0.8, 0.9, 1.0):
        bands, rows = banding(threshold)
        assert bands * rows <= 128
        assert 1 - (1 - threshold**rows) ** bands >= 0.99


def test_nothing_is_nothing():
    found = near_duplicates([])
    assert len(found.clusters) == len(found.near) == len(found.jaccard) == 0
    assert minhash_signatures([]).shape == (0, 128)
    assert jaccards([], np.empty((0, 2), int)).shape == (0,)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_told(threshold):
    with pytest.raises(ValueError, match="threshold"):
        near_duplicates(["a"], threshold)


def test_a_shingle_needs_a_word():
    with pytest.raises(ValueError, match="width"):
        near_duplicates(["a"], width=0)


@pytest.mark.parametrize("seed", ["0", "42"])
def test_signatures_are_the_same_in_every_process(seed):
    script = (
        "from curate.measure.minhash import *;"
        "print(minhash_signatures(['one text of some words'], permutations=4).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nonexistent"},
    )
    expected = minhash_signatures(["one text of some words"], permutations=4).tolist()
    assert done.stdout.strip() == str(expected)


def test_a_pair_exactly_at_the_threshold_counts():
    # 10 words make 10 sets of one; 7 of 10 are shared: Jaccard 7 / 10 with 7 and 10 words.
    texts = [" ".join(WORDS[:10]), " ".join(WORDS[:7])]
    for threshold in (0.7, np.nextafter(np.float32(0.7), np.float32(0))):
        found = near_duplicates(texts, float(threshold), width=1, recall=0.999999)
        assert found.clusters.tolist() == [0, 0]
