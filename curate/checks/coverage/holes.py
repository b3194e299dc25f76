"""What production asks and training does not teach, and the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.check import Beside, Check, Context, Found
from curate.checks.coverage.vectors import Placed, placed
from curate.checks.evidence import excerpt
from curate.checks.figures import as_figure, percent
from curate.checks.rows import Rows
from curate.measure.effects import rate
from curate.measure.keywords import keywords, word_counts, words_apart
from curate.measure.neighbours import neighbours
from curate.records import Evidence, Finding

__all__ = ["MISSING", "UNSEEN", "Hole", "holes", "usual_nearness"]

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A cluster of rows, most of which have nothing near them on the other side."""

    members: Ints
    """The cluster's rows, the one nearest to its middle first."""
    far: npt.NDArray[np.bool_]
    """Which of them are far from all rows of the other side, shape (n_members,)."""


def usual_nearness(vectors: Vectors, *, share: float = 0.05, rng: int = 7) -> float:
    """Return the cosine to the nearest other row that all but `share` of the rows exceed.

    Copies and near copies (cosine .95 and more) are no neighbours here: a set that repeats itself
    does not cover more for it.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        share: Quantile.
        rng: Seed of the sample.

    Returns:
        NaN for fewer than ten rows.
    """
    if len(vectors) < _FEWEST:
        return float("nan")
    sample = np.random.default_rng(rng).permutation(len(vectors))[:_SAMPLED]
    _, cosines = neighbours(vectors, _LISTED, clients=np.sort(sample), rng=rng)
    others = np.where(cosines < _COPY, cosines, -2.0).max(axis=1)
    others = others[others > -2.0]
    return float(np.quantile(others, share)) if len(others) else _COPY


_FEWEST, _SAMPLED, _LISTED, _COPY = 10, 4_000, 16, 0.95


def holes(
    vectors: Vectors, others: Vectors, *, least: float = 0.5, rng: int = 7
) -> tuple[list[Hole], Floats, float]:
    """Return the clusters of rows without rows of the other side near them.

    A row is far if its cosine to the nearest other-side row is below what 95 of 100 rows of the
    other side have to one another (`usual_nearness`). Rows are clustered by themselves (k-means,
    one cluster for 40 rows, 2 to 80); a hole is a cluster of at least five rows of which more than
    `least` are far.

    Args:
        vectors: Unit rows, shape (n_rows, n_dims).
        others: Unit rows of the other side.
        least: Share of far rows that makes a cluster a hole.
        rng: Seed.

    Returns:
        Holes, the one with most far rows first; each row's cosine to the nearest other; and the
        cosine below which a row is far (NaN where there are too few rows to tell).
    """
    limit = usual_nearness(others, rng=rng)
    if np.isnan(limit) or len(vectors) < _FEWEST:
        return [], np.full(len(vectors), np.nan), float("nan")
    nearest = _nearest(vectors, others, rng)
    far = nearest < limit
    labels, middles = _clusters(vectors, rng)
    found = []
    for number in range(len(middles)):
        members = np.flatnonzero(labels == number)
        if len(members) >= _SMALLEST and far[members].mean() > least:
            order = np.argsort(-(vectors[members] @ middles[number]), kind="stable")
            found.append(Hole(members=members[order], far=far[members[order]]))
    found.sort(key=lambda hole: (-int(hole.far.sum()), int(hole.members[0])))
    return found, nearest, limit


_SMALLEST = 5
_MOST, _POOL = 20_000, 200_000


def _missing(rows: Rows, context: Context) -> Found:
    if context.logs is None:
        return Found(check=MISSING.name, skipped=_NO_LOGS)
    place = placed(rows, context.logs, context, "asked", most=_POOL)
    logs = _fewer(place.theirs, place.their_vectors, context.seed)
    threshold = context.threshold(MISSING)
    found, nearest, limit = holes(logs[1], place.our_vectors, least=threshold, rng=context.seed)
    if np.isnan(limit):
        return Found(check=MISSING.name, skipped=_TOO_FEW)
    texts = context.logs.rows.asked
    named = _named(found, logs[0], texts)
    more = _words(texts, logs[0], rows.asked, place.ours)
    side = _Side(found, named, logs[0], nearest, limit, place.by, more)
    findings = tuple(_of_logs(side, place, context.logs, logs[1]))
    return Found(
        check=MISSING.name, findings=findings, looked_at=len(place.ours), figures=side.figures()
    )


def _unseen(rows: Rows, context: Context) -> Found:
    if context.logs is None:
        return Found(check=UNSEEN.name, skipped=_NO_LOGS)
    place = placed(rows, context.logs, context, "asked", most=_POOL)
    ours = _fewer(place.ours, place.our_vectors, context.seed)
    threshold = context.threshold(UNSEEN)
    found, nearest, limit = holes(ours[1], place.their_vectors, least=threshold, rng=context.seed)
    if np.isnan(limit):
        return Found(check=UNSEEN.name, skipped=_TOO_FEW)
    named = _named(found, ours[0], rows.asked)
    more = _words(rows.asked, ours[0], context.logs.rows.asked, place.theirs)
    side = _Side(found, named, ours[0], nearest, limit, place.by, more)
    findings = tuple(_of_training(side, context.logs.name))
    return Found(
        check=UNSEEN.name, findings=findings, looked_at=len(ours[0]), figures=side.figures()
    )


_MEANS = (
    "share of a cluster's rows that lie farther from all rows of the other side than 95 of 100 of "
    "those do from one another; flagged above"
)

MISSING = Check(
    name="missing-from-training",
    family="coverage",
    about="Kinds of prompts that stand in the logs and have no training rows near them.",
    severity="warning",
    threshold=0.5,
    means=_MEANS,
    run=_missing,
    needs=("logs",),
    fixes=False,
)

UNSEEN = Check(
    name="missing-from-logs",
    family="coverage",
    about="Kinds of training prompts that nobody asks in the logs.",
    severity="info",
    threshold=0.5,
    means=_MEANS,
    run=_unseen,
    needs=("logs",),
    fixes=False,
)

_NO_LOGS = "no logs: name a file of production logs with --logs"
_TOO_FEW = "fewer than ten prompts on a side: nothing can be said of clusters"


@dataclass(frozen=True, slots=True)
class _Side:
    """The holes of one side, with what they are called."""

    found: list[Hole]
    names: list[str]
    rows: Ints
    nearest: Floats
    limit: float
    by: str
    words: list[dict[str, Any]]

    def figures(self) -> dict[str, Any]:
        far = int((self.nearest < self.limit).sum())
        table = [
            {"name": name, "rows": len(hole.members), "far": int(hole.far.sum())}
            for hole, name in zip(self.found, self.names, strict=True)
        ]
        return {
            "by": self.by,
            "looked_at": len(self.rows),
            "far": as_figure(rate(far, len(self.rows))),
            "far_below_cosine": self.limit,
            "clusters": table,
            "words_of_this_side": self.words,
        }

    def share(self, hole: Hole) -> str:
        return f"{percent(len(hole.members) / len(self.rows))} ({len(hole.members):,}"

    def cosine(self, member: int, what: str) -> str:
        return f"cosine {self.nearest[member]:.2f} to the nearest {what}"


def _of_logs(side: _Side, place: Placed, logs: Beside, vectors: Vectors) -> Iterator[Finding]:
    for hole, name in zip(side.found, side.names, strict=True):
        shown = hole.members[hole.far][:_EXAMPLES]
        beside = (vectors[shown] @ place.our_vectors.T).argmax(axis=1)
        yield Finding(
            check=MISSING.name,
            severity=MISSING.severity,
            message=(
                f"{side.share(hole)} of {len(side.rows):,} log rows looked at) are about {name}, "
                f"and {percent(hole.far.mean())} of them have no training row as near as training "
                "rows are to one another: add rows of this kind, e.g. by sending these to the desk"
            ),
            score=int(hole.far.sum()) / len(side.rows),
            evidence=tuple(
                Evidence(
                    row=int(place.ours[near]),
                    field="prompt",
                    note=side.cosine(member, "training row, which is this one"),
                    beside=excerpt(logs.rows.asked[int(side.rows[member])].as_py() or "").text,
                    beside_name=logs.rows.place(int(side.rows[member])),
                )
                for member, near in zip(shown.tolist(), beside.tolist(), strict=True)
            ),
        )


def _of_training(side: _Side, logs: str) -> Iterator[Finding]:
    for hole, name in zip(side.found, side.names, strict=True):
        far = hole.members[hole.far]
        yield Finding(
            check=UNSEEN.name,
            severity=UNSEEN.severity,
            message=(
                f"{side.share(hole)} of {len(side.rows):,} training rows looked at) are about "
                f"{name}, and {percent(hole.far.mean())} of them have no row of {logs} near them: "
                "see whether they are still worth their share"
            ),
            rows=tuple(np.sort(side.rows[far]).tolist()),
            score=len(far) / len(side.rows),
            evidence=tuple(
                Evidence(
                    row=int(side.rows[member]), field="prompt", note=side.cosine(member, "log row")
                )
                for member in far[:_EXAMPLES].tolist()
            ),
        )


_EXAMPLES = 3


def _named(found: list[Hole], rows: Ints, texts: pa.Array) -> list[str]:
    """Name holes by the words that set them apart from each other and from a draw of all rows."""
    groups = [_texts(texts, rows[hole.members[:_READ]]) for hole in found]
    step = max(1, len(rows) // _READ)
    named = keywords(groups, beside=_texts(texts, rows[::step]))
    return [", ".join(some) if some else "nothing that words tell" for some in named]


_READ = 300


def _words(texts: pa.Array, rows: Ints, others: pa.Array, other_rows: Ints) -> list[dict[str, Any]]:
    """Return the words that this side uses more than the other does."""
    sides = ((texts, rows), (others, other_rows))
    counts = [word_counts(_texts(t, at[:: max(1, len(at) // _COUNTED)])) for t, at in sides]
    return [{"name": word, "z": z} for word, z in words_apart(*counts)]


_COUNTED = 5_000


def _texts(texts: pa.Array, rows: Ints) -> list[str]:
    return [text or "" for text in texts.take(pa.array(rows)).to_pylist()]


def _fewer(rows: Ints, vectors: Vectors, seed: int) -> tuple[Ints, Vectors]:
    if len(rows) <= _MOST:
        return rows, vectors
    some = np.sort(np.random.default_rng(seed).choice(len(rows), _MOST, replace=False))
    return rows[some], vectors[some]


def _nearest(vectors: Vectors, others: Vectors, rng: int) -> Floats:
    """Return each row's cosine to the nearest row of the other side."""
    both = np.concatenate([others, vectors])
    pool = np.arange(len(others))
    clients = np.arange(len(others), len(both))
    _, cosines = neighbours(both, 1, candidates=pool, clients=clients, rng=rng)
    return cosines[:, 0].astype(np.float64)


def _clusters(vectors: Vectors, rng: int) -> tuple[Ints, Vectors]:
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    k = int(np.clip(len(vectors) // 40, 2, 80))
    k = min(k, len(np.unique(vectors.round(4), axis=0)))
    with threadpool_limits(limits=1):
        means = MiniBatchKMeans(k, n_init=3, batch_size=2048, random_state=rng).fit(vectors)
    return means.labels_.astype(np.int64), means.cluster_centers_.astype(np.float32)
