"""Spans of a trace as mappings of attributes, from OTLP JSON, SDK exports or flat rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

__all__ = ["Span", "has_attribute", "parsed", "spans_of"]

Json = Any
Row = Mapping[str, Json]
_decode = msgspec.json.Decoder().decode


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One span."""

    attributes: Row
    row: Row
    """The span itself: times, ids, status."""
    events: tuple[tuple[str, Row], ...] = ()
    """Name and attributes of each event."""

    @property
    def trace(self) -> str | None:
        """Id of the trace, None where the export leaves it out."""
        inner = self.row.get("spanContext") or self.row.get("context") or {}
        for place, name in ((self.row, "traceId"), (self.row, "trace_id"), (inner, "traceId")):
            if isinstance(place, dict) and place.get(name):
                return str(place[name])
        return str(inner["trace_id"]) if isinstance(inner, dict) and "trace_id" in inner else None

    @property
    def start(self) -> Json:
        """When it began, as written."""
        keys = ("startTimeUnixNano", "start_time", "startTime", "start_time_unix_nano")
        value = next((self.row[k] for k in keys if self.row.get(k) is not None), None)
        if isinstance(value, list) and len(value) == 2:
            return value[0] + value[1] / 1e9
        return value


def spans_of(row: Row) -> Iterator[Span]:
    """Yield the spans of a row: one, or all of an OTLP export."""
    return map(_span, _rows_of(row))


def has_attribute(row: Row, *starts: str) -> bool:
    """Say whether the first spans of a row have an attribute or event that starts so."""
    for span in islice(_rows_of(row), _SAMPLE):
        inner, events = span.get("attributes"), span.get("events")
        names = list(_plain(inner)) if isinstance(inner, dict | list) else list(span)
        if isinstance(events, list):
            names += [e["name"] for e in events if isinstance(e, dict) and "name" in e]
        if any(isinstance(name, str) and name.startswith(starts) for name in names):
            return True
    return False


def parsed(value: Json) -> Json:
    """Return what an attribute's JSON text holds; other texts and values as they are."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return _decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _rows_of(row: Row) -> Iterator[Row]:
    if not isinstance(row.get("resourceSpans"), list):
        spans = row.get("spans")
        yield from (s for s in (spans if isinstance(spans, list) else [row]) if _is_row(s))
        return
    for resource in filter(_is_row, row["resourceSpans"]):
        for scope in (
            resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans") or ()
        ):
            yield from filter(_is_row, scope.get("spans") or ())


def _is_row(value: Json) -> bool:
    return isinstance(value, dict)


_SAMPLE = 8


def _span(row: Row) -> Span:
    attributes = row.get("attributes")
    flat = _plain(attributes) if isinstance(attributes, dict | list) else row
    events = row.get("events") or ()
    named = tuple(
        (str(e.get("name")), {**_plain(e.get("attributes") or {}), **_body(e)})
        for e in events
        if isinstance(e, dict)
    )
    return Span(attributes=flat, row=row, events=named)


def _body(event: Row) -> Row:
    body = event.get("body")
    return body if isinstance(body, dict) else {}


def _plain(attributes: Json) -> dict[str, Json]:
    """Return attributes by name, OTLP's key/value lists unpacked."""
    if isinstance(attributes, dict):
        return dict(attributes)
    return {str(a.get("key")): _value(a.get("value")) for a in attributes if isinstance(a, dict)}


def _value(value: Json) -> Json:
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "arrayValue":
        return [_value(v) for v in inner.get("values") or ()]
    if kind == "kvlistValue":
        return _plain(inner.get("values") or [])
    if kind == "intValue":
        return int(inner)
    return inner if kind in _SCALARS else value


_SCALARS = ("stringValue", "boolValue", "doubleValue", "bytesValue")
