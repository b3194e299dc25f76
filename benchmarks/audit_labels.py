"""Does the audit find wrong labels?

**Answers beside those of models.** MMLU-Redux: 3,999 rows of MMLU whose given answers experts
checked, each with the answers of 14 models. Rows are ranked by `outvoted_answers` beside the plain
share of models that answer otherwise. Nothing was fitted to this file: the rule follows from its
model (`measure.outvoted`), and was compared with others on GSM8K (12 models) and CRUXEval (10
models) with some references replaced by lot, half of them by a model's wrong answer, half by the
reference of the row before; these rows are printed too. So was the way topics are taken in: with
both sets cut into 20 made-up topics of 0 to 25 % replaced, given answers that are a member of their
own in each topic find more among the first (.93 of half as many as were replaced) than shares by
topic fitted afterwards (.87, `doubt_by_group`), which had been run on MMLU-Redux before (AUROC .926
and .766, .58 any error and .45 wrong ground truth among the first 100).

**Preferences.** UKP's arguments, a tenth of the preferences turned round by lot, 5 seeds: how many
of them stand in the first decile of `doubtful_preferences`, over chance, beside cleanlab with a
cross-validated logistic regression on the same features (the better of folds by group and by row).
The votes are not given. Rule and threshold were chosen on Banking77 and CLINC as preferences,
GPT-4's grades and LLMBar.

**Answers alone.** TruthfulQA: 18,311 answers to 817 questions, by vectors and neighbours only.

    python -m benchmarks.audit_labels [--json FILE]
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.audit_labels_pairs import precision, speed, turned
from benchmarks.table import Row, finish, json_path
from benchmarks.vectors import embedded, lines
from curate.checks import Context, Rows, rows_of
from curate.checks.labels.answers import doubtful_answers
from curate.checks.labels.final import comparable
from curate.checks.labels.outvoted import outvoted_answers
from curate.checks.labels.verdicts import mismatches
from curate.checks.labels.votes import given_answer, votes_of
from curate.measure import auroc

__all__ = ["main", "rows"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SEEDS = 5
NAN = float("nan")


def main() -> None:
    """Print the table."""
    finish(rows(), json_path())


def rows() -> list[Row]:
    """Return all rows of the table; those without their data are left out."""
    return [*_planted(), *_audited(), *turned(), *_alone(), *_stated(), *speed()]


def _audited() -> Iterator[Row]:
    """MMLU-Redux."""
    held = list(lines("E_mmlu_redux_human_label_errors.jsonl.gz"))
    if not held:
        return
    audited = _mmlu(held)
    start = time.process_time()
    ours = outvoted_answers(audited)
    seconds = time.process_time() - start
    share = np.array([_disagreeing(row) for row in held])
    wrong = np.array([row["human_error_type"] == "wrong_groundtruth" for row in held])
    any_error = np.array([row["has_error"] for row in held])
    name = f"MMLU-Redux x 14 models ({seconds:.1f} s CPU)"
    yield _ranking(f"{name}: AUROC, wrong ground truth", ours, share, wrong, least=0.92)
    yield _ranking(f"{name}: AUROC, any error", ours, share, any_error, least=0.74)
    yield _first(f"{name}: any error in the first 100", ours, share, any_error)
    yield _first(f"{name}: wrong ground truth in the first 100", ours, share, wrong)


def _mmlu(held: list[dict[str, Any]]) -> Rows:
    """Return the rows as a reader would: choices in the prompt, texts of choices as answers."""
    return rows_of(
        ["\n".join([row["question"], *row["choices"]]) for row in held],
        [given_answer(row) for row in held],
        votes=[json.dumps(votes_of(row)) for row in held],
        metadata=[json.dumps({k: row[k] for k in ("subject", "choices")}) for row in held],
    )


def _disagreeing(row: dict[str, Any]) -> float:
    said = list(row["model_predictions"].values())
    return float(np.mean([one != row["given_answer"] for one in said]))


def _ranking(step: str, ours: Floats, plain: Floats, wrong: Bools, least: float) -> Row:
    found, beside = auroc(_whole(ours), wrong), auroc(plain, wrong)
    return Row(
        step=step,
        ours=found,
        peer=beside,
        ratio=found / beside,
        target=f">= {least}",
        met=found >= least,
        note=f"peer: plain share of disagreement; {int(wrong.sum())} of {len(wrong)} are wrong",
    )


def _first(step: str, ours: Floats, plain: Floats, wrong: Bools, n: int = 100) -> Row:
    """Compare the first n; the promise is about any error, with the file's order among equals."""
    found, beside = precision(_whole(ours), wrong, n), precision(plain, wrong, n)
    in_order = float(wrong[np.argsort(-plain, kind="stable")[:n]].mean())
    promised = "any error" in step
    return Row(
        step=step,
        ours=found,
        peer=in_order,
        ratio=found / in_order,
        quality_ours=found,
        quality_peer=beside,
        target=">= 1.6x" if promised else "",
        met=found >= 1.6 * in_order if promised else None,
        note=f"peer: plain share of disagreement, equal ones ({int((plain == plain.max()).sum())} "
        "have 1) in the file's order; quality: equal ones as in random order",
    )


def _whole(scores: Floats) -> Floats:
    """Put what cannot be judged last, so that all are ranked."""
    return np.where(np.isnan(scores), -np.inf, scores)


def _planted() -> Iterator[Row]:
    """Wrong references planted among a committee's answers: what the rule was compared on."""
    for name, file in (
        ("GSM8K x 12 models", "A_C_committee_gsm8k_12models.jsonl.gz"),
        ("CRUXEval x 10 models", "A_C_committee_cruxeval_10models.jsonl.gz"),
    ):
        held = list(lines(file))
        tried = [_plant(held, seed) for seed in range(SEEDS)] if held else []
        if not tried:
            continue
        ours, plain, first, first_plain = (
            float(np.mean(values)) for values in zip(*tried, strict=True)
        )
        yield Row(
            step=f"{name}, 5 % of references replaced: AUROC",
            ours=ours,
            peer=plain,
            ratio=ours / plain,
            quality_ours=first,
            quality_peer=first_plain,
            note="peer: plain share; quality: precision among as many as were replaced; 5 seeds",
        )


def _plant(held: list[dict[str, Any]], seed: int) -> tuple[float, float, float, float]:
    rng = np.random.default_rng(seed)
    references = [str(row["reference"]) for row in held]
    said = [[str(c["answer"]) for c in row["completions"] if c["answer"]] for row in held]
    wrong = rng.random(len(held)) < 0.05
    given = list(references)
    for n in np.flatnonzero(wrong).tolist():
        bad = [text for text in said[n] if comparable(text) != comparable(references[n])]
        common = bool(bad) and rng.random() < 0.5
        given[n] = bad[int(rng.integers(len(bad)))] if common else references[n - 1]
    pairs = zip(given, references, strict=True)
    wrong &= np.array([comparable(a) != comparable(b) for a, b in pairs])
    votes = [
        json.dumps([[c["model"], c["answer"]] for c in row["completions"] if c["answer"]])
        for row in held
    ]
    ours = _whole(outvoted_answers(rows_of([row["question"] for row in held], given, votes=votes)))
    plain = np.array(
        [
            float(np.mean([comparable(text) != comparable(answer) for text in texts] or [False]))
            for texts, answer in zip(said, given, strict=True)
        ]
    )
    n = int(wrong.sum())
    return (
        auroc(ours, wrong),
        auroc(plain, wrong),
        precision(ours, wrong, n),
        precision(plain, wrong, n),
    )


def _alone() -> Iterator[Row]:
    """TruthfulQA's answers, no label used."""
    held = list(lines("E_truthfulqa_human_truth_info_labels.jsonl.gz"))
    if not held:
        return
    asked, answers = [row["instruction"] for row in held], [row["response"] for row in held]
    texts = list(dict.fromkeys([*asked, *answers]))
    place = {text: at for at, text in enumerate(texts)}
    vectors = embedded(texts)
    sides = {"asked": asked, "answer": answers}
    context = Context(vectors={k: vectors[[place[t] for t in v]] for k, v in sides.items()})
    start = time.process_time()
    score = doubtful_answers(rows_of(asked, answers), context)
    seconds = time.process_time() - start
    known = np.array([row["truthful"] is not None for row in held]) & ~np.isnan(score)
    false = np.array([row["truthful"] is False for row in held])[known]
    found = auroc(score[known], false)
    yield Row(
        step=f"TruthfulQA, {int(known.sum())} answers: AUROC of false ones ({seconds:.1f} s CPU)",
        ours=found,
        peer=0.5,
        ratio=found / 0.5,
        quality_ours=precision(score[known], false, len(false) // 10),
        quality_peer=float(false.mean()),
        note="peer: chance; quality: share of false ones in the first decile; no labels used",
    )


def _stated() -> Iterator[Row]:
    """Answers beside their references: final answers that differ, found and falsely alarmed."""
    for name, file in (
        ("GSM8K x 12 models", "A_C_committee_gsm8k_12models.jsonl.gz"),
        ("GSM8K x 4 GPT-3 models", "A_C_gsm8k_openai_4models_correct.jsonl.gz"),
        ("CRUXEval x 10 models", "A_C_committee_cruxeval_10models.jsonl.gz"),
    ):
        told = [
            (bool(mismatches({"reference": row["reference"]}, said["text"])), not said["correct"])
            for row in lines(file)
            for said in row["completions"]
        ]
        if told:
            flagged, wrong = np.array(told).T
            yield Row(
                step=f"{name}: wrong final answers flagged beside their reference",
                ours=float(flagged[wrong].mean()),
                peer=NAN,
                ratio=NAN,
                quality_ours=float(wrong[flagged].mean()),
                note=f"quality: precision; {int((flagged & ~wrong).sum())} false alarms of "
                f"{int((~wrong).sum())}",
            )


if __name__ == "__main__":
    main()
