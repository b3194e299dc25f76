"""The evidence for the scores, on the answers that are kept with the examples."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import uncertainty as evidence
from benchmarks import uncertainty_data as data
from curate import measure

KEPT = Path(__file__).parent.parent / "examples" / "gsm8k_committee"


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]


def written(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    return path


@pytest.fixture(scope="module")
def gsm8k(tmp_path_factory):
    rows = lines(KEPT / "answers.jsonl.gz")
    for row, truth in zip(rows, lines(KEPT / "truth.jsonl.gz"), strict=True):
        for said in row["completions"]:
            said["correct"] = truth["correct"][said["model"]]
    path = tmp_path_factory.mktemp("evidence") / "gsm8k.jsonl.gz"
    return data.committee(written(path, rows))


def told(votes, wrong):
    there = ~np.isnan(votes)
    return measure.auroc(votes[there], wrong[there])


def test_consensus_finds_the_wrong_answers_better_than_the_plain_share(gsm8k):
    consensus = measure.consensus(gsm8k.votes)
    plain = told(measure.contradiction(gsm8k.votes), gsm8k.wrong)
    assert told(consensus.log_odds, gsm8k.wrong) > plain
    assert plain > 0.97


def test_promises_about_single_models_are_kept(gsm8k):
    wrong = measure.consensus(gsm8k.votes).log_odds
    for model, least in [("Qwen2-7B-Instruct", 0.97), ("gpt-4o-mini-2024-07-18", 0.89)]:
        column = list(gsm8k.names).index(model)
        assert told(wrong[:, column], gsm8k.wrong[:, column]) >= least


def test_reliability_without_labels_is_near_the_truth(gsm8k):
    got = measure.consensus(gsm8k.votes).reliability
    assert got == pytest.approx(1 - gsm8k.wrong.mean(axis=0), abs=0.06)


def test_probabilities_of_being_wrong_are_near_the_shares(gsm8k):
    wrong = measure.consensus(gsm8k.votes).wrong
    for low, high in [(0.0, 0.1), (0.3, 0.7), (0.9, 1.0)]:
        there = (wrong >= low) & (wrong < high)
        assert gsm8k.wrong[there].mean() == pytest.approx(wrong[there].mean(), abs=0.12)


@pytest.mark.slow
def test_questions_are_judged_and_held_against_their_promises(gsm8k):
    few = data.Votes(
        votes=gsm8k.votes[:60],
        wrong=gsm8k.wrong[:60],
        members=gsm8k.members[:60],
        names=gsm8k.names,
        prompts=gsm8k.prompts[:60],
    )
    asked = list(evidence.questions("a committee", few))
    assert [q.asked for q in asked] == ["is the answer wrong?", "is the plurality wrong?"]
    results = [
        evidence.Result(
            question=question,
            score=score,
            n=len(question.wrong),
            n_wrong=int(question.wrong.sum()),
            quality=measure.ranking_quality(values, question.wrong, groups=question.prompts, n=10),
        )
        for question in asked
        for score, values in question.scores.items()
    ]
    rows = evidence.promises(results)
    assert [row.met for row in rows] == [True, True, False]
    assert rows[-1].ours == 1.0 and rows[-1].target == ">= 4 sets"


def test_a_judge_has_two_halves(tmp_path):
    rows = [
        {"human_gold": "a", "judge_verdicts": {"x": ["a", "b"], "y": ["a", None]}},
        {"human_gold": "b", "judge_verdicts": {"x": ["b", "b"], "y": ["a", "b"]}},
    ]
    got = data.judges(written(tmp_path / "judges.jsonl.gz", rows))
    assert got.names == ["x", "y"] and got.members[0].tolist() == [0, 0, 1, 1]
    assert (got.shares == 0.5).all() and got.n_options == 2
    assert got.wrong[0, :3].tolist() == [False, True, False] and np.isnan(got.votes[0, 3])


def test_given_labels_stand_beside_the_committee(tmp_path):
    row = {
        "subject": "virology",
        "given_answer": "B",
        "human_error_type": "wrong_groundtruth",
        "has_error": True,
        "model_predictions": {"one": "C", "two": "This question", "three": None},
    }
    got = data.audited(written(tmp_path / "audited.jsonl.gz", [row]))
    assert got.names == ["given", "one", "two", "three"]
    assert got.votes[0, :2].tolist() == [1.0, 2.0] and np.isnan(got.votes[0, 2:]).all()
    assert got.item_wrong.tolist() == [True]


def test_a_program_that_failed_gave_no_answer(tmp_path):
    values = ["40.0", "<error:TypeError>", "None", "40.0", "12.0"]
    samples = [{"text": "ans = 40", "value": value} for value in values]
    path = written(tmp_path / "programs.jsonl.gz", [{"samples": samples, "correct": False}])
    got = data.programs(path)
    assert np.isnan(got.votes[0]).tolist() == [False, True, True, False, False]
    assert got.votes[0, 0] == got.votes[0, 3] != got.votes[0, 4]
    assert got.item_wrong.tolist() == [True] and got.similarity[0, 0, 1] == 1.0


def test_samples_are_drawn_anew_and_know_their_prompt(tmp_path):
    samples = [{"text": f"Answer: {k % 3}", "correct": k % 3 == 0} for k in range(9)]
    path = written(tmp_path / "puzzles.jsonl.gz", [{"samples": samples}, {"samples": samples}])
    got = data.puzzles(path, 4, draws=3)
    assert got.votes.shape == (6, 4) and got.prompts.tolist() == [0, 1, 0, 1, 0, 1]
    assert (got.members == 0).all() and not np.isnan(got.votes).any()


def trial(*calls):
    messages = [{"role": "user", "content": "Cancel it."}]
    for name, given, result in calls:
        call = {"function": {"name": name, "arguments": given}}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": result},
        ]
    return messages


def test_what_a_trial_did_is_its_answer(tmp_path):
    trials = [
        trial(("get_user", "{}", "Ann"), ("cancel_trip", '{"id": 1, "why": "ill"}', "done")),
        trial(("cancel_trip", '{"why":"ill","id":1}', "done")),
        trial(("cancel_trip", '{"id": 2}', "Error: no such trip")),
        trial(("get_user", "{}", "Ann")),
    ]
    rows = [
        {"task_id": 0, "trial": k, "correct": k < 2, "messages": messages}
        for k, messages in enumerate(trials)
    ]
    got = data.agents(written(tmp_path / "agents.jsonl.gz", rows))
    assert got.votes.tolist() == [[0.0, 0.0, 1.0, 1.0]]
    assert got.wrong.tolist() == [[False, False, True, True]]
