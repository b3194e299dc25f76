import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.embed.cache import VectorCache, key_of
from curate.errors import ProjectError


def vectors(n, dims=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dims)).astype(np.float32)


def filled(folder, n=5):
    keys = [key_of(str(i)) for i in range(n)]
    v = vectors(n)
    VectorCache(folder).shelf("e").add(keys, v, np.arange(n))
    return keys, v


def test_what_was_kept_is_found_after_reopening(tmp_path):
    keys, v = filled(tmp_path)
    shelf = VectorCache(tmp_path).shelf("e")
    got, windows = shelf.read(keys[::-1])
    assert (got == v[::-1]).all() and windows.tolist() == [4, 3, 2, 1, 0]
    assert shelf.missing([*keys, key_of("new")]) == [key_of("new")]
    assert len(shelf) == 5


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(0, 5 * 12), which=st.sampled_from(["vectors.f32", "ids"]))
def test_a_torn_tail_is_dropped_and_can_be_written_again(tmp_path_factory, cut, which):
    folder = tmp_path_factory.mktemp("cache")
    keys, v = filled(folder)
    path = folder / "e" / which
    path.write_bytes(path.read_bytes()[:cut])
    shelf = VectorCache(folder).shelf("e")
    record = {"vectors.f32": 12, "ids": 24}[which]
    assert len(shelf) == min(5, cut // record)
    shelf.add(keys, v, np.arange(5))
    assert (VectorCache(folder).shelf("e").read(keys)[0] == v).all()


def test_a_row_that_does_not_match_its_checksum_is_dropped_with_what_follows(tmp_path):
    keys, _ = filled(tmp_path)
    with open(tmp_path / "e" / "vectors.f32", "r+b") as file:
        file.seek(3 * 12)
        file.write(b"\0" * 12)
    assert VectorCache(tmp_path).shelf("e").missing(keys) == keys[3:]


def test_two_writers_do_not_lose_each_others_rows(tmp_path):
    one, two = VectorCache(tmp_path).shelf("e"), VectorCache(tmp_path).shelf("e")
    v = vectors(200)

    def write(shelf, rows):
        for i in rows:
            shelf.add([key_of(str(i))], v[i : i + 1], np.ones(1, dtype=int))

    threads = [
        threading.Thread(target=write, args=(one, range(0, 120))),
        threading.Thread(target=write, args=(two, range(80, 200))),
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    shelf = VectorCache(tmp_path).shelf("e")
    assert len(shelf) == 200
    assert (shelf.read([key_of(str(i)) for i in range(200)])[0] == v).all()


def test_another_number_of_dimensions_is_refused(tmp_path):
    filled(tmp_path)
    with pytest.raises(ProjectError, match="3 dimensions, but encoder 'e' now gives 7"):
        VectorCache(tmp_path).shelf("e").add([key_of("x")], vectors(1, 7), np.ones(1, dtype=int))


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be kept there"):
        VectorCache(tmp_path / "file").shelf("e").add([key_of("x")], vectors(1), np.ones(1))


def test_a_hostile_encoder_name_stays_inside_the_folder(tmp_path):
    for name in ("../../up", "/etc/x", "..", "a/b", "A" * 500, "\x00"):
        shelf = VectorCache(tmp_path / "c").shelf(name)
        assert shelf.folder.parent == tmp_path / "c"
        shelf.add([key_of("x")], vectors(1), np.ones(1))
    assert len(list((tmp_path / "c").iterdir())) == 6
