"""What must never be shown: personal data and keys, wherever a text of the page repeats them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from curate.checks.check import Found
from curate.checks.evidence import Spans, masked, secret_spans
from curate.checks.rows import Rows

__all__ = ["Hidden", "Packed"]

_PREFIX = 6
"""Secrets shorter than this are masked where they were found, but not looked for elsewhere."""
_FIELDS = ("prompt", "answer", "rejected")

Json = Any


class Packed(str):
    """A text of the page's own making (base64 of numbers), which holds nothing to hide."""

    __slots__ = ()


class Hidden:
    """The secrets that checks have found in rows, and texts without them."""

    def __init__(self, rows: Rows, found: Iterable[Found]):
        self._rows = rows
        self._spans = secret_spans(found)
        self._by_prefix: dict[str, list[str]] = {}
        for secret in sorted(self._literals(), key=len, reverse=True):
            self._by_prefix.setdefault(secret[:_PREFIX], []).append(secret)

    def _literals(self) -> set[str]:
        literals: set[str] = set()
        for (row, field), spans in self._spans.items():
            if field in _FIELDS:
                text = getattr(self._rows, field)[row].as_py() or ""
                literals |= {text[start:end] for start, end in spans}
        return {text for text in literals if len(text.strip()) >= _PREFIX}

    @property
    def rows_with(self) -> frozenset[int]:
        """Rows in which something is hidden."""
        return frozenset(row for row, _ in self._spans)

    def spans(self, row: int, field: str) -> Spans:
        """Return what is to be masked in a text of a row."""
        return self._spans.get((row, field), ())

    def text(self, row: int, field: str) -> str | None:
        """Return a text of a row, masked; None where the row has none."""
        text = getattr(self._rows, field)[row].as_py()
        return None if text is None else masked(text, self.spans(row, field))

    def asked(self, row: int) -> str:
        """Return what a prompt asks, masked as the prompt is."""
        asked = self._rows.asked[row].as_py() or ""
        prompt = self.text(row, "prompt") or ""
        return prompt[len(prompt) - len(asked) :] if self.spans(row, "prompt") else asked

    def say(self, text: str) -> str:
        """Return any text with each known secret masked, at the same length.

        Whatever names a secret outside the row in which it was found comes through here:
        messages, notes, the other side of a match, names in figures.
        """
        if not self._by_prefix:
            return text
        return masked(text, self._found(text))

    def masked(self, text: str, secret: Spans) -> str:
        """Return a text that is no row's, without its own secrets and without the rows'."""
        return self.say(masked(text, secret))

    def _found(self, text: str) -> list[tuple[int, int]]:
        spans, after = [], 0
        for start in range(len(text) - _PREFIX + 1):
            if start >= after and (some := self._by_prefix.get(text[start : start + _PREFIX])):
                after = start + _match(text, start, some)
                spans.append((start, after))
        return [span for span in spans if span[0] < span[1]]

    def everywhere(self, value: Json) -> Json:
        """Return JSON in which every text has gone through `say`; keys are the page's own."""
        if type(value) is str:
            return self.say(value)
        if isinstance(value, dict):
            return {key: self.everywhere(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.everywhere(inner) for inner in value]
        return value


def _match(text: str, start: int, secrets: Sequence[str]) -> int:
    return next((len(secret) for secret in secrets if text.startswith(secret, start)), 0)
