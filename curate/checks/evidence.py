"""Evidence as it is shown: cut around what matters, with secrets masked wherever they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from curate.checks.check import Found

__all__ = ["Excerpt", "Spans", "excerpt", "joined", "masked", "secret_spans"]

Spans = tuple[tuple[int, int], ...]


class Excerpt(NamedTuple):
    """A piece of a text, and spans counted within it."""

    text: str
    spans: Spans


def secret_spans(found: Iterable[Found]) -> dict[tuple[int, str], Spans]:
    """Return what must never be shown, of whichever check's row: (row, field) to spans."""
    spans: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for one in found:
        for finding in one.findings:
            for evidence in finding.evidence:
                if evidence.secret:
                    spans.setdefault((evidence.row, evidence.field), []).extend(evidence.spans)
    return {key: joined(found_spans) for key, found_spans in spans.items()}


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return spans in order, those that meet or overlap as one.

    >>> joined([(4, 6), (0, 2), (5, 9)])
    ((0, 2), (4, 9))
    """
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)


def masked(text: str, secret: Sequence[tuple[int, int]]) -> str:
    """Return a text of the same length with dots in place of secrets.

    >>> masked("call 555-0100 now", [(5, 13)])
    'call •••••••• now'
    """
    for start, end in secret:
        stop = min(end, len(text))
        text = text[:start] + "•" * max(stop - start, 0) + text[stop:]
    return text


def excerpt(
    text: str,
    spans: Sequence[tuple[int, int]] = (),
    *,
    secret: Sequence[tuple[int, int]] = (),
    most: int = 600,
) -> Excerpt:
    """Return a piece of at most about `most` characters that shows the first of the spans.

    Args:
        text: The whole text.
        spans: What is to be seen; nothing = the beginning.
        secret: What is to be masked.
        most: Characters of the text, the marks of what was left out aside.

    >>> excerpt("x" * 50 + "needle" + "y" * 50, [(50, 56)], most=16)
    Excerpt(text='… xxxxxneedleyyyyy …', spans=((7, 13),))
    """
    text = masked(text, secret)
    if len(text) <= most:
        return Excerpt(text, tuple(spans))
    first, last = spans[0] if spans else (0, 0)
    start = max(0, min(first - max(most - (last - first), 0) // 2, len(text) - most))
    end = start + most
    lead = "… " if start else ""
    tail = " …" if end < len(text) else ""
    shift = len(lead) - start
    inside = ((max(a, start) + shift, min(b, end) + shift) for a, b in spans if a < end > start < b)
    return Excerpt(f"{lead}{text[start:end]}{tail}", tuple(inside))
