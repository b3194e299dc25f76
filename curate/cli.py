"""One command a stage: parse, call one public function, print one summary.

Exit codes: 0 done (or waiting at the desk); 2 to 8 as `curate.errors` draws them; 130 after Ctrl-C.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curate.errors import CurateError

if TYPE_CHECKING:
    from curate.pipeline import Summary
    from curate.project import Project

__all__ = ["app", "main"]

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

    _show([pipeline.init(folder, preset)], as_json)


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
    _stage(config, as_json, lambda p, s: s.ingest(p, paths=paths, format=format))


@app.command()
def clean(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Drop what must not be in the pool, each row with its reason; redact personal data."""
    _stage(config, as_json, lambda p, s: s.clean_all(p))


@app.command()
def generate(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Ask the committee's models for answers; each call is paid once."""
    _stage(config, as_json, lambda p, s: s.generate(p))


@app.command()
def judge(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Have models grade or compare the answers; each call is paid once."""
    _stage(config, as_json, lambda p, s: s.judge(p))


@app.command()
def embed(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Turn prompts into vectors, each text once."""
    _stage(config, as_json, lambda p, s: s.embed(p))


@app.command()
def score(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Score each candidate: how far the committee disagrees with it and with itself."""
    _stage(config, as_json, lambda p, s: s.score(p))


@app.command()
def learn(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Learn from people's answers what to ask next, and say which scores told it beforehand."""
    _stage(config, as_json, lambda p, s: s.learn(p))


@app.command()
def select(
    config: ConfigOption = DEFAULT,
    next_round: Annotated[
        bool, typer.Option("--next-round", help="Begin a new round after a closed one.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Choose this round's queue."""
    _stage(config, as_json, lambda p, s: s.select(p, next_round=next_round))


@app.command()
def push(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Put the queue on the desk; again changes nothing."""
    _stage(config, as_json, lambda p, s: s.push(p))


@app.command()
def pull(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Fetch the answers that are new or changed."""
    _stage(config, as_json, lambda p, s: s.pull(p))


@app.command()
def resolve(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Turn answers into settled rows, with agreement."""
    _stage(config, as_json, lambda p, s: s.resolve(p))


@app.command()
def export(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Write training files, checked by loading them back."""
    _stage(config, as_json, lambda p, s: s.export(p))


@app.command()
def progress(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what the rounds found beside chance, what is left, and whether to go on."""
    _stage(config, as_json, lambda p, s: s.progress(p))


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
        _stage(config or DEFAULT, as_json, lambda p, s: s.report(p))
        return
    from curate.pipeline.audit_again import page_again

    _show([page_again(audit, config)], as_json)


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
        _show(pipeline.run(project, next_round=next_round), as_json)


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
    _show([done], as_json)


@app.command()
def status(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say how far the project is and what it waits for."""
    from curate import pipeline
    from curate.project import Project

    _show([pipeline.status(Project(config))], as_json)


@app.command()
def plan(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what asking models will cost, and people's minutes; nothing is sent."""
    from curate import pipeline
    from curate.project import Project

    _show([pipeline.plan(Project(config))], as_json)


@app.command()
def ledger(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say what asking models has cost, by stage and model."""
    from curate import pipeline
    from curate.project import Project

    _show([pipeline.ledger(Project(config))], as_json)


@app.command()
def committee(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """Say whose disagreement the scores are: who repeats whom, who is how reliable."""
    _stage(config, as_json, lambda p, s: s.committee(p))


@app.command()
def explain(
    id: Annotated[str, typer.Argument(help="Id of a record, candidate, pair or item.")],
    config: ConfigOption = DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say why a row is, or is not, in the queue."""
    from curate import pipeline
    from curate.project import Project

    _show([pipeline.explain(Project(config), id)], as_json)


@app.command()
def simulate(
    files: Annotated[list[str], typer.Argument(help="Labelled files, folders or globs.")],
    task: Annotated[str, typer.Option(help="classes, rewrite, preferences or auto.")] = "auto",
    strategies: Annotated[
        str, typer.Option(help="Names with commas between; random is always there.")
    ] = "hybrid,uncertainty,typical",
    seeds: Annotated[int, typer.Option(min=1, help="10 or more tell a strategy from chance.")] = 10,
    start: Annotated[int | None, typer.Option(min=1, help="Answers of the first round.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Answers of each later round.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Answers in all.")] = None,
    noise: Annotated[float, typer.Option(help="Chance that a person answers wrongly.")] = 0.0,
    disagreement: Annotated[
        str, typer.Option(help="settled, one_vote (drawn from those recorded) or shares.")
    ] = "settled",
    test_share: Annotated[
        float | None, typer.Option(help="Share of groups tested on; default: the file's, or 0.2.")
    ] = None,
    random_share: Annotated[
        float, typer.Option(help="Share of each round drawn by lot; 0 = the strategy alone.")
    ] = 0.1,
    model: Annotated[str, typer.Option(help="rewrite: whose answers are reviewed.")] = "",
    text: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the label or verdict.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Column of the prompt.")] = None,
    completion: Annotated[str | None, typer.Option(help="Column of the answer.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of what is kept whole.")] = None,
    need: Annotated[str | None, typer.Option(help="rewrite: column of a score to go by.")] = None,
    encoder: Annotated[str, typer.Option(help="As embed.encoder of a project.")] = "minilm",
    out: Annotated[Path | None, typer.Option(help="Folder; default: simulate-NAME.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Try strategies against random on labelled data: learning curves and labels saved."""
    import curate.pipeline.simulate as simulation

    asked = simulation.asked(
        strategies=strategies,
        seeds=seeds,
        start=start,
        batch=batch,
        budget=budget,
        noise=noise,
        disagreement=disagreement,
        test_share=test_share,
        random_share=random_share,
        model=model,
    )
    columns = simulation.columns(
        text=text, label=label, prompt=prompt, completion=completion, group=group, need=need
    )
    made = simulation.simulate(
        files, task=task, asked=asked, columns=columns, encoder=encoder, out=out, workers=workers
    )
    _show([made], as_json)


@app.command()
def audit(
    files: Annotated[
        list[str] | None, typer.Argument(help="Training files, folders or globs.")
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Benchmark files that must not be in them.")
    ] = None,
    logs: Annotated[list[str] | None, typer.Option(help="Files of production logs.")] = None,
    before: Annotated[
        list[str] | None, typer.Option(help="Files of the version before, for drift.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="CHECK[:RATE]: exit 1 where more rows than that share are at fault; a check, a "
            "family or a severity. Default: error."
        ),
    ] = None,
    fix: Annotated[
        Path | None, typer.Option(help="Write the rows without those at fault here.")
    ] = None,
    redact: Annotated[
        str,
        typer.Option(
            help="What --fix does with personal data: pseudonym, mask, remove, drop (the row); "
            "auto: pseudonym with a vault or CURATE_PSEUDONYM_KEY, else mask."
        ),
    ] = "auto",
    vault: Annotated[
        Path | None, typer.Option(help="File that keeps what pseudonyms stand for.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Checks or families to run; default: all.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Checks or families to leave out.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(help="CHECK=VALUE; `--list` says what it measures.")
    ] = None,
    no_embed: Annotated[
        bool, typer.Option("--no-embed", help="Leave out the checks that look at vectors.")
    ] = False,
    encoder: Annotated[str, typer.Option(help="As embed.encoder of a project.")] = "minilm",
    format: Annotated[str, typer.Option(help="A reader's name, or auto.")] = "auto",
    column: Annotated[
        list[str] | None, typer.Option(help="PART=COLUMN for plain tables: prompt=question.")
    ] = None,
    every_turn: Annotated[
        bool, typer.Option("--every-turn", help="Each assistant turn is an answer, not the last.")
    ] = False,
    target: Annotated[
        str | None, typer.Option(help="Trainer's format to check against; default: the file's.")
    ] = None,
    token_limit: Annotated[
        int | None, typer.Option(min=1, help="Most tokens that the trainer takes of a row.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Languages that rows are expected in: en.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option(help="Columns that every row must have: source, license …")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: audit-NAME.")] = None,
    project: Annotated[
        Path | None,
        typer.Option(help="A project's curate.yaml: its agreement and curves join the page."),
    ] = None,
    desk: Annotated[
        str | None,
        typer.Option(
            help="Put so many of the most doubtful rows, with a lot, on the desk; or those marked "
            "in a file that the page saved."
        ),
    ] = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave the rows' texts out of all that is written.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes and threads.")] = 2,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 7,
    list_: Annotated[bool, typer.Option("--list", help="List the checks and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong in training files: exit 0 clean, 1 above the bar, 2 could not run."""
    import curate.pipeline.audit as auditing
    from curate.pipeline.audit_options import options

    if list_:
        _show([auditing.list_checks()], as_json)
        return
    asked = options(
        files,
        against=against,
        logs=logs,
        before=before,
        fail_on=fail_on,
        fix=fix,
        redact=redact,
        vault=vault,
        only=only,
        skip=skip,
        thresholds=threshold,
        embed=not no_embed,
        encoder=encoder,
        format=format,
        columns=column,
        every_turn=every_turn,
        target=target,
        token_limit=token_limit,
        languages=language,
        required=require,
        out=out,
        project=project,
        desk=desk,
        show_text=not no_text,
        workers=workers,
        seed=seed,
    )
    done = auditing.audit(files or [], asked)
    _show([done], as_json)
    if done.data["above_the_bar"]:
        sys.exit(_ABOVE_THE_BAR)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="The version before: a file, folder or glob.")],
    after: Annotated[str, typer.Argument(help="The version after.")],
    id: Annotated[
        str | None, typer.Option(help="Column that names rows in both; metadata.NAME for others.")
    ] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="Benchmark files: leaks that are new are told.")
    ] = None,
    embed: Annotated[
        bool, typer.Option("--embed", help="Compare what the prompts cover, by vectors.")
    ] = False,
    encoder: Annotated[str, typer.Option(help="As embed.encoder of a project.")] = "minilm",
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND[:RATE]: exit 1 where more rows than that share are flipped, edited, "
            "annotated, added, removed, or at fault anew by a check."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; default: diff-NAME.")] = None,
    no_text: Annotated[
        bool, typer.Option("--no-text", help="Leave the rows' texts out of what is written.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two versions: exit 0 done, 1 above a bar, 2 could not run."""
    import curate.pipeline.diff as comparing

    asked = comparing.DiffOptions(
        ids=id,
        against=tuple(against or ()),
        embed=embed,
        encoder=encoder,
        fail_on=tuple(fail_on or ()),
        out=out,
        show_text=not no_text,
        seed=seed,
    )
    done = comparing.diff([before], [after], asked)
    _show([done], as_json)
    if done.data["above_the_bar"]:
        sys.exit(_ABOVE_THE_BAR)


@argilla.command("up")
def argilla_up(
    port: Annotated[int | None, typer.Option(help="Default: 6900, or the next free one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Start Argilla, or find the one that runs."""
    from curate import pipeline

    _show([pipeline.argilla_up(port)], as_json)


@argilla.command("down")
def argilla_down(as_json: JsonOption = False) -> None:
    """Stop Argilla; its data stay."""
    from curate import pipeline

    _show([pipeline.argilla_down()], as_json)


@argilla.command("status")
def argilla_status(as_json: JsonOption = False) -> None:
    """Say whether Argilla runs, and where."""
    from curate import pipeline

    _show([pipeline.argilla_status()], as_json)


def main() -> None:
    """Run the command line; every failure is one sentence and an exit code."""
    warnings.formatwarning = _warning
    try:
        app()
    except CurateError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and stop.code != _INTERRUPTED:
            raise
        _fail("stopped; nothing already made is lost, the same command goes on", _INTERRUPTED)
    except OSError as error:
        _fail(_disk(error), 3)


_INTERRUPTED = 130
_ABOVE_THE_BAR = 1


def _stage(
    config: Path, as_json: bool, call: Callable[[Project, Any], Summary | list[Summary]]
) -> None:
    from curate import pipeline
    from curate.project import Project

    project = Project(config)
    with project.locked():
        done = call(project, pipeline)
    _show(done if isinstance(done, list) else [done], as_json)


def _show(summaries: Iterable[Summary], as_json: bool) -> None:
    if as_json:
        rows = []
        for summary in summaries:
            rows.append(summary.as_json())
        print(json.dumps(rows[0] if len(rows) == 1 else rows, ensure_ascii=False))
        return
    for summary in summaries:
        print(summary.as_text(), flush=True)


def _warning(message: Warning | str, *_: object, **__: object) -> str:
    return f"curate: {message}\n"


def _fail(message: str, code: int) -> None:
    print(f"curate: {message}", file=sys.stderr)
    sys.exit(code)


def _disk(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; nothing already made is lost, mend it and run again"


if __name__ == "__main__":
    main()
