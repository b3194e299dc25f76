"""Annotators who bend preferences: found where planted, and not by chance."""

import json

import numpy as np
import pytest

from curate.checks import Context, rows_of
from curate.checks.bias.annotators import CHECK, directions_apart
from curate.checks.bias.ballots import ballots_of
from curate.checks.bias.preferences import preferences_of


def judged(leans, n=120, seed=0):
    """Rows of annotators, each with a chance of preferring the longer answer."""
    rng = np.random.default_rng(seed)
    names = np.repeat(list(leans), n)
    longer = rng.random(len(names)) < np.repeat(list(leans.values()), n)
    long, short = "x" * 50, "y" * 20
    return rows_of(
        [f"prompt {i}" for i in range(len(names))],
        [f"{long if up else short} {i:05}" for i, up in enumerate(longer)],
        [f"{short if up else long} {i:05}" for i, up in enumerate(longer)],
        annotator=names.tolist(),
    )


def test_one_who_prefers_the_longer_beyond_all_others_is_named_with_the_rows():
    found = CHECK.run(judged({"ann": 0.5, "bob": 0.55, "cem": 0.45, "dee": 0.98}), Context())
    [finding] = found.findings
    assert "'dee' chose the longer answer in" in finding.message
    assert finding.rows == tuple(range(360, 480))
    assert finding.evidence[0].note == "voted for the chosen answer"


def test_one_who_goes_against_the_others_is_named():
    leans = {name: 0.9 for name in "abcdefgh"} | {"poison": 0.1}
    [finding] = CHECK.run(judged(leans, n=60), Context()).findings
    assert "'poison'" in finding.message


def test_annotators_who_are_alike_give_no_finding():
    leans = {name: 0.7 for name in "abcdefgh"}
    alarms = [len(CHECK.run(judged(leans, 60, seed), Context()).findings) for seed in range(30)]
    assert sum(alarms) <= 1


def test_annotators_who_all_differ_give_no_finding():
    leans = {name: lean for name, lean in zip("abcdefgh", np.linspace(0.4, 0.9, 8), strict=True)}
    assert CHECK.run(judged(leans), Context()).findings == ()


def voted(*ballots):
    """Rows of two answers, voted on."""
    n = len(ballots)
    return rows_of(
        [f"prompt {i}" for i in range(n)],
        ["longer answer"] * n,
        ["short"] * n,
        votes=[None if b is None else json.dumps(b) for b in ballots],
    )


def test_votes_are_read_with_their_side():
    rows = voted([["ann", "a"], ["bob", "b"]], [["ann", "tie"], ["bob", "?"]], None)
    ballots = ballots_of(rows, preferences_of(rows))
    assert ballots.names == ["ann", "bob"]
    assert ballots.side.tolist() == [1, -1, 0]
    assert ballots.traits["longer"].tolist()[:2] == [1.0, 0.0]
    assert np.isnan(ballots.traits["longer"][2])


def test_agreement_is_with_most_of_the_others():
    # ann against bob and cem, who agree: no; bob: ann and cem are split, nobody's majority
    rows = voted([["ann", "b"], ["bob", "a"], ["cem", "a"]])
    ballots = ballots_of(rows, preferences_of(rows))
    assert ballots.traits["agreement"][0] == 0.0
    assert np.isnan(ballots.traits["agreement"][1:]).all()


def test_one_who_disagrees_with_all_is_named():
    rng = np.random.default_rng(1)
    ballots = []
    for _ in range(200):
        right = rng.choice(["a", "b"])
        wrong = "b" if right == "a" else "a"
        said = {n: right if rng.random() < 0.9 else wrong for n in ("ann", "bob", "cem", "dee")}
        ballots.append([*said.items(), ("odd", wrong)])
    [finding] = [f for f in CHECK.run(voted(*ballots), Context()).findings if "odd" in f.message][
        :1
    ]
    assert "said what most of the others said of the same pair in 0.5 %" in finding.message


@pytest.mark.parametrize("votes", ['{"a": 1}', "[1]", '[["ann"]]', '[[null, "a"]]', "[]"])
def test_votes_of_another_shape_are_not_read(votes):
    rows = rows_of(["p"], ["a"], ["b"], votes=[votes])
    assert ballots_of(rows, preferences_of(rows)) is None


def test_without_two_annotators_it_is_skipped():
    assert "annotator" in CHECK.run(judged({"ann": 0.5}), Context()).skipped
    assert CHECK.run(rows_of([]), Context()).skipped


def steps_of(n_annotators, n, seed, flipped=()):
    """Steps that go a little along one axis, of some annotators against it."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_annotators), n)
    steps = rng.normal(size=(len(who), 16))
    steps[:, 0] += np.where(np.isin(who, flipped), -1.0, 1.0)
    return steps, who


def test_planted_votes_pull_the_other_way():
    mean, z, gain = directions_apart(*steps_of(10, 50, 0, flipped=[3]), 10)
    assert mean[3] < 0 < np.delete(mean, 3).min()
    assert z.argmin() == 3 and z[3] < -8
    assert gain.argmax() == 3 and gain[3] > 1.2


def test_nobody_is_held_against_himself():
    # pure noise: were an annotator's own steps part of the direction, all would point along it
    z = np.concatenate([directions_apart(*_noise(seed), 10)[0] for seed in range(40)])
    assert abs(z.mean()) < 3 * z.std() / np.sqrt(len(z))


def _noise(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(200, 16)), np.repeat(np.arange(10), 20)


def with_vectors(flipped, seed=0):
    steps, _ = steps_of(8, 60, seed, flipped)
    rows = judged({f"p{i}": 0.5 for i in range(8)}, 60)
    vectors = {"answer": steps.astype(np.float32), "rejected": np.zeros_like(steps, np.float32)}
    return CHECK.run(rows, Context(vectors=vectors))


def test_with_vectors_a_sleeper_is_found_whose_lengths_are_like_all_others():
    [finding] = with_vectors([5]).findings
    assert "'p5' (60) pull a reward against what all others prefer" in finding.message
    assert finding.rows == tuple(range(300, 360))


def test_with_vectors_there_is_no_alarm_where_all_pull_alike():
    assert sum(len(with_vectors([], seed).findings) for seed in range(20)) <= 1


def test_votes_for_the_rejected_answer_step_back():
    rows = voted(*([["ann", "a"], ["bob", "b"]] for _ in range(40)))
    rng = np.random.default_rng(0)
    up = (rng.normal(size=(40, 4)) * 0.1 + [1, 0, 0, 0]).astype(np.float32)
    context = Context(vectors={"answer": up, "rejected": np.zeros_like(up)})
    table = CHECK.run(rows, context).figures["directions"]
    assert all(row["projection"] < 0 for row in table)
