"""Commands on files, without a project: simulate, audit, diff."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from curate.cli.base import (
    ABOVE_THE_BAR,
    JsonOption,
    app,
    show,
)

__all__ = ["audit", "diff", "simulate"]


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
    show([made], as_json)


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
    seed: Annotated[int, typer.Option(min=0, help="Of every draw.")] = 7,
    list_: Annotated[bool, typer.Option("--list", help="List the checks and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong in training files: exit 0 clean, 1 above the bar, 2 could not run."""
    import curate.pipeline.audit as auditing
    from curate.pipeline.audit_options import options

    if list_:
        show([auditing.list_checks()], as_json)
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
    show([done], as_json)
    if done.data["above_the_bar"]:
        sys.exit(ABOVE_THE_BAR)


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
    show([done], as_json)
    if done.data["above_the_bar"]:
        sys.exit(ABOVE_THE_BAR)
