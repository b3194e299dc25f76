import os
import subprocess
import sys

import numpy as np
import pytest

from curate import select
from curate.config import BudgetConfig, CapConfig, SelectConfig
from curate.errors import ConfigError
from curate.select.pool import Answers

VECTORS = np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32)
NEED = np.random.default_rng(1).random(60)


def pool(**changes):
    known = {
        "ids": [f"c{i}" for i in range(60)],
        "vectors": VECTORS,
        "need": NEED,
        "need_name": "contradiction_weighted",
        "scores": {"length": np.arange(60.0)},
        "columns": {"source": ["ab"[i % 2] for i in range(60)]},
    }
    return select.Pool(**(known | changes))


def chosen(pool, k=20, **config):
    return select.choose(pool, k, config=SelectConfig(**config), seed=7)


def test_the_default_is_the_hybrid():
    picks = chosen(pool())
    assert picks.strategy == "hybrid" and len(picks) == 20 and picks.seed == 7
    assert "contradiction_weighted" in picks.reason[-1]
    assert set(picks.scores) == {"contradiction_weighted", "length"}


def test_protected_and_reviewed_rows_are_never_picked():
    protected = {i: "in the test split" for i in range(0, 60, 2)}
    picks = chosen(pool(left_out=protected, covered=np.array([1, 3])), k=60, near_identical=1)
    assert set(picks.indices.tolist()) == set(range(5, 60, 2))
    assert picks.left_out == protected | {r: "reviewed or queued before" for r in (1, 3)}


def test_a_cap_on_an_unknown_column_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"no column 'sauce' in this project; known: source"):
        chosen(pool(), caps=[CapConfig(column="sauce", most=3)])


def test_an_unknown_strategy_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'hybrid'"):
        chosen(pool(), strategy="hibrid")


def test_more_pairs_of_a_prompt_may_be_asked():
    prompt = np.arange(60) // 3
    picks = chosen(pool(identity=prompt), k=60, pairs_per_prompt=2, near_identical=1)
    assert np.bincount(prompt[picks.indices]).max() == 2 and len(picks) == 40


def test_random_draws_the_whole_queue_by_lot():
    picks = chosen(pool(), strategy="random")
    assert set(picks.part) == {"random"} and picks.probability.tolist() == [20 / 60] * 20


def test_a_short_queue_says_why():
    few = pool(left_out={i: "in the test split" for i in range(50)})
    picks = chosen(few, k=20)
    assert select.shortfall(few, picks, 10) is None
    assert (
        select.shortfall(few, picks, 20)
        == "20 asked for, 10 picked: 60 rows, 50 left out (50 in the test split)"
    )


def test_an_empty_pool_gives_an_empty_queue():
    none = np.empty(0)
    answers = Answers(
        features=np.empty((0, 4), np.float32), reward=none, reward_sd=none, length=none
    )
    nothing = select.Pool(
        ids=[],
        vectors=np.empty((0, 4), np.float32),
        need=none,
        scores={"vote_entropy": none},
        pairs=np.empty((0, 2), np.int64),
        answers=answers,
        n_answers=0,
    )
    for name in select.strategies:
        assert len(chosen(nothing, strategy=name, mix={"need": 1})) == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"need": NEED[:5]},
        {"scores": {"length": NEED[:5]}},
        {"columns": {"source": ["a"]}},
        {"identity": np.arange(5)},
        {"left_out": {60: "no such row"}},
        {"covered": np.array([-1])},
    ],
)
def test_arrays_that_do_not_fit_are_refused(broken):
    with pytest.raises(ValueError, match=r"rows"):
        pool(**broken)


def test_the_config_of_a_budget_is_not_the_stage_s_business():
    assert len(chosen(pool(), k=5, budget=BudgetConfig(items=50))) == 5


@pytest.mark.slow
def test_the_queue_does_not_depend_on_the_hash_seed():
    code = (
        "import numpy as np; from curate import select;"
        "from curate.config import SelectConfig, CapConfig;"
        "r = np.random.default_rng(0); n = 80;"
        "p = select.Pool(ids=[str(i) for i in range(n)], vectors=r.normal(size=(n, 8)),"
        " need=r.random(n), columns={'s': ['abc'[i % 3] for i in range(n)]});"
        "c = SelectConfig(caps=[CapConfig(column='s', most=9)]);"
        "s = select.choose(p, 30, config=c, seed=7);"
        "print(s.indices.tolist(), s.probability.tolist())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
