import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import measure
from curate.measure.entailment import cluster_entailed, equivalent

NAN = float("nan")
RULES = ("strict", "lenient", "likelier")


def drawn(seed, size, n_items=4, unknown=0.0):
    rng = np.random.default_rng(seed)
    three = rng.dirichlet((0.5, 0.5, 0.5), size=(n_items, size, size))
    entailment, contradiction = three[..., 0].copy(), three[..., 1].copy()
    hidden = rng.random(entailment.shape) < unknown
    entailment[hidden] = contradiction[hidden] = NAN
    return entailment, contradiction, rng.permuted(np.tile(np.arange(size), (n_items, 1)), axis=1)


def partition(labels):
    return {frozenset(np.flatnonzero(labels == g).tolist()) for g in set(labels) if g == g}


def two(forward, backward):
    """Probabilities (entailment, contradiction) of two answers, forward and backward."""
    entailment = [[[1, forward[0]], [backward[0], 1]]]
    return entailment, [[[0, forward[1]], [backward[1], 0]]]


@pytest.mark.parametrize(
    ("forward", "backward", "strict", "lenient", "likelier"),
    [
        # (entailment, contradiction); the rest is neutral.
        ((0.9, 0.0), (0.8, 0.1), 1, 1, 1),
        ((0.9, 0.0), (0.2, 0.1), 0, 1, 1),  # backward is neutral
        ((0.2, 0.1), (0.3, 0.1), 0, 0, 1),  # both are neutral
        ((0.9, 0.0), (0.1, 0.8), 0, 0, 0),  # backward is contradiction
        ((0.2, 0.3), (0.9, 0.0), 0, 1, 0),  # forward is neutral, yet contradiction > entailment
    ],
)
def test_the_three_rules(forward, backward, strict, lenient, likelier):
    found = {rule: equivalent(*two(forward, backward), rule=rule)[0, 0, 1] for rule in RULES}
    assert found == {"strict": strict, "lenient": lenient, "likelier": likelier}


def test_yes_and_no_need_no_contradiction():
    assert cluster_entailed([[[1, 1, 0], [1, 1, 1], [0, 0, 1]]]).tolist() == [[0, 0, 1]]


def test_a_chain_is_cut_by_the_first_member_and_held_by_components():
    # 0 = 1 = 2, but not 0 = 2.
    entails = [[[1, 1, 0], [1, 1, 1], [0, 1, 1]]]
    assert cluster_entailed(entails).tolist() == [[0, 0, 1]]
    assert cluster_entailed(entails, rule="likelier").tolist() == [[0, 0, 0]]
    # With 1 first, both others join it.
    assert cluster_entailed(entails, ranks=[[1, 0, 2]]).tolist() == [[0, 0, 0]]


def test_one_direction_that_is_not_entailment_settles_it():
    same = equivalent([[[1, 0.1], [NAN, 1]]])
    assert same[0, 0, 1] == same[0, 1, 0] == 0


def test_an_answer_that_may_belong_to_one_before_it_is_in_no_group():
    # 1 may be 0; 2 is not 0, and 3 is 2.
    entails = np.eye(4)[None].copy()
    entails[0, 0, 1] = entails[0, 1, 0] = NAN
    entails[0, 2, 3] = entails[0, 3, 2] = 1
    for rule in ("strict", "likelier"):
        got = cluster_entailed(entails, rule=rule)[0]
        assert np.isnan(got[1]) and got[[0, 2, 3]].tolist() == [0, 1, 1]


def test_an_answer_that_another_group_takes_in_is_settled():
    entails = np.eye(3)[None].copy()
    entails[0, 0, 2] = entails[0, 2, 0] = NAN
    entails[0, 1, 2] = entails[0, 2, 1] = 1
    assert cluster_entailed(entails).tolist() == [[0, 1, 1]]


def test_a_missing_answer_leads_no_group():
    got = cluster_entailed(np.ones((1, 3, 3)), there=[[False, True, True]])[0]
    assert np.isnan(got[0]) and got[1:].tolist() == [0, 0]


def test_nothing_has_no_groups():
    for rule in RULES:
        assert cluster_entailed(np.empty((0, 3, 3)), rule=rule).shape == (0, 3)
        assert cluster_entailed(np.empty((2, 0, 0)), rule=rule).shape == (2, 0)
        assert cluster_entailed(np.ones((1, 1, 1)), rule=rule).tolist() == [[0]]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="n_items, n, n"):
        cluster_entailed(np.ones((2, 3)))
    with pytest.raises(ValueError, match="contradiction"):
        cluster_entailed(np.ones((1, 2, 2)), np.ones((1, 3, 3)))
    with pytest.raises(ValueError, match="ranks"):
        cluster_entailed(np.ones((1, 2, 2)), ranks=[[0, 1, 2]])
    with pytest.raises(ValueError, match="there"):
        cluster_entailed(np.ones((1, 2, 2)), there=[[True]])


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.sampled_from(RULES),
    st.sampled_from([0.0, 0.2]),
    st.randoms(use_true_random=False),
)
def test_with_ranks_the_order_of_answers_does_not_matter(seed, size, rule, unknown, random):
    entailment, contradiction, ranks = drawn(seed, size, unknown=unknown)
    shuffle = np.array(random.sample(range(size), size))
    plain = cluster_entailed(entailment, contradiction, rule=rule, ranks=ranks)
    shuffled = cluster_entailed(
        entailment[:, shuffle][:, :, shuffle],
        contradiction[:, shuffle][:, :, shuffle],
        rule=rule,
        ranks=ranks[:, shuffle],
    )
    for one, other in zip(plain, shuffled, strict=True):
        assert partition(one[shuffle]) == partition(other)
        assert np.isnan(one[shuffle]).tolist() == np.isnan(other).tolist()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 8), st.sampled_from(RULES))
def test_groups_are_numbered_in_the_order_met(seed, size, rule):
    entailment, contradiction, ranks = drawn(seed, size)
    for groups in cluster_entailed(entailment, contradiction, rule=rule, ranks=ranks):
        _, first = np.unique(groups, return_index=True)
        assert groups[np.sort(first)].tolist() == list(range(len(first)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_strict_groups_are_those_of_a_plain_loop(seed, size):
    """The loop of Kuhn's reference code, strict: join the first group whose first member agrees."""
    entailment, contradiction, ranks = drawn(seed, size)
    neutral = 1 - entailment - contradiction
    labels = np.stack([contradiction, neutral, entailment]).argmax(axis=0)
    got = cluster_entailed(entailment, contradiction, ranks=ranks)
    for i in range(len(got)):
        groups: list[list[int]] = []
        for a in np.argsort(ranks[i]):
            mine = [g for g in groups if labels[i, g[0], a] == labels[i, a, g[0]] == 2]
            (mine[0] if mine else groups.append([]) or groups[-1]).append(int(a))
        assert partition(got[i]) == {frozenset(g) for g in groups}


def test_groups_are_votes():
    groups = cluster_entailed([[[1, 1, 0], [1, 1, 0], [0, 0, 1]]])
    assert measure.vote_entropy(groups)[0] == pytest.approx(0.636514, abs=1e-6)
