"""Rules, quotas, typical rows, cold starts and protected rows around a strategy."""

from typing import ClassVar

import numpy as np
import pytest

from curate import select
from curate.config import BudgetConfig, SelectConfig
from curate.errors import ConfigError, SelectionError
from curate.select.budget import Budget
from curate.select.filling import Filling
from curate.select.gate import Gate

N = 60
VECTORS = np.random.default_rng(0).normal(size=(N, 16)).astype(np.float32)
NEED = np.linspace(0, 1, N)
TIER = ["high" if row % 10 == 0 else "low" for row in range(N)]


def pool(**changes):
    known = {
        "ids": [f"c{i}" for i in range(N)],
        "vectors": VECTORS,
        "need": NEED,
        "need_name": "dispute",
        "scores": {"length": np.arange(float(N))},
        "columns": {
            "source": ["abc"[row % 3] for row in range(N)],
            "metadata.tier": TIER,
            "prompt": [f"text {row} {'refund' if row in (3, 7) else ''}" for row in range(N)],
        },
    }
    return select.Pool(**(known | changes))


def chosen(offered, k=20, **config):
    plain = {"strategy": "uncertainty", "near_identical": 1.0, "random_share": 0.1}
    return select.choose(offered, k, config=SelectConfig(**(plain | config)), seed=7)


def rows_of(picks, part):
    return [row for row, its in zip(picks.indices.tolist(), picks.part, strict=True) if its == part]


def reason_of(picks, row):
    return picks.reason[picks.indices.tolist().index(row)]


def test_the_lot_is_the_same_whatever_rules_quotas_and_shares_say():
    plain = rows_of(chosen(pool()), "random")
    surrounded = chosen(
        pool(),
        always=[{"where": "metadata.tier == 'high'"}],
        quotas=[{"column": "source", "least": 2}],
        typical_share=0.2,
    )
    assert rows_of(surrounded, "random") == plain
    assert surrounded.probability[:2].tolist() == [2 / N] * 2


def test_an_always_rule_takes_its_neediest_rows():
    picks = chosen(pool(), random_share=0, always=[{"where": "metadata.tier == 'high'", "most": 2}])
    assert rows_of(picks, "always") == [50, 40]
    # Rank 10 of 60: 59, ..., 51 are needier.
    assert reason_of(picks, 50) == (
        "always asked where metadata.tier == 'high': dispute 0.847, rank 10 of 60"
    )
    assert len(picks) == 20 and np.isnan(picks.probability).all()


def test_an_always_rule_takes_rows_without_a_need_after_those_with_one():
    need = np.where(np.arange(N) == 50, np.nan, NEED)
    picks = chosen(pool(need=need), random_share=0, always=[{"where": "metadata.tier == 'high'"}])
    assert rows_of(picks, "always") == [40, 30, 20, 10, 0, 50]


def test_a_rule_with_more_rows_than_the_budget_says_what_it_left():
    picks = chosen(pool(), k=3, random_share=0, always=[{"where": "source in ['a', 'b']"}])
    assert picks.part == ("always",) * 3
    assert picks.left_out[0] == (
        "always asked where source in ['a', 'b'], but the queue was full before it"
    )


def test_caps_and_near_identical_rows_hold_for_rules_too():
    twins = VECTORS.copy()
    twins[10] = twins[50]
    picks = chosen(
        pool(vectors=twins),
        random_share=0,
        near_identical=0.99,
        always=[{"where": "metadata.tier == 'high'"}],
        caps=[{"column": "metadata.tier", "most": 3}],
    )
    assert rows_of(picks, "always") == [50, 40, 30]
    assert picks.left_out[20] == "the cap of 3 on metadata.tier 'high' was full"
    picks = chosen(
        pool(vectors=twins), near_identical=0.99, always=[{"where": "metadata.tier == 'high'"}]
    )
    assert "near-identical to c50" in picks.left_out[10]


def test_a_never_rule_keeps_rows_out_of_the_lot_too():
    picks = chosen(pool(), k=N, random_share=0.5, never=[{"where": "source != 'a'"}])
    assert set(picks.indices.tolist()) == set(range(0, N, 3))
    assert picks.left_out[1] == "never asked where source != 'a'"
    # The lot has round(.5 x 60) = 30 rows to draw of 20.
    assert picks.probability.tolist() == [1.0] * 20


def test_withheld_rows_are_not_on_offer_for_the_figures_either():
    config = SelectConfig(never=[{"where": "source != 'a'"}])
    kept = select.withhold(pool(), config)
    assert kept.open.sum() == 20
    picks = select.choose(kept, 5, config=config, seed=7)
    assert select.composition(kept, picks, seed=7)["on_offer"] == 20
    assert select.explain_row(kept, picks, 1).by_need_alone is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"always": [{"where": "metadata.tear == 'high'"}]}, "did you mean 'metadata.tier'"),
        ({"never": [{"where": "source == "}]}, r"`select.never`: `where`: expected a text"),
        ({"quotas": [{"column": "sauce", "least": 2}]}, "quotas`: no column 'sauce'"),
        ({"caps": [{"column": "sauce", "most": 2}]}, "caps`: no column 'sauce'"),
    ],
)
def test_what_speaks_of_unknown_columns_is_told(config, said):
    with pytest.raises(ConfigError, match=said):
        chosen(pool(), **config)


def test_a_cap_by_share_counts_the_whole_queue():
    picks = chosen(pool(), k=20, caps=[{"column": "source", "share": 0.25}])
    sources = [pool().columns["source"][row] for row in picks.indices]
    # A quarter of 20 is 5 of each source: 15 in all.
    assert sorted(map(sources.count, "abc")) == [5, 5, 5]


def test_a_quota_is_filled_by_the_strategy_s_own_order():
    picks = chosen(
        pool(),
        k=10,
        random_share=0,
        quotas=[{"column": "metadata.tier", "value": "high", "least": 3}],
    )
    assert picks.indices.tolist() == [50, 40, 30, 59, 58, 57, 56, 55, 54, 53]
    assert reason_of(picks, 30) == (
        "quota of 3 on metadata.tier 'high'; among such rows: dispute 0.508, rank 3 of 6"
    )
    assert set(picks.part) == {"active"} and picks.notes == ()


def test_rows_drawn_by_lot_count_for_a_quota():
    lot = chosen(pool(), random_share=0.5, k=20)
    drawn = sum(TIER[row] == "high" for row in rows_of(lot, "random"))
    picks = chosen(
        pool(),
        k=20,
        random_share=0.5,
        quotas=[{"column": "metadata.tier", "value": "high", "least": drawn + 1}],
    )
    assert sum("quota" in reason for reason in picks.reason) == 1


def test_a_quota_on_each_value_and_by_share():
    picks = chosen(pool(), k=12, random_share=0, quotas=[{"column": "source", "share": 0.25}])
    sources = [pool().columns["source"][row] for row in picks.indices]
    assert min(map(sources.count, "abc")) >= 3


def test_a_quota_the_pool_cannot_fill_takes_all_and_says_so():
    picks = chosen(
        pool(),
        random_share=0,
        quotas=[
            {"column": "metadata.tier", "value": "high", "least": 9},
            {"column": "source", "value": "z", "least": 1},
        ],
    )
    assert {0, 10, 20, 30, 40, 50} <= set(picks.indices.tolist()) and len(picks) == 20
    assert picks.notes == (
        "quota of 9 on metadata.tier 'high': 6 picked, all that could be asked of 6",
        "quota of 1 on source 'z': 0 picked, none could be asked",
    )


def test_a_quota_larger_than_the_queue_says_what_was_left():
    picks = chosen(
        pool(), k=4, random_share=0, quotas=[{"column": "source", "value": "a", "least": 9}]
    )
    assert len(picks) == 4
    assert picks.notes == (
        "quota of 9 on source 'a': 4 picked, of 20 that could be asked 16 were left when the "
        "queue was complete",
    )


def test_one_row_may_serve_two_quotas():
    picks = chosen(
        pool(),
        k=2,
        random_share=0,
        quotas=[
            {"column": "metadata.tier", "value": "high", "least": 1},
            {"column": "source", "value": "c", "least": 1},
        ],
    )
    # Row 59 is of source c and the neediest of all, row 50 the neediest of tier high and of
    # source c (50 = 3 x 16 + 2): the first pick leaves the other quota.
    assert picks.indices.tolist() == [59, 50] and picks.notes == ()


def test_clusters_can_be_capped_by_the_square_root_of_their_size():
    centres = np.repeat(np.eye(3, dtype=np.float32), [36, 16, 8], axis=0)
    vectors = centres + np.random.default_rng(0).normal(scale=0.01, size=centres.shape)
    clusters = np.repeat([0, 1, 2], [36, 16, 8])
    picks = chosen(
        pool(vectors=vectors.astype(np.float32), clusters=clusters),
        k=12,
        random_share=0,
        cluster_quota="sqrt",
    )
    # Roots 6, 4 and 2.83 add up to 12.83; of 12 rows that is 5.6, 3.7 and 2.6, rounded up.
    assert np.bincount(clusters[picks.indices]).tolist() <= [6, 4, 3]
    # The neediest are the last: 3 of cluster 2, 4 of cluster 1, then 5 of cluster 0.
    assert np.bincount(clusters[picks.indices]).tolist() == [5, 4, 3]
    assert "cluster 2 had its share of the queue (3)" in picks.left_out[52]


def test_clusters_are_found_where_a_cap_or_rule_names_them():
    centres = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    noisy = centres + np.random.default_rng(0).normal(scale=0.05, size=(N, 3)).astype(np.float32)
    offered = pool(vectors=noisy)
    one = chosen(offered, caps=[{"column": "cluster", "most": 2}], k=20)
    numbers = select.regions(offered)
    assert np.bincount(numbers[one.indices]).max() == 2
    ruled = chosen(offered, random_share=0, never=[{"where": "cluster != 0"}], k=N)
    assert set(numbers[ruled.indices]) == {0}


def test_typical_rows_have_their_share_and_their_part():
    picks = chosen(pool(), k=20, random_share=0.1, typical_share=0.3)
    assert [picks.part.count(p) for p in ("random", "typical", "active")] == [2, 6, 12]
    typical = rows_of(picks, "typical")
    assert all("typical" in reason_of(picks, row) for row in typical)
    neediest = [row for row in range(N)[::-1] if row not in picks.indices[:8]][:12]
    assert rows_of(picks, "active") == neediest


def test_a_model_s_need_starts_cold_and_switches_back():
    moving = {"fixed_need": False, "need_name": "learned_sd"}
    cold = chosen(pool(**moving, n_answers=12), strategy="hybrid")
    assert cold.strategy == "typical (cold start: 12 of 50 answers)"
    assert "typical" in cold.reason[-1]
    assert chosen(pool(**moving, n_answers=50), strategy="hybrid").strategy == "hybrid"
    assert chosen(pool(**moving), strategy="hybrid").strategy == "hybrid"
    one_sided = pool(**moving, n_answers=80, answers_by_kind={"yes": 77, "no": 3})
    assert chosen(one_sided).strategy == (
        "typical (cold start: 80 answers, 3 no, 77 yes: fewer than 5 of a kind)"
    )
    even = pool(**moving, n_answers=80, answers_by_kind={"yes": 75, "no": 5})
    assert chosen(even).strategy == "uncertainty"


def test_a_strategy_by_model_starts_cold_without_one():
    assert chosen(pool(n_answers=0), strategy="bald").strategy == (
        "typical (cold start: 0 of 50 answers)"
    )
    with pytest.raises(ConfigError, match="goes by a model"):
        chosen(pool(n_answers=60), strategy="bald")


def test_a_committee_s_need_takes_no_cold_start():
    assert chosen(pool(n_answers=0), strategy="hybrid").strategy == "hybrid"


def test_a_pool_in_which_no_row_has_a_need_is_chosen_by_the_cold_start():
    blind = pool(need=np.full(N, np.nan))
    picks = chosen(blind, cold_start={"strategy": "k_center"})
    assert picks.strategy == "k_center (cold start: no row on offer has a dispute)"
    assert len(picks) == 20
    assert chosen(blind, strategy="k_center").strategy == "k_center"


def test_where_some_rows_have_a_need_the_others_come_in_by_lot_only():
    need = np.where(np.arange(N) < 10, NEED, np.nan)
    picks = chosen(pool(need=need), k=20)
    assert picks.strategy == "uncertainty"
    assert set(rows_of(picks, "active")) <= set(range(10))


def test_seeds_come_first_at_a_cold_start_and_not_after_it():
    cold = {"seeds": [{"where": "prompt ~ 'refund'"}]}
    moving = {"fixed_need": False}
    picks = chosen(pool(**moving, n_answers=0), random_share=0, cold_start=cold)
    assert sorted(rows_of(picks, "always")) == [3, 7] and set(picks.part[:2]) == {"always"}
    assert reason_of(picks, 3).startswith("seed of the cold start where prompt ~ 'refund': ")
    warm = chosen(pool(**moving, n_answers=50), random_share=0, cold_start=cold)
    assert set(warm.part) == {"active"}


@pytest.mark.parametrize("strategy", ["stratified", "random", "facility_location", "prob_cover"])
def test_a_cold_start_may_take_other_strategies(strategy):
    picks = chosen(pool(fixed_need=False, n_answers=0), cold_start={"strategy": strategy})
    assert picks.strategy.startswith(f"{strategy} (cold start") and len(picks) == 20


def test_a_queue_by_lot_leaves_room_for_rules_and_quotas():
    picks = chosen(
        pool(),
        strategy="random",
        always=[{"where": "metadata.tier == 'high'"}],
        quotas=[{"column": "source", "least": 1}],
    )
    # 20 - 6 rows of the rule - 3 of the quotas are drawn.
    assert picks.part.count("random") == 11 and len(picks) == 20
    assert {0, 10, 20, 30, 40, 50} <= set(picks.indices.tolist())
    assert picks.probability[:11].tolist() == [11 / N] * 11


def test_a_group_with_one_protected_row_is_protected_whole():
    groups = np.arange(N) // 4
    offered = pool(protected={8: "test", 21: "calibration"}, groups=groups)
    picks = chosen(offered, k=N, always=[{"where": "dispute >= 0"}])
    shielded = {8, 9, 10, 11, 20, 21, 22, 23}
    assert set(picks.indices.tolist()) == set(range(N)) - shielded
    assert picks.left_out[8] == "its prompt was in the test split, never asked"
    assert picks.left_out[21] == "its prompt was in the calibration slice, never asked"
    assert picks.left_out[9] == "in one group with a prompt that is never asked"


def test_rows_of_one_prompt_are_a_group_where_none_are_named():
    offered = pool(protected={0: "test"}, identity=np.arange(N) // 2)
    assert not offered.open[:2].any() and offered.open[2:].all()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ({"protected": {5: "test"}}, r"offered c5, which is protected \(test split\)"),
        ({"left_out": {5: "asked in round 1"}}, r"offered c5, .* \(asked in round 1\)"),
    ],
)
def test_a_strategy_that_offers_a_protected_row_ends_the_run(out, said):
    offered = pool(**out)
    gate = Gate(VECTORS, threshold=2.0)
    budget = Budget(3, BudgetConfig(), None, offered.open)
    filling = Filling(offered, gate, budget, offered.open)
    with pytest.raises(SelectionError, match=said):
        filling.take(Careless(), 3, part="active", among=offered.open)
    assert not len(filling.taken)


class Careless:
    """Offers row 5, whatever it is told."""

    refused: ClassVar[dict[int, str]] = {}

    def offer(self):
        return 5

    def take(self, row):
        return "it is always 5"

    def close(self, rows):
        pass


def test_a_short_queue_names_the_tightest_limit():
    capped = pool()
    picks = chosen(capped, k=20, random_share=0, caps=[{"column": "source", "most": 2}])
    said = select.shortfall(capped, picks, 20)
    # 2 of each of three sources; the other 18 of one of them are the largest group left out.
    assert said.startswith("20 asked for, 6 picked: of 60 rows on offer 18 are out by one limit: ")
    assert "the cap of 2 on source 'c' was full; 60 rows, 54 left out" in said


def test_the_columns_that_a_configuration_speaks_of_are_known():
    config = SelectConfig(
        caps=[{"column": "source", "most": 3}],
        quotas=[{"column": "cluster", "least": 1}],
        never=[{"where": "metadata.x == 1 and minutes > 3"}],
        cold_start={"seeds": [{"where": "prompt ~ 'a'"}]},
        strata="model",
    )
    assert select.columns_needed(config) == {"source", "metadata.x", "prompt", "model"}
