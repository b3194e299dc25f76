"""Do real models' disagreement and self-consistency find their own mistakes?

`python -m benchmarks.real_models`: SmolLM2-135M-Instruct and Gemma-3-270m (a base model), behind
llama.cpp's server on loopback, answer forty short factual and arithmetic questions five times each;
the flow is the tool's own: ingest, generate, judge, embed, score. The table says how well each
score ranks wrong answers above right ones, whatever it is. Takes two or three minutes.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.table import Row, finish, json_path
from curate import pipeline
from curate.project import Project
from tests.model_server import ModelServer, gemma_file, running_model, smollm2_file

__all__ = ["QUESTIONS", "Figures", "main", "walk"]

QUESTIONS = Path(__file__).parents[1] / "tests" / "data" / "questions" / "questions.jsonl"
INSTRUCTION = "Answer the question in one short sentence."
SAMPLES = 5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a walk came to."""

    answers: int
    wrong: int
    auroc: Mapping[str, float]
    """Score to its AUROC for "this answer is wrong", over the answers that have it."""
    n: Mapping[str, int]
    """Score to how many answers have it."""
    summaries: Mapping[str, Mapping[str, Any]]


def main() -> None:
    """Ask the models, score their answers, print the table."""
    with tempfile.TemporaryDirectory() as at:
        folder = Path(at)
        with (
            running_model(smollm2_file(), "smollm2-135m", folder / "s.log") as smollm2,
            running_model(gemma_file(folder), "gemma-270m", folder / "g.log") as gemma,
        ):
            both = walk(folder / "both", [smollm2, gemma], judge=smollm2)
            alone = walk(folder / "alone", [smollm2], ledger=folder / "both" / "ledger.sqlite")
    rows = [*_rows("SmolLM2 and Gemma", both), *_rows("SmolLM2 alone", alone)]
    finish(rows, json_path())


def walk(
    folder: Path,
    servers: list[ModelServer],
    *,
    judge: ModelServer | None = None,
    ledger: Path | None = None,
) -> Figures:
    """Ask `servers` the forty questions in a project at `folder`, and score the answers.

    Args:
        folder: Where the project is made; may exist, then it goes on.
        servers: One member each.
        judge: Grades the answers to four of the questions.
        ledger: Calls paid in another project.
    """
    folder.mkdir(exist_ok=True)
    if ledger is not None:
        shutil.copy(ledger, folder / "ledger.sqlite")
    _write_questions(folder / "questions.jsonl")
    text = json.dumps(_config(servers, judge))
    (folder / "curate.yaml").write_text(text, encoding="utf-8")
    project = Project(folder / "curate.yaml")
    stages = (
        *(pipeline.ingest, pipeline.generate, pipeline.judge),
        *(pipeline.embed, pipeline.score),
    )
    summaries = {stage.__name__: stage(project).as_json() for stage in stages}
    return _figures(project, summaries)


def _write_questions(path: Path) -> None:
    asked = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()]
    rows = [{"prompt": question, "system": INSTRUCTION} for question in asked]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _config(servers: list[ModelServer], judge: ModelServer | None) -> dict[str, Any]:
    params = {"temperature": 0.7, "max_tokens": 24, "seed": 1}
    members = [
        {"model": s.model, "base_url": s.base_url, "samples": SAMPLES, "params": params}
        for s in servers
    ]
    judges = [
        {
            "model": judge.model,
            "name": "grader",
            "base_url": judge.base_url,
            "params": {"temperature": 0, "max_tokens": 160},
            "concurrency": 4,
        }
        for judge in ([judge] if judge else [])
    ]
    return {
        "ingest": {"paths": ["questions.jsonl"]},
        "generate": {"members": [{**m, "concurrency": 4} for m in members]},
        "judge": {"judges": judges, "limit": 4},
    }


def _figures(project: Project, summaries: Mapping[str, Mapping[str, Any]]) -> Figures:
    from sklearn.metrics import roc_auc_score

    scores = project.need_table("scores", "score")
    wrong = _wrong(project)
    auroc, n = {}, {}
    for name, values in _columns(scores).items():
        there = ~np.isnan(values)
        n[name] = int(there.sum())
        if 0 < wrong[there].sum() < n[name]:
            auroc[name] = float(roc_auc_score(wrong[there], values[there]))
    return Figures(
        answers=len(wrong), wrong=int(wrong.sum()), auroc=auroc, n=n, summaries=summaries
    )


def _columns(scores: pa.Table) -> dict[str, Floats]:
    floats = [n for n in scores.column_names if pa.types.is_floating(scores[n].type)]
    columns = {name: scores[name].to_numpy().astype(np.float64) for name in floats}
    if "judge_grade" in columns:
        columns["judge_grade (negated)"] = -columns.pop("judge_grade")
    return columns


def _wrong(project: Project) -> npt.NDArray[np.bool_]:
    """Say of each candidate whether it misses what its question accepts."""
    asked = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    accept = {row["question"]: row for row in asked}
    records = project.need_table("records", "ingest").to_pylist()
    row_of = {r["id"]: accept[r["messages"][-1]["content"]] for r in records}
    candidates = project.candidates().to_pylist()
    said = [(row_of[c["record_id"]], c["message"]["content"] or "") for c in candidates]
    return np.array([not is_right(row, text) for row, text in said])


def is_right(row: Mapping[str, Any], text: str) -> bool:
    """Say whether a text gives an accepted answer: the last number, or a word of it.

    >>> is_right({"kind": "arithmetic", "accept": ["12"]}, "7 plus 5 is 12.")
    True
    >>> is_right({"kind": "fact", "accept": ["rome"]}, "It is in Romeo's country.")
    False
    """
    if row["kind"] == "arithmetic":
        numbers = re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))
        return bool(numbers) and numbers[-1].rstrip(".") in row["accept"]
    words = "|".join(map(re.escape, row["accept"]))
    return re.search(rf"(?<!\w)(?:{words})(?!\w)", text.casefold()) is not None


def _rows(who: str, figures: Figures) -> list[Row]:
    note = f"{figures.wrong} of {figures.answers} answers are wrong"
    return [
        Row(
            step=f"{who}: {name}, {figures.n[name]} answers",
            ours=value,
            peer=0.5,
            ratio=float("nan"),
            note=note,
        )
        for name, value in sorted(figures.auroc.items(), key=lambda item: -item[1])
    ]


if __name__ == "__main__":
    main()
