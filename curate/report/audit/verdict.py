"""The verdict of an audit in words, and its key numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curate.report.audit.listed import Listed, fault, passed, skipped
from curate.report.audit.page import AuditPage
from curate.report.wording import NOTHING, Figure, count, percent

__all__ = ["figures", "opening"]

_NAMED = 3


def figures(page: AuditPage, listed: Sequence[Listed]) -> list[Figure]:
    """Return the key numbers that stay in sight."""
    errors, warnings = _counts(page)
    ran = len(listed) + len(passed(page))
    left = len(skipped(page))
    n_files = len(page.files)
    files = f"in {_plural(n_files, 'file')}" if n_files > 1 else ""
    return [
        Figure(label="Rows", value=count(len(page.rows)), note=files),
        Figure(label="With an error", value=count(errors), note=_share(errors, page)),
        Figure(label="With a warning", value=count(warnings), note=_share(warnings, page)),
        Figure(label="Checks", value=count(ran), note=f"{count(left)} skipped" if left else "run"),
        *([Figure(label="Over the bar", value=count(len(page.over)))] if page.bar else []),
    ]


def _counts(page: AuditPage) -> tuple[int, int]:
    error = fault(page, ("error",))
    warning = fault(page, ("warning",))
    return int(error.sum()), int((warning & ~error).sum())


def _share(n: int, page: AuditPage) -> str:
    return percent(n / len(page.rows)) if len(page.rows) else NOTHING


def opening(page: AuditPage, listed: Sequence[Listed]) -> list[str]:
    """Return the sentences under the title: what is wrong, and how much of it."""
    if not len(page.rows):
        return ["No row could be read."]
    sentences = [_found(page, listed), _most(listed), _whole(listed), _unread(page)]
    return [sentence for sentence in sentences if sentence]


def _found(page: AuditPage, listed: Sequence[Listed]) -> str:
    errors, warnings = _counts(page)
    n = len(page.rows)
    of = f"of {count(n)} rows" if n != 1 else "of one row"
    if not errors and not warnings:
        ran = _plural(len(listed) + len(passed(page)), "check")
        return f"Nothing wrong was found in {_plural(n, 'row')} by {ran}."
    if not errors:
        verb = "carries" if warnings == 1 else "carry"
        return f"{count(warnings)} {of} ({_share(warnings, page)}) {verb} a warning, none an error."
    verb = "holds" if errors == 1 else "hold"
    more = f"; {count(warnings)} more {_carry(warnings)} a warning" if warnings else ""
    return f"{count(errors)} {of} ({_share(errors, page)}) {verb} an error{more}."


def _carry(n: int) -> str:
    return "carries" if n == 1 else "carry"


def _most(listed: Sequence[Listed]) -> str:
    some = [entry for entry in listed if len(entry.rows) and entry.severity != "info"]
    worst = sorted(some, key=lambda entry: -len(entry.rows))[:_NAMED]
    if not worst:
        return ""
    named = [f"{entry.check.name} ({count(len(entry.rows))})" for entry in worst]
    return f"Most rows are named by {_listing(named)}."


def _whole(listed: Sequence[Listed]) -> str:
    some = [e.check.name for e in listed if not len(e.rows) and e.severity != "info"]
    if not some:
        return ""
    return f"Of the set as a whole: {_listing(some)}."


def _unread(page: AuditPage) -> str:
    lost = int(np.sum([file.rejected for file in page.files]))
    if not lost:
        return ""
    return f"{_plural(lost, 'row')} could not be read at all."


def _listing(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _plural(n: int, thing: str) -> str:
    return f"{count(n)} {thing}{'' if n == 1 else 's'}"
