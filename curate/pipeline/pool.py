"""From files to a scored pool: ingest, embed, score."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate import texts
from curate.console import bar
from curate.errors import InputError, ProjectError
from curate.files import beside, file_digest
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import CANDIDATES, PAIRS, RECORDS, digest, pair_id

if TYPE_CHECKING:
    from curate.embed import Tally
    from curate.llm import Ask, Call, Reply

__all__ = [
    "answers_key",
    "any_pairs",
    "embed",
    "embedder",
    "finish",
    "fresh",
    "ingest",
    "key",
    "logged_pairs",
    "pool_key",
    "prompt_vectors",
    "score",
    "upstream",
]

Vectors = npt.NDArray[np.float32]


def key(project: Project, stage: str, *before: str) -> str:
    """Return what decides a stage's result: its section, the project's, and what came before."""
    section = getattr(project.config, stage).model_dump_json()
    return digest(stage, section, project.config.project.model_dump_json(), *before)


def fresh(project: Project, stage: str, key: str, made: Sequence[Path]) -> Summary | None:
    """Return the summary of the last run if it was on the same `key` and its files are there."""
    stamp = project.stamp(stage)
    if stamp is None or stamp["key"] != key or not all(path.exists() for path in made):
        return None
    said = stamp["summary"]
    return Summary(
        stage=stage,
        counts=said["counts"],
        paths=tuple(said["paths"]),
        notes=tuple(said["notes"]),
        skipped=True,
    )


def upstream(project: Project, stage: str) -> str:
    """Return the key on which `stage` was last run, or ""."""
    stamp = project.stamp(stage)
    return stamp["key"] if stamp else ""


def pool_key(project: Project) -> str:
    """Return what decides the pool: what was read, or what cleaning left of it."""
    return _or_cleaned(project, "cleaned", upstream(project, "ingest"))


def answers_key(project: Project) -> str:
    """Return what decides the answers that models were asked for, cleaned."""
    return _or_cleaned(project, "generated", upstream(project, "generate"))


def _or_cleaned(project: Project, name: str, before: str) -> str:
    said = project.cleaning(name)
    content = None if said is None else said["content"]
    return before if content is None else digest(before, content)


def finish(project: Project, stage: str, key: str, summary: Summary) -> Summary:
    """Stamp a stage as done and return what it says."""
    project.put_stamp(stage, key, summary.as_json())
    return summary


def ingest(
    project: Project, *, paths: Sequence[str] | None = None, format: str | None = None
) -> Summary:
    """Read files into ``records``, ``candidates`` and ``pairs``; dropped rows to ``rejected``.

    Args:
        project: Where the tables go.
        paths: Files, folders or globs; the configuration's unless given.
        format: A reader's name; the configuration's unless given.

    Raises:
        InputError: If a path does not exist, or nothing at all could be read.
    """
    from curate.ingest.files import find

    config = project.config.ingest
    where = (
        [project.folder / p for p in config.paths] if paths is None else [Path(p) for p in paths]
    )
    found = [source.path for source in find(where)]
    made = [project.pool / f"{name}.parquet" for name in ("records", "candidates", "pairs")]
    now = key(project, "ingest", format or "", *(f"{p}:{file_digest(p)}" for p in found))
    if done := fresh(project, "ingest", now, made):
        return done
    counts, reasons = _read_into(project, found, format or config.format)
    if not counts["records"]:
        raise InputError(_nothing_read(project, reasons))
    _let_go(project)
    pool = (project.pool / "records.parquet").as_posix()
    summary = Summary(
        stage="ingest", counts=counts, paths=(pool,), notes=_reject_notes(project, reasons)
    )
    return finish(project, "ingest", now, summary)


def _read_into(
    project: Project, paths: Sequence[Path], format: str
) -> tuple[dict[str, int], Counter[str]]:
    from curate.ingest import read

    config = project.config.ingest
    reasons: Counter[str] = Counter()
    with contextlib.ExitStack() as open_:
        records = open_.enter_context(project.writer("records", RECORDS))
        candidates = open_.enter_context(project.writer("candidates", CANDIDATES))
        pairs = open_.enter_context(project.writer("pairs", PAIRS))
        reject = open_.enter_context(project.rejects())
        progress = open_.enter_context(bar("reading"))
        for batch in read(
            paths, format=format, columns=config.columns, turns=config.turns, progress=progress
        ):
            records.write(batch.records)
            candidates.write(batch.candidates)
            pairs.write(batch.pairs)
            reject(batch.rejected)
            reasons.update(row.reason for row in batch.rejected)
    counts = {
        "records": records.rows,
        "candidates": candidates.rows,
        "logged pairs": pairs.rows,
        "rejected": sum(reasons.values()),
    }
    return counts, reasons


def _let_go(project: Project) -> None:
    """Drop what models answered to prompts that are gone; it stays in the ledger."""
    generated = project.read("generated")
    if generated is not None:
        ids = project.need_read("records")["id"].combine_chunks()
        there = pc.is_in(generated["record_id"], value_set=ids)
        project.write("generated", generated.filter(there))


def _reject_notes(project: Project, reasons: Counter[str]) -> tuple[str, ...]:
    if not reasons:
        return ()
    reason, times = reasons.most_common(1)[0]
    where = project.pool / "rejected.jsonl"
    return (f"rejected rows with file, line and reason: {where} (most often, {times:,}: {reason})",)


def _nothing_read(project: Project, reasons: Counter[str]) -> str:
    why = f"; most often: {reasons.most_common(1)[0][0]}" if reasons else ""
    return (
        f"no row of {', '.join(project.config.ingest.paths)} could be read{why}; "
        f"see {project.pool / 'rejected.jsonl'}"
    )


def embedder(project: Project) -> Callable[[list[str]], Vectors]:
    """Return a function from texts to unit vectors that embeds no text twice."""
    return lambda batch: _embedded(project, batch)[0]


def _embedded(project: Project, batch: list[str]) -> tuple[Vectors, Tally]:
    from curate.embed import Embedder, VectorCache

    config = project.config.embed
    with bar("embedding") as progress:
        work = Embedder(
            config.encoder,
            cache=VectorCache(project.vectors),
            batch_tokens=config.batch_tokens,
            progress=progress,
        )
        return work(batch), work.tally


def embed(project: Project) -> Summary:
    """Turn the records' prompts into vectors, each distinct text once."""
    records = project.need_table("records", "ingest")
    now = key(project, "embed", pool_key(project))
    made = project.pool / "prompts.npy"
    if done := fresh(project, "embed", now, [made]):
        return done
    prompts = texts.distinctive([texts.prompt_text(m) for m in records["messages"].to_pylist()])
    vectors, tally = _embedded(project, prompts)
    with beside(made) as draft, draft.open("wb") as file:
        np.save(file, vectors)
    counts = {
        "prompts": len(prompts),
        "distinct": len(set(prompts)),
        "dimensions": vectors.shape[1],
    }
    summary = Summary(
        stage="embed", counts=counts, paths=(made.as_posix(),), notes=tuple(_long_texts(tally))
    )
    return finish(project, "embed", now, summary)


def _long_texts(tally: Tally) -> Iterator[str]:
    if tally.chunked:
        yield f"{tally.chunked:,} longer than the encoder reads at once, read in windows"
    if tally.sampled:
        yield f"{tally.sampled:,} so long that evenly spaced pieces of them were read"


def prompt_vectors(project: Project) -> Vectors:
    """Return the memory-mapped vectors of the prompts, in the order of ``records``.

    Raises:
        ProjectError: If there are none yet.
    """
    path = project.pool / "prompts.npy"
    if not path.exists():
        raise ProjectError(f"{project.folder}: no vectors yet; run `curate embed` first")
    vectors: Vectors = np.load(path, mmap_mode="r")
    return vectors


def score(project: Project) -> Summary:
    """Score each candidate (and each pair, where pairs are ranked).

    Raises:
        ProjectError: If the prompts have no vectors yet, or others have come since.
    """
    candidates = project.candidates()
    vectors = prompt_vectors(project)
    if len(vectors) != project.need_table("records", "ingest").num_rows:
        raise ProjectError(f"{project.folder}: other prompts by now; run `curate embed` first")
    seen = sorted(project.reviewed(before=project.round_at_work().number))
    embedded = digest(upstream(project, "embed"), pool_key(project))
    before = (embedded, answers_key(project), upstream(project, "judge"))
    now = key(project, "score", *before, *seen)
    task = project.config.project.task
    made = [project.pool / "scores.parquet"]
    made += [project.pool / "pair_scores.parquet"] if task == "rank" else []
    if done := fresh(project, "score", now, made):
        return done
    scores, failed = _scored(project, candidates, vectors, seen)
    project.write("scores", scores)
    counts = {"candidates": scores.num_rows, "targets": pc.sum(scores["is_target"]).as_py() or 0}
    counts |= _score_pairs(project, candidates, scores) if task == "rank" else {}
    summary = Summary(
        stage="score",
        counts=counts,
        paths=tuple(p.as_posix() for p in made),
        notes=tuple(_lost_comparisons(failed)),
    )
    return finish(project, "score", digest(now, file_digest(made[0])) if failed else now, summary)


def _scored(
    project: Project, candidates: pa.Table, vectors: Vectors, seen: Sequence[str]
) -> tuple[pa.Table, Counter[str]]:
    """Return the scores, and why calls failed that were to compare answers."""
    from curate.score import score as score_candidates

    records = project.need_table("records", "ingest")
    reviewed = pc.is_in(records["id"], pa.array(seen, pa.string())).to_numpy()
    failed: Counter[str] = Counter()
    with _entailment(project, failed) as ask:
        scores = score_candidates(
            records,
            candidates,
            config=project.config.score,
            embed=embedder(project),
            prompt_vectors=vectors,
            reviewed=vectors[reviewed],
            verdicts=project.table("verdicts"),
            ask=ask,
        )
    return scores, failed


def _lost_comparisons(failed: Counter[str]) -> Iterator[str]:
    if failed:
        reason, times = failed.most_common(1)[0]
        yield (
            f"{failed.total():,} comparisons of answers failed (most often, {times:,}: {reason}); "
            "run again to ask them again"
        )


@contextlib.contextmanager
def _entailment(project: Project, failed: Counter[str]) -> Iterator[Ask | None]:
    """Give what asks the model that tells whether one answer implies another, where one does.

    Args:
        project: Whose configuration names it.
        failed: Where the reasons of failed calls are counted.
    """
    member = project.config.score.answer.entailment
    if member is None:
        yield None
        return
    from curate.llm.ledger import Ledger
    from curate.llm.params import check_params
    from curate.pipeline.asking import Asking

    check_params(member, "score.answer.entailment", elsewhere=_ELSEWHERE)
    with Ledger(project.ledger) as ledger, bar("comparing answers") as progress:
        asking = Asking(project, ledger, stage="score", progress=progress)
        with contextlib.closing(asking):
            yield _noting(asking.of(member), failed)


_ELSEWHERE = {
    "n": "one answer is read of each call; leave it out",
    "stream": "replies are read whole; leave it out",
    "model": "say it with `model:`",
    "messages": "they come from the prompt; leave it out",
}


def _noting(ask: Ask, failed: Counter[str]) -> Ask:
    def noted(calls: Iterable[Call]) -> Iterator[Reply]:
        for reply in ask(calls):
            if reply.why_failed is not None:
                failed[reply.why_failed] += 1
            yield reply

    return noted


def _score_pairs(project: Project, candidates: pa.Table, scores: pa.Table) -> dict[str, int]:
    from curate.score import score_pairs

    pairs = logged_pairs(project) if project.config.select.pairs == "logged" else any_pairs(scores)
    table = score_pairs(
        pairs,
        candidates,
        scores=scores,
        vectors_of=embedder(project),
        verdicts=project.table("verdicts"),
    )
    project.write("pair_scores", table)
    return {"pairs": table.num_rows}


def logged_pairs(project: Project) -> pa.Table:
    """Return the pairs that stood side by side in the source, each once."""
    pairs = project.need_table("pairs", "ingest").select(["id", "record_id", "a", "b"])
    return (
        pairs.group_by("id", use_threads=False)
        .aggregate([("record_id", "first"), ("a", "first"), ("b", "first")])
        .rename_columns(["id", "record_id", "a", "b"])
    )


def any_pairs(scores: pa.Table) -> pa.Table:
    """Return every two targets of one record as a pair."""
    targets = scores.filter(scores["is_target"]).select(["record_id", "candidate_id"]).to_pydict()
    of_record: dict[str, list[str]] = {}
    for record, candidate in zip(targets["record_id"], targets["candidate_id"], strict=True):
        of_record.setdefault(record, []).append(candidate)
    rows = [
        (pair_id(a, b), record, a, b)
        for record, ids in of_record.items()
        for n, a in enumerate(ids)
        for b in ids[n + 1 :]
    ]
    names = ["id", "record_id", "a", "b"]
    columns = zip(*rows, strict=True) if rows else [()] * 4
    return pa.table(
        {n: pa.array(list(c), pa.string()) for n, c in zip(names, columns, strict=True)}
    )
