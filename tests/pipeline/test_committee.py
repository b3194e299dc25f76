"""The committee of a project, from its files to what it says."""

import json

import pytest

from curate import pipeline
from curate.errors import ConfigError
from curate.pipeline.committee import committee, current_committee
from curate.project import Project

MODELS = ("ada", "bob", "copy-of-bob", "cyd")
CONFIG = "ingest: {paths: [answers.jsonl]}\nscore: {answer: {extract: number}}\n"


def said(model: str, n: int) -> str:
    wrong = {"ada": n % 7 == 0, "bob": n % 3 == 0, "copy-of-bob": n % 3 == 0, "cyd": n % 5 == 0}
    return f"The answer is {n + (11 if wrong[model] else 0)}."


def rows():
    for n in range(60):
        for model in MODELS:
            yield {
                "messages": [
                    {"role": "user", "content": f"What is {n} + 0?"},
                    {"role": "assistant", "content": said(model, n)},
                ],
                "model": model,
                "right": said(model, n) == f"The answer is {n}.",
            }


@pytest.fixture
def project(tmp_path):
    text = "".join(json.dumps(row) + "\n" for row in rows())
    (tmp_path / "answers.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "curate.yaml").write_text(CONFIG, encoding="utf-8")
    made = Project(tmp_path / "curate.yaml")
    for stage in (pipeline.ingest, pipeline.embed, pipeline.score):
        stage(made)
    return made


def test_a_copy_is_named(project):
    summary = committee(project)
    assert any("bob and copy-of-bob" in note for note in summary.notes)
    # 16 / (4 + 2) = 2.67 when the copies alone are correlated
    assert 2.2 < summary.counts["effective members"] < 2.9


def test_copies_flatter_each_other_and_the_truth_shows_it(project):
    asked = {
        row["id"]: row["messages"][0]["content"] for row in project.table("records").to_pylist()
    }
    truth = {
        row["id"]: asked[row["record_id"]].split()[2]
        == row["message"]["content"].split(" ")[3].rstrip(".")
        for row in project.candidates().to_pylist()
    }
    members = {m["name"]: m for m in committee(project, truth=truth).data["members"]}
    assert members["bob"]["known"] == 60
    assert members["bob"]["accuracy"] == pytest.approx(40 / 60)
    assert members["bob"]["reliability"] > 0.95  # two of four always agree with each other
    assert members["bob"]["redundancy"] > members["ada"]["redundancy"]


def test_truth_that_is_named_later_is_looked_at(project):
    assert [one["known"] for one in current_committee(project)["members"]] == [0] * 4
    text = project.config_path.read_text(encoding="utf-8")
    project.config_path.write_text(f"{text}report: {{truth: metadata.right}}\n", encoding="utf-8")
    named = Project(project.config_path)
    assert [one["known"] for one in current_committee(named)["members"]] == [60] * 4


def test_truth_without_metadata_is_a_sentence(project):
    text = project.config_path.read_text() + "report: {truth: right}\n"
    project.config_path.write_text(text)
    with pytest.raises(ConfigError, match=r"metadata\.NAME"):
        committee(Project(project.config_path))


def test_what_was_said_is_kept_until_scores_change(project):
    first = committee(project, truth={project.candidates()["id"][0].as_py(): True})
    kept = current_committee(project)
    assert sum(m["known"] for m in kept["members"]) == 1
    assert first.data["n_prompts"] == kept["n_prompts"] == 60
    project.put_stamp("score", "another key", {})
    assert sum(m["known"] for m in current_committee(project)["members"]) == 0
