"""What changed between two versions, for machines: diff.jsonl (a line a change) and diff.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from curate.audit.diff import Change, Diff
from curate.audit.edits import word_edit
from curate.audit.matching import MATCHED_BY
from curate.audit.shifts import Coverage, Share
from curate.checks.evidence import Spans, excerpt
from curate.checks.personal import Redactor
from curate.checks.rows import Rows
from curate.files import beside, write_json
from curate.measure.intervals import Interval, share_interval

__all__ = ["diff_lines", "diff_rates", "diff_summary", "shares_shown", "write_diff"]

Json = Any


def write_diff(
    folder: Path, changed: Diff, *, versions: Mapping[str, str], show_text: bool = True
) -> tuple[Path, Path]:
    """Write ``diff.json`` and ``diff.jsonl`` into a folder, and return their paths.

    Args:
        folder: Made where it is not there.
        changed: What changed.
        versions: Of the packages, for the record.
        show_text: False leaves the rows' texts and metadata out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines, summary = folder / "diff.jsonl", folder / "diff.json"
    with beside(lines) as draft, draft.open("w", encoding="utf-8") as file:
        for line in diff_lines(changed, show_text=show_text):
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    write_json(summary, {**diff_summary(changed), "versions": dict(versions)})
    return summary, lines


def diff_rates(changed: Diff) -> dict[str, Interval]:
    """Return how many rows changed in each way, as shares with their intervals.

    Removed rows are a share of the version before, added ones and those that a check finds anew
    of the version after, all others of the rows that are in both.
    """
    counts, both = changed.counts, len(changed.pairs[0])
    of = {"removed": len(changed.a), "added": len(changed.b)}
    rates = {kind: _rate(n, of.get(kind, both)) for kind, n in counts.items()}
    return rates | {fault.check: _rate(len(fault.new), len(changed.b)) for fault in changed.faults}


def diff_summary(changed: Diff) -> dict[str, Json]:
    """Return the facts on the whole, of JSON's kinds."""
    by = np.bincount(changed.by, minlength=len(MATCHED_BY)).tolist()
    return {
        "before": {"files": list(changed.a.files), "rows": len(changed.a)},
        "after": {"files": list(changed.b.files), "rows": len(changed.b)},
        "counts": changed.counts,
        "rates": {name: asdict(rate) for name, rate in diff_rates(changed).items()},
        "matched_by": dict(zip(MATCHED_BY, by, strict=True)),
        "ids_used": changed.ids_used,
        "lengths": [asdict(length) for length in changed.lengths],
        "shares": [asdict(share) for share in shares_shown(changed)],
        "coverage": _coverage(changed.coverage),
        "checks": [
            {
                "check": fault.check,
                "before": fault.before,
                "after": fault.after,
                "new": len(fault.new),
                "mended": len(fault.mended),
                "skipped": fault.skipped,
            }
            for fault in changed.faults
        ],
    }


def shares_shown(changed: Diff) -> list[Share]:
    """Return how the shares of values changed, personal data and secrets in the values masked."""
    said = Redactor(how="mask").texts([share.value for share in changed.shares])
    return [replace(share, value=v) for share, v in zip(changed.shares, said, strict=True)]


def diff_lines(changed: Diff, *, show_text: bool = True) -> Iterator[dict[str, Json]]:
    """Yield a JSON object a change: changed pairs, removed rows, added rows, then new faults.

    Personal data and secrets are masked. Spans count characters of the excerpt beside them.
    """
    changes = changed.changes()
    while some := list(islice(changes, _BATCH)):
        texts = _masked(changed, some) if show_text else {}
        beside = _beside(some, show_text)
        for change, (flip, columns) in zip(some, beside, strict=True):
            yield _line(changed, replace(change, flip=flip, columns=columns), texts)
    for fault in changed.faults:
        yield from _fault_lines(changed, fault.check, fault.new, "new")
        for row in fault.mended:
            place = changed.a.place(row)
            yield {"kind": "mended", "check": fault.check, "before": place, "after": None}


_BATCH = 2_000
_SHOWN = 600
Texts = Mapping[tuple[str, int, str], str]
"""(before or after, row, field) to its text, masked."""


def _rate(part: int, whole: int) -> Interval:
    share = part / whole if whole else float("nan")
    low, high = share_interval(share, whole)
    return Interval(value=share, low=low, high=high, n=whole)


def _coverage(found: Coverage | None) -> Json:
    if found is None:
        return None
    return {
        "state": found.drift.state,
        "reasons": list(found.drift.reasons),
        "auroc": asdict(found.test.auroc),
        "p_value": found.test.p_value,
        "psi": found.clusters.psi,
        "psi_by_chance": found.clusters.psi_by_chance,
        "uncovered": asdict(found.uncovered),
        "clusters": [
            {"before": c.old, "after": c.new, "low": c.low, "high": c.high}
            for c in found.clusters.clusters
        ],
    }


def _masked(changed: Diff, changes: Sequence[Change]) -> Texts:
    """Return the texts that changes show, personal data and secrets masked."""
    wanted = list(dict.fromkeys(_wanted(changes)))
    sides = {"before": changed.a, "after": changed.b}
    said = [getattr(sides[side], field)[row].as_py() for side, row, field in wanted]
    masked = Redactor(how="mask").texts(said)
    return {key: text for key, text in zip(wanted, masked, strict=True) if text is not None}


def _beside(changes: Sequence[Change], show_text: bool) -> Iterator[tuple[str, _Columns]]:
    """Yield what was turned round, and what is said beside the texts: masked, long texts cut."""
    columns = [list((change.columns or {}).items()) for change in changes]
    cells = [(name, side) for some in columns for name, sides in some for side in sides]
    redactor = Redactor(how="mask")
    flips = redactor.texts([change.flip for change in changes])
    names = redactor.texts([name for some in columns for name, _ in some])
    leads = [f"{name.removeprefix('metadata.')}: " for name, _ in cells]
    said = redactor.texts([side for _, side in cells], leads)
    named = iter(names)
    sides = iter(
        _cut(text) if show_text or not name.startswith("metadata.") else None
        for (name, _), text in zip(cells, said, strict=True)
    )
    for flip, some in zip(flips, columns, strict=True):
        yield flip or "", {next(named) or "": (next(sides), next(sides)) for _ in some}


_Columns = dict[str, tuple[str | None, str | None]]


def _cut(text: str | None) -> str | None:
    return text and excerpt(text, (), most=_SHOWN).text


def _wanted(changes: Iterable[Change]) -> Iterator[tuple[str, int, str]]:
    for change in changes:
        if not change.texts and change.before is not None and change.after is not None:
            continue
        fields = change.texts or ("prompt", "answer", "rejected")
        for side, row in (("before", change.before), ("after", change.after)):
            if row is not None:
                yield from ((side, row, field) for field in fields)


def _line(changed: Diff, change: Change, texts: Texts) -> dict[str, Json]:
    line: dict[str, Json] = {
        "kind": change.kind,
        "before": _place(changed.a, change.before),
        "after": _place(changed.b, change.after),
        "matched_by": change.matched_by or None,
    }
    line |= {"flip": change.flip} if change.flip else {}
    line |= {"only_case_and_space": True} if change.only_space else {}
    if change.columns:
        line["columns"] = {k: {"before": a, "after": b} for k, (a, b) in change.columns.items()}
    shown = dict(_shown(change, texts))
    return line | ({"texts": shown} if shown else {})


def _place(rows: Rows, row: int | None) -> str | None:
    return None if row is None else rows.place(row)


def _shown(change: Change, texts: Texts) -> Iterator[tuple[str, Json]]:
    """Yield each field with its excerpts, and which words of them changed."""
    fields = change.texts or ("prompt", "answer", "rejected")
    paired = bool(change.texts) and change.before is not None and change.after is not None
    for field in fields if paired or change.before is None or change.after is None else ():
        keys = [("before", change.before), ("after", change.after)]
        said = [None if row is None else texts.get((side, row, field)) for side, row in keys]
        if said == [None, None]:
            continue
        spans: tuple[Spans, Spans] = ((), ())
        if said[0] is not None and said[1] is not None:
            spans = word_edit(said[0], said[1])
        yield (
            field,
            {
                side: _excerpt(text, where)
                for (side, _), text, where in zip(keys, said, spans, strict=True)
            },
        )


def _excerpt(text: str | None, spans: Spans) -> Json:
    if text is None:
        return None
    piece = excerpt(text, spans, most=_SHOWN)
    return {"text": piece.text, "spans": [list(span) for span in piece.spans]}


def _fault_lines(
    changed: Diff, check: str, new: Sequence[tuple[int, Any]], kind: str
) -> Iterator[dict[str, Json]]:
    for row, finding in new:
        place = changed.b.place(row)
        message = finding.message
        yield {"kind": kind, "check": check, "before": None, "after": place, "message": message}
