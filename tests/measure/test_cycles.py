from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.measure.cycles import circles, feedback_arcs, shortest_circle

arcs = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda arc: arc[0] != arc[1]),
    min_size=1,
    max_size=14,
)


def least_back(weights):
    """The least weight that points back, over all orders."""
    nodes = sorted({node for arc in weights for node in arc})
    return min(
        sum(w for (a, b), w in weights.items() if order.index(a) > order.index(b))
        for order in permutations(nodes)
    )


def goes_round(pairs):
    """Whether a node reaches itself."""
    reach = set(pairs)
    while True:
        more = {(a, d) for a, b in reach for c, d in reach if b == c} - reach
        if not more:
            return any(a == b for a, b in reach)
        reach |= more


@settings(max_examples=60, deadline=None)
@given(arcs)
def test_the_fewest_to_ask_again_are_those_of_trying_all_orders(pairs):
    weights = {arc: float(pairs.count(arc)) for arc in pairs}
    again, certain = feedback_arcs(weights)
    assert certain
    assert sum(weights[arc] for arc in again) == least_back(weights)
    assert not goes_round([arc for arc in weights if arc not in again])


@settings(max_examples=60, deadline=None)
@given(arcs)
def test_nothing_goes_round_without_the_rows_to_ask_again(pairs):
    found = circles(*np.array(pairs).T)
    again = {row for circle in found for row in circle.again}
    assert bool(found) == goes_round(pairs)
    assert not goes_round([arc for row, arc in enumerate(pairs) if row not in again])


@settings(max_examples=60, deadline=None)
@given(arcs)
def test_the_shortest_circle_is_one_and_none_is_shorter(pairs):
    around = shortest_circle(pairs)
    steps = list(zip(around, (*around[1:], *around[:1]), strict=True))
    assert all(step in pairs for step in steps)
    assert bool(around) == goes_round(pairs)
    for n in range(2, len(around)):
        for nodes in permutations(range(6), n):
            ring = zip(nodes, (*nodes[1:], nodes[0]), strict=True)
            assert not all(step in pairs for step in ring)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_of_many_answers_the_order_is_good_and_nothing_is_left_to_go_round(seed):
    rng = np.random.default_rng(seed)
    order = [(a, b) for a in range(20) for b in range(a + 1, 20)]
    turned = set(rng.permutation(len(order))[:5].tolist())
    pairs = [(b, a) if n in turned else (a, b) for n, (a, b) in enumerate(order)]
    again, certain = feedback_arcs(dict.fromkeys(pairs, 1.0))
    assert not certain
    assert len(again) <= 5
    assert not goes_round([arc for arc in pairs if arc not in again])


def test_two_rows_that_say_the_opposite_are_a_circle_of_two():
    (circle,) = circles([0, 1, 0], [1, 0, 1])
    assert circle.answers == (0, 1)
    # two rows say 0 over 1, one says 1 over 0: the one is asked again
    assert circle.again == (1,)
    assert circle.shortest == (0, 1)


def test_an_answer_against_itself_is_no_circle():
    assert circles([3], [3]) == []


def test_no_comparisons_have_no_circles():
    assert circles([], []) == []
    assert shortest_circle([]) == ()


def test_shapes_that_differ_are_told():
    with pytest.raises(ValueError, match="winners"):
        circles([1, 2], [1])
