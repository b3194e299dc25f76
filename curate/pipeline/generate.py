"""Answers from models: each call paid once, the answers beside those of the logs."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.config import AnswerConfig
from curate.console import bar
from curate.files import beside, file_digest
from curate.pipeline.asking import Asking, Spending
from curate.pipeline.pool import finish, fresh, key, pool_key
from curate.pipeline.summary import Summary
from curate.project import Project
from curate.records import CANDIDATES, Rejected, digest

if TYPE_CHECKING:
    from curate.generate import Adaptive, Generated
    from curate.score.answers import Extract

__all__ = ["generate"]

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]


def generate(project: Project) -> Summary:
    """Ask the configured models for answers to the records, into ``generated``.

    What the ledger holds is not asked again, so that a run that was stopped at any moment goes
    on where it was; calls that failed are asked again by the next run.

    Raises:
        BudgetError: If the limit is reached; what was answered is in the ledger.
        ConfigError: If a member cannot be asked as it is configured.
        ModelError: If a server is away or refuses the key.
        ProjectError: If nothing was read yet.
    """
    if not project.config.generate.members:
        return _nothing_to_ask(project)
    records = project.need_table("records", "ingest")
    now = _key(project)
    made = project.pool / "generated.parquet"
    if before := fresh(project, "generate", now, [made]):
        return before
    tally = _ask_all(project, records)
    summary = Summary(
        stage="generate",
        counts=tally.counts(project.config.budget.currency),
        paths=(made.as_posix(),),
        notes=(*_warnings(project), *tally.notes(project)),
    )
    done = digest(now, file_digest(made)) if tally.failed else now
    return finish(project, "generate", done, summary)


def _nothing_to_ask(project: Project) -> Summary:
    for name in ("generated.parquet", "generate_failed.jsonl"):
        (project.pool / name).unlink(missing_ok=True)
    note = "nothing to ask: no `generate.members`; the logs' own answers are the committee"
    return finish(project, "generate", _key(project), Summary(stage="generate", notes=(note,)))


def _key(project: Project) -> str:
    """Return what decides the answers; with an adaptive rule, what decides when it stops too."""
    config = project.config
    rule = (config.score.answer, config.select.budget, config.embed)
    chosen = str(config.select.random_share)
    adaptive = config.generate.adaptive.stop != "never"
    more = [chosen, *(part.model_dump_json() for part in rule)] if adaptive else []
    return key(project, "generate", pool_key(project), *more)


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What a run came to."""

    answers: int = 0
    empty: int = 0
    cut_off: int = 0
    saved: int = 0
    adaptive: bool = False
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    spending: Spending = field(default_factory=Spending)
    remarks: tuple[str, ...] = ()
    """Of the clients on their servers."""

    def add(self, made: Generated) -> None:
        reasons = made.candidates["finish_reason"]
        texts = pc.struct_field(made.candidates["message"], "content")
        calls = pc.struct_field(made.candidates["message"], "tool_calls")
        said = pc.or_(pc.greater(pc.fill_null(pc.utf8_length(texts), 0), 0), calls.is_valid())
        self.answers += made.candidates.num_rows
        self.empty += made.candidates.num_rows - (pc.sum(said).as_py() or 0)
        self.cut_off += pc.sum(pc.equal(reasons, "length")).as_py() or 0
        self.saved += made.n_saved
        self.refused.update(row.reason for row in made.refused)
        self.failed.update(_bare(row.reason) for row in made.failed)

    def counts(self, currency: str) -> dict[str, int | str]:
        return {
            "answers": self.answers,
            "new calls": self.spending.new,
            "from the ledger": max(0, self.answers - self.spending.new),
            "failed": self.failed.total(),
            **({"saved": self.saved} if self.adaptive else {}),
            "tokens": self.spending.tokens,
            "money": self.spending.told(currency),
        }

    def notes(self, project: Project) -> Iterator[str]:
        where = project.pool / "generate_failed.jsonl"
        for counter, what in ((self.refused, "cannot be asked"), (self.failed, "failed")):
            if counter:
                reason, times = counter.most_common(1)[0]
                most = f"most often, {times:,}: {reason}"
                again = "; run again to ask them again" if counter is self.failed else ""
                yield f"{counter.total():,} {what}: {where} ({most}){again}"
        if self.cut_off:
            yield f"{self.cut_off:,} answers were cut off at the token limit (`max_tokens`)"
        if self.empty:
            yield f"{self.empty:,} answers are empty"
        if self.adaptive:
            yield self._about_the_rule(project)
        yield from self.remarks

    def _about_the_rule(self, project: Project) -> str:
        rule = project.config.generate.adaptive
        whole = self.answers + self.failed.total() + self.saved
        return (
            f"sampling stopped once the {rule.stop} was settled at {rule.confidence:.0%}: "
            f"{self.saved:,} of {whole:,} calls saved; how often all samples would have decided "
            "otherwise can only be measured where all of them are taken (`stop: never`)"
        )


def _bare(reason: str) -> str:
    """Return why a call failed, without whose call and which sample it was."""
    return reason.partition(", sample ")[2].partition(": ")[2]


def _warnings(project: Project) -> list[str]:
    from curate.generate import copies, notes

    config = project.config
    members = config.generate.members
    said = [*copies(members), *(note for member in members for note in notes(member))]
    if config.generate.adaptive.stop != "never":
        said += [_ROUNDS] if any(m.client == "openai-batch" for m in members) else []
        said += [_WORDING] if config.score.answer.extract in _BY_MODEL else []
    return said


_ROUNDS = "openai-batch: each round of the stopping rule is a batch of its own, up to a day long"
_WORDING = "while sampling, answers were compared by their wording: no model was asked"
_BY_MODEL = ("entailment", "nli")


def _ask_all(project: Project, records: pa.Table) -> _Tally:
    """Ask all members, and write what they say."""
    from curate.generate import evenly
    from curate.generate import generate as ask_members
    from curate.llm.ledger import Ledger

    config = project.config.generate
    asked = evenly(records, config.limit)
    adaptive = _adaptive(project)
    tally = _Tally(adaptive=adaptive is not None)
    with contextlib.ExitStack() as open_:
        ledger = open_.enter_context(Ledger(project.ledger))
        before = ledger.totals()
        candidates = open_.enter_context(project.writer("generated", CANDIDATES))
        reject = open_.enter_context(_failures(project))
        progress = open_.enter_context(bar("asking"))
        total = asked.num_rows * sum(member.samples for member in config.members)
        asking = Asking(project, ledger, stage="generate", progress=progress, total=total)
        open_.callback(asking.close)
        batches = ask_members(
            asked,
            config.members,
            ask=asking.of,
            logged=project.need_table("candidates", "ingest"),
            adaptive=adaptive,
        )
        for made in open_.enter_context(contextlib.closing(batches)):
            candidates.write(made.candidates)
            reject([*made.refused, *made.failed])
            tally.add(made)
        asking.close()
        tally.remarks = tuple(asking.notes)
        tally.spending = Spending.between(before, ledger.totals())
    return tally


@contextlib.contextmanager
def _failures(project: Project) -> Iterator[Callable[[Iterable[Rejected]], None]]:
    """Open ``pool/generate_failed.jsonl`` and give a function that adds rows to it."""
    path = project.pool / "generate_failed.jsonl"
    with beside(path) as draft, draft.open("w", encoding="utf-8") as file:
        yield lambda rows: file.writelines(
            json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows
        )


def _adaptive(project: Project) -> Adaptive | None:
    """Return when sampling stops; None = once all samples are taken."""
    from curate.generate import Adaptive

    config = project.config
    if config.generate.adaptive.stop == "never":
        return None
    return Adaptive(
        config=config.generate.adaptive,
        group=_Grouping(config.score.answer, _embed(project)),
        budget=round(_queue_size(project) * (1 - config.select.random_share)),
        seed=config.project.seed,
    )


def _queue_size(project: Project) -> int:
    records = project.need_table("records", "ingest").num_rows
    return project.config.select.budget.most(records)


def _embed(project: Project) -> Embed:
    """Return a function from texts to unit vectors, its encoder loaded once, on first use."""
    made: list[Embed] = []

    def embed(texts: list[str]) -> Vectors:
        from curate.embed import Embedder, VectorCache

        if not made:
            config, cache = project.config.embed, VectorCache(project.vectors)
            made.append(Embedder(config.encoder, cache=cache, batch_tokens=config.batch_tokens))
        return made[0](texts)

    return embed


class _Grouping:
    """Which answers to a prompt are the same, read as `score` will read them.

    With ``auto`` the first answers that come decide how all are read.
    """

    def __init__(self, config: AnswerConfig, embed: Embed):
        self._config = config
        self._embed = embed
        self._extract: Extract | None = None

    def __call__(self, answers: Sequence[Sequence[str]]) -> Floats:
        if self._extract is None:
            self._extract = self._choose([text for texts in answers for text in texts])
        if self._extract == "embedding":
            return self._by_similarity(answers)
        return self._by_reading(answers, self._extract)

    def _choose(self, texts: Sequence[str]) -> Extract:
        from curate.score.answers import choose

        if self._config.extract != "auto":
            return self._config.extract
        if self._config.pattern:
            return "pattern"
        return choose(texts[:: max(1, len(texts) // _SAMPLE)])

    def _by_reading(self, answers: Sequence[Sequence[str]], extract: Extract) -> Floats:
        from curate.score.answers import reader_for

        read = reader_for(extract, self._config.pattern)
        votes = _blank(answers)
        for n, texts in enumerate(answers):
            numbers: dict[str, int] = {}
            for i, answer in enumerate(map(read, texts)):
                if answer is not None:
                    votes[n, i] = numbers.setdefault(answer, len(numbers))
        return votes

    def _by_similarity(self, answers: Sequence[Sequence[str]]) -> Floats:
        votes = _blank(answers)
        for start in range(0, len(answers), _AT_ONCE):
            some = answers[start : start + _AT_ONCE]
            votes[start : start + len(some)] = self._clustered(some, votes.shape[1])
        return votes

    def _clustered(self, answers: Sequence[Sequence[str]], width: int) -> Floats:
        from curate import measure

        spoken = [
            (n, i) for n, texts in enumerate(answers) for i, t in enumerate(texts) if t.strip()
        ]
        at = np.full((len(answers), width), -1, dtype=np.int64)
        for place, (n, i) in enumerate(spoken):
            at[n, i] = place
        if not spoken:
            return np.full(at.shape, np.nan)
        near = measure.cosine_by_item(self._embed([answers[n][i] for n, i in spoken]), at)
        return measure.cluster_answers(near, least=self._config.similarity)


_SAMPLE = 2_000
_AT_ONCE = 500


def _blank(answers: Sequence[Sequence[str]]) -> Floats:
    return np.full((len(answers), max(map(len, answers), default=0)), np.nan)
