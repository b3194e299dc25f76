import os
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import tokens


def test_counts_are_those_of_tiktoken():
    # o200k_base: "hello world" = 24912, 2375
    assert tokens.count(["hello world", "", "hello"]).tolist() == [2, 0, 1]
    assert tokens.count(["hello world"], tokenizer="cl100k_base").tolist() == [2]


def test_no_texts_have_no_counts():
    counts = tokens.count([])
    assert counts.shape == (0,) and counts.dtype == np.int64


def test_text_that_looks_like_a_special_token_is_plain_text():
    assert tokens.count(["<|endoftext|>"])[0] > 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=40), max_size=5))
def test_any_text_is_counted_and_never_longer_than_its_bytes(texts):
    sizes = [len(t.encode("utf-8", "surrogatepass")) for t in texts]
    assert (tokens.count(texts) <= sizes).all()


def count_in_a_new_process(**environment):
    script = (
        "import os\nfrom curate import tokens\nprint(tokens.count(['hello world'])[0],"
        " os.environ.get('TIKTOKEN_CACHE_DIR'))"
    )
    kept = {k: v for k, v in os.environ.items() if k != "TIKTOKEN_CACHE_DIR"}
    blocked = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**kept, **blocked, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_fresh_machine_without_a_network_counts(tmp_path):
    assert count_in_a_new_process(CURATE_HOME=str(tmp_path)) == ["2", "None"]
    assert len(list((tmp_path / "tiktoken").iterdir())) == 1


def test_the_users_own_folder_stays_set_and_untouched(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    home = str(tmp_path / "home")
    out = count_in_a_new_process(CURATE_HOME=home, TIKTOKEN_CACHE_DIR=str(theirs))
    assert out == ["2", str(theirs)]
    assert list(theirs.iterdir()) == []


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    out = count_in_a_new_process(CURATE_HOME=str(tmp_path / "file"), TMPDIR=str(temporary))
    assert out == ["2", "None"]
