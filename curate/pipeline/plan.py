"""What asking models will take, said before anything is sent; and what it has taken so far."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from curate.config import MemberConfig
from curate.console import bar
from curate.pipeline.foreseen import Foreseen, answer_lengths, review_minutes
from curate.pipeline.pool import upstream
from curate.pipeline.summary import Summary
from curate.project import Project

if TYPE_CHECKING:
    from curate.llm import Call
    from curate.llm.estimate import Estimate, Range
    from curate.llm.ledger import Ledger, Spent

__all__ = ["ledger", "plan"]


def plan(project: Project) -> Summary:
    """Say what the configured models will take: calls, tokens, money, time, and people's minutes.

    Low, likely and high are those of `curate.llm.estimate`. Calls that the ledger has are not
    counted. Judges are counted for the answers to come as well. Nothing is sent.

    Raises:
        ConfigError: If a member or a judge cannot be asked as it is configured.
        ProjectError: If nothing was read yet.
    """
    with _opened(project) as book:
        answering = list(_answering(project, book))
        judging, to_come = _judging(project, book, answering)
        told = [*answering, *judging]
        spent = _spent_lines(project, book)
        warnings = [
            *_unpriced(told),
            *_by_the_table(project, told),
            *_at_the_limit(project, told, book.totals()),
        ]
    minutes = review_minutes(to_come)
    currency = project.config.budget.currency
    lines = [_line(one, currency) for one in told] or [_NOBODY]
    return Summary(
        stage="plan",
        counts=_sums(told, currency) | {"reviewers": _duration(minutes * 60)},
        notes=(*lines, *warnings, *_asides(project), *spent),
        data={"members": [asdict(one) for one in told], "review_minutes": minutes},
    )


def ledger(project: Project) -> Summary:
    """Say what asking models has taken so far, by stage and model, and what failed."""
    with _opened(project) as book:
        total, rows, reasons = book.totals(), book.by_model_and_stage(), book.why_failed()
        lines = _spent_lines(project, book)
    currency = project.config.budget.currency
    failures = (
        f"failed, {times:,}: {reason}" for reason, times in list(reasons.items())[:_REASONS]
    )
    again = ("the next run asks the failed ones again",) if reasons else ()
    return Summary(
        stage="ledger",
        counts={
            "calls": total.calls,
            "failed": total.failed,
            "prompt tokens": total.prompt_tokens,
            "completion tokens": total.completion_tokens,
            "money": _paid(total, currency),
            "time": _duration(total.seconds),
        },
        paths=(project.ledger.as_posix(),) if project.ledger.exists() else (),
        notes=(*lines, *failures, *again),
        data={"rows": [asdict(row) for row in rows], "total": asdict(total), "failures": reasons},
    )


_REASONS = 5
_NOBODY = "no model is asked: neither `generate.members` nor `judge.judges` names one"


@contextlib.contextmanager
def _opened(project: Project) -> Iterator[Ledger]:
    """Open the ledger, or an empty one where there is none, so that nothing is written."""
    from curate.llm.ledger import Ledger

    with Ledger(project.ledger if project.ledger.exists() else ":memory:") as book:
        yield book


def _answering(project: Project, book: Ledger) -> Iterator[Estimate]:
    """Give what each member's answers will take."""
    from curate.generate import calls, evenly
    from curate.llm.estimate import estimate
    from curate.llm.prices import Prices

    config = project.config.generate
    if not config.members:
        return
    records = evenly(project.need_table("records", "ingest"), config.limit)
    lengths = answer_lengths(project)
    settled = _is_settled(project)
    for member in config.members:
        asked = () if settled else calls(records, member)
        yield estimate(
            _watched(asked, member, records.num_rows * member.samples),
            book,
            stage="generate",
            member=member,
            prices=Prices(project.config.budget),
            least=None if config.adaptive.stop == "never" else config.adaptive.least,
            logged=lengths,
            tokenizer=project.config.score.tokenizer,
        )


def _is_settled(project: Project) -> bool:
    """Whether an adaptive rule has stopped already: what it saved is not to come."""
    from curate.pipeline.generate import _key

    if project.config.generate.adaptive.stop == "never":
        return False
    return upstream(project, "generate") == _key(project)


def _judging(
    project: Project, book: Ledger, answering: Sequence[Estimate]
) -> tuple[list[Estimate], Project]:
    """Return what each judge's verdicts will take, and the project with the answers to come."""
    from curate.llm.estimate import between

    lengths = {
        one.label: one.completion_tokens.likely / one.calls.likely
        for one in answering
        if one.calls.likely
    }
    most = Foreseen(project, lengths=lengths)
    high = list(_verdicts(most, book))
    rule = project.config.generate.adaptive
    if rule.stop == "never" or not lengths:
        return high, most
    low = _verdicts(Foreseen(project, lengths=lengths, least=rule.least), book)
    return [between(least, all_) for least, all_ in zip(low, high, strict=True)], most


def _verdicts(project: Project, book: Ledger) -> Iterator[Estimate]:
    """Give what each judge's verdicts on a project's candidates will take."""
    from curate.judge import calls
    from curate.llm.estimate import estimate
    from curate.llm.prices import Prices
    from curate.pipeline.judge import judging

    if not project.config.judge.judges:
        return
    items, judges = judging(project)
    for judge in judges:
        total = items.count(judge.task) * (2 if judge.task == "rank" else 1)
        yield estimate(
            _watched(calls(items, [judge]), judge.member, total),
            book,
            stage="judge",
            member=judge.member,
            prices=Prices(project.config.budget),
            tokenizer=project.config.score.tokenizer,
        )


def _watched(calls: Iterable[Call], member: MemberConfig, total: int) -> Iterator[Call]:
    """Give calls, and show on long work how far the counting is."""
    with bar(f"counting for {member.label}") as progress:
        for done, call in enumerate(calls):
            if done % 256 == 0:
                progress(done, total)
            yield call


def _sums(told: Sequence[Estimate], currency: str) -> dict[str, Any]:
    from curate.llm.estimate import Range

    def total(name: str) -> Range:
        return sum((getattr(one, name) for one in told), Range())

    return {
        "calls": _numbers(total("calls")),
        "in the ledger": sum(one.answered for one in told),
        "prompt tokens": _numbers(total("prompt_tokens")),
        "completion tokens": _numbers(total("completion_tokens")),
        "money": _money_in_all(told, currency),
        "time": _duration(total("seconds").likely),
    }


def _money_in_all(told: Sequence[Estimate], currency: str) -> str:
    from curate.llm.estimate import Range

    priced = [one for one in told if not math.isnan(one.money.high)]
    unpriced = sum((one.calls for one in told if one not in priced), Range())
    if not priced and told:
        return "price not known"
    known = _money(sum((one.money for one in priced), Range()), currency)
    more = f" and {_numbers(unpriced)} calls of unknown price" if unpriced.high else ""
    return f"{known}{more}"


def _line(one: Estimate, currency: str) -> str:
    head = f"{one.stage} {one.label}: {_numbers(one.calls)} calls to make"
    if one.answered:
        head += f", {one.answered:,} in the ledger"
    if not one.calls.high:
        return head
    return (
        f"{head} · {_numbers(one.prompt_tokens)} prompt and {_numbers(one.completion_tokens)} "
        f"completion tokens ({one.lengths}) · {_money(one.money, currency)} · "
        f"{_duration(one.seconds.likely)}"
    )


def _unpriced(told: Sequence[Estimate]) -> Iterator[str]:
    names = dict.fromkeys(one.model for one in told if math.isnan(one.money.high))
    if names:
        yield f"no price is known of {', '.join(names)}: say it under `budget.prices`"


def _at_the_limit(project: Project, told: Sequence[Estimate], spent: Spent) -> Iterator[str]:
    """Say which limits the calls may pass: they stop there, and all stays resumable."""
    spend = project.config.budget
    rows = {
        "money": (spend.money, spent.money, [one.money.high for one in told]),
        "calls": (spend.calls, spent.calls + spent.failed, [one.calls.high for one in told]),
        "tokens": (
            spend.tokens,
            spent.tokens,
            [one.prompt_tokens.high + one.completion_tokens.high for one in told],
        ),
    }
    for name, (limit, spent_so_far, ranges) in rows.items():
        so_far, to_come = _known(spent_so_far), sum(map(_known, ranges))
        if limit is not None and so_far + to_come > limit:
            yield (
                f"`budget.{name}` of {_short(limit)} may be reached: {_short(so_far)} so far, up "
                f"to {_short(to_come)} to come; at it nothing more is sent, and all stays resumable"
            )


def _known(number: float) -> float:
    return 0.0 if math.isnan(number) else number


def _by_the_table(project: Project, told: Sequence[Estimate]) -> Iterator[str]:
    """Say from when the package's prices are, where one of them counts."""
    from curate.llm.prices import Prices

    own = project.config.budget.prices
    listed = sorted({one.model for one in told if one.money.high > 0 and one.model not in own})
    if listed:
        yield (
            f"list prices of {Prices(project.config.budget).as_of} for {', '.join(listed)}: check "
            "them, and put your own under `budget.prices`"
        )


def _asides(project: Project) -> Iterator[str]:
    if project.config.score.answer.extract == "entailment":
        yield (
            "not counted: what `score.answer.entailment` is asked, two calls at most for each "
            "pair of different answers to a prompt"
        )


def _spent_lines(project: Project, book: Ledger) -> list[str]:
    currency = project.config.budget.currency
    return [
        f"so far, {row.stage} {row.model}: {row.calls:,} calls"
        + (f", {row.failed:,} failed" if row.failed else "")
        + f" · {row.prompt_tokens:,} prompt and {row.completion_tokens:,} completion tokens"
        + f" · {_paid(row, currency)} · {_duration(row.seconds)}"
        for row in book.by_model_and_stage()
    ]


def _paid(row: Spent, currency: str) -> str:
    if math.isnan(row.money):
        return "price not known"
    more = f" and {row.unpriced:,} calls of unknown price" if row.unpriced else ""
    return f"{_short(row.money)} {currency}{more}"


def _money(money: Range, currency: str) -> str:
    return "price not known" if math.isnan(money.high) else f"{_numbers(money)} {currency}"


def _numbers(range: Range) -> str:
    """Return low, likely and high, or the one number that they are.

    >>> from curate.llm.estimate import Range
    >>> _numbers(Range(8000, 12345.6, 20000)), _numbers(Range(7, 7, 7))
    ('8,000 – 12,346 – 20,000', '7')
    """
    return " – ".join(dict.fromkeys(map(_short, range)))


def _short(number: float) -> str:
    if math.isnan(number):
        return "not known"
    return f"{number:,.0f}" if number == round(number) or number >= 100 else f"{number:,.3g}"


def _duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> _duration(40), _duration(600), _duration(36_000), _duration(math.nan)
    ('40 s', '10 min', '10 h', 'not known')
    """
    if math.isnan(seconds):
        return "not known"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
