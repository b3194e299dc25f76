"""Paths, folders and globs as a list of data files."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.errors import InputError

__all__ = ["KINDS", "Source", "find"]

KINDS = {
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
"""What a suffix says of a file, before any .gz or .zst."""

PACKED = (".gz", ".zst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One data file."""

    path: Path
    name: str
    """As the user gave it, for messages and `source`."""
    kind: str
    """A value of `KINDS`, or "" where the suffix says nothing."""
    packed: str
    """.gz, .zst or ""."""
    size: int
    """Bytes on disk."""


def find(paths: Sequence[str | Path]) -> list[Source]:
    """Return the data files that the paths name, each once, folders and globs sorted.

    Raises:
        InputError: If a path does not exist, a glob matches nothing, or a folder holds no data
            file.
    """
    found: dict[str, Source] = {}
    for path in paths:
        for source in _sources(str(path)):
            found.setdefault(os.path.realpath(source.path), source)
    if not found:
        raise InputError("no path was given; name files, folders or globs to read")
    return list(found.values())


def _sources(path: str) -> list[Source]:
    if os.path.isdir(path):
        return _in_folder(path)
    if os.path.exists(path):
        return [_source(path)]
    if glob.has_magic(path):
        return _matching(path)
    near = _nearest(path)
    raise InputError(f"{path}: no such file or folder{near}")


def _source(path: str) -> Source:
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: may not be read; check its permissions")
    kind, packed = _kind(path)
    return Source(path=Path(path), name=path, kind=kind, packed=packed, size=os.path.getsize(path))


def _kind(path: str) -> tuple[str, str]:
    name = os.path.basename(path).lower()
    packed = next((suffix for suffix in PACKED if name.endswith(suffix)), "")
    stem = name.removesuffix(packed) if packed else name
    return KINDS.get(os.path.splitext(stem)[1], ""), packed


def _in_folder(folder: str) -> list[Source]:
    sources = [_source(path) for path in _data_files(folder)]
    if not sources:
        known = ", ".join([*KINDS, *PACKED])
        raise InputError(f"{folder}: the folder holds no data file ({known})")
    return sources


def _data_files(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        on_disk = _is_dataset(names)
        for name in sorted(names):
            if _kind(name)[0] and not name.startswith(".") and not (on_disk and _beside(name)):
                yield os.path.join(here, name)


def _is_dataset(names: Sequence[str]) -> bool:
    """Say whether these are the files of a Hugging Face dataset on disk."""
    return "dataset_dict.json" in names or {"state.json", "dataset_info.json"} <= set(names)


def _beside(name: str) -> bool:
    """Say whether a file of a dataset on disk is not part of its rows (maps leave caches)."""
    return name in _DESCRIPTIONS or name.startswith("cache-")


_DESCRIPTIONS = ("dataset_dict.json", "dataset_info.json", "state.json")


def _matching(pattern: str) -> list[Source]:
    sources: list[Source] = []
    for path in sorted(glob.glob(pattern, recursive=True)):
        if os.path.isfile(path):
            sources.append(_source(path))
        elif any(_data_files(path)):
            sources += _in_folder(path)
    if not sources:
        raise InputError(f"{pattern}: no file matches")
    return sources


def _nearest(path: str) -> str:
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return ""
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {os.path.join(folder, near[0])}?" if near else ""
