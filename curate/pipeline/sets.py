"""From answers to training files: resolve, export, and the manifest that closes a round."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.console import bar
from curate.errors import ProjectError
from curate.files import beside
from curate.pipeline.items import items_of
from curate.pipeline.learn import NEED
from curate.pipeline.summary import Summary
from curate.pipeline.versions import versions
from curate.pipeline.working_time import pace, worked
from curate.project import Project, Round

__all__ = ["close", "export", "resolve"]


def resolve(project: Project) -> Summary:
    """Turn the round's answers into settled rows, with agreement and what stays open.

    Raises:
        ProjectError: If no answer was pulled yet.
    """
    from curate.resolve import curated_table
    from curate.resolve import resolve as settle

    round_ = _last_round(project)
    responses = round_.need_table("responses", "pull")
    round_.reopen()
    asked = round_.read_json("pushed")["asked"]
    resolution = settle(
        responses,
        items_of(project, round_),
        config=project.config.resolve,
        seed=project.config.project.seed,
        displayed={id: row["shown"] for id, row in asked.items()},
    )
    _write_lines(round_, "undecided", resolution.undecided)
    _write_lines(round_, "answers_left_out", resolution.left_out)
    work = {"minutes": _minutes(responses), "discarded": _discarded(responses)}
    round_.write_json("agreement", resolution.agreement.as_dict() | work)
    round_.write_json("notes", resolution.notes)
    path = round_.write("curated", curated_table(resolution.curated))
    counts: dict[str, Any] = {
        "settled": len(resolution.curated),
        "undecided": len(resolution.undecided),
        "answers left out": sum(resolution.reasons.values()),
        **resolution.outcomes,
        "alpha": resolution.agreement.alpha,
    }
    notes = [f"{times:,} answers left out: {why}" for why, times in resolution.reasons.items()]
    kinds = Counter(row.reason.partition(":")[0] for row in resolution.undecided)
    notes += [f"{times:,} undecided: {why}" for why, times in sorted(kinds.items())]
    return Summary(stage="resolve", counts=counts, paths=(path.as_posix(),), notes=tuple(notes))


def _last_round(project: Project) -> Round:
    rounds = project.rounds()
    if not rounds or rounds[-1].read_json("pushed") is None:
        raise ProjectError(f"{project.folder}: nothing is at the desk; run `curate push` first")
    return rounds[-1]


def _write_lines(round_: Round, name: str, rows: Iterable[Any]) -> None:
    with beside(round_.folder / f"{name}.jsonl") as draft, draft.open("w", encoding="utf-8") as f:
        for row in rows:
            fields = asdict(row) if is_dataclass(row) and not isinstance(row, type) else row
            f.write(json.dumps(fields, ensure_ascii=False) + "\n")


def _minutes(responses: pa.Table) -> dict[str, float]:
    """Return each person's median minutes an item, where any are known."""
    return {name: minutes for name, minutes in pace(worked(responses)).items() if minutes > 0}


def _discarded(responses: pa.Table) -> dict[str, int]:
    """Return how many items each person discarded."""
    gone = {
        (row["annotator"], row["item_id"])
        for row in responses.to_pylist()
        if row["status"] == "discarded"
    }
    return dict(Counter(name for name, _ in sorted(gone)))


def export(project: Project) -> Summary:
    """Write the round's training files, each loaded back and checked row by row.

    Raises:
        ExportError: If a row is not what its trainer accepts.
        ProjectError: If nothing is settled yet.
    """
    from curate.export import export as write_sets
    from curate.resolve import curated_from

    round_ = _last_round(project)
    curated = curated_from(round_.need_table("curated", "resolve"))
    round_.reopen()
    items = items_of(project, round_)
    with bar("exporting") as progress:
        exported = write_sets(
            curated,
            {item.record.id: item.record for item in items},
            round_.exports,
            config=project.config.export,
            name=project.config.project.name,
            seed=project.config.project.seed,
            about=_about(project, round_),
            candidates={c.id: c for item in items for c in item.candidates},
            progress=progress,
        )
    below = round_.exports.relative_to(project.folder).as_posix()
    files = [asdict(file) | {"path": f"{below}/{file.path}"} for file in exported.files]
    round_.write_json("exported", {"files": files})
    counts = {
        "files": len(files),
        "rows": sum(file.rows for file in exported.files),
        "left out": len(exported.left_out),
    }
    return Summary(
        stage="export",
        counts=counts,
        paths=(round_.exports.as_posix(),),
        notes=exported.notes,
        data={"files": files},
    )


def _about(project: Project, round_: Round) -> dict[str, Any]:
    """Return what the card tells of where the rows come from."""
    config = project.config.select
    told = round_.read_json("selected")
    counts = told["summary"]["counts"]
    guideline = round_.read_json("pushed")["guideline"]
    agreement = round_.read_json("agreement")
    return {
        "source": [Path(path).name for path in project.config.ingest.paths],
        "selected": {
            "strategy": told.get("strategy") or config.strategy,
            "score": told.get("need") or NEED[project.config.project.task],
            "round": round_.number,
            "items chosen": counts["active"],
            "items drawn at random": counts["random"],
            "rows on offer": counts["on offer"],
            "seed": project.config.project.seed,
        },
        "answered": {
            "answers": agreement["n_answers"],
            "people": len(agreement["annotators"]),
            "guideline": f"{guideline['name']} {guideline['version']}",
        },
        "agreement": {
            "Krippendorff's alpha": agreement["alpha"],
            "95 % interval": [agreement["low"], agreement["high"]],
            "items with two answers or more": agreement["n_units"],
        },
    }


def close(project: Project) -> Summary:
    """Close the round with a manifest that names the one before it."""
    round_ = _last_round(project)
    path = round_.close(versions())
    files = len(round_.read_json("manifest")["files"])
    return Summary(
        stage="close",
        counts={"round": f"{round_.number}", "files": files},
        paths=(path.as_posix(),),
    )
