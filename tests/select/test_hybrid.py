import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import select
from curate.errors import ConfigError

NAN = float("nan")


def angles(*degrees):
    turned = np.radians(degrees)
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def active(selection):
    return selection.indices[np.array(selection.part) == "active"].tolist()


def by_lot(selection):
    return selection.indices[np.array(selection.part) == "random"].tolist()


def test_the_short_list_is_thinned_to_cover_the_pool():
    # The four neediest are at 0, 1, 2 and 90 degrees; of two, one must stand for 90.
    vectors = angles(0, 1, 2, 90, 91)
    need = np.array([0.9, 0.9, 0.9, 0.8, 0.1])
    picks = select.hybrid(
        vectors, need, 2, random_share=0, prefilter=2, near_identical=1
    ).indices.tolist()
    assert sorted(picks)[1] == 3 and sorted(picks)[0] in (0, 1, 2)


def test_a_pre_filter_of_one_is_need_alone():
    rng = np.random.default_rng(0)
    vectors, need = rng.normal(size=(50, 8)).astype(np.float32), rng.random(50)
    picks = select.hybrid(vectors, need, 10, random_share=0, prefilter=1)
    assert set(picks.indices.tolist()) == set(select.uncertainty(need, 10).tolist())


def test_what_was_reviewed_moves_the_picks_elsewhere():
    vectors = angles(0, 10, 90, 180)
    need = np.array([0.5, 0.5, 0.5, 0.0])
    picks = select.hybrid(
        vectors, need, 1, covered=np.array([0]), random_share=0, prefilter=2, near_identical=1
    )
    assert picks.indices.tolist() == [2]
    assert picks.left_out[0] == "reviewed or queued before"


def test_of_near_identical_rows_the_neediest_is_asked_and_the_other_names_it():
    vectors = angles(0, 1, 90)
    picks = select.hybrid(vectors, np.array([0.8, 0.9, 0.1]), 3, random_share=0)
    assert sorted(picks.indices.tolist()) == [1, 2]
    assert picks.left_out[0] == "near-identical to row 1 (cosine 1.000)"


def test_rows_near_to_the_reviewed_or_to_the_slice_are_passed_over():
    vectors = np.concatenate([angles(0, 1, 90)] * 10)
    covered = np.array([0])
    picks = select.hybrid(vectors, np.ones(30), 20, covered=covered, random_share=0)
    assert sorted(set(picks.indices % 3)) == [2] and len(picks) == 1
    half = select.hybrid(vectors, np.ones(30), 20, random_share=0.5)
    unit = vectors[active(half)] @ vectors[by_lot(half)].T
    assert not unit.size or unit.max() < 0.97


def test_a_row_without_a_need_comes_in_by_lot_only():
    need = np.array([NAN] * 30 + [0.5] * 10)
    vectors = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    picks = select.hybrid(vectors, need, 30, random_share=0.5)
    assert not np.isnan(need[active(picks)]).any()
    assert np.isnan(need[by_lot(picks)]).any()
    outside = next(r for r in range(30) if r not in picks.indices)
    assert picks.left_out[outside].startswith("no need to go by")


def test_caps_hold_for_the_whole_queue():
    rng = np.random.default_rng(1)
    column = ["big"] * 80 + ["small"] * 20
    need = np.concatenate([np.full(80, 0.9), np.full(20, 0.1)])
    vectors = rng.normal(size=(100, 16)).astype(np.float32)
    picks = select.hybrid(vectors, need, 30, caps=[(column, 10)], random_share=0.2)
    values = [column[row] for row in picks.indices]
    assert (values.count("big"), values.count("small")) == (10, 10)
    outside = next(r for r in range(80) if r not in picks.indices)
    assert picks.left_out[outside] == "the cap of 10 on cap 0 'big' was full"


def test_one_prompt_is_asked_once():
    prompt = np.repeat(np.arange(10), 4)
    vectors = np.repeat(np.random.default_rng(0).normal(size=(10, 8)), 4, axis=0)
    picks = select.hybrid(vectors, np.linspace(0, 1, 40), 20, identity=prompt)
    assert sorted(prompt[picks.indices]) == list(range(10))
    need_first = select.hybrid(vectors, np.linspace(0, 1, 40), 10, identity=prompt, random_share=0)
    assert sorted(need_first.indices.tolist()) == [4 * i + 3 for i in range(10)]
    assert (
        need_first.left_out[4 * prompt[need_first.indices[0]]]
        == "its prompt is in the queue already (1 at most)"
    )


def test_the_slice_has_its_size_and_its_chance():
    vectors = np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32)
    picks = select.hybrid(vectors, np.random.default_rng(1).random(200), 45, random_share=0.1)
    # round half up: .1 x 45 = 4.5 gives 5; 5 / 200 = .025.
    assert picks.part == ("random",) * 5 + ("active",) * 40
    assert picks.probability[:5].tolist() == [0.025] * 5
    assert np.isnan(picks.probability[5:]).all()


def test_the_slice_is_drawn_whatever_the_need():
    vectors = np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32)
    one = select.hybrid(vectors, np.arange(60.0), 20, rng=3)
    other = select.hybrid(vectors, -np.arange(60.0), 20, rng=3)
    assert by_lot(one) == by_lot(other)


def test_reasons_are_sentences_with_numbers():
    vectors = np.eye(20, dtype=np.float32)
    picks = select.hybrid(vectors, np.linspace(0, 1, 20), 10, random_share=0.1)
    assert picks.reason[0] == "drawn by lot from 20 rows on offer (chance 0.0500)"
    assert picks.reason[1].startswith("need ")
    assert "of 20; nearer to 1 rows on offer than any pick before it" in picks.reason[1]


def test_of_rows_that_cover_alike_the_neediest_comes_first():
    rows, need = np.eye(6, dtype=np.float32), np.array([0.1, 0.9, 0.8, 0.8, 0.2, 0.3])
    picks = select.hybrid(rows, need, 3, random_share=0, prefilter=2)
    assert picks.indices.tolist() == [1, 2, 3]
    picks = select.hybrid(rows, np.ones(6), 3, random_share=0, prefilter=1)
    assert picks.indices.tolist() == [0, 1, 2]


def test_zero_vectors_are_ordinary_rows():
    picks = select.hybrid(np.zeros((5, 4), np.float32), np.arange(5.0), 3, random_share=0)
    assert picks.indices.tolist() == [4, 3, 2]


def test_k_center_serves_as_cover():
    vectors, need = angles(0, 20, 90, 180), np.array([0.9, 0.8, 0.7, 0.1])
    picks = select.hybrid(vectors, need, 2, random_share=0, prefilter=1.5, cover="k_center")
    assert picks.indices.tolist() == [0, 2]


def test_an_unknown_cover_is_refused():
    with pytest.raises((ConfigError, ValueError)):
        select.hybrid(np.eye(3), np.ones(3), 1, cover="kmeans")  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 50), st.floats(0, 1))
def test_a_queue_has_the_size_asked_for_or_all_there_is(seed, n, k, share):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 6)).astype(np.float32)
    need = np.where(rng.random(n) < 0.2, NAN, rng.integers(0, 4, n))
    picks = select.hybrid(vectors, need, k, random_share=share, near_identical=1, rng=seed)
    assert len(set(picks.indices.tolist())) == len(picks) <= min(n, k)
    assert len(picks.part) == len(picks.reason) == len(picks.probability) == len(picks)
    scored = int((~np.isnan(need)).sum())
    m = min(n, int(np.floor(share * k + 0.5)))
    least = m + min(k - m, max(0, scored - m))
    assert len(picks) >= least


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_queue(seed):
    rng = np.random.default_rng(seed)
    vectors, need = rng.normal(size=(60, 6)).astype(np.float32), rng.random(60)
    a, b = (select.hybrid(vectors, need, 20, rng=seed) for _ in range(2))
    assert a.indices.tolist() == b.indices.tolist() and a.reason == b.reason
