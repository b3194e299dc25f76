"""Are personal data and secrets found, and is nothing else taken for them?

Values of known truth (valid check digits, 16 kinds) stand in sentences within real texts, with as
many rows that hold something that only looks like one. A value counts as found where a match of
its kind shares at least half of the longer of the two; a match that finds none is a false one.
Thresholds, words and patterns were chosen on the development set. A first report on a set of
other texts, phrases, languages, countries and formats (``--part first``) gave recall .961 at
precision .999; its misses were then mended. The table is of a third set, which differs from both
in the same ways, and of which nothing was mended (`personal_set`, `personal_report`).
Sums of GSM8K's training set taught what is no phone number; its test set and MMLU taught nothing.

Beside it stand Presidio's patterns and, for secrets, detect-secrets, in an environment of their
own (``pip install presidio-analyzer detect-secrets``) whose interpreter the environment variable
``CURATE_PEER_PYTHON`` names. Presidio's score threshold is the one best on the development set.
It knows no dates of birth and no addresses. Of detect-secrets the entropy of strings, made for
code, is left out: in prose it flags every other word.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from benchmarks.personal_set import Planted, planted, texts_of
from benchmarks.personal_values import POSITIVES, Part
from benchmarks.table import Row, finish, json_path
from curate.checks.personal import KINDS, Match, scan

__all__ = ["main", "rows"]

NAN = float("nan")
SECRETS = tuple(kind.name for kind in KINDS.values() if kind.family == "secret")
PERSONAL = tuple(kind for kind in POSITIVES if kind not in SECRETS)

ENTITIES = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "ZA_MOBILE_NUMBER": "phone",
    "ZA_TELEPHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_BANK_NUMBER": "bank_account",
    "ABA_ROUTING_NUMBER": "bank_account",
    "IP_ADDRESS": "ip",
    "MAC_ADDRESS": "mac",
    "CRYPTO": "wallet",
}
NATIONAL = tuple(
    "US_SSN US_ITIN UK_NHS UK_NINO ES_NIF ES_NIE"
    " IT_FISCAL_CODE IT_IDENTITY_CARD PL_PESEL IN_AADHAAR"
    " IN_PAN SG_NRIC_FIN KR_RRN KR_FRN FI_PERSONAL_IDENTITY_CODE"
    " SE_PERSONNUMMER DE_TAX_ID DE_ID_CARD"
    " DE_SOCIAL_SECURITY AU_TFN CA_SIN ZA_ID_NUMBER TR_NATIONAL_ID TH_TNIN NG_NIN".split()
)
SECRET_TYPES = {
    "JSON Web Token": "jwt",
    "Private Key": "private_key",
    "Basic Auth Credentials": "url_credentials",
    "Secret Keyword": "password",
}
"""Of detect-secrets; every other of its types counts as a key."""


def rows() -> list[Row]:
    """Judge the report set, the speed, and real data that should have hardly any."""
    return [*_judged("report"), *_speed(), *_real()]


def main() -> None:
    """Judge, print."""
    if sys.argv[1:2] == ["--part"]:
        finish(_judged("first" if sys.argv[2] == "first" else "development"), None)
        return
    finish(rows(), json_path())


def _judged(part: Part) -> list[Row]:
    truth = planted(part)
    if not truth:
        return []
    ours = _ours([row.text for row in truth])
    presidio = _presidio(part, truth)
    secrets = _peer("detect-secrets", [row.text for row in truth], _type)
    table = [_row(part, [kind], truth, ours, presidio, "presidio") for kind in PERSONAL]
    table += [_row(part, [kind], truth, ours, secrets, "detect-secrets") for kind in SECRETS]
    table.append(_row(part, PERSONAL, truth, ours, presidio, "presidio"))
    table.append(_row(part, SECRETS, truth, ours, secrets, "detect-secrets"))
    return [*table, _row(part, (*PERSONAL, *SECRETS), truth, ours, None, "no one peer")]


Found = Sequence[Sequence[Match]]


def _ours(texts: Sequence[str]) -> Found:
    hits = scan(pa.array(texts, pa.large_string()))
    return [hits.get(row, []) for row in range(len(texts))]


def _row(
    part: str,
    kinds: Collection[str],
    truth: Sequence[Planted],
    ours: Found,
    peer: Found | None,
    name: str,
) -> Row:
    recall, precision = _scored(kinds, truth, ours)
    theirs = _scored(kinds, truth, peer) if peer else (NAN, NAN)
    what = next(iter(kinds)) if len(kinds) == 1 else f"all {len(kinds)} {_family(kinds)}kinds"
    missing = "" if peer or name.startswith("no") else ", not there: set CURATE_PEER_PYTHON"
    return Row(
        step=f"{what}: recall ({part}, {sum(row.kind in kinds for row in truth)} values)",
        ours=recall,
        peer=theirs[0],
        ratio=recall / theirs[0] if theirs[0] else NAN,
        quality_ours=precision,
        quality_peer=theirs[1],
        note=f"quality: precision; peer: {name}{missing}",
    )


def _family(kinds: Collection[str]) -> str:
    return {PERSONAL: "personal ", SECRETS: "secret "}.get(tuple(kinds), "")


def _scored(kinds: Collection[str], truth: Sequence[Planted], found: Found) -> tuple[float, float]:
    """Return recall and precision over some kinds; precision of no matches is NaN."""
    n = hits = matches = right = 0
    for row, some in zip(truth, found, strict=True):
        claims = [match for match in some if match.kind in kinds]
        good = [match for match in claims if match.kind == row.kind and _shares(match, row)]
        n += row.kind in kinds
        hits += bool(good)
        matches += len(claims)
        right += len(good)
    return hits / n if n else NAN, right / matches if matches else NAN


def _shares(match: Match, row: Planted) -> bool:
    """Say whether match and value share at least half of the longer of the two."""
    shared = min(match.end, row.end) - max(match.start, row.start)
    return shared >= max(match.end - match.start, row.end - row.start) / 2


def _presidio(part: Part, truth: Sequence[Planted]) -> Found | None:
    """Return what Presidio finds, at the threshold that has the best F1 on the development set."""
    found = _peer("presidio", [row.text for row in truth], _entity)
    if found is None:
        return None
    known = truth if part == "development" else planted("development")
    tuned = found if part == "development" else _peer("presidio", [r.text for r in known], _entity)
    asked = [kind for kind in PERSONAL if kind not in ("birth_date", "address")]
    thresholds = (0.0, 0.05, 0.1, 0.2, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1.0)
    best = max(thresholds, key=lambda at: _f1(*_scored(asked, known, _above(tuned or (), at))))
    print(f"presidio: score threshold {best}, best on the development set")
    return _above(found, best)


def _f1(recall: float, precision: float) -> float:
    return 2 * recall * precision / (recall + precision) if recall and precision else 0.0


def _above(found: Found, threshold: float) -> Found:
    return [[match for match in some if match.sure >= threshold] for some in found]


def _entity(name: str) -> str:
    if name.endswith("PASSPORT"):
        return "passport"
    return ENTITIES.get(name, "national_id" if name in NATIONAL else name)


def _type(name: str) -> str:
    return "entropy" if "Entropy" in name else SECRET_TYPES.get(name, "api_key")


def _peer(name: str, texts: Sequence[str], kind: Callable[[str], str]) -> Found | None:
    """Return what a peer finds, the best of what overlaps; None where it is not there."""
    said = _asked(name, texts)
    if said is None:
        return None
    matches = ([Match(a, b, kind(k), sure) for a, b, k, sure in one["found"]] for one in said[:-1])
    return [_best(some) for some in matches]


def _best(matches: Iterable[Match]) -> list[Match]:
    """Return the surest of those of one kind that overlap."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (-m.sure, m.start - m.end, m.start)):
        same = [m for m in kept if m.kind == match.kind]
        if all(match.end <= m.start or match.start >= m.end for m in same):
            kept.append(match)
    return kept


def _asked(name: str, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    python = os.environ.get("CURATE_PEER_PYTHON")
    if not python:
        return None
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    script = Path(__file__).with_name("peers_presidio.py")
    done = subprocess.run([python, str(script), name], input=lines, capture_output=True, text=True)
    if done.returncode:
        print(f"{name}: cannot be run by CURATE_PEER_PYTHON: {done.stderr.strip()[-200:]}")
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


SPEED_FILES = (
    *(
        "A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz",
        "H_arena_hard_v01_questions.jsonl.gz",
    ),
    *("B_llmbar_419_gold_plus_llm_judges.jsonl.gz", "H_gsm8k_train.jsonl.gz"),
    *("E_mmlu_redux_human_label_errors.jsonl.gz", "A_oasst_sampling_reports_3models.jsonl.gz"),
)


def _speed() -> list[Row]:
    """Measure CPU seconds for 100,000 rows of real text, one in 50 with a value planted."""
    texts = [text for name in SPEED_FILES for text in texts_of(name)]
    if not texts:
        return []
    rng = Random(5)
    values = [row.text for row in planted("report", 20)]
    some = [rng.choice(values if rng.random() < 0.02 else texts) for _ in range(100_000)]
    column = pa.array(some, pa.large_string())
    scan(column.slice(0, 1000))
    began = time.process_time()
    scan(column)
    ours = time.process_time() - began
    theirs = _asked("presidio", some[:1000])
    peer = float(theirs[-1]["seconds"]) * 100 if theirs else NAN
    mean = sum(map(len, some)) / len(some)
    return [
        Row(
            step=f"CPU seconds, 100k rows of {mean:.0f} characters",
            ours=ours,
            peer=peer,
            ratio=peer / ours,
            target="< 5 s",
            met=ours < 5,
            note="all kinds; peer: presidio's patterns, of personal data only, 1,000 rows x 100",
        )
    ]


def _real() -> list[Row]:
    """Count flags on sums and exam questions, which should have hardly any."""
    files = (
        "H_gsm8k_test.jsonl",
        "H_gsm8k_train.jsonl.gz",
        "E_mmlu_redux_human_label_errors.jsonl.gz",
    )
    return [_flagged(name, texts) for name in files if (texts := texts_of(name))]


def _flagged(name: str, texts: Sequence[str]) -> Row:
    ours = sum(map(bool, _ours(texts))) / len(texts) if texts else NAN
    found = _peer("presidio", texts[:2000], _entity)
    asked = [[m for m in some if m.kind in PERSONAL] for some in _above(found or (), 0.4)]
    theirs = sum(map(bool, asked)) / len(asked) if asked else NAN
    return Row(
        step=f"share of texts flagged, {name} ({len(texts)})",
        ours=ours,
        peer=theirs,
        ratio=theirs / ours if ours else NAN,
        note="peer: presidio at .4, first 2,000 texts, same kinds; hardly any is right",
    )


if __name__ == "__main__":
    main()
