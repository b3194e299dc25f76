"""Two versions of a training file: read both, compare, write, and judge by a bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from curate.errors import ConfigError, InputError
from curate.pipeline.audit_inputs import context_of, nothing_read
from curate.pipeline.audit_options import AuditOptions
from curate.pipeline.summary import Summary
from curate.pipeline.versions import versions

if TYPE_CHECKING:
    from curate.audit import ReadRows
    from curate.audit.diff import Diff
    from curate.checks import Check, Context
    from curate.measure.intervals import Interval

__all__ = ["DiffOptions", "diff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """What a comparison is asked for, besides the files."""

    ids: str | None = None
    """Column that names rows in both versions; None = the rows' own ids, where they hold."""
    against: tuple[str, ...] = ()
    """Benchmark files: rows that leak from them in the version after only are told."""
    embed: bool = False
    """Compare what the prompts cover, by vectors."""
    encoder: str = "minilm"
    fail_on: tuple[str, ...] = ()
    """``KIND[:RATE]``: a kind of change, or a check that finds rows anew."""
    out: Path | None = None
    """None = ``diff-`` and the name of the version after."""
    show_text: bool = True
    seed: int = 7


def diff(before: Sequence[str], after: Sequence[str], asked: DiffOptions | None = None) -> Summary:
    """Compare two versions of training files, and write diff.json and diff.jsonl.

    Args:
        before: Files, folders or globs of the version before.
        after: Those of the version after.
        asked: What is asked for.

    Returns:
        A summary whose `data` has ``above_the_bar``: kind or check to why; empty = passed.

    Raises:
        ConfigError: If an option is not as it must be, or a check of a bar could not look.
        InputError: If a file cannot be read at all.
    """
    from curate.audit.diff import diff as compare
    from curate.audit.diff_outputs import diff_rates, write_diff

    asked = asked or DiffOptions()
    checks = _checks(asked)
    bars = _bars(asked.fail_on, checks)
    folder = asked.out or Path(f"diff-{Path(after[0]).name.split('.')[0]}")
    read = _read(before), _read(after)
    changed = compare(
        read[0].rows,
        read[1].rows,
        ids=asked.ids,
        checks=checks,
        contexts=_contexts(read, asked, folder),
    )
    _could_look(changed, bars)
    paths = write_diff(folder, changed, versions=versions(), show_text=asked.show_text)
    over = _over(diff_rates(changed), bars)
    return Summary(
        stage="diff",
        counts=changed.counts,
        paths=tuple(path.as_posix() for path in paths),
        notes=(
            *_unreadable(read),
            *_told(changed),
            *(f"above the bar: {w}" for w in over.values()),
        ),
        data={"above_the_bar": over},
    )


def _checks(asked: DiffOptions) -> tuple[Check, ...]:
    from curate.checks import CHECKS

    names = ("exact-duplicates", "near-duplicates", *(("contamination",) if asked.against else ()))
    return tuple(CHECKS.get(name) for name in names)


def _bars(texts: Sequence[str], checks: Sequence[Check]) -> dict[str, float]:
    """Return the rate that is let pass of each kind named; the strictest that names it counts."""
    bars: dict[str, float] = {}
    for name, rate in (_bar(text, checks) for text in texts):
        bars[name] = min(rate, bars.get(name, rate))
    return bars


def _bar(text: str, checks: Sequence[Check]) -> tuple[str, float]:
    """Read a bar, ``KIND[:RATE]``."""
    from curate.audit.bar import split_bar
    from curate.audit.diff import KINDS

    name, rate = split_bar(text)
    known = [kind for kind in KINDS if kind != "same"] + [check.name for check in checks]
    if name == "contamination" and name not in known:
        raise ConfigError(f"--fail-on {text}: nothing to leak from; add --against BENCHMARK")
    if name not in known:
        raise ConfigError(f"--fail-on {text}: no kind of change is so called; {', '.join(known)}")
    return name, rate


def _read(paths: Sequence[str]) -> ReadRows:
    from curate.audit import read_rows
    from curate.console import bar

    with bar("reading") as progress:
        read = read_rows(paths, progress=progress)
    if not len(read.rows):
        raise InputError(nothing_read(paths, read))
    return read


def _could_look(changed: Diff, bars: Mapping[str, float]) -> None:
    """Refuse a bar on a check that could not look: it would pass whatever the rows hold."""
    for fault in changed.faults:
        if fault.skipped and fault.check in bars:
            raise ConfigError(f"--fail-on {fault.check}: it could not look: {fault.skipped}")


def _contexts(
    read: tuple[ReadRows, ReadRows], asked: DiffOptions, folder: Path
) -> tuple[Context, Context]:
    about = AuditOptions(embed=asked.embed, encoder=asked.encoder, seed=asked.seed)
    after = context_of(read[1].rows, replace(about, against=asked.against), folder / "after")
    before = context_of(read[0].rows, about, folder / "before")
    return replace(before, benchmarks=after.benchmarks), after


def _unreadable(read: tuple[ReadRows, ReadRows]) -> list[str]:
    return [
        f"{len(one.rejected):,} rows of the version {name} cannot be read; most often: "
        f"{one.rejected[0].reason}"
        for name, one in zip(("before", "after"), read, strict=True)
        if one.rejected
    ]


def _told(changed: Diff) -> list[str]:
    """Say what is worth knowing in lines: faults that are new, shares and lengths that moved."""
    from curate.audit.diff_outputs import shares_shown

    lines = [
        f"{fault.check}: {len(fault.new):,} rows anew, {len(fault.mended):,} no longer "
        f"({fault.before:,} before, {fault.after:,} after)"
        + (f"; could not look: {fault.skipped}" if fault.skipped else "")
        for fault in changed.faults
        if fault.before or fault.after or fault.skipped
    ]
    moved = [s for s in shares_shown(changed) if _apart(s.difference)]
    moved.sort(key=lambda s: -abs(s.difference.value))
    lines += [
        f"{s.column} {s.value or 'not said'}: {s.before:.1%} before, {s.after:.1%} after"
        for s in moved[:_MOST]
    ]
    lines += [
        f"mean length of {length.text}: {length.before['mean']:,.0f} before, "
        f"{length.after['mean']:,.0f} after"
        for length in changed.lengths
        if _apart(length.difference)
    ]
    if changed.coverage is not None:
        said = "; ".join(changed.coverage.drift.reasons)
        lines.append(f"coverage: {changed.coverage.drift.state}" + (f" ({said})" if said else ""))
    return lines


_MOST = 6


def _apart(difference: Interval) -> bool:
    return difference.low > 0 or difference.high < 0


def _over(rates: Mapping[str, Interval], bars: Mapping[str, float]) -> dict[str, str]:
    """Return what is above its bar, each with why in a sentence."""
    return {
        name: f"{name} {rates[name].value:.2%} of {rates[name].n:,} rows, over {bar:g}"
        for name, bar in bars.items()
        if rates[name].value > bar
    }
