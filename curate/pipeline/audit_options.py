"""What an audit is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from curate.errors import ConfigError

__all__ = ["AuditOptions", "options"]


Redact = Literal["auto", "pseudonym", "mask", "remove", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What an audit is asked for, besides the files."""

    against: tuple[str, ...] = ()
    """Benchmark files that must not be in the rows."""
    logs: tuple[str, ...] = ()
    """Files of production logs."""
    before: tuple[str, ...] = ()
    """Files of the version before."""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()
    """``CHECK[:RATE]``; empty = any error."""
    fix: Path | None = None
    """File or folder for the rows without those at fault."""
    redact: Redact = "auto"
    """What `fix` does with personal data; auto = pseudonym where there is a key or a vault, else
    mask; drop = the row is taken out."""
    vault: Path | None = None
    """Keeps what pseudonyms stand for."""
    embed: bool = True
    encoder: str = "minilm"
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    every_turn: bool = False
    target: str | None = None
    """The format that rows are checked against; None = each file's own."""
    token_limit: int | None = None
    tokenizer: Literal["o200k_base", "cl100k_base"] = "o200k_base"
    languages: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    """Columns that every row must have."""
    out: Path | None = None
    """None = ``audit-`` and the first file's name."""
    project: Path | None = None
    """A project whose agreement and learning curves the page shows too."""
    desk: str | None = None
    """So many of the most doubtful rows go to the desk; or a file of marks that the page saved."""
    show_text: bool = True
    workers: int = 2
    seed: int = 7


def options(files: Sequence[str] | None, **given: Any) -> AuditOptions:
    """Return options from the command line's words: lists, and NAME=VALUE.

    Args:
        files: What is to be audited.
        **given: Fields of `AuditOptions`; None = not given; names may be joined by commas.

    Raises:
        ConfigError: If there are no files, or a value cannot be read.
    """
    if not files:
        raise ConfigError("name the files to audit; `curate audit --list` lists the checks")
    said = {name: value for name, value in given.items() if value is not None}
    for name in ("only", "skip", "languages", "required"):
        said[name] = tuple(w for text in said.get(name, ()) for w in text.split(",") if w)
    for name in ("against", "logs", "before", "fail_on"):
        said[name] = tuple(said.get(name, ()))
    said["columns"] = dict(_pair("--column", text) for text in said.get("columns", ()))
    said["thresholds"] = {
        name: _number(name, value)
        for name, value in (_pair("--threshold", text) for text in said.get("thresholds", ()))
    }
    if said.get("redact", "auto") not in (known := get_args(Redact)):
        raise ConfigError(f"--redact {said['redact']}: one of {', '.join(known)}")
    return AuditOptions(**said)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ConfigError(f"{option} {text}: write NAME=VALUE")
    return name, value


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"--threshold {name}={value}: not a number")
    return number
