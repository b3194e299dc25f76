"""A page's rows and arrays to one self-contained HTML text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.report import charts, curves, wording
from curate.report.distributions import Histogram, histogram, rank_correlation
from curate.report.embedded import embed_json, policy
from curate.report.page import Page, Scores, Truth
from curate.report.table import queue_data, text_limit
from curate.report.template import markup, part, template

__all__ = ["render"]

_TOO_LONG = 0.5


def render(page: Page) -> str:
    """Return the page as HTML that needs nothing else: no network, no server, no other file.

    The same page gives the same text. Texts from data are shown as text whatever they hold.
    Parts that are not there yet are named with what will fill them.

    Args:
        page: What to show. `page.queue` is in picking order; a row's first three scores
            become columns of the table, the others stand under the row.

    Returns:
        A whole HTML document; write it as UTF-8.

    Raises:
        ValueError: If arrays of the page do not line up with each other.
    """
    script, style = part("texts.js") + part("page.js"), part("page.css") + part("progress.css")
    picture = None
    if page.map is not None:
        picture = charts.picture(page.map, page.queue, show_text=page.show_text)
    return template("page.html.j2").render(
        page=page,
        policy=markup(policy(script=script, style=style)),
        script=markup(script),
        style=markup(style),
        data=markup(embed_json(_data(page, picture))),
        figures=wording.figures(page),
        opening=wording.opening(page),
        panels=_panels(page.scores) if page.scores else [],
        correlations=charts.correlations(page.scores) if page.scores else [],
        repeats=charts.redundancy(page.committee) if page.committee else [],
        picture=picture,
        rates=_rates(page.truth) if page.truth else [],
        cut_at=_cut_at(page),
        charts=charts,
        curves=curves,
        wording=wording,
    )


def _data(page: Page, picture: charts.Picture | None) -> dict[str, Any]:
    return {
        "queue": queue_data(page),
        "hover": [list(point) for point in picture.hover] if picture else [],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One score's distribution as drawn."""

    name: str
    doc: str
    histogram: Histogram
    columns: list[charts.Column]
    with_length: float
    """Rank correlation with length; NaN where it cannot be told."""
    too_long: bool
    """Whether the score follows length more than it should."""


def _panels(scores: Scores) -> list[Panel]:
    return [_panel(scores, name) for name in scores.columns]


def _panel(scores: Scores, name: str) -> Panel:
    values = np.asarray(scores.columns[name], np.float64)
    if values.shape != scores.queued.shape:
        raise ValueError(f"score {name!r} has {len(values)} rows, `queued` {len(scores.queued)}")
    spread = histogram(values, scores.queued)
    rho = float("nan")
    if name != scores.length and scores.length in scores.columns:
        rho = rank_correlation(values, np.asarray(scores.columns[scores.length], np.float64))
    return Panel(
        name=name,
        doc=scores.docs.get(name, ""),
        histogram=spread,
        columns=charts.columns(spread),
        with_length=rho,
        too_long=abs(rho) > _TOO_LONG,
    )


def _rates(truth: Truth) -> list[charts.Rate]:
    return [
        charts.rate("Actively chosen", "active", *truth.queue),
        charts.rate("Drawn at random", "random", *truth.random),
        charts.rate("The whole pool", "pool", *truth.pool),
    ]


def _cut_at(page: Page) -> int | None:
    limit = text_limit(page.queue)
    texts = (t for row in page.queue for t in (row.prompt, *(c.text for c in row.completions)))
    return limit if page.show_text and any(len(text) > limit for text in texts) else None
