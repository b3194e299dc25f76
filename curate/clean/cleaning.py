"""The pool without what must not be in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from curate.checks import Beside, Context
from curate.clean.fates import DROPPED, FLAGGED, Fates
from curate.clean.faults import THRESHOLDS, Task, by_checks, chosen
from curate.clean.leaving import Leaving, flagged
from curate.clean.redacting import Redacts, Tables, redacted, touched
from curate.clean.rules import by_rules
from curate.config import CleanConfig
from curate.console import Progress
from curate.errors import ConfigError
from curate.records import PAIRS

__all__ = ["Cleaned", "clean", "clean_answers"]


def _quiet(done: int, total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What is left of the pool, and why the rest is not."""

    records: pa.Table
    candidates: pa.Table
    pairs: pa.Table
    dropped: pa.Table = field(default_factory=DROPPED.empty_table)
    """Table of `DROPPED`: each record, candidate and pair that is gone, with its reason."""
    flagged: pa.Table = field(default_factory=FLAGGED.empty_table)
    """Table of `FLAGGED`: records and candidates that stay, and are never asked."""
    redacted: Mapping[str, int] = field(default_factory=dict)
    """Kind of value to how many were found (report), taken out (redact) or led to a drop."""
    n_redacted: int = 0
    """Records, candidates and pairs that hold, or held, any."""
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def changed(self) -> bool:
        """Whether the tables are other than they were."""
        return bool(self.dropped.num_rows) or self.rewritten

    rewritten: bool = False
    """Whether texts were changed."""


def clean(
    records: pa.Table,
    candidates: pa.Table,
    pairs: pa.Table | None = None,
    *,
    config: CleanConfig,
    task: Task = "rewrite",
    benchmarks: Sequence[Beside] = (),
    redactor: Redacts | None = None,
    alone: bool = False,
    progress: Progress = _quiet,
) -> Cleaned:
    """Take out of a pool what must not be in it, each row with its reason.

    In this order: what the rules of the configuration drop; personal data, as
    ``config.personal`` has it; what checks find. A dropped prompt takes its answers with it, a
    dropped answer the pairs that it stood in. A fault of an answer drops that answer alone.

    Args:
        records: Table of `records.RECORDS`.
        candidates: Table of `records.CANDIDATES`.
        pairs: Table of `records.PAIRS`.
        config: The section.
        task: What people will be asked; decides what is done about checks that are not named.
        benchmarks: What prompts are held against.
        redactor: Finds personal data and secrets; needed unless ``config.personal`` is off.
        alone: Run only the checks that judge a row by itself: for rows as they arrive.
        progress: Told how far a check is.

    Raises:
        ConfigError: If a rule or a check is not as it must be, or there is no redactor.
    """
    pool = Tables(records, candidates, PAIRS.empty_table() if pairs is None else pairs)
    context = Context(
        thresholds={**THRESHOLDS, **config.thresholds},
        benchmarks=tuple(benchmarks),
        languages=tuple(config.languages),
        progress=progress,
    )
    return _cleaned(pool, config, task, context, redactor, alone=alone, answers_only=False)


def clean_answers(
    records: pa.Table,
    answers: pa.Table,
    *,
    config: CleanConfig,
    task: Task = "rewrite",
    redactor: Redacts | None = None,
    progress: Progress = _quiet,
) -> Cleaned:
    """Take out of answers that came later what must not be in them; prompts stay as they are.

    Rules are asked, personal data looked for, and the checks run that judge a row by itself.

    Args:
        records: What was asked, cleaned already.
        answers: Table of `records.CANDIDATES`; answers to other prompts are let go.
        config: As for `clean`.
        task: As for `clean`.
        redactor: As for `clean`.
        progress: As for `clean`.

    Raises:
        ConfigError: As for `clean`.
    """
    there = pc.is_in(answers["record_id"], value_set=records["id"].combine_chunks())
    pool = Tables(records, answers.filter(there), PAIRS.empty_table())
    context = Context(
        thresholds={**THRESHOLDS, **config.thresholds},
        languages=tuple(config.languages),
        progress=progress,
    )
    return _cleaned(pool, config, task, context, redactor, alone=True, answers_only=True)


def _cleaned(
    pool: Tables,
    config: CleanConfig,
    task: Task,
    context: Context,
    redactor: Redacts | None,
    *,
    alone: bool,
    answers_only: bool,
) -> Cleaned:
    checks = chosen(config, task)
    leaving = Leaving(named=config.personal not in ("redact", "remove"))
    fates = by_rules(pool.records, pool.candidates, config)
    pool = leaving.let_go(pool, Fates(candidates=fates.candidates) if answers_only else fates)
    private = _personal(pool, config, redactor, leaving, answers_only=answers_only)
    pool, fates = private.pool, Fates()
    leaving.named = True
    notes = by_checks(*pool[:2], checks, context, fates, alone=alone, answers_only=answers_only)
    left = leaving.let_go(pool, fates)
    return Cleaned(
        records=left.records,
        candidates=left.candidates,
        pairs=left.pairs,
        dropped=leaving.table(),
        flagged=flagged(pool, left, fates),
        redacted=private.found,
        n_redacted=private.rows,
        notes=tuple(notes),
        rewritten=config.personal == "redact" and private.rows > 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Private:
    """What was done about personal data."""

    pool: Tables
    found: Mapping[str, int] = field(default_factory=dict)
    rows: int = 0


def _personal(
    pool: Tables,
    config: CleanConfig,
    redactor: Redacts | None,
    leaving: Leaving,
    *,
    answers_only: bool,
) -> _Private:
    if config.personal == "off":
        return _Private(pool=pool)
    if redactor is None:
        raise ConfigError(f"`clean.personal: {config.personal}` needs a redactor")
    before = Counter(redactor.found)
    looked_at = pool._replace(records=pool.records.slice(0, 0)) if answers_only else pool
    after = touched(looked_at, redactor)
    found = dict(sorted((Counter(redactor.found) - before).items()))
    if config.personal == "redact":
        new, merged = redacted(looked_at, after)
        leaving.merged(looked_at.records, merged)
        looked_at = new
    elif config.personal == "remove":
        looked_at = leaving.let_go(looked_at, after.fates())
    records = pool.records if answers_only else looked_at.records
    return _Private(pool=looked_at._replace(records=records), found=found, rows=after.rows)
