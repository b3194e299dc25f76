"""Rows with known truth: values in sentences, the sentences in real texts.

The parts differ in the seed, the texts that carry the values, the words around them (and their
languages), the countries and the ways values are written.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.personal_report import UNSEEN, UNSEEN_LABELS, UNSEEN_NEGATIVES, UNSEEN_PHRASES
from benchmarks.personal_values import NEGATIVES, POSITIVES, Maker, Part, Seen
from benchmarks.table import data_file

__all__ = ["Planted", "planted", "texts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One row: a real text with one value in it, or with something that only looks like one."""

    text: str
    kind: str
    """Kind of the value; of a hard negative what it is, led by ``no ``."""
    start: int
    end: int
    """Where the value stands, half-open; of a hard negative nothing counts."""


PHRASES: Mapping[Seen, Mapping[str, tuple[str, ...]]] = {
    "development": {
        "email": ("Send it to {}.", "{}", "Contact: {}"),
        "phone": ("Call me at {}.", "Phone: {}", "My number is {}, call after six."),
        "card": ("Charge my card {} please.", "Card number: {}", "{}"),
        "iban": ("Transfer it to {}.", "IBAN: {}"),
        "ip": ("The client's IP is {}.", "Blocked login from {}"),
        "mac": ("The MAC address is {}.", "device {} joined"),
        "national_id": ("My tax number is {}.", "SSN / ID: {}"),
        "passport": ("My passport number is {}.", "Passport: {}"),
        "birth_date": ("Date of birth: {}", "DOB {}"),
        "address": ("I live at {}.", "Ship it to {}"),
        "wallet": ("Send it to my wallet {}.", "{}"),
        "api_key": ("My key is {}.", "export KEY={}"),
        "jwt": ("Authorization: Bearer {}", "The session holds {}"),
        "private_key": ("Here it is:\n{}\n",),
        "url_credentials": ("postgres://{}@db.acme.io:5432/main",),
        "password": ("My password is {}.", 'password = "{}"'),
        "no": ("The order {} came.", "It says {} there.", "Version {} is out.", "{}"),
    },
    "first": {
        "email": ("Reply to {} by noon.", "Écris à {} stp.", '{{"to": "{}"}}', "<{}>", "{}, too"),
        "phone": (
            *("Text us on {} any time.", "Tel. {}", "Llámame al {}.", "Erreichbar unter {}"),
            *('"phone": "{}"', "reach her on her mobile: {}", "Fax {}", "Meu celular: {}"),
        ),
        "card": ("Paid with {}, exp 09/27.", "Meine Karte: {}", '"pan": "{}"', "It is {} on file."),
        "iban": ("Bitte auf {} überweisen.", "Account {} is ours.", "{}", '"account": "{}"'),
        "ip": (
            "ssh admin@{}",
            "Connection from {} port 22",
            '"remote_addr": "{}"',
            "Host {} is down.",
        ),
        "mac": ("ether {}", "hwaddr={}", "The printer ({}) is offline."),
        "national_id": ("{label}: {}", "{label} {}", "Her {label} is {}."),
        "passport": (
            "Reisepass Nr. {}",
            "Numéro de passeport : {}",
            "passport no. {}",
            "Pasaporte {}",
        ),
        "birth_date": (
            *("Geburtsdatum: {}", "I was born on {}.", "Née le {}", '"date_of_birth": "{}"'),
            "my birthday is {}",
        ),
        "address": (
            "Deliver to {}, please.",
            "Anschrift: {}",
            "Home address - {}",
            "Moved from {} in May.",
        ),
        "wallet": ("Donations: {}", "to={}&amount=3", "BTC/TRX {}"),
        "api_key": (
            "curl -H 'X-Key: {}'",
            'client = Client("{}")',
            "It was {} all along.",
            "TOKEN={}",
        ),
        "jwt": ("Cookie: session={}; path=/", "token: {}", "{}"),
        "private_key": ('key = """{}"""', "{}\n", "cat id_key\n{}\nexit"),
        "url_credentials": (
            "redis://{}@cache-1:6379/0",
            "git clone https://{}@git.corp.io/a/b.git",
        ),
        "password": (
            "Passwort: {}",
            "pwd={}",
            "the passphrase was {}",
            "Contraseña: {}",
            "DB_PASSWORD={}",
        ),
        "no": (
            *("Bestellung {} ist da.", "Ref {} closed.", "see {} for more", "It gave {} again."),
            *("release {} fixed it", "({})", "The answer is {}."),
        ),
    },
}
"""Words around the values; `label` is what the country calls its number."""

LABELS = (
    *("NHS number", "numéro de sécu", "Aadhaar", "PESEL", "personnummer", "RRN", "AHV-Nr.", "BSN"),
    *("Steuer-ID", "henkilötunnus"),
)

CARRIERS: Mapping[Part, tuple[str, ...]] = {
    "development": ("H_selfinstruct_seed_tasks.jsonl", "G_banking77.jsonl.gz"),
    "first": (
        "H_arena_hard_v01_questions.jsonl.gz",
        "A_oasst_sampling_reports_3models.jsonl.gz",
        "B_llmbar_419_gold_plus_llm_judges.jsonl.gz",
    ),
    "report": (
        "A_committee_selfinstruct252_8models.jsonl.gz",
        "A_judge_repeats_vicuna_mtbench_4models_3xgpt4.jsonl.gz",
        "E_truthfulqa_human_truth_info_labels.jsonl.gz",
    ),
}
SEEDS: Mapping[Part, int] = {"development": 11, "first": 20_261, "report": 977}


def planted(part: Part, times: int = 60) -> list[Planted]:
    """Return rows with one value each, `times` of each kind and of each hard negative."""
    rng = Random(SEEDS[part])
    carriers = [t for name in CARRIERS[part] for t in texts_of(name) if _carries(t)]
    kinds = [*POSITIVES, *(f"no {what}" for what in _negatives(part))] if carriers else []
    rows = [_row(part, kind, rng, n, carriers) for kind in kinds for n in range(times)]
    rng.shuffle(rows)
    return rows


def _negatives(part: Part) -> Mapping[str, tuple[Maker, ...]]:
    return UNSEEN_NEGATIVES if part == "report" else NEGATIVES[part]


def texts_of(name: str) -> list[str]:
    """Return the distinct texts of 60 to 1,200 characters in a file of real data."""
    path = data_file(name)
    if path is None:
        return []
    return list(
        dict.fromkeys(t for row in _lines(path) for t in _texts(row) if 60 <= len(t) <= 1200)
    )


def _lines(path: Path) -> Iterator[object]:
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
    with opened as lines:
        yield from map(json.loads, lines)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _carries(text: str) -> bool:
    """Say whether a text may carry a value: it has none of its own that could count."""
    return not re.search(r"@|\d[\d .-]{4,}|://|(?i:password|address|street)", text)


def _row(part: Part, kind: str, rng: Random, n: int, carriers: Sequence[str]) -> Planted:
    made, which = _value(part, kind, rng, n)
    about = "no" if kind.startswith("no ") else kind
    phrases = UNSEEN_PHRASES[about] if part == "report" else PHRASES[part][about]
    labels = UNSEEN_LABELS if part == "report" else LABELS
    phrase = rng.choice(phrases).replace("{label}", labels[which % len(labels)])
    lead, _, tail = phrase.replace("{{", "{").replace("}}", "}").partition("{}")
    carrier = rng.choice(carriers)
    at = rng.choice([m.end() for m in re.finditer(r"[.!?] |\n|$", carrier)])
    before = carrier[:at].rstrip() + rng.choice(" \n") + lead
    text = f"{before}{made}{tail} {carrier[at:]}"
    return Planted(text=text, kind=kind, start=len(before), end=len(before) + len(made))


def _value(part: Part, kind: str, rng: Random, n: int) -> tuple[str, int]:
    """Return a value, and which of the makers made it: all in turn."""
    if kind.startswith("no "):
        plain = _negatives(part)[kind.removeprefix("no ")]
    else:
        plain = UNSEEN[kind] if part == "report" else POSITIVES[kind][part]
    which = n % len(plain)
    return plain[which](rng), which
