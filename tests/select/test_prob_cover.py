from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.select.prob_cover import pure_radius
from curate.select.vectors import unit_rows


def at(*degrees):
    angles = np.deg2rad(np.array(degrees, np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def balls_of(vectors, radius):
    rows = unit_rows(vectors)
    near = 1 - rows @ rows.T < radius
    np.fill_diagonal(near, True)
    return near


def plain_greedy(vectors, k, radius, covered):
    """One layer: as long as a ball gains something."""
    near = balls_of(vectors, radius)
    held = near[covered].any(axis=0) if len(covered) else np.zeros(len(vectors), bool)
    held[covered] = True
    left = np.setdiff1d(np.arange(len(vectors)), covered).tolist()
    picks = []
    while left and len(picks) < k:
        gains = [(near[row] & ~held).sum() for row in left]
        if max(gains) == 0:
            break
        row = left.pop(int(np.argmax(gains)))
        held |= near[row]
        picks.append(row)
    return picks


def test_the_ball_that_holds_most_comes_first():
    # Within 10 degrees (1 - cos = .0152): row 1 holds three, row 4 two; row 3 holds itself alone.
    vectors = at(0, 8, 16, 90, 200, 205)
    assert select.prob_cover(vectors, 3, radius=0.0152).tolist() == [1, 4, 3]


def test_what_a_reviewed_row_holds_counts_for_nothing():
    vectors = at(0, 8, 16, 90, 200, 205)
    picks = select.prob_cover(vectors, 2, radius=0.0152, covered=np.array([1]))
    assert picks.tolist() == [4, 3]


def test_once_everything_is_held_the_balls_are_halved():
    # At .5 (60 degrees) one ball holds 0, 40, 80 and 100's holds the rest; then smaller balls.
    vectors = at(0, 40, 80, 100)
    picks = select.prob_cover(vectors, 4, radius=0.3)
    assert sorted(picks.tolist()) == [0, 1, 2, 3]
    # 45.6 degrees: 40 holds 0, 40, 80; 80 holds 40, 80, 100. Then 100 alone is open: 80 or 100.
    assert picks[:2].tolist() == [1, 2]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.sampled_from([0.05, 0.3, 0.8, 1.0]))
def test_the_picks_are_those_of_the_plain_greedy_loop(seed, n, radius):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    vectors[rng.random(n) < 0.1] = 0
    covered = np.flatnonzero(rng.random(n) < 0.2)
    plain = plain_greedy(vectors, n, radius, covered)
    picks = select.prob_cover(vectors, n, radius=radius, covered=covered)
    left = n - len(covered)
    assert picks[: len(plain)].tolist() == plain
    assert len(set(picks.tolist())) == len(picks) == left


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_greedy_balls_hold_at_least_63_per_cent_of_what_can_be_held(seed):
    vectors = np.random.default_rng(seed).normal(size=(10, 2)).astype(np.float32)
    near = balls_of(vectors, 0.2)
    best = max(near[list(c)].any(axis=0).sum() for c in combinations(range(10), 3))
    held = near[select.prob_cover(vectors, 3, radius=0.2)].any(axis=0).sum()
    assert held >= (1 - 1 / np.e) * best


def test_the_radius_is_the_widest_at_which_balls_are_pure():
    # Two clusters of ten copies each, 90 degrees apart: pure up to 1 - cos 90 = 1.
    vectors = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    assert pure_radius(vectors) == pytest.approx(1.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_at_that_radius_nineteen_balls_of_twenty_are_pure_and_wider_ones_are_not(seed):
    from curate.select.clusters import clusters

    vectors = unit_rows(np.random.default_rng(seed).normal(size=(60, 3)))
    radius = pure_radius(vectors, rng=1)
    labels = clusters(vectors, round(30**0.5), rng=1)
    gaps = 1 - vectors @ vectors.T

    def share_pure(width):
        return np.mean([(labels[gaps[i] < width] == labels[i]).all() for i in range(60)])

    assert share_pure(radius) >= 0.95
    assert share_pure(radius * 1.001 + 1e-6) < 0.95


def test_copies_lie_in_one_ball_whatever_the_radius():
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    assert sorted(select.prob_cover(vectors, 3) // 4) == [0, 1, 2]


def test_nothing_gives_nothing_and_too_much_gives_all():
    assert select.prob_cover(np.empty((0, 3), np.float32), 4).tolist() == []
    assert select.prob_cover(np.eye(3, dtype=np.float32), 0).tolist() == []
    assert sorted(select.prob_cover(np.zeros((3, 2), np.float32), 9).tolist()) == [0, 1, 2]


def test_of_a_large_pool_a_sample_is_covered_and_the_rest_comes_by_lot():
    rng = np.random.default_rng(4)
    vectors = np.eye(8, dtype=np.float32)[rng.integers(0, 8, 8_500)]
    picks = select.prob_cover(vectors, 8_500, rng=1)
    assert len(set(vectors[picks[:8]].argmax(axis=1).tolist())) == 8
    assert sorted(picks.tolist()) == list(range(8_500))
