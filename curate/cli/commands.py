"""The project's commands: one a stage, and those that look at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from curate.cli.base import (
    DEFAULT,
    ConfigOption,
    JsonOption,
    app,
    show,
    stage,
)

__all__ = [
    "clean",
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


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the project is to be.")],
    preset: Annotated[
        str, typer.Option(help="finetune_from_logs, preference_pairs or ask_a_committee.")
    ] = "finetune_from_logs",
    as_json: JsonOption = False,
) -> None:
    """Write a project from a preset, each key explained."""
    from curate import pipeline

    show([pipeline.init(folder, preset)], as_json)


@app.command()
def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, folders or globs; default: the config's.")
    ] = None,
    config: ConfigOption = DEFAULT,
    format: Annotated[str | None, typer.Option(help="A reader's name; default: detect.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read logs and data sets into records and candidates."""
    stage(config, as_json, lambda p, s: s.ingest(p, paths=paths, format=format))


@app.command()
def clean(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Drop what must not be in the pool, each row with its reason; redact personal data."""
    stage(config, as_json, lambda p, s: s.clean_all(p))


@app.command()
def generate(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Ask the committee's models for answers; each call is paid once."""
    stage(config, as_json, lambda p, s: s.generate(p))


@app.command()
def judge(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Have models grade or compare the answers; each call is paid once."""
    stage(config, as_json, lambda p, s: s.judge(p))


@app.command()
def embed(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Turn prompts into vectors, each text once."""
    stage(config, as_json, lambda p, s: s.embed(p))


@app.command()
def score(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Score each candidate: how far the committee disagrees with it and with itself."""
    stage(config, as_json, lambda p, s: s.score(p))


@app.command()
def learn(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Learn from people's answers what to ask next, and say which scores told it beforehand."""
    stage(config, as_json, lambda p, s: s.learn(p))


@app.command()
def select(
    config: ConfigOption = DEFAULT,
    next_round: Annotated[
        bool, typer.Option("--next-round", help="Begin a new round after a closed one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Choose this round's queue."""
    stage(config, as_json, lambda p, s: s.select(p, next_round=next_round))


@app.command()
def push(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Put the queue on the desk; again changes nothing."""
    stage(config, as_json, lambda p, s: s.push(p))


@app.command()
def pull(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Fetch the answers that are new or changed."""
    stage(config, as_json, lambda p, s: s.pull(p))


@app.command()
def resolve(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Turn answers into settled rows, with agreement."""
    stage(config, as_json, lambda p, s: s.resolve(p))


@app.command()
def export(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Write training files, checked by loading them back."""
    stage(config, as_json, lambda p, s: s.export(p))


@app.command()
def progress(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what the rounds found beside chance, what is left, and whether to go on."""
    stage(config, as_json, lambda p, s: s.progress(p))


@app.command()
def report(
    audit: Annotated[
        Path | None, typer.Argument(help="An audit's folder; default: the project's own page.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="The project; with an audit, what its page shows besides."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the HTML page of the project, or of an audit."""
    if audit is None:
        stage(config or DEFAULT, as_json, lambda p, s: s.report(p))
        return
    from curate.pipeline.audit_again import page_again

    show([page_again(audit, config)], as_json)


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="The project's configuration file.")] = DEFAULT,
    next_round: Annotated[
        bool, typer.Option("--next-round", help="Begin a new round after a closed one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the stages in order, skip what is done, stop at the desk until answers came."""
    from curate import pipeline
    from curate.project import Project

    project = Project(config)
    with project.locked():
        show(pipeline.run(project, next_round=next_round), as_json)


@app.command()
def stream(
    source: Annotated[str, typer.Argument(help="A JSONL file, or - for standard input.")] = "-",
    config: ConfigOption = DEFAULT,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for further lines at the file's end.")
    ] = False,
    record_time: Annotated[
        bool,
        typer.Option("--record-time", help="Rows arrive when their record says: to replay logs."),
    ] = False,
    listen: Annotated[
        int | None,
        typer.Option(help="Serve HTTP on this port of 127.0.0.1 instead (0 = a free one)."),
    ] = None,
    no_push: Annotated[
        bool, typer.Option("--no-push", help="Decide only; `curate push` puts rows on the desk.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each decision, then the summary, as JSON lines.")
    ] = False,
) -> None:
    """Decide rows as they arrive, at the pace that people can answer."""

    def tell(decision: dict[str, Any]) -> None:
        print(json.dumps(decision, ensure_ascii=False), flush=True)

    from curate import pipeline
    from curate.project import Project

    project = Project(config)
    options: dict[str, Any] = {"desk": not no_push, "tell": tell if as_json else None}
    with project.locked("stream"):
        if listen is not None:
            done = pipeline.listen(project, listen, **options)
        else:
            options |= {"follow": follow, "by_record_time": record_time}
            done = pipeline.stream(project, source, **options)
    show([done], as_json)


@app.command()
def status(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say how far the project is and what it waits for."""
    from curate import pipeline
    from curate.project import Project

    show([pipeline.status(Project(config))], as_json)


@app.command()
def plan(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what asking models will cost, and people's minutes; nothing is sent."""
    from curate import pipeline
    from curate.project import Project

    show([pipeline.plan(Project(config))], as_json)


@app.command()
def ledger(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what asking models has cost, by stage and model."""
    from curate import pipeline
    from curate.project import Project

    show([pipeline.ledger(Project(config))], as_json)


@app.command()
def committee(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say whose disagreement the scores are: who repeats whom, who is how reliable."""
    stage(config, as_json, lambda p, s: s.committee(p))


@app.command()
def explain(
    id: Annotated[str, typer.Argument(help="Id of a record, candidate, pair or item.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say why a row is, or is not, in the queue."""
    from curate import pipeline
    from curate.project import Project

    show([pipeline.explain(Project(config), id)], as_json)
