from dataclasses import replace

import numpy as np
import pytest

from curate import select
from curate.config import SelectConfig

CROWDS = np.repeat(np.eye(5, dtype=np.float32), [40, 5, 5, 5, 5], axis=0)
VECTORS = CROWDS + np.random.default_rng(0).normal(scale=0.05, size=(60, 5)).astype(np.float32)
POOL = select.Pool(
    ids=[str(i) for i in range(60)],
    vectors=VECTORS,
    need=np.linspace(0, 1, 60),
    scores={"length": np.where(np.arange(60) % 2, np.nan, 10.0)},
    columns={"source": ["a"] * 40 + ["b"] * 20},
)


def described(strategy="facility_location", k=5):
    config = SelectConfig(strategy=strategy, random_share=0, near_identical=1)
    picks = select.choose(POOL, k, config=config, seed=7)
    return select.composition(POOL, picks, seed=7)


def test_a_covering_queue_reaches_more_than_lots_do():
    said = described()
    queue, random = said["queue"], said["random"]
    assert queue["vendi"] > 4.9 > random["vendi"]
    assert queue["coverage"] > random["coverage"]
    assert queue["clusters"] == 5 and said["on_offer"] == 60 and said["n"] == 5


def test_needs_lengths_and_sources_are_compared():
    said = described("uncertainty", k=10)
    # The ten highest of linspace(0, 1, 60): mean (50 + ... + 59) / 10 / 59 = 54.5 / 59.
    assert said["queue"]["need"] == pytest.approx(54.5 / 59)
    assert said["random"]["need"] == pytest.approx(0.5, abs=0.12)
    assert said["queue"]["length"] == 10.0
    assert said["shares"]["source"]["b"]["queue"] == 1.0
    assert said["shares"]["source"]["a"]["on_offer"] == pytest.approx(2 / 3)


def test_an_empty_queue_has_no_figures():
    said = described(k=0)
    assert said["queue"]["clusters"] == 0 and np.isnan(said["queue"]["coverage"])


def test_an_empty_pool_is_described_without_figures():
    nothing = select.Pool(ids=[], vectors=np.empty((0, 4), np.float32), need=np.empty(0))
    picks = select.choose(nothing, 3, config=SelectConfig(), seed=7)
    said = select.composition(nothing, picks, seed=7)
    assert said["on_offer"] == 0 and np.isnan(said["queue"]["vendi"])


def test_the_same_seed_says_the_same():
    assert described() == described()


def test_lots_come_with_the_interval_in_which_they_lie():
    said = described("uncertainty", k=10)
    low, mean, high = (said[name]["need"] for name in ("low", "random", "high"))
    # The mean of 10 of 60 evenly spread numbers has a standard deviation of
    # .294 / sqrt(10) x sqrt(50 / 59) = .086.
    assert high - mean == pytest.approx(mean - low) and high - low == pytest.approx(0.34, abs=0.14)
    assert said["n_draws"] == 20 and said["queue"]["need"] > high


def test_minutes_and_values_reached_are_counted():
    timed = replace(POOL, minutes=np.full(60, 1.5))
    picks = select.choose(timed, 8, config=SelectConfig(random_share=0), seed=7)
    said = select.composition(timed, picks, seed=7)
    assert said["queue"]["minutes"] == 1.5 * len(picks) == said["random"]["minutes"]
    assert said["queue"]["sources"] <= 2


def test_the_composition_reads_as_a_table():
    lines = select.composition_lines(described())
    assert lines[0].startswith("5 of 60 rows on offer; beside them 20 queues by lot")
    assert lines[1].startswith("  of 7 clusters of prompts it reaches ")
    assert "  5  by lot 3" in lines[1] and lines[1].endswith("more")
    assert lines[-1].startswith("  source: a 20% (67% on offer), b 80%")
    assert select.composition_lines(described(k=0)) == ["the queue is empty"]
