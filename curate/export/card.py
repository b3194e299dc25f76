"""The dataset card: Hugging Face's YAML front matter, then what a user must know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from curate.config import ExportConfig
from curate.errors import ExportError
from curate.export.gather import Gathered
from curate.export.writers import Row

__all__ = ["Shelf", "card", "on_card"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One format as the card offers it."""

    format: str
    kind: str
    """Which files the card leads to: parquet or jsonl."""
    rows: Mapping[str, int]
    """Split to number of rows, without empty splits."""
    features: Any
    """A `datasets.Features`."""

    def check(self, found: Mapping[str, int]) -> None:
        """Check what loading by the card gave.

        Raises:
            ExportError: If it is not what the card promises.
        """
        if dict(found) != dict(self.rows):
            raise ExportError(
                f"README.md: the card leads to {dict(found)} for {self.format}, "
                f"written were {dict(self.rows)}"
            )


def on_card(shelves: Sequence[Shelf]) -> list[Shelf]:
    """Return the formats that the card leads `datasets` to: of one kind of file only.

    `datasets` reads all configurations of a card by one reader; where there are Parquet files,
    those formats that are JSONL only (OpenAI's) are named in the table of files alone.
    """
    parquet = [shelf for shelf in shelves if shelf.kind == "parquet"]
    return parquet or list(shelves)


def card(
    name: str,
    shelves: Sequence[Shelf],
    done: Sequence[Gathered],
    *,
    config: ExportConfig,
    about: Mapping[str, Any],
    notes: Sequence[str],
) -> str:
    """Return the card's text.

    Args:
        name: Of the dataset.
        shelves: The formats that have rows.
        done: The rows of every format.
        config: License and language.
        about: Section to text, list or mapping; `annotators_creators` goes into the YAML.
        notes: Sentences for those who load the files.
    """
    front = yaml.safe_dump(
        _front(name, shelves, config, about), sort_keys=False, allow_unicode=True, width=1000
    )
    parts = [f"---\n{front}---", f"# {_plain(name)}", _REPRESENTS]
    for key in (*_TITLES, *(k for k in about if k not in _TITLES)):
        parts += _section(key, about.get(key), done)
    parts += [_files(shelves), *_bullets("Notes on the files", notes), *_reasons(done)]
    return "\n\n".join(parts) + "\n"


_REPRESENTS = (
    "**These rows are not representative of traffic unless reweighted**: most were chosen because "
    "they were likely to be wrong or disputed. Figures about the system that produced the answers "
    "must come from the random slice, or be weighted by the inclusion probabilities."
)

_TITLES = {
    "selected": "How the rows were selected",
    "answered": "Who answered, and when",
    "agreement": "Agreement",
    "counts": "Counts",
    "source": "Source",
    "personal_data": "Personal data",
    "skews": "Known skews",
}

_TAGS = {
    "trl-messages": ["sft"],
    "trl-prompt-completion": ["sft"],
    "trl-preference": ["preference", "dpo"],
    "trl-preference-implicit": ["preference", "reward-model"],
    "trl-unpaired": ["preference", "kto"],
    "openai-sft": ["sft"],
    "openai-dpo": ["preference", "dpo"],
}

_SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]


def _front(
    name: str, shelves: Sequence[Shelf], config: ExportConfig, about: Mapping[str, Any]
) -> dict[str, Any]:
    tags = [tag for shelf in shelves for tag in _TAGS.get(shelf.format, [])]
    most = max((sum(shelf.rows.values()) for shelf in shelves), default=0)
    front: dict[str, Any] = {
        "language": list(config.language),
        "license": config.license,
        "annotations_creators": list(about.get("annotators_creators", ["expert-generated"])),
        "task_categories": ["text-generation"],
        "size_categories": [next((s for n, s in _SIZES if most < n), "1M<n<10M")],
        "pretty_name": _plain(name),
        "tags": [*dict.fromkeys(tags), "human-feedback"],
        "configs": [_config(shelf) for shelf in on_card(shelves)],
        "dataset_info": [_info(shelf) for shelf in on_card(shelves)],
    }
    return {key: value for key, value in front.items() if value != []}


def _config(shelf: Shelf) -> dict[str, Any]:
    files = [{"split": s, "path": f"{shelf.format}/{s}.{shelf.kind}"} for s in shelf.rows]
    return {"config_name": shelf.format, "data_files": files}


def _info(shelf: Shelf) -> dict[str, Any]:
    return {"config_name": shelf.format, "features": shelf.features._to_yaml_list()}


def _section(key: str, told: Any, done: Sequence[Gathered]) -> Iterator[str]:
    if key == "annotators_creators":
        return
    body = list(_told(told))
    if key == "skews":
        body += [f"- {line}" for line in _lengths(done)]
    if body:
        yield f"## {_TITLES.get(key) or _plain(key.replace('_', ' ').capitalize())}"
        yield "\n".join(body)


def _told(value: Any) -> Iterator[str]:
    """Render a text, a list, a mapping; a list of mappings as a table without names."""
    if isinstance(value, Mapping):
        yield from (f"- {_plain(k)}: {_plain(v)}" for k, v in value.items() if not _rows(v))
        for key, inner in value.items():
            if _rows(inner):
                yield from ("", f"{_plain(key).capitalize()}:", "", *_table(inner))
    elif isinstance(value, list | tuple):
        yield from _table(value) if _rows(value) else (f"- {_plain(v)}" for v in value)
    elif value is not None and value != "":
        yield _plain(value)


def _rows(value: Any) -> bool:
    listed = isinstance(value, list | tuple) and bool(value)
    return listed and all(isinstance(row, Mapping) for row in value)


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    columns = [name for name in rows[0] if name not in ("name", "annotator")]
    yield "| no. | " + " | ".join(_plain(c).replace("_", " ") for c in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for number, row in enumerate(rows, 1):
        yield f"| {number} | " + " | ".join(_plain(row.get(c)) for c in columns) + " |"


def _lengths(done: Sequence[Gathered]) -> Iterator[str]:
    pairs = next((pair for g in done if (pair := [_pair(r) for r in g.rows if "chosen" in r])), [])
    if pairs:
        longer = sum(len(a) > len(b) for a, b in pairs)
        yield (
            f"In {longer} of {len(pairs)} pairs ({100 * longer / len(pairs):.0f} %) the preferred "
            "answer is the longer one."
        )


def _pair(row: Row) -> tuple[str, str]:
    return row["chosen"][-1]["content"], row["rejected"][-1]["content"]


def _files(shelves: Sequence[Shelf]) -> str:
    splits = list(dict.fromkeys(split for shelf in shelves for split in shelf.rows))
    head = ["## Files", "", "| format | " + " | ".join(splits) + " |"]
    rows = [
        f"| {s.format} | " + " | ".join(str(s.rows.get(n, 0)) for n in splits) + " |"
        for s in shelves
    ]
    text = [
        "",
        "Rows by format and split. A group (conversation or user) lies in one split, whole. "
        "`manifest.json` holds the sha256 of each file and the settled row behind each line, "
        "`left_out.jsonl` what a format did not take.",
    ]
    return "\n".join([*head, "|---" * (len(splits) + 1) + "|", *rows, *text])


def _bullets(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield "\n".join([f"## {title}", "", *(f"- {_plain(line)}" for line in lines)])


def _reasons(done: Sequence[Gathered]) -> Iterator[str]:
    lines = [
        f"{g.target}: {n} x {reason}"
        for g in done
        for reason, n in Counter(row.reason for row in g.left_out).most_common(_MOST_REASONS)
    ]
    yield from _bullets("Left out", lines)


_MOST_REASONS = 8


def _plain(value: Any) -> str:
    """Return a value as one line of text that is neither HTML nor the end of a table cell."""
    if isinstance(value, float):
        value = "not defined" if value != value else f"{value:.4g}"
    if value is None:
        return "not defined"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(v) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(k)}: {_plain(v)}" for k, v in value.items())
    text = " ".join(str(value).split())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
