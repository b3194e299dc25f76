import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.learn import BradleyTerryHead

LOOK = np.random.default_rng(99).standard_normal((6, 4))
seeds = st.integers(0, 10_000)
few = settings(max_examples=15, deadline=None)


def votes(seed: int, n: int = 30, d: int = 4, strength: float = 1.0):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n, d))
    gap = (a - b) @ rng.standard_normal(d) * strength
    return a, b, drawn(gap, rng)


def drawn(gap, rng, nu: float = 0.6):
    odds = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(gap.shape, nu)], axis=1)
    chances = odds / odds.sum(axis=1, keepdims=True)
    picks = (chances.cumsum(axis=1) > rng.random((len(gap), 1))).argmax(axis=1)
    return np.array([1.0, 0.0, 0.5])[picks]


def test_one_comparison_gives_the_weight_worked_by_hand():
    # At the mode 1 - s(w) = precision w; with w = ln 3, s(w) = 3/4: precision = 1 / (4 ln 3).
    # Curvature 3/16 + precision.
    precision = 1 / (4 * np.log(3))
    head = BradleyTerryHead(precision=precision, ties=False).fit([[1.0]], [[0.0]], [1])
    assert head.weights == pytest.approx([np.log(3)])
    assert head.covariance == pytest.approx(np.array([[1 / (3 / 16 + precision)]]))
    # The two answers compared lie half a step above and below their mean.
    assert head.rewards([[1.0], [0.0]]) == pytest.approx([np.log(3) / 2, -np.log(3) / 2])
    assert head.reward_sd([[1.0]]) == pytest.approx([0.5 / np.sqrt(3 / 16 + precision)])


def test_win_counts_of_three_players_give_the_strengths_of_maximum_likelihood():
    # Players as one-hot features, and nearly no prior. A beat B 2:1, B beat C 2:1, A beat C 4:1:
    # strengths 4, 2, 1 give each of these odds exactly, so they are the maximum.
    player = np.eye(3)
    games = [(0, 1, 2), (1, 0, 1), (1, 2, 2), (2, 1, 1), (0, 2, 4), (2, 0, 1)]
    a, b = (player[[game[k] for game in games]] for k in (0, 1))
    head = BradleyTerryHead(precision=1e-8, ties=False).fit(
        a, b, np.ones(6), weights=[game[2] for game in games]
    )
    rewards = head.rewards(player)
    assert np.exp(rewards - rewards[2]) == pytest.approx([4.0, 2.0, 1.0], rel=1e-4)


def test_davidsons_tie_parameter_is_found_from_even_answers():
    # Answers that do not differ: 300 votes each way and 300 ties are nu = 1, but for the prior.
    shares = np.tile([1 / 3, 1 / 3, 1 / 3], (900, 1))
    head = BradleyTerryHead().fit(np.ones((900, 2)), np.ones((900, 2)), shares)
    assert head.tie == pytest.approx(1.0, abs=0.01)
    chances = head.probabilities(np.ones((1, 2)), np.ones((1, 2)))
    assert chances == pytest.approx(np.full((1, 3), 1 / 3), abs=0.01)


@few
@given(seeds, st.booleans())
def test_swapping_the_answers_and_the_votes_changes_nothing(seed, ties):
    a, b, outcomes = votes(seed)
    beside = (a - b)[:, :1] ** 3
    one = BradleyTerryHead(ties=ties).fit(a, b, outcomes, nuisance=beside)
    other = BradleyTerryHead(ties=ties).fit(b, a, 1 - outcomes, nuisance=-beside)
    assert one.rewards(LOOK) == pytest.approx(other.rewards(LOOK), abs=1e-9)
    swapped = [1, 0, 2][: 3 if ties else 2]
    there, back = one.probabilities(LOOK[:3], LOOK[3:]), one.probabilities(LOOK[3:], LOOK[:3])
    assert there == pytest.approx(back[:, swapped], abs=1e-9)
    assert one.information(LOOK[:3], LOOK[3:]) == pytest.approx(
        one.information(LOOK[3:], LOOK[:3]), abs=1e-9
    )


@few
@given(seeds, st.booleans())
def test_the_order_of_comparisons_does_not_matter(seed, ties):
    a, b, outcomes = votes(seed)
    order = np.random.default_rng(seed).permutation(30)
    one = BradleyTerryHead(ties=ties).fit(a, b, outcomes)
    other = BradleyTerryHead(ties=ties).fit(a[order], b[order], outcomes[order])
    assert one.rewards(LOOK) == pytest.approx(other.rewards(LOOK), abs=1e-5)
    assert one.reward_sd(LOOK) == pytest.approx(other.reward_sd(LOOK), abs=1e-5)


@few
@given(seeds, st.booleans())
def test_five_votes_on_a_pair_are_five_comparisons_of_it(seed, ties):
    a, b, _ = votes(seed)
    counts = np.random.default_rng(seed).multinomial(5, [0.5, 0.3, 0.2], size=30)
    one = BradleyTerryHead(ties=ties).fit(a, b, counts / 5, weights=np.full(30, 5.0))
    rows = np.repeat(np.arange(30), 5)
    each = np.concatenate([np.repeat([1.0, 0.0, 0.5], count) for count in counts])
    other = BradleyTerryHead(ties=ties).fit(a[rows], b[rows], each)
    assert one.rewards(LOOK) == pytest.approx(other.rewards(LOOK), abs=1e-5)
    assert one.information(LOOK[:3], LOOK[3:]) == pytest.approx(
        other.information(LOOK[:3], LOOK[3:]), abs=1e-5
    )


@few
@given(seeds, st.booleans(), st.sampled_from([1, 30]))
def test_chances_of_outcomes_add_up_and_information_has_its_bounds(seed, ties, n):
    head = BradleyTerryHead(ties=ties).fit(*votes(seed, n=n))
    a, b = np.concatenate([LOOK, 50 * LOOK]), np.zeros((12, 4))
    assert head.probabilities(a, b).sum(axis=1) == pytest.approx(np.ones(12))
    assert (head.information(a, b) >= 0).all()
    assert (head.information(a, b) <= np.log(3 if ties else 2)).all()
    assert (head.reward_sd(a) >= 0).all()


@few
@given(seeds, st.booleans(), st.sampled_from([8, 60]))
def test_a_warm_start_prefers_what_a_cold_one_does(seed, ties, d):
    a, b, outcomes = votes(seed, n=40, d=d)
    before = BradleyTerryHead(ties=ties).fit(a[:25], b[:25], outcomes[:25])
    warm = BradleyTerryHead(ties=ties).fit(a, b, outcomes, start=before)
    cold = BradleyTerryHead(ties=ties).fit(a, b, outcomes)
    assert warm.rewards(a) == pytest.approx(cold.rewards(a), abs=1e-3)
    assert warm.tie == pytest.approx(cold.tie, rel=1e-3)


def test_a_tie_is_half_a_vote_for_each_where_ties_are_no_outcome():
    a, b, outcomes = votes(3)
    shares = np.stack([outcomes == 1, outcomes == 0, outcomes == 0.5], axis=1)
    one = BradleyTerryHead(ties=False).fit(a, b, outcomes)
    other = BradleyTerryHead(ties=False).fit(a, b, shares)
    assert (one.rewards(LOOK) == other.rewards(LOOK)).all()
    assert one.probabilities(LOOK, LOOK) == pytest.approx(np.full((6, 2), 0.5))


@pytest.mark.parametrize("ties", [True, False])
def test_length_that_drives_votes_is_not_learned_as_quality(ties):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3000, 5))
    # Votes go by column 1 and, strongly, by length; length goes with column 0.
    length = (a - b)[:, 0] + 0.5 * rng.standard_normal(3000)
    outcomes = drawn((a - b)[:, 1] + 2 * length, rng)
    fooled = BradleyTerryHead(ties=ties).fit(a, b, outcomes)
    head = BradleyTerryHead(ties=ties).fit(a, b, outcomes, nuisance=length[:, None])
    assert fooled.weights[0] > 1.0
    assert abs(head.weights[0]) < 0.25
    assert head.weights[1] > 0.6


def test_a_first_place_that_wins_by_being_first_is_not_learned_as_quality():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((2, 3000, 3))
    first = np.where(rng.random(3000) < 0.5, 1.0, -1.0)
    outcomes = drawn((a - b)[:, 0] + 1.5 * first, rng)
    head = BradleyTerryHead().fit(a, b, outcomes, nuisance=first[:, None])
    assert head.nuisance_weights == pytest.approx([1.5], abs=0.2)
    assert head.weights == pytest.approx([1.0, 0.0, 0.0], abs=0.15)
    assert head.tie == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize("d", [4, 60])
def test_drawn_rewards_are_spread_as_the_posterior_says(d):
    a, b, outcomes = votes(5, d=d)
    head = BradleyTerryHead().fit(a, b, outcomes)
    look = np.random.default_rng(8).standard_normal((5, d))
    rewards = head.draws(look, 20_000, rng=2)
    assert rewards.mean(axis=0) == pytest.approx(head.rewards(look), abs=0.1)
    assert rewards.std(axis=0) == pytest.approx(head.reward_sd(look), rel=0.03)
    gaps = look[1:] - look[:-1]
    variance = np.einsum("ij,jk,ik->i", gaps, head.covariance, gaps)
    assert np.diff(rewards, axis=1).var(axis=0) == pytest.approx(variance, rel=0.06)


def test_with_fewer_comparisons_than_columns_the_dual_gives_the_primal_fit():
    a, b, outcomes = votes(6, n=10, d=20)
    dual = BradleyTerryHead(precision=0.5).fit(a, b, outcomes)
    more, less = np.random.default_rng(3).standard_normal((2, 15, 20))
    primal = BradleyTerryHead(precision=0.5).fit(
        np.concatenate([a, more]),
        np.concatenate([b, less]),
        np.append(outcomes, np.ones(15)),
        weights=np.repeat([1.0, 0.0], [10, 15]),
    )
    assert dual.weights == pytest.approx(primal.weights, abs=1e-8)
    assert dual.covariance == pytest.approx(primal.covariance, abs=1e-8)


@pytest.mark.parametrize(
    ("a", "b", "outcomes", "said"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), [], "no answers"),
        ([[1.0, 2.0]], [[1.0]], [1], "but b of"),
        ([[1.0]], [[0.0]], [0.8], "row 0 is 0.8"),
        ([[1.0]], [[0.0]], [np.nan], "row 0 is nan"),
        ([[1.0]], [[0.0]], [[0.5, 0.1, 0.1]], "shares of row 0"),
        ([[1.0]], [[np.inf]], [1], "b: row 0, column 0 is inf"),
    ],
)
def test_comparisons_that_cannot_be_read_are_said(a, b, outcomes, said):
    with pytest.raises(ValueError, match=said):
        BradleyTerryHead().fit(a, b, outcomes)


def test_shares_outside_their_bounds_are_said_where_ties_are_no_outcome():
    with pytest.raises(ValueError, match="between 0 and 1"):
        BradleyTerryHead(ties=False).fit([[1.0]], [[0.0]], [1.5])
    with pytest.raises(ValueError, match="call fit"):
        BradleyTerryHead().rewards([[1.0]])
