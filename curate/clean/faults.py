"""What checks say of the pool, as what becomes of prompts and of answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from curate.checks import CHECKS, Check, Context, Found, Rows
from curate.checks.check import NOTHING_TO_LOOK_AT
from curate.clean.copies import copies
from curate.clean.fates import Fate, Fates, What
from curate.clean.rows import PoolRows, prompt_rows, prompts_of, rows_from_pool
from curate.config import CleanConfig
from curate.errors import ConfigError
from curate.records import Finding

__all__ = ["DEFAULTS", "THRESHOLDS", "active", "by_checks", "chosen"]

Action = Literal["drop", "flag"]
Task = Literal["rewrite", "rank"]

DEFAULTS: Mapping[Task, Mapping[str, Action]] = {
    "rewrite": {
        "exact-duplicates": "drop",
        "near-duplicates": "drop",
        "contamination": "drop",
    },
    "rank": {
        "exact-duplicates": "drop",
        "near-duplicates": "drop",
        "contamination": "drop",
    },
}
"""What is done where the configuration does not name a check. Bad answers stay: to find those that
an expert should rewrite is what the pool is for."""


def chosen(config: CleanConfig, task: Task) -> list[tuple[Check, Action]]:
    """Return the checks that are to be run, in the order of `CHECKS`, and what their rows come to.

    Raises:
        ConfigError: If there is no check of a name, it says nothing of single rows, or it lacks
            what it is to look with: a threshold, a language, a benchmark.
    """
    _check_names(config)
    checks = [(CHECKS.get(name), action) for name, action in _wanted(config, task).items()]
    for check, _ in checks:
        _can_clean(check)
    return [(check, "drop" if action == "drop" else "flag") for check, action in checks]


def _check_names(config: CleanConfig) -> None:
    """Refuse what would be passed over in silence."""
    from curate.checks.quality.languages import NAMES

    for name, action in config.checks.items():
        if name not in CHECKS:
            CHECKS.get(name)
        if name in _AGAINST and action != "off" and not config.benchmarks:
            raise ConfigError(f"`clean.checks.{name}`: name files in `clean.benchmarks` as well")
    for name, threshold in config.thresholds.items():
        if math.isnan(CHECKS.get(name).threshold):
            raise ConfigError(f"`clean.thresholds.{name}`: this check has none to move")
        if not math.isfinite(threshold):
            raise ConfigError(f"`clean.thresholds.{name}`: {threshold} is no threshold")
    if unknown := [code for code in config.languages if code not in NAMES]:
        raise ConfigError(
            f"`clean.languages`: {unknown[0]!r} is not one that is told; known: {', '.join(NAMES)}"
        )


def active(config: CleanConfig, task: Task, *, answers: bool = False) -> bool:
    """Say whether a configuration asks for anything at all.

    Args:
        config: The section.
        task: What people will be asked.
        answers: Count only what is asked of answers that came later.
    """
    if config.keep is not None or config.drop or config.personal != "off":
        return True
    names = _wanted(config, task)
    return bool(names if not answers else [n for n in names if n not in _OF_PROMPTS])


def by_checks(
    records: pa.Table,
    candidates: pa.Table,
    checks: Sequence[tuple[Check, Action]],
    context: Context,
    fates: Fates,
    *,
    alone: bool = False,
    answers_only: bool = False,
) -> list[str]:
    """Say what becomes of rows by checks.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`.
        checks: Of `chosen`.
        context: What the checks may look at.
        fates: Where it is said.
        alone: Look at nothing but what a row shows by itself.
        answers_only: Touch no record.

    Returns:
        A sentence for each check that could not look.
    """
    rows: PoolRows | None = None
    notes: list[str] = []
    for check, action in checks:
        look = _Look(check, context, notes)
        if alone and not check.by_row:
            continue
        if check.by_row or check.family == "quality":
            rows = rows_from_pool(records, candidates) if rows is None else rows
            said = _by_row(rows, look)
        else:
            said = _of_prompts(records, look, copied=check.family == "duplicates")
        for what, row, reason in said:
            if what == "candidate" or not answers_only:
                fates.settle(what, row, Fate(action=action, check=check.name, reason=reason))
    return notes


@dataclass(frozen=True, slots=True)
class _Look:
    """A check, ready to be asked."""

    check: Check
    context: Context
    notes: list[str]

    def __call__(self, rows: Rows) -> tuple[Finding, ...]:
        found = self._found(rows)
        if found.skipped and found.skipped != NOTHING_TO_LOOK_AT:
            self.notes.append(f"{self.check.name} could not look: {found.skipped}")
        return found.findings

    def _found(self, rows: Rows) -> Found:
        name = self.check.name
        try:
            return self.check.run(rows, self.context)
        except ValueError as error:
            if name in self.context.thresholds:
                raise ConfigError(f"`clean.thresholds.{name}`: {error}") from error
            raise


THRESHOLDS: Mapping[str, float] = {"near-duplicates": 0.9}
"""Where those of an audit would drop too much: one word in sixty may differ, not one in thirty."""

_AGAINST = ("contamination", "semantic-contamination")
"""Checks that are run where benchmarks are given."""
_OF_PROMPTS = ("exact-duplicates", "near-duplicates", "contamination")

Said = Iterator[tuple[What, int, str]]


def _can_clean(check: Check) -> None:
    if not check.by_row and check.family != "quality" and check.name not in _OF_PROMPTS:
        raise ConfigError(
            f"`clean.checks.{check.name}`: it looks at the whole set or at vectors, and cannot "
            "say beforehand which rows should go; `curate audit` shows what it finds"
        )


def _of_prompts(records: pa.Table, look: _Look, *, copied: bool) -> Said:
    if copied:
        yield from (("record", row, reason) for row, reason in copies(records, look))
        return
    for finding in look(prompt_rows(records, prompts_of(records).asked)):
        yield from (("record", row, finding.message) for row in finding.rows)


def _by_row(pool: PoolRows, look: _Look) -> Said:
    for finding in look(pool.rows):
        for row in finding.rows:
            candidate = int(pool.candidate[row])
            if candidate < 0 or _of_the_prompt(finding, row):
                yield "record", int(pool.record[row]), finding.message
            else:
                yield "candidate", candidate, finding.message


def _of_the_prompt(finding: Finding, row: int) -> bool:
    """Whether all that is shown of a row stands in its prompt."""
    fields = {evidence.field for evidence in finding.evidence if evidence.row == row}
    return fields == {"prompt"}


def _wanted(config: CleanConfig, task: Task) -> dict[str, str]:
    """Return the checks that are to be run, in the order of `CHECKS`."""
    actions: dict[str, str] = {**DEFAULTS[task], **config.checks}
    on = {name: actions[name] for name in CHECKS if actions.get(name, "off") != "off"}
    return on if config.benchmarks else {k: v for k, v in on.items() if k not in _AGAINST}
