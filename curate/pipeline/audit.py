"""Training files to findings: read, embed, check, write, and say whether the bar was passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from curate.console import bar, say
from curate.errors import ConfigError, InputError
from curate.files import beside, file_digest, read_json, write_json
from curate.pipeline.summary import Summary
from curate.pipeline.versions import versions

if TYPE_CHECKING:
    from curate.audit import Audited, Bar, ReadRows
    from curate.checks import Beside, Check, Context, Found, Rows

__all__ = ["AuditOptions", "audit", "list_checks", "options", "page_again"]

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What an audit is asked for, besides the files."""

    against: tuple[str, ...] = ()
    """Benchmark files that must not be in the rows."""
    logs: tuple[str, ...] = ()
    """Files of production logs."""
    before: tuple[str, ...] = ()
    """Files of the version before."""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()
    """``CHECK[:RATE]``; empty = any error."""
    fix: Path | None = None
    """File or folder for the rows without those at fault."""
    embed: bool = True
    encoder: str = "minilm"
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    every_turn: bool = False
    target: str | None = None
    """The format that rows are checked against; None = each file's own."""
    token_limit: int | None = None
    tokenizer: Literal["o200k_base", "cl100k_base"] = "o200k_base"
    languages: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    """Columns that every row must have."""
    out: Path | None = None
    """None = ``audit-`` and the first file's name."""
    project: Path | None = None
    """A project whose agreement and learning curves the page shows too."""
    desk: int | None = None
    """So many of the most doubtful rows go to the desk."""
    show_text: bool = True
    workers: int = 2
    seed: int = 7


def options(files: Sequence[str] | None, **given: Any) -> AuditOptions:
    """Return options from the command line's words: lists, and NAME=VALUE.

    Args:
        files: What is to be audited.
        **given: Fields of `AuditOptions`; None = not given; names may be joined by commas.

    Raises:
        ConfigError: If there are no files, or a value cannot be read.
    """
    if not files:
        raise ConfigError("name the files to audit; `curate audit --list` lists the checks")
    said = {name: value for name, value in given.items() if value is not None}
    for name in ("only", "skip", "languages", "required"):
        said[name] = tuple(w for text in said.get(name, ()) for w in text.split(",") if w)
    for name in ("against", "logs", "before", "fail_on"):
        said[name] = tuple(said.get(name, ()))
    said["columns"] = dict(_pair("--column", text) for text in said.get("columns", ()))
    said["thresholds"] = {
        name: _number(name, value)
        for name, value in (_pair("--threshold", text) for text in said.get("thresholds", ()))
    }
    return AuditOptions(**said)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ConfigError(f"{option} {text}: write NAME=VALUE")
    return name, value


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ConfigError(f"--threshold {name}={value}: not a number") from None


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
    checks = _checks(asked)
    folder = asked.out or Path(f"audit-{_stem(paths[0])}")
    read, watch = _read(paths, asked, _target_of(asked))
    if not read.n_raw or not len(read.rows):
        raise InputError(_nothing(paths, read))
    context = _context(read.rows, asked, folder)
    found = _run(checks, read, context, watch)
    _could_look(bars, checks, found)
    unreadable = len({(r.file, r.line) for r in read.rejected}) / read.n_raw
    audited = _audited(paths, read, checks, found, asked)
    audited = replace(audited, over=above(bars, checks, found, unreadable))
    written = _write(folder, audited, context, asked)
    fixed = _fixed(audited, paths, asked)
    return _summary(audited, written, fixed)


def page_again(folder: Path, project: Path | None = None) -> Summary:
    """Write an audit's page again from what the audit wrote, perhaps with a project's figures.

    Args:
        folder: An audit's folder.
        project: A project's configuration file: its agreement and progress join the page.

    Raises:
        InputError: If the folder holds no audit, or an audited file is not what it was.
    """
    from curate.audit import found_again, read_rows
    from curate.checks import CHECKS

    said = read_json(folder / "summary.json")
    if said is None:
        raise InputError(
            f"{folder}: no summary.json; make it with: curate audit FILE --out {folder}"
        )
    options = said["options"]
    _still_the_same(said["files"])
    names = [file["name"] for file in said["files"]]
    read = read_rows(
        names,
        format=options["format"],
        columns=options["columns"] or None,
        every_turn=options["every_turn"],
    )
    checks = [CHECKS.get(one["name"]) for one in said["checks"]]
    found = found_again(folder / "findings.jsonl", checks, said)
    asked = AuditOptions(out=folder, project=project, **_given(options))
    audited = replace(_audited(names, read, checks, found, asked), over=said["above_the_bar"])
    page = _write_page(folder, audited, _kept_vectors(folder), asked)
    return Summary(stage="report", counts={"rows": len(read.rows)}, paths=(page.as_posix(),))


def _still_the_same(files: Sequence[Mapping[str, Json]]) -> None:
    for file in files:
        path = Path(file["name"])
        if not path.exists() or file_digest(path) != file["sha256"]:
            raise InputError(
                f"{path}: gone, or changed since it was audited; audit it again: curate audit {path}"
            )


def _given(options: Mapping[str, Json]) -> dict[str, Json]:
    """Return options as they were given, from what summary.json says of them."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }


def _kept_vectors(folder: Path) -> dict[str, npt.NDArray[np.float32]]:
    paths = sorted((folder / "vectors" / "rows").glob("*.npy"))
    return {path.stem: np.load(path, mmap_mode="r") for path in paths}


def _checks(asked: AuditOptions) -> tuple[Check, ...]:
    from curate.audit import chosen_checks
    from curate.checks import CHECKS

    for name in asked.thresholds:
        CHECKS.get(name)
    return chosen_checks(only=asked.only, skip=asked.skip, embed=asked.embed)


def _target_of(asked: AuditOptions) -> str | None:
    from curate.checks import TARGETS

    if asked.target is not None and asked.target not in TARGETS:
        known = ", ".join(TARGETS)
        raise ConfigError(f"no target named {asked.target!r}; known: {known}")
    return asked.target


def _read(
    paths: Sequence[str | Path], asked: AuditOptions, target: str | None
) -> tuple[ReadRows, Any]:
    from curate.audit import read_rows
    from curate.checks.watch import Watch

    watch = Watch(target)
    with bar("reading") as progress:
        read = read_rows(
            paths,
            format=asked.format,
            columns=asked.columns or None,
            every_turn=asked.every_turn,
            watch=watch,
            progress=progress,
        )
    return read, watch


def _nothing(paths: Sequence[str | Path], read: ReadRows) -> str:
    said = ", ".join(str(path) for path in paths)
    if not read.rejected:
        return f"{said}: no row at all"
    reason, times = Counter(row.reason for row in read.rejected).most_common(1)[0]
    return f"{said}: no row could be read; most often ({times:,}): {reason}"


def _context(rows: Rows, asked: AuditOptions, folder: Path) -> Context:
    from curate.checks import Context

    vectors = _vectors(rows, asked, folder, "rows") if asked.embed else {}
    logs = _beside("logs", asked.logs, asked, folder)
    before = _beside("before", asked.before, asked, folder)
    return Context(
        thresholds=asked.thresholds,
        vectors=vectors,
        benchmarks=tuple(_benchmarks(asked, folder)),
        logs=logs,
        before=before,
        languages=asked.languages,
        token_limit=asked.token_limit,
        tokenizer=asked.tokenizer,
        required=asked.required,
        seed=asked.seed,
        workers=asked.workers,
    )


def _benchmarks(asked: AuditOptions, folder: Path) -> Iterable[Beside]:
    from curate.ingest.files import find

    if not asked.against:
        return
    for n, source in enumerate(find(asked.against)):
        yield _held_against(source.path.name, [source.path], asked, folder / f"against-{n}")


def _beside(name: str, paths: Sequence[str], asked: AuditOptions, folder: Path) -> Beside | None:
    return _held_against(name, paths, asked, folder / name) if paths else None


def _held_against(
    name: str, paths: Sequence[str | Path], asked: AuditOptions, folder: Path
) -> Beside:
    from curate.audit import read_rows
    from curate.checks import Beside

    with bar(f"reading {name}") as progress:
        read = read_rows(paths, progress=progress)
    if not len(read.rows):
        raise InputError(_nothing(paths, read))
    vectors = _vectors(read.rows, asked, folder.parent, folder.name) if asked.embed else {}
    return Beside(name=name, rows=read.rows, vectors=vectors)


def _vectors(
    rows: Rows, asked: AuditOptions, folder: Path, name: str
) -> Mapping[str, npt.NDArray[np.float32]]:
    from curate.audit import distinct_texts, row_vectors
    from curate.embed import Embedder, VectorCache

    texts = distinct_texts(rows)
    if texts > _MANY_TEXTS:
        say(
            f"{texts:,} texts to embed, about {_minutes(texts)} on two cores; what is embedded is "
            f"kept in {folder / 'vectors'}, and --no-embed leaves out the checks that need it"
        )
    work = Embedder(asked.encoder, cache=VectorCache(folder / "vectors"))
    with bar(f"embedding {name}") as progress:
        return row_vectors(rows, work, folder / "vectors" / name, progress=progress)


_MANY_TEXTS = 20_000
_TEXTS_A_MINUTE = 9_000
"""What all-MiniLM does of texts of 50 tokens on two cores."""


def _minutes(texts: int) -> str:
    minutes = texts / _TEXTS_A_MINUTE
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def _run(checks: Sequence[Check], read: ReadRows, context: Context, watch: Any) -> list[Found]:
    from curate.audit import run_checks

    place = {check.name: n for n, check in enumerate(checks)}
    with bar("checking") as progress:

        def told(check: str, done: int, total: int) -> None:
            progress(place[check] * 1000 + 1000 * done // max(total, 1), 1000 * len(checks))

        return run_checks(checks, read.rows, context, seen=watch.found(read), told=told)


def _could_look(bars: Sequence[Bar], checks: Sequence[Check], found: Sequence[Found]) -> None:
    """Refuse a bar on a check that could not look: it would pass whatever the rows hold."""
    named = {item.name for item in bars}
    ran = {check.name for check in checks}
    blind = {one.check: one.skipped for one in found if one.skipped and one.check in named}
    from curate.checks import CHECKS

    for name in sorted(named):
        if name in CHECKS and name not in ran:
            raise ConfigError(
                f"--fail-on {name}: the check is left out by --only, --skip or --no-embed"
            )
    if blind:
        name, why = next(iter(blind.items()))
        raise ConfigError(f"--fail-on {name}: it could not look: {why}")


def _audited(
    paths: Sequence[str | Path],
    read: ReadRows,
    checks: Sequence[Check],
    found: Sequence[Found],
    asked: AuditOptions,
) -> Audited:
    from curate.audit import Audited, AuditedFile
    from curate.ingest.files import find

    n_rows = Counter(read.rows.file.tolist())
    rejected = Counter(row.file for row in read.rejected)
    at = {name: n for n, name in enumerate(read.rows.files)}
    files = [
        AuditedFile(
            name=source.name,
            rows=n_rows[at.get(source.name, -1)],
            rejected=rejected[source.name],
            sha256=file_digest(source.path),
        )
        for source in find(paths)
    ]
    return Audited(
        rows=read.rows,
        checks=tuple(checks),
        found=tuple(found),
        files=tuple(files),
        rejected=read.rejected,
        options=_said(asked),
        show_text=asked.show_text,
    )


def _said(asked: AuditOptions) -> dict[str, Json]:
    """Return the options that decide what is found, as JSON."""
    names = (
        *("against", "logs", "before", "only", "skip", "fail_on", "embed", "encoder", "format"),
        *("every_turn", "target", "token_limit", "tokenizer", "languages", "required", "seed"),
        "show_text",
    )
    said: dict[str, Json] = {name: getattr(asked, name) for name in names}
    return said | {"thresholds": dict(asked.thresholds), "columns": dict(asked.columns)}


def _write(
    folder: Path, audited: Audited, context: Context, asked: AuditOptions
) -> tuple[Path, ...]:
    from curate.audit import sarif, write_findings, write_summary

    folder.mkdir(parents=True, exist_ok=True)
    paths = [*write_findings(folder, audited)]
    write_summary(folder / "summary.json", audited, versions=versions())
    write_json(folder / "findings.sarif", sarif(audited, version=versions()["curate-llm"]))
    page = _write_page(folder, audited, context.vectors, asked)
    return (page, folder / "summary.json", *paths, folder / "findings.sarif")


def _write_page(
    folder: Path,
    audited: Audited,
    vectors: Mapping[str, npt.NDArray[np.float32]],
    asked: AuditOptions,
) -> Path:
    from curate.pipeline.audit_page import audit_page

    page = folder / "audit.html"
    html = audit_page(
        audited,
        vectors,
        thresholds=asked.thresholds,
        bar=", ".join(asked.fail_on or ("error",)),
        seed=asked.seed,
        project=asked.project,
    )
    with beside(page) as draft:
        draft.write_text(html, encoding="utf-8")
    return page


def _fixed(audited: Audited, paths: Sequence[str | Path], asked: AuditOptions) -> Any:
    from curate.audit import fix

    return fix(audited, paths, asked.fix, redact=_redactor()) if asked.fix else None


def _redactor() -> Callable[[Json], Json]:
    raise NotImplementedError


def _summary(audited: Audited, written: Sequence[Path], fixed: Any) -> Summary:
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
        notes=(*_lines(audited), *_fix_lines(fixed), *_verdict(audited)),
        data={"above_the_bar": dict(audited.over)},
    )


def _lines(audited: Audited) -> Iterable[str]:
    wide = max((len(check.name) for check in audited.checks), default=0)
    for check, found in zip(audited.checks, audited.found, strict=True):
        if not found.findings:
            continue
        rows = f"{found.n_rows:,} rows ({found.rate:.2%})" if found.n_rows else "the whole set"
        yield f"{_worst(found):<7}  {check.name:<{wide}}  {rows}: {found.findings[0].message}"
    skipped = [found.check for found in audited.found if found.skipped]
    if skipped:
        yield f"could not look: {', '.join(skipped)} (why: summary.json)"


def _worst(found: Found) -> str:
    severities = {finding.severity for finding in found.findings}
    return next(s for s in ("error", "warning", "info") if s in severities)


def _fix_lines(fixed: Any) -> Iterable[str]:
    if fixed is not None:
        where = ", ".join(path.as_posix() for path in fixed.paths)
        yield (
            f"{where}: {fixed.kept:,} rows kept ({fixed.changed:,} with personal data replaced), "
            f"{fixed.removed:,} taken out with reasons: {fixed.removed_path}"
        )


def _verdict(audited: Audited) -> Iterable[str]:
    for check, why in audited.over.items():
        yield f"above the bar: {check}: {why}"
    if not audited.over:
        yield "below the bar"


def _stem(path: str | Path) -> str:
    return Path(path).name.split(".")[0] or "data"
