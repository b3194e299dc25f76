"""A check's figures, whatever they are, as facts, tables and histograms that a template draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from curate.report.wording import NOTHING, count, number, percent

__all__ = ["Block", "Cell", "Column", "Fact", "Facts", "Histogram", "Table", "blocks", "write"]

Json = Any

_MOST_ROWS = 12
_MOST_WORDS = 30
_MOST_TEXT = 240
_MOST_DEEP = 3
_SHARES = frozenset({"accuracy", "auroc", "coverage", "precision", "rate", "recall", "share"})
_IN_PERCENT = _SHARES - {"auroc"}
_INTERVAL = ("interval", "ci", "ci95", "interval_95")
_VALUES = ("value", "share", "rate", "auroc")
_MOST_PARTS = 4
_STATISTICS = frozenset(
    {"n", "looked_at", "distinct", "mean", "median", "lower", "upper", "min", "max", "sd"}
)
_NOT_FOR_READERS = frozenset({"sample"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One named value."""

    label: str
    value: str
    interval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Values that stand side by side."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str
    is_number: bool = False
    bar: float | None = None
    """Its share of the largest of its column, where the column is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A small table."""

    title: str
    head: tuple[str, ...]
    """Empty: no head."""
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0

    @property
    def is_wide(self) -> bool:
        """Whether it needs a line of its own."""
        widest = max((sum(len(cell.text) for cell in row) for row in self.rows), default=0)
        return len(self.head) > 3 or widest > 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One bin; positions and heights are in 0 … 100."""

    x: float
    width: float
    heights: tuple[float, ...]
    """One for each series."""
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts in bins, of one series or of two, the second one downwards."""

    title: str
    series: tuple[str, ...]
    columns: tuple[Column, ...]
    low: str
    high: str


Block = Facts | Table | Histogram


def blocks(figures: Mapping[str, Json]) -> list[Block]:
    """Return what to draw, in the order of the figures.

    Numbers become facts, with an interval where a neighbour holds one (``rate`` beside
    ``rate_interval`` or ``interval``); ``[[name, value], ...]``, objects of values and lists
    of objects become tables; ``{"edges": [...], "counts": [...]}`` a histogram. Objects within
    objects are opened as far as three deep.

    >>> [type(block).__name__ for block in blocks({"rate": 0.5, "by": {"a": 1, "b": 2}})]
    ['Facts', 'Table']
    """
    return list(_object("", figures, 0))


def _object(title: str, value: Mapping[str, Json], depth: int) -> Iterator[Block]:
    kept = {str(k): v for k, v in value.items() if k not in _NOT_FOR_READERS}
    facts = tuple(_facts(kept))
    if facts:
        yield Facts(title=title, facts=facts)
    for key, inner in kept.items():
        if not _is_fact(inner):
            yield from _block(_within(title, key), inner, depth + 1)


def _within(title: str, key: str) -> str:
    return f"{title}: {_label(key)}" if title else _label(key)


def _facts(value: Mapping[str, Json]) -> Iterator[Fact]:
    used = set()
    for key, inner in value.items():
        if _is_plain(inner):
            at = next((k for k in _interval_keys(key, value) if _is_interval(value.get(k))), None)
            used.add(at)
            interval = write_interval(key, value[at]) if at else ""
            yield Fact(label=_label(key), value=write(key, inner), interval=interval)
        elif _is_estimate(inner):
            yield _estimate(key, inner)
    for key, inner in value.items():
        if _is_interval(inner) and key not in used:
            yield Fact(label=_label(key), value=write_interval(key, inner))


def _estimate(key: str, value: Mapping[str, Json]) -> Fact:
    named = next(name for name in _VALUES if name in value)
    key = key if named == "value" else f"{key} {named}"
    interval = write_interval(key, (value["low"], value["high"]))
    n = f", n = {count(value['n'])}" if isinstance(value.get("n"), int) else ""
    return Fact(label=_label(key), value=write(key, value[named]), interval=f"{interval}{n}")


def _interval_keys(key: str, value: Mapping[str, Json]) -> Iterator[str]:
    for ending in _INTERVAL:
        yield f"{key}_{ending}"
    only_one = sum(isinstance(v, float) for v in value.values()) == 1
    if key in _SHARES or (only_one and isinstance(value[key], float)):
        yield from _INTERVAL


def _block(title: str, value: Json, depth: int) -> Iterator[Block]:
    if isinstance(value, Mapping):
        yield from _mapping(title, value, depth)
    elif value:
        yield _sequence(title, list(value))


def _mapping(title: str, value: Mapping[str, Json], depth: int) -> Iterator[Block]:
    inner = list(value.values())
    if _is_histogram(value):
        yield _histogram(title, value)
    elif inner and all(isinstance(v, Mapping) and _is_flat(v) for v in inner):
        yield _records(title, [{"": k, **v} for k, v in value.items()])
    elif len(inner) > 1 and all(_is_number(v) for v in inner) and not _STATISTICS & set(value):
        yield _pairs(title, list(value.items()))
    elif depth < _MOST_DEEP:
        yield from _object(title, value, depth)


def _sequence(title: str, value: list[Json]) -> Block:
    if all(isinstance(v, Mapping) for v in value):
        return _records(title, value)
    if all(isinstance(v, list | tuple) and len(v) == 2 and _is_number(v[1]) for v in value):
        return _pairs(title, [(v[0], v[1]) for v in value])
    if all(isinstance(v, list | tuple) for v in value):
        rows = tuple(tuple(_cell(title, cell) for cell in row) for row in value[:_MOST_ROWS])
        return Table(title=title, head=(), rows=rows, left_out=max(0, len(value) - _MOST_ROWS))
    words = ", ".join(write(title, v) for v in value[:_MOST_WORDS])
    more = f" and {count(len(value) - _MOST_WORDS)} more" if len(value) > _MOST_WORDS else ""
    return Facts(title="", facts=(Fact(label=title, value=words + more),))


def _pairs(title: str, pairs: Sequence[tuple[Json, Json]]) -> Table:
    most = max((v for _, v in pairs if _finite(v)), default=0) or 1
    drawn = all(v >= 0 for _, v in pairs if _finite(v))
    rows = tuple(
        (
            Cell(text=write("", name)),
            Cell(
                text=write(title, value),
                is_number=True,
                bar=value / most if drawn and _finite(value) else None,
            ),
        )
        for name, value in pairs[:_MOST_ROWS]
    )
    return Table(title=title, head=(), rows=rows, left_out=max(0, len(pairs) - _MOST_ROWS))


def _records(title: str, records: Sequence[Mapping[str, Json]]) -> Table:
    keys = list(dict.fromkeys(key for record in records for key in record))
    keys = [key for key in keys if key not in _NOT_FOR_READERS]
    rows = tuple(
        tuple(_cell(key, record.get(key)) for key in keys) for record in records[:_MOST_ROWS]
    )
    head = tuple(_label(key) for key in keys)
    return Table(title=title, head=head, rows=rows, left_out=max(0, len(records) - _MOST_ROWS))


def _cell(key: str, value: Json) -> Cell:
    if _is_interval(value):
        return Cell(text=write_interval(key, value), is_number=True)
    if _is_estimate(value):
        fact = _estimate(key, value)
        return Cell(text=f"{fact.value} {fact.interval.split(', n =')[0]}", is_number=True)
    return Cell(text=write(key, value), is_number=_is_number(value) or value is None)


def _histogram(title: str, value: Mapping[str, Json]) -> Histogram:
    edges = list(value["edges"])
    names = [k for k, v in value.items() if k != "edges" and _is_counts(v, edges)][:2]
    bins = _bins(edges, len(value[names[0]]))
    most = [max(value[name], default=0) or 1 for name in names]
    step = 100 / len(bins)
    columns = tuple(
        Column(
            x=round(i * step, 3),
            width=round(step * 0.84, 3),
            heights=tuple(_height(value[n][i] / m) for n, m in zip(names, most, strict=True)),
            tip=f"{span}: " + ", ".join(f"{_label(n)} {write('', value[n][i])}" for n in names),
        )
        for i, span in enumerate(bins)
    )
    series = tuple(_label(name) for name in names) if len(names) > 1 else ()
    ends = (bins[0].partition(" to ")[0], bins[-1].rpartition(" to ")[2])
    return Histogram(title=title, series=series, columns=columns, low=ends[0], high=ends[1])


def _bins(edges: Sequence[float], n: int) -> list[str]:
    """Name the bins; where there are more than lie between edges, the outer ones are open."""
    inner = [f"{number(a)} to {number(b)}" for a, b in itertools.pairwise(edges)]
    return inner if n == len(inner) else [f"< {number(edges[0])}", *inner, f"≥ {number(edges[-1])}"]


def _height(share: float) -> float:
    return round(max(100 * share, 1.5), 2) if share else 0.0


def write(key: str, value: Json) -> str:
    r"""Write a value for a reader; shares of what is named a rate or a share as per cent.

    >>> write("rate", 0.25).replace("\xa0", " "), write("rows", 1200), write("d", None)
    ('25 %', '1,200', '–')
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return _write_float(key, value)
    text = value if isinstance(value, str) else _joined(key, value)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _joined(key: str, value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(str(k))} {write(str(k), v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(write(key, v) for v in value[:_MOST_WORDS])
    return str(value)


def _write_float(key: str, value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if _IN_PERCENT & set(key.lower().replace("_", " ").split()) and 0 <= value <= 1:
        return percent(value)
    return number(value).replace("-", "−", 1) if value < 0 else number(value)


def write_interval(key: str, value: Sequence[Json]) -> str:
    """Write an interval: ``[0.12, 0.34]``."""
    return f"[{write(key, value[0])}, {write(key, value[1])}]"


def _label(key: str) -> str:
    return key.replace("_", " ")


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: Json) -> TypeGuard[float]:
    return _is_number(value) and math.isfinite(value)


def _is_plain(value: Json) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _is_interval(value: Json) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(v is None or _is_number(v) for v in value)
    )


def _is_flat(value: Mapping[str, Json]) -> bool:
    return bool(value) and all(map(_is_fact, value.values())) and not _is_estimate(value)


def _is_fact(value: Json) -> bool:
    return _is_plain(value) or _is_interval(value) or _is_estimate(value)


def _is_estimate(value: Json) -> TypeGuard[Mapping[str, Json]]:
    """Tell whether it is a number with its interval, as `checks.figures.as_figure` gives it."""
    if not isinstance(value, Mapping) or not {"low", "high"} <= set(value):
        return False
    return len(value) <= _MOST_PARTS and sum(name in value for name in _VALUES) == 1


def _is_histogram(value: Mapping[str, Json]) -> bool:
    edges = value.get("edges")
    if not isinstance(edges, list | tuple) or len(edges) < 2 or not all(map(_finite, edges)):
        return False
    return any(_is_counts(v, edges) for k, v in value.items() if k != "edges")


def _is_counts(value: Json, edges: Sequence[float]) -> bool:
    if not isinstance(value, list | tuple) or not all(map(_finite, value)):
        return False
    return len(value) in (len(edges) - 1, len(edges) + 1)
