import json

import numpy as np

from curate.checks import CHECKS, Context, rows_of
from curate.checks.labels.outvoted import CHECK, outvoted_answers
from curate.checks.labels.votes import given_answer, votes_of


def voted(answers, votes, **more):
    texts = [
        None if v is None else json.dumps([[f"m{k}", x] for k, x in enumerate(v)]) for v in votes
    ]
    return rows_of([f"q{n}" for n in range(len(answers))], answers, votes=texts, **more)


def test_the_check_stands_in_the_catalogue():
    assert CHECKS.get("outvoted-answers") is CHECK


def test_an_outvoted_answer_is_found_with_what_the_others_say():
    rows = voted(["5", *["7"] * 20], [["6", "6", "6.0", "$6"], *[["7"] * 4] * 20])
    found = CHECK.run(rows, Context())
    (finding,) = found.findings
    assert finding.rows == (0,)
    assert "4 of 4 others answer '6'" in finding.message
    assert finding.evidence[0].beside == "6"
    assert found.looked_at == 21


def test_scatter_is_no_finding_where_agreement_is_one():
    rows = voted(["5", "5", *["7"] * 20], [list("1234"), list("6666"), *[["7"] * 4] * 20])
    odds = outvoted_answers(rows)
    assert odds[1] > odds[0] > odds[2]


def test_what_cannot_be_judged_is_nan_and_not_looked_at():
    rows = voted(["5", None, "5", "5"], [["6"], ["6", "6"], None, ["5", "5"]])
    assert np.isnan(outvoted_answers(rows)).tolist() == [True, True, True, False]
    assert CHECK.run(rows, Context()).looked_at == 1


def test_rows_without_votes_are_skipped_with_what_to_do():
    found = CHECK.run(rows_of(["a"], ["b"]), Context())
    assert "predictions" in found.skipped and not found.findings and found.looked_at == 0


def test_no_rows_are_no_findings():
    assert CHECK.run(rows_of([]), Context()).findings == ()


def test_preferences_are_left_to_their_own_check():
    rows = rows_of(["q"], ["x"], ["y"], votes=['[["w1", "b"], ["w2", "b"], ["w3", "b"]]'])
    assert np.isnan(outvoted_answers(rows)).all()


def test_choices_are_compared_word_by_word():
    # 7 days and 7 weeks would both be read as 7
    row = {"choices": ["7 days", "7 weeks"], "answer": "A", "predictions": {"m": "B", "n": "B"}}
    rows = rows_of(
        ["how long?"] * 9,
        [given_answer(row)] * 9,
        votes=[json.dumps(votes_of(row))] * 9,
        metadata=[json.dumps({"choices": row["choices"]})] * 9,
    )
    assert not np.isnan(outvoted_answers(rows)).any()
    assert CHECK.run(rows, Context(thresholds={"outvoted-answers": 0.01})).findings


def test_rows_of_one_prompt_by_several_models_are_a_committee():
    prompts, answers, models = [], [], []
    for n in range(60):
        for k in range(4):
            wrong = n == 3 and k == 2
            prompts.append(f"What is {n} + 1?")
            answers.append(f"Let us see. The answer is {n + (5 if wrong else 1)}.")
            models.append(f"m{k}")
    rows = rows_of(prompts, answers, model=models)
    (finding,) = CHECK.run(rows, Context()).findings
    assert finding.rows == (14,)
    assert "3 of 3 others answer '4'" in finding.message


def test_open_answers_of_several_models_are_not_compared():
    answers = [f"A poem of {k} lines about the sea." for k in range(4)]
    rows = rows_of(["Write a poem."] * 4, answers, model=list("abcd"))
    assert np.isnan(outvoted_answers(rows)).all()


def test_a_second_run_says_the_same():
    rows = voted(["5", *["7"] * 20], [["6"] * 4, *[["7"] * 4] * 20])
    assert CHECK.run(rows, Context()) == CHECK.run(rows, Context())
