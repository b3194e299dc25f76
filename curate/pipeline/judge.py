"""Verdicts of models on candidates and pairs: each call paid once."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.console import bar
from curate.files import file_digest
from curate.pipeline.asking import Asking, Spending
from curate.pipeline.pool import answers_key, any_pairs, finish, fresh, key, logged_pairs, pool_key
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import VERDICTS, digest

if TYPE_CHECKING:
    from curate.judge import Items, Judge

__all__ = ["judge", "judging"]


def judge(project: Project) -> Summary:
    """Ask the configured judges what they make of the candidates, into ``verdicts``.

    What the ledger holds is not asked again, so that a run that was stopped at any moment goes
    on where it was; calls that failed are asked again by the next run.

    Raises:
        BudgetError: If the limit is reached; what was answered is in the ledger.
        ConfigError: If a prompt or a judge is not as it must be.
        ModelError: If a server is away or refuses the key.
        ProjectError: If nothing was read yet.
    """
    if not project.config.judge.judges:
        return _nothing_to_judge(project)
    items, judges = judging(project)
    now = _key(project, judges)
    made = project.pool / "verdicts.parquet"
    if before := fresh(project, "judge", now, [made]):
        return before
    tally = _ask_all(project, items, judges)
    summary = Summary(
        stage="judge",
        counts=tally.counts(project.config.budget.currency),
        paths=(made.as_posix(),),
        notes=tuple(tally.notes()),
        data={"judges": tally.facts()},
    )
    done = digest(now, file_digest(made)) if tally.failed else now
    return finish(project, "judge", done, summary)


def judging(project: Project) -> tuple[Items, list[Judge]]:
    """Return what is to be judged, and by whom, as the configuration has it.

    For `curate.judge.calls`: what `judge` would ask. Candidates are those whose answers may be
    chosen for review (`score.target`); pairs are the logged ones, or all pairs of such candidates
    (`select.pairs`).

    Raises:
        ConfigError: If a prompt or a judge is not as it must be.
        ProjectError: If nothing was read yet.
    """
    from curate.generate import evenly
    from curate.judge import Items, judges_from

    config = project.config
    judges = judges_from(config.judge, folder=project.folder)
    records = evenly(project.need_table("records", "ingest"), config.judge.limit)
    candidates = _of_records(project.candidates(), records)
    targets = _targets(candidates, config.score.target)
    compares = any(one.task == "rank" for one in judges)
    items = Items(
        records,
        candidates=targets if any(one.task == "rewrite" for one in judges) else targets.slice(0, 0),
        pairs=_pairs(project, records, targets) if compares else None,
        among=candidates,
    )
    return items, judges


def _nothing_to_judge(project: Project) -> Summary:
    (project.pool / "verdicts.parquet").unlink(missing_ok=True)
    summary = Summary(stage="judge", notes=("nothing to judge: no `judge.judges`",))
    return finish(project, "judge", _key(project, []), summary)


def _key(project: Project, judges: Sequence[Judge]) -> str:
    """Return what decides the verdicts: judges, the wording of their prompts, and the items."""
    config = project.config
    which = (*config.score.target, config.select.pairs)
    before = (pool_key(project), answers_key(project))
    return key(project, "judge", *before, *(one.prompt.hash for one in judges), *which)


def _of_records(table: pa.Table, records: pa.Table) -> pa.Table:
    return table.filter(pc.is_in(table["record_id"], value_set=records["id"].combine_chunks()))


def _targets(candidates: pa.Table, models: Sequence[str]) -> pa.Table:
    if not models:
        return candidates
    return candidates.filter(pc.is_in(candidates["model"], value_set=pa.array(models)))


def _pairs(project: Project, records: pa.Table, targets: pa.Table) -> pa.Table:
    if project.config.select.pairs == "logged":
        return _of_records(logged_pairs(project), records)
    columns = {"record_id": targets["record_id"], "candidate_id": targets["id"]}
    return any_pairs(pa.table({**columns, "is_target": pa.repeat(True, len(targets))}))


def _ask_all(project: Project, items: Items, judges: Sequence[Judge]) -> _Tally:
    """Ask all judges, and write what they say."""
    from curate.judge import judged
    from curate.llm.ledger import Ledger

    tally = _Tally(of={one.name: _OfJudge() for one in judges})
    total = sum(items.count(one.task) * (2 if one.task == "rank" else 1) for one in judges)
    with contextlib.ExitStack() as open_:
        ledger = open_.enter_context(Ledger(project.ledger))
        before = ledger.totals()
        file = open_.enter_context(project.writer("verdicts", VERDICTS))
        progress = open_.enter_context(bar("judging"))
        asking = Asking(project, ledger, stage="judge", progress=progress, total=total)
        open_.callback(asking.close)
        batches = judged(items, judges, ask=lambda one: asking.of(one.member))
        for batch in open_.enter_context(contextlib.closing(batches)):
            file.write(batch)
            tally.add(batch)
        asking.close()
        tally.remarks = tuple(asking.notes)
        tally.spending = Spending.between(before, ledger.totals())
    return tally


@dataclass(slots=True, kw_only=True)
class _OfJudge:
    """What one judge said in all."""

    verdicts: int = 0
    unscored: int = 0
    both_orders: int = 0
    undecided: int = 0
    graded: int = 0
    grades: float = 0.0

    def add(self, row: Mapping[str, Any]) -> None:
        self.verdicts += 1
        if row["why_unscored"] is not None:
            self.unscored += 1
        elif row["orders"]:
            self.both_orders += 1
            self.undecided += row["choice"] is None
        else:
            self.graded += 1
            self.grades += row["grade"]

    def facts(self) -> dict[str, Any]:
        return {
            "verdicts": self.verdicts,
            "unscored": self.unscored,
            "mean_grade": _share(self.grades, self.graded),
            "order_inconsistent": _share(self.undecided, self.both_orders),
        }


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What a run came to."""

    of: dict[str, _OfJudge]
    reasons: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    """Verdicts that are missing because a call failed."""
    spending: Spending = field(default_factory=Spending)
    remarks: tuple[str, ...] = ()
    """Of the clients on their servers."""

    def add(self, batch: pa.RecordBatch) -> None:
        from curate.judge import failed

        for row in batch.select(["judge", "grade", "choice", "orders", "why_unscored"]).to_pylist():
            self.of[row["judge"]].add(row)
            if why := row["why_unscored"]:
                self.reasons[why] += 1
                self.failed += failed(why)

    def counts(self, currency: str) -> dict[str, int | str]:
        return {
            "verdicts": sum(one.verdicts for one in self.of.values()),
            "unscored": sum(one.unscored for one in self.of.values()),
            "undecided": sum(one.undecided for one in self.of.values()),
            "new calls": self.spending.new,
            "tokens": self.spending.tokens,
            "money": self.spending.told(currency),
        }

    def facts(self) -> dict[str, dict[str, Any]]:
        return {name: one.facts() for name, one in self.of.items()}

    def notes(self) -> Iterator[str]:
        yield from (_line(name, one) for name, one in self.of.items())
        if self.reasons:
            reason, times = self.reasons.most_common(1)[0]
            again = f"; {self.failed:,} failed: run again to ask them again" if self.failed else ""
            yield f"unscored most often, {times:,}: {reason}{again}"
        yield from self.remarks


def _line(name: str, one: _OfJudge) -> str:
    facts = one.facts()
    said = [f"{one.verdicts:,} verdicts", f"{one.unscored:,} unscored"]
    if one.graded:
        said.append(f"mean {facts['mean_grade']:.2f}")
    if one.both_orders:
        said.append(f"{facts['order_inconsistent']:.0%} change with the order of the answers")
    return f"{name}: {' · '.join(said)}"


def _share(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
