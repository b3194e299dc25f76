"""The graph of comparisons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import SelectConfig
from curate.select.pairs import connected
from curate.select.pool import Answers


def even(n, rewards=None, model=None):
    return Answers(
        features=np.eye(n, dtype=np.float32),
        reward=np.zeros(n) if rewards is None else np.asarray(rewards, float),
        reward_sd=np.ones(n),
        length=np.ones(n),
        model=model,
    )


def n_parts(n, pairs):
    part = list(range(n))
    for a, b in pairs:
        old, new = part[b], part[a]
        part = [new if p == old else p for p in part]
    return len(set(part))


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_the_first_picks_are_a_spanning_forest(seed, n, n_pairs):
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(n, 2, replace=False) for _ in range(n_pairs)])
    parts = n_parts(n, pairs)
    nodes = set(pairs.ravel().tolist())
    alone = n - len(nodes)
    picks = connected(even(n, rng.normal(size=n)), pairs, n_pairs)
    forest = picks[: len(nodes) - (parts - alone)]
    assert n_parts(n, pairs[forest]) == parts
    assert sorted(picks.tolist()) == list(range(n_pairs))


def test_of_pairs_that_connect_the_most_doubtful_comes_first():
    answers = even(3, [0, 3, 2.9])
    # Order of 1 and 2 is open, that of 0 and 2 a little more than that of 0 and 1.
    assert connected(answers, [[0, 1], [0, 2], [1, 2]], 3).tolist() == [2, 1, 0]


def test_what_was_compared_before_is_connected_already():
    answers = even(4, [0, 0, 5, 9])
    pairs = [[0, 1], [1, 2], [0, 2], [2, 3]]
    assert connected(answers, pairs, 2, covered=[0, 1]).tolist() == [3, 2]


def test_models_are_connected_where_models_are_ranked():
    # Two prompts, models x (0, 2), y (1, 3): one pair connects both models.
    answers = even(5, [0.0, 0, 0, 9, 1], model=np.array([0, 1, 0, 1, 2]))
    pool = select.Pool(
        ids=["p0", "p1", "p2"],
        vectors=np.eye(3, dtype=np.float32),
        need=np.full(3, np.nan),
        pairs=np.array([[0, 1], [2, 3], [2, 4]]),
        answers=answers,
    )
    config = SelectConfig(strategy="pairs", objective="ranking", random_share=0)
    queue = select.choose(pool, 3, config=config, seed=7)
    assert queue.indices.tolist() == [0, 2, 1]
    assert queue.reason[1].endswith("connects 2 with 1 never compared before")
    assert queue.reason[2].endswith("order in doubt (0.00 of 1)")


def test_an_order_that_nobody_knows_anything_of_is_in_full_doubt():
    answers = even(3, [np.nan, 0, 5])
    assert connected(answers, [[1, 2], [0, 1]], 1).tolist() == [1]


def test_nodes_of_ones_own_may_be_ranked():
    picks = connected(even(4), [[0, 1], [2, 3]], 2, nodes=[[7, 8], [8, 7]])
    assert picks.tolist() == [0, 1]


@pytest.mark.parametrize("k", [0, 1])
def test_no_more_than_asked_for(k):
    assert len(connected(even(3), [[0, 1], [1, 2]], k)) == k
