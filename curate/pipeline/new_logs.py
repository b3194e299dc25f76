"""Whether logs that came after the last answered round are like those that it chose from.

The test and the clusters hold new prompts against all that rounds could choose from: what they
reviewed was chosen on purpose, and differs from any log by design. How far new prompts lie from
everything reviewed is held against how far the old ones do. Of each group (chat, user) one prompt
counts, the first one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate import texts
from curate.measure.drift import (
    ClusterChange,
    ClusterShift,
    cluster_shift,
    drift,
    uncovered,
)
from curate.measure.similarity import unit
from curate.measure.two_sample import MOST, TwoSample, two_sample
from curate.pipeline.pool import prompt_vectors
from curate.project import Project, Round

__all__ = ["new_logs"]

Ints = npt.NDArray[np.int64]


def new_logs(project: Project) -> dict[str, Any] | None:
    """Return how records that no answered round could choose from differ from the others.

    Returns:
        ``state`` (reopen, watch, no drift, cannot tell), ``reasons``, the figures, and the
        clusters that grew most; None where there are no new records, or no answered round.
    """
    answered = [r for r in project.rounds() if r.table("curated") is not None]
    records = project.table("records")
    if not answered or records is None:
        return None
    groups = _groups(records, answered)
    if not len(groups.new):
        return None
    if not _embedded(project, records):
        reasons = [f"{len(groups.new):,} new prompts have no vectors yet; run `curate embed`"]
        return {"state": "cannot tell", "n_new": len(groups.new), "reasons": reasons}
    seed = project.config.project.seed
    looked_at = _some(groups, seed)
    vectors = prompt_vectors(project)
    old, new, reviewed = (unit(vectors[rows]) for rows in looked_at)
    test, shift = two_sample(old, new, rng=seed), cluster_shift(old, new, rng=seed)
    far = uncovered(old, new, reviewed, rng=seed)
    said = drift(test, shift, far)
    return {
        "state": said.state,
        "reasons": list(said.reasons),
        "n_old": len(groups.old),
        "n_new": len(groups.new),
        "far": {"value": far.value, "low": far.low, "high": far.high},
        **_figures(test, shift),
        "clusters": _grown(project, records, looked_at.new, shift.clusters),
    }


class _Groups(NamedTuple):
    """Records, as rows of the table."""

    old: Ints
    """On offer in an answered round, and not reviewed."""
    new: Ints
    reviewed: Ints


def _groups(records: pa.Table, answered: Sequence[Round]) -> _Groups:
    seen, asked = set(), set()
    for round_ in answered:
        seen |= set(round_.need_table("pool", "select")["record_id"].to_pylist())
        asked |= set(round_.queue()["record_id"].to_pylist())
    kinds = [2 if id in asked else int(id not in seen) for id in records["id"].to_pylist()]
    kind = np.array(kinds, np.int64)
    groups = records["group"].to_pylist()
    firsts = [_one_a_group(np.flatnonzero(kind == k), groups) for k in (0, 1)]
    return _Groups(old=firsts[0], new=firsts[1], reviewed=np.flatnonzero(kind == 2))


def _one_a_group(rows: Ints, groups: Sequence[str]) -> Ints:
    first: dict[str, int] = {}
    for row in rows.tolist():
        first.setdefault(groups[row] or f"row {row}", row)
    return np.array(sorted(first.values()), np.int64)


def _some(groups: _Groups, seed: int) -> _Groups:
    """Return at most `MOST` old and new rows each, drawn by lot: no more vectors are read."""
    rng = np.random.default_rng(seed)
    old, new = (
        rows if len(rows) <= MOST else np.sort(rng.choice(rows, MOST, replace=False))
        for rows in (groups.old, groups.new)
    )
    return _Groups(old=old, new=new, reviewed=groups.reviewed)


def _embedded(project: Project, records: pa.Table) -> bool:
    path = project.pool / "prompts.npy"
    return path.exists() and len(prompt_vectors(project)) == records.num_rows


def _figures(test: TwoSample, shift: ClusterShift) -> dict[str, Any]:
    return {
        "auroc": {"value": test.auroc.value, "low": test.auroc.low, "high": test.auroc.high},
        "p_value": test.p_value,
        "psi": shift.psi,
        "psi_by_chance": shift.psi_by_chance,
        "clusters_p_value": shift.p_value,
    }


def _grown(
    project: Project, records: pa.Table, new: Ints, clusters: Sequence[ClusterChange]
) -> list[dict[str, Any]]:
    """Return the clusters that grew, with the words that tell them from the other new prompts."""
    grown = [c for c in clusters if c.low > c.old][:_SHOWN]
    if not grown:
        return []
    prompts = [texts.prompt_text(m) for m in records["messages"].take(pa.array(new)).to_pylist()]
    show = project.config.report.show_text
    return [
        {
            "old": c.old,
            "new": c.new,
            "low": c.low,
            "high": c.high,
            "words": _words(prompts, c.members) if show else [],
            "examples": [prompts[n][:_LONGEST] for n in c.examples] if show else [],
        }
        for c in grown
    ]


_SHOWN, _LONGEST, _KEYWORDS = 5, 200, 6
_WORD = re.compile(r"[^\W\d_]{3,}")


def _words(prompts: Sequence[str], members: Ints) -> list[str]:
    """Return the words that are commoner in a cluster's prompts than in the other ones."""
    inside = set(members.tolist())
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for n, prompt in enumerate(prompts):
        counts[n in inside].update(set(_WORD.findall(prompt[:_READ].lower())))
    outside, here = counts
    n_in, n_out = len(inside), max(1, len(prompts) - len(inside))
    excess = {w: k / n_in - outside[w] / n_out for w, k in here.items() if k > 1}
    ranked = sorted(excess, key=lambda word: (-excess[word], word))
    return [word for word in ranked[:_KEYWORDS] if excess[word] > 0]


_READ = 2_000
