import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure

NAN = float("nan")


def simulated(skill, *, n_items=3000, spread=1.0, variety=4.0, seed=0):
    """Votes by the model itself: 0 is the truth, errors are guests of a Chinese restaurant."""
    rng = np.random.default_rng(seed)
    ease = spread * rng.normal(size=n_items)
    right = rng.random((n_items, len(skill))) < 1 / (
        1 + np.exp(-(np.asarray(skill) + ease[:, None]))
    )
    votes = np.zeros(right.shape)
    for row, hits in zip(votes, right, strict=True):
        guests = []
        for m in np.flatnonzero(~hits):
            chances = np.array([*guests, variety]) / (sum(guests) + variety)
            table = int(rng.choice(len(chances), p=chances))
            guests = [*guests, 0][: max(len(guests), table + 1)]
            guests[table] += 1
            row[m] = table + 1
    return votes, right


def test_a_lone_answer_beside_a_majority_is_the_likeliest_to_be_wrong():
    votes = [[1, 1, 1, 2]] + [[k, k, k, k] for k in range(5)]
    wrong = measure.consensus(votes).wrong
    assert wrong[0, 3] > 0.9 > 0.3 > wrong[0, 0] > wrong[1, 0]


def test_where_all_differ_perhaps_nobody_is_right():
    votes = [[1, 2, 3, 4], [1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 1, 1], [1, 1, 2, 3]]
    got = measure.consensus(votes)
    assert got.nobody[0] == got.nobody.max()
    assert got.wrong[0].sum() + (1 - got.nobody[0]) == pytest.approx(4)


def test_what_is_left_of_each_item_adds_up_to_one():
    votes, _ = simulated([1.0, 0.5, 0.0], n_items=50)
    got = measure.consensus(votes)
    for row, wrong, nobody in zip(votes, got.wrong, got.nobody, strict=True):
        right = {answer: 1 - p for answer, p in zip(row.tolist(), wrong.tolist(), strict=True)}
        assert sum(right.values()) + nobody == pytest.approx(1.0)


def test_probabilities_are_calibrated_where_the_model_holds():
    votes, right = simulated([2.0, 1.5, 1.0, 0.5, 0.0, -0.5], n_items=4000)
    wrong = measure.consensus(votes).wrong
    for low, high in [(0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.0)]:
        there = (wrong >= low) & (wrong < high)
        assert (~right)[there].mean() == pytest.approx(wrong[there].mean(), abs=0.05)


def test_reliability_is_recovered_without_labels():
    votes, right = simulated([2.0, 1.5, 1.0, 0.5, 0.0, -0.5], n_items=4000)
    got = measure.consensus(votes)
    assert got.reliability == pytest.approx(right.mean(axis=0), abs=0.03)
    assert got.spread == pytest.approx(1.0, abs=0.2)


def test_ease_tells_hard_items_from_easy_ones():
    votes = [[1, 1, 1, 1]] * 8 + [[1, 2, 3, 4]] * 2
    got = measure.consensus(votes)
    assert got.ease[0] > 0 > got.ease[9]


def test_the_best_answer_is_that_of_reliable_members():
    votes, _ = simulated([3.0, 3.0, -1.0, -1.0, -1.0], n_items=400, variety=1.0)
    got = measure.consensus(votes)
    chosen = votes[np.arange(len(votes)), got.best] == 0
    counts = np.stack([(votes == g).sum(axis=1) for g in range(6)], axis=1)
    assert chosen.mean() > (counts.argmax(axis=1) == 0).mean()
    assert got.doubt == pytest.approx(got.wrong[np.arange(len(votes)), got.best])


def test_a_judge_of_both_minds_counts_half_for_each():
    rng = np.random.default_rng(2)
    verdicts = (rng.random((200, 3)) < [0.9, 0.8, 0.7]).astype(float)
    both = verdicts[:, [0, 0, 1, 1, 2, 2]]
    members = np.broadcast_to([0, 0, 1, 1, 2, 2], both.shape)
    halves = measure.consensus(both, members=members, shares=np.full(both.shape, 0.5), n_options=2)
    whole = measure.consensus(verdicts, n_options=2)
    assert halves.wrong[:, ::2] == pytest.approx(whole.wrong, abs=1e-6)


def test_a_judge_that_goes_by_position_has_no_say():
    rng = np.random.default_rng(2)
    verdicts = (rng.random((500, 6)) < [0.9, 0.9, 0.8, 0.8, 0.8, 0.7]).astype(float)
    both = np.repeat(verdicts, 2, axis=1)
    both[:, 0], both[:, 1] = 0.0, 1.0
    members = np.broadcast_to(np.repeat(np.arange(6), 2), both.shape)
    got = measure.consensus(both, members=members, shares=np.full(both.shape, 0.5), n_options=2)
    assert got.reliability[0] == pytest.approx(0.5, abs=0.01)
    assert got.reliability[1:].min() > 0.6


def test_of_two_mirrored_readings_the_one_in_which_members_are_mostly_right_is_taken():
    rng = np.random.default_rng(4)
    hard = rng.random(400) < 0.5
    # Three who know; three who are right on easy items and wrong together on hard ones.
    knows = rng.random((400, 3)) < 0.95
    fooled = np.where(hard[:, None], rng.random((400, 3)) < 0.1, rng.random((400, 3)) < 0.95)
    right = np.column_stack([knows, fooled])
    got = measure.consensus(right.astype(float), n_options=2)
    assert got.reliability.mean() > 0.5
    assert measure.auroc(got.log_odds.ravel(), ~right.ravel()) > 0.95


def test_two_members_weigh_the_same():
    votes, _ = simulated([2.0, -1.0], n_items=200)
    got = measure.consensus(votes)
    assert got.reliability[0] == pytest.approx(got.reliability[1])
    apart = votes[:, 0] != votes[:, 1]
    assert got.log_odds[apart].min() > got.log_odds[~apart].max()


def test_a_model_that_says_the_same_ten_times_is_one_witness():
    votes, _ = simulated([1.5, 1.0, 0.5, 0.5], n_items=300)
    members = np.broadcast_to([0] * 10 + [1, 2, 3], (300, 13))
    got = measure.consensus(votes[:, members[0]], members=members)
    once = measure.consensus(votes)
    assert got.wrong[:, [0, 10, 11, 12]] == pytest.approx(once.wrong, abs=1e-6)
    assert got.reliability == pytest.approx(once.reliability, abs=1e-6)


def test_a_model_that_varies_like_several_is_several_witnesses():
    votes, right = simulated([1.0] * 6, n_items=1000)
    members = np.broadcast_to([0, 0, 0, 1, 1, 1], votes.shape)
    got = measure.consensus(votes, members=members)
    alone = measure.consensus(votes)
    assert got.wrong == pytest.approx(alone.wrong, abs=0.15)
    assert got.reliability == pytest.approx(right.mean(), abs=0.03)


def test_of_a_models_samples_the_one_that_others_give_too_is_surer():
    votes = [[1, 2, 1, 1]] + [[k, k, k, k] for k in range(6)] + [[8, 8, 9, 9]]
    members = np.broadcast_to([0, 0, 1, 2], (8, 4))
    got = measure.consensus(votes, members=members)
    assert got.wrong[0, 0] < got.wrong[0, 1]
    assert got.wrong.shape == (8, 4) and not np.isnan(got.wrong).any()


def test_with_options_a_shared_error_is_no_surprise():
    votes = [[1, 1, 2], [1, 1, 1], [2, 2, 2], [1, 2, 2], [1, 1, 1], [2, 2, 1]]
    got = measure.consensus(votes, n_options=2)
    assert got.nobody[0] == 0.0
    assert got.wrong[0, 0] + got.wrong[0, 2] == pytest.approx(1.0)


def test_missing_votes_are_nan_and_items_without_any_are_unknown():
    got = measure.consensus([[1, 1, NAN], [NAN, NAN, NAN], [2, NAN, NAN]])
    assert np.isnan(got.wrong[0, 2]) and np.isnan(got.wrong[1]).all()
    assert got.best.tolist() == [0, -1, 0]
    assert np.isnan(got.doubt[1]) and np.isnan(got.nobody[1]) and got.ease[1] == pytest.approx(0)
    assert got.reliability[2] == 0.5


def test_nothing_gives_nothing():
    for shape in [(0, 3), (2, 0), (0, 0)]:
        got = measure.consensus(np.empty(shape))
        assert got.wrong.shape == shape and got.best.tolist() == [-1] * shape[0]
        assert got.doubt.shape == (shape[0],) and got.reliability.tolist() == [0.5] * shape[1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="up to 3 answers to one item, but n_options = 2"):
        measure.consensus([[1, 2, 3]], n_options=2)
    with pytest.raises(ValueError, match="not negative"):
        measure.consensus([[1, 2]], shares=[-1, 1], n_options=2)
    with pytest.raises(ValueError, match="shares need n_options"):
        measure.consensus([[1, 2]], shares=[0.5, 0.5])
    with pytest.raises(ValueError, match="groups of"):
        measure.doubt_by_group([0.1, 0.2], [0])


def test_many_items_are_fitted_on_some_and_judged_all():
    votes, _ = simulated([1.5, 1.0, 0.5, 0.0], n_items=2000)
    few, many = measure.consensus(votes), measure.consensus(np.tile(votes, (11, 1)))
    assert many.wrong[:2000] == pytest.approx(few.wrong, abs=0.02)
    assert many.wrong[-2000:] == pytest.approx(many.wrong[:2000])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_order_and_codes_do_not_matter(seed, random):
    votes, _ = simulated([1.0, 0.5, 0.0], n_items=25, seed=seed)
    items, members = list(range(25)), [0, 1, 2]
    random.shuffle(items)
    random.shuffle(members)
    plain, other = measure.consensus(votes), measure.consensus(7 - votes[items][:, members])
    assert other.wrong == pytest.approx(plain.wrong[items][:, members], abs=1e-6)
    assert ((plain.wrong >= 0) & (plain.wrong <= 1)).all()
    assert other.reliability == pytest.approx(plain.reliability[members], abs=1e-6)


def test_a_group_that_errs_more_makes_its_items_more_doubtful():
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], 300)
    wrong = rng.random(600) < np.where(group, 0.4, 0.05)
    # Of a sign that is normal about 1 where wrong and about -1 where right, the log of the
    # likelihoods' ratio is twice the sign; overall 22.5 % are wrong.
    odds = 2 * rng.normal(np.where(wrong, 1.0, -1.0)) + np.log(0.225 / 0.775)
    got = measure.doubt_by_group(odds, group)
    assert (got[group == 1] > odds[group == 1]).all() and (got[group == 0] < odds[group == 0]).all()
    assert measure.auroc(got, wrong) > measure.auroc(odds, wrong)


def test_a_group_of_its_own_and_a_single_group_change_nothing():
    odds = np.array([0.5, -1.0, NAN, 2.0])
    assert measure.doubt_by_group(odds, [-1] * 4) == pytest.approx(odds, nan_ok=True)
    assert measure.doubt_by_group(odds, [0] * 4) == pytest.approx(odds, nan_ok=True, abs=0.2)
    assert measure.doubt_by_group([], []).shape == (0,)
    assert np.isnan(measure.doubt_by_group([NAN], [0])).all()
