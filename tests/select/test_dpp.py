from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select.mix import rank_share
from curate.select.vectors import unit_rows


def log_volume(vectors, rows, quality, ridge):
    """Return log det L_S from its definition."""
    x = unit_rows(vectors)[rows].astype(np.float64)
    kernel = x @ x.T + ridge * np.eye(len(rows))
    return np.linalg.slogdet(quality[rows, None] * kernel * quality[rows])[1]


def plain_greedy(vectors, k, quality, ridge, covered):
    picks = list(covered)
    left = [row for row in range(len(vectors)) if row not in picks]
    while left and len(picks) - len(covered) < k:
        volumes = [log_volume(vectors, [*picks, row], quality, ridge) for row in left]
        picks.append(left.pop(int(np.argmax(np.round(volumes, 5)))))
    return picks[len(covered) :]


def test_a_row_between_two_others_adds_least():
    # det of cosines: {0, 2} 1; {0, 1} 1 - .64 = .36; so 0, then 2 (orthogonal), then 1.
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    assert select.dpp(vectors, 3).tolist() == [0, 2, 1]


def test_need_decides_between_copies_and_copies_come_last():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert select.dpp(vectors, 3, need=[0.5, 0.9, 0.1], alpha=1).tolist() == [1, 2, 0]


def test_much_need_outweighs_a_copy_where_alpha_is_large():
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    # Ranks .5, 5/6, 1/6: a copy gains 2 alpha / 3 more than row 2, and loses ln(1.01 / .0199).
    assert select.dpp(vectors, 2, need=[0.5, 0.9, 0.1], alpha=7).tolist() == [1, 0]


def test_what_is_covered_counts_as_picked():
    vectors = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0]], np.float32)
    assert select.dpp(vectors, 2, covered=np.array([0, 1])).tolist() == [2, 3]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(0, 16), st.booleans())
def test_the_picks_reach_the_volume_of_the_plain_greedy_loop(seed, n, k, with_need):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 4)).astype(np.float32)
    need = rng.random(n) if with_need else None
    covered = np.flatnonzero(rng.random(n) < 0.2)
    ranked = np.where(np.isin(np.arange(n), covered), np.nan, 0 if need is None else need)
    quality = np.exp(2.0 * np.nan_to_num(rank_share(ranked)))
    picks = select.dpp(vectors, k, need=need, covered=covered)
    plain = plain_greedy(vectors, k, quality, 0.01, covered.tolist())
    assert len(picks) == len(set(picks.tolist())) == len(plain)
    ours = log_volume(vectors, [*covered, *picks], quality, 0.01)
    theirs = log_volume(vectors, [*covered, *plain], quality, 0.01)
    assert ours == pytest.approx(theirs, abs=1e-2)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_at_least_63_per_cent_of_the_best_sets_gain(seed):
    rng = np.random.default_rng(seed)
    vectors, need = rng.normal(size=(9, 3)).astype(np.float32), rng.random(9)
    rank, ridge = rank_share(need), 0.01

    def gain(rows):
        x = unit_rows(vectors)[list(rows)].astype(np.float64)
        volume = np.linalg.slogdet(np.eye(3) + x.T @ x / ridge)[1]
        return volume + 4 * rank[list(rows)].sum()

    best = max(gain(c) for c in combinations(range(9), 3))
    assert gain(select.dpp(vectors, 3, need=need)) >= (1 - 1 / np.e) * best


def test_more_picks_than_dimensions_copies_and_zero_rows_are_no_trouble():
    vectors = np.concatenate([np.repeat(np.eye(3), 4, axis=0), np.zeros((3, 3))]).astype("f4")
    picks = select.dpp(vectors, 15).tolist()
    assert sorted(picks) == list(range(15))
    assert picks[:3] == [0, 4, 8], "one of each, the lowest index, before any copy or zero row"


def test_opposite_rows_span_one_direction():
    vectors = np.array([[1, 0], [-1, 0], [0, 1]], np.float32)
    assert select.dpp(vectors, 3).tolist() == [0, 2, 1]


def test_rows_without_a_need_are_never_picked():
    vectors = np.eye(3, dtype=np.float32)
    assert select.dpp(vectors, 3, need=[np.nan, 0.1, np.nan]).tolist() == [1]
    assert select.dpp(vectors, 3, need=np.full(3, np.nan)).tolist() == []
    assert select.dpp(np.empty((0, 3), np.float32), 3).tolist() == []


def test_the_copy_of_a_covered_row_comes_last():
    """It spans nothing new, while each of the others adds a direction of its own."""
    vectors = np.concatenate([np.eye(5), np.eye(5)[[2]]]).astype(np.float32)
    assert select.dpp(vectors, 5, covered=np.array([2])).tolist() == [0, 1, 3, 4, 5]


def test_senseless_settings_are_refused():
    with pytest.raises(ValueError, match="ridge > 0"):
        select.dpp(np.eye(2, dtype=np.float32), 1, ridge=0)
