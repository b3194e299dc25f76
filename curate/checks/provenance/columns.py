"""Rows of which nobody can say where they come from, under which terms, or by whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.check import Check, Context, Found
from curate.checks.figures import counted, numbered, percent, value_counts
from curate.checks.provenance.licenses import License, license_of
from curate.checks.rows import COLUMNS, Rows
from curate.records import Finding, Severity

__all__ = ["CHECK", "clashes", "missing_from"]

Bools = npt.NDArray[np.bool_]

EXPECTED = ("source", "license", "annotator", "guideline")


def missing_from(rows: Rows, column: str) -> Bools:
    """Say which rows have nothing, or nothing but space, in a column.

    Args:
        rows: Any rows.
        column: One of `rows.COLUMNS`, else a field of the rows' metadata.

    >>> from curate.checks import rows_of
    >>> missing_from(rows_of(["a", "b"], source=["web", " "]), "source").tolist()
    [False, True]
    """
    if column in COLUMNS:
        return numbered(rows.column(column))[0] < 0
    name = re.escape(json.dumps(column, ensure_ascii=False))
    held = pc.match_substring_regex(rows.metadata, rf'{name}\s*:\s*(?:[^\s"n]|n[^u]|"\s*[^\s"])')
    there: Bools = pc.fill_null(held, False).to_numpy(zero_copy_only=False)
    return ~there


def clashes(names: Sequence[str]) -> list[str]:
    """Say which licences cannot stand in one set that is passed on, and why.

    Two share-alike licences each ask that the whole bear their own terms; one without derivatives
    forbids any change; a closed one any use.

    Args:
        names: As rows name them; unknown ones are left out.

    >>> clashes(["CC-BY-SA-4.0", "MIT", "CC-BY-NC-SA-4.0"])
    ['CC-BY-NC-SA-4.0 and CC-BY-SA-4.0 each ask that the whole set bear their own terms']
    """
    known = sorted({found.id: found for name in names if (found := license_of(name))}.items())
    alike = [id for id, found in known if found.share_alike]
    said = []
    if len({_family(id) for id in alike}) > 1:
        said.append(f"{' and '.join(alike)} each ask that the whole set bear their own terms")
    said += [
        f"{id} forbids changed copies, which a training set is"
        for id, f in known
        if f.no_derivatives
    ]
    return said + [f"{id}: nothing may be done without asking" for id, f in known if f.closed]


def _run(rows: Rows, context: Context) -> Found:
    if not len(rows):
        return Found(check=CHECK.name, skipped="no rows")
    missing = {name: missing_from(rows, name) for name in context.required or EXPECTED}
    named = value_counts(rows.column("license"))
    findings = [
        *_of_columns(missing, bool(context.required), context.threshold(CHECK)),
        *_of_licenses(rows, named),
    ]
    figures = {
        "missing": {name: float(mask.mean()) for name, mask in missing.items()},
        "licenses": [_license_row(name, n) for name, n in list(named.items())[:_SHOWN]],
    }
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=len(rows), figures=figures)


CHECK = Check(
    name="provenance",
    family="provenance",
    about="Rows without source, licence, annotator or guideline, and licences that clash.",
    severity="warning",
    threshold=0.5,
    means="share of the rows that have a column from which it is expected of all (unless columns "
    "are required by name); rows without it are flagged",
    run=_run,
    fixes=False,
)

_SHOWN, _TOLD = 30, 5
_NAMES = 1_000
"""Different licences at most that are looked up, the commonest."""


def _of_columns(
    missing: Mapping[str, Bools], required: bool, threshold: float
) -> Iterator[Finding]:
    for name, mask in missing.items():
        share = float(mask.mean())
        if mask.any() and (required or (share < 1 and 1 - share >= threshold)):
            why = "which is required" if required else "though most do"
            do = "does" if mask.sum() == 1 else "do"
            yield _finding(
                f"{int(mask.sum()):,} of {counted(len(mask), 'row')} ({percent(share)}) {do} not "
                f"say the {name}, {why}: fill it in, or leave them out where it cannot be found",
                "warning",
                np.flatnonzero(mask),
                score=share,
            )
    nowhere = [name for name, mask in missing.items() if mask.all()]
    if nowhere and not required:
        yield _finding(
            f"No row says its {', '.join(nowhere)}: keep what is known beside each row, so that "
            "the set can be defended",
            "info",
        )


def _of_licenses(rows: Rows, named: Mapping[str, int]) -> Iterator[Finding]:
    known = {name: license_of(name) for name in list(named)[:_NAMES]}
    unknown = [name for name, found in known.items() if found is None]
    if unknown:
        yield _finding(
            f"Licences that are not known here: {', '.join(map(repr, unknown[:_TOLD]))}; name them "
            "by their SPDX id, or read what they allow",
            "info",
            _rows_with(rows, unknown),
        )
    for text in clashes(list(known)):
        yield _finding(f"Licences clash: {text}", "warning", score=1.0)
    for kind, asks in _ASKS.items():
        bound = [name for name, found in known.items() if found and getattr(found, kind)]
        if bound:
            at = _rows_with(rows, bound)
            told, are = ", ".join(bound[:_TOLD]), "is" if len(at) == 1 else "are"
            yield _finding(
                f"{counted(len(at), 'row')} ({percent(len(at) / len(rows))}) {are} under {told}: "
                f"{asks}",
                "info",
                at,
            )


_ASKS = {
    "non_commercial": "they may not be used for profit",
    "share_alike": "what is made of them must be passed on under the same terms",
}


def _rows_with(rows: Rows, names: Sequence[str]) -> npt.NDArray[np.int64]:
    column = rows.column("license").cast(pa.string())
    inside = pc.fill_null(pc.is_in(column, pa.array(names, pa.string())), False)
    return np.flatnonzero(inside.to_numpy(zero_copy_only=False))


def _license_row(name: str, n: int) -> dict[str, Any]:
    found: License | None = license_of(name)
    return {
        "name": name,
        "n": n,
        "id": found.id if found else None,
        "non_commercial": found.non_commercial if found else None,
        "share_alike": found.share_alike if found else None,
    }


def _family(id: str) -> str:
    """Return what versions of one licence have in common: a newer one may be taken."""
    return re.sub(r"-[\d.]+(?:-only|-or-later)?$", "", id)


def _finding(
    message: str,
    severity: Severity,
    rows: npt.NDArray[np.int64] | None = None,
    *,
    score: float = float("nan"),
) -> Finding:
    at = () if rows is None else tuple(rows.tolist())
    return Finding(check=CHECK.name, severity=severity, message=message, rows=at, score=score)
