"""The pool without what must not be in it, before anything is spent on it."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curate.console import bar
from curate.errors import InputError
from curate.files import beside, file_digest, write_json, write_table
from curate.pipeline.pool import finish, fresh, key, pool_key, upstream
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import digest

if TYPE_CHECKING:
    from curate.checks import Beside
    from curate.checks.personal import Redactor
    from curate.clean import Cleaned

__all__ = [
    "clean",
    "clean_all",
    "clean_answers",
    "dropped",
    "dropped_as",
    "flagged",
    "flags_key",
    "redacting",
]


def clean(project: Project) -> Summary:
    """Take out of the pool what must not be in it; dropped rows to ``dropped``, with reasons.

    What was read stays beside what is left of it, so that a rule that is taken back brings its
    rows back.

    Raises:
        ConfigError: If a rule or a check is not as it must be, or a key is missing.
        InputError: If a benchmark does not exist, or nothing at all would be left.
        ProjectError: If nothing was read yet.
    """
    from curate.clean import active

    if not active(project.config.clean, project.config.project.task):
        return _nothing_to_clean(project)
    found = _benchmark_files(project)
    before = (upstream(project, "ingest"), *(f"{p}:{file_digest(p)}" for p in found))
    now = key(project, "clean", *before)
    if done := fresh(project, "clean", now, [project.cleaned / "cleaned.json"]):
        return done
    cleaned = _cleaned(project, found)
    if not cleaned.records.num_rows:
        raise InputError(_nothing_left(cleaned.dropped))
    tables = {"records": cleaned.records, "candidates": cleaned.candidates, "pairs": cleaned.pairs}
    made = _Made(project, "cleaned", "dropped")
    made.write(cleaned, tables, of=upstream(project, "ingest"))
    counts = {"records": cleaned.records.num_rows, "candidates": cleaned.candidates.num_rows}
    return finish(project, "clean", now, _summary(cleaned, counts, made.dropped))


def clean_answers(project: Project) -> Summary:
    """Clean what models were asked for as the logs' answers were: by rules and row by row.

    A summary without counts and notes says that there was nothing to look at.

    Raises:
        ConfigError: If a rule or a check is not as it must be, or a key is missing.
    """
    from curate.clean import active

    made = _Made(project, "generated", "dropped_generated")
    config = project.config
    generated = project.pool / "generated.parquet"
    if not generated.exists() or not active(config.clean, config.project.task, answers=True):
        made.unlink()
        return Summary(stage="clean")
    of = digest(pool_key(project), file_digest(generated))
    now = key(project, "clean", "answers", of)
    if done := fresh(project, "clean_answers", now, [made.marker]):
        return done
    cleaned = _cleaned_answers(project)
    made.write(cleaned, {"generated": cleaned.candidates}, of=file_digest(generated))
    counts = {"generated answers": cleaned.candidates.num_rows}
    return finish(project, "clean_answers", now, _summary(cleaned, counts, made.dropped))


def clean_all(project: Project) -> list[Summary]:
    """Clean what was read, and what models were asked for, where there is any."""
    pool, answers = clean(project), clean_answers(project)
    return [pool, answers] if answers.counts else [pool]


def flagged(project: Project) -> dict[str, str]:
    """Return the records and candidates that are never asked, by id, with the reason."""
    return {
        row["id"]: f"{row['reason']} ({row['check']})"
        for table in _flag_tables(project)
        for row in table.to_pylist()
    }


def flags_key(project: Project) -> tuple[str, ...]:
    """Return what tells one state of the flags from another; nothing where none is flagged."""
    said = flagged(project)
    return (digest(*(part for pair in sorted(said.items()) for part in pair)),) if said else ()


def dropped_as(project: Project, id: str) -> str | None:
    """Say why a row whose id begins so is no longer in the pool; None where none was dropped."""
    for row in dropped(project):
        if row["id"] and row["id"].startswith(id):
            where = f"{row['file']}:{row['line']}"
            return f"the {row['what']} {row['id']} of {where} was dropped: {row['reason']}"
    return None


def _nothing_to_clean(project: Project) -> Summary:
    for made in (
        _Made(project, "cleaned", "dropped"),
        _Made(project, "generated", "dropped_generated"),
    ):
        made.unlink()
    with contextlib.suppress(OSError):
        project.cleaned.rmdir()
    (project.folder / "stamps" / "clean.json").unlink(missing_ok=True)
    return Summary(stage="clean", notes=("nothing to do: `clean:` asks for nothing",))


class _Made:
    """The files of one cleaning; the marker is the last to appear and the first to go.

    Args:
        project: Whose pool is cleaned.
        name: Of the marker.
        dropped: Name of the file of dropped rows.
    """

    def __init__(self, project: Project, name: str, dropped: str):
        self.project = project
        self.marker = project.cleaned / f"{name}.json"
        self.dropped = project.pool / f"{dropped}.jsonl"
        self.flagged = project.cleaned / f"{name}_flagged.parquet"
        names = ("records", "candidates", "pairs") if name == "cleaned" else (name,)
        self.tables = {name: project.cleaned / f"{name}.parquet" for name in names}

    def unlink(self) -> None:
        """Take all of them away."""
        for path in (self.marker, self.dropped, self.flagged, *self.tables.values()):
            path.unlink(missing_ok=True)

    def write(self, cleaned: Cleaned, tables: dict[str, pa.Table], *, of: str) -> None:
        """Write what is left, where it is not what there was; and what is told of the rest."""
        self.unlink()
        if cleaned.changed:
            for name, table in tables.items():
                write_table(self.tables[name], table)
        if cleaned.flagged.num_rows:
            write_table(self.flagged, cleaned.flagged)
        if cleaned.dropped.num_rows:
            _write_lines(self.dropped, cleaned.dropped)
        digests = [file_digest(path) for path in self.tables.values() if path.exists()]
        personal = self.project.config.clean.personal
        content = digest(*digests) if digests else None
        write_json(self.marker, {"of": of, "content": content, "personal": personal})


def _write_lines(path: Path, rows: pa.Table) -> None:
    with beside(path) as draft, draft.open("w", encoding="utf-8") as file:
        for batch in rows.to_batches(max_chunksize=4096):
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch.to_pylist())


def _cleaned(project: Project, benchmarks: Sequence[Path]) -> Cleaned:
    from curate.clean import clean as clean_pool

    records, candidates, pairs = (
        project.need_read(name) for name in ("records", "candidates", "pairs")
    )
    with redacting(project) as redactor, bar("cleaning") as progress:
        return clean_pool(
            records,
            candidates,
            pairs,
            config=project.config.clean,
            task=project.config.project.task,
            benchmarks=list(_benchmarks(project, benchmarks)),
            redactor=redactor,
            progress=progress,
        )


def _cleaned_answers(project: Project) -> Cleaned:
    from curate.clean import clean_answers as clean_generated

    with redacting(project) as redactor, bar("cleaning answers") as progress:
        return clean_generated(
            project.need_table("records", "ingest"),
            project.need_read("generated"),
            config=project.config.clean,
            task=project.config.project.task,
            redactor=redactor,
            progress=progress,
        )


@contextlib.contextmanager
def redacting(project: Project) -> Iterator[Redactor | None]:
    """Give what finds personal data, as the configuration has it; its vault is kept at the end."""
    config = project.config.clean
    if config.personal == "off":
        yield None
        return
    from curate.checks.personal import Redactor, Vault

    if config.personal != "redact":
        yield Redactor(how="mask")
    elif config.vault is None:
        yield Redactor(how="pseudonym")
    else:
        with Vault(project.folder / config.vault) as vault:
            yield Redactor(how="pseudonym", vault=vault)


def _benchmark_files(project: Project) -> list[Path]:
    from curate.ingest.files import find

    paths = [project.folder / path for path in project.config.clean.benchmarks]
    return [source.path for source in find(paths)] if paths else []


def _benchmarks(project: Project, paths: Sequence[Path]) -> Iterator[Beside]:
    from curate.checks import Beside
    from curate.clean import rows_from_pool
    from curate.ingest import read
    from curate.records import CANDIDATES, RECORDS

    for path in paths:
        batches = list(read([path], format="auto", columns={}, turns="last"))
        if not any(batch.records.num_rows for batch in batches):
            raise InputError(f"`clean.benchmarks`: no row of {path} could be read; check the file")
        records = pa.Table.from_batches([b.records for b in batches], schema=RECORDS)
        answers = pa.Table.from_batches([b.candidates for b in batches], schema=CANDIDATES)
        yield Beside(name=path.name, rows=rows_from_pool(records, answers).rows)


def _summary(cleaned: Cleaned, counts: dict[str, int], dropped: Path) -> Summary:
    counts = counts | {"dropped": cleaned.dropped.num_rows, "flagged": cleaned.flagged.num_rows}
    counts |= {"with personal data": cleaned.n_redacted} if cleaned.n_redacted else {}
    gone = bool(cleaned.dropped.num_rows)
    return Summary(
        stage="clean",
        counts=counts,
        paths=(dropped.as_posix(),) if gone else (),
        notes=(*_told(cleaned), *cleaned.notes),
    )


def _told(cleaned: Cleaned) -> Iterator[str]:
    """Say how many rows each check dropped or flagged, and which values were found."""
    for table, verb in ((cleaned.dropped, "dropped"), (cleaned.flagged, "flagged, never asked")):
        said = Counter(zip(table["check"].to_pylist(), table["what"].to_pylist(), strict=True))
        for check in dict.fromkeys(check for check, _ in said):
            whats = [(what, said[check, what]) for what in _WHAT if said[check, what]]
            parts = (f"{n:,} {_WHAT[what][n != 1]}" for what, n in whats)
            yield f"{check}: {', '.join(parts)} {verb}"
    if cleaned.redacted:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in cleaned.redacted.items())
        yield f"personal data and secrets: {kinds}"


_WHAT = {
    "record": ("prompt", "prompts"),
    "candidate": ("answer", "answers"),
    "pair": ("pair", "pairs"),
}


def _nothing_left(dropped: pa.Table) -> str:
    reason, times = Counter(dropped["reason"].to_pylist()).most_common(1)[0]
    return f"`clean:` would drop every prompt; most often ({times:,}): {reason}"


def _flag_tables(project: Project) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    for name in ("cleaned", "generated"):
        path = project.cleaned / f"{name}_flagged.parquet"
        if path.exists():
            yield pq.read_table(path)


def dropped(project: Project) -> Iterator[dict[str, Any]]:
    """Yield what cleaning dropped: rows of `curate.clean.DROPPED`."""
    for name in ("dropped", "dropped_generated"):
        path = project.pool / f"{name}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                yield from map(json.loads, file)
