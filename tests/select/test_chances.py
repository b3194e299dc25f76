"""The chance to be in a queue, by lot or by a strategy that draws."""

import numpy as np
import pytest

from curate import select
from curate.config import SelectConfig
from curate.select.chances import inclusion

N = 40
NEED = np.linspace(0.05, 1, N)
POOL = select.Pool(
    ids=[str(i) for i in range(N)],
    vectors=np.random.default_rng(0).normal(size=(N, 8)).astype(np.float32),
    need=NEED,
    columns={"source": ["ab"[i % 2] for i in range(N)]},
)


def chosen(seed=7, pool=POOL, k=10, **config):
    plain = {"strategy": "sampled", "near_identical": 1.0, "random_share": 0.2}
    return select.choose(pool, k, config=SelectConfig(**(plain | config)), seed=seed)


def test_a_drawing_strategy_has_its_chances_and_those_of_the_whole_queue():
    picks = chosen()
    lot, active = picks.probability[:2], picks.probability[2:]
    assert lot.tolist() == [2 / N] * 2 and (active > 0).all() and (active <= 1).all()
    # By lot or, if not, by the draw: p + (1 - p) s.
    assert picks.inclusion is not None
    np.testing.assert_allclose(picks.inclusion[2:], 0.05 + 0.95 * active)
    assert (picks.inclusion[:2] > 0.05).all()


def test_a_deterministic_strategy_has_none():
    picks = chosen(strategy="uncertainty")
    assert picks.inclusion is None and np.isnan(picks.probability[2:]).all()


def test_totals_weighted_by_the_chances_come_out():
    value = NEED**2 + 0.3
    by_lot, by_all = [], []
    for seed in range(400):
        picks = chosen(seed)
        rows = picks.indices
        by_lot.append((value[rows[:2]] / picks.probability[:2]).sum())
        by_all.append((value[rows] / picks.inclusion).sum())
    # Means of 400 unbiased estimates, to four of their standard errors.
    for estimates in (by_lot, by_all):
        error = np.std(estimates) / np.sqrt(len(estimates))
        assert np.mean(estimates) == pytest.approx(value.sum(), abs=4 * error)
    assert np.std(by_all) < np.std(by_lot) / 2


def test_chances_that_a_cap_upset_are_not_told():
    picks = chosen(caps=[{"column": "source", "most": 5}])
    assert np.isnan(picks.probability[2:]).all()
    assert "the chances of 8 drawn rows are not known" in picks.notes[0]


def test_where_the_lot_is_uneven_so_is_all_of_it():
    none = np.empty(0, np.int64)
    rows = np.array([3, 4])
    said = inclusion(rows, none, np.empty(0), float("nan"), rows, np.array([0.5, 1.0]))
    assert np.isnan(said).all()
