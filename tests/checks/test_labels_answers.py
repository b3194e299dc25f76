import numpy as np
import pyarrow as pa

from curate.checks import CHECKS, Context, rows_of
from curate.checks.labels.answers import CHECK, doubtful_answers, polarity
from curate.measure.similarity import unit


def asked_again(n_prompts=10, a_prompt=6):
    rng = np.random.default_rng(0)
    asked = np.repeat(unit(rng.normal(size=(n_prompts, 16))), a_prompt, axis=0)
    middles = np.repeat(rng.normal(size=(n_prompts, 16)), a_prompt, axis=0)
    answers = unit(middles + 0.3 * rng.normal(size=middles.shape))
    answers[7] = -answers[8]
    n = len(asked)
    rows = rows_of([f"q{k // a_prompt}" for k in range(n)], [f"answer {k}" for k in range(n)])
    return rows, Context(vectors={"asked": asked, "answer": answers})


def test_the_check_stands_in_the_catalogue():
    assert CHECKS.get("doubtful-answers") is CHECK


def test_the_answer_at_odds_with_its_prompt_is_found_beside_the_others():
    found = CHECK.run(*asked_again())
    finding = found.findings[0]
    assert finding.rows == (7,)
    assert set(finding.against) < {6, 8, 9, 10, 11}
    assert found.looked_at == 60 and found.figures["alone"] == 0


def test_a_no_among_yeses_scores_higher_than_with_them():
    rows, context = asked_again()
    said = ["Yes." if k % 6 else "No." for k in range(60)]
    told = rows_of(rows.prompt.to_pylist(), said)
    more = doubtful_answers(told, context) - doubtful_answers(rows, context)
    # one no among 5 yeses: ln(5.5 / .5); a yes beside 4 and one no: ln(1.5 / 4.5)
    np.testing.assert_allclose(more[:3], np.log([11, 1 / 3, 1 / 3]), atol=1e-4)


def test_what_begins_with_yes_or_no_in_some_languages():
    texts = ["Yes!", "« Non, merci", "нет", "はい", "Nobody knows", "Jazz", ""]
    assert polarity(pa.array(texts)).tolist() == [1, -1, -1, 1, 0, 0, 0]


def test_prompts_asked_once_and_missing_vectors_are_skipped_with_what_to_do():
    rows = rows_of(["p", "q"], ["a", "b"])
    assert "run without --no-embed" in CHECK.run(rows, Context()).skipped
    far = np.eye(2, dtype=np.float32)
    assert "near prompt" in CHECK.run(rows, Context(vectors={"asked": far, "answer": far})).skipped
    nothing = np.empty((0, 3), np.float32)
    none = Context(vectors={"asked": nothing, "answer": nothing})
    assert CHECK.run(rows_of([]), none).skipped


def test_rows_without_an_answer_are_not_looked_at():
    rows, context = asked_again()
    answers = [None, *rows.answer.to_pylist()[1:]]
    scores = doubtful_answers(rows_of(rows.prompt.to_pylist(), answers), context)
    assert np.isnan(scores[0]) and not np.isnan(scores[1:]).any()
