"""The map of an audit: every row as a point, its parts with their words, and where faults lie."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.checks.rows import Rows
from curate.report.audit.hidden import Hidden, Packed
from curate.report.audit.listed import SEVERITIES, Listed, rows_of_findings
from curate.report.audit.page import AuditPage
from curate.report.charts import Rate, rate
from curate.report.regions import name_parts, parts_of

__all__ = ["Picture", "Region", "as_json", "picture"]

Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WIDTH = 1000
_RIM = 24
_LEAST_HEIGHT = 420.0
_MOST_POINTS = 200_000
_MOST_REGIONS = 12
_NAMED_FROM = 5_000
_READ = 600
_LABELS = 3_500_000
"""Characters of labels that the page carries at most."""
_LABEL = 140

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the map, or a cluster."""

    x: float
    y: float
    words: tuple[str, ...]
    rate: Rate
    """Rows at fault in it."""
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The map in a box of `WIDTH` by `height`, y downwards."""

    height: int
    at: npt.NDArray[np.float64]
    """Points drawn, shape (n_drawn, 2)."""
    rows: Indices
    """The row of each."""
    part: npt.NDArray[np.integer]
    """The region of each; -1 = of none that is named."""
    regions: tuple[Region, ...]
    n: int
    """Rows that have a point."""


def picture(page: AuditPage, fault: Bools, hidden: Hidden) -> Picture | None:
    """Lay the map out; None where nothing was embedded.

    Args:
        page: What is shown.
        fault: Which rows are at fault, shape (n_rows,).
        hidden: What must not be shown.

    Raises:
        ValueError: If points or clusters do not line up with the rows.
    """
    if page.xy is None:
        return None
    _check(page)
    placed = np.flatnonzero(np.isfinite(page.xy).all(axis=1))
    if not len(placed):
        return None
    drawn = _sample(placed, _MOST_POINTS)
    height, at = _boxed(np.asarray(page.xy, np.float64)[drawn])
    part = parts_of(at) if page.clusters is None else _largest(page.clusters[drawn])
    words = _words(page, drawn, part, hidden)
    regions = _regions(at, part, words, fault[drawn])
    return Picture(
        height=height, at=at, rows=drawn, part=part, regions=tuple(regions), n=len(placed)
    )


def _check(page: AuditPage) -> None:
    n = len(page.rows)
    if page.xy is not None and np.shape(page.xy) != (n, 2):
        raise ValueError(f"xy has shape {np.shape(page.xy)} for {n} rows")
    if page.clusters is not None and np.shape(page.clusters) != (n,):
        raise ValueError(f"clusters has shape {np.shape(page.clusters)} for {n} rows")


def _sample(rows: Indices, most: int) -> Indices:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _boxed(xy: npt.NDArray[np.float64]) -> tuple[int, npt.NDArray[np.float64]]:
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = float((high - low).max()) or 1.0
    scale = (WIDTH - 2 * _RIM) / span
    size = (high - low) * scale
    height = max(_LEAST_HEIGHT, float(size[1]) + 2 * _RIM)
    offset = np.array([(WIDTH - size[0]) / 2, (height - size[1]) / 2])
    at: npt.NDArray[np.float64] = (xy - low) * scale + offset
    at[:, 1] = height - at[:, 1]
    return round(height), at


def _largest(clusters: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Number the largest clusters from 0; the others are -1."""
    names, counts = np.unique(clusters[clusters >= 0], return_counts=True)
    order = names[np.argsort(-counts, kind="stable")][:_MOST_REGIONS]
    part = np.full(len(clusters), -1, np.int32)
    for number, name in enumerate(order.tolist()):
        part[clusters == name] = number
    return part


def _words(
    page: AuditPage, drawn: Indices, part: npt.NDArray[np.integer], hidden: Hidden
) -> list[tuple[str, ...]]:
    n_parts = int(part.max(initial=-1)) + 1
    if not page.show_text or n_parts < 2:
        return [()] * n_parts
    some = _sample(np.arange(len(drawn)), _NAMED_FROM)
    texts = labels(page.rows, drawn[some], hidden, most=_READ)
    names = name_parts(part[some], texts)
    return [*names, *([()] * (n_parts - len(names)))]


def _regions(
    at: npt.NDArray[np.float64],
    part: npt.NDArray[np.integer],
    words: Sequence[tuple[str, ...]],
    fault: Bools,
) -> list[Region]:
    regions = []
    for number, name in enumerate(words):
        members = part == number
        n = int(members.sum())
        if n and len(words) > 1:
            x, y = np.median(at[members], axis=0).tolist()
            faults = rate(" ".join(name), "active", int((members & fault).sum()), n)
            regions.append(Region(x=x, y=y, words=name, rate=faults, number=number))
    return sorted(regions, key=lambda r: (-r.rate.n, r.number))


def labels(rows: Rows, some: Indices, hidden: Hidden, *, most: int) -> list[str]:
    """Return the beginnings of what prompts ask, in one line each, masked."""
    secret = hidden.rows_with
    asked = pc.utf8_slice_codeunits(rows.asked.take(pa.array(some)), 0, 2 * most)
    starts = pc.fill_null(asked, "").to_pylist()
    texts = (
        hidden.asked(row)[: 2 * most] if row in secret else text
        for row, text in zip(some.tolist(), starts, strict=True)
    )
    return [" ".join(hidden.say(text).split())[:most] for text in texts]


def as_json(
    page: AuditPage, drawn: Picture, listed: Sequence[Listed], hidden: Hidden
) -> dict[str, Json]:
    """Return the map as the page's script reads it: numbers in base64, little-endian."""
    most = min(_LABEL, max(24, _LABELS // max(1, len(drawn.rows))))
    scale = 65535 / max(WIDTH, drawn.height)
    return {
        "width": WIDTH,
        "height": drawn.height,
        "scale": scale,
        "xy": packed(np.round(drawn.at * scale).astype("<u2")),
        "rows": packed(drawn.rows.astype("<u4")),
        "part": packed(drawn.part.astype("<i1")),
        "faults": [_faults(entry, drawn.rows) for entry in listed],
        "places": _places(page.rows, drawn.rows),
        "labels": labels(page.rows, drawn.rows, hidden, most=most) if page.show_text else [],
    }


def _faults(entry: Listed, drawn: Indices) -> list[list[Json]]:
    """Return the points at fault of one check by severity: a bit each, or numbers where few."""
    faults: list[list[Json]] = []
    for severity in SEVERITIES:
        mask = np.isin(drawn, rows_of_findings(entry.found, severity))
        points = np.flatnonzero(mask)
        if len(points) * 32 > len(drawn):
            faults.append([severity[0], "bits", packed(np.packbits(mask, bitorder="little"))])
        elif len(points):
            faults.append([severity[0], "list", packed(points.astype("<u4"))])
    return faults


def _places(rows: Rows, drawn: Indices) -> Json:
    """Return runs of points whose lines follow one another: first point, file, line; packed."""
    file, line = rows.file[drawn].astype(np.int64), rows.line[drawn].astype(np.int64)
    new = np.ones(len(drawn), np.bool_)
    new[1:] = (np.diff(line) != 1) | (np.diff(file) != 0)
    first = np.flatnonzero(new)
    return packed(np.stack([first, file[first], line[first]], axis=1).astype("<i4"))


def packed(values: npt.NDArray[Any]) -> Packed:
    """Return an array's bytes in base64, in the order of its axes."""
    return Packed(base64.b64encode(np.ascontiguousarray(values).tobytes()).decode())
