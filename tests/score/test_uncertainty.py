import json
import math
from pathlib import Path

import numpy as np
import pytest

from curate.config import AnswerConfig, ScoreConfig
from curate.errors import ConfigError
from curate.score import COLUMNS, RECOMMENDED, score
from curate.score.recommended import Recommendation, Situation, recommend
from tests.score.tables import table

NUMBER = AnswerConfig(extract="number")


def scored(answers, prompts=("q",), uncertainty="auto", answer=NUMBER, **more):
    rows = [(p, m, t, {"logprob_mean": mean}) for p, m, t, mean in answers]
    config = ScoreConfig(answer=answer, uncertainty=uncertainty)
    return score(*table(rows, prompts), config=config, **more).to_pylist()


def why(row):
    return json.loads(row["why_nan"] or "{}").get("uncertainty")


def sources(rows):
    return {row["uncertainty_from"] for row in rows}


def test_of_several_models_the_others_are_the_witnesses():
    rows = scored([("q", "a", "1", -0.1), ("q", "b", "1", None), ("q", "c", "2", -0.3)])
    assert sources(rows) == {"contradiction_weighted"}
    assert [r["uncertainty"] for r in rows] == [r["contradiction_weighted"] for r in rows]


def panel(n_prompts):
    """Three models on every prompt; c is alone with its answer on every second one."""
    prompts = [f"q{n}" for n in range(n_prompts)]
    said = [
        (p, m, "2" if m == "c" and n % 2 else "1", None)
        for n, p in enumerate(prompts)
        for m in "abc"
    ]
    return scored(said, prompts)


def test_a_panel_on_enough_prompts_tells_who_is_reliable():
    rows = panel(20)
    assert sources(rows) == {"doubt"}
    alone = [r["doubt"] for r in rows if r["answer"] == "2"]
    assert min(alone) > 0 > max(r["doubt"] for r in rows if r["answer"] == "1")


def test_a_panel_on_too_few_prompts_is_a_share_of_votes():
    rows = panel(19)
    assert sources(rows) == {"contradiction_weighted"}
    said = json.loads(rows[0]["why_nan"])["doubt"]
    assert said == "fewer than 20 prompts were answered by 3 models"


def test_two_models_cannot_tell_who_is_the_better_one():
    rows = scored([("q", "a", "1", None), ("q", "b", "2", None)])
    assert json.loads(rows[0]["why_nan"])["doubt"] == "fewer than 3 models answered"


def test_long_answers_of_several_models_are_told_apart_by_their_distance():
    answer = AnswerConfig(extract="embedding")
    texts = [("q", "a", "one long answer", None), ("q", "b", "another", None)]
    rows = scored(texts, answer=answer, embed=lambda t: np.eye(2, dtype=np.float32)[: len(t)])
    assert sources(rows) == {"dissimilarity"}


def test_of_one_models_samples_probability_and_consistency_together():
    rows = scored([("q", "a", "1", -0.1), ("q", "a", "1", -0.2), ("q", "a", "2", -0.3)])
    assert sources(rows) == {"cocoa"} and [r["uncertainty"] for r in rows] == [
        r["cocoa"] for r in rows
    ]


def test_of_samples_without_probabilities_their_agreement():
    rows = scored([("q", "a", "1", None), ("q", "a", "1", None), ("q", "a", "2", None)])
    assert sources(rows) == {"contradiction"}
    assert [row["uncertainty"] for row in rows] == [0.5, 0.5, 1.0]


def test_of_long_samples_without_probabilities_their_likeness():
    def embed(texts):
        return np.eye(2, dtype=np.float32)[[len(text) % 2 for text in texts]]

    answers = [("q", "a", text, None) for text in ("one", "two", "four")]
    rows = scored(answers, answer=AnswerConfig(extract="embedding"), embed=embed)
    assert sources(rows) == {"dissimilarity"}


def test_of_one_answer_its_perplexity():
    rows = scored([("q", "a", "no number at all", -0.7)])
    assert sources(rows) == {"perplexity"} and rows[0]["uncertainty"] == math.exp(0.7)


def test_of_nothing_nothing_with_a_reason():
    rows = scored([("q", "a", "1", None), ("r", "a", "1", None), ("r", "b", "?", None)], ("q", "r"))
    assert math.isnan(rows[0]["uncertainty"]) and rows[0]["uncertainty_from"] is None
    assert why(rows[0]) == "only one member answered, and no log-probability was given"
    expected = "no answer could be read by number, and no log-probability was given"
    assert why(rows[2]) == expected


def test_numbers_of_different_scores_are_given_as_places():
    answers = [("q", "a", "1", None), ("q", "b", "1", None), ("q", "c", "2", None)]
    lone = [("r", "d", "1", -0.1), ("s", "d", "1", -0.9)]
    rows = scored(answers + lone, ("q", "r", "s"))
    # Contradiction: a = b < c: 0 + 2/2 of 3 each, 2 + 1/2 of 3. Perplexity: 1/2 and 3/2 of 2.
    assert [row["uncertainty"] for row in rows] == pytest.approx(
        [1 / 3, 1 / 3, 5 / 6, 1 / 4, 3 / 4]
    )
    assert rows[3]["uncertainty_from"] == "perplexity"


def test_values_that_differ_by_rounding_have_one_place():
    there = np.ones(5, dtype=bool)
    one = Situation(models=there, panel=there, samples=there, logprobs=there, long=there)
    a = np.array([0.3, 0.1 + 0.2, np.nan, np.nan, np.nan])
    b = np.array([np.nan, np.nan, 1.0, 2.0, 3.0])
    rows = [Recommendation(score=name, why="") for name in "ab"]
    places, _ = recommend(one, {"a": a, "b": b}, rows)
    assert places.tolist() == pytest.approx([0.5, 0.5, 1 / 6, 0.5, 5 / 6])


def test_a_named_score_is_repeated_as_it_is():
    answers = [("q", "a", "1", None), ("q", "b", "2", None), ("r", "a", "3", None)]
    rows = scored(answers, ("q", "r"), uncertainty="vote_entropy")
    assert [row["uncertainty"] for row in rows[:2]] == [row["vote_entropy"] for row in rows[:2]]
    assert rows[0]["uncertainty_from"] == "vote_entropy" and rows[2]["uncertainty_from"] is None
    assert why(rows[2]) == "only one member answered"


@pytest.mark.parametrize("name", ["vote_entropi", "answer_tokens", "uncertainty", ""])
def test_what_is_no_score_is_refused(name):
    with pytest.raises(ConfigError, match=r"score\.uncertainty.*known: auto, vote_entropy"):
        scored([("q", "a", "1", None)], uncertainty=name)


def test_every_need_can_be_the_uncertainty():
    for name in (name for name, column in COLUMNS.items() if column.need and name != "uncertainty"):
        assert scored([("q", "a", "1", None)], uncertainty=name)[0]["uncertainty_from"] in (
            None,
            name,
        )


def test_the_table_names_scores_and_says_why():
    for row in RECOMMENDED:
        assert COLUMNS[row.score].need and row.why.endswith(".")


def test_the_first_row_that_fits_and_has_a_number_counts():
    yes, no = np.array([True, True, False]), np.array([False, False, False])
    situation = Situation(models=yes, panel=no, samples=no, logprobs=~no, long=no)
    rules = (
        Recommendation(score="one", models=True, why="."),
        Recommendation(score="two", logprobs=True, why="."),
    )
    scores = {"one": np.array([5.0, np.nan, 7.0]), "two": np.array([1.0, 2.0, 3.0])}
    value, name = recommend(situation, scores, rules)
    assert name.to_pylist() == ["one", "two", "two"] and value.tolist() == [0.5, 0.25, 0.75]
    assert recommend(situation, scores, rules[:1])[0].tolist()[0] == 5.0


def test_the_page_recommends_what_is_used():
    page = Path(__file__).parents[2] / "docs" / "uncertainty.md"
    table = page.read_text(encoding="utf-8").split("## What to use")[1].split("##")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and "`" in line]
    columns = [line.split("|")[2].split("`")[1] for line in lines if "no column" not in line]
    assert set(columns) == {row.score for row in RECOMMENDED}
