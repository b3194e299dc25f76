import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from curate import measure

NAN = float("nan")
IDS = np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 1, 2, 3, 4]])
props = settings(deadline=None, max_examples=50)
groups_matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7),
    elements=st.sampled_from([0.0, 1.0, 2.0, NAN]),
)


def with_logs(groups, seed):
    rng = np.random.default_rng(seed)
    logs = -4 * rng.random(groups.shape)
    return np.where(rng.random(groups.shape) < 0.1, NAN, logs)


def split(row, logs):
    mass = {}
    for g, log in zip(row, logs, strict=True):
        if not math.isnan(g) and not math.isnan(log):
            mass.setdefault(g, []).append(math.exp(log))
    return mass


def naive_rao(row, logs):
    mass = split(row, logs)
    if sum(map(len, mass.values())) < 2:
        return NAN
    whole = sum(map(sum, mass.values()))
    return -sum(sum(m) / whole * math.log(sum(m) / whole) for m in mass.values())


def naive_kuhn(row, logs):
    mass = split(row, logs)
    return -sum(math.log(sum(m)) for m in mass.values()) / len(mass) if mass else NAN


def naive_mean(row, logs):
    mass = split(row, logs)
    n = sum(map(len, mass.values()))
    return -sum(len(m) * math.log(sum(m)) for m in mass.values()) / n if mass else NAN


def naive_chao_shen(row):
    _, counts = np.unique(row[~np.isnan(row)], return_counts=True)
    n = counts.sum()
    if n < 2:
        return NAN
    once = min((counts == 1).sum(), n - 1)
    total = 0.0
    for p in (1 - once / n) * counts / n:
        total -= p * math.log(p) / (1 - (1 - p) ** n)
    return total


def test_the_golden_discrete_entropies():
    assert measure.semantic_entropy(IDS) == pytest.approx([0.673012, 0.500402, 1.609438], abs=1e-6)


def test_one_less_the_normalised_entropy_is_uqlms_nsn():
    nsn = 1 - measure.semantic_entropy(IDS, normalise=True)
    assert nsn == pytest.approx([0.581834, 0.689082, 0.0], abs=1e-6)


def test_the_golden_margins():
    assert 1 - measure.margin_uncertainty(IDS) == pytest.approx([0.2, 0.6, 0.0])


def test_the_golden_rao_entropy():
    # e^-.1 + e^-.2 : e^-1 : e^-2 = .774017 : .165207 : .060776
    logs = [[-0.1, -0.2, -1.0, -2.0]]
    assert measure.semantic_entropy_rao([[0, 0, 1, 2]], logs)[0] == pytest.approx(
        0.665945, abs=1e-6
    )
    assert measure.semantic_entropy_rao([[0, 0, 1, 2]], logs, normalise=True)[0] == pytest.approx(
        0.665945 / math.log(4), abs=1e-6
    )


def test_kuhn_and_mean_by_hand():
    # masses 2/e and e^-2: -(ln 2 - 1 - 2)/2 = 1.153426; -(2 (ln 2 - 1) - 2)/3 = .871235
    logs = [[-1.0, -1.0, -2.0]]
    assert measure.semantic_entropy_kuhn([[0, 0, 1]], logs)[0] == pytest.approx(1.153426, abs=1e-6)
    assert measure.semantic_entropy_mean([[0, 0, 1]], logs)[0] == pytest.approx(0.871235, abs=1e-6)


def test_chao_shen_by_hand():
    # counts 3, 2: nothing met once, so p = .6, .4 and
    # .306495 / (1 - .4^5) + .366516 / (1 - .6^5) = .309667 + .397419
    # all different: p = .2 / 5 = .04 each: 5 * .128755 / (1 - .96^5) = 3.486890
    got = measure.semantic_entropy(IDS, correction="chao_shen")
    assert got[[0, 2]] == pytest.approx([0.707086, 3.486890], abs=1e-6)


def test_bayes_by_hand():
    # two of one of two options, Beta(2.5, .5): psi(4) - (2.5 psi(3.5) + .5 psi(1.5)) / 3
    # = 1.256118 - (2.5 * 1.103157 + .5 * .036490) / 3 = .330739
    got = measure.semantic_entropy([[7, 7]], correction="bayes", n_options=2)
    assert got[0] == pytest.approx(0.330739, abs=1e-6)


def test_many_samples_need_no_correction():
    groups = np.repeat([0, 1, 2], [500, 300, 200])[None]
    plain = measure.semantic_entropy(groups)
    assert measure.semantic_entropy(groups, correction="chao_shen") == pytest.approx(plain)
    bayes = measure.semantic_entropy(groups, correction="bayes", n_options=3)
    assert bayes == pytest.approx(plain, abs=0.002)


def test_correcting_brings_few_samples_nearer_to_the_truth():
    # 8 equal meanings, 6 samples: the truth is ln 8
    groups = np.random.default_rng(3).integers(0, 8, size=(2000, 6))
    truth = math.log(8)
    plain = measure.semantic_entropy(groups).mean()
    for corrected in (
        measure.semantic_entropy(groups, correction="chao_shen").mean(),
        measure.semantic_entropy(groups, correction="bayes", n_options=8, prior=1.0).mean(),
    ):
        assert plain < truth - 0.3
        assert abs(corrected - truth) < abs(plain - truth)


def test_identical_answers_give_exactly_zero():
    same = np.full((1, 7), 3.0)
    logs = [[-0.1, -0.2, -0.3, -0.4, -0.7, -11.0, -800.0]]
    assert measure.semantic_entropy(same).tolist() == [0]
    assert measure.semantic_entropy(same, normalise=True).tolist() == [0]
    assert measure.semantic_entropy(same, correction="chao_shen").tolist() == [0]
    assert measure.semantic_entropy_rao(same, logs).tolist() == [0]
    assert measure.margin_uncertainty(same).tolist() == [0]


def test_a_lone_answer_says_nothing_of_disagreement():
    alone, logs = [[4, NAN]], [[-1.0, NAN]]
    assert np.isnan(measure.semantic_entropy(alone))
    assert np.isnan(measure.semantic_entropy(alone, correction="chao_shen"))
    assert np.isnan(measure.semantic_entropy(alone, correction="bayes", n_options=3))
    assert np.isnan(measure.semantic_entropy_rao(alone, logs))
    assert np.isnan(measure.margin_uncertainty(alone))
    assert measure.semantic_entropy_kuhn(alone, logs).tolist() == [1.0]
    assert measure.semantic_entropy_mean(alone, logs).tolist() == [1.0]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_no_prompts_and_no_answers(shape):
    empty = np.empty(shape)
    for got in (
        measure.semantic_entropy(empty),
        measure.semantic_entropy(empty, correction="chao_shen"),
        measure.semantic_entropy(empty, correction="bayes", n_options=2),
        measure.semantic_entropy_rao(empty, empty),
        measure.semantic_entropy_kuhn(empty, empty),
        measure.semantic_entropy_mean(empty, empty),
    ):
        assert got.shape == shape[:1] and np.isnan(got).all()


def test_an_impossible_answer_weighs_nothing():
    got = measure.semantic_entropy_rao([[0, 1, 2]], [[-math.inf, -1.0, -1.0]])
    assert got[0] == pytest.approx(math.log(2))
    assert np.isnan(measure.semantic_entropy_rao([[0, 1]], [[-math.inf, -math.inf]]))
    assert measure.semantic_entropy_kuhn([[0, 1]], [[-math.inf, -1.0]]).tolist() == [math.inf]


def test_long_answers_do_not_underflow():
    got = measure.semantic_entropy_rao([[0, 1]], [[-2000.0, -2000.0]])
    assert got[0] == pytest.approx(math.log(2))
    assert measure.semantic_entropy_kuhn([[0, 0]], [[-2000.0, -2000.0]])[0] == pytest.approx(
        2000 - math.log(2)
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="n_options"):
        measure.semantic_entropy(IDS, correction="bayes")
    with pytest.raises(ValueError, match="5 groups in one row"):
        measure.semantic_entropy(IDS, correction="bayes", n_options=3)
    with pytest.raises(ValueError, match="no upper bound"):
        measure.semantic_entropy(IDS, correction="chao_shen", normalise=True)
    with pytest.raises(ValueError, match="log-probabilities of"):
        measure.semantic_entropy_rao(IDS, [[-1.0]])
    with pytest.raises(ValueError, match="n_prompts, n"):
        measure.semantic_entropy([0, 1])


def test_semantic_density_by_hand():
    # answer 0: distances .5 + .2/2 = .6 and .1, weights e^-2 and e^-1
    con = np.array([[[0, 0.5, 0.1], [0.5, 0, 0], [0.1, 0, 0]]])
    neu = np.array([[[0, 0.2, 0], [0.2, 0, 0], [0, 0, 0]]])
    logs = [[-0.5, -2.0, -1.0]]
    a, b, c = math.exp(-0.5), math.exp(-2), math.exp(-1)
    got = measure.semantic_density_uncertainty(con, neu, logs)
    assert got[0] == pytest.approx(
        [(0.6 * b + 0.1 * c) / (b + c), 0.6 * a / (a + c), 0.1 * a / (a + b)]
    )
    own = measure.semantic_density_uncertainty(con, neu, logs, itself=True)
    assert own[0, 0] == pytest.approx((0.6 * b + 0.1 * c) / (a + b + c))


def test_density_of_a_lone_or_missing_answer_is_unknown():
    con = np.full((1, 2, 2), NAN)
    con[0, 0, 0] = 0
    assert np.isnan(measure.semantic_density_uncertainty(con, con, [[-1.0, NAN]])).all()
    full = np.zeros((1, 2, 2))
    assert measure.semantic_density_uncertainty(full, full, [[-1, -3]]).tolist() == [[0, 0]]


@props
@given(groups_matrices, st.integers(0, 1000))
def test_values_are_those_of_the_loops(groups, seed):
    logs = with_logs(groups, seed)
    for score, loop in (
        (measure.semantic_entropy_rao, naive_rao),
        (measure.semantic_entropy_kuhn, naive_kuhn),
        (measure.semantic_entropy_mean, naive_mean),
    ):
        expected = [loop(*pair) for pair in zip(groups, logs, strict=True)]
        assert score(groups, logs) == pytest.approx(np.array(expected), abs=1e-12, nan_ok=True)
    corrected = measure.semantic_entropy(groups, correction="chao_shen")
    expected = np.array([naive_chao_shen(row) for row in groups])
    assert corrected == pytest.approx(expected, abs=1e-12, nan_ok=True)


@props
@given(groups_matrices, st.integers(0, 1000))
def test_neither_order_nor_names_of_groups_matter(groups, seed):
    logs = with_logs(groups, seed)
    order = np.random.default_rng(seed).permutation(groups.shape[1])
    turned, turned_logs = 10 - 3 * groups[:, order], logs[:, order]
    for score in (
        measure.semantic_entropy_rao,
        measure.semantic_entropy_kuhn,
        measure.semantic_entropy_mean,
    ):
        assert score(turned, turned_logs) == pytest.approx(
            score(groups, logs), abs=1e-12, nan_ok=True
        )
    for kind in (None, "chao_shen", "bayes"):
        assert measure.semantic_entropy(turned, correction=kind, n_options=3) == pytest.approx(
            measure.semantic_entropy(groups, correction=kind, n_options=3), abs=1e-12, nan_ok=True
        )


@props
@given(groups_matrices, st.integers(0, 1000))
def test_bounds(groups, seed):
    logs = with_logs(groups, seed)
    n = (~np.isnan(groups)).sum(axis=1)
    shares = (
        measure.semantic_entropy(groups, normalise=True),
        measure.semantic_entropy(groups, correction="bayes", n_options=3, normalise=True),
        measure.semantic_entropy_rao(groups, logs, normalise=True),
        measure.margin_uncertainty(groups),
    )
    for share in shares:
        assert not ((share < 0) | (share > 1 + 1e-12)).any()
    assert (np.isnan(shares[0]) == (n < 2)).all()
    plain = measure.semantic_entropy(groups)
    corrected = measure.semantic_entropy(groups, correction="chao_shen")
    assert not (corrected < plain - 1e-12).any()


@props
@given(groups_matrices)
def test_equal_probabilities_make_rao_the_discrete_entropy(groups):
    logs = np.full(groups.shape, -1.7)
    assert measure.semantic_entropy_rao(groups, logs) == pytest.approx(
        measure.semantic_entropy(groups), abs=1e-12, nan_ok=True
    )


@props
@given(groups_matrices)
def test_splitting_a_group_never_lowers_the_entropy(groups):
    finer = groups * 10 + np.arange(groups.shape[1]) % 2
    assert not (measure.semantic_entropy(finer) < measure.semantic_entropy(groups) - 1e-12).any()
