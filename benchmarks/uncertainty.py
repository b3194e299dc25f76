"""Which score finds the wrong answers? Seven real sets, every score, against recorded truth.

GSM8K by 12 models and CRUXEval by 10, LLMBar by 36 judges, MMLU-Redux's given answers beside 14
models; AQuA, Game24 and tau-bench sampled from one model. Asked of each answer (is it wrong?) and
of each prompt (is the plurality wrong? of samples: is one of them wrong?). AUROC, average precision
and PRR, with bootstrap intervals over prompts. Nothing is fitted on labels, and no parameter was
chosen on these sets: see ``docs/uncertainty.md``.

    python -m benchmarks.uncertainty [--json FILE]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, data_file, json_path, print_table, write
from benchmarks.uncertainty_data import (
    Votes,
    agents,
    audited,
    committee,
    judges,
    programs,
    puzzles,
)
from benchmarks.uncertainty_scores import (
    PEERS,
    PLAIN,
    RECOMMENDED,
    by_answer,
    by_prompt,
    first_of_plurality,
)
from curate import measure

__all__ = ["SETS", "Question", "Result", "main", "promises", "questions"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RESAMPLES = 300
TOLERANCE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is wrong, and what each score says of it; arrays of shape (n_rows,)."""

    of: str
    asked: str
    wrong: Bools
    prompts: Ints
    scores: Mapping[str, Floats]
    recommended: str
    at_least: float | None = None
    """AUROC that was promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How well one score answers one question."""

    question: Question
    score: str
    n: int
    n_wrong: int
    quality: Mapping[str, measure.Estimate]


SETS: Mapping[str, tuple[str, Callable[[Path], Votes]]] = {
    "GSM8K x 12 models": ("A_C_committee_gsm8k_12models.jsonl.gz", committee),
    "CRUXEval x 10 models": ("A_C_committee_cruxeval_10models.jsonl.gz", committee),
    "LLMBar x 36 judges": ("B_llmbar_419_gold_plus_llm_judges.jsonl.gz", judges),
    "MMLU-Redux x 14 models": ("E_mmlu_redux_human_label_errors.jsonl.gz", audited),
    "AQuA x 30 samples": ("C_aqua_codex_selfconsistency_programs.jsonl.gz", programs),
    "Game24 x 5 samples": ("C_game24_gpt4_cot_100samples.jsonl.gz", lambda at: puzzles(at, 5)),
    "Game24 x 10 samples": ("C_game24_gpt4_cot_100samples.jsonl.gz", lambda at: puzzles(at, 10)),
    "Game24 x 20 samples": ("C_game24_gpt4_cot_100samples.jsonl.gz", lambda at: puzzles(at, 20)),
    "tau-bench x 4 trials": ("C_F_taubench_airline_gpt4o_50x4_agent_chats.jsonl.gz", agents),
}

SINGLED_OUT = {
    "GSM8K x 12 models": {"Qwen2-7B-Instruct": 0.97, "gpt-4o-mini-2024-07-18": 0.89},
}
"""Models about whose answers alone is asked too, and the AUROC promised."""


def main() -> None:
    """Ask, judge, print."""
    sets = list(_sets())
    asked = [question for name, data in sets for question in questions(name, data)]
    results = [result for question in asked for result in _judged(question)]
    print_full(results)
    print()
    rows = [*promises(results), *(row for name, data in sets for row in _of_members(name, data))]
    print_table(rows)
    path = json_path()
    if path is not None:
        write([*rows, *map(_as_row, results)], path)


def questions(name: str, data: Votes) -> Iterator[Question]:
    """Ask everything that can be asked of a set.

    Args:
        name: What to call it.
        data: Its votes and what is recorded of them.
    """
    answers = by_answer(data)
    if data.topics is not None:
        yield from _of_labels(name, data, answers)
        return
    kind = "members" if len(data.names) > 1 else "samples"
    prompts = by_prompt(data, answers)
    if data.wrong is not None:
        yield _of_answers(name, data, answers, kind)
        for model, promised in SINGLED_OUT.get(name, {}).items():
            yield _of_one_model(name, data, answers, model, promised)
        if kind == "samples":
            yield _of_any_sample(name, data, prompts)
    yield _of_pluralities(name, data, prompts, kind)


def promises(results: Sequence[Result]) -> list[Row]:
    """Hold the recommended scores against what was promised of them."""
    by_question: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        key = result.question.of, result.question.asked
        by_question.setdefault(key, []).append(result)
    rows, above = [], set()
    for (of, asked), told in by_question.items():
        row = _beside_plain(told)
        rows.append(row)
        if asked in _FIRST and row.ours > row.peer:
            above.add(of)
    return [*rows, *_counted(above, {of for of, _ in by_question})]


def print_full(results: Sequence[Result]) -> None:
    """Print the whole table as Markdown: value and interval of each score on each question."""
    heads = ["AUROC", "average precision", "PRR", "PRR, first half"]
    before = None
    for result in results:
        question = result.question
        if question is not before:
            print(f"\n{question.of}: {question.asked} ({result.n_wrong} of {result.n} wrong)\n")
            print("| score | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
            before = question
        name = f"**{result.score}**" if result.score == question.recommended else result.score
        print(f"| {name} | " + " | ".join(map(_told, result.quality.values())) + " |")


_FIRST = (
    "is the answer wrong?",
    "is the plurality wrong?",
    "is the label wrong (wrong_groundtruth)?",
)
"""Asked of the sets that are counted; where both of the first two are, either counts."""


def _sets() -> Iterator[tuple[str, Votes]]:
    for name, (file, read) in SETS.items():
        path = data_file(file)
        if path is not None:
            yield name, read(path)


def _of_answers(
    name: str, data: Votes, scores: Mapping[str, Floats], kind: str, asked: str = _FIRST[0]
) -> Question:
    prompts = np.broadcast_to(data.prompts[:, None], data.votes.shape)
    given = ~np.isnan(data.votes)
    wrong = np.zeros(given.shape, bool) if data.wrong is None else data.wrong
    return Question(
        of=name,
        asked=asked,
        wrong=wrong[given],
        prompts=prompts[given],
        scores={score: values[given] for score, values in scores.items()},
        recommended=RECOMMENDED[kind, "answer"],
    )


def _of_one_model(
    name: str, data: Votes, scores: Mapping[str, Floats], model: str, promised: float
) -> Question:
    mine = data.members == list(data.names).index(model)
    alone = replace(data, votes=np.where(mine, data.votes, np.nan))
    asked = f"is {model}'s answer wrong?"
    return replace(_of_answers(name, alone, scores, "members", asked), at_least=promised)


def _of_any_sample(name: str, data: Votes, scores: Mapping[str, Floats]) -> Question:
    """Ask, with the prompt's score, about each of its samples."""
    whole = {score: np.repeat(v[:, None], data.votes.shape[1], 1) for score, v in scores.items()}
    question = _of_answers(name, data, whole, "samples", "is a sample of this prompt wrong?")
    return replace(question, recommended=RECOMMENDED["samples", "prompt"])


def _of_pluralities(name: str, data: Votes, scores: Mapping[str, Floats], kind: str) -> Question:
    wrong = data.item_wrong
    if wrong is None and data.wrong is not None:
        wrong = data.wrong[np.arange(len(data.votes)), first_of_plurality(data)]
    return Question(
        of=name,
        asked=_FIRST[1],
        wrong=np.zeros(len(data.votes), bool) if wrong is None else wrong,
        prompts=data.prompts,
        scores=scores,
        recommended=RECOMMENDED[kind, "answer"],
    )


def _of_labels(name: str, data: Votes, answers: Mapping[str, Floats]) -> Iterator[Question]:
    scores = {score: values[:, 0] for score, values in answers.items()}
    recommended = RECOMMENDED["labels", "answer"]
    for asked, wrong, at_least in (
        (_FIRST[2], data.item_wrong, 0.92),
        ("has the item any error?", data.any_error, None),
    ):
        if wrong is not None:
            yield Question(
                of=name,
                asked=asked,
                wrong=wrong,
                prompts=data.prompts,
                scores=scores,
                recommended=recommended,
                at_least=at_least,
            )


def _judged(question: Question) -> Iterator[Result]:
    """Judge every score on the rows that all of them cover."""
    covered = _covered(question)
    wrong, prompts = question.wrong[covered], question.prompts[covered]
    for score, values in question.scores.items():
        yield Result(
            question=question,
            score=score,
            n=len(wrong),
            n_wrong=int(wrong.sum()),
            quality=measure.ranking_quality(
                values[covered], wrong, groups=prompts, n=RESAMPLES, rng=7
            ),
        )


def _beside_plain(told: Sequence[Result]) -> Row:
    question = told[0].question
    auroc = {result.score: result.quality["auroc"].value for result in told}
    baseline = next(name for name in PLAIN if name in auroc)
    ours, plain = auroc[question.recommended], auroc[baseline]
    peers = {name: auroc[name] for name in PEERS if name in auroc}
    best = max(peers, key=lambda name: peers[name]) if peers else ""
    floor = plain - TOLERANCE if question.at_least is None else question.at_least
    return Row(
        step=f"{question.of}: {question.asked} AUROC",
        ours=ours,
        peer=plain,
        ratio=ours / plain,
        quality_ours=ours,
        quality_peer=peers.get(best, math.nan),
        target=f">= {floor:.3f}" + ("" if question.at_least else " (plain - 0.005)"),
        met=bool(ours >= floor),
        note=f"ours: {question.recommended}; peer: {baseline}; quality: {best or 'no peer'}; "
        f"ours - plain {_difference(question, baseline)}",
    )


def _difference(question: Question, baseline: str) -> str:
    """Return how far the recommended score is above the plain one, with its interval."""
    covered = _covered(question)
    wrong, prompts = question.wrong[covered], question.prompts[covered]
    ours, plain = question.scores[question.recommended][covered], question.scores[baseline][covered]
    rng, rows = np.random.default_rng(7), _rows_of(prompts)
    drawn = []
    for _ in range(RESAMPLES):
        picked = np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])
        a, b = (measure.auroc(score[picked], wrong[picked]) for score in (ours, plain))
        drawn.append(a - b)
    return _told(
        measure.Estimate(
            value=measure.auroc(ours, wrong) - measure.auroc(plain, wrong),
            low=float(np.nanquantile(drawn, 0.025)),
            high=float(np.nanquantile(drawn, 0.975)),
        )
    )


def _rows_of(prompts: Ints) -> list[Ints]:
    order = np.argsort(prompts, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(prompts[order])) + 1)


def _covered(question: Question) -> Bools:
    """Say which rows every score covers, so that all are judged on the same ones."""
    covered: Bools = ~np.any([np.isnan(v) for v in question.scores.values()], axis=0)
    return covered


def _counted(above: set[str], asked: set[str]) -> list[Row]:
    return [
        Row(
            step="sets on which the recommended score is above the plain share",
            ours=float(len(above)),
            peer=float(len(asked)),
            ratio=math.nan,
            target=">= 4 sets",
            met=len(above) >= 4,
            note="peer: sets in all; " + ", ".join(sorted(above)),
        )
    ]


def _of_members(name: str, data: Votes) -> Iterator[Row]:
    """Say how near reliabilities without labels are to the truth, and how good the best answer."""
    if data.wrong is None or len(data.names) < 2:
        return
    votes, members, wrong = data.votes, data.members, data.wrong
    told = measure.consensus(votes, members=members, shares=data.shares, n_options=data.n_options)
    there = ~np.isnan(votes)
    truth = np.bincount(members[there], ~wrong[there]) / np.bincount(members[there])
    plain = measure.reliability(votes, members=members, shares=data.shares)
    ours, peer = np.abs(told.reliability - truth), np.abs(plain - truth)
    yield Row(
        step=f"{name}: reliability without labels, worst error",
        ours=float(ours.max()),
        peer=float(peer.max()),
        ratio=float(peer.max() / ours.max()),
        quality_ours=float(ours.mean()),
        quality_peer=float(peer.mean()),
        note="ours: consensus; peer: reliability (one coin a member); quality: mean error",
    )
    items = np.arange(len(votes))
    best = float(1 - wrong[items, told.best].mean())
    plurality = float(1 - wrong[items, first_of_plurality(data)].mean())
    yield Row(
        step=f"{name}: share of prompts whose chosen answer is right",
        ours=best,
        peer=plurality,
        ratio=best / plurality,
        note="ours: consensus; peer: plurality",
    )


def _as_row(result: Result) -> Row:
    numbers = "; ".join(f"{name} {_told(e)}" for name, e in result.quality.items())
    return Row(
        step=f"{result.question.of}: {result.question.asked} {result.score}",
        ours=result.quality["auroc"].value,
        peer=math.nan,
        ratio=math.nan,
        note=f"{numbers}; {result.n_wrong} of {result.n} wrong",
    )


def _told(estimate: measure.Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


if __name__ == "__main__":
    main()
