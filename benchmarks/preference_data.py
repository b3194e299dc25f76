"""Compared pairs of answers as arrays: what the preference benchmarks run on.

Each set is `Compared`: vectors and texts of the answers, the pairs, what people said of each, and
the groups (questions, debates, documents) that stay on one side of a split. Vectors are
all-MiniLM's, from the cache of `benchmarks.vectors`.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.table import data_file
from benchmarks.vectors import embedded

__all__ = ["REPORTED", "SEPARATE", "Compared", "columns_of", "principal"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
N_AXES = 64
"""Axes of the answers' vectors that the head looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Pairs of answers and what was said of them."""

    vectors: npt.NDArray[np.float32]
    """Of the answers, shape (n_answers, 384)."""
    prompt_vectors: npt.NDArray[np.float32]
    """Of each answer's prompt, shape (n_answers, 384)."""
    texts: list[str]
    asked: list[str]
    """Each answer's prompt."""
    pairs: Ints
    """Shape (n_pairs, 2)."""
    prompts: list[str]
    """Of each pair."""
    groups: list[str]
    """Of each pair: stay on one side of a split."""
    votes: Floats
    """How many said a, b, tie, shape (n_pairs, 3)."""
    test: npt.NDArray[np.bool_] | None
    """The published split; None = drawn by group."""

    @property
    def outcomes(self) -> Ints:
        """0 = most said a, 1 = b, 2 = neither, shape (n_pairs,)."""
        a, b, _ = self.votes.T
        return np.where(a > b, 0, np.where(b > a, 1, 2)).astype(np.int64)

    @property
    def length(self) -> Floats:
        """Characters of each answer."""
        return np.array([len(text) for text in self.texts], np.float64)


class Line(NamedTuple):
    """One comparison."""

    prompt: str
    a: str
    b: str
    votes: tuple[float, float, float]
    group: str
    test: bool | None = None


def compared(lines: Iterable[Line]) -> Compared:
    """Gather comparisons; equal answers to one prompt are one answer."""
    rows = list(lines)
    number: dict[tuple[str, str], int] = {}
    for row in rows:
        for text in (row.a, row.b):
            number.setdefault((row.prompt, text), len(number))
    asked, texts = ([key[i] for key in number] for i in (0, 1))
    tested = [row.test for row in rows]
    return Compared(
        vectors=_vectors(texts),
        prompt_vectors=_vectors(asked),
        texts=texts,
        asked=asked,
        pairs=np.array([[number[r.prompt, r.a], number[r.prompt, r.b]] for r in rows], np.int64),
        prompts=[row.prompt for row in rows],
        groups=[row.group for row in rows],
        votes=np.array([row.votes for row in rows], np.float64),
        test=None if None in tested else np.array(tested, bool),
    )


def _vectors(texts: list[str]) -> npt.NDArray[np.float32]:
    distinct = list(dict.fromkeys(texts))
    place = {text: at for at, text in enumerate(distinct)}
    return embedded(distinct)[[place[text] for text in texts]]


def _lines(name: str) -> Iterator[dict[str, Any]]:
    path = data_file(name)
    if path is not None:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _counted(votes: Iterable[Mapping[str, Any]]) -> tuple[float, float, float]:
    said = Counter(vote["vote"] for vote in votes)
    return (float(said["a"]), float(said["b"]), float(said["tie"]))


def ukp() -> Iterator[Line]:
    """Arguments of 11 debates, five votes a pair; the published split by debate."""
    for row in _lines("B_D_ukpconvarg_pairs_5votes.jsonl.gz"):
        prompt = f"{row['prompt']} {row['stance']}"
        votes = _counted(row["votes"])
        a, b = row["response_a"], row["response_b"]
        yield Line(prompt, a, b, votes, row["topic"], row["split"] == "test")


def truthful() -> Iterator[Line]:
    """A truthful beside a false answer to 817 questions; the published split by question."""
    rng = np.random.default_rng(0)
    for row in _lines("D_truthfulqa_pairs_human_truth.jsonl.gz"):
        sides = [(row["chosen"], 1.0), (row["rejected"], 0.0)]
        if rng.random() < 0.5:
            sides.reverse()
        (a, first), (b, second) = sides
        yield Line(row["prompt"], a, b, (first, second, 0.0), row["prompt"], row["split"] == "test")


def translations() -> Iterator[Line]:
    """Ten translations of 104 segments, three votes a pair, derived from each rater's errors."""
    for row in _lines("B_D_wmt23_ende_10systems_3raters_pairs.jsonl.gz"):
        a, b = row["response_a"], row["response_b"]
        if a != b:
            yield Line(row["source"], a, b, _counted(row["votes"]), row["source"])


def instructed() -> Iterator[Line]:
    """Answers of five models to 170 instructions, three votes a pair."""
    for row in _lines("B_pandalm_999_3annotators.jsonl.gz"):
        prompt = "\n".join(str(part) for part in (row["instruction"], row["input"]) if part)
        a, b = str(row["response_a"]), str(row["response_b"])
        if a != b:
            yield Line(prompt, a, b, _counted(row["votes"]), prompt)


def intents(name: str, *, seed: int, n_prompts: int = 800, scale: float = 2.5) -> Iterator[Line]:
    """Real queries, four a made-up prompt; people like intents more or less, with noise."""
    rng = np.random.default_rng(seed)
    label = {row["text"]: row["label"] for row in _lines(name) if row["split"] == "train"}
    liked = {intent: rng.normal() for intent in sorted(set(label.values()))}
    texts = list(label)
    order = rng.permutation(len(texts))[: 4 * n_prompts]
    for start in range(0, len(order) - 3, 4):
        four = [texts[i] for i in order[start : start + 4]]
        for a, b in ((a, b) for n, a in enumerate(four) for b in four[n + 1 :]):
            chance = 1 / (1 + np.exp(scale * (liked[label[b]] - liked[label[a]])))
            won = float(rng.random() < chance)
            yield Line(_NOWHERE, a, b, (won, 1 - won, 0.0), str(start))


_NOWHERE = "(none)"


def graded() -> Iterator[Line]:
    """Answers of four models to 160 prompts, as three grades by GPT-4 of each order them."""
    answers: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _lines("A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz"):
        answers.setdefault((row["bench"], row["prompt_id"]), []).append(row)
    for key, rows in answers.items():
        for a, b in ((a, b) for n, a in enumerate(rows) for b in rows[n + 1 :]):
            grades = [(x, y) for x in a["gpt4_scores"] for y in b["gpt4_scores"]]
            votes = [sum(x > y for x, y in grades), sum(y > x for x, y in grades)]
            tie = float(len(grades) - sum(votes))
            said = (float(votes[0]), float(votes[1]), tie)
            yield Line(a["instruction"], a["response"], b["response"], said, str(key))


def judged() -> Iterator[Line]:
    """LLMBar's 419 pairs with an objective gold label."""
    for row in _lines("B_llmbar_419_gold_plus_llm_judges.jsonl.gz"):
        first = float(row["human_gold"] == "a")
        yield Line(
            row["instruction"],
            row["response_a"],
            row["response_b"],
            (first, 1 - first, 0.0),
            row["instruction"],
        )


def solved(n_questions: int = 350) -> Iterator[Line]:
    """A right beside a wrong answer of 12 models to questions of GSM8K, at most 20 a question."""
    rng = np.random.default_rng(1)
    rows = list(_lines("A_C_committee_gsm8k_12models.jsonl.gz"))
    kept = sorted(np.random.default_rng(0).permutation(len(rows))[:n_questions].tolist())
    for row in (rows[i] for i in kept):
        good = [answer["text"] for answer in row["completions"] if answer["correct"]]
        bad = [answer["text"] for answer in row["completions"] if not answer["correct"]]
        both = [(right, wrong) for right in good for wrong in bad if right != wrong]
        for n in rng.permutation(len(both))[:20].tolist():
            sides, first = list(both[n]), rng.random() < 0.5
            a, b = sides if first else sides[::-1]
            yield Line(
                row["question"], a, b, (float(first), float(not first), 0.0), row["question"]
            )


REPORTED: dict[str, Callable[[], Iterable[Line]]] = {
    "UKP arguments": ukp,
    "TruthfulQA": truthful,
    "WMT en-de": translations,
    "PandaLM": instructed,
}
"""What the tool is measured on; nothing was chosen by them."""

SEPARATE: dict[str, Callable[[], Iterable[Line]]] = {
    "Banking77, intents liked": lambda: intents("G_banking77.jsonl.gz", seed=5),
    "the same without noise": lambda: intents("G_banking77.jsonl.gz", seed=5, scale=50),
    "CLINC without noise": lambda: intents("G_clinc150_imbalanced.jsonl.gz", seed=6, scale=50),
    "GSM8K, right and wrong": solved,
    "vicuna and mt-bench, GPT-4's grades": graded,
    "LLMBar": judged,
}
"""What defaults are chosen on."""


def principal(data: Compared, n_axes: int = N_AXES) -> npt.NDArray[np.float32]:
    """Return the answers' vectors along their first principal axes, shape (n_answers, n_axes).

    No label is looked at. Scaled so that a whole row has a mean square of 8.
    """
    centred = np.asarray(data.vectors - data.vectors.mean(axis=0), np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    rows = centred @ axes[:, ::-1][:, :n_axes]
    return np.asarray(rows * np.sqrt(8 / np.mean(np.sum(rows**2, axis=1))), np.float32)


def columns_of(data: Compared) -> npt.NDArray[np.float32]:
    """Return ten plain columns of each answer, standardised, shape (n_answers, 10).

    Length, its square, share of distinct words, of digits, of capitals, punctuation a word, word
    length, share of the prompt's words said again, negations a word, cosine to the prompt.
    """
    rows = [_column_row(text, prompt) for text, prompt in zip(data.texts, data.asked, strict=True)]
    cosine = np.einsum("ij,ij->i", data.vectors, data.prompt_vectors)
    table = np.column_stack([np.array(rows), cosine])
    spread = table.std(axis=0)
    return np.asarray((table - table.mean(axis=0)) / np.where(spread > 0, spread, 1), np.float32)


def _column_row(text: str, prompt: str) -> list[float]:
    words = text.lower().split() or [""]
    theirs = set(prompt.lower().split()) or {""}
    size, log = max(1, len(text)), float(np.log1p(len(text)))
    return [
        log,
        log**2,
        len(set(words)) / len(words),
        sum(c.isdigit() for c in text) / size,
        sum(c.isupper() for c in text) / size,
        sum(c in ".,;:!?" for c in text) / len(words),
        size / len(words),
        len(theirs & set(words)) / len(theirs),
        len(_NEGATIONS.findall(text.lower())) / len(words),
    ]


_NEGATIONS = re.compile(r"\b(?:no|not|never|nothing|none)\b|n't\b")
