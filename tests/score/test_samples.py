import json
import math

import numpy as np
import pytest

from curate.config import AnswerConfig, ScoreConfig
from curate.score import score
from tests.score.tables import table

NUMBER = ScoreConfig(answer=AnswerConfig(extract="number"))
NAMES = ("semantic_entropy", "semantic_entropy_rao", "predictive_entropy", "perplexity", "cocoa")


def scored(answers, config=NUMBER, prompts=("q",), **more):
    """Answers as (prompt, model, text, mean log-probability or None)."""
    rows = [(p, m, t, {"logprob_mean": mean}) for p, m, t, mean in answers]
    return score(*table(rows, prompts), config=config, **more).to_pylist()


def why(row):
    return json.loads(row["why_nan"] or "{}")


SAMPLES = [("q", "a", "1", -0.1), ("q", "a", "1", -0.2), ("q", "a", "2", -1.0)]


def test_samples_of_one_model():
    rows = scored(SAMPLES)
    # Chao-Shen of counts 2, 1: coverage 1 - 1/3; p = 4/9, 2/9; sum of -p ln p / (1 - (1 - p)^3)
    # = .360413 / .828532 + .334239 / .529492 = 1.066247.
    assert {round(row["semantic_entropy"], 5) for row in rows} == {1.06625}
    # e^-.1 + e^-.2 = 1.723568 of 2.091447: p = .824103, .175897; H = .465115
    assert {round(row["semantic_entropy_rao"], 5) for row in rows} == {0.46511}
    assert rows[0]["predictive_entropy"] == pytest.approx((0.1 + 0.2 + 1.0) / 3)
    assert [row["perplexity"] for row in rows] == pytest.approx(np.exp([0.1, 0.2, 1.0]))
    # Share of the other samples that differ: 1/2, 1/2, 1.
    assert [row["cocoa"] for row in rows] == pytest.approx([0.05, 0.1, 1.0])
    assert [row["n_samples"] for row in rows] == [3, 3, 3]


def test_samples_of_one_mind_are_certain():
    rows = scored([("q", "a", "1", -0.5)] * 3)
    assert {rows[0][name] for name in ("semantic_entropy", "semantic_entropy_rao", "cocoa")} == {0}


def test_each_model_is_scored_by_its_own_samples():
    others = [("q", "b", "3", -0.3), ("q", "b", "4", -0.3), ("q", "c", "1", -2.0)]
    alone, together = scored(SAMPLES), scored(SAMPLES + others)
    for name in NAMES:
        assert [r[name] for r in alone] == [r[name] for r in together[:3]]
    assert [row["n_samples"] for row in together] == [3, 3, 3, 2, 2, 1]
    assert together[5]["predictive_entropy"] == 2.0
    assert why(together[5])["cocoa"] == "only one answer of its model can be compared"


def test_without_log_probabilities_only_their_scores_are_missing():
    rows = scored([(p, m, t, None) for p, m, t, _ in SAMPLES])
    assert rows[0]["semantic_entropy"] == pytest.approx(1.066247, abs=1e-5)
    reasons = why(rows[0])
    for name in ("predictive_entropy", "perplexity", "cocoa"):
        assert reasons[name] == "no log-probability was given"
    assert reasons["semantic_entropy_rao"] == "log-probabilities of two samples are needed"


@pytest.mark.parametrize("mean", [0.4, math.inf, -math.inf])
def test_a_log_probability_that_cannot_be_is_none(mean):
    rows = scored([*SAMPLES, ("q", "a", "1", mean)])
    assert math.isnan(rows[3]["perplexity"]) and math.isnan(rows[3]["cocoa"])
    assert why(rows[3])["perplexity"] == "its log-probability is not a number up to 0"
    assert rows[3]["predictive_entropy"] == pytest.approx(1.3 / 3)


def test_what_servers_round_above_zero_is_zero():
    assert scored([("q", "a", "1", 1e-9)])[0]["perplexity"] == 1.0


def test_answers_of_unknown_models_are_nobodys_samples():
    rows = scored([("q", "", "1", -0.1), ("q", "", "2", -0.1)])
    assert why(rows[0])["semantic_entropy"] == "its model is not known"
    assert rows[0]["perplexity"] == pytest.approx(math.exp(0.1)) and rows[0]["n_samples"] == 0


def test_a_sample_that_cannot_be_read_counts_for_no_group():
    rows = scored([*SAMPLES, ("q", "a", "I do not know", -0.4)])
    assert rows[3]["n_samples"] == 3 and math.isnan(rows[3]["semantic_entropy"])
    assert why(rows[3])["cocoa"] == "no answer could be read by number"
    assert rows[0]["cocoa"] == pytest.approx(0.05)
    assert rows[3]["predictive_entropy"] == pytest.approx(1.7 / 4)


def test_embedded_samples_differ_by_their_cosine():
    where = {"north": (0.0, 1.0), "east": (1.0, 0.0), "between": (0.6, 0.8)}

    def embed(texts):
        return np.array([where[text] for text in texts], dtype=np.float32)

    config = ScoreConfig(answer=AnswerConfig(extract="embedding", similarity=0.95))
    answers = [("q", "a", text, -0.5) for text in where]
    # north: .5 * ((1 - 0) + (1 - .8)) / 2 = .3; east: .5 * (1 + .4) / 2; between: .5 * .6 / 2
    found = [row["cocoa"] for row in scored(answers, config, embed=embed)]
    assert found == pytest.approx([0.3, 0.35, 0.15], abs=1e-6)


def test_wording_is_compared_word_by_word():
    texts = ["the cat sat", "the cat ran off", "the cat sat."]
    rows = scored([("q", m, t, None) for m, t in zip("abc", texts, strict=True)])
    # ROUGE-L of the first two: 2 * 2 / (3 + 4) = .571429; of first and third 1.
    assert rows[0]["lexical_outlier"] == pytest.approx((0.428571 + 0) / 2, abs=1e-5)
    assert rows[1]["lexical_outlier"] == pytest.approx(0.428571, abs=1e-5)
    assert rows[0]["lexical_dissimilarity"] == pytest.approx(2 * 0.428571 / 3, abs=1e-5)


def test_wording_of_an_empty_or_lone_answer_is_nan_with_its_reason():
    rows = scored(
        [("q", "a", "1", None), ("q", "b", " ", None), ("r", "a", "1", None)], prompts="qr"
    )
    assert why(rows[0])["lexical_outlier"] == "only one member answered"
    assert why(rows[1])["lexical_outlier"] == "the answer is empty"
    assert why(rows[2])["lexical_dissimilarity"] == "only one member answered"


def test_every_nan_has_a_reason_and_no_number_has_one():
    rows = scored(
        [
            *SAMPLES,
            *(("q", "b", "3", None), ("r", "a", "", -0.1), ("r", "a", "1", None)),
            *(("s", "", "4", 0.3), ("gone", "a", "3", -0.1), ("t", "a", "x", None)),
            *(("u", "a", "5", None), ("u", "a", "6", -0.5)),
        ],
        prompts=("q", "r", "s", "t", "u"),
    )
    for row in rows:
        nan = {k for k, v in row.items() if isinstance(v, float) and math.isnan(v)}
        assert set(why(row)) == nan


def test_many_prompts_score_as_each_alone():
    rng = np.random.default_rng(7)
    prompts = [f"p{n}" for n in range(40)]
    answers = [
        (p, m, str(rng.integers(0, 3)), -float(rng.random()))
        for p in prompts
        for m in "aab"[: int(rng.integers(1, 4))]
    ]
    together = {row["candidate_id"]: row for row in scored(answers, prompts=prompts)}
    for p in prompts:
        own = [n for n, answer in enumerate(answers) if answer[0] == p]
        for n, row in zip(own, scored([answers[n] for n in own], prompts=[p]), strict=True):
            for name in (*NAMES, "lexical_outlier"):
                assert row[name] == pytest.approx(together[f"c{n}"][name], nan_ok=True)
