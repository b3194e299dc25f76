"""Whether files are still those that their manifest names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from curate.checks.check import Check, Context, Found
from curate.checks.rows import Rows
from curate.files import file_digest
from curate.records import Finding

__all__ = ["CHECK", "Listed", "altered_files", "listed_beside"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What one manifest says of one file."""

    path: Path
    """Where the file is to be: always in a folder that the caller named."""
    sha256: str
    manifest: Path


def listed_beside(file: Path) -> list[Listed]:
    """Return the files that stand beside a file by the manifests of its folder.

    Read are ``SHA256SUMS`` and ``manifest.json`` of the folder, and ``manifest.json`` of the folder
    above (as `curate export` writes it) for files of this folder. A manifest is data: only plain
    names are taken from it, never a path, so nothing outside the folder is opened.

    Args:
        file: A file that somebody named.
    """
    folder = Path(file).parent
    above, inside = folder.absolute().parent / "manifest.json", folder.absolute().name
    found = [*_sums(folder / "SHA256SUMS"), *_manifest(folder / "manifest.json", "")]
    found += _manifest(above, inside) if inside else []
    return [
        Listed(path=folder / name, sha256=digest, manifest=where) for name, digest, where in found
    ]


def altered_files(listed: Iterable[Listed]) -> list[str]:
    """Say which files are not as their manifests have them: altered, or not there.

    Args:
        listed: From `listed_beside`.
    """
    return [sentence for one in dict.fromkeys(listed) for sentence in _checked(one)]


def _run(rows: Rows, context: Context) -> Found:
    beside = {
        number: listed_beside(Path(name))
        for number, name in enumerate(rows.files)
        if _is_file(name)
    }
    beside = {number: listed for number, listed in beside.items() if listed}
    if not beside:
        return Found(check=CHECK.name, skipped=_NONE)
    said = altered_files(one for listed in beside.values() for one in listed)
    names = {number: Path(rows.files[number]).name for number in beside}
    unnamed = [
        rows.files[number]
        for number, listed in beside.items()
        if names[number] not in {one.path.name for one in listed}
    ]
    findings = [_finding(text, "error") for text in said]
    findings += [_finding(_UNNAMED.format(file=file), "warning") for file in unnamed]
    looked_at = int(np.isin(rows.file, list(beside)).sum())
    figures = {"files": [rows.files[number] for number in beside], "not_listed": unnamed}
    return Found(check=CHECK.name, findings=tuple(findings), looked_at=looked_at, figures=figures)


CHECK = Check(
    name="manifest",
    family="provenance",
    about="Files that are not as the manifest beside them says, or are missing.",
    severity="error",
    threshold=float("nan"),
    run=_run,
    fixes=False,
)

_NONE = (
    "no manifest beside the files: `curate export` writes one, and "
    "`sha256sum * > SHA256SUMS` does as well"
)
_UNNAMED = (
    "{file}: no manifest beside it names it, and nobody vouches for what it holds; write its "
    "checksum into one"
)
_LARGEST = 64 << 20
"""Bytes of a manifest that is read."""


def _checked(one: Listed) -> Iterator[str]:
    if not one.path.is_file():
        yield f"{one.path}: {one.manifest} names it, and it is not there; fetch it"
    elif (digest := file_digest(one.path)) != one.sha256:
        yield (
            f"{one.path}: was altered since {one.manifest} was written (sha256 {digest[:12]}…, "
            f"named is {one.sha256[:12]}…); take the file from where it was published, or export "
            "it anew"
        )


def _sums(path: Path) -> Iterator[tuple[str, str, Path]]:
    """Read what ``sha256sum`` writes: a digest, a space, a space or star, a name."""
    for line in _text(path).splitlines():
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)", line)
        if match and _plain(match[2]):
            yield match[2], match[1].lower(), path


def _manifest(path: Path, folder: str) -> Iterator[tuple[str, str, Path]]:
    """Read the ``files`` of a manifest: those in `folder`, or where it is empty those beside."""
    try:
        held = json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return
    for name, digest in _entries(held.get("files") if isinstance(held, Mapping) else None):
        parts = PurePosixPath(name).parts
        lead = [folder] if folder else []
        plain = len(parts) == len(lead) + 1 and list(parts[:-1]) == lead and _plain(parts[-1])
        if plain and re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            yield parts[-1], digest.lower(), path


def _entries(files: Any) -> Iterator[tuple[str, str]]:
    """Read a list of objects with path and sha256, or a mapping from name to either."""
    if isinstance(files, Mapping):
        files = [
            {**(held if isinstance(held, Mapping) else {"sha256": held}), "path": name}
            for name, held in files.items()
        ]
    for one in files if isinstance(files, list) else []:
        if isinstance(one, Mapping):
            name, digest = one.get("path", one.get("name")), one.get("sha256")
            if isinstance(name, str) and isinstance(digest, str):
                yield name, digest


def _plain(name: str) -> bool:
    """Say whether a name is one of a file in a folder, and nothing else."""
    return name not in ("", ".", "..") and not re.search(r"[/\\\x00:]", name)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _text(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size <= _LARGEST:
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return ""


def _finding(message: str, severity: Any) -> Finding:
    return Finding(check=CHECK.name, severity=severity, message=message, score=1.0)
