"""Numbers as a reader wants them, and the sentences that open the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from curate.report.page import Page

__all__ = [
    "Figure",
    "count",
    "figures",
    "number",
    "opening",
    "outcome",
    "percent",
    "signed",
    "times",
]

NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A key number of the summary."""

    label: str
    value: str
    note: str = ""


def count(n: int) -> str:
    """Write a count with separators: 1,319."""
    return f"{n:,}"


def number(value: float) -> str:
    """Write a number in about three significant digits; a dash where there is none.

    >>> [number(v) for v in (0.8312, 12.34, 1234.5, 0.00021, float("nan"))]
    ['0.83', '12.3', '1,234', '2.1e-04', '–']
    """
    if not math.isfinite(value):
        return NOTHING
    size = abs(value)
    if 0 < size < 0.005:
        return f"{value:.1e}"
    if size >= 1000 or (size >= 10 and value == int(value)):
        return f"{value:,.0f}"
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def percent(share: float) -> str:
    r"""Write a share as per cent, with a decimal near both ends and a space that does not break.

    >>> [percent(v).replace("\xa0", "_") for v in (0.2, 0.9933, 0.004, 1.0, float("nan"))]
    ['20_%', '99.3_%', '0.4_%', '100_%', '–']
    """
    if not math.isfinite(share):
        return NOTHING
    edge = 0 < share < 0.05 or 0.95 < share < 1
    return f"{100 * share:.{1 if edge else 0}f}\u00a0%"


def signed(value: float) -> str:
    """Write a correlation to two decimals, with a true minus and no negative zero.

    >>> [signed(v) for v in (0.354, -0.354, -0.001)]
    ['0.35', '−0.35', '0.00']
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def times(value: float) -> str:
    """Write how many times one number is another; a dash where it is not known.

    >>> [times(v) for v in (3.333, 12.4, float("inf"), float("nan"))]
    ['3.3', '12', '∞', '–']
    """
    if math.isinf(value):
        return "∞"
    if math.isnan(value):
        return NOTHING
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def outcome(name: str) -> str:
    """Write an outcome for a reader: a is "A preferred", both_bad is "both bad"."""
    return {"a": "A preferred", "b": "B preferred"}.get(name, name.replace("_", " "))


def figures(page: Page) -> list[Figure]:
    """Return the key numbers that stay in sight: those that are known so far."""
    return [f for f in (_pool(page), _queue(page), _answered(page), _alpha(page)) if f] + [
        f for f in (_settled(page), _truth(page)) if f
    ]


def pool_size(page: Page) -> int | None:
    """Return how many rows were on offer, or None where the page does not hold it."""
    return len(page.scores.queued) if page.scores else None


def _pool(page: Page) -> Figure | None:
    n = pool_size(page)
    return None if n is None else Figure(label="In the pool", value=count(n), note=_things(page))


def _queue(page: Page) -> Figure | None:
    if not page.queue:
        return None
    drawn = sum(row.part == "random" for row in page.queue)
    return Figure(label="Queue", value=count(len(page.queue)), note=f"{count(drawn)} at random")


def _answered(page: Page) -> Figure | None:
    if not page.queue:
        return None
    done = sum(row.status == "answered" for row in page.queue)
    note = f"{count(done)} of {count(len(page.queue))}"
    return Figure(label="Answered", value=percent(done / len(page.queue)), note=note)


def _alpha(page: Page) -> Figure | None:
    if page.agreement is None or math.isnan(page.agreement.alpha):
        return None
    low, high = page.agreement.interval
    note = f"{number(low)} to {number(high)}" if math.isfinite(low) else ""
    return Figure(label="Agreement α", value=number(page.agreement.alpha), note=note)


def _settled(page: Page) -> Figure | None:
    if not page.outcomes:
        return None
    files = len(page.exports)
    note = f"{count(files)} file{'' if files == 1 else 's'}" if files else ""
    return Figure(label="Settled", value=count(sum(page.outcomes.values())), note=note)


def _truth(page: Page) -> Figure | None:
    if page.truth is None or not page.truth.queue[1] or not page.truth.pool[1]:
        return None
    hit, base = (wrong / n for wrong, n in (page.truth.queue, page.truth.pool))
    return Figure(label="Wrong in queue", value=percent(hit), note=f"pool {percent(base)}")


def opening(page: Page) -> list[str]:
    """Return the sentences under the title: what was chosen, and how far it has come."""
    if not page.queue:
        return ["Nothing has been chosen for review yet."]
    return [s for s in (_chosen(page), _progress(page), _found(page)) if s]


def _chosen(page: Page) -> str:
    n, drawn = len(page.queue), sum(row.part == "random" for row in page.queue)
    pool = pool_size(page)
    out_of = f" out of {count(pool)}" if pool is not None else ""
    thing = _things(page) if n != 1 else _things(page)[:-1]
    text = f"{count(n)} {thing}{out_of} {'were' if n != 1 else 'was'} chosen for a person’s time"
    if drawn:
        text += f", {count(drawn)} of them at random so that the choice can be measured"
    return f"{text}."


def _progress(page: Page) -> str:
    done = sum(row.status == "answered" for row in page.queue)
    if not done:
        return "No answer has come back yet."
    if done < len(page.queue):
        return f"Answered so far: {count(done)} of {count(len(page.queue))}."
    return "All are answered."


def _found(page: Page) -> str:
    if _truth(page) is None or page.truth is None:
        return ""
    (wrong, n), (pool_wrong, pool) = page.truth.queue, page.truth.pool
    text = f"{count(wrong)} of the {count(n)} actively chosen were wrong"
    if pool_wrong and wrong / n > pool_wrong / pool:
        text += f", {number(wrong / n / (pool_wrong / pool))} times the rate of the pool"
    return f"{text}."


def _things(page: Page) -> str:
    return "answers" if page.task == "rewrite" else "pairs"
