import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from curate.learn import LogisticHead

N_ROWS, N_COLUMNS = 30, 4
LOOK = np.random.default_rng(99).standard_normal((6, N_COLUMNS))


def data(seed: int, n_classes: int, n: int = N_ROWS, d: int = N_COLUMNS):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, d))
    pull = features @ rng.standard_normal((d, n_classes)) * 2
    labels = (pull + rng.gumbel(size=pull.shape)).argmax(axis=1)
    return features, labels


def told(head: LogisticHead, look=LOOK):
    return np.column_stack(
        [head.probabilities(look), head.information(look), np.log(head.variance(look))]
    )


seeds = st.integers(0, 10_000)
classes = st.sampled_from([2, 3, 5])
few = settings(max_examples=15, deadline=None)


def test_two_opposite_answers_give_the_weight_worked_by_hand():
    # Rows -1: no and 1: yes. At the mode 2 (1 - s(w)) = precision w; with w = ln 3, s(w) = 3/4,
    # so precision = 1 / (2 ln 3); the bias is 0 by symmetry. Curvature 2 x 3/16 + precision.
    precision = 1 / (2 * np.log(3))
    head = LogisticHead(precision=precision).fit([[-1.0], [1.0]], [0, 1])
    assert head.weights == pytest.approx([np.log(3)])
    assert head.covariance == pytest.approx(np.array([[1 / (3 / 8 + precision)]]))
    assert head.logits([[2.0]]) == pytest.approx(np.array([[0.0, 2 * np.log(3)]]))


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_the_mode_is_that_of_scikit_learn_at_the_same_objective(n_classes):
    features, labels = data(3, n_classes, n=80)
    features = features - features.mean(axis=0)
    # Its penalty is precision |w|^2 / 2 on every column; a constant column k stands for a bias
    # of precision `precision / k^2`: 0.1 with two classes, 1 with more.
    precision, of_bias = 0.7, 0.1 if n_classes == 2 else 1.0
    k = np.full((80, 1), np.sqrt(precision / of_bias))
    peer = LogisticRegression(C=1 / precision, fit_intercept=False, tol=1e-10, max_iter=10_000)
    peer.fit(np.hstack([features, k]), labels)
    logits = LogisticHead(n_classes, precision=precision).fit(features, labels).logits(features)
    ours = np.exp(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))
    assert ours == pytest.approx(peer.predict_proba(np.hstack([features, k])), abs=1e-4)


@few
@given(seeds, classes)
def test_the_order_of_rows_does_not_matter(seed, n_classes):
    features, labels = data(seed, n_classes)
    order = np.random.default_rng(seed).permutation(N_ROWS)
    one = LogisticHead(n_classes).fit(features, labels)
    other = LogisticHead(n_classes).fit(features[order], labels[order])
    assert told(one) == pytest.approx(told(other), abs=2e-3)


@few
@given(seeds, classes)
def test_renaming_the_classes_renames_the_chances(seed, n_classes):
    features, labels = data(seed, n_classes)
    name = np.random.default_rng(seed).permutation(n_classes)
    one = LogisticHead(n_classes).fit(features, labels)
    other = LogisticHead(n_classes).fit(features, name[labels])
    assert other.probabilities(LOOK)[:, name] == pytest.approx(one.probabilities(LOOK), abs=2e-3)
    assert other.variance(LOOK) == pytest.approx(one.variance(LOOK), rel=1e-2)


@few
@given(seeds, classes)
def test_a_weight_of_two_is_the_row_twice_and_of_nothing_is_no_row(seed, n_classes):
    features, labels = data(seed, n_classes)
    times = np.random.default_rng(seed).integers(0, 3, N_ROWS)
    times[:5] = 1
    one = LogisticHead(n_classes).fit(features, labels, weights=times)
    rows = np.repeat(np.arange(N_ROWS), times)
    other = LogisticHead(n_classes).fit(features[rows], labels[rows])
    assert told(one) == pytest.approx(told(other), abs=2e-3)


@few
@given(seeds, classes)
def test_vote_shares_are_rows_that_count_for_a_part(seed, n_classes):
    features, labels = data(seed, n_classes)
    shares = 0.5 * np.eye(n_classes)[labels] + 0.5 * np.eye(n_classes)[(labels + 1) % n_classes]
    one = LogisticHead(n_classes).fit(features, shares)
    both = np.concatenate([labels, (labels + 1) % n_classes])
    other = LogisticHead(n_classes).fit(
        np.tile(features, (2, 1)), both, weights=np.full(2 * N_ROWS, 0.5)
    )
    assert told(one) == pytest.approx(told(other), abs=2e-3)


@few
@given(seeds, classes, st.floats(-100, 100))
def test_where_the_origin_of_the_features_lies_does_not_matter(seed, n_classes, shift):
    features, labels = data(seed, n_classes)
    one = LogisticHead(n_classes).fit(features, labels)
    other = LogisticHead(n_classes).fit(features + shift, labels)
    assert told(one) == pytest.approx(told(other, LOOK + shift), abs=2e-3)


@few
@given(seeds, classes, st.sampled_from([1e-6, 1e-2, 1e3, 1e6]))
def test_the_unit_of_the_features_does_not_matter(seed, n_classes, unit):
    features, labels = data(seed, n_classes)
    one = LogisticHead(n_classes).fit(features, labels)
    other = LogisticHead(n_classes).fit(features * unit, labels)
    assert told(one) == pytest.approx(told(other, LOOK * unit), abs=2e-3)
    assert other.precision == pytest.approx(one.precision * unit**2, rel=1e-2)


@few
@given(seeds, classes, st.sampled_from([1, 3, 30]))
def test_chances_add_up_and_information_has_its_bounds(seed, n_classes, n):
    features, labels = data(seed, n_classes, n=n)
    head = LogisticHead(n_classes).fit(features, labels)
    look = np.concatenate([LOOK, 100 * LOOK])
    assert head.probabilities(look).sum(axis=1) == pytest.approx(np.ones(12))
    assert (head.probabilities(look) >= 0).all()
    assert (head.information(look) >= 0).all()
    assert (head.information(look) <= np.log(n_classes) + 1e-12).all()
    assert (head.variance(look) >= 0).all()


@few
@given(seeds, st.sampled_from([2, 4]), st.sampled_from([8, 60]))
def test_a_warm_start_ends_where_a_cold_one_does(seed, n_classes, d):
    features, labels = data(seed, n_classes, n=40, d=d)
    before = LogisticHead(n_classes).fit(features[:25], labels[:25])
    warm = LogisticHead(n_classes).fit(features, labels, start=before)
    cold = LogisticHead(n_classes).fit(features, labels)
    assert warm.probabilities(features) == pytest.approx(cold.probabilities(features), abs=2e-3)
    assert warm.precision == pytest.approx(cold.precision, rel=2e-2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_with_fewer_rows_than_columns_the_dual_gives_the_primal_fit(n_classes):
    features, labels = data(5, n_classes, n=12, d=20)
    look = np.random.default_rng(1).standard_normal((5, 20))
    dual = LogisticHead(n_classes, precision=0.5).fit(features, labels)
    # Rows of no weight make the primal form out of the same problem.
    padded = np.concatenate([features, np.random.default_rng(2).standard_normal((20, 20))])
    primal = LogisticHead(n_classes, precision=0.5).fit(
        padded, np.append(labels, np.zeros(20)), weights=np.repeat([1.0, 0.0], [12, 20])
    )
    assert told(dual, look) == pytest.approx(told(primal, look), abs=1e-3)
    assert dual.covariance == pytest.approx(primal.covariance, abs=1e-3)
    assert dual.weights == pytest.approx(primal.weights, abs=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("d", [4, 60])
def test_draws_are_spread_as_the_posterior_says(n_classes, d):
    features, labels = data(7, n_classes, d=d)
    look = np.random.default_rng(4).standard_normal((5, d))
    head = LogisticHead(n_classes).fit(features, labels)
    drawn = head.draws(look, 20_000, rng=3)
    logits = np.log(np.maximum(drawn, 1e-300))
    if n_classes == 2:
        spread = (logits[..., 1] - logits[..., 0]).var(axis=0)
    else:
        spread = (logits - logits.mean(axis=2, keepdims=True)).var(axis=0).sum(axis=1)
    assert spread == pytest.approx(head.variance(look), rel=0.06)
    entropy = -(drawn * np.log(np.maximum(drawn, 1e-300))).sum(axis=2).mean(axis=0)
    mean = drawn.mean(axis=0)
    information = -(mean * np.log(mean)).sum(axis=1) - entropy
    assert head.information(look) == pytest.approx(information, rel=0.1, abs=0.01)
    assert head.probabilities(look) == pytest.approx(mean, abs=0.06)


def test_draws_are_the_same_for_the_same_seed():
    head = LogisticHead().fit(*data(1, 2))
    assert (head.draws(LOOK, 3, rng=5) == head.draws(LOOK, 3, rng=5)).all()


def test_many_classes_share_an_exact_posterior_where_all_are_equally_likely():
    # Every row has each of three classes once, so the mode is 0, every chance 1/3, and the Hessian
    # is exactly (diag p - p p') (x) X'X: what the Kronecker factors say must be its inverse.
    x = np.array([[1.0, 0.5], [-1.0, 0.5], [0.3, -1.0], [-0.3, 0.0]])
    features, labels = np.repeat(x, 3, axis=0), np.tile([0, 1, 2], 4)
    head = LogisticHead(3, precision=0.5).fit(features, labels)
    between = np.eye(3) / 3 - np.full((3, 3), 1 / 9)
    design = np.column_stack([features, np.ones(12)])
    hessian = np.kron(design.T @ design, between) + np.diag(np.repeat([0.5, 0.5, 1.0], 3))
    at = np.kron([[2.0, -1.0, 1.0]], np.eye(3) - 1 / 3)
    assert head.variance([[2.0, -1.0]]) == pytest.approx(
        np.trace(at.reshape(3, 9) @ np.linalg.inv(hessian) @ at.reshape(3, 9).T), rel=1e-6
    )


def test_a_class_nobody_chose_keeps_a_small_chance():
    features, labels = data(2, 3)
    head = LogisticHead(4).fit(features, labels)
    chance = head.probabilities(features)[:, 3]
    assert (chance > 0).all() and chance.mean() < 0.15


@pytest.mark.parametrize("answer", [0, 1])
def test_answers_of_one_class_alone_leave_doubt(answer):
    head = LogisticHead().fit([[0.3, 1.0], [0.5, 0.2], [0.1, 0.7]], [answer] * 3)
    chance = head.probabilities([[0.3, 0.6]])[0, answer]
    assert 0.6 < chance < 0.95


def test_features_that_are_all_the_same_give_the_share_of_yes():
    head = LogisticHead().fit(np.ones((8, 3)), [1, 1, 1, 0, 1, 1, 1, 0])
    assert head.probabilities(np.ones((1, 3)))[0, 1] == pytest.approx(0.75, abs=0.05)


def test_one_answer_is_enough_to_fit():
    head = LogisticHead(3).fit([[1.0, 2.0]], [2])
    assert head.probabilities([[1.0, 2.0]])[0].argmax() == 2
    assert np.isfinite(told(head, [[3.0, 0.0]])).all()


def test_no_columns_leave_the_bias():
    head = LogisticHead().fit(np.zeros((4, 0)), [1, 1, 1, 0])
    assert head.probabilities(np.zeros((2, 0)))[:, 1] == pytest.approx([0.7, 0.7], abs=0.05)


def test_nothing_asked_is_answered_with_nothing():
    for n_classes in (2, 3):
        head = LogisticHead(n_classes).fit(*data(1, n_classes))
        none = np.zeros((0, N_COLUMNS))
        assert head.probabilities(none).shape == (0, n_classes)
        assert head.information(none).shape == head.variance(none).shape == (0,)


def test_the_prior_mean_is_what_is_believed_until_answers_say_otherwise():
    features, labels = data(8, 2, n=4)
    believed = np.array([1.0, 0.0, 0.0, 0.0])
    firm = LogisticHead(precision=1e6).fit(features, labels, prior_mean=believed)
    assert firm.weights == pytest.approx(believed, abs=1e-3)
    dual = LogisticHead(precision=1e6).fit(features[:2], labels[:2], prior_mean=believed)
    assert dual.weights == pytest.approx(believed, abs=1e-3)


def test_what_length_explains_is_not_learned_as_quality():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((2000, 3))
    length = features[:, 0] + 0.3 * rng.standard_normal(2000)
    labels = rng.random(2000) < 1 / (1 + np.exp(-2 * length - features[:, 1]))
    fooled = LogisticHead().fit(features, labels)
    head = LogisticHead().fit(features, labels, nuisance=length[:, None])
    assert fooled.weights[0] > 1.2
    assert abs(head.weights[0]) < 0.5
    assert head.weights[1] == pytest.approx(1.0, abs=0.2)


def test_where_nuisance_lies_and_how_it_is_scaled_does_not_matter():
    features, labels = data(4, 2)
    beside = np.random.default_rng(1).standard_normal((N_ROWS, 2))
    one = LogisticHead().fit(features, labels, nuisance=beside)
    other = LogisticHead().fit(features, labels, nuisance=1000 * beside + 7)
    assert told(one) == pytest.approx(told(other), abs=1e-6)
    constant = LogisticHead().fit(features, labels, nuisance=np.full((N_ROWS, 1), 3.0))
    assert told(constant) == pytest.approx(told(LogisticHead().fit(features, labels)), abs=1e-6)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_strength_of_the_prior_is_read_from_many_answers(n_classes):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((4000, 60)) / np.sqrt(60)
    for sd in (1.0, 3.0):
        weights = rng.standard_normal((60, n_classes)) * sd
        pull = features @ weights
        labels = (pull + rng.gumbel(size=pull.shape)).argmax(axis=1)
        # A shift of all classes means nothing: with C classes there are 60 (C - 1) weights.
        # Two classes: the weights are the difference of both, of twice that sum of squares.
        squares = ((weights - weights.mean(axis=1, keepdims=True)) ** 2).sum()
        true = 60 / (2 * squares) if n_classes == 2 else 60 * (n_classes - 1) / squares
        found = LogisticHead(n_classes).fit(features, labels).precision
        assert found == pytest.approx(true, rel=0.25)


def test_features_that_say_nothing_are_shrunk_away():
    rng = np.random.default_rng(0)
    features, labels = rng.standard_normal((2000, 50)), rng.random(2000) < 0.3
    chance = LogisticHead().fit(features, labels).probabilities(features)[:, 1]
    assert chance.std() < 0.05


def test_answers_to_unrelated_rows_say_nothing_of_the_strength_of_the_prior():
    # Rows at right angles: no answer tells of another, whatever the precision. Their squares are
    # 1 (39/40 about their mean), and the guess is a spread of 3: precision 39/40/9.
    for seed in range(3):
        labels = np.random.default_rng(seed).permutation(np.repeat([0, 1], 20))
        found = LogisticHead().fit(np.eye(40), labels).precision
        assert 0.5 < found / (39 / 40 / 9) < 2


@pytest.mark.parametrize(
    ("features", "labels", "weights", "said"),
    [
        (np.zeros((0, 2)), [], None, "no answers"),
        ([[np.nan, 1.0]], [1], None, "features: row 0, column 0 is nan"),
        ([1.0, 2.0], [1, 0], None, "features must be of shape"),
        ([[1.0], [2.0]], [0, 2], None, "row 1 is 2; classes are 0 to 1"),
        ([[1.0], [2.0]], [0, np.nan], None, "row 1 is nan"),
        ([[1.0], [2.0]], [0, 1, 1], None, "labels must be of shape"),
        ([[1.0], [2.0]], [[0.5, 0.5], [0.9, 0.3]], None, "shares of row 1"),
        ([[1.0], [2.0]], [0, 1], [1.0, -1.0], "none below 0"),
        ([[1.0], [2.0]], [0, 1], [0.0, 0.0], "one above 0"),
        ([[1.0], [2.0]], [0, 1], [1.0], "weights must be of shape"),
    ],
)
def test_what_cannot_be_learned_from_is_said(features, labels, weights, said):
    with pytest.raises(ValueError, match=said):
        LogisticHead().fit(features, labels, weights=weights)


def test_what_cannot_be_asked_of_a_head_is_said():
    with pytest.raises(ValueError, match="call fit"):
        LogisticHead().probabilities(LOOK)
    with pytest.raises(ValueError, match="2 or more"):
        LogisticHead(1)
    with pytest.raises(ValueError, match="precision must be above 0"):
        LogisticHead(precision=0.0)
    with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
        LogisticHead().fit(*data(1, 2)).logits([[1.0]])
    with pytest.raises(ValueError, match="prior_mean"):
        LogisticHead().fit(*data(1, 2), prior_mean=[1.0])


def test_a_fitted_head_does_not_change_when_its_like_is_fitted_again():
    features, labels = data(1, 2)
    head = LogisticHead().fit(features, labels)
    before = head.probabilities(LOOK)
    head.fit(-features, labels)
    assert (head.probabilities(LOOK) == before).all()
