"""The files of one format: written, loaded back, compared and checked row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.checks.format import validate
from curate.errors import ExportError
from curate.export.card import Shelf
from curate.export.gather import Gathered, line
from curate.export.loadback import Features, Reader, features_of, rounded, write_parquet
from curate.export.writers import Row
from curate.files import file_digest

__all__ = ["ExportedFile", "Shelved", "shelve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One training file."""

    path: str
    """Below the export's folder."""
    format: str
    split: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """What was written of one format."""

    files: tuple[ExportedFile, ...] = ()
    notes: tuple[str, ...] = ()
    shelf: Shelf | None = None
    """What the card says of it; None where there is no row."""


def shelve(gathered: Gathered, folder: Path, kinds: Sequence[str], reader: Reader) -> Shelved:
    """Write the files of a format and make sure that they come back as they were written.

    Args:
        gathered: Its rows.
        folder: The export's folder.
        kinds: jsonl, parquet; OpenAI's formats are always and only jsonl.
        reader: Loads the files back.

    Raises:
        ExportError: If a row does not come back as it was, or as its target does not take it.
    """
    if not gathered.rows:
        return Shelved(notes=(f"{gathered.target}: no row at all",))
    notes = [f"{gathered.target}: no row for the split {name}" for name in _empty(gathered)]
    if gathered.target.startswith("openai-"):
        kinds = ["jsonl"]
    (folder / gathered.target).mkdir()
    features = features_of(gathered.rows)
    places = [_Place(folder, gathered.target, s, k) for k in kinds for s in gathered.splits]
    places = [place for place in places if gathered.splits[place.split]]
    for place in (p for p in places if p.kind == "jsonl"):
        _write_jsonl(gathered.splits[place.split], place.path)
    if not all(_loads_bare(p, gathered.splits[p.split], reader) for p in places):
        features = features_of(gathered.rows, safe=True)
        notes.append(f"{gathered.target}: load the JSONL by the card, which names its features")
    for place in (p for p in places if p.kind == "parquet"):
        write_parquet(gathered.splits[place.split], place.path, features)
    return Shelved(
        files=tuple(_checked(p, gathered.splits[p.split], features, reader) for p in places),
        notes=tuple(notes),
        shelf=Shelf(
            format=gathered.target,
            kind="parquet" if "parquet" in kinds else "jsonl",
            rows={s: len(rows) for s, rows in gathered.splits.items() if rows},
            features=features,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the file of one split lies."""

    folder: Path
    format: str
    split: str
    kind: str

    @property
    def name(self) -> str:
        return f"{self.format}/{self.split}.{self.kind}"

    @property
    def path(self) -> Path:
        return self.folder / self.name


def _empty(gathered: Gathered) -> list[str]:
    return [name for name, rows in gathered.splits.items() if not rows]


def _write_jsonl(rows: Sequence[Row], path: Path) -> None:
    path.write_text("".join(map(line, rows)), encoding="utf-8", newline="\n")


def _loads_bare(place: _Place, rows: Sequence[Row], reader: Reader) -> bool:
    """Say whether `load_dataset("json", …)` alone, features guessed, gives the rows back."""
    if place.kind != "jsonl":
        return True
    try:
        return _differs(rows, reader.file(place.path), place.format) is None
    except Exception:
        return False


def _checked(
    place: _Place, rows: Sequence[Row], features: Features, reader: Reader
) -> ExportedFile:
    try:
        loaded = reader.file(place.path, features)
    except Exception as bad:
        raise ExportError(f"{place.name}: `datasets` cannot load it: {_cause(bad)}") from bad
    odd = _differs(rows, loaded, place.format)
    if odd is not None:
        raise ExportError(f"{place.name}:{odd + 1}: does not come back from `datasets` as written")
    for number, row in enumerate(loaded, 1):
        wrong = validate(_without_nulls(row, place.format), place.format)
        if wrong:
            raise ExportError(f"{place.name}:{number}: {'; '.join(wrong)}")
    return ExportedFile(
        path=place.name,
        format=place.format,
        split=place.split,
        rows=len(rows),
        sha256=file_digest(place.path),
    )


def _differs(rows: Sequence[Row], loaded: Sequence[Row], target: str) -> int | None:
    """Return the first row that did not come back as it was, None if all did."""
    if len(rows) != len(loaded):
        return min(len(rows), len(loaded))
    for number, (row, back) in enumerate(zip(rows, loaded, strict=True)):
        back = _without_nulls(back, target)
        if back != row and (target.startswith("trl-") or back != rounded(row)):
            return number
    return None


def _without_nulls(row: Row, target: str) -> Row:
    """Leave out the nulls that stand for absent columns; TRL's rows all have the same columns."""
    if target.startswith("trl-"):
        return row
    return {name: value for name, value in row.items() if value is not None}


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
