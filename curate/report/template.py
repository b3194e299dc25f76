"""Templates, scripts and style sheets of the pages, with text made harmless on its way in."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.report import wording
from curate.report.embedded import shown

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["markup", "part", "template"]

_HERE = Path(__file__).parent


def template(name: str, *, harmless: Callable[[str], str] = shown) -> Template:
    """Return a template of this folder; `harmless` is what each text goes through."""
    environment = _plain() if harmless is shown else _environment(harmless)
    return environment.get_template(name)


@functools.cache
def part(name: str) -> str:
    """Return a script or a style sheet of this folder, whole."""
    return (_HERE / name).read_text(encoding="utf-8")


def markup(text: str) -> Any:
    """Return a text that goes into a page as it is: our own script, style and embedded JSON."""
    from markupsafe import Markup

    return Markup(text)


@functools.cache
def _plain() -> Environment:
    return _environment(shown)


def _environment(harmless: Callable[[str], str]) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: harmless(value) if type(value) is str else value,
    )
    environment.filters |= {
        "count": wording.count,
        "num": wording.number,
        "outcome": wording.outcome,
        "pct": wording.percent,
        "signed": wording.signed,
    }
    environment.tests["known"] = math.isfinite
    return environment
