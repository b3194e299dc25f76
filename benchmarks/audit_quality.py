"""Checks of quality: faults planted in real rows, with hard negatives; and what they cost.

Rows are LLMBar's answers, GSM8K's training questions with their human solutions, and HumanEval's
prompts with their solutions in a fence; hard negatives stand among them: WMT's German where German
is asked for, code spans that speak of template marks, apologies that refuse nothing, numbers and
single words, lists, JSON as it should be. One row in ten has a fault planted by script; a flagged
row without one counts as wrong, though some of LLMBar's are truly at fault. Thresholds and rules
were chosen on the OpenAssistant sampling reports, the self-instruct committee, WMT, Arena-Hard and
the judge repeats. Not untouched by this table is `truncated`: what counts as an answer's habit was
set right after a first run of it (recall 0.14 before, 0.32 after), so its figures flatter. Two
rules were set right after looking at flagged rows of other files, none of which stands here: a
closing fence before an end mark (`broken-code`, GSM8K committee), answers in the words of their
question (`echoes`, TruthfulQA). WMT's German, which plants and hard negatives are made of, is of a
file that thresholds of languages and endings were chosen on. Planted refusals, marks and phrases
are of the kinds the checks were written for, so recall on them says that they work, not how many
wordings the world has.

The peer is the usual rule of thumb of each kind, named in the note.
"""

from __future__ import annotations

import random
import re
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.table import Row, data_file, finish, json_path
from benchmarks.vectors import lines
from curate.checks import CHECKS, Context, Rows, rows_of
from curate.checks.watch import Watch

__all__ = ["main", "rows"]

Pair = tuple[str, str]
Plant = Callable[[str, str, random.Random], Pair | None]
FILES = (
    "B_llmbar_419_gold_plus_llm_judges.jsonl.gz",
    "H_gsm8k_train.jsonl.gz",
    "H_HumanEval.jsonl.gz",
    "A_committee_wmt23_ende_10systems_3raters.jsonl.gz",
)
SHARE, N_SPEED, CHARACTERS = 0.1, 100_000, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault."""

    check: str
    plant: Plant
    peer: Callable[[str, str], bool]
    note: str


def main() -> None:
    """Plant, look, print."""
    finish(rows(), json_path())


def rows() -> list[Row]:
    """Return recall and precision of each check, then CPU seconds on 100,000 rows."""
    paths = [data_file(name) for name in FILES]
    if any(path is None for path in paths):
        return []
    base = _base()
    quality = [_planted(kind, base) for kind in _kinds()]
    return [*quality, _boilerplate(base), *_speed(base)]


def _base() -> list[Pair]:
    llmbar, gsm8k = list(lines(FILES[0])), list(lines(FILES[1]))
    pairs = [(row["instruction"], row[k]) for row in llmbar for k in ("response_a", "response_b")]
    pairs += [(row["question"], row["answer"]) for row in gsm8k[:1500]]
    for row in lines(FILES[2]):
        code = f"```python\n{row['prompt']}{row['canonical_solution']}```"
        pairs.append((f"Complete this function.\n{row['prompt']}", code))
    return [*pairs, *_hard()]


def _hard() -> list[Pair]:
    """Return rows that look like faults and are none."""
    wmt = [(row["source"], row["completions"][0]["text"]) for row in lines(FILES[3])]
    german = [(f"Translate into German:\n{source}", text) for source, text in wmt]
    return [*german, *_HARD]


_HARD = [
    ("My dog died.", "I'm sorry for your loss. I can't imagine how hard this must be."),
    ("Decline an invitation.", "Unfortunately, I can't come on Friday, but thank you so much."),
    ("Which token ends a turn?", "In ChatML it is `<|im_end|>`, in Llama 2 `</s>`."),
    ("What does <|endoftext|> mean?", "<|endoftext|> stands between two documents."),
    ("What is 6 times 7?", "42"),
    ("Capital of France?", "Paris"),
    ("Is water wet?", "Yes"),
    ("List three fruits.", "- apples from the garden\n- pears\n- plums"),
    ("Give me JSON with a name.", '{"name": "Ann", "tags": ["a", "b"]}'),
    ("Say hello in Portuguese.", "Olá! Como vai você? Não é bonito, o coração de São Paulo?"),
    ("A chorus, please.", "\n".join(f"Verse {n}\nLa la la, sing along" for n in range(3))),
    ("Say good morning 9 times.", "good morning " * 9),
    ("Fix: they was going to the old house by the river", "They were going to the old house."),
] * 4


def _kinds() -> list[Kind]:
    german = [row["completions"][0]["text"] for row in lines(FILES[3])]
    german = [text for text in german if len(text) > 80]
    return [
        Kind(
            check="refusals",
            plant=lambda p, a, rng: (p, rng.choice(_REFUSALS)),
            peer=lambda p, a: any(word in a.lower() for word in ("sorry", "as an ai", "i cannot")),
            note="peer: the words sorry, as an AI, I cannot anywhere",
        ),
        Kind(
            check="truncated",
            plant=_cut,
            peer=lambda p, a: bool(a.strip()) and a.strip()[-1] not in ".!?\"')",
            note="peer: the last character is no end mark; planted: cut after 30 to 80 % of it",
        ),
        Kind(
            check="repetition",
            plant=_looped,
            peer=lambda p, a: len(a) > 100 and len(zlib.compress(a.encode())) < 0.35 * len(a),
            note="peer: zlib makes it smaller than 35 %; planted: a sentence 5 to 20 times",
        ),
        Kind(
            check="wrong-language",
            plant=lambda p, a, rng: (p, rng.choice(german)),
            peer=lambda p, a: _language(a) != "en",
            note="peer: py3langid says another language than English",
        ),
        Kind(
            check="answer-language",
            plant=lambda p, a, rng: (p, rng.choice(german)) if len(p) > 80 else None,
            peer=lambda p, a: _language(a) != _language(p),
            note="peer: py3langid says two languages",
        ),
        Kind(
            check="empty-turns",
            plant=lambda p, a, rng: (p, rng.choice(["", " \n", "\u200b", "...", "\x00", "\u00a0"])),
            peer=lambda p, a: not a.strip(),
            note="peer: nothing but str.strip's white space",
        ),
        Kind(
            check="echoes",
            plant=_echoed,
            peer=lambda p, a: p.strip() in a,
            note="peer: the prompt is in the answer; planted: as it is, one word in 20 left out, "
            "or before the answer",
        ),
        Kind(
            check="broken-code",
            plant=_broken,
            peer=lambda p, a: a.count("```") % 2 == 1,
            note="peer: an odd number of fences; planted: a fence, a bracket, or a quote lost",
        ),
        Kind(
            check="mojibake",
            plant=lambda p, a, rng: (p, _misread(rng.choice(german), rng)),
            peer=lambda p, a: "\ufffd" in a or "Ã" in a,
            note="peer: U+FFFD or Ã; planted: UTF-8 read as latin-1, cp1252 or ASCII",
        ),
        Kind(
            check="template-tokens",
            plant=lambda p, a, rng: (p, rng.choice(_MARKS).format(a=a)),
            peer=lambda p, a: "<|" in a or "[INST]" in a or "</s>" in a,
            note="peer: <|, [INST] or </s> anywhere",
        ),
    ]


_REFUSALS = (
    "I'm really sorry, but I won't be able to help with this one.",
    "I’m unable to assist with that request.",
    "Sorry, I can't provide instructions for this.",
    "As a large language model trained by a company, I do not have the ability to do so.",
    "I cannot fulfill this request. It goes against my guidelines.",
    "I apologize, but I'm not comfortable writing that.",
    "Unfortunately, as an AI assistant, I am not able to open links.",
    "Leider kann ich dabei nicht behilflich sein.",
    "Lo siento mucho, pero no puedo responder a esa pregunta.",
    "Je suis désolée, mais je ne suis pas en mesure de répondre.",
    "抱歉，我无法提供这方面的帮助。",
    "I must respectfully decline to answer.",
)
_MARKS = (
    *("{a}<|im_end|>", "{a}</s>", "[INST] {a} [/INST]", "{a}\n\n### Response:\n{a}"),
    *("{a}<|eot_id|>", "{a}\n\nHuman: And then?", "<|assistant|>\n{a}", "{a}<end_of_turn>"),
)


def _cut(prompt: str, answer: str, rng: random.Random) -> Pair | None:
    if len(answer) < 150:
        return None
    return prompt, answer[: int(len(answer) * rng.uniform(0.3, 0.8))]


def _looped(prompt: str, answer: str, rng: random.Random) -> Pair | None:
    sentences = [one for one in re.split(r"(?<=[.!?]) ", answer) if len(one.split()) >= 4]
    if not sentences or "```" in answer:
        return None
    return prompt, f"{answer[:200]} " + f"{rng.choice(sentences)} " * rng.randint(5, 20)


def _echoed(prompt: str, answer: str, rng: random.Random) -> Pair | None:
    words = prompt.split(" ")
    if len(words) < 20 or "```" in prompt or "def " in prompt:
        return None
    fewer = " ".join(word for n, word in enumerate(words) if n % 20 != 10)
    return prompt, rng.choice([prompt, fewer, f"{prompt}\n{answer}"])


def _broken(prompt: str, answer: str, rng: random.Random) -> Pair | None:
    if answer.endswith("```") and rng.random() < 0.5:
        return prompt, answer[:-3]
    said = re.sub(r"[^\w .]", "", answer[:80])
    text = f'{{"answer": "{said}", "steps": [1, 2, 3]}}'
    lost = rng.choice(['"', "]", "}"])
    at = text.rindex(lost)
    text = text[:at] + text[at + 1 :]
    return prompt, rng.choice([text, f"Here it is:\n```json\n{text}\n```"])


def _misread(text: str, rng: random.Random) -> str:
    one = rng.choice(["latin-1", "cp1252", "ascii"])
    return text.encode().decode(one, "replace")


def _language(text: str) -> str:
    import py3langid

    return str(py3langid.classify(text)[0])


def _planted(kind: Kind, base: Sequence[Pair]) -> Row:
    """Return recall and precision of a check, and of the rule of thumb, on the same rows."""
    rng = random.Random(7)
    pairs, truth = list(base), np.zeros(len(base), np.bool_)
    for row in rng.sample(range(len(base)), int(SHARE * len(base))):
        faulty = kind.plant(*base[row], rng)
        if faulty is not None and faulty[1] != base[row][1]:
            pairs[row], truth[row] = faulty, True
    prompts, answers = zip(*pairs, strict=True)
    context = Context(languages=("en",) if kind.check == "wrong-language" else ())
    found = CHECKS.get(kind.check).run(rows_of(list(prompts), list(answers)), context)
    flagged = np.zeros(len(base), np.bool_)
    flagged[[row for finding in found.findings for row in finding.rows]] = True
    usual = np.array([kind.peer(prompt, answer) for prompt, answer in pairs])
    ours, theirs = _scores(flagged, truth), _scores(usual, truth)
    return Row(
        step=f"{kind.check}: recall (quality: precision), {int(truth.sum())} planted in "
        f"{len(base)} rows",
        ours=ours[0],
        peer=theirs[0],
        ratio=float("nan"),
        quality_ours=ours[1],
        quality_peer=theirs[1],
        note=kind.note,
    )


def _scores(flagged: Any, truth: Any) -> tuple[float, float]:
    hit = float((flagged & truth).sum())
    return hit / max(float(truth.sum()), 1), hit / max(float(flagged.sum()), 1)


def _boilerplate(base: Sequence[Pair]) -> Row:
    """Plant three closing sentences in 3 % of the rows each, and count which are found."""
    rng = random.Random(7)
    answers = [answer for _, answer in base]
    spots = rng.sample(range(len(base)), int(0.09 * len(base)))
    for n, row in enumerate(spots):
        answers[row] += f"\n{_PHRASES[n % 3]}"
    found = CHECKS.get("boilerplate").run(rows_of([p for p, _ in base], answers), Context())
    flagged, truth = np.zeros((2, len(base)), np.bool_)
    flagged[[row for finding in found.findings for row in finding.rows]] = True
    truth[spots] = True
    recall, precision = _scores(flagged, truth)
    return Row(
        step=f"boilerplate: recall (quality: precision), {len(spots)} planted in {len(base)} rows",
        ours=recall,
        peer=float("nan"),
        ratio=float("nan"),
        quality_ours=precision,
        note="3 closing sentences, none of which is on a list",
    )


_PHRASES = (
    "Wishing you a splendid day ahead.",
    "This concludes the present explanation.",
    "Write back whenever it suits you.",
)


def _speed(base: Sequence[Pair]) -> list[Row]:
    """Return CPU seconds of each check on 100,000 rows of about 600 characters."""
    many = _many(base)
    few = many.take(np.arange(500, dtype=np.int64))
    names = [name for name in CHECKS if CHECKS.get(name).family == "quality"]
    out = [_cost(name, many, few) for name in (*names, "too-long")]
    out.append(_watched(many))
    total = sum(row.ours for row in out)
    mean = np.mean([len(a) for a in many.answer.to_pylist()]) + np.mean(
        [len(p) for p in many.asked.to_pylist()]
    )
    whole = Row(
        step=f"all of quality, form and length, CPU s on {N_SPEED:,} rows of {mean:.0f} characters",
        ours=total,
        peer=float("nan"),
        ratio=float("nan"),
        target="< 12 s",
        met=bool(total < 12),
    )
    return [*out, whole]


def _many(base: Sequence[Pair]) -> Rows:
    """Return rows drawn so that they are of 600 characters on average, each with its own number."""
    rng = np.random.default_rng(7)
    sizes = np.array([len(prompt) + len(answer) for prompt, answer in base])
    longer = sizes >= CHARACTERS
    up, down = sizes[longer].mean() - CHARACTERS, CHARACTERS - sizes[~longer].mean()
    weight = np.where(longer, down / longer.sum(), up / (~longer).sum())
    picked = rng.choice(len(base), N_SPEED, p=weight / weight.sum())
    prompts = [f"{n}. {base[row][0]}" for n, row in enumerate(picked.tolist())]
    return rows_of(prompts, [base[row][1] for row in picked.tolist()])


def _cost(name: str, many: Rows, few: Rows) -> Row:
    check, context = CHECKS.get(name), Context(token_limit=2048)
    check.run(few, context)
    start = time.process_time()
    check.run(many, context)
    return _seconds(name, time.process_time() - start)


def _watched(many: Rows) -> Row:
    texts = zip(many.asked.to_pylist(), many.answer.to_pylist(), strict=True)
    chats = [
        {"messages": [{"role": "user", "content": p}, {"role": "assistant", "content": a}]}
        for p, a in texts
    ]
    start = time.process_time()
    watch = Watch()
    for number, chat in enumerate(chats):
        watch.add(number, chat)
    watch.found()
    return _seconds("format and mixed-schema", time.process_time() - start)


def _seconds(name: str, seconds: float) -> Row:
    step = f"{name}, CPU s on {N_SPEED:,} rows"
    return Row(step=step, ours=seconds, peer=float("nan"), ratio=float("nan"))


if __name__ == "__main__":
    main()
