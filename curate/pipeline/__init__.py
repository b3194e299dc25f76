"""The stages in order, as a list; what the project already holds is skipped.

One pass forward is a round. It stops at the desk until answers came, and ends with a manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from curate import config as configuration
from curate.errors import ConfigError
from curate.files import beside
from curate.pipeline.clean import clean, clean_all, clean_answers
from curate.pipeline.committee import committee
from curate.pipeline.desk import argilla_down, argilla_status, argilla_up, pull, push
from curate.pipeline.generate import generate
from curate.pipeline.judge import judge
from curate.pipeline.learn import learn
from curate.pipeline.listening import listen
from curate.pipeline.page import report
from curate.pipeline.plan import ledger, plan
from curate.pipeline.pool import embed, ingest, score
from curate.pipeline.progress import progress
from curate.pipeline.queue import explain, goes_on, open_round, select
from curate.pipeline.sets import close, export, resolve
from curate.pipeline.state import status
from curate.pipeline.stream import is_stream, stream
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.select.table import columns_needed

__all__ = [
    "STAGES",
    "Summary",
    "argilla_down",
    "argilla_status",
    "argilla_up",
    "clean",
    "clean_all",
    "clean_answers",
    "committee",
    "embed",
    "explain",
    "export",
    "generate",
    "ingest",
    "init",
    "judge",
    "learn",
    "ledger",
    "listen",
    "plan",
    "progress",
    "pull",
    "push",
    "report",
    "resolve",
    "run",
    "score",
    "select",
    "status",
    "stream",
]

STAGES: tuple[Callable[[Project], Summary], ...] = (
    *(ingest, clean, generate, clean_answers, judge, embed, score, learn, select),
    *(push, pull, resolve, export, progress, close, report),
)
"""What `run` does, in order."""


def run(project: Project, *, next_round: bool = False) -> Iterator[Summary]:
    """Run the stages in order, giving each one's summary as it ends; stop at the desk.

    Args:
        project: The project.
        next_round: Begin a new round after a closed one.

    With fewer closed rounds than `project.rounds` the next one begins by itself; after that many
    a closed round is done: without `next_round` nothing is run again.

    Raises:
        ConfigError: If a rule cannot be read.
        ProjectError: If a next round was asked for while the last one is still open.
    """
    columns_needed(project.config.select)
    rounds = project.rounds()
    next_round = next_round or goes_on(project)
    if rounds and rounds[-1].closed and not next_round:
        note = f"round {rounds[-1].number} is closed; begin the next one with --next-round"
        yield Summary(
            stage="run", counts={"round": f"{rounds[-1].number}"}, notes=(note,), skipped=True
        )
        return
    round_ = open_round(project, next_round=next_round)
    at = STAGES.index(select)
    if not is_stream(round_):
        for stage in STAGES[:at]:
            summary = stage(project)
            if summary.counts or summary.notes:
                yield summary
        yield select(project, next_round=next_round)
    for stage in STAGES[at + 1 :]:
        summary = stage(project)
        yield summary
        if summary.waiting:
            yield progress(project)
            yield report(project)
            return


def init(folder: Path, preset: str) -> Summary:
    """Write a project from a preset.

    Raises:
        ConfigError: If there is no such preset, or the folder has a configuration already.
    """
    path = folder / "curate.yaml"
    text = configuration.read_preset(preset)
    if path.exists():
        raise ConfigError(f"{path} is there already; edit it, or choose another folder")
    with beside(path) as draft:
        draft.write_text(text, encoding="utf-8")
    note = f"set `ingest.paths` in it, then: curate run {path}"
    return Summary(stage="init", counts={"preset": preset}, paths=(path.as_posix(),), notes=(note,))
