"""The embedded Argilla's commands."""

from __future__ import annotations

from typing import Annotated

import typer

from curate.cli.base import (
    JsonOption,
    argilla,
    show,
)

__all__ = ["argilla_down", "argilla_status", "argilla_up"]


@argilla.command("up")
def argilla_up(
    port: Annotated[int | None, typer.Option(help="Default: 6900, or the next free one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Start Argilla, or find the one that runs."""
    from curate import pipeline

    show([pipeline.argilla_up(port)], as_json)


@argilla.command("down")
def argilla_down(as_json: JsonOption = False) -> None:
    """Stop Argilla; its data stay."""
    from curate import pipeline

    show([pipeline.argilla_down()], as_json)


@argilla.command("status")
def argilla_status(as_json: JsonOption = False) -> None:
    """Say whether Argilla runs, and where."""
    from curate import pipeline

    show([pipeline.argilla_status()], as_json)
