"""Doubtful rows of an audit to the desk, and how right the audit was once people answered.

A small project is made in the audit's folder: the worst findings and a lot drawn over each ranked
list. The ordinary flow pushes it; its answers tell the precision of each check.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ConfigError, CurateError
from curate.files import beside, read_json

if TYPE_CHECKING:
    from curate.audit import Audited
    from curate.checks import Found, Rows
    from curate.project import Project, Round

__all__ = ["check_desk", "on_the_desk", "with_precision", "with_samples"]

Json = Any

_SAMPLE = 20


def with_samples(found: Sequence[Found], families: Mapping[str, str], seed: int) -> list[Found]:
    """Draw a lot over the ranked list of each check that people may be asked about.

    Args:
        found: What each check found, the worst first.
        families: Check to its family.
        seed: Of the draw.
    """
    from curate.checks.labels.sample import ranked_sample

    def drawn(one: Found) -> Found:
        if not (_is_asked(one.check, families[one.check]) and one.findings):
            return one
        sample = ranked_sample(one, _SAMPLE, seed)
        pairs = list(zip(sample.findings.tolist(), sample.chances.tolist(), strict=True))
        return replace(one, figures={**one.figures, "sample": [list(pair) for pair in pairs]})

    return [drawn(one) for one in found]


def _is_asked(check: str, family: str) -> bool:
    return family == "labels" or check == "contradictions"


def on_the_desk(audited: Audited, folder: Path, which: str) -> Iterator[str]:
    """Put the most doubtful rows and the lots on the desk, and say what came of it.

    Args:
        audited: What was found.
        folder: The audit's.
        which: How many of the worst, beside those drawn by lot; or a file of marks, as the page
            saves it: those marked for the desk.

    Raises:
        ConfigError: If it is neither.
    """
    from curate import pipeline
    from curate.project import Project

    items = _items(audited, int(which)) if which.isdecimal() else _marked(audited, which)
    if not items:
        yield "nothing for the desk: no finding is doubtful, or marked for it"
        return
    config = _write(folder / "desk", audited.rows, items)
    try:
        project = Project(config)
        with project.locked():
            last = [summary.as_text() for summary in pipeline.run(project)]
    except CurateError as bad:
        yield f"{config.parent}: {bad}; then: curate run {config}"
        return
    yield from (line for line in last if line.startswith(("push", "pull")))
    yield f"{len(items):,} rows for the desk; once they are answered: curate run {config}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    row: int
    check: str
    finding: int
    message: str


def _items(audited: Audited, n: int) -> list[_Item]:
    """Return the worst findings of the checks in turns, and the lots, each row once."""
    asked = [
        found
        for check, found in zip(audited.checks, audited.found, strict=True)
        if _is_asked(check.name, check.family) and found.findings
    ]
    worst = [one for turn in zip_longest(*map(_ranked, asked)) for one in turn if one]
    worst = [one for one in worst if one.row >= 0]
    lots = [
        _item(found, int(index)) for found in asked for index, _ in found.figures.get("sample", ())
    ]
    wanted = _of_one_kind(audited.rows, [*_each_row_once(worst)][:n])
    kind = bool(wanted) and audited.rows.is_preference[wanted[0].row]
    lots = [o for o in lots if o.row >= 0 and audited.rows.is_preference[o.row] == kind]
    return list(_each_row_once([*lots, *wanted]))


def check_desk(which: str | None) -> None:
    """Check that it is a number of rows, or marks that a page saved.

    Raises:
        ConfigError: If it is neither.
    """
    if which is not None and not which.isdecimal():
        _marks(which)


def _marks(which: str) -> dict[str, Json]:
    try:
        said = read_json(Path(which))
    except (OSError, ValueError):
        said = None
    if not (isinstance(said, dict) and all(isinstance(m, dict | None) for m in said.values())):
        raise ConfigError(f"--desk {which}: give a number of rows, or the marks that a page saved")
    return said


def _marked(audited: Audited, which: str) -> list[_Item]:
    """Return the findings that a reader of the page marked for the desk."""
    from curate.report.audit import finding_ids

    said = _marks(which)
    items: list[_Item] = []
    for found in audited.found:
        wanted = {id for id, mark in dict(said.get(found.check) or {}).items() if mark == "desk"}
        ids = finding_ids(found, audited.rows) if wanted else []
        items += [_item(found, n) for n, id in enumerate(ids) if id in wanted]
    settled = [item for item in items if item.row >= 0]
    return _of_one_kind(audited.rows, list(_each_row_once(settled)))


def _ranked(found: Found) -> list[_Item]:
    return [_item(found, index) for index in range(len(found.findings))]


def _item(found: Found, index: int) -> _Item:
    finding = found.findings[index]
    row = (*finding.rows, *finding.against, -1)[0]
    return _Item(row=row, check=found.check, finding=index, message=finding.message)


def _each_row_once(items: Iterable[_Item]) -> Iterator[_Item]:
    seen: set[int] = set()
    for item in items:
        if item.row not in seen:
            seen.add(item.row)
            yield item


def _of_one_kind(rows: Rows, items: Sequence[_Item]) -> list[_Item]:
    """Return the items of the commoner kind: answers to rewrite, or pairs to compare."""
    pairs = [item for item in items if rows.is_preference[item.row]]
    answers = [item for item in items if not rows.is_preference[item.row]]
    return max(pairs, answers, key=len)


def _write(folder: Path, rows: Rows, items: Sequence[_Item]) -> Path:
    """Write the rows and the configuration of a project that asks all of them."""
    ranks = bool(rows.is_preference[items[0].row])
    with beside(folder / "rows.jsonl") as draft, draft.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(_row(rows, item), ensure_ascii=False) + "\n" for item in items)
    config = folder / "curate.yaml"
    with beside(config) as draft:
        draft.write_text(
            _CONFIG.format(
                name=f"audit-{folder.parent.name}"[:60],
                task="rank" if ranks else "rewrite",
                items=len(items),
            ),
            encoding="utf-8",
        )
    return config


_CONFIG = """# Written by `curate audit --desk`: rows that an audit doubts, for people to settle.

project:
  name: {name!r}
  task: {task}

ingest:
  paths: [rows.jsonl]

clean:
  checks: {{near-duplicates: "off"}}

select:
  strategy: random
  budget: {{items: {items}}}
  random_share: 0
  test_share: 0
  calibration_share: 0
  near_identical: 1.0
  pairs: logged
  pairs_per_prompt: 1000
  length_ratio: null

push:
  overlap: {{share: 0, annotators: 1}}
"""


def _row(rows: Rows, item: _Item) -> dict[str, Json]:
    messages = _messages(rows, item.row)
    answer = rows.answer[item.row].as_py()
    about = {
        "audit_check": item.check,
        "audit_finding": item.finding,
        "audit_place": rows.place(item.row),
    }
    if rows.is_preference[item.row]:
        rejected = rows.rejected[item.row].as_py()
        return {"prompt": messages, "chosen": _said(answer), "rejected": _said(rejected), **about}
    return {"messages": [*messages, *_said(answer or "")], **about}


def _messages(rows: Rows, row: int) -> list[dict[str, str]]:
    prompt = rows.prompt[row].as_py()
    turns = rows.turns[row].as_py() or [{"role": "user", "start": 0, "end": len(prompt)}]
    if turns[-1]["role"] == "user" and len(turns) == 1:
        return [{"role": "user", "content": prompt}]
    return [{"role": t["role"], "content": prompt[t["start"] : t["end"]]} for t in turns]


def _said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def with_precision(
    found: Sequence[Found], families: Mapping[str, str], folder: Path, seed: int
) -> tuple[list[Found], list[str]]:
    """Return what was found with how right it is, as far as people answered, and sentences.

    Args:
        found: What each check found, in the order of the audit.
        families: Check to its family.
        folder: The audit's.
        seed: Of the audit: the lots are drawn again.
    """
    from curate.checks.labels.sample import precision_at, ranked_sample

    verdicts = _verdicts(folder / "desk" / "curate.yaml")
    out: list[Found] = []
    lines: list[str] = []
    for one in found:
        of_check = verdicts.get(one.check, {})
        if not (_is_asked(one.check, families[one.check]) and of_check):
            out.append(one)
            continue
        sample = ranked_sample(one, _SAMPLE, seed)
        said = [of_check.get(int(index), math.nan) for index in sample.findings]
        known = [p for p in precision_at(said, sample) if not math.isnan(p.share.value)]
        rows = [[f"first {p.first:,}", p.share.value, [p.share.low, p.share.high]] for p in known]
        out.append(replace(one, figures={**one.figures, "precision": rows}))
        lines += [f"{one.check}: {_told(p)}" for p in known]
    return out, lines


def _told(precision: Any) -> str:
    share = precision.share
    return (
        f"of the first {precision.first:,} about {share.value:.0%} are right "
        f"[{share.low:.0%}, {share.high:.0%}], by {share.n:g} answers"
    )


def _verdicts(config: Path) -> dict[str, dict[int, float]]:
    """Return what people said of findings: check to finding to 1 (right) or 0 (false alarm)."""
    from curate.project import Project

    if not config.exists():
        return {}
    project = Project(config)
    said: dict[str, dict[int, float]] = {}
    for round_ in project.rounds():
        for about, verdict in _settled(project, round_):
            said.setdefault(about["audit_check"], {})[int(about["audit_finding"])] = verdict
    return said


def _settled(project: Project, round_: Round) -> Iterator[tuple[dict[str, Json], float]]:
    curated = round_.table("curated")
    if curated is None:
        return
    about = _abouts(project)
    firsts = {}
    for pair in project.need_table("pairs", "ingest").to_pylist():
        firsts[pair["id"]] = pair["winner"]
    for row in curated.select(["item_id", "record_id", "outcome"]).to_pylist():
        known = about.get(row["item_id"]) or about.get(row["record_id"])
        verdict = _verdict(row["outcome"], firsts.get(row["item_id"]))
        if known and not math.isnan(verdict):
            yield known, verdict


def _verdict(outcome: str, given: str | None) -> float:
    """Return 1 where people contradict the row as it stood, 0 where they agree with it."""
    if outcome == "unlabelable":
        return math.nan
    return float(outcome != (given or "good"))


def _abouts(project: Project) -> dict[str, dict[str, Json]]:
    """Return what the audit said of each item, by the id of candidate, pair or record."""
    found: dict[str, dict[str, Json]] = {}
    for name in ("records", "candidates", "pairs"):
        table = project.table(name)
        if table is None:
            continue
        for id, text in zip(table["id"].to_pylist(), table["metadata"].to_pylist(), strict=True):
            notes = json.loads(text or "{}")
            if "audit_check" in notes:
                found[id] = notes
    return found
