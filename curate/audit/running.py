"""Which checks run, in which order, and what each found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from curate.checks.catalogue import CHECKS
from curate.checks.check import Check, Context, Found
from curate.checks.evidence import secret_spans
from curate.checks.rows import Rows
from curate.errors import ConfigError
from curate.records import Finding
from curate.report.audit.hidden import Hidden

__all__ = ["BROKE", "chosen_checks", "masking_checks", "run_checks", "without_secrets"]

Told = Callable[[str, int, int], None]
"""Told (check, done, total) as checks go on."""


def chosen_checks(
    *, only: Sequence[str] = (), skip: Sequence[str] = (), embed: bool = True
) -> tuple[Check, ...]:
    """Return the checks to run, in the order of the catalogue.

    Args:
        only: Names or families; empty = all.
        skip: Names or families to leave out.
        embed: False leaves out those that look at vectors alone.

    Raises:
        ConfigError: If there is no check or family of a name.
    """
    checks = [CHECKS.get(name) for name in CHECKS]
    families = {check.family for check in checks}
    for name in (*only, *skip):
        if name not in families:
            CHECKS.get(name)
    wanted = [c for c in checks if not only or c.name in only or c.family in only]
    kept = [c for c in wanted if c.name not in skip and c.family not in skip]
    return tuple(c for c in kept if embed or "vectors" not in c.needs)


def masking_checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks of personal data and secrets that are not among those to run.

    What they find is masked in all that is written, whichever checks were asked for.
    """
    known = {check.name for check in checks}
    personal = (CHECKS.get(name) for name in ("personal-data", "secrets"))
    return tuple(check for check in personal if check.name not in known)


def run_checks(
    checks: Iterable[Check],
    rows: Rows,
    context: Context,
    *,
    seen: Iterable[Found] = (),
    told: Told | None = None,
) -> list[Found]:
    """Run checks one after the other.

    A check that breaks is not run as if it had found nothing: it stands as skipped, with why.

    Args:
        checks: In the order in which they run.
        rows: What is audited.
        context: What they may look at besides.
        seen: What was found while the rows were read: stands in place of those checks.
        told: Told how far each check is.
    """
    known = {found.check: found for found in seen}
    tell = told or (lambda check, done, total: None)
    return [known.get(check.name) or _found(check, rows, context, tell) for check in checks]


def _found(check: Check, rows: Rows, context: Context, tell: Told) -> Found:
    tell(check.name, 0, 1)
    told = replace(context, progress=lambda done, total: tell(check.name, done, total))
    if missing := _missing(check, context):
        return Found(check=check.name, skipped=missing)
    try:
        return _sorted(check.run(rows, told))
    except (KeyboardInterrupt, MemoryError):
        raise
    except ConfigError:
        raise
    except Exception as bad:
        return Found(check=check.name, skipped=f"{BROKE} ({type(bad).__name__}: {bad})")


BROKE = "the check itself failed; please report it"
"""How `Found.skipped` begins where a check broke."""


def _missing(check: Check, context: Context) -> str:
    given = {
        "vectors": bool(context.vectors),
        "benchmarks": bool(context.benchmarks),
        "logs": context.logs is not None,
        "before": context.before is not None,
    }
    return next((_ASK[need] for need in check.needs if not given[need]), "")


_ASK = {
    "vectors": "looks at vectors: run without --no-embed",
    "benchmarks": "holds rows against benchmarks: name their files with --against",
    "logs": "holds rows against production logs: name their files with --logs",
    "before": "holds rows against an earlier version: name its files with --before",
}


def _sorted(found: Found) -> Found:
    """Return what was found, the worst first; equals in the order of their rows."""
    order = sorted(
        found.findings,
        key=lambda f: (_SEVERITIES.index(f.severity), -_score(f.score), f.rows, f.message),
    )
    return replace(found, findings=tuple(order))


_SEVERITIES = ("error", "warning", "info")


def _score(score: float) -> float:
    return score if score == score else float("-inf")


def without_secrets(found: Sequence[Found], rows: Rows) -> list[Found]:
    """Return findings in whose sentences no secret of their rows is quoted.

    A sentence of any check may quote a row; what another check found to be personal in that row
    is masked there, in notes, and in texts that the row is held against; so is what is personal
    in these.
    """
    found = _without_others(found)
    hidden = Hidden(rows, found)
    values: dict[int, set[str]] = {}
    for (row, field), spans in secret_spans(found).items():
        text = "" if field == "row" else getattr(rows, field)[row].as_py() or ""
        values.setdefault(row, set()).update(text[start:end] for start, end in spans)
    return [
        replace(one, findings=tuple(_masked(f, values, hidden) for f in one.findings))
        if values
        else one
        for one in found
    ]


def _without_others(found: Sequence[Found]) -> list[Found]:
    """Return findings with masks in texts of other files and in sentences on unread rows.

    No check of personal data has looked there.
    """
    from curate.checks.personal import redact

    findings = [finding for one in found for finding in one.findings]
    texts = [e.beside for finding in findings for e in finding.evidence]
    texts += [finding.message for finding in findings if not finding.evidence]
    texts = list(dict.fromkeys(filter(None, texts)))
    pairs = zip(texts, redact(texts, how="mask"), strict=True)
    instead = {text: done for text, done in pairs if done is not None and done != text}
    if not instead:
        return list(found)
    return [
        replace(one, findings=tuple(_instead(finding, instead) for finding in one.findings))
        for one in found
    ]


def _instead(finding: Finding, instead: Mapping[str, str]) -> Finding:
    if not instead.keys() & {finding.message, *(e.beside for e in finding.evidence)}:
        return finding
    told = (replace(e, beside=instead.get(e.beside, e.beside)) for e in finding.evidence)
    message = instead.get(finding.message, finding.message)
    return replace(finding, message=message, evidence=tuple(told))


def _masked(finding: Finding, values: Mapping[int, set[str]], known: Hidden) -> Finding:
    if not finding.evidence:
        finding = replace(finding, message=known.say(finding.message))
    at = {*finding.rows, *finding.against, *(one.row for one in finding.evidence)} & values.keys()
    secret = sorted({value for row in at for value in values[row] if value}, key=len)[::-1]
    if not secret:
        return finding

    def hidden(text: str) -> str:
        for value in secret:
            text = text.replace(value, "•" * len(value))
        return text

    evidence = tuple(
        replace(one, note=hidden(one.note), beside=hidden(one.beside)) for one in finding.evidence
    )
    return replace(finding, message=hidden(finding.message), evidence=evidence)
