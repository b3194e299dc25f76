import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from curate import select
from curate.config import SelectConfig
from curate.errors import ConfigError
from curate.select.mix import mixed, rank_share

NAN = float("nan")


def test_scores_count_by_their_ranks():
    # doubt: 1/6, 5/6, 1/2; novelty: 5/6, 1/6, 1/2 -> (2 doubt + novelty) / 3 = .389, .611, .5
    columns = {"doubt": [-9, 1e6, 0.5], "novelty": [0.9, 0.1, 0.8]}
    weights = {"doubt": 2, "novelty": 1}
    np.testing.assert_allclose(mixed(columns, weights), [7 / 18, 11 / 18, 1 / 2])
    assert select.mix(columns, weights, 3).tolist() == [1, 2, 0]


def test_a_row_without_one_score_goes_by_the_others():
    # b's ranks: -, 3/4, 1/4; a's: 1/6, 1/2, 5/6
    columns = {"a": [1, 2, 3], "b": [NAN, 9, 7]}
    np.testing.assert_allclose(mixed(columns, {"a": 1, "b": 1}), [1 / 6, 5 / 8, 13 / 24])
    assert select.mix({"a": [NAN, 1]}, {"a": 1}, 2).tolist() == [1]


def test_what_is_covered_takes_no_rank():
    columns = {"a": [3, 2, 1], "b": [0, 1, 2]}
    weights = {"a": 1, "b": 1}
    assert select.mix(columns, weights, 3, covered=np.array([0])).tolist() == [1, 2]


def test_a_weight_must_name_a_column_and_one_must_count():
    with pytest.raises(ValueError, match="no column 'b'; known: a"):
        mixed({"a": [1]}, {"b": 1})
    with pytest.raises(ValueError, match="above 0"):
        mixed({"a": [1]}, {"a": 0})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.just(NAN), st.integers(-3, 3)), max_size=12))
def test_ranks_are_shares_of_what_is_known(values):
    share = rank_share(values)
    known = [v for v in values if v == v]
    expected = (stats.rankdata(known) - 0.5) / len(known) if known else []
    np.testing.assert_allclose(share[~np.isnan(share)], expected)
    assert np.isnan(share).sum() == len(values) - len(known)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_any_rising_scale_gives_the_same_queue(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=20), rng.normal(size=20)
    weights = {"a": 1, "b": 2}
    plain = select.mix({"a": a, "b": b}, weights, 20).tolist()
    assert select.mix({"a": np.exp(a), "b": 1e3 * b + 5}, weights, 20).tolist() == plain


def choose(mix, **scores):
    pool = select.Pool(
        ids=["a", "b", "c"],
        vectors=np.eye(3, dtype=np.float32),
        need=np.array([0.9, 0.5, 0.1]),
        need_name="doubt",
        scores={name: np.array(values, float) for name, values in scores.items()},
    )
    config = SelectConfig(strategy="mix", mix=mix, random_share=0)
    return select.choose(pool, 2, config=config, seed=1)


def test_the_configuration_mixes_need_and_scores():
    picks = choose({"need": 1, "novelty": 2}, novelty=[0.1, 0.5, 0.9])
    assert picks.indices.tolist() == [2, 1]
    assert picks.reason[0].startswith("mean rank of 1 need + 2 novelty 0.611, rank 1 of 3")
    assert choose({"doubt": 1}).indices.tolist() == [0, 1]


def test_a_mix_of_what_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="no score 'newness' in this project; give each score of"):
        choose({"newness": 1}, novelty=[0, 0, 0])
    with pytest.raises(ConfigError, match="`strategy: mix` without it"):
        choose({})
