"""The checks ``personal-data`` and ``secrets``: one finding a row, no value in a word of it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from curate.checks.check import Check, Context, Found
from curate.checks.evidence import joined
from curate.checks.personal import recognisers
from curate.checks.personal.kinds import KINDS, Family, named
from curate.checks.personal.match import Match, Recogniser
from curate.checks.personal.scan import scan, settled
from curate.checks.rows import Rows
from curate.measure.intervals import share_interval
from curate.records import Evidence, Finding

__all__ = ["PERSONAL", "SECRETS"]

Field = Literal["prompt", "answer", "rejected"]
_FIELDS: tuple[Field, ...] = ("prompt", "answer", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one family of recognisers saw in all rows."""

    matches: dict[int, dict[Field, list[Match]]] = field(default_factory=dict)
    """Row to field to matches at or above the threshold."""
    unsure: Counter[str] = field(default_factory=Counter)
    """Kind to matches below it."""
    distinct: dict[str, set[int]] = field(default_factory=dict)
    """Kind to hashes of the values."""


def _run(rows: Rows, context: Context, *, check: str, family: Family) -> Found:
    it = _CHECKS[check]
    seen = _see(rows, family, context)
    findings = tuple(_finding(it, row, seen.matches[row]) for row in sorted(seen.matches))
    looked_at = int(np.any([getattr(rows, name).is_valid() for name in _FIELDS], axis=0).sum())
    figures = _figures(seen, looked_at)
    return Found(check=check, findings=findings, looked_at=looked_at, figures=figures)


def _see(rows: Rows, family: Family, context: Context) -> _Seen:
    threshold = context.threshold(_CHECKS[_NAMES[family]])
    seen = _Seen()
    for done, name in enumerate(_FIELDS):
        texts = getattr(rows, name)
        hits = scan(texts, _LOOKS[family], threshold=0.0)
        held = texts.take(np.array(sorted(hits), np.int64))
        for row, text in zip(sorted(hits), held, strict=True):
            _note(seen, row, name, text.as_py(), threshold, family)
        context.progress((done + 1) * len(rows), len(_FIELDS) * len(rows))
    return seen


def _note(seen: _Seen, row: int, name: Field, text: str, threshold: float, family: Family) -> None:
    """Look once more, with all recognisers, so that a password is not taken for a phone number."""
    raw = [match for look in recognisers.RECOGNISERS for match in look.find(text)]
    kinds = [kind.name for kind in KINDS.values() if kind.family == family]
    sure = settled(text, raw, threshold, kinds)
    if sure:
        seen.matches.setdefault(row, {})[name] = sure
    for match in sure:
        seen.distinct.setdefault(match.kind, set()).add(hash(text[match.start : match.end]))
    maybe = settled(text, raw, 0.0, kinds)
    seen.unsure.update(match.kind for match in maybe if match.sure < threshold)


def _finding(check: Check, row: int, matches: Mapping[Field, Sequence[Match]]) -> Finding:
    found = [match for some in matches.values() for match in some]
    return Finding(
        check=check.name,
        severity=check.severity,
        message=_sentence(check, matches),
        rows=(row,),
        score=float(sum(match.sure for match in found)),
        evidence=tuple(
            Evidence(
                row=row,
                field=name,
                spans=joined((match.start, match.end) for match in some),
                note=_listed(some),
                secret=True,
            )
            for name, some in matches.items()
        ),
    )


def _sentence(check: Check, matches: Mapping[Field, Sequence[Match]]) -> str:
    places = [f"{_listed(some)} in the {_WORDS[name]}" for name, some in matches.items()]
    return f"The row holds {'; '.join(places)}; {_ADVICE[check.name]}"


_WORDS: Mapping[Field, str] = {
    "prompt": "prompt",
    "answer": "answer",
    "rejected": "rejected answer",
}
_ADVICE = {
    "personal-data": "redact it, or take the row out",
    "secrets": "revoke it, then take the row out or redact it",
}


def _listed(matches: Sequence[Match]) -> str:
    counts = Counter(match.kind for match in matches)
    parts = [named(kind, times) for kind, times in counts.items()]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _figures(seen: _Seen, looked_at: int) -> dict[str, Any]:
    share = len(seen.matches) / looked_at if looked_at else float("nan")
    return {
        "kinds": {kind: _tally(seen, kind) for kind in KINDS if kind in seen.distinct},
        "unsure": dict(sorted(seen.unsure.items())),
        "rate": share,
        "interval": list(share_interval(share, looked_at)),
    }


def _tally(seen: _Seen, kind: str) -> dict[str, int]:
    by_row = [
        sum(match.kind == kind for some in fields.values() for match in some)
        for fields in seen.matches.values()
    ]
    return {
        "rows": sum(times > 0 for times in by_row),
        "values": sum(by_row),
        "distinct": len(seen.distinct[kind]),
    }


_LOOKS: Mapping[Family, Sequence[Recogniser]] = {
    "personal": recognisers.PERSONAL,
    "secret": recognisers.SECRET,
}
_NAMES: Mapping[Family, str] = {"personal": "personal-data", "secret": "secrets"}
_MEANS = (
    "how sure a match must be to count: 1 = its check digits hold, .8 = it is written as only such"
    " values are, .6 = the words beside it say so, .3 = it may be one; at or above is flagged"
)

PERSONAL = Check(
    name="personal-data",
    family="personal",
    about=(
        "Rows that hold e-mail addresses, phone numbers, postal or IP addresses, card, account or"
        " identity numbers, dates of birth."
    ),
    severity="warning",
    threshold=0.5,
    means=_MEANS,
    run=functools.partial(_run, check="personal-data", family="personal"),
    by_row=True,
)
SECRETS = Check(
    name="secrets",
    family="personal",
    about="Rows that hold API keys, tokens, private keys, passwords, or URLs with passwords.",
    severity="error",
    threshold=0.5,
    means=_MEANS,
    run=functools.partial(_run, check="secrets", family="secret"),
    by_row=True,
)
_CHECKS = {check.name: check for check in (PERSONAL, SECRETS)}
