"""What every strategy does, whoever wrote it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from curate import select
from curate.config import CapConfig, ColdStartConfig, SelectConfig
from curate.errors import ConfigError
from curate.select.pool import Answers

every_strategy = pytest.mark.parametrize("strategy", list(select.strategies))
BY_MODEL = {
    *("least_confidence", "margin", "entropy", "bald", "expected_model_change", "badge"),
    "cluster_margin",
}
OF_PAIRS = {
    *("pairs", "d_optimal", "batch_bald", "infomax", "moderate_gap", "confident_gap"),
    *("delta_ucb", "drts", "double_thompson", "connected"),
}
BY_COVERAGE = {"k_center", "facility_location", "typical", "prob_cover"}
NEEDS_NO_NEED = {"random", "stratified"} | BY_MODEL | BY_COVERAGE | OF_PAIRS
KNOWS_CHANCES = {"sampled", "stratified"}
BY_LOT = {"random", "badge", "sampled", "stratified", "moderate_gap", "drts", "double_thompson"}


def pool_of(seed, n, *, n_dims=6, holes=0.0, prompts=False):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, n_dims)).astype(np.float32)
    vectors[rng.random(n) < 0.1] = 0
    need = np.where(rng.random(n) < holes, np.nan, rng.integers(0, 6, n) / 5)
    protected = {int(i): "in the test split" for i in np.flatnonzero(rng.random(n) < 0.2)}
    covered = np.flatnonzero(rng.random(n) < 0.1)
    return select.Pool(
        ids=[f"c{i}" for i in range(n)],
        vectors=vectors,
        need=need,
        scores={"vote_entropy": need.copy()},
        columns={"source": [["a", "b", None][i % 3] for i in range(n)]},
        identity=np.arange(n) // 2 if prompts else None,
        covered=covered,
        left_out=protected,
        beliefs=beliefs_of(vectors, rng),
        **pairs_of(vectors),
    )


def beliefs_of(vectors, rng, n_classes=3):
    probabilities = rng.dirichlet(np.ones(n_classes), len(vectors))
    return select.Beliefs(
        features=vectors,
        probabilities=probabilities,
        information=rng.integers(0, 6, len(vectors)) / 5,
    )


def pairs_of(vectors):
    """Return pairs of two answers each, of even rewards, that differ by the row's vector."""
    n = len(vectors)
    answers = Answers(
        features=np.concatenate([vectors, np.zeros_like(vectors)]),
        reward=np.zeros(2 * n),
        reward_sd=np.ones(2 * n),
        length=np.ones(2 * n),
        covariance=np.eye(vectors.shape[1]),
    )
    return {"pairs": np.arange(2 * n).reshape(2, n).T, "answers": answers}


def alike(vectors):
    """Return a pool of rows that only their vectors tell apart."""
    n = len(vectors)
    return select.Pool(
        ids=[str(i) for i in range(n)],
        vectors=vectors,
        need=np.ones(n),
        scores={"vote_entropy": np.ones(n)},
        beliefs=select.Beliefs(
            features=vectors, probabilities=np.full((n, 2), 0.5), information=np.ones(n)
        ),
        **pairs_of(vectors),
    )


def choose(pool, k, strategy, **config):
    config = SelectConfig(strategy=strategy, mix={"need": 1, "vote_entropy": 0.5}, **config)
    return select.choose(pool, k, config=config, seed=7)


@every_strategy
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 50),
    k=st.integers(0, 60),
    prompts=st.booleans(),
)
def test_a_queue_is_sound(strategy, seed, n, k, prompts):
    pool = pool_of(seed, n, holes=0.2, prompts=prompts)
    scored = ~np.isnan(pool.need[pool.open])
    assume(strategy != "committee" or scored.any() or not len(scored))  # else it is refused
    picks = choose(pool, k, strategy, caps=[CapConfig(column="source", most=6)])
    rows = picks.indices.tolist()
    assert picks.indices.dtype == np.int64 and len(rows) <= k
    assert len(rows) == len(set(rows)) == len(picks.part) == len(picks.reason)
    assert all(pool.open[rows]), "protected, reviewed or queued rows were picked"
    assert set(rows).isdisjoint(picks.left_out)
    assert all(picks.reason) and set(picks.part) <= {"active", "random"}
    for part, chance in zip(picks.part, picks.probability, strict=True):
        if part == "random" or (strategy in KNOWS_CHANCES and not np.isnan(chance)):
            assert 0 < chance <= 1
        else:
            assert np.isnan(chance)
    values = [pool.columns["source"][row] for row in rows]
    assert max(values.count("a"), values.count("b")) <= 6
    if prompts and rows:
        assert np.bincount(pool.identity[rows]).max() == 1


@every_strategy
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_row_that_is_not_picked_can_be_explained(strategy, seed):
    pool = pool_of(seed, 30, holes=0.3)
    picks = choose(pool, 10, strategy)
    for row in range(30):
        said = select.explain_row(pool, picks, row)
        assert said.text() and (said.picked_as is not None) == (row in picks.indices)


@every_strategy
def test_the_same_seed_gives_the_same_queue(strategy):
    pool = pool_of(3, 80)
    one, other = (choose(pool, 20, strategy) for _ in range(2))
    assert one.indices.tolist() == other.indices.tolist()
    assert one.reason == other.reason and one.left_out == other.left_out


@every_strategy
def test_everything_on_offer_is_taken_where_there_is_less_than_asked_for(strategy):
    pool = pool_of(4, 40)
    picks = choose(pool, 40, strategy, near_identical=1)
    assert len(picks) == pool.open.sum()
    assert select.shortfall(pool, picks, 40) is not None


@every_strategy
def test_the_random_slice_is_drawn_before_the_strategy_sees_anything(strategy):
    pool = pool_of(5, 80)
    picks = choose(pool, 30, strategy, random_share=0.2)
    slice_of_hybrid = choose(pool, 30, "hybrid", random_share=0.2).indices[:6].tolist()
    if strategy == "random":
        assert set(picks.part) == {"random"}
    else:
        assert picks.part[:6] == ("random",) * 6 and picks.part[6] == "active"
        assert picks.indices[:6].tolist() == slice_of_hybrid
        assert picks.probability[:6].tolist() == [6 / pool.open.sum()] * 6


@every_strategy
def test_near_identical_rows_are_not_both_asked_for_a_reason(strategy):
    pool = alike(np.repeat(np.eye(8, dtype=np.float32), 3, axis=0))
    picks = choose(pool, 24, strategy, random_share=0)
    if strategy == "random":
        assert len(picks) == 24
    else:
        assert sorted(picks.indices // 3) == list(range(8))
        assert "near-identical to" in picks.left_out[next(iter(picks.left_out))]


@every_strategy
def test_a_row_without_a_need_is_not_actively_picked_where_need_counts(strategy):
    pool = pool_of(6, 60, holes=0.5)
    picks = choose(pool, 60, strategy, near_identical=1)
    active = picks.indices[np.array(picks.part) == "active"]
    if strategy not in NEEDS_NO_NEED:
        assert not np.isnan(pool.need[active]).any()


@every_strategy
def test_ties_go_to_the_lowest_index(strategy):
    pool = alike(np.eye(6, dtype=np.float32))
    if strategy not in BY_LOT:
        picks = choose(pool, 4, strategy, random_share=0)
        assert picks.indices.tolist() == [0, 1, 2, 3]


@every_strategy
def test_the_pool_is_not_altered(strategy):
    pool = pool_of(8, 40)
    before = (pool.vectors.copy(), pool.need.copy(), dict(pool.left_out))
    choose(pool, 20, strategy)
    assert (pool.vectors == before[0]).all() and (pool.need == before[1]).all()
    assert dict(pool.left_out) == before[2]


@every_strategy
def test_a_strategy_that_goes_by_a_model_says_so_where_there_is_none(strategy):
    pool = replace(pool_of(9, 40), beliefs=None)
    if strategy in BY_MODEL:
        with pytest.raises(ConfigError, match=f"{strategy}` goes by a model"):
            choose(pool, 10, strategy, cold_start=ColdStartConfig(until=0))
    else:
        assert len(choose(pool, 10, strategy)) == 10


@every_strategy
def test_what_the_model_does_not_know_is_left_to_the_slice(strategy):
    pool = pool_of(10, 60)
    probabilities, information = pool.beliefs.probabilities.copy(), np.ones(60)
    probabilities[::2], information[::2] = np.nan, np.nan
    pool = replace(
        pool,
        beliefs=replace(pool.beliefs, probabilities=probabilities, information=information),
    )
    picks = choose(pool, 60, strategy, near_identical=1)
    active = picks.indices[np.array(picks.part) == "active"]
    if strategy in BY_MODEL:
        assert (active % 2 == 1).all() and len(active)
        left = [row for row in np.flatnonzero(pool.open) if row not in picks.indices]
        assert all("to go by" in picks.left_out[row] for row in left) and left


@every_strategy
def test_a_pool_of_nothing_but_zero_rows_can_be_chosen_from(strategy):
    pool = alike(np.zeros((12, 4), np.float32))
    assert sorted(choose(pool, 12, strategy).indices) == list(range(12))
