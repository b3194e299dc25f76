import json
import math

import numpy as np
import pyarrow as pa
import pytest

from curate.config import AnswerConfig, ScoreConfig
from curate.records import PAIRS
from curate.score import (
    COLUMNS,
    PAIR_COLUMNS,
    PAIR_SCORES,
    SCORES,
    score,
    score_pairs,
)
from tests.score.tables import table

NUMBER = ScoreConfig(answer=AnswerConfig(extract="number"))
BY_VECTOR = ScoreConfig(answer=AnswerConfig(extract="embedding", similarity=0.9))
DIRECTIONS = {"north": (0.0, 1.0), "n.": (0.1, 1.0), "east": (1.0, 0.0), "": (1.0, 1.0)}


def scored(answers, config=NUMBER, prompts=("q",), **more):
    return score(*table(answers, prompts), config=config, **more).to_pylist()


class Compass:
    """Vectors for the few words it knows; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked += texts
        v = np.array([DIRECTIONS[t] for t in texts], dtype=np.float32).reshape(-1, 2)
        return v / np.linalg.norm(v, axis=1, keepdims=True)


def why(row):
    return json.loads(row["why_nan"] or "{}")


def test_the_one_that_says_something_else_is_contradicted():
    rows = scored(
        [("q", "a", "18"), ("q", "b", "$18.00"), ("q", "c", "It is 18."), ("q", "d", "9")]
    )
    assert [row["answer"] for row in rows] == ["18", "18", "18", "9"]
    assert [row["answer_group"] for row in rows] == [0, 0, 0, 1]
    assert [row["contradiction"] for row in rows] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
    # Shares 3/4 and 1/4: H = .562335, / ln 4 = .405639; 1 - (3/4 - 1/4) = .5
    assert {round(row["vote_entropy"], 6) for row in rows} == {0.405639}
    assert {row["margin_uncertainty"] for row in rows} == {0.5}
    assert {row["n_members"] for row in rows} == {4}
    assert rows[0]["answer_source"] == "number"


def test_the_word_of_a_reliable_model_weighs_more():
    # c and d are right wherever a and b agree with anybody; on the last prompt it is 2 : 1.
    answers = []
    for i in range(40):
        said = {"a": i, "b": i, "c": i, "d": i + 1000 if i % 2 else i, "e": i + 2000 + i}
        answers += [(str(i), m, str(v)) for m, v in said.items()]
    answers += [("x", "a", "7"), ("x", "d", "8"), ("x", "e", "8")]
    rows = scored(answers, prompts=[*map(str, range(40)), "x"])
    a, d, _ = rows[-3:]
    assert a["contradiction"] == 1 and a["contradiction_weighted"] == 1
    assert d["contradiction"] == 0.5 and d["contradiction_weighted"] > 0.8


def test_a_lone_answer_has_no_committee_and_says_so():
    row = scored([("q", "a", "18")])[0]
    assert math.isnan(row["vote_entropy"]) and math.isnan(row["contradiction_weighted"])
    assert why(row)["contradiction"] == "only one member answered"
    assert why(row)["dissimilarity"] == "not embedded: answers were compared by number"
    assert why(row)["novelty"] == "prompts were not embedded"
    assert (row["n_members"], row["answer_group"]) == (1, 0)


def test_an_answer_that_cannot_be_read_is_nan_with_its_reason():
    rows = scored([("q", "a", "18"), ("q", "b", "I do not know"), ("q", "c", "19")])
    assert rows[1]["answer"] is None and rows[1]["answer_group"] is None
    assert math.isnan(rows[1]["contradiction"])
    assert why(rows[1])["contradiction"] == "no answer could be read by number"
    assert rows[1]["vote_entropy"] == rows[0]["vote_entropy"] == 1
    assert rows[0]["contradiction"] == 1 and rows[0]["n_members"] == 2


def test_where_one_readable_answer_is_left_each_row_has_its_own_reason():
    rows = scored([("q", "a", "18"), ("q", "b", "none")])
    assert why(rows[0])["contradiction"] == "only one member answered"
    assert why(rows[1])["contradiction"] == "no answer could be read by number"
    assert why(rows[1])["vote_entropy"] == "only one member answered"


def test_every_nan_has_a_reason_and_no_number_has_one():
    rows = scored(
        [("q", "a", "1"), ("q", "b", ""), ("r", "a", "none"), ("gone", "a", "3"), ("s", "", "4")],
        prompts=("q", "r", "s"),
    )
    for row in rows:
        nan = {k for k, v in row.items() if isinstance(v, float) and math.isnan(v)}
        assert set(why(row)) == nan


def test_samples_of_one_model_share_its_vote():
    # a says 1, 1, 2; b says 2. One vote each: 1 has 2/3 of a vote, 2 has 1/3 + 1 of two.
    rows = scored([("q", "a", "1"), ("q", "a", "1"), ("q", "a", "2"), ("q", "b", "2")])
    assert rows[0]["n_members"] == 2 and rows[0]["n_answers"] == 4
    assert rows[0]["margin_uncertainty"] == pytest.approx(1 - (2 / 3 - 1 / 3))
    assert [row["contradiction"] for row in rows] == pytest.approx([1, 1, 0, 2 / 3])


def test_samples_of_the_only_model_are_a_committee():
    rows = scored([("q", "a", "1"), ("q", "a", "1"), ("q", "a", "2")])
    assert [row["contradiction"] for row in rows] == [0.5, 0.5, 1.0]
    assert rows[0]["n_members"] == 1
    # Shares 2/3 and 1/3 of three samples: .636514 / ln 3 = .579380
    assert rows[0]["vote_entropy"] == pytest.approx(0.579380, abs=1e-6)


def test_answers_of_unknown_models_count_each():
    rows = scored([("q", "", "1"), ("q", "", "1"), ("q", "", "2")])
    assert rows[0]["n_members"] == 3
    assert [row["contradiction"] for row in rows] == [0.5, 0.5, 1.0]


def test_nothing_hangs_on_the_order_of_answers_of_unknown_models():
    answers = [(f"q{n}", "", str(n)) for n in range(25) for _ in "xy"]
    answers += [(f"q{n}", "", str(n + 100 * (n % 2))) for n in range(25)]
    prompts = [f"q{n}" for n in range(25)]
    records, candidates = table(answers, prompts)
    rows = score(records, candidates, config=NUMBER).to_pylist()
    turned = score(
        records, candidates.take(list(range(len(rows)))[::-1]), config=NUMBER
    ).to_pylist()
    for name in ("contradiction_weighted", "uncertainty"):
        assert [r[name] for r in rows] == pytest.approx([r[name] for r in turned[::-1]])
    assert why(rows[0])["doubt"] == "its model is not known"


def test_targets_are_marked_and_none_named_means_all():
    answers = [("q", "a", "1"), ("q", "b", "1")]
    config = ScoreConfig(target=["b"], answer=AnswerConfig(extract="number"))
    assert [row["is_target"] for row in scored(answers, config)] == [False, True]
    assert [row["is_target"] for row in scored(answers)] == [True, True]


def test_prose_is_grouped_by_similarity():
    answers = [("q", "a", "north"), ("q", "b", "n."), ("q", "c", "east")]
    rows = scored(answers, BY_VECTOR, embed=Compass())
    assert [row["answer_group"] for row in rows] == [0, 0, 1]
    assert [row["contradiction"] for row in rows] == [0.5, 0.5, 1.0]
    # cos(north, n.) = 1 / sqrt(1.01) = .995037, cos(north, east) = 0, cos(n., east) = .099504
    assert rows[0]["dissimilarity"] == pytest.approx((0.004963 + 1) / 2, abs=1e-5)
    assert rows[2]["dissimilarity"] == pytest.approx((1 + 0.900496) / 2, abs=1e-5)
    assert rows[0]["answer"] is None and rows[0]["answer_source"] == "embedding"


def test_only_answers_that_have_company_are_embedded():
    embed = Compass()
    answers = [
        ("q", "a", "north"),
        ("r", "a", "east"),
        ("r", "b", ""),
        ("s", "a", "east"),
        ("s", "b", "n."),
    ]
    rows = scored(answers, BY_VECTOR, prompts=("q", "r", "s"), embed=embed)
    assert sorted(embed.asked) == ["east", "n."]
    assert why(rows[2])["contradiction"] == "the answer is empty"


def test_nothing_is_embedded_where_answers_can_be_read():
    embed = Compass()
    scored([("q", "a", "1"), ("q", "b", "2")], embed=embed)
    assert embed.asked == []


def test_without_an_encoder_prose_is_nan_with_a_reason():
    answers = [("q", "a", "north"), ("q", "b", "east")]
    assert why(scored(answers, BY_VECTOR)[0])["contradiction"] == "answers were not embedded"


def test_novelty_is_the_distance_to_what_was_reviewed():
    prompts = np.array([[1, 0], [0, 1]], dtype=np.float32)
    answers = [("r", "a", "1"), ("q", "a", "1")]
    rows = scored(answers, prompts=("q", "r"), prompt_vectors=prompts, reviewed=prompts[:1])
    assert [row["novelty"] for row in rows] == [1.0, 0.0]
    rows = scored(answers, prompts=("q", "r"), prompt_vectors=prompts)
    assert why(rows[0])["novelty"] == "nothing was reviewed yet"


def test_lengths_are_counted():
    row = scored([("q", "a", "hello world")])[0]
    # o200k_base: "hello world" = 2; "Be brief.\nQuestion q?" = 6
    assert (row["answer_tokens"], row["answer_characters"]) == (2, 11)
    assert row["prompt_tokens"] == 6


def test_nothing_gives_an_empty_table():
    got = score(*table([], ()), config=ScoreConfig())
    assert got.schema == SCORES and len(got) == 0


def test_every_column_is_explained():
    assert list(COLUMNS) == SCORES.names
    assert list(PAIR_COLUMNS) == PAIR_SCORES.names
    assert all(c.help.endswith((".", ")")) for c in (*COLUMNS.values(), *PAIR_COLUMNS.values()))


def test_chunked_tables_score_like_whole_ones():
    answers = [("q", m, t) for m, t in (("a", "1"), ("b", "2"), ("c", "1"))]
    records, candidates = table(answers)
    pieces = pa.concat_tables([candidates.slice(0, 1), candidates.slice(1)])
    whole = score(records, candidates, config=NUMBER)
    assert repr(score(records, pieces, config=NUMBER).to_pylist()) == repr(whole.to_pylist())


def pairs_of(candidates, *ids):
    rows = [{"id": f"p{i}", "record_id": "q", "a": a, "b": b} for i, (a, b) in enumerate(ids)]
    return pa.Table.from_pylist(rows, schema=PAIRS)


def test_a_pair_is_disputed_where_the_committee_is_split_over_it():
    answers = [("q", m, t) for m, t in zip("abcde", ["1", "1", "1", "2", "2"], strict=True)]
    records, candidates = table(answers)
    pairs = pairs_of(candidates, ("c0", "c3"), ("c0", "c1"), ("c0", "gone"))
    scores = score(records, candidates, config=NUMBER)
    rows = score_pairs(pairs, candidates, scores=scores).to_pylist()
    # 3/5 say 1, 2/5 say 2: twice 2/5
    assert [row["pair_dispute"] for row in rows[:2]] == pytest.approx([0.8, 0.0])
    assert why(rows[2])["pair_dispute"] == "a candidate is missing"
    assert why(rows[0])["pair_dissimilarity"] == "answers were not embedded"


def test_a_pair_is_dissimilar_by_its_vectors_and_long_by_its_characters():
    _, candidates = table([("q", "a", "north"), ("q", "b", "east"), ("q", "c", "n.")])
    pairs = pairs_of(candidates, ("c0", "c1"), ("c2", "c1"))
    rows = score_pairs(pairs, candidates, vectors_of=Compass()).to_pylist()
    assert [row["pair_dissimilarity"] for row in rows] == pytest.approx([1, 0.900496], abs=1e-5)
    assert [row["length_ratio"] for row in rows] == [5 / 4, 2.0]
    assert why(rows[0])["pair_dispute"] == "candidates were not scored"


@pytest.mark.parametrize(
    ("text", "more", "flaw"),
    [
        ("", {}, "a is empty"),
        ("I'm sorry, but I can't help with that.", {}, "a is a refusal"),
        ("As an AI language model, I cannot provide medical advice.", {}, "a is a refusal"),
        ("Once upon a", {"finish_reason": "length"}, "a is cut off by the length limit"),
        ("...", {"finish_reason": "content_filter"}, "a is a refusal"),
        ("I'm sorry for your loss. Here is a letter you can send.", {}, None),
        ("I can't wait to help! Step one:", {}, None),
        ("You cannot answer that without data.", {}, None),
    ],
)
def test_pairs_that_teach_nothing_are_marked(text, more, flaw):
    _, candidates = table([("q", "a", text, more), ("q", "b", "A proper answer.")])
    row = score_pairs(pairs_of(candidates, ("c0", "c1")), candidates).to_pylist()[0]
    assert (row["why_degenerate"], row["degenerate"]) == (flaw, flaw is not None)


def test_no_pairs_give_an_empty_table():
    _, candidates = table([])
    got = score_pairs(pairs_of(candidates), candidates, vectors_of=Compass())
    assert got.schema == PAIR_SCORES and len(got) == 0


def test_of_a_prompt_with_very_many_answers_each_models_first_are_compared():
    # 300 of a and 2 of b: b's two and a's first 198 have a seat
    answers = [("q", "a", "1")] * 300 + [("q", "b", "2")] * 2
    rows = scored(answers, prompts=("q", "r"))
    compared = [
        row["contradiction"] is not None and not math.isnan(row["contradiction"]) for row in rows
    ]
    assert compared == [True] * 198 + [False] * 102 + [True] * 2
    assert why(rows[250])["contradiction"] == "of its prompt's answers 200 were compared"
    assert rows[0]["n_members"] == 2 and rows[301]["contradiction"] == 1
    assert all(row["answer"] for row in rows)
