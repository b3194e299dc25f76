"""Real models are asked, judged and scored by the flow; what was paid is not paid again."""

import json
import math
import shutil

import pytest

from benchmarks.real_models import QUESTIONS, SAMPLES, is_right, walk
from curate import pipeline
from curate.project import Project

pytestmark = [pytest.mark.model, pytest.mark.e2e]


@pytest.fixture(scope="module")
def asked(tmp_path_factory, smollm2, gemma):
    folder = tmp_path_factory.mktemp("asked") / "both"
    return folder, walk(folder, [smollm2, gemma], judge=smollm2)


def test_every_question_is_answered_by_both_as_often_as_was_asked(asked):
    folder, figures = asked
    n_questions = len(QUESTIONS.read_text("utf-8").splitlines())
    assert figures.answers == n_questions * SAMPLES * 2 == 400
    candidates = Project(folder / "curate.yaml").candidates()
    assert set(candidates["origin"].to_pylist()) == {"sample"}
    assert all(math.isfinite(v) and v <= 0 for v in candidates["logprob_sum"].to_pylist())


def test_the_ledger_knows_each_call_and_a_second_run_pays_for_none(asked):
    folder, _ = asked
    project = Project(folder / "curate.yaml")
    before = pipeline.ledger(project).as_json()
    table = (project.pool / "generated.parquet").read_bytes()
    shutil.rmtree(folder / "stamps")
    for stage in (pipeline.ingest, pipeline.generate, pipeline.judge):
        stage(project)
    assert pipeline.ledger(project).as_json()["counts"] == before["counts"]
    assert (project.pool / "generated.parquet").read_bytes() == table


def test_verdicts_are_grades_or_say_why_not(asked):
    folder, _ = asked
    rows = Project(folder / "curate.yaml").need_table("verdicts", "judge").to_pylist()
    assert len(rows) == 4 * SAMPLES * 2
    for row in rows:
        graded = row["grade"] is not None and row["grade"] in {1.0, 2.0, 3.0, 4.0, 5.0}
        assert graded != bool(row["why_unscored"])


def test_the_scores_are_held_against_what_is_right(asked, record_property):
    _, figures = asked
    print(json.dumps({k: round(v, 3) for k, v in figures.auroc.items()}))
    record_property("auroc", dict(figures.auroc))
    assert 0 < figures.wrong < figures.answers
    assert {"uncertainty", "vote_entropy"} <= set(figures.auroc)
    assert all(0 <= value <= 1 for value in figures.auroc.values())


@pytest.mark.parametrize(
    ("kind", "accept", "text", "right"),
    [
        ("arithmetic", "12", "7 plus 5 equals 12.", True),
        ("arithmetic", "12", "12 is what 7 plus 6 gives: 13", False),
        ("arithmetic", "1408", "It is 1,408", True),
        ("fact", "rome", "Rome is the capital.", True),
        ("fact", "au", "It is because of an aura.", False),
    ],
)
def test_what_counts_as_right(kind, accept, text, right):
    assert is_right({"kind": kind, "accept": [accept]}, text) is right
