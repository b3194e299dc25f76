"""The project's page: everything it holds of the last round, as rows and arrays to draw."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import report as drawing
from curate import texts
from curate.files import beside
from curate.pipeline.clean import dropped
from curate.pipeline.committee import current_committee
from curate.pipeline.items import candidates_of, items_of
from curate.pipeline.learn import LEARNED, default_need
from curate.pipeline.pool import prompt_vectors, upstream
from curate.pipeline.progress_page import shown_progress
from curate.pipeline.stream import is_stream
from curate.pipeline.summary import Summary
from curate.pipeline.versions import versions
from curate.project import Project, Round
from curate.records import Item, digest

__all__ = ["report", "shown_agreement"]


def report(project: Project, *, truth: drawing.Truth | None = None) -> Summary:
    """Write ``report.html``: queue, scores, agreement, who answered, and a map.

    Args:
        project: The project.
        truth: How many answers are wrong, where a demonstration knows.
    """
    html = drawing.render(page(project, truth=truth))
    with beside(project.report) as draft:
        draft.write_text(html, encoding="utf-8")
    counts = {"kB": len(html.encode()) // 1024}
    return Summary(stage="report", counts=counts, paths=(project.report.as_posix(),))


def page(project: Project, *, truth: drawing.Truth | None = None) -> drawing.Page:
    """Return what the page shows; what the project does not hold yet is left out."""
    rounds = project.rounds()
    round_ = rounds[-1] if rounds else None
    config = project.config
    return drawing.Page(
        title=config.report.title or config.project.name,
        task=config.project.task,
        generated_from={
            "configuration": digest(config.model_dump_json()),
            "seed": str(config.project.seed),
            **versions(),
        },
        flow=tuple(_flow(project, round_)),
        queue=_queue(project, round_) if round_ else (),
        scores=_scores(round_) if round_ else None,
        map=_map(project, round_) if round_ else None,
        committee=_committee(project) if round_ else None,
        composition=_composition(round_) if round_ else None,
        agreement=shown_agreement(round_) if round_ else None,
        outcomes=Counter(outcome for _, outcome in _settled(round_)) if round_ else {},
        exports=_exports(round_) if round_ else (),
        truth=truth,
        progress=shown_progress(project),
        show_text=config.report.show_text,
    )


def _flow(project: Project, round_: Round | None) -> Iterable[drawing.Step]:
    stamp = project.stamp("ingest")
    if stamp:
        counts = stamp["summary"]["counts"]
        yield drawing.Step(
            stage="ingest",
            count_in=counts["candidates"] + counts["rejected"],
            count_out=counts["candidates"],
            note=f"answers to {counts['records']:,} prompts",
            reasons=_reasons(_rejected(project)),
        )
    yield from _cleaning(project)
    if round_ is None:
        return
    pool = round_.need_table("pool", "select")
    on_offer = _on_offer(pool)
    reasons = _reasons(why for why in _barred(pool)["left_out"].to_pylist() if why is not None)
    yield drawing.Step(
        stage="offer",
        count_in=pool.num_rows,
        count_out=on_offer,
        note="could be asked this round",
        reasons=reasons,
    )
    queue = round_.queue()
    yield drawing.Step(stage="select", count_in=on_offer, count_out=queue.num_rows, note="queued")
    responses = round_.table("responses")
    if responses is not None:
        answered = len(set(_submitted(responses)["item_id"].to_pylist()))
        yield drawing.Step(
            stage="pull", count_in=queue.num_rows, count_out=answered, note="items answered"
        )
    settled = {item for item, _ in _settled(round_)}
    if settled:
        yield drawing.Step(
            stage="resolve", count_in=queue.num_rows, count_out=len(settled), note="items settled"
        )


def _cleaning(project: Project) -> Iterable[drawing.Step]:
    """Give what cleaning left, where it dropped anything."""
    reasons = [row["reason"] for row in dropped(project) if row["what"] == "candidate"]
    if reasons:
        n, prompts = project.candidates().num_rows, project.need_table("records", "ingest").num_rows
        note, told = f"answers to {prompts:,} prompts", _reasons(reasons)
        yield drawing.Step(
            stage="clean", count_in=n + len(reasons), count_out=n, note=note, reasons=told
        )


def _barred(pool: pa.Table) -> pa.Table:
    """Return the rows that could not be asked at all."""
    return pool.filter(pc.invert(pool["open"])) if "open" in pool.column_names else pool


def _on_offer(pool: pa.Table) -> int:
    """Return how many rows could be asked, refused ones included (rounds of old kept no column)."""
    if "open" in pool.column_names:
        return int(pc.sum(pool["open"]).as_py() or 0)
    return int(pool["left_out"].null_count)


def _rejected(project: Project) -> Iterable[str]:
    path = project.pool / "rejected.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)["reason"]


def _reasons(reasons: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return the most frequent reasons; what differs by row (ids, names, figures) is cut out."""
    kinds = Counter(_BY_ROW.sub("", reason) for reason in reasons)
    return tuple(kinds.most_common(12))


_BY_ROW = re.compile(r" to [crp][0-9a-f]{24}| \([^()]*\)| '[^']*'")


def _queue(project: Project, round_: Round) -> tuple[drawing.QueueRow, ...]:
    rows = round_.queue().to_pylist()
    answers = _answers(project, round_, {row["record_id"] for row in rows})
    scores = _picked_scores(round_)
    outcomes, rewrites = _outcomes(round_), _rewrites(round_)
    responses = round_.table("responses")
    answered = set() if responses is None else set(_submitted(responses)["item_id"].to_pylist())
    return tuple(
        drawing.QueueRow(
            order=row["order"] + 1,
            item_id=item.id,
            part=row["part"],
            probability=row["probability"],
            reason=row["reason"],
            scores=scores[item.id],
            prompt=texts.prompt_text(item.record.messages, turns=len(item.record.messages)),
            completions=tuple(_completions(item, answers)),
            status="answered" if item.id in answered else "waiting",
            outcome=outcomes.get(item.id, ""),
            rewritten=rewrites.get(item.id, ""),
        )
        for row, item in zip(rows, items_of(project, round_), strict=True)
    )


def _completions(
    item: Item, answers: Mapping[str, list[dict[str, Any]]]
) -> Iterable[drawing.Completion]:
    asked = {candidate.id for candidate in item.candidates}
    for row in sorted(answers[item.record.id], key=lambda row: row["id"] not in asked):
        yield drawing.Completion(
            model=row["model"] or "",
            text=texts.answer_text(row["message"]),
            asked=row["id"] in asked,
            answer=row["answer"] or "",
        )


def _answers(project: Project, round_: Round, records: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Return all candidates of the queue's records, with what was read out of each."""
    wanted = pa.array(sorted(records), pa.string())
    answer = _read_answers(project, wanted)
    candidates = candidates_of(project, round_)
    candidates = candidates.filter(pc.is_in(candidates["record_id"], wanted))
    rows = candidates.select(["id", "record_id", "model", "message"]).to_pylist()
    rows = [row | {"answer": answer.get(row["id"])} for row in rows]
    rows.sort(key=lambda row: row["record_id"])
    return {id: list(group) for id, group in groupby(rows, lambda row: row["record_id"])}


def _read_answers(project: Project, records: pa.Array) -> dict[str, str | None]:
    """Return what was read out of each answer to some prompts, where they were scored."""
    scores = project.table("scores")
    if scores is None:
        return {}
    read = scores.filter(pc.is_in(scores["record_id"], records))
    return dict(zip(read["candidate_id"].to_pylist(), read["answer"].to_pylist(), strict=True))


def _score_columns(round_: Round, pool: pa.Table) -> dict[str, Any]:
    """Return the score columns, the one that ranks the need first."""
    said = round_.read_json("selected") or {}
    need = f"score.{said.get('need') or default_need(round_.project.config)}"
    names = [name for name in pool.column_names if name.startswith("score.")]
    names.sort(key=lambda name: name != need)
    return {name.removeprefix("score."): pool[name].to_numpy() for name in names}


def _picked_scores(round_: Round) -> dict[str, dict[str, float]]:
    pool = round_.need_table("pool", "select")
    pool = pool.filter(pool["order"].is_valid())
    columns = _score_columns(round_, pool)
    return {
        id: {name: float(values[n]) for name, values in columns.items()}
        for n, id in enumerate(pool["item_id"].to_pylist())
    }


def _scores(round_: Round) -> drawing.Scores:
    from curate.score import COLUMNS, PAIR_COLUMNS

    known = {name: column.help for name, column in {**COLUMNS, **PAIR_COLUMNS}.items()} | LEARNED
    pool = round_.need_table("pool", "select")
    columns = _score_columns(round_, pool)
    length = "answer_tokens" if "answer_tokens" in columns else "length_ratio"
    return drawing.Scores(
        columns=columns,
        queued=pool["order"].is_valid().to_numpy(zero_copy_only=False),
        docs={name: known[name] for name in columns},
        length=length,
    )


def _map(project: Project, round_: Round) -> drawing.Map | None:
    """Return the pool in the plane; a stream's round has no pool."""
    records = project.table("records")
    if records is None or is_stream(round_):
        return None
    place = {id: n for n, id in enumerate(records["id"].to_pylist())}
    seen = project.reviewed(before=round_.number)
    return drawing.Map(
        xy=_plane(project),
        labels=[texts.prompt_text(m)[:300] for m in records["messages"].to_pylist()],
        queued=np.array([place[id] for id in round_.queue()["record_id"].to_pylist()], np.int64),
        reviewed=np.array(sorted(place[id] for id in seen if id in place), np.int64),
    )


def _plane(project: Project) -> npt.NDArray[np.float64]:
    """Return the prompts in the plane, computed once for the vectors at hand."""
    path, now = project.pool / "map.npy", upstream(project, "embed")
    stamp = project.stamp("map")
    if stamp is not None and stamp["key"] == now and path.exists():
        known: npt.NDArray[np.float64] = np.load(path)
        return known
    xy = drawing.project_2d(
        np.asarray(prompt_vectors(project)), seed=project.config.project.seed
    ).astype(np.float64)
    with beside(path) as draft, draft.open("wb") as file:
        np.save(file, xy)
    project.put_stamp("map", now, {})
    return xy


def _committee(project: Project) -> drawing.Committee | None:
    """Return the committee, where several models answered."""
    if project.table("scores") is None:
        return None
    facts = current_committee(project)
    if len(facts["members"]) < 2:
        return None
    order = sorted(range(len(facts["members"])), key=lambda n: -facts["members"][n]["reliability"])
    correlation = np.array(facts["correlation"], np.float64)
    return drawing.Committee(
        members=tuple(
            drawing.Member(
                name=member["name"],
                answers=member["answers"],
                reliability=member["reliability"],
                accuracy=_nan(member["accuracy"]),
                redundancy=_nan(member["redundancy"]),
            )
            for member in (facts["members"][n] for n in order)
        ),
        effective=_nan(facts["effective_members"]),
        correlation=correlation[np.ix_(order, order)],
        warnings=tuple(facts["warnings"]),
    )


def _composition(round_: Round) -> drawing.Composition | None:
    mix = round_.read_json("composition")
    if mix is None:
        return None
    queue, random = mix["queue"], mix["random"]
    return drawing.Composition(
        measures=tuple(
            drawing.Measure(
                name=name.replace("_", " "),
                queue=_nan(queue[name]),
                random=_nan(random[name]),
                note=_MEASURES.get(name, f"mean of the score {name}").format(**mix),
            )
            for name in queue
        ),
        mixes=tuple(
            drawing.Mix(
                column=column,
                rows=tuple((value, s["queue"], s["on_offer"]) for value, s in shares.items()),
            )
            for column, shares in mix["shares"].items()
        ),
    )


_MEASURES = {
    "clusters": "how many of {n_clusters} clusters of prompts it reaches",
    "coverage": "mean cosine of what was on offer to the nearest picked row",
    "vendi": "effective number of different prompts (Vendi score)",
}


def shown_agreement(round_: Round) -> drawing.Agreement | None:
    """Return how far people agreed in a round; None where it has no answers yet."""
    said = round_.read_json("agreement")
    if said is None:
        return None
    return drawing.Agreement(
        alpha=_nan(said["alpha"]),
        interval=(_nan(said["low"]), _nan(said["high"])),
        level=said["level"],
        n_items=said["n_units"],
        annotators=tuple(
            drawing.Annotator(
                name=row["name"],
                answers=row["n_answers"],
                agreement=_nan(row["agreement"]),
                median_minutes=_nan(said["minutes"].get(row["name"])),
                discarded=said["discarded"].get(row["name"], 0),
            )
            for row in said["annotators"]
        ),
    )


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _settled(round_: Round) -> list[tuple[str, str]]:
    """Return item and outcome of each settled row; a full ranking gives one for each pair."""
    curated = round_.table("curated")
    if curated is None:
        return []
    return list(zip(curated["item_id"].to_pylist(), curated["outcome"].to_pylist(), strict=True))


def _outcomes(round_: Round) -> dict[str, str]:
    """Return the outcome of each item that has exactly one."""
    settled = _settled(round_)
    times = Counter(item for item, _ in settled)
    return {item: outcome for item, outcome in settled if times[item] == 1}


def _rewrites(round_: Round) -> dict[str, str]:
    curated = round_.table("curated")
    if curated is None:
        return {}
    rows = curated.filter(pc.equal(curated["outcome"], "rewritten")).to_pylist()
    return {row["item_id"]: texts.answer_text(row["chosen"]) for row in rows}


def _submitted(responses: pa.Table) -> pa.Table:
    return responses.filter(pc.equal(responses["status"], "submitted"))


def _exports(round_: Round) -> tuple[drawing.ExportFile, ...]:
    said = round_.read_json("exported") or {"files": []}
    return tuple(
        drawing.ExportFile(path=file["path"], rows=file["rows"], sha256=file["sha256"])
        for file in said["files"]
    )
