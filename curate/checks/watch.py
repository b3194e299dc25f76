"""What is wrong with the form of a file's rows, gathered while they are read.

In: the rows as parsed, one by one, before anything is made of them. Out: `Found` of the checks
`format` and `mixed-schema`, with the ordinals of the rows, or what the reader made of them.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from curate.checks.check import Check, Context, Found
from curate.checks.plain import is_plain
from curate.checks.rows import Rows
from curate.checks.schema import Mixture, Shapes
from curate.checks.targets import faults, target_of
from curate.records import Evidence, Finding, Severity

__all__ = ["FORMAT", "SCHEMA", "Watch"]

RowsOf = Callable[[int], Sequence[int]]
_SHOWN = 5
_MOST_SENTENCES = 500


class Watch:
    """Rows of one file, watched while they are read.

    Args:
        target: What the file is for; None = told from the columns of its rows.
        strict: Whether columns that the target does not know are wrong.

    >>> watch = Watch()
    >>> for number in range(3):
    ...     watch.add(number, {"prompt": "2 + 2?", "completion": "4" if number else ""})
    >>> format, schema = watch.found()
    >>> format.findings[0].message, format.findings[0].rows
    ('trl-prompt-completion: completion is empty', (0,))
    """

    def __init__(self, target: str | None = None, *, strict: bool = False) -> None:
        self.target = target
        self.strict = strict
        self._said: dict[str, array[int]] = {}
        self._by_target: dict[str | None, array[int]] = {}
        self._numbers: array[int] = array("q")
        self._shapes = Shapes()
        self._plain: dict[Any, bool] = {}

    def add(self, number: int, row: object) -> None:
        """Look at a row.

        Args:
            number: Its ordinal in the file.
            row: As parsed: usually a dict.
        """
        self._numbers.append(number)
        self._shapes.add(row)
        target = self.target or target_of(row)
        here = self._by_target.get(target)
        if here is None:
            here = self._by_target[target] = array("q")
        here.append(number)
        if target is None:
            if not isinstance(row, dict):
                self._say("", f"the row is {type(row).__name__}, no object", number)
        elif self.strict or not is_plain(row, target, self._plain):
            for sentence in faults(row, target, strict=self.strict):
                self._say(target, sentence, number)

    def main_target(self) -> str | None:
        """Return the target that most rows are written for; None if nothing tells."""
        known = {name: len(where) for name, where in self._by_target.items() if name}
        return max(known, key=lambda name: known[name]) if known else None

    def found(self, rows: RowsOf | None = None) -> tuple[Found, Found]:
        """Return what `format` and `mixed-schema` say of the rows so far.

        Args:
            rows: From a row's ordinal to the rows that were made of it (several for a chat that
                was taken apart, none for one that was rejected); None = the ordinals themselves.
        """
        self._placed = rows or _itself
        return self._format(), self._schema()

    _placed: RowsOf

    def _say(self, target: str, sentence: str, number: int) -> None:
        text = _NUMBER.sub("[…]", sentence)
        text = f"{target}: {text}" if target else text
        if text not in self._said and len(self._said) >= _MOST_SENTENCES:
            text = "more is wrong than can be listed"
        where = self._said.setdefault(text, array("q"))
        if not where or where[-1] != number:
            where.append(number)

    def _format(self) -> Found:
        findings = [*self._strangers(), *map(self._sentence, self._said)]
        kinds = {name or "unknown": len(where) for name, where in self._by_target.items()}
        return Found(
            check=FORMAT.name,
            findings=tuple(sorted(findings, key=lambda f: -f.score)),
            looked_at=len(self._numbers),
            figures={"target": self.main_target() or "unknown", "rows_by_target": kinds},
        )

    def _sentence(self, text: str) -> Finding:
        return self._finding(FORMAT.name, FORMAT.severity, text, self._said[text])

    def _strangers(self) -> list[Finding]:
        """Tell the rows that are written for another target than most."""
        main = self.main_target()
        out = []
        for name, where in self._by_target.items():
            if main is None or name == main or {name, main} <= _ALIKE:
                continue
            looks = f"The row looks like {name or 'no target'}, most of its file like {main}"
            text = f"{looks}: write all for one"
            out.append(self._finding(FORMAT.name, FORMAT.severity, text, where))
        return out

    def _schema(self) -> Found:
        mixtures = self._shapes.mixtures()
        return Found(
            check=SCHEMA.name,
            findings=tuple(self._mixed(one) for one in mixtures),
            looked_at=len(self._numbers),
            figures={"places": [{"path": m.path, "share": m.share} for m in mixtures]},
        )

    def _mixed(self, one: Mixture) -> Finding:
        numbers = [self._numbers[row] for row in one.rows.tolist()]
        return self._finding(SCHEMA.name, one.severity, one.message, numbers)

    def _finding(
        self, check: str, severity: Severity, text: str, numbers: Sequence[int]
    ) -> Finding:
        rows = tuple(row for number in numbers for row in self._placed(number))
        note = "; ".join(f"row {number + 1}" for number in numbers[:_SHOWN])
        evidence = tuple(Evidence(row=row, field="row", note=note) for row in rows[:1])
        return Finding(
            check=check,
            severity=severity,
            message=text,
            rows=rows,
            score=len(numbers) / max(len(self._numbers), 1),
            evidence=evidence,
        )


_NUMBER = re.compile(r"\[\d+\]")
_ALIKE = frozenset({"trl-messages", "openai-sft"})


def _itself(number: int) -> Sequence[int]:
    return (number,)


def _while_reading(name: str) -> Callable[[Rows, Context], Found]:
    def run(rows: Rows, context: Context) -> Found:
        return Found(check=name, skipped="seen while reading: audit a file to have it told")

    return run


FORMAT = Check(
    name="format",
    family="format",
    about="Rows that their trainer would choke on: role order, tool calls, nulls, missing columns.",
    severity="error",
    threshold=float("nan"),
    run=_while_reading("format"),
    by_row=True,
)
SCHEMA = Check(
    name="mixed-schema",
    family="format",
    about="Columns that are not of one kind in all rows, or missing in some.",
    severity="warning",
    threshold=float("nan"),
    run=_while_reading("mixed-schema"),
    fixes=False,
)
