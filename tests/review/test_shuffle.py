from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from curate.review import Asked
from curate.review.shuffle import asked, ranks_of, shown_order, vote_of
from tests.desk_items import pairs, rewrite_item

ids = st.lists(st.text("abc123", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


@settings(deadline=None, max_examples=60)
@given(ids, st.text(max_size=5), st.integers(0, 99))
def test_the_shown_order_is_a_permutation_that_does_not_depend_on_the_order_given(
    names, item, seed
):
    shown = shown_order(names, item, seed=seed)
    assert sorted(shown) == sorted(names)
    assert shown == shown_order(names[::-1], item, seed=seed)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.permutations(["c1", "c2", "c3", "c4"]))
def test_ranks_said_of_positions_come_back_as_ranks_of_candidates(data, shown):
    one = Asked(item_id="p", task="rank", candidates=("c1", "c2", "c3", "c4"), shown=tuple(shown))
    meant = {c: data.draw(st.integers(1, 4)) for c in one.candidates}
    said = {position: meant[c] for position, c in enumerate(one.shown)}
    assert ranks_of(one, said) == meant


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([("c1", "c2"), ("c2", "c1")]), st.sampled_from("ab"))
def test_a_vote_for_a_side_is_a_vote_for_the_candidate_on_it(shown, own):
    one = Asked(item_id="p", task="rank", candidates=("c1", "c2"), shown=shown)
    candidate = one.candidates["ab".index(own)]
    side = "ab"[one.shown.index(candidate)]
    assert vote_of(one, side) == own


def test_tie_and_both_bad_have_no_side():
    one = Asked(item_id="p", task="rank", candidates=("c1", "c2"), shown=("c2", "c1"))
    assert [vote_of(one, v) for v in ("tie", "both_bad")] == ["tie", "both_bad"]


def test_over_many_items_each_candidate_stands_first_about_as_often():
    first = Counter(asked(i, seed=7).shown[0] == i.candidates[0].id for i in pairs(1_000))
    # Binomial(1000, 1/2): standard deviation 15.8; within four of them.
    assert abs(first[True] - 500) < 64


def test_every_order_of_three_occurs_about_equally_often():
    orders = Counter(shown_order(["x", "y", "z"], f"p{i}", seed=1) for i in range(6_000))
    # 1000 expected each, standard deviation 28.9.
    assert len(orders) == 6 and all(abs(n - 1_000) < 120 for n in orders.values())


def test_another_seed_is_another_order():
    items = pairs(64)
    assert [asked(i, seed=1).shown for i in items] != [asked(i, seed=2).shown for i in items]


def test_the_order_is_the_same_on_every_machine():
    # Written down once; a change here breaks the votes of queues that are out.
    assert shown_order(["c1", "c2", "c3"], "p2", seed=7) == ("c1", "c3", "c2")
    assert shown_order(["c1", "c2", "c3"], "p4", seed=7) == ("c3", "c2", "c1")


def test_the_mark_tells_two_orders_apart_and_names_no_candidate():
    one = Asked(item_id="p", task="rank", candidates=("c1", "c2"), shown=("c2", "c1"))
    other = Asked(item_id="p", task="rank", candidates=("c1", "c2"), shown=("c1", "c2"))
    assert one.mark != other.mark
    assert "c1" not in one.mark


def test_a_single_candidate_is_shown_as_it_is():
    item = rewrite_item("Fix?", "It is.")
    assert asked(item, seed=3).shown == (item.candidates[0].id,)
