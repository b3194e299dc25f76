"""To the desk and back: push, pull, and the Argilla that runs on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from curate.console import bar, say
from curate.errors import DeskError, ProjectError
from curate.pipeline.items import items_of
from curate.pipeline.summary import Summary
from curate.project import Project, Round
from curate.records import Item, digest
from curate.review import (
    Asked,
    Batch,
    Progress,
    Pushed,
    batch_name,
    estimate,
    guideline,
    server,
)
from curate.review.argilla import ArgillaDesk

__all__ = ["argilla_down", "argilla_status", "argilla_up", "desk_of", "progress", "pull", "push"]


def push(project: Project) -> Summary:
    """Put the round's queue before people; again changes nothing.

    Raises:
        DeskError: If the desk is away, refuses the key, or holds something else by that name.
    """
    round_ = _last_round(project)
    batch = _batch(project, round_)
    minutes = _minutes(round_, batch)
    say(f"push: {len(batch.items):,} items, about {minutes:,.0f} minutes of reviewers' time")
    desk = desk_of(project)
    with bar("pushing") as progress:
        pushed = desk.push(batch, progress=progress)
    _keep_pushed(round_, batch, pushed)
    answers = sum(item.overlap for item in batch.items)
    counts = {
        "new": len(pushed.new),
        "updated": len(pushed.updated),
        "unchanged": len(pushed.unchanged),
        "refused": len(pushed.refused),
        "answers wanted": answers,
        "reviewers' minutes": round(minutes),
    }
    notes = (*pushed.notes, *(f"refused {id}: {why}" for id, why in pushed.refused.items()))
    return Summary(stage="push", counts=counts, paths=tuple(pushed.places.values()), notes=notes)


def _minutes(round_: Round, batch: Batch) -> float:
    """Return reviewers' minutes as the round's choice reckoned with them, else by the texts."""
    chosen = (round_.read_json("composition") or {"queue": {}})["queue"].get("minutes")
    return estimate(batch.items, batch.task) if chosen is None else float(chosen)


def _last_round(project: Project) -> Round:
    rounds = project.rounds()
    if not rounds:
        raise ProjectError(f"{project.folder}: no round yet; run `curate select` first")
    return rounds[-1]


def _batch(project: Project, round_: Round) -> Batch:
    config = project.config
    path = config.push.guidelines
    return Batch(
        name=batch_name(
            config.push.dataset or config.project.name,
            round=round_.number,
            task=config.project.task,
        ),
        task=config.project.task,
        items=_mixed(items_of(project, round_), config.project.seed),
        guideline=guideline(project.folder / path if path else None, task=config.project.task),
        ranking=config.push.ranking,
        seed=config.project.seed,
    )


def _mixed(items: list[Item], seed: int) -> list[Item]:
    """Return the items in an order that tells nothing of why each was chosen."""
    return sorted(items, key=lambda item: (digest(str(seed), item.id), item.id))


def _keep_pushed(round_: Round, batch: Batch, pushed: Pushed) -> None:
    """Note how each item stands on the desk; items of an earlier push stay noted."""
    before = round_.read_json("pushed") or {"asked": {}}
    own = {item.id: tuple(c.id for c in item.candidates) for item in batch.items}
    asked = {
        id: {"task": batch.task, "candidates": own[id], "shown": shown}
        for id, shown in pushed.permutation.items()
    }
    round_.write_json(
        "pushed",
        {
            "batch": batch.name,
            "guideline": asdict(batch.guideline) | {"version": batch.guideline.version},
            "asked": before["asked"] | asked,
            "places": dict(pushed.places),
            "refused": dict(pushed.refused),
        },
    )


def pull(project: Project) -> Summary:
    """Fetch the answers that are new or changed; every version of an answer is kept.

    Raises:
        DeskError: If the desk is away or refuses the key.
        ProjectError: If nothing was pushed yet.
    """
    round_ = _last_round(project)
    pushed = _pushed(round_)
    desk = desk_of(project)
    asked = [_asked(id, row) for id, row in pushed["asked"].items()]
    pulled = desk.pull(pushed["batch"], asked, since=project.seen_responses(round_.number))
    new = project.keep_responses(round_.number, pulled.responses)
    project.note_gone(round_.number, pulled.gone)
    reopened = bool(new or pulled.gone) and round_.reopen()
    path = round_.write("responses", project.responses(round_.number))
    state = desk.progress(pushed["batch"])
    counts = {
        "new or changed": new,
        "answers on the desk": pulled.seen,
        "items done": state.completed,
        "items at the desk": state.total,
    }
    notes = [*pulled.notes]
    notes += [f"{id}: no longer on the desk" for id in pulled.missing]
    notes += [f"response {id}: taken back on the desk; it counts no longer" for id in pulled.gone]
    notes += [f"{id}: {why}" for id, why in pulled.refused.items()]
    if reopened:
        notes.append(f"the round was closed and is open again; `curate run {project.config_path}`")
    waiting = not _enough(project, state)
    if waiting:
        notes.append(_waits_for(project, pushed, state))
    return Summary(
        stage="pull", counts=counts, paths=(path.as_posix(),), notes=tuple(notes), waiting=waiting
    )


def progress(project: Project) -> Progress:
    """Return how far the last round's batch is."""
    return desk_of(project).progress(_pushed(_last_round(project))["batch"])


def _pushed(round_: Round) -> dict[str, Any]:
    pushed = round_.read_json("pushed")
    if pushed is None:
        raise ProjectError(f"round {round_.number} is not at the desk; run `curate push` first")
    return dict(pushed)


def _asked(id: str, row: Mapping[str, Any]) -> Asked:
    return Asked(
        item_id=id,
        task=row["task"],
        candidates=tuple(row["candidates"]),
        shown=tuple(row["shown"]),
    )


def _enough(project: Project, state: Progress) -> bool:
    return state.total > 0 and state.completed >= project.config.pull.wait_for * state.total


def _waits_for(project: Project, pushed: Mapping[str, Any], state: Progress) -> str:
    where = ", ".join(pushed["places"].values())
    return (
        f"waiting at the desk: {state.completed:,} of {state.total:,} items answered; "
        f"answer at {where}, then run `curate run {project.config_path}` again"
    )


def desk_of(project: Project) -> ArgillaDesk:
    """Return the desk that the configuration names.

    Raises:
        DeskError: If no address is known, or the key's environment variable is not set.
    """
    config = project.config.push
    url = config.url or os.environ.get("ARGILLA_API_URL")
    if url:
        return ArgillaDesk(url, _key(config.api_key_env), workspace=config.workspace)
    running = server.status()
    if running is None or not running.running:
        raise DeskError(
            "no Argilla is running here and none is named; start one with `curate argilla up`, "
            "or set `push.url` (or ARGILLA_API_URL) and the key's variable"
        )
    return ArgillaDesk(running.url, running.api_key, workspace=config.workspace)


def _key(variable: str) -> str:
    key = os.environ.get(variable)
    if not key:
        raise DeskError(
            f"environment variable {variable} is not set; put your Argilla API key there"
        )
    return key


def argilla_up(port: int | None = None) -> Summary:
    """Start Argilla on this machine, or find the one that runs."""
    return _server_summary("argilla", server.up(port=port, say=say))


def argilla_down() -> Summary:
    """Stop the Argilla of this machine; its data stay."""
    stopped = server.down()
    return Summary(stage="argilla", counts={"state": "stopped" if stopped else "was not running"})


def argilla_status() -> Summary:
    """Say whether Argilla runs on this machine, and where."""
    found = server.status()
    if found is None or not found.running:
        note = "start it with: curate argilla up"
        return Summary(stage="argilla", counts={"state": "not running"}, notes=(note,))
    return _server_summary("argilla", found)


def _server_summary(stage: str, found: server.Server) -> Summary:
    secrets = found.home / "argilla" / "credentials.json"
    return Summary(
        stage=stage,
        counts={"state": "running", "version": found.version or "", "user": found.username},
        paths=(found.url,),
        notes=(f"password and API key: in {secrets} (readable by you alone)",),
        data={"url": found.url, "home": str(found.home), "username": found.username},
    )
