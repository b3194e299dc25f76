import hashlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from curate.embed import Embedder, VectorCache, embed


class Counting:
    """An encoder that hashes texts into directions and remembers what it was asked."""

    def __init__(self, name="counting", dims=4):
        self.name = name
        self.dims = dims
        self.asked = []

    def encode(self, texts, *, batch_tokens):
        self.asked += texts
        seeds = [hashlib.sha1(t.encode()).digest()[: self.dims] for t in texts]
        v = np.array([list(s) for s in seeds], dtype=np.float64) + 1
        windows = np.array([1 + len(t) // 256 for t in texts])
        return (v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32), windows


def test_a_text_that_occurs_twice_is_embedded_once():
    encoder = Counting()
    v = embed(["a", "b", "a"], encoder=encoder)
    assert sorted(encoder.asked) == ["a", "b"]
    assert (v[0] == v[2]).all() and (v[0] != v[1]).any()


def test_no_texts_give_no_vectors():
    assert embed([], encoder=Counting()).shape == (0, 0)


def test_a_second_run_embeds_nothing(tmp_path):
    embed(["a", "b"], encoder=Counting(), cache=VectorCache(tmp_path))
    again = Embedder(encoder := Counting(), cache=VectorCache(tmp_path))
    v = again(["b", "c", "b"])
    assert encoder.asked == ["c"]
    assert (again.tally.texts, again.tally.embedded, again.tally.cached) == (3, 1, 1)
    assert v.tobytes() == embed(["b", "c", "b"], encoder=Counting()).tobytes()


def test_chunked_texts_are_counted_also_when_cached(tmp_path):
    for _ in range(2):
        embedder = Embedder(Counting(), cache=VectorCache(tmp_path))
        embedder(["x" * 300, "y"])
        assert embedder.tally.chunked == 1


def test_encoders_do_not_share_vectors(tmp_path):
    cache = VectorCache(tmp_path)
    a = embed(["t"], encoder=Counting("one"), cache=cache)
    b = embed(["t"], encoder=Counting("two", dims=6), cache=cache)
    assert (a.shape, b.shape) == ((1, 4), (1, 6))


def test_progress_counts_distinct_texts_up_to_their_number():
    seen = []
    texts = [str(i % 1500) for i in range(3000)]
    embed(texts, encoder=Counting(), progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 1500) and seen[-1] == (1500, 1500)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


def test_a_text_beyond_all_measure_is_read_in_pieces_and_said_so():
    encoder = Counting()
    embedder = Embedder(encoder)
    embedder(["ab" * 5_000_000])
    assert embedder.tally.sampled == 1
    assert 200_000 <= len(encoder.asked[0]) < 201_000


def test_lone_surrogates_are_read_as_question_marks():
    encoder = Counting()
    embed(["a\ud800"], encoder=encoder)
    assert encoder.asked == ["a?"]


SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from test_embedder import Counting
from curate.embed import VectorCache, embed
class Slow(Counting):
    def encode(self, texts, *, batch_tokens):
        time.sleep(0.05)
        return super().encode(texts, batch_tokens=batch_tokens)
embed([str(i) for i in range(20_000)], encoder=Slow(), cache=VectorCache({folder!r}),
      progress=lambda done, total: print(done, flush=True))
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_killed_run_goes_on_and_gives_the_bytes_of_an_undisturbed_one(tmp_path):
    script = SLOW.format(tests=os.path.dirname(__file__), folder=str(tmp_path / "v"))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as run:
        while int(run.stdout.readline()) < 4000:
            time.sleep(0.001)
        run.send_signal(signal.SIGKILL)
    texts = [str(i) for i in range(20_000)]
    after = Embedder(encoder := Counting(), cache=VectorCache(tmp_path / "v"))
    v = after(texts)
    assert after.tally.cached >= 4000
    assert len(encoder.asked) == 20_000 - after.tally.cached
    assert v.tobytes() == embed(texts, encoder=Counting()).tobytes()
