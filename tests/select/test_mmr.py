import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select.mix import rank_share
from curate.select.vectors import unit_rows


def plain_loop(vectors, need, k, balance, covered):
    rows = unit_rows(vectors)
    given_ = np.array(need, float)
    given_[covered] = np.nan
    rank = rank_share(given_)
    near = np.zeros(len(rows))
    for row in covered:
        near = np.maximum(near, rows @ rows[row])
    picks = []
    while len(picks) < min(k, (~np.isnan(rank)).sum()):
        score = np.round(balance * rank - (1 - balance) * near, 6)
        score[np.isnan(score)] = -np.inf
        score[picks] = -np.inf
        picks.append(int(score.argmax()))
        near = np.maximum(near, rows @ rows[picks[-1]])
    return picks


def test_need_less_similarity():
    # Ranks: 5/6, 1/2, 1/6. First row 0; then row 1: .7 * .5 - .3 * 1 = .05, row 2: .7 / 6 = .117.
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert select.mmr(vectors, [0.9, 0.8, 0.1], 3).tolist() == [0, 2, 1]
    assert select.mmr(vectors, [0.9, 0.8, 0.1], 3, balance=1).tolist() == [0, 1, 2]


def test_what_is_covered_is_similar_too():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    picks = select.mmr(vectors, [0.9, 0.8, 0.1], 2, balance=0.5, covered=np.array([0]))
    assert picks.tolist() == [2, 1]


def test_a_negative_cosine_is_worth_no_more_than_none():
    # Row 1 is opposite to row 0, row 2 orthogonal and needier.
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    assert select.mmr(vectors, [0.9, 0.1, 0.2], 3, balance=0.1).tolist() == [0, 2, 1]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 20),
    st.integers(0, 25),
    st.sampled_from([0, 0.3, 0.7, 1]),
)
def test_the_picks_are_those_of_the_plain_loop(seed, n, k, balance):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    need = np.where(rng.random(n) < 0.2, np.nan, rng.random(n))
    covered = np.flatnonzero(rng.random(n) < 0.2)
    picks = select.mmr(vectors, need, k, balance=balance, covered=covered).tolist()
    assert picks == plain_loop(vectors, need, k, balance, covered)


def test_long_runs_keep_to_the_plain_loop():
    rng = np.random.default_rng(0)
    vectors, need = rng.normal(size=(400, 8)).astype(np.float32), rng.random(400)
    picks = select.mmr(vectors, need, 200).tolist()
    assert picks == plain_loop(vectors, need, 200, 0.7, np.empty(0, np.int64))


def test_nothing_gives_nothing():
    assert select.mmr(np.empty((0, 2), np.float32), [], 3).tolist() == []
    assert select.mmr(np.eye(2, dtype=np.float32), [np.nan, np.nan], 3).tolist() == []
    with pytest.raises(ValueError, match="from 0 to 1"):
        select.mmr(np.eye(2, dtype=np.float32), [1, 2], 1, balance=2)
