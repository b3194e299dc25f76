"""The whole of it: rows written beside, loaded back, checked, and only then put in place."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from curate.config import ExportConfig, ExportFormat
from curate.errors import ConfigError, ExportError
from curate.export.card import card, on_card
from curate.export.gather import Gathered, LeftOutRow, gather
from curate.export.loadback import opened
from curate.export.shelve import ExportedFile, Shelved, shelve
from curate.export.writers import examples
from curate.records import Candidate, Curated, Record, digest

__all__ = ["Exported", "ExportedFile", "LeftOutRow", "export", "formats_for"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    folder: Path
    files: tuple[ExportedFile, ...]
    left_out: tuple[LeftOutRow, ...]
    """Settled rows that a format did not take, with the reason of each."""
    notes: tuple[str, ...]
    """What a reader of the files should know: an empty split, a file to be loaded by its card."""
    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Format to split to number of rows."""

    @property
    def paths(self) -> list[Path]:
        """The training files."""
        return [self.folder / file.path for file in self.files]


def export(
    curated: Sequence[Curated],
    records: Mapping[str, Record],
    folder: Path,
    *,
    config: ExportConfig | None = None,
    name: str = "curate",
    seed: int = 7,
    about: Mapping[str, Any] | None = None,
    candidates: Mapping[str, Candidate] | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write training files, a dataset card and a manifest.

    Everything is written into a folder beside, each file is loaded back by `datasets` and each
    of its rows checked by the validator of its target; only then does the new folder take the
    place of an earlier export. The same rows give the same bytes.

    Args:
        curated: Settled rows.
        records: Their records, by id.
        folder: Where the export is to lie; an earlier export there is replaced whole.
        config: Formats, files, splits, license, language.
        name: Of the dataset, for its card.
        seed: For the division into splits.
        about: For the card: `selected`, `answered`, `agreement`, `counts`, `source`,
            `personal_data`, `skews` and any other section; texts, lists or mappings. The names
            of annotators do not go onto it.
        candidates: By id; with them, pairs whose answers are both bad give unpaired rows.
        progress: Told (formats done, formats in all).

    Raises:
        ConfigError: If there is no such format, no kind of file, or a split's name is none.
        ExportError: If a file does not come back as it was written, or the folder holds
            something else; nothing that was there is touched.
    """
    config = config or ExportConfig()
    formats = config.formats or formats_for(curated)
    _check(config)
    folder = Path(folder)
    tell = progress or (lambda done, total: None)
    known = list(examples(curated, records, candidates))
    strays = [row.id for row in curated if row.record_id not in records]
    done: list[Gathered] = []
    kept: list[Shelved] = []
    with _beside(folder) as draft, opened() as reader:
        for target in formats:
            done.append(gather(known, target, config.splits, seed=seed, strays=strays))
            kept.append(shelve(done[-1], draft, config.files, reader))
            tell(len(done), len(formats))
        exported = _exported(folder, done, kept)
        shelves = [s.shelf for s in kept if s.shelf]
        text = card(name, shelves, done, config=config, about=about or {}, notes=exported.notes)
        _write(draft / "README.md", text)
        for shelf in on_card(shelves):
            shelf.check(reader.card(draft, shelf.format))
        _write(draft / "left_out.jsonl", "".join(_line(asdict(r)) for r in exported.left_out))
        _write(draft / "manifest.json", _manifest(name, seed, config, exported, done))
    return exported


def formats_for(curated: Sequence[Curated]) -> list[ExportFormat]:
    """Return the formats that fit the tasks of settled rows."""
    tasks = {row.task for row in curated}
    fits: list[ExportFormat] = []
    if "rewrite" in tasks:
        fits += ["trl-messages", "trl-prompt-completion", "trl-preference", "openai-sft"]
    if "rank" in tasks:
        fits += ["trl-preference", "trl-unpaired", "openai-dpo"]
    return list(dict.fromkeys(fits))


def _exported(folder: Path, done: Sequence[Gathered], kept: Sequence[Shelved]) -> Exported:
    return Exported(
        folder=folder,
        files=tuple(file for shelved in kept for file in shelved.files),
        left_out=tuple(row for gathered in done for row in gathered.left_out),
        notes=tuple(note for shelved in kept for note in shelved.notes),
        rows={g.target: {s: len(rows) for s, rows in g.splits.items()} for g in done},
    )


def _check(config: ExportConfig) -> None:
    if not config.files:
        raise ConfigError("`export.files` is empty; name jsonl, parquet or both")
    for name in config.splits:
        if not re.fullmatch(r"\w+", name) or name == "all":
            raise ConfigError(
                f"`export.splits`: {name!r} is no name for a split; take letters, digits and _"
            )


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` that takes its place when the block ends well."""
    draft, old = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    if old.exists() and not folder.exists():
        os.replace(old, folder)
    _refuse_foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        _sync(draft)
        if folder.exists():
            os.replace(folder, old)
        os.replace(draft, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder}: is a file; choose another folder for the export")
    if any(folder.iterdir()) and not (folder / "manifest.json").exists():
        raise ExportError(f"{folder}: holds files, but is no earlier export; choose another folder")


def _sync(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=True) + "\n"


def _manifest(
    name: str, seed: int, config: ExportConfig, exported: Exported, done: Sequence[Gathered]
) -> str:
    settings = config.model_dump(mode="json")
    manifest = {
        "name": name,
        "seed": seed,
        "config": settings,
        "config_digest": digest(json.dumps(settings)),
        "versions": {p: version(p) for p in ("curate-llm", "datasets", "pyarrow")},
        "files": [asdict(file) for file in exported.files],
        "rows": {g.target: g.sources for g in done},
        "left_out": {g.target: dict(Counter(r.reason for r in g.left_out)) for g in done},
        "notes": list(exported.notes),
    }
    return json.dumps(manifest, indent=1, ensure_ascii=True) + "\n"
