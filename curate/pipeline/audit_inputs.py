"""What an audit looks at: rows, vectors, and what they are held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curate.console import bar, say
from curate.errors import ConfigError, InputError
from curate.files import file_digest
from curate.pipeline.audit_options import AuditOptions

if TYPE_CHECKING:
    from curate.audit import Audited, ReadRows
    from curate.checks import Beside, Check, Context, Found, Rows

__all__ = ["audited_of", "checks_of", "context_of", "nothing_read", "read_files"]

Json = Any


def checks_of(asked: AuditOptions) -> tuple[Check, ...]:
    """Return the checks to run.

    Raises:
        ConfigError: If there is no check or family of a name, or none is left to run.
    """
    from curate.audit import chosen_checks
    from curate.checks import CHECKS
    from curate.checks.quality.languages import NAMES

    for name in asked.thresholds:
        if np.isnan(CHECKS.get(name).threshold):
            raise ConfigError(f"--threshold {name}: this check has none to move")
    checks = chosen_checks(only=asked.only, skip=asked.skip, embed=asked.embed)
    if not checks:
        raise ConfigError("--only, --skip and --no-embed leave no check to run")
    if unknown := [code for code in asked.languages if code not in NAMES]:
        raise ConfigError(
            f"--language {unknown[0]}: not one that is told; known: {', '.join(NAMES)}"
        )
    return checks


def _target_of(asked: AuditOptions) -> str | None:
    from curate.checks import TARGETS

    if asked.target is not None and asked.target not in TARGETS:
        known = ", ".join(TARGETS)
        raise ConfigError(f"no target named {asked.target!r}; known: {known}")
    return asked.target


def read_files(paths: Sequence[str | Path], asked: AuditOptions) -> tuple[ReadRows, Any]:
    """Return the rows of the files, and what watched them being read."""
    from curate.audit import Watches, read_rows

    watch = Watches(_target_of(asked))
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


def nothing_read(paths: Sequence[str | Path], read: ReadRows) -> str:
    """Say why files came to no row."""
    said = ", ".join(str(path) for path in paths)
    if not read.rejected:
        return f"{said}: no row at all"
    reason, times = Counter(row.reason for row in read.rejected).most_common(1)[0]
    reason = reason.replace("with columns: prompt,", "with --column prompt=NAME,")
    return f"{said}: no row could be read; most often ({times:,}): {reason}"


def context_of(rows: Rows, asked: AuditOptions, folder: Path) -> Context:
    """Return what checks may look at besides the rows."""
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
        raise InputError(nothing_read(paths, read))
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


def audited_of(
    paths: Sequence[str | Path],
    read: ReadRows,
    checks: Sequence[Check],
    found: Sequence[Found],
    asked: AuditOptions,
) -> Audited:
    """Return what was found, with the files and what was asked for."""
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
