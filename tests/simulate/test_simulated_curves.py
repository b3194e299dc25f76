import json
import signal
import time

import numpy as np
import pytest

from curate import simulate
from curate.errors import ConfigError, InputError
from tests.simulate.simulated_data import CONFIG, blobs, process, small


def test_curves_rise_with_answers_and_all_labels_are_best():
    curves = small()
    assert curves.labels.tolist() == [12, 24, 36, 48, 60]
    assert curves.strategies == ("uncertainty", "random")
    for name in curves.strategies:
        assert curves.values[name].shape == (3, 5)
        assert curves.mean(name)[-1] > curves.mean(name)[0]
    assert curves.full > curves.mean("random")[0]
    assert "recall: class 3" in curves.extras


def test_the_first_round_is_the_same_for_all_where_it_is_drawn_by_lot():
    curves = small()
    assert curves.mean("uncertainty")[0] == pytest.approx(curves.mean("random")[0], abs=0.2)


@pytest.mark.slow
def test_the_same_curves_come_out_of_any_number_of_processes_and_any_hash_seed(tmp_path):
    made = []
    for n, (workers, hash_seed) in enumerate([(1, "0"), (2, "7")]):
        out = tmp_path / f"{n}.json"
        assert process(tmp_path / str(n), out, workers=workers, hash_seed=hash_seed).wait() == 0
        made.append(out.read_bytes())
    assert made[0] == made[1]


@pytest.mark.slow
def test_a_simulation_killed_in_the_middle_goes_on_to_the_same_bytes(tmp_path):
    whole, again = tmp_path / "whole.json", tmp_path / "again.json"
    assert process(tmp_path / "undisturbed", whole).wait() == 0
    killed = process(tmp_path / "killed", again)
    while len(list(tmp_path.glob("killed/*/*.json"))) < 4:
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("killed/*/*.json")}
    assert not again.exists() and 4 <= len(kept) < 19
    assert process(tmp_path / "killed", again).wait() == 0
    assert again.read_bytes() == whole.read_bytes()
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items()), "done again"


def test_further_strategies_and_seeds_take_up_what_is_there(tmp_path):
    small(tmp_path, seeds=2)
    kept = {path.name for path in tmp_path.glob("*/*.json")}
    small(tmp_path, seeds=3, strategies=("uncertainty", "k_center"))
    folders = list(tmp_path.iterdir())
    assert len(folders) == 1 and kept < {path.name for path in folders[0].iterdir()}


def test_other_data_or_options_are_another_simulation(tmp_path):
    small(tmp_path)
    small(tmp_path, noise=0.2)
    assert len(list(tmp_path.iterdir())) == 2


def test_test_rows_are_never_asked():
    vectors, labels, test = blobs()
    # Test rows carry a class of their own: a head that never saw it cannot know it.
    labels = np.where(test & (np.arange(len(test)) % 2 == 0), "hidden", labels)
    curves = simulate.classes(
        vectors, labels, test=test, seeds=1, start=10, batch=10, budget=50, rare=9, config=CONFIG
    )
    assert curves.extras["recall: hidden"]["hybrid"].tolist() == [[0.0] * 5]


def test_noise_costs_accuracy():
    assert small(noise=0.4).mean("random")[-1] < small().mean("random")[-1]


def test_votes_are_drawn_where_they_are_recorded():
    vectors, labels, test = blobs()
    names = np.unique(labels)
    votes = (labels[:, None] == names).astype(float) * 3
    votes[:, 0] += 2
    options = {"test": test, "seeds": 2, "start": 20, "batch": 20, "budget": 60, "config": CONFIG}
    settled = simulate.classes(vectors, labels, votes=votes, **options)
    drawn = simulate.classes(vectors, labels, votes=votes, disagreement="one_vote", **options)
    shared = simulate.classes(vectors, labels, votes=votes, disagreement="shares", **options)
    assert drawn.mean("random")[-1] < settled.mean("random")[-1]
    assert np.isfinite(shared.mean("hybrid")).all()


def test_random_by_another_name_is_no_better_than_random():
    rng = np.random.default_rng(3)
    wrong = rng.random(400) < 0.3
    vectors = rng.normal(size=(400, 4)).astype(np.float32)
    curves = simulate.queues(vectors, rng.random(400), wrong, strategies=["uncertainty"])
    assert "saves" not in curves.verdict("uncertainty").split("(")[0]


def test_a_need_that_tells_the_truth_finds_every_error():
    wrong = np.arange(200) % 5 == 0
    vectors = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    alone = CONFIG.model_copy(update={"random_share": 0.0})
    curves = simulate.queues(
        vectors,
        wrong.astype(float),
        wrong,
        strategies=["uncertainty"],
        sizes=(20,),
        config=alone,
        pool_share=1.0,
    )
    # 20 of 20 where a fifth is wrong: 5 times as many as by lot
    assert curves.label_efficiency_at(20, "uncertainty").ratio == pytest.approx(5)


def test_a_head_learns_which_answers_are_wrong():
    vectors, labels, _ = blobs(400)
    curves = simulate.rewrites(
        vectors, labels == "class 1", seeds=3, start=20, batch=20, budget=100, config=CONFIG
    )
    assert curves.verdict("hybrid").startswith("saves")


def test_a_head_learns_what_people_prefer():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(300, 5)).astype(np.float32)
    reward = features @ np.array([2.0, -1.0, 0.5, 0.0, 0.0])
    pairs = rng.integers(0, 300, (400, 2))
    outcomes = np.where(reward[pairs[:, 0]] > reward[pairs[:, 1]], 0, 1)
    outcomes[::10] = 2
    test = np.arange(400) % 4 == 1
    curves = simulate.preferences(
        features, pairs, outcomes, test=test, seeds=2, start=20, batch=20, budget=100, config=CONFIG
    )
    assert curves.floor == 0.5 and curves.full > 0.9
    assert curves.mean("random")[-1] > 0.8


def test_groups_are_in_the_test_split_whole():
    groups = [f"g{i // 7}" for i in range(700)]
    test = simulate.frozen(groups, test_share=0.3)
    sides = {g: {bool(t) for h, t in zip(groups, test, strict=True) if h == g} for g in set(groups)}
    assert all(len(side) == 1 for side in sides.values())
    assert 0.1 < test.mean() < 0.5


def test_curves_are_json(tmp_path):
    from curate.files import write_json

    write_json(tmp_path / "curves.json", small().as_json())
    read = json.loads((tmp_path / "curves.json").read_text())
    assert set(read["strategies"]) == {"uncertainty", "random"}
    assert len(read["strategies"]["random"]["values"]) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"noise": 1.5}, "`noise` must be at least 0 and below 1, not 1.5"),
        ({"strategies": ["hybird"]}, "did you mean 'hybrid'"),
        ({"disagreement": "one_vote"}, "needs several people's votes"),
        ({"pool_share": 0}, "`pool_share` must be above 0"),
        ({"seeds": 0}, "no seed was given"),
    ],
)
def test_an_option_out_of_range_is_told(options, said):
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")):
        small(**options)


def test_one_class_is_nothing_to_learn():
    with pytest.raises(InputError, match="1 distinct label"):
        simulate.classes(np.eye(4, dtype="f4"), ["a"] * 4, test=np.array([1, 0, 0, 0], bool))


def test_no_wrong_answer_is_nothing_to_find():
    with pytest.raises(InputError, match="0 of 4 answers are wrong"):
        simulate.queues(np.eye(4, dtype="f4"), np.ones(4), np.zeros(4, bool))
