"""The page of an audit: rows, findings, a map, and what a project adds to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from curate.files import beside
from curate.pipeline.audit_options import AuditOptions
from curate.pipeline.versions import versions

if TYPE_CHECKING:
    from curate.audit import Audited
    from curate.report import Agreement, Progress
    from curate.report.audit import AuditFile

__all__ = ["audit_page", "write_page"]

Vectors = npt.NDArray[np.float32]


def audit_page(
    audited: Audited,
    vectors: Mapping[str, Vectors],
    *,
    thresholds: Mapping[str, float],
    bar: str,
    seed: int,
    project: Path | None = None,
) -> str:
    """Return the page as HTML.

    Args:
        audited: What was found.
        vectors: As `Context.vectors`; empty = there is no map.
        thresholds: Check to its threshold, where it was not the default.
        bar: What must not be exceeded, as a clause.
        seed: Of the map.
        project: A project's configuration file: its agreement and progress join the page.
    """
    from curate.report.audit import AuditPage, render_audit

    agreement, progress = _of_project(project) if project else (None, None)
    page = AuditPage(
        title=", ".join(Path(file.name).name for file in audited.files[:4]),
        rows=audited.rows,
        found=audited.found,
        checks=audited.checks,
        generated_from={"seed": str(seed), **versions()},
        files=_files(audited),
        thresholds=thresholds,
        bar=bar,
        over=audited.over,
        masks=audited.masks,
        xy=_plane(vectors, len(audited.rows), seed),
        agreement=agreement,
        progress=progress,
        show_text=audited.show_text,
    )
    return render_audit(page)


def _files(audited: Audited) -> tuple[AuditFile, ...]:
    from curate.report.audit import AuditFile

    reasons: dict[str, Counter[str]] = {}
    for row in audited.rejected:
        reasons.setdefault(row.file, Counter())[row.reason] += 1
    return tuple(
        AuditFile(
            name=file.name,
            rows=file.rows,
            rejected=file.rejected,
            reasons=tuple(reasons.get(file.name, Counter()).most_common(12)),
        )
        for file in audited.files
    )


def _plane(
    vectors: Mapping[str, Vectors], n_rows: int, seed: int
) -> npt.NDArray[np.float64] | None:
    """Return the rows in the plane by what they ask; of very many, as many as a map can show."""
    from curate.report import project_2d

    said = vectors.get("asked", vectors.get("answer"))
    if said is None or not n_rows:
        return None
    filled = np.flatnonzero(np.any(np.asarray(said[:, :4]) != 0, axis=1))
    if len(filled) > _ON_MAP:
        drawn = np.random.default_rng(seed).choice(len(filled), _ON_MAP, replace=False)
        filled = filled[np.sort(drawn)]
    xy = np.full((n_rows, 2), np.nan)
    if len(filled):
        xy[filled] = project_2d(np.asarray(said[filled]), seed=seed)
    return xy


_ON_MAP = 100_000


def _of_project(config: Path) -> tuple[Agreement | None, Progress | None]:
    from curate.pipeline.page import shown_agreement
    from curate.pipeline.progress_page import shown_progress
    from curate.project import Project

    project = Project(config)
    rounds = [round_ for round_ in project.rounds() if round_.read_json("agreement")]
    agreement = shown_agreement(rounds[-1]) if rounds else None
    return agreement, shown_progress(project)


def write_page(
    folder: Path,
    audited: Audited,
    vectors: Mapping[str, Vectors],
    asked: AuditOptions,
) -> Path:
    """Write audit.html into the folder and return its path."""
    from curate.audit import parse_bar

    page = folder / "audit.html"
    html = audit_page(
        audited,
        vectors,
        thresholds=asked.thresholds,
        bar=", ".join(str(parse_bar(text)) for text in asked.fail_on or ("error",)),
        seed=asked.seed,
        project=asked.project,
    )
    with beside(page) as draft:
        draft.write_text(html, encoding="utf-8")
    return page
