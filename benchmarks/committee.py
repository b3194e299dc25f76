"""Does the committee find the wrong answers, without labels?

Recorded answers of 12 models to GSM8K and of 10 models to CRUXEval. One model plays the production
model; its answers are ranked by how much the others, weighted by reliability estimated from the
same answers, contradict them. Truth is used only to judge the ranking: precision among the first
150 and 180 of a random 85 % of the prompts (mean of 20 draws), beside how the plain share of
contradiction ranks. And: does the plurality's share tell where the plurality is right (AUROC),
beside the figure published with the data. Nothing was tuned on CRUXEval.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.table import Row, data_file, finish, json_path
from curate import measure
from curate.config import AnswerConfig, ScoreConfig
from curate.records import CANDIDATES, RECORDS, candidate_id, record_id
from curate.score import score

__all__ = ["Committee", "load", "main"]

TARGET = "Qwen2-7B-Instruct"
PATTERN = r'"answer"\s*:\s*"?(?P<answer>[^"\n}]*)'
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """Recorded answers with their truth, which the scores never see."""

    records: pa.Table
    candidates: pa.Table
    correct: npt.NDArray[np.bool_]
    """Shape (n_candidates,)."""


def load(path: Path) -> Committee:
    """Read a file of ``{prompt, completions: [{model, text, correct}]}``."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    chats = [[{"role": "user", "content": row["prompt"]}] for row in rows]
    ids = [record_id(chat) for chat in chats]
    records = [
        {"id": i, "messages": chat, "metadata": "{}"} for i, chat in zip(ids, chats, strict=True)
    ]
    candidates = [
        _candidate(i, said) for i, row in zip(ids, rows, strict=True) for said in row["completions"]
    ]
    return Committee(
        records=pa.Table.from_pylist(records, schema=RECORDS),
        candidates=pa.Table.from_pylist(candidates, schema=CANDIDATES),
        correct=np.array([said["correct"] for row in rows for said in row["completions"]]),
    )


def main() -> None:
    """Rank, judge, print."""
    gsm8k = _rows("GSM8K x 12", "A_C_committee_gsm8k_12models.jsonl.gz", 0.881, ">= .95 at 150")
    crux = _rows("CRUXEval x 10", "A_C_committee_cruxeval_10models.jsonl.gz", 0.867, "")
    finish([*gsm8k, *crux], json_path())


def _candidate(record: str, said: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": said["text"]}
    return {
        "id": candidate_id(record, said["model"], message),
        "record_id": record,
        "message": message,
        "model": said["model"],
        "repeat": 0,
    }


def _rows(name: str, file: str, published: float, target: str) -> list[Row]:
    path = data_file(file)
    if path is None:
        return []
    data = load(path)
    rows = []
    for how in (AnswerConfig(pattern=PATTERN), AnswerConfig()):
        scores = score(
            data.records, data.candidates, config=ScoreConfig(target=[TARGET], answer=how)
        )
        rows += _judged(f"{name}, {scores['answer_source'][0]}", scores, data, published, target)
    return rows


def _judged(
    name: str, scores: pa.Table, data: Committee, published: float, target: str
) -> list[Row]:
    mine = scores["is_target"].to_numpy()
    wrong = ~data.correct[mine]
    ours = scores["contradiction_weighted"].to_numpy()[mine]
    plain = scores["contradiction"].to_numpy()[mine]
    rows = []
    for k in (150, 180):
        found, beside = _precision(ours, wrong, k), _precision(plain, wrong, k)
        promised = bool(target) and k == 150
        rows.append(
            Row(
                step=f"{name}: share wrong among the first {k}",
                ours=found,
                peer=float(wrong.mean()),
                ratio=found / float(wrong.mean()),
                quality_ours=found,
                quality_peer=beside,
                target=target if promised else "",
                met=found >= 0.95 if promised else None,
                note="peer: random; quality: weighted beside plain contradiction",
            )
        )
    return [*rows, _plurality(name, scores, data, published), _recovered(name, scores, data)]


def _precision(need: Floats, wrong: npt.NDArray[np.bool_], k: int) -> float:
    """Return the share of wrong answers among the k neediest of 85 %, mean of 20 draws."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(20):
        pool = np.sort(rng.permutation(len(need))[: int(0.85 * len(need))])
        order = np.argsort(-np.nan_to_num(need[pool], nan=-1.0), kind="stable")
        found.append(wrong[pool[order[:k]]].mean())
    return float(np.mean(found))


def _plurality(name: str, scores: pa.Table, data: Committee, published: float) -> Row:
    """Judge the committee's margin, weighted by reliability, as a sign that its answer is right."""
    votes, correct = _laid_out(scores, data)
    counts = np.stack([(votes == g).sum(axis=1) for g in range(votes.shape[1])], axis=1)
    first = (votes == counts.argmax(axis=1)[:, None]).argmax(axis=1)
    right = correct[np.arange(len(correct)), first]
    sure = measure.margin(votes, weights=measure.log_odds(measure.reliability(votes)))
    ours, plain = _auroc(sure, right), _auroc(-measure.variation_ratio(votes), right)
    return Row(
        step=f"{name}: AUROC of the plurality being right",
        ours=ours,
        peer=published,
        ratio=ours / published,
        quality_ours=ours,
        quality_peer=plain,
        target=f">= {published}",
        met=ours >= published,
        note="ours: weighted margin; peer: published, by share; quality: beside share as read here",
    )


def _recovered(name: str, scores: pa.Table, data: Committee) -> Row:
    """Judge the reliabilities: greatest distance from the true accuracy, over the models."""
    votes, correct = _laid_out(scores, data)
    truth = correct.mean(axis=0)
    off = np.abs(measure.reliability(votes) - truth)
    share = np.abs(np.nanmean(1.0 - measure.contradiction(votes), axis=0) - truth)
    return Row(
        step=f"{name}: reliability without labels, worst error",
        ours=float(off.max()),
        peer=float(share.max()),
        ratio=float(share.max() / off.max()),
        quality_ours=float(off.mean()),
        quality_peer=float(share.mean()),
        note="peer: share of the others that agree; quality: mean error",
    )


def _laid_out(scores: pa.Table, data: Committee) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return answers as votes and their truth, shape (n_prompts, n_models)."""
    groups = scores["answer_group"].cast(pa.float64()).fill_null(np.nan).to_numpy()
    shape = (len(data.records), -1)
    return groups.reshape(shape), data.correct.reshape(shape)


def _auroc(score: Floats, positive: npt.NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata

    keep = ~np.isnan(score)
    ranks, of = rankdata(score[keep]), positive[keep]
    n = int(of.sum())
    return float((ranks[of].sum() - n * (n + 1) / 2) / (n * (len(of) - n)))


if __name__ == "__main__":
    main()
