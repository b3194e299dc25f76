"""What all commands share: the app, the options that most take, and how results are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from curate.pipeline import Summary
    from curate.project import Project

__all__ = [
    "ABOVE_THE_BAR",
    "DEFAULT",
    "ConfigOption",
    "JsonOption",
    "app",
    "argilla",
    "show",
    "stage",
]

app = typer.Typer(
    name="curate",
    help="Decide which prompt-completion pairs deserve a person's time, get them to experts in "
    "Argilla, and turn what comes back into training sets one can defend.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
argilla = typer.Typer(
    help="A real Argilla on this machine: start, stop, look.", no_args_is_help=True
)
app.add_typer(argilla, name="argilla")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The project's configuration file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")]
DEFAULT = Path("curate.yaml")


ABOVE_THE_BAR = 1
"""Exit code of a command that ran and found more than is let pass."""


def stage(
    config: Path, as_json: bool, call: Callable[[Project, Any], Summary | list[Summary]]
) -> None:
    """Hold the project, run one stage of it, and show what came of it."""
    from curate import pipeline
    from curate.project import Project

    project = Project(config)
    with project.locked():
        done = call(project, pipeline)
    show(done if isinstance(done, list) else [done], as_json)


def show(summaries: Iterable[Summary], as_json: bool) -> None:
    """Print summaries: lines for people, or JSON."""
    if as_json:
        rows = []
        for summary in summaries:
            rows.append(summary.as_json())
        print(json.dumps(rows[0] if len(rows) == 1 else rows, ensure_ascii=False))
        return
    for summary in summaries:
        print(summary.as_text(), flush=True)
