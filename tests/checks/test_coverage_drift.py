"""Drift: each thing that tells versions apart, and silence where nothing does."""

import numpy as np
import pyarrow as pa
import pytest

from curate.checks import Beside, Context, rows_of
from curate.checks.coverage.drift import CHECK, names_apart

WORDS = "card bank money loan rate fee cash cheque account branch teller vault safe".split()


def version(n, seed, *, words=6, more="", **columns):
    rng = np.random.default_rng(seed)
    prompts = [f"{' '.join(rng.choice(WORDS, words))}{more}" for _ in range(n)]
    return rows_of(prompts, ["yes indeed"] * n, name="new.jsonl", **columns)


def run(new, old, **context):
    return CHECK.run(new, Context(before=Beside(name="old.jsonl", rows=old), **context))


def names(found):
    return {finding.message.split(" tell")[0] for finding in found.findings}


def test_the_same_place_gives_no_finding():
    for seed in range(6):
        assert run(version(120, seed), version(120, seed + 90)).findings == ()


def test_longer_prompts_are_told_with_their_medians():
    found = run(version(200, 0, words=12), version(200, 1))
    assert "Lengths of prompts" in names(found)
    assert "there are more long ones" in next(
        f.message for f in found.findings if f.message.startswith("Lengths")
    )


def test_new_words_are_told():
    found = run(version(150, 0, more=" crypto wallet"), version(150, 1))
    assert "Words of prompts" in names(found)
    told = [w["name"] for w in found.figures["words of prompts"]["words_more"]]
    assert sorted(told) == ["crypto", "wallet"]


def test_another_mix_of_sources_is_told():
    old = version(200, 0, source=["web"] * 150 + ["logs"] * 50)
    new = version(200, 1, source=["web"] * 50 + ["logs"] * 150)
    found = run(new, old)
    assert names(found) == {"Source columns"}
    assert "more rows of 'logs'" in found.findings[0].message


def test_a_turn_of_meaning_is_told_with_vectors():
    rng = np.random.default_rng(0)
    old, new = (rng.normal(size=(200, 8)).astype("f4") for _ in range(2))
    new[:, 0] += 1.5
    before = Beside(name="old.jsonl", rows=version(200, 1), vectors={"asked": old})
    found = CHECK.run(version(200, 2), Context(vectors={"asked": new}, before=before))
    assert names(found) == {"Meanings of prompts"}
    assert found.figures["meanings of prompts"]["auroc"]["low"] > 0.6


def test_many_rare_names_look_like_no_difference():
    old, new = (pa.array([f"{side}{i}" for i in range(300)]) for side in ("a", "b"))
    assert names_apart(old, new).value == pytest.approx(0.5, abs=0.01)


def test_names_are_told_apart_by_their_shares():
    # x is .8 of the new and .2 of the old: AUROC = .8 * .8 + (.8 * .2 + .2 * .8) / 2 = .8
    old, new = (pa.array(["x"] * n + ["y"] * (1_000 - n)) for n in (200, 800))
    assert names_apart(old, new).value == pytest.approx(0.8, abs=0.01)


def test_shuffled_versions_are_told_apart_no_better_than_by_chance():
    # nothing changed: 1 in 40 intervals of .95 lies above 1/2
    lots = [np.random.default_rng(seed).choice(list("abc"), (2, 60)) for seed in range(100)]
    found = [names_apart(pa.array(old.tolist()), pa.array(new.tolist())) for old, new in lots]
    assert np.mean([one.low > 0.5 for one in found]) < 0.1
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=0.03)


def test_nothing_before_is_said():
    assert "version before" in CHECK.run(version(20, 0), Context()).skipped
    assert "fewer than ten" in run(version(20, 0), version(3, 0)).skipped
    assert "fewer than ten" in run(rows_of([]), rows_of([])).skipped
