"""Which findings a page shows where it cannot show all, and how they travel to its script."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.checks.check import Found
from curate.checks.rows import Rows
from curate.records import Finding
from curate.report.audit.hidden import Hidden
from curate.report.audit.ids import finding_ids
from curate.report.audit.listed import Listed
from curate.report.audit.page import AuditPage
from curate.report.audit.sides import Pane, Part, panes

__all__ = ["Example", "as_json", "examples", "sample_of"]

MOST = 400
"""Findings of one check that the page shows at most."""
_SAMPLE = 60
_ROOM = 8_000_000
"""Characters of findings that the page carries at most."""
_PLACES = 40

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One finding that the page shows."""

    id: str
    finding: Finding
    panes: tuple[Pane, ...]
    chance: float
    """Of being in the random sample of its check; NaN where it is not in it."""

    @property
    def size(self) -> int:
        """Characters that it takes, about."""
        texts = sum(len(part.text) for pane in self.panes for part in pane.parts)
        return texts + len(self.finding.message) + 200


def examples(page: AuditPage, listed: Sequence[Listed], hidden: Hidden) -> dict[str, list[Example]]:
    """Return the findings to show of each check, the worst first.

    At most 400 of a check: the worst, and a random sample by which precision can be told. Checks
    take turns until the page is full, so that none crowds out the others.
    """
    turns = {entry.check.name: _turns(page, entry, hidden) for entry in listed}
    taken: dict[str, list[tuple[int, Example]]] = {name: [] for name in turns}
    room = _ROOM
    while turns and room > 0:
        for name in list(turns):
            following = next(turns[name], None)
            if following is None:
                del turns[name]
                continue
            taken[name].append(following)
            room -= following[1].size
    return {
        name: [example for _, example in sorted(some, key=_rank)] for name, some in taken.items()
    }


def _rank(placed: tuple[int, Example]) -> int:
    return placed[0]


def _turns(page: AuditPage, listed: Listed, hidden: Hidden) -> Iterator[tuple[int, Example]]:
    found = listed.found
    order = _worst_first(found)
    rank = {index: at for at, index in enumerate(order)}
    chances = sample_of(found)
    ids = page.ids.get(found.check) or finding_ids(found, page.rows)
    for index in _mixed(order, list(chances)):
        finding = found.findings[index]
        sides = panes(finding, page.rows, hidden, family=listed.check.family)
        chance = chances.get(index, math.nan)
        yield rank[index], Example(id=ids[index], finding=finding, panes=sides, chance=chance)


def _worst_first(found: Found) -> list[int]:
    scores = np.array([finding.score for finding in found.findings], np.float64)
    order: list[int] = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable").tolist()
    return order


def _mixed(order: Sequence[int], sample: Sequence[int]) -> list[int]:
    """Return the worst and the sample in turns, so that a page without room has some of both."""
    turns: list[int] = []
    for at, index in enumerate(order[:MOST]):
        turns.append(index)
        turns += sample[at : at + 1]
    return list(dict.fromkeys(turns))[:MOST]


def sample_of(found: Found) -> dict[int, float]:
    """Return a random sample of a check's findings, each with its chance of being in it.

    That is what the check itself has drawn (`figures["sample"]`: indices, or pairs of index and
    chance), or else sixty, the same ones each time. In the order of drawing.
    """
    drawn = found.figures.get("sample")
    if isinstance(drawn, list | tuple) and drawn:
        return _given(drawn, len(found.findings))
    n = len(found.findings)
    picked = np.random.default_rng(0).permutation(n)[:_SAMPLE].tolist()
    return {index: min(1.0, _SAMPLE / n) for index in picked}


def _given(drawn: Sequence[Any], n: int) -> dict[int, float]:
    pairs = [one if isinstance(one, list | tuple) else (one, len(drawn) / n) for one in drawn]
    return {int(i): float(chance) for i, chance in pairs if 0 <= int(i) < n and float(chance) > 0}


def as_json(
    page: AuditPage, listed: Sequence[Listed], shown: Mapping[str, Sequence[Example]]
) -> dict[str, Json]:
    """Return the findings shown as the page's script reads them: texts once, spans in UTF-16."""
    pool = _Pool(show_text=page.show_text)
    places = _Columns(page.rows)
    rows = [
        _finding(at, example, page.rows, pool, places)
        for at, entry in enumerate(listed)
        for example in shown[entry.check.name]
    ]
    return {"rows": rows, "texts": pool.texts, "files": places.files, "splits": places.splits}


def _finding(
    check: int, example: Example, rows: Rows, pool: _Pool, places: _Columns
) -> dict[str, Json]:
    finding = example.finding
    named = finding.rows or finding.against
    return {
        "c": check,
        "i": example.id,
        "v": finding.severity[0],
        "m": finding.message,
        "s": _number(finding.score),
        "k": _number(example.chance),
        "r": [rows.place(row) for row in finding.rows[:_PLACES]],
        "n": len(finding.rows),
        "a": [rows.place(row) for row in finding.against[:_PLACES]],
        "o": len(finding.against),
        "x": list(named[:_PLACES]),
        "f": places.file_of(named),
        "p": places.split_of(named),
        "b": [_pane(pane, pool) for pane in example.panes],
    }


def _pane(pane: Pane, pool: _Pool) -> dict[str, Json]:
    parts = [
        [part.label, pool.index(part.text), pool.spans(part), part.beyond, list(part.notes)]
        for part in pane.parts
    ]
    return {
        "t": pane.title,
        "p": pane.place,
        "r": int(pane.is_row),
        "n": list(pane.notes),
        "x": parts,
    }


class _Pool:
    """Each text once; none at all where the page is to show none."""

    def __init__(self, *, show_text: bool):
        self.texts: list[str] = []
        self._at: dict[str, int] = {}
        self._show = show_text

    def index(self, text: str) -> int | None:
        if not self._show:
            return None
        if text not in self._at:
            self._at[text] = len(self.texts)
            self.texts.append(text)
        return self._at[text]

    def spans(self, part: Part) -> list[int]:
        flat = [end for span in part.spans for end in span] if self._show else []
        if part.text.isascii() or max(part.text, default="") <= "\uffff":
            return flat
        return [len(part.text[:end].encode("utf-16-le")) // 2 for end in flat]


class _Columns:
    """Files and splits by number."""

    def __init__(self, rows: Rows):
        self.files = list(rows.files)
        self._file = rows.file
        encoded = rows.column("split").dictionary_encode()
        self.splits: list[str] = encoded.dictionary.to_pylist()
        self._split = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)

    def file_of(self, rows: Sequence[int]) -> list[int]:
        return np.unique(self._file[list(rows)]).tolist() if len(rows) else []

    def split_of(self, rows: Sequence[int]) -> list[int]:
        some: list[int] = np.unique(self._split[list(rows)]).tolist() if len(rows) else []
        return [split for split in some if split >= 0]


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
