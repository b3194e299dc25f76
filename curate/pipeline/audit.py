"""Training files to findings: read, embed, check, write, and say whether the bar was passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from curate.console import bar
from curate.errors import ConfigError, InputError
from curate.files import write_json
from curate.pipeline.audit_desk import check_desk, on_the_desk, with_samples
from curate.pipeline.audit_fix import check_fix, fixed
from curate.pipeline.audit_inputs import (
    audited_of,
    checks_of,
    context_of,
    nothing_read,
    read_files,
)
from curate.pipeline.audit_options import AuditOptions
from curate.pipeline.audit_page import write_page
from curate.pipeline.summary import Summary
from curate.pipeline.versions import versions

if TYPE_CHECKING:
    from curate.audit import Audited, Bar, Fixed, ReadRows, Watches
    from curate.checks import Check, Context, Found

__all__ = ["audit", "list_checks"]

Json = Any


def list_checks() -> Summary:
    """Return every check with its family, severity, threshold and what it flags."""
    from curate.checks import CHECKS

    checks = [CHECKS.get(name) for name in CHECKS]
    wide = max(len(check.name) for check in checks)
    notes = [
        f"{check.name:<{wide}}  {check.family:<13}  {check.severity:<7}  {_about(check)}"
        for check in checks
    ]
    return Summary(
        stage="audit",
        counts={"checks": len(checks)},
        notes=tuple(notes),
        data={"checks": [_described(check) for check in checks]},
    )


def _about(check: Check) -> str:
    threshold = "" if np.isnan(check.threshold) else f" [{check.threshold:g}: {check.means}]"
    needs = f" (needs {', '.join(check.needs)})" if check.needs else ""
    return f"{check.about}{threshold}{needs}"


def _described(check: Check) -> dict[str, Json]:
    return {
        "name": check.name,
        "family": check.family,
        "severity": check.severity,
        "about": check.about,
        "threshold": None if np.isnan(check.threshold) else check.threshold,
        "means": check.means,
        "needs": list(check.needs),
        "fixes": check.fixes,
    }


def audit(paths: Sequence[str | Path], asked: AuditOptions | None = None) -> Summary:
    """Audit training files and write what was found.

    Into the folder go findings.jsonl, findings.parquet, summary.json, findings.sarif and
    audit.html; vectors are kept there too, so that a run which was stopped goes on.

    Args:
        paths: Files, folders or globs of any format that is read.
        asked: What is asked for.

    Returns:
        A summary whose `data` has ``above_the_bar``: check to why; empty = passed.

    Raises:
        ConfigError: If an option is out of range, or a check that --fail-on names could not look.
        InputError: If a file cannot be read at all.
    """
    from curate.audit import above, parse_bar

    asked = asked or AuditOptions()
    bars = [parse_bar(text) for text in asked.fail_on or ("error",)]
    checks = checks_of(asked)
    folder = asked.out or Path(f"audit-{_stem(paths[0])}")
    _check_places(folder, paths, asked)
    read, watch = read_files(paths, asked)
    if not read.n_raw or not len(read.rows):
        raise InputError(nothing_read(paths, read))
    context = context_of(read.rows, asked, folder)
    found, masks = _run(checks, read, context, watch)
    _could_look(bars, checks, found)
    unreadable = len({(r.file, r.line) for r in read.rejected}) / read.n_raw
    audited = audited_of(paths, read, checks, found, asked)
    audited = replace(audited, masks=masks, over=above(bars, checks, found, unreadable))
    written = _write(folder, audited, context, asked)
    mended = fixed(audited, paths, asked)
    sent = tuple(on_the_desk(audited, folder, asked.desk)) if asked.desk else ()
    return _summary(audited, written, mended, sent)


def _check_places(folder: Path, paths: Sequence[str | Path], asked: AuditOptions) -> None:
    """Refuse what could not be written or read in the end, before hours go into an audit."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--out {folder}: that is a file; name a folder")
    check_fix(paths, asked)
    check_desk(asked.desk)
    if asked.project is not None:
        from curate.project import Project

        Project(asked.project)


def _run(
    checks: Sequence[Check], read: ReadRows, context: Context, watch: Watches
) -> tuple[list[Found], tuple[Found, ...]]:
    """Return what the checks found, and what others found that must be masked."""
    from curate.audit import masking_checks, run_checks, without_secrets

    every = (*checks, *masking_checks(checks))
    place = {check.name: n for n, check in enumerate(every)}
    with bar("checking") as progress:

        def told(check: str, done: int, total: int) -> None:
            progress(place[check] * 1000 + 1000 * done // max(total, 1), 1000 * len(every))

        seen = watch.found(read.raw)
        found = run_checks(every, read.rows, context, seen=seen, told=told)
    families = {check.name: check.family for check in checks}
    masked = without_secrets(found, read.rows)
    n = len(checks)
    return with_samples(masked[:n], families, context.seed), tuple(masked[n:])


def _could_look(bars: Sequence[Bar], checks: Sequence[Check], found: Sequence[Found]) -> None:
    """Refuse a bar on what could not look: it would pass whatever the rows hold.

    That is a check that is named, a family of which none looked, and any check that broke.
    """
    from curate.audit import BROKE
    from curate.checks import CHECKS
    from curate.checks.check import Family

    for name in dict.fromkeys(one.name for one in bars):
        below = [
            (one.check, one.skipped)
            for check, one in zip(checks, found, strict=True)
            if name in (check.name, check.family, check.severity)
        ]
        named = name in (*CHECKS, *get_args(Family))
        if named and not below:
            raise ConfigError(
                f"--fail-on {name}: left out by --only, --skip or --no-embed, so nothing could fail"
            )
        broken = [one for one in below if one[1].startswith(BROKE)]
        if broken or (named and all(why for _, why in below)):
            check, why = (broken or below)[0]
            raise ConfigError(f"--fail-on {name}: {check} could not look: {why}")


def _write(
    folder: Path, audited: Audited, context: Context, asked: AuditOptions
) -> tuple[Path, ...]:
    from curate.audit import sarif, write_findings, write_summary

    folder.mkdir(parents=True, exist_ok=True)
    paths = [*write_findings(folder, audited)]
    write_summary(folder / "summary.json", audited, versions=versions())
    write_json(folder / "findings.sarif", sarif(audited, version=versions()["curate-llm"]))
    page = write_page(folder, audited, context.vectors, asked)
    return (page, folder / "summary.json", *paths, folder / "findings.sarif")


def _summary(
    audited: Audited, written: Sequence[Path], mended: Fixed | None, sent: Sequence[str]
) -> Summary:
    severities = Counter(f.severity for one in audited.found for f in one.findings)
    counts: dict[str, Any] = {
        "rows": len(audited.rows),
        "unreadable": len(audited.rejected),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "notes": severities["info"],
    }
    return Summary(
        stage="audit",
        counts=counts,
        paths=tuple(path.as_posix() for path in written[:1]),
        notes=(*_lines(audited), *_fix_lines(mended), *sent, *_verdict(audited)),
        data={"above_the_bar": dict(audited.over)},
    )


def _lines(audited: Audited) -> Iterable[str]:
    if not audited.rows.has_answer.any() and not audited.rows.columns.get("label"):
        yield (
            "no row has an answer, so that prompts alone were looked at; where a column holds "
            "them, name it: --column completion=NAME"
        )
    wide = max((len(check.name) for check in audited.checks), default=0)
    for check, found in zip(audited.checks, audited.found, strict=True):
        if not found.findings:
            continue
        rows = f"{found.n_rows:,} rows ({found.rate:.2%})" if found.n_rows else "the whole set"
        said = _printable(shorten(found.findings[0].message, _WIDE, placeholder=" …"))
        yield f"{_worst(found):<7}  {check.name:<{wide}}  {rows}: {said}"
    skipped = [found.check for found in audited.found if found.skipped]
    if skipped:
        yield f"could not look: {', '.join(skipped)} (why: summary.json)"


_WIDE = 120


def _printable(text: str) -> str:
    """Return a text that steers no terminal, though a row be quoted in it."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _worst(found: Found) -> str:
    severities = {finding.severity for finding in found.findings}
    return next(s for s in ("error", "warning", "info") if s in severities)


def _fix_lines(mended: Fixed | None) -> Iterable[str]:
    if mended is not None:
        where = ", ".join(path.as_posix() for path in mended.paths)
        yield (
            f"{where}: {mended.kept:,} rows kept ({mended.changed:,} with personal data replaced), "
            f"{mended.removed:,} taken out with reasons: {mended.removed_path}"
        )


def _verdict(audited: Audited) -> Iterable[str]:
    for check, why in audited.over.items():
        yield f"above the bar: {check}: {why}"
    if not audited.over:
        yield "below the bar"


def _stem(path: str | Path) -> str:
    return Path(path).name.split(".")[0] or "data"
