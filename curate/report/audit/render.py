"""An audit's rows and findings to one self-contained HTML text."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from curate.report import curves, wording
from curate.report.audit import figures, points, shown, spread, verdict
from curate.report.audit.hidden import Hidden
from curate.report.audit.listed import SEVERITIES, Listed, fault, listed, passed, skipped
from curate.report.audit.page import AuditPage
from curate.report.audit.shown import Example
from curate.report.embedded import embed_json, policy
from curate.report.embedded import shown as harmless
from curate.report.template import markup, part, template

__all__ = ["render_audit"]

Json = Any

_STYLES = ("page.css", "progress.css", "audit/audit.css")
_SCRIPTS = ("texts.js", "audit/audit.js", "audit/points.js")


def render_audit(page: AuditPage) -> str:
    """Return the page of an audit as HTML that needs nothing else: no network, no other file.

    The same page gives the same text. Texts from data are shown as text whatever they hold, and
    what a check calls a secret is masked in every text of the page. Of a check with many
    findings the page carries the worst and a random sample, and says so.

    Args:
        page: What to show.

    Returns:
        A whole HTML document; write it as UTF-8. Below about 15 MB for 100,000 rows.

    Raises:
        ValueError: If findings have no check, or arrays do not line up with the rows.
    """
    hidden = Hidden(page.rows, (*page.found, *page.masks))
    entries = listed(page)
    examples = shown.examples(page, entries, hidden)
    at_fault = fault(page, ("error", "warning"))
    drawn = points.picture(page, at_fault, hidden)
    script = "".join(itertools.chain.from_iterable([part(name) for name in _SCRIPTS]))
    style = "".join(part(name) for name in _STYLES)
    spreads = spread.by_column(page.rows, at_fault)
    return template("audit/audit.html.j2", harmless=lambda text: harmless(hidden.say(text))).render(
        page=page,
        policy=markup(policy(script=script, style=style)),
        script=markup(script),
        style=markup(style),
        data=markup(embed_json(hidden.everywhere(_data(page, entries, examples, drawn, hidden)))),
        figures=verdict.figures(page, entries),
        opening=verdict.opening(page, entries),
        groups=_groups(entries),
        examples=examples,
        blocks={entry.check.name: figures.blocks(entry.found.figures) for entry in entries},
        most_rate=max((entry.rate for entry in entries if entry.rate > 0), default=1.0),
        passed=[(c, figures.blocks(f.figures), f) for c, f in passed(page)],
        skipped=[(c, figures.blocks(f.figures), f) for c, f in skipped(page)],
        drawn=drawn,
        spreads=spreads,
        most_high=spread.largest(spreads),
        lengths=spread.lengths(page.rows, at_fault),
        n_fault=int(at_fault.sum()),
        curves=curves,
        wording=wording,
    )


def _groups(entries: Sequence[Listed]) -> list[tuple[str, list[Listed]]]:
    by_severity = [(s, [e for e in entries if e.severity == s]) for s in SEVERITIES]
    return [(severity, some) for severity, some in by_severity if some]


def _data(
    page: AuditPage,
    entries: Sequence[Listed],
    examples: Mapping[str, Sequence[Example]],
    drawn: points.Picture | None,
    hidden: Hidden,
) -> dict[str, Json]:
    return {
        "title": page.title,
        "all": page.all_findings,
        "checks": [
            {
                "name": entry.check.name,
                "family": entry.check.family,
                "severity": entry.severity[0],
                "about": entry.check.about,
                "total": len(entry.found.findings),
                "sampled": sum(e.chance == e.chance for e in examples[entry.check.name]),
            }
            for entry in entries
        ],
        "findings": shown.as_json(page, entries, examples),
        "map": points.as_json(page, drawn, entries, hidden) if drawn else None,
    }
