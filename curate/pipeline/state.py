"""How far a project is, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from curate.errors import DeskError
from curate.pipeline.desk import progress
from curate.pipeline.progress import last_said
from curate.pipeline.queue import goes_on
from curate.pipeline.summary import Summary
from curate.project import Project, Round

__all__ = ["status"]


def status(project: Project) -> Summary:
    """Say how far the project is: its pool, its rounds, and the next step.

    The desk is asked how many items are done; where it is away, what is known here is told.
    """
    counts: dict[str, Any] = {}
    for stage in ("ingest", "embed", "score"):
        stamp = project.stamp(stage)
        counts |= stamp["summary"]["counts"] if stamp else {}
    rounds = project.rounds()
    lines = [_line(project, round_, last=round_ is rounds[-1]) for round_ in rounds]
    return Summary(
        stage="status",
        counts=counts,
        paths=(project.folder.as_posix(),),
        notes=(*_asked(project), *lines, *last_said(project), f"next: {_next(project, rounds)}"),
        waiting=bool(rounds)
        and rounds[-1].read_json("pushed") is not None
        and not rounds[-1].closed,
        data={"rounds": [_facts(round_) for round_ in rounds]},
    )


def _asked(project: Project) -> Iterator[str]:
    """Say what models were asked for, where any were."""
    for stage in ("generate", "judge"):
        stamp = project.stamp(stage)
        counts = stamp["summary"]["counts"] if stamp else {}
        if counts:
            told = (f"{counts[name]:,} {name}" for name in _ASKED if name in counts)
            yield f"{stage}: {', '.join(told)}"


_ASKED = ("answers", "verdicts", "unscored", "undecided", "failed")


def _facts(round_: Round) -> dict[str, Any]:
    curated = round_.table("curated")
    responses = round_.table("responses")
    return {
        "round": round_.number,
        "queued": round_.queue().num_rows,
        "pushed": round_.read_json("pushed") is not None,
        "responses": 0 if responses is None else responses.num_rows,
        "curated": 0 if curated is None else curated.num_rows,
        "closed": round_.closed,
    }


def _line(project: Project, round_: Round, *, last: bool) -> str:
    facts = _facts(round_)
    line = f"round {facts['round']}: {facts['queued']:,} queued"
    if facts["closed"]:
        return f"{line}, {facts['curated']:,} settled, closed"
    if not facts["pushed"] or not last:
        return line
    try:
        state = progress(project)
    except DeskError as away:
        return f"{line}, at the desk ({away})"
    people = ", ".join(f"{name} {who.submitted}" for name, who in sorted(state.people.items()))
    return f"{line}, at the desk: {state.completed:,} of {state.total:,} done" + (
        f" ({people})" if people else ""
    )


def _next(project: Project, rounds: list[Round]) -> str:
    run = f"curate run {project.config_path}"
    if not rounds:
        return run
    last = rounds[-1]
    if last.closed:
        return run if goes_on(project) else f"{run} --next-round"
    pushed = last.read_json("pushed")
    if pushed is None:
        return run
    return f"answer at {', '.join(pushed['places'].values())}, then {run}"
