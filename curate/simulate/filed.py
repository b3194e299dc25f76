"""From labelled rows to curves: what is embedded, what is tested on, how much is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from curate.config import AnswerConfig, ScoreConfig, SelectConfig
from curate.console import Progress
from curate.errors import ConfigError, InputError
from curate.records import CANDIDATES, RECORDS, candidate_id, record_id
from curate.simulate.classes import classes
from curate.simulate.curves import Curves
from curate.simulate.frozen import frozen
from curate.simulate.labelled import AnswerRows, ClassRows, PairRows
from curate.simulate.oracle import Disagreement
from curate.simulate.preferences import preferences
from curate.simulate.rewrites import queues, rewrites
from curate.texts import distinctive

__all__ = ["Asked", "Part", "parts"]

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Embed = Callable[[list[str]], Vectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Options of a simulation on a file; None = by the size of the data."""

    strategies: tuple[str, ...] = ("hybrid", "uncertainty", "typical")
    seeds: int = 10
    start: int | None = None
    batch: int | None = None
    budget: int | None = None
    noise: float = 0.0
    disagreement: Disagreement = "settled"
    test_share: float | None = None
    """None = the file's own test split, else a fifth of the groups."""
    pool_share: float = 0.9
    model: str = ""
    """rewrite: whose answers are reviewed."""
    config: SelectConfig = field(default_factory=SelectConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question, and what came out."""

    title: str
    about: str
    curves: Curves


class _Common(TypedDict):
    strategies: Sequence[str]
    seeds: int
    pool_share: float
    config: SelectConfig
    workers: int
    folder: Path | None
    progress: Progress | None


def parts(
    data: ClassRows | AnswerRows | PairRows,
    asked: Asked,
    *,
    embed: Embed,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> list[Part]:
    """Simulate what a file allows.

    Args:
        data: Labelled rows.
        asked: Options.
        embed: From texts to unit vectors.
        workers: Processes.
        folder: Where results of (strategy, seed) are kept and found again.
        progress: Told (done, total) runs.

    Raises:
        ConfigError: If an option is out of range, or a model must be named.
        InputError: If the data do not suffice.
    """
    common: _Common = {
        "strategies": asked.strategies,
        "seeds": asked.seeds,
        "pool_share": asked.pool_share,
        "config": asked.config,
        "workers": workers,
        "folder": folder,
        "progress": progress,
    }
    if isinstance(data, ClassRows):
        return [_of_classes(data, asked, embed, common)]
    if isinstance(data, PairRows):
        return [_of_pairs(data, asked, embed, common)]
    return _of_answers(data, asked, embed, common)


@dataclass(frozen=True, slots=True)
class _Sizes:
    start: int
    batch: int
    budget: int


def _sizes(asked: Asked, n: int) -> _Sizes:
    """Return how much is asked of `n` rows: by default half of them, 1,000 at most."""
    budget = min(n, asked.budget or max(1, min(1000, n // 2)))
    first = min(asked.config.cold_start.until, max(10, budget // 10))
    return _Sizes(asked.start or first, asked.batch or max(5, budget // 20), budget)


def _of_classes(data: ClassRows, asked: Asked, embed: Embed, common: _Common) -> Part:
    test, about = _test(data.groups, data.split, asked)
    sizes = _sizes(asked, round(asked.pool_share * int((~test).sum())))
    curves = classes(
        embed(data.texts),
        data.labels,
        test=test,
        groups=data.groups,
        votes=data.votes,
        start=sizes.start,
        batch=sizes.batch,
        budget=sizes.budget,
        noise=asked.noise,
        disagreement=asked.disagreement,
        **common,
    )
    n = len(set(data.labels))
    return Part(
        title="Classes", about=f"{len(data.texts):,} texts, {n:,} classes; {about}", curves=curves
    )


def _of_pairs(data: PairRows, asked: Asked, embed: Embed, common: _Common) -> Part:
    test, about = _test(data.groups, data.split, asked)
    sizes = _sizes(asked, round(asked.pool_share * int((~test).sum())))
    asking = distinctive(data.prompts)
    texts = [_joined(p, t) for p, t in zip(asking * 2, data.a + data.b, strict=True)]
    n = len(data.prompts)
    curves = preferences(
        embed(texts),
        np.column_stack([np.arange(n), np.arange(n) + n]),
        np.array(data.outcomes),
        test=test,
        groups=data.groups,
        prompts=data.prompts if any(data.prompts) else None,
        prompt_vectors=embed(asking) if len(set(data.prompts)) * 2 > n else None,
        votes=data.votes,
        length=np.array([len(text) for text in data.a + data.b], np.float64),
        start=sizes.start,
        batch=sizes.batch,
        budget=sizes.budget,
        noise=asked.noise,
        disagreement=asked.disagreement,
        **common,
    )
    ties = data.outcomes.count(2)
    return Part(
        title="Preferences", about=f"{n:,} pairs, {ties:,} of them ties; {about}", curves=curves
    )


def _joined(prompt: str, text: str) -> str:
    return f"{prompt}\n{text}" if prompt else text


def _test(groups: list[str], split: list[str], asked: Asked) -> tuple[Bools, str]:
    """Return the test rows, groups whole, and how they came to be."""
    if asked.test_share is None and "test" in split:
        own = np.array([side == "test" for side in split])
        whole = np.isin(groups, np.unique(np.array(groups)[own]))
        return whole, f"{int(whole.sum()):,} test rows, as the file's `split` says"
    share = 0.2 if asked.test_share is None else asked.test_share
    if not 0 < share < 1:
        raise ConfigError(f"--test-share must be above 0 and below 1, not {share:g}")
    test = frozen(groups, test_share=share)
    return test, f"{int(test.sum()):,} test rows, {100 * share:g} % of the groups"


def _of_answers(data: AnswerRows, asked: Asked, embed: Embed, common: _Common) -> list[Part]:
    mine = _reviewed(data, asked.model)
    wrong = np.array([bool(data.wrong[i]) for i in mine])
    prompts = distinctive([data.prompts[i] for i in mine])
    vectors = embed(prompts)
    need, by = _need(data, embed, mine)
    groups = [data.groups[i] for i in mine]
    sizes = _sizes_of_queue(asked, round(asked.pool_share * len(mine)))
    about = f"{len(mine):,} answers{_whose(asked.model)}, {int(wrong.sum()):,} of them wrong"
    made = []
    if need is not None:
        told = sorted({max(1, round(sizes.budget * part / 4)) for part in (1, 2, 3, 4)})
        curves = queues(vectors, need, wrong, groups=groups, sizes=told, **common)
        made.append(Part(title="One queue", about=f"{about}; chosen by {by}", curves=curves))
    features = np.column_stack([vectors, embed([data.answers[i] for i in mine])])
    curves = rewrites(
        vectors,
        wrong,
        features=features,
        need=need,
        groups=groups,
        start=sizes.start,
        batch=sizes.batch,
        budget=sizes.budget,
        noise=asked.noise,
        **common,
    )
    learns = "a head learns from each round which answers are wrong"
    return [*made, Part(title="Rounds", about=f"{about}; {learns}", curves=curves)]


def _whose(model: str) -> str:
    return f" of {model}" if model else ""


def _sizes_of_queue(asked: Asked, n: int) -> _Sizes:
    """Return how much is asked of `n` answers: by default 200, in quarters."""
    budget = min(n, asked.budget or min(200, max(1, n // 3)))
    quarter = max(1, budget // 4)
    return _Sizes(asked.start or quarter, asked.batch or quarter, budget)


def _reviewed(data: AnswerRows, model: str) -> list[int]:
    """Return the answers under review: those of one model of which it is known how good they are.

    Raises:
        ConfigError: If several models answered and none, or an unknown one, is named.
    """
    known = [i for i, wrong in enumerate(data.wrong) if wrong is not None]
    names = sorted({data.models[i] for i in known})
    if model and model not in names:
        raise ConfigError(f"no answers of a model named {model!r}; known: {', '.join(names)}")
    several = len(names) > 1 and len({data.prompts[i] for i in known}) < len(known)
    if several and not model:
        raise ConfigError(
            f"answers of {len(names)} models; say whose are reviewed with --model: "
            f"{', '.join(names)}"
        )
    return [i for i in known if not model or data.models[i] == model]


def _need(data: AnswerRows, embed: Embed, mine: list[int]) -> tuple[Floats | None, str]:
    """Return what is known of the reviewed answers before anybody looks, and where it is from."""
    if data.need is not None:
        return data.need[mine], "the file's own score"
    if len(set(data.prompts)) == len(data.prompts):
        return None, ""
    scores = _committee(data, embed)[mine]
    if np.isnan(scores).all():
        return None, ""
    return scores, "the committee's disagreement (`uncertainty` of curate score)"


def _committee(data: AnswerRows, embed: Embed) -> Floats:
    """Return the project's default score of each answer, from all answers to its prompt."""
    import pyarrow as pa

    from curate.score import score

    chats = {prompt: [{"role": "user", "content": prompt}] for prompt in data.prompts}
    ids = {prompt: record_id(chat) for prompt, chat in chats.items()}
    records = [{"id": ids[p], "messages": chat, "metadata": "{}"} for p, chat in chats.items()]
    repeats: dict[tuple[str, str], int] = {}
    rows = []
    for prompt, answer, model in zip(data.prompts, data.answers, data.models, strict=True):
        repeat = repeats.get((prompt, model), 0)
        repeats[prompt, model] = repeat + 1
        message = {"role": "assistant", "content": answer}
        id = candidate_id(ids[prompt], model, message, repeat)
        rows.append(
            {
                "id": id,
                "record_id": ids[prompt],
                "message": message,
                "model": model,
                "repeat": repeat,
            }
        )
    table = score(
        pa.Table.from_pylist(records, schema=RECORDS),
        pa.Table.from_pylist(rows, schema=CANDIDATES),
        config=ScoreConfig(answer=AnswerConfig()),
        embed=embed,
    )
    if len(table) != len(rows):
        raise InputError(f"{len(rows)} answers, {len(table)} scores")
    return np.asarray(table["uncertainty"].to_numpy(), np.float64)
