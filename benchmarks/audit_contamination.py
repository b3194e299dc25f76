"""Contamination: known overlaps found in real files, as they are and after scripted changes.

Reported on: PandaLM's prompts and the self-instruct committee (drawn from the 252 self-instruct
prompts), judge repeats (their prompts are Vicuna's and MT-Bench's), the subjects of MMLU-Redux in
even places of the alphabet, GSM8K's test questions against its training questions. The truth comes
from the files' own identity: an instruction and input equal but for white space, a question's
number, a row's number, or the item's very text within the row's. The threshold and the rules were
chosen on HumanEval, Arena-Hard, TruthfulQA's questions and the other half of MMLU-Redux's subjects
as benchmarks, with the same changes; none of these is reported as one. Rows of other sets
(negatives) stand in every file that is searched; precision is over all pairs of a row and an item
that are found, those of negatives included.

Not blind: two rules were added after runs on reported files. That an answer must be there almost
whole came from GSM8K's answers, of which 1.8 % of the items were flagged before; that a short
question must lack no large piece came from all of MMLU-Redux against GSM8K's training questions.
GSM8K's near-misses were looked at while the match was being designed.

Judge repeats are searched for both benchmarks at once, and for each alone, which is told without a
promise: alone, precision was below .99 before the two were put together. Some of MT-Bench's
questions were adapted from Vicuna's (another polynomial, the Fibonacci numbers by another method);
by identity these are other questions and count as wrong.

The peer is plain 13-gram matching as in GPT-3's decontamination (Brown et al., 2020, appendix C):
lower case, no punctuation; one shared run of 13 words flags; items that are shorter, as a whole.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.table import Row, data_file, finish, json_path
from benchmarks.vectors import embedded, lines
from curate.checks import Beside, Context, Rows, rows_of
from curate.checks.contamination import contaminated
from curate.checks.contamination.semantic import nearest_items, reworded
from curate.checks.contamination.texts import CHECK

__all__ = ["CHANGES", "main", "rows"]

Pair = tuple[int, int]
Change = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A training file that holds items of a benchmark, and which."""

    name: str
    items: list[str]
    texts: list[str]
    truth: list[int]
    """Item that each text is known to hold, -1 = none."""
    promised: bool = True
    shuffled: list[str] | None = None
    """The texts with their options in another order."""


def main() -> None:
    """Search, print."""
    finish(rows(), json_path())


def rows() -> list[Row]:
    """Return a row for each file and change, one for near-misses, one for speed."""
    made = [row for make in _CASES for case in make() for row in _case_rows(case)]
    return [*made, *_near_misses(), *_speed()]


def _case_rows(case: Case) -> Iterator[Row]:
    changed = {
        name: [change(text, random.Random(n)) for n, text in enumerate(case.texts)]
        for name, change in CHANGES.items()
    }
    if case.shuffled is not None:
        changed["options in another order"] = case.shuffled
    others = _others()
    for name, texts in changed.items():
        column = [*texts, *others]
        ours = {(m.text, m.item) for m in contaminated(column, case.items)}
        peer = _thirteen_grams(column, case.items)
        yield _row(f"{case.name}, {name}", case, ours, peer)


def _row(step: str, case: Case, ours: set[Pair], peer: set[Pair]) -> Row:
    recall, precision = _quality(case, ours)
    peer_recall, peer_precision = _quality(case, peer)
    return Row(
        step=f"contamination: {step}; recall (quality: precision)",
        ours=recall,
        peer=peer_recall,
        ratio=recall / peer_recall if peer_recall else float("nan"),
        quality_ours=precision,
        quality_peer=peer_precision,
        target=">= .99 at .99" if case.promised else "",
        met=recall >= _GOOD and precision >= _GOOD if case.promised else None,
        note=f"{sum(t >= 0 for t in case.truth):,} true of {len(case.truth) + len(_others()):,} "
        f"rows, {len(case.items):,} items; peer: plain 13-grams",
    )


_GOOD = 0.99


def _quality(case: Case, found: set[Pair]) -> tuple[float, float]:
    """Return recall over true rows and precision over pairs; equal items are one."""
    same = [_squeezed(item) for item in case.items]
    whole = dict(enumerate(map(_squeezed, case.texts)))
    known = {row: same[item] for row, item in enumerate(case.truth) if item >= 0}
    recalled = {row for row, item in found if same[item] == known.get(row)}
    right = sum(same[k] == known.get(row) or same[k] in whole.get(row, "") for row, k in found)
    return len(recalled) / len(known), right / len(found) if found else float("nan")


def _panda() -> Iterator[Case]:
    items = list(_lines("H_selfinstruct_user_oriented_252.jsonl"))
    rows = list(lines("B_pandalm_999_3annotators.jsonl.gz"))
    if items and rows:
        yield _instructions("PandaLM prompts of self-instruct 252", items, rows)


def _committee() -> Iterator[Case]:
    items = list(_lines("H_selfinstruct_user_oriented_252.jsonl"))
    rows = list(lines("A_committee_selfinstruct252_8models.jsonl.gz"))
    if items and rows:
        yield _instructions("committee prompts of self-instruct 252", items, rows)


def _instructions(name: str, items: list[Any], rows: list[Any]) -> Case:
    """Match rows to items by instruction, and by input where several items share it."""
    asked = [(item["instruction"], item["instances"][0]["input"]) for item in items]
    both = {(_squeezed(a), _squeezed(b)): n for n, (a, b) in enumerate(asked)}
    alone = {_squeezed(a): n for n, (a, _) in enumerate(asked)}
    keys = [(_squeezed(row["instruction"]), _squeezed(row["input"])) for row in rows]
    return Case(
        name=name,
        items=[_joined(*pair) for pair in asked],
        texts=[_joined(row["instruction"], row["input"]) for row in rows],
        truth=[both.get(key, alone.get(key[0], -1)) for key in keys],
    )


def _judge_repeats() -> Iterator[Case]:
    rows = list(lines("A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz"))
    items = {bench: list(_lines(file)) for bench, file in _BENCHES.items()}
    if not rows or not all(items.values()):
        return
    for benches in (tuple(_BENCHES), *((bench,) for bench in _BENCHES)):
        ids = [(bench, str(item["question_id"])) for bench in benches for item in items[bench]]
        number = {id: n for n, id in enumerate(ids)}
        yield Case(
            name=f"judge repeats of {' and '.join(benches)}",
            items=[item["turns"][0] for bench in benches for item in items[bench]],
            texts=[row["instruction"] for row in rows],
            truth=[number.get((row["bench"], row["prompt_id"]), -1) for row in rows],
            promised=len(benches) > 1,
        )


_BENCHES = {"vicuna": "H_vicuna80_questions.jsonl", "mt_bench": "H_mt_bench_questions.jsonl"}


def _mmlu() -> Iterator[Case]:
    rows = list(lines("E_mmlu_redux_human_label_errors.jsonl.gz"))
    reported = set(sorted({row["subject"] for row in rows})[1::2])
    rows = [row for row in rows if row["subject"] in reported]
    if rows:
        items = [_with_options(row["question"], row["choices"]) for row in rows]
        rng = random.Random(7)
        other = [_with_options(row["question"], _turned(row["choices"], rng)) for row in rows]
        truth = list(range(len(rows)))
        name = "half the subjects of MMLU-Redux"
        yield Case(name=name, items=items, texts=items, truth=truth, shuffled=other)


_CASES = (_panda, _committee, _judge_repeats, _mmlu)


def _with_options(question: str, options: Sequence[str]) -> str:
    lettered = (f"{letter}. {option}" for letter, option in zip("ABCDEFGH", options, strict=False))
    return "\n".join([question, *lettered])


def _turned(options: Sequence[str], rng: random.Random) -> list[str]:
    by = rng.randrange(1, len(options)) if len(options) > 1 else 0
    return [*options[by:], *options[:by]]


def _joined(instruction: str, below: str) -> str:
    return f"{instruction}\n{below}" if below else instruction


def _lines(name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file that is not compressed; none where it is missing."""
    path = data_file(name)
    if path is not None:
        with path.open(encoding="utf-8") as opened:
            yield from map(json.loads, opened)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


@cache
def _others() -> list[str]:
    """Return rows of sets that hold none of the benchmarks' items."""
    seeds = [
        _joined(row["instruction"], row["instances"][0]["input"])
        for row in _lines("H_selfinstruct_seed_tasks.jsonl")
    ]
    return [
        *seeds,
        *(row["prompt"] for row in lines("H_arena_hard_v01_questions.jsonl.gz")),
        *(row["question"] for row in lines("H_gsm8k_train.jsonl.gz")),
        *list(dict.fromkeys(row["text"] for row in lines("G_banking77.jsonl.gz")))[:3000],
        *list(
            dict.fromkeys(
                row["response_a"] for row in lines("B_D_ukpconvarg_pairs_5votes.jsonl.gz")
            )
        )[:2000],
    ]


def _as_it_is(text: str, rng: random.Random) -> str:
    return text


def _in_a_longer_text(text: str, rng: random.Random) -> str:
    return (
        "Below is an instruction that describes a task. Write a response that completes it.\n\n"
        f"### Instruction:\n{text}\n\n### Response:\nSure, let me see what I can do for you."
    )


def _other_numbers(text: str, rng: random.Random) -> str:
    return re.sub(r"\d+", lambda found: str(rng.randint(1, 10 ** len(found.group()) * 2)), text)


def _other_case(text: str, rng: random.Random) -> str:
    return text.upper()


def _other_space(text: str, rng: random.Random) -> str:
    return re.sub(r"\s+", lambda _: rng.choice(("  ", "\n", " \t", "\u00a0")), text)


def _other_punctuation(text: str, rng: random.Random) -> str:
    return re.sub(r"(?<!\d)[,.]|[,.](?!\d)|[?!\"':;()-]", lambda m: _WIDE[m.group()], text)


_WIDE = dict(zip(",.?!\"':;()-", "，。？！”’：；（）—", strict=True))


def _one_in_ten(text: str, rng: random.Random) -> str:
    """Replace a tenth of the words, numbers aside, rounded half up."""
    found = [m.span() for m in re.finditer(r"\w+", text) if not m.group().isdigit()]
    for start, end in sorted(rng.sample(found, (len(found) + 5) // 10), reverse=True):
        text = text[:start] + rng.choice(_WORDS) + text[end:]
    return text


_WORDS = (
    "harbor velvet copper lantern meadow orchard granite ribbon saddle walnut bracket candle ember "
    "gallop ivory kettle marble oyster pebble rocket silver timber violet eager gentle humble "
    "modest narrow polite rapid sturdy tender urgent vivid weary"
).split()

CHANGES: dict[str, Change] = {
    "as they are": _as_it_is,
    "inside a longer text": _in_a_longer_text,
    "other numbers": _other_numbers,
    "upper case": _other_case,
    "other white space": _other_space,
    "punctuation translated": _other_punctuation,
    "one word in ten replaced": _one_in_ten,
}


def _thirteen_grams(texts: Sequence[str], items: Sequence[str]) -> set[Pair]:
    """Return which texts share 13 words in a row with which items."""
    held: dict[tuple[str, ...], set[int]] = {}
    for n, item in enumerate(items):
        for gram in _grams(_plain(item), 13):
            held.setdefault(gram, set()).add(n)
    sizes = sorted({len(gram) for gram in held})
    return {
        (n, item)
        for n, text in enumerate(texts)
        for size in sizes
        for gram in _runs(_plain(text), size)
        for item in held.get(gram, ())
    }


def _plain(text: str) -> list[str]:
    return re.sub(r"[^\w\s]", "", text.lower()).split()


def _grams(words: list[str], n: int) -> Iterator[tuple[str, ...]]:
    return _runs(words, min(n, len(words)))


def _runs(words: list[str], n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(words[k : k + n]) for k in range(len(words) - n + 1) if n)


def _near_misses() -> Iterator[Row]:
    """Hold questions and answers of GSM8K's test part against those of its training part."""
    test = list(_lines("H_gsm8k_test.jsonl"))
    train = list(lines("H_gsm8k_train.jsonl.gz"))
    if not test or not train:
        return
    asked = [row["question"] for row in test], [row["question"] for row in train]
    found = CHECK.run(_solved(train), Context(benchmarks=(_bench(test),)))
    peer = {item for _, item in _thirteen_grams(asked[1], asked[0])}
    share = len(found.findings) / len(test)
    yield Row(
        step="contamination: GSM8K test items said to stand in GSM8K train; share",
        ours=share,
        peer=len(peer) / len(test),
        ratio=float("nan"),
        target="<= .01",
        met=share <= 0.01,
        note="questions and answers; no question is the same; peer: plain 13-grams of questions",
    )
    vectors = [embedded(texts) for texts in asked]
    like = reworded(asked[1], vectors[1], asked[0], vectors[0])
    yield Row(
        step="semantic contamination: GSM8K test questions said to be asked in GSM8K train; share",
        ours=len(np.unique(like.items)) / len(test),
        peer=float(np.mean(nearest_items(vectors[0], vectors[1])[1] >= _NEAR)),
        ratio=float("nan"),
        note=f"a warning, of same templates mostly; peer: a cosine of {_NEAR} alone",
    )


def _solved(rows: list[dict[str, Any]]) -> Rows:
    return rows_of([row["question"] for row in rows], [row["answer"] for row in rows])


def _bench(rows: list[dict[str, Any]]) -> Beside:
    return Beside(name="gsm8k", rows=_solved(rows))


_NEAR = 0.85


def _speed(n_rows: int = 100_000, n_items: int = 1_000) -> Iterator[Row]:
    """Search GSM8K's training questions and judged answers, over and over, for test items."""
    test = list(_lines("H_gsm8k_test.jsonl"))[:n_items]
    asked = [row["question"] for row in lines("H_gsm8k_train.jsonl.gz")]
    said = [
        row["response"][:800]
        for row in lines("A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz")
    ]
    if not test or not asked or not said:
        return
    prompts = pa.array(asked, pa.large_string()).take(np.arange(n_rows) % len(asked))
    answers = pa.array(said, pa.large_string()).take(np.arange(n_rows) % len(said))
    searched = rows_of(prompts.to_pylist(), answers.to_pylist())
    context = Context(benchmarks=(_bench(test),))
    CHECK.run(searched.take(np.arange(100)), context)
    start = time.process_time()
    CHECK.run(searched, context)
    seconds = time.process_time() - start
    letters = int(np.mean([len(t) for t in asked]) + np.mean([len(t) for t in said]))
    yield Row(
        step=f"contamination: {n_rows:,} rows x {n_items:,} items, CPU s",
        ours=seconds,
        peer=float("nan"),
        ratio=float("nan"),
        target="< 4 s",
        met=seconds < 4,
        note=f"questions and answers, {letters} characters a row",
    )


if __name__ == "__main__":
    if data_file("H_selfinstruct_user_oriented_252.jsonl"):
        main()
