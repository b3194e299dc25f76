import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.select.stream import DAY, StreamSelector


class Seen:
    def __init__(self, n_dims=4):
        self.rows = np.empty((0, n_dims), np.float32)

    def cosine(self, vector):
        if not len(self.rows):
            return -1.0, -1
        near = self.rows @ vector
        return float(near.max()), int(near.argmax())

    def add(self, vectors):
        self.rows = np.concatenate([self.rows, vectors])


def arrivals(per_hour, days, seed=0):
    """Times of arrival, in seconds, `per_hour(day, hour)` on average."""
    rng = np.random.default_rng(seed)
    times = []
    for hour in range(24 * days):
        n = rng.poisson(per_hour(*divmod(hour, 24)))
        times += sorted(hour * 3600 + 3600 * rng.random(n))
    return times


def run(times, needs, **config):
    stream = StreamSelector(**config)
    rows = zip(times, needs, strict=True)
    return [stream.decide(f"r{n}", need=need, at=at) for n, (at, need) in enumerate(rows)]


def taken_by_day(times, decisions, days):
    days_of = [int(at // DAY) for at, d in zip(times, decisions, strict=True) if d.taken]
    return [days_of.count(day) for day in range(days)]


RATES = {
    "steady": lambda day, hour: 200,
    "office hours": lambda day, hour: 600 * (8 <= hour < 18),
    "ten times as many from day 3 on": lambda day, hour: 60 if day < 3 else 600,
    "a burst": lambda day, hour: 8000 if (day, hour) == (4, 12) else 60,
}


@pytest.mark.parametrize("name", RATES)
def test_what_is_taken_a_day_stays_near_the_capacity(name):
    times = arrivals(RATES[name], 7)
    needs = np.random.default_rng(1).random(len(times))
    taken = taken_by_day(times, run(times, needs, per_day=100), 7)
    assert all(75 <= n <= 125 for n in taken[1:]), taken
    assert taken[0] <= 150  # the bucket starts half full: 50 more than a day's capacity


def test_what_needs_a_person_most_is_taken_while_needs_drift():
    times = arrivals(RATES["steady"], 6)
    rng = np.random.default_rng(2)
    needs = rng.random(len(times)) + np.array(times) / DAY
    decisions = run(times, needs, per_day=100, random_share=0)
    assert all(80 <= n <= 120 for n in taken_by_day(times, decisions, 6)[1:])
    level = needs - np.array(times) / DAY
    taken = np.array([d.taken for d in decisions])
    assert level[taken & (np.array(times) > DAY)].mean() > 0.8  # of 0 to 1, by chance 0.5


@settings(max_examples=30, deadline=None)
@given(
    gaps=st.lists(st.floats(-100, 4 * DAY), max_size=120),
    per_day=st.floats(0.5, 500),
    burst=st.floats(0.1, 5),
    seed=st.integers(0, 99),
)
def test_no_more_is_ever_taken_than_flowed_in_and_one_bucket(gaps, per_day, burst, seed):
    times = np.cumsum([0.0, *gaps])
    needs = np.random.default_rng(seed).integers(0, 3, len(times)).astype(float)
    decisions = run(times, needs, per_day=per_day, burst=burst, seed=seed)
    passed = (np.maximum.accumulate(times)[-1] - times[0]) / DAY
    room = max(2, per_day * burst)
    assert sum(d.taken for d in decisions) <= room + per_day * passed + 1e-6


def test_everything_is_taken_where_people_have_time_for_all_of_it():
    times = [3600.0 * n for n in range(240)]
    decisions = run(times, np.zeros(240), per_day=100)
    assert all(d.taken for d in decisions[48:])


def test_the_lot_takes_its_share_whatever_the_need_and_with_the_chance_it_says():
    times = arrivals(RATES["steady"], 10)
    needs = np.random.default_rng(3).random(len(times))
    decisions = run(times, needs, per_day=500, random_share=0.2)
    lot = np.array([d.part == "random" for d in decisions])
    chance = np.array([d.probability for d in decisions])
    assert abs(lot.sum() - chance.sum()) < 4 * np.sqrt(chance.sum())
    assert 0.1 < lot.sum() / sum(d.taken for d in decisions) < 0.3
    weights = lot / np.where(chance > 0, chance, 1)
    assert abs((weights * needs).sum() / weights.sum() - needs.mean()) < 0.03  # about 1,000 rows


def test_a_row_without_a_need_is_taken_by_lot_alone_and_says_so():
    times = [600.0 * n for n in range(3000)]
    decisions = run(times, np.full(3000, np.nan), per_day=50, random_share=0.5)
    assert {d.part for d in decisions} == {None, "random"}
    assert {d.reason for d in decisions if not d.taken} == {
        "no need to go by, so only the lot could have taken it"
    }


def test_equal_needs_are_taken_at_the_share_and_not_all_or_none():
    times = arrivals(RATES["steady"], 4)
    decisions = run(times, np.ones(len(times)), per_day=100, random_share=0)
    assert all(75 <= n <= 125 for n in taken_by_day(times, decisions, 4)[1:])


def test_what_says_the_same_as_one_that_was_taken_is_left_to_the_lot():
    seen = Seen()
    stream = StreamSelector(per_day=1e6, random_share=0, seen=seen)
    one = np.array([1, 0, 0, 0], np.float32)
    near = np.array([0.99, np.sqrt(1 - 0.99**2), 0, 0], np.float32)
    stream.decide("before", need=0, at=0)
    first = stream.decide("a", need=1, at=60, vector=one)
    second = stream.decide("b", need=2, at=120, vector=near)
    assert first.taken and not second.taken
    assert second.reason == "near-identical to one that was taken or reviewed (cosine 0.990)"
    assert len(seen.rows) == 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(0, 80))
def test_a_restart_anywhere_changes_no_decision(seed, cut):
    rng = np.random.default_rng(seed)
    times, needs = np.cumsum(rng.exponential(900, 80)), rng.integers(0, 9, 80) / 8
    whole = run(times, needs, per_day=40, seed=seed % 100)
    before = StreamSelector(per_day=40, seed=seed % 100)
    for n in range(cut):
        before.decide(f"r{n}", need=needs[n], at=times[n])
    after = StreamSelector(per_day=40, seed=seed % 100)
    after.restore(json.loads(json.dumps(before.state())))
    again = [after.decide(f"r{n}", need=needs[n], at=times[n]) for n in range(cut, 80)]
    assert again == whole[cut:]


def test_a_decision_is_an_object_of_json_with_null_for_what_is_not_known():
    decision = StreamSelector(per_day=10).decide("a", need=float("nan"), at=0)
    told = json.loads(json.dumps(decision.as_json(), allow_nan=False))
    assert told["need"] is None and told["id"] == "a"


def test_the_threshold_is_the_need_from_which_on_rows_are_taken():
    stream = StreamSelector(per_day=240, random_share=0)
    assert np.isnan(stream.threshold())
    for n in range(4800):
        stream.decide(f"r{n}", need=n % 100, at=60.0 * n)
    assert 75 <= stream.threshold() <= 90  # 10 an hour of 60: the highest sixth of 0 to 99


@pytest.mark.parametrize("wrong", [{"per_day": 0}, {"per_day": 1, "burst": 0}])
def test_a_capacity_of_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="above 0"):
        StreamSelector(**wrong)


def test_needs_of_two_kinds_are_each_ranked_among_their_own():
    stream = StreamSelector(per_day=240, random_share=0)
    taken = {"low": 0, "high": 0}
    for n in range(9600):
        kind, need = ("low", n % 7 / 100) if n % 2 else ("high", 50 + n % 11)
        taken[kind] += stream.decide(f"r{n}", need=need, at=30.0 * n, kind=kind).taken
    assert 0.8 < taken["low"] / taken["high"] < 1.25
