import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from curate import measure

NAN = float("nan")

votes_matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN]),
)
props = settings(deadline=None, max_examples=60)


def straightforward_entropy(row):
    _, counts = np.unique(row[~np.isnan(row)], return_counts=True)
    return stats.entropy(counts) if counts.size else NAN


def test_vote_entropy_of_the_textbook_cases():
    # -(2/3 ln 2/3 + 1/3 ln 1/3) = .636514; three different: ln 3; [3,1,1]: .950271
    assert measure.vote_entropy([[1, 1, 1]])[0] == 0
    assert measure.vote_entropy([[1, 1, 2]])[0] == pytest.approx(0.636514, abs=1e-6)
    assert measure.vote_entropy([[1, 2, 3]])[0] == pytest.approx(1.098612, abs=1e-6)
    assert measure.vote_entropy([[1, 1, 1, 2, 3]])[0] == pytest.approx(0.950271, abs=1e-6)


def test_normalised_by_the_smaller_of_members_and_options():
    # .636514 / ln 2 = .918296; .950271 / ln 3 = .864974
    two = measure.vote_entropy([[1, 1, 2]], n_options=2, normalise=True)
    three = measure.vote_entropy([[1, 1, 1, 2, 3]], n_options=3, normalise=True)
    assert two[0] == pytest.approx(0.918296, abs=1e-6)
    assert three[0] == pytest.approx(0.864974, abs=1e-6)
    assert measure.vote_entropy([[1, 2, 3]], normalise=True)[0] == 1
    assert measure.vote_entropy([[1, 1, 1]], normalise=True)[0] == 0


def test_discrete_semantic_entropy_and_margin_of_clusters():
    ids = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 1, 2, 3, 4]])
    assert measure.vote_entropy(ids) == pytest.approx([0.673012, 0.500402, 1.609438], abs=1e-6)
    assert measure.margin(ids) == pytest.approx([0.2, 0.6, 0.0])


def test_one_vote_has_entropy_zero_and_no_normalised_one():
    assert measure.vote_entropy([[4, NAN]])[0] == 0
    assert math.isnan(measure.vote_entropy([[4, NAN]], normalise=True)[0])


def test_nobody_answered_is_nan():
    empty = [[NAN, NAN]]
    for value in (
        measure.vote_entropy(empty),
        measure.margin(empty),
        measure.variation_ratio(empty),
        measure.contradiction(empty).ravel(),
    ):
        assert np.isnan(value).all()


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (2, 0)])
def test_empty_matrices_give_empty_or_nan(shape):
    votes = np.empty(shape)
    assert measure.vote_entropy(votes).shape == (shape[0],)
    assert np.isnan(measure.vote_entropy(votes)).all()
    assert np.isnan(measure.margin(votes)).all()
    assert measure.contradiction(votes).shape == shape


def test_a_weight_counts_like_that_many_votes():
    # 1 at weight 2 and 2 at weight 1 = [1, 1, 2]
    assert measure.vote_entropy([[1, 2]], weights=[2, 1])[0] == pytest.approx(0.636514, abs=1e-6)
    assert measure.margin([[1, 2]], weights=[2, 1])[0] == pytest.approx(1 / 3)
    assert measure.variation_ratio([[1, 2]], weights=[2, 1])[0] == pytest.approx(1 / 3)


def test_contradiction_says_who_is_alone():
    assert measure.contradiction([[7, 7, 7, 9]]).tolist() == [[1 / 3, 1 / 3, 1 / 3, 1.0]]


def test_weighted_contradiction_by_hand():
    # Against member 0 (says 1): members 1 (says 1, weight 1) and 2 (says 2, weight 3): 3 / 4.
    assert measure.contradiction([[1, 1, 2]], weights=[2, 1, 3]).tolist() == [[0.75, 0.6, 1.0]]


def test_a_members_own_samples_do_not_speak_against_it():
    # Member 0 says 1 and 2; member 1 says 1. For the sample "1": the other says 1, so 0.
    got = measure.contradiction([[1, 2, 1]], members=[[0, 0, 1]])
    assert got.tolist() == [[0.0, 1.0, 0.5]]


def test_a_lone_members_samples_are_its_committee():
    assert measure.contradiction([[1, 2, 1]], members=[[5, 5, 5]]).tolist() == [[0.5, 1.0, 0.5]]


def test_the_golden_split_of_three_members():
    split = measure.entropy_split([[[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]])
    assert split.total[0] == pytest.approx(0.693147, abs=1e-6)
    assert split.ambiguity[0] == pytest.approx(0.447771, abs=1e-6)
    assert split.ignorance[0] == pytest.approx(0.245376, abs=1e-6)


def test_bald_of_a_bradley_terry_ensemble():
    a, b = np.array([1, 0.2, -0.5]), np.array([0, 0.4, 0.3])
    p = 1 / (1 + np.exp(b - a))
    mutual_information = measure.jensen_shannon(np.stack([p, 1 - p], axis=1)[None])
    assert mutual_information[0] == pytest.approx(0.063298, abs=1e-6)


def test_jensen_shannon_over_its_greatest_value():
    # .245376 / ln 2
    p = [[[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]]]
    assert measure.jensen_shannon(p, normalise=True)[0] == pytest.approx(0.354003, abs=1e-6)
    one = [[[0.9, 0.1], [NAN, NAN]]]
    assert measure.jensen_shannon(one)[0] == 0
    assert math.isnan(measure.jensen_shannon(one, normalise=True)[0])


def test_margin_uncertainty_is_one_less_the_margin_of_several_votes():
    votes = [[0, 0, 0, 1, 1], [0, 1, 2, 3, 4], [0, NAN, NAN, NAN, NAN]]
    got = measure.margin_uncertainty(votes)
    assert got[:2] == pytest.approx([0.8, 1.0]) and math.isnan(got[2])
    assert math.isnan(measure.margin_uncertainty([[1, 2]], weights=[1, 0])[0])


def test_a_member_without_a_distribution_is_left_out():
    with_gap = [[[0.9, 0.1], [NAN, 0.5], [0.1, 0.9]]]
    without = [[[0.9, 0.1], [0.1, 0.9]]]
    assert measure.jensen_shannon(with_gap) == pytest.approx(measure.jensen_shannon(without))
    assert np.isnan(measure.jensen_shannon([[[NAN, NAN]]]))


def test_jensen_shannon_of_two_is_scipys_squared_distance():
    from scipy.spatial.distance import jensenshannon

    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    assert measure.jensen_shannon([[p, q]])[0] == pytest.approx(jensenshannon(p, q) ** 2)


def test_bad_shapes_and_weights_are_refused():
    with pytest.raises(ValueError, match="n_items, n_members"):
        measure.vote_entropy([1, 2])
    with pytest.raises(ValueError, match="weights have the shape"):
        measure.margin([[1, 2]], weights=[1, 2, 3])
    with pytest.raises(ValueError, match="not negative"):
        measure.margin([[1, 2]], weights=[1, -2])
    with pytest.raises(ValueError, match="not negative"):
        measure.margin([[1, 2]], weights=[1, NAN])
    with pytest.raises(ValueError, match="n_options"):
        measure.jensen_shannon([[0.5, 0.5]])
    with pytest.raises(ValueError, match="members have the shape"):
        measure.contradiction([[1, 2]], members=[0, 1])


@props
@given(votes_matrices)
def test_entropy_is_that_of_the_straightforward_formula(votes):
    expected = [straightforward_entropy(row) for row in votes]
    assert measure.vote_entropy(votes) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    alike = np.ones(votes.shape[1])
    assert measure.vote_entropy(votes, weights=alike) == pytest.approx(
        expected, abs=1e-12, nan_ok=True
    )


@props
@given(votes_matrices, st.randoms(use_true_random=False))
def test_the_order_of_members_and_the_names_of_answers_do_not_matter(votes, random):
    order = list(range(votes.shape[1]))
    random.shuffle(order)
    renamed = 10 - 3 * votes[:, order]
    for statistic in (measure.vote_entropy, measure.margin, measure.variation_ratio):
        assert statistic(renamed) == pytest.approx(statistic(votes), abs=1e-12, nan_ok=True)
    assert measure.contradiction(renamed) == pytest.approx(
        measure.contradiction(votes)[:, order], nan_ok=True
    )


@props
@given(votes_matrices)
def test_everything_stays_within_its_bounds(votes):
    n = (~np.isnan(votes)).sum(axis=1)
    normalised = measure.vote_entropy(votes, normalise=True)
    for value in (normalised, measure.margin(votes), measure.variation_ratio(votes)):
        known = value[~np.isnan(value)]
        assert ((known >= 0) & (known <= 1)).all()
    assert (np.isnan(normalised) == (n < 2)).all()
    against = measure.contradiction(votes)
    assert (np.isnan(against) == (np.isnan(votes) | (n < 2)[:, None])).all()
    assert ((against >= 0) | np.isnan(against)).all() and not (against > 1).any()


@props
@given(votes_matrices)
def test_contradiction_is_that_of_the_straightforward_formula(votes):
    expected = np.full(votes.shape, NAN)
    for i, row in enumerate(votes):
        for a in range(len(row)):
            others = np.delete(row, a)
            others = others[~np.isnan(others)]
            if not np.isnan(row[a]) and len(others):
                expected[i, a] = (others != row[a]).mean()
    assert measure.contradiction(votes) == pytest.approx(expected, nan_ok=True)


@props
@given(hnp.arrays(np.float64, (3, 4, 3), elements=st.floats(0.01, 1)))
def test_total_is_ignorance_plus_ambiguity(raw):
    p = raw / raw.sum(axis=2, keepdims=True)
    split = measure.entropy_split(p)
    assert split.total == pytest.approx(split.ignorance + split.ambiguity)
    assert (split.ignorance <= math.log(3) + 1e-12).all()
    same = np.repeat(p[:, :1], 4, axis=1)
    assert measure.jensen_shannon(same) == pytest.approx(0, abs=1e-12)


def consensus_divergence(p, w):
    """Return the weighted mean of KL(p_m || mean p), member by member (McCallum and Nigam)."""
    w = w / w.sum()
    mean = sum(share * member for share, member in zip(w, p, strict=True))
    return sum(share * stats.entropy(member, mean) for share, member in zip(w, p, strict=True))


def mutual_information(p, w):
    """Return I(answer; member) of the joint distribution w_m p_mk (BALD)."""
    joint = (w / w.sum())[:, None] * p
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    return (joint * np.log(joint / apart)).sum()


@props
@given(
    hnp.arrays(np.float64, (3, 4, 3), elements=st.floats(0.01, 1)),
    hnp.arrays(np.float64, 4, elements=st.floats(0.1, 3)),
)
def test_jensen_shannon_is_consensus_divergence_is_bald(raw, weights):
    p = raw / raw.sum(axis=2, keepdims=True)
    got = measure.jensen_shannon(p, weights=weights)
    assert got == pytest.approx([consensus_divergence(one, weights) for one in p], abs=1e-12)
    assert got == pytest.approx([mutual_information(one, weights) for one in p], abs=1e-12)
    share = measure.jensen_shannon(p, weights=weights, normalise=True)
    assert ((share >= 0) & (share <= 1)).all()
    same = np.repeat(p[:, :1], 4, axis=1)
    assert (measure.jensen_shannon(same, weights=weights) == 0).all()


def test_a_block_boundary_changes_nothing():
    rng = np.random.default_rng(1)
    votes = rng.integers(0, 3, size=(1000, 5)).astype(float)
    alone = np.concatenate([measure.vote_entropy(row[None]) for row in votes])
    assert (measure.vote_entropy(votes) == alone).all()
