"""An audit's page, made again from what the audit wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.errors import InputError
from curate.files import file_digest, read_json
from curate.pipeline.audit_desk import with_precision
from curate.pipeline.audit_inputs import audited_of
from curate.pipeline.audit_options import AuditOptions
from curate.pipeline.audit_page import write_page
from curate.pipeline.summary import Summary

__all__ = ["page_again"]

Json = Any


def page_again(folder: Path, project: Path | None = None) -> Summary:
    """Write an audit's page again from what the audit wrote, perhaps with a project's figures.

    Args:
        folder: An audit's folder.
        project: A project's configuration file: its agreement and progress join the page.

    Raises:
        InputError: If the folder holds no audit, or an audited file is not what it was.
    """
    from curate.audit import found_again, masking_checks, read_rows, run_checks
    from curate.checks import CHECKS, Context

    said = _said(folder)
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
    families = {check.name: check.family for check in checks}
    found, lines = with_precision(found, families, folder, options["seed"])
    asked = AuditOptions(out=folder, project=project, **_given(options))
    masks = tuple(run_checks(masking_checks(checks), read.rows, Context()))
    audited = audited_of(names, read, checks, found, asked)
    audited = replace(audited, masks=masks, over=said["above_the_bar"])
    page = write_page(folder, audited, _kept_vectors(folder), asked)
    counts = {"rows": len(read.rows)}
    return Summary(stage="report", counts=counts, paths=(page.as_posix(),), notes=tuple(lines))


def _said(folder: Path) -> dict[str, Json]:
    """Return what summary.json says."""
    try:
        said = read_json(folder / "summary.json")
    except ValueError:
        said = None
    if not (isinstance(said, dict) and {"options", "files", "checks"} <= said.keys()):
        raise InputError(
            f"{folder}: no summary.json of an audit; make it with: curate audit FILE --out {folder}"
        )
    return said


def _still_the_same(files: Sequence[Mapping[str, Json]]) -> None:
    for file in files:
        path = Path(file["name"])
        if not path.exists() or file_digest(path) != file["sha256"]:
            raise InputError(
                f"{path}: not here, or changed since it was audited; run this where it was "
                "audited, or `curate audit` again"
            )


def _given(options: Mapping[str, Json]) -> dict[str, Json]:
    """Return options as they were given, from what summary.json says of them."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in options.items()
    }


def _kept_vectors(folder: Path) -> dict[str, npt.NDArray[np.float32]]:
    paths = sorted((folder / "vectors" / "rows").glob("*.npy"))
    return {path.stem: np.load(path, mmap_mode="r") for path in paths}
