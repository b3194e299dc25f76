"""Words as hashes: what is one, what folds, where it stands."""

import re
import subprocess
import sys
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.measure.word_runs import blocks, buffers, folded, text_keys, words


def spelled(*texts, **options):
    data, offsets = buffers(list(texts))
    found = words(data, offsets, **options)
    spans = [bytes(data[a:b]).decode() for a, b in zip(found.starts, found.ends, strict=True)]
    return [spans[a:b] for a, b in zip(found.offsets, found.offsets[1:], strict=False)]


def hashes(text, **options):
    return words(*buffers([text]), **options).hashes.tolist()


def test_words_are_runs_of_letters_digits_and_marks():
    assert spelled("It's 3.5 km, o'clock!", "", "a_b  c\0d") == [
        ["It", "s", "3", "5", "km", "o", "clock"],
        [],
        ["a", "b", "c", "d"],
    ]


def test_scripts_without_spaces_and_pictures_are_a_word_a_character():
    assert spelled("東京へ go 🎉🎉", "สบ") == [["東", "京", "へ", "go", "🎉", "🎉"], ["ส", "บ"]]


def test_letters_fold_however_they_are_written():
    assert hashes("CAFE\u0301 Ａ ﬁn Straße") == hashes("café a fin STRASSE")
    assert hashes("co\u00adop\u200berate") == hashes("cooperate")
    assert hashes("resume") != hashes("résumé")


def test_punctuation_of_any_script_counts_for_nothing():
    assert hashes("「yes」，no。… “maybe”") == hashes("yes no maybe")


def test_every_number_is_one_where_wanted():
    assert hashes("3.5 kg", numbers="one") == hashes("1,000 kg", numbers="one")
    assert hashes("x2 and 5km", numbers="one") == hashes("x37 and 12km", numbers="one")
    assert hashes("12-14", numbers="one") == hashes("3 4", numbers="one")
    assert hashes("in 2020.", numbers="one") == hashes("in 7", numbers="one")
    assert hashes("3.5 kg") != hashes("1,000 kg")


def test_places_are_bytes_of_the_text_as_it_was():
    data, offsets = buffers(["ü!", "Éa b"])
    found = words(data, offsets)
    assert found.starts.tolist() == [0, 3, 7]  # ü: 2 bytes, ! 1; É: 2, a: 1, the space: 1
    assert found.ends.tolist() == [2, 6, 8]
    assert found.offsets.tolist() == [0, 1, 3]


def test_places_start_at_zero_for_the_first_word():
    data, offsets = buffers(["ab cd"])
    assert words(data, offsets).starts.tolist() == [0, 3]


def test_slices_chunks_nulls_and_plain_strings_are_read():
    sliced = pa.array(["x", "a b", None, "c"]).slice(1)
    chunked = pa.chunked_array([["a b"], [None, "c"]], pa.string())
    for column in (sliced, chunked, ["a b", None, "c"]):
        assert words(*buffers(column)).offsets.tolist() == [0, 2, 2, 3]


def test_nothing_gives_nothing():
    found = words(*buffers([]))
    assert len(found.hashes) == 0
    assert found.offsets.tolist() == [0]
    assert text_keys(*buffers([])).shape == (0, 2)


def test_many_blocks_give_what_one_gives():
    texts = [f"text number {n} of many, ça va? " * 40 for n in range(6000)]  # ~8 MB: two blocks
    data, offsets = buffers(texts)
    assert len(blocks(offsets, 1 << 22)) > 1
    found = words(data, offsets)
    for row in (0, 2999, 5999):
        inside = found.hashes[found.offsets[row] : found.offsets[row + 1]]
        assert inside.tolist() == hashes(texts[row])


def test_blocks_hold_at_least_a_text_and_all_of_them():
    offsets = np.array([0, 10, 10, 10, 30, 31])
    assert [(b.start, b.stop) for b in blocks(offsets, 5)] == [(0, 1), (1, 3), (3, 4), (4, 5)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(codec="ascii")), max_size=5))
def test_ascii_words_are_those_of_a_pattern(texts):
    assert spelled(*texts) == [re.findall("[A-Za-z0-9]+", text) for text in texts]


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(categories=["Lu", "Ll", "Lt", "Lo"])))
def test_composition_changes_no_hash(text):
    decomposed = unicodedata.normalize("NFD", text)
    assert hashes(unicodedata.normalize("NFC", text)) == hashes(decomposed)


@pytest.mark.parametrize("text", ["a", "a©a", "a©a©a", "©", "中", "", "a1", "1,000"])
@pytest.mark.parametrize("n", [1, 2, 7, 100, 5_000])
def test_there_is_room_for_the_words_of_many_short_texts(text, n):
    alone, many = words(*buffers([text])), words(*buffers([text] * n))
    assert np.array_equal(many.hashes, np.tile(alone.hashes, n))
    assert np.array_equal(np.diff(many.offsets), np.full(n, len(alone.hashes)))


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="ascii")), st.text(st.characters(codec="ascii")))
@example("", "\b")
@example("\0\x1c", "")
def test_keys_are_equal_exactly_where_normalised_texts_are(one, other):
    def plain(text):
        return " ".join(text.lower().replace("\0", " ").split())

    keys = text_keys(*buffers([one, other]))
    assert (keys[0] == keys[1]).all() == (plain(one) == plain(other))


def test_keys_may_leave_punctuation_out():
    one, other = text_keys(*buffers(["Well, now!", "well now"]), punctuation=False)
    assert (one == other).all()


def test_folded_texts_read_alike():
    assert folded(["ＡＢ Straße", "abc", None]).to_pylist() == ["ab straße", "abc", None]
    assert folded([]).to_pylist() == []


@pytest.mark.parametrize("seed", ["0", "1", "77"])
def test_hashes_do_not_depend_on_the_process(seed):
    script = (
        "from curate.measure.word_runs import *;"
        "print(words(*buffers(['Ünï code 東'])).hashes.tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nonexistent"},
    )
    assert done.stdout.strip() == str(hashes("Ünï code 東"))
