"""Strategies against random on a labelled file: read, embed, simulate, write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.console import bar
from curate.errors import ConfigError
from curate.files import beside, write_json
from curate.pipeline.summary import Summary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from curate.simulate.filed import Asked, Part
    from curate.simulate.labelled import Labelled
    from curate.simulate.rows import Columns

__all__ = ["asked", "columns", "simulate"]


def simulate(
    paths: Sequence[str | Path],
    *,
    task: str = "auto",
    asked: Asked | None = None,
    columns: Columns | None = None,
    encoder: str = "minilm",
    out: Path | None = None,
    workers: int = 2,
) -> Summary:
    """Simulate strategies on labelled files and write curves.json, curves.png and simulate.html.

    Every (strategy, seed) is kept as soon as it is there: the same command goes on where another
    was stopped, and gives the same bytes as one that was not.

    Args:
        paths: Labelled files, folders or globs.
        task: classes, rewrite, preferences or auto.
        asked: Strategies, seeds, budget, noise.
        columns: Names of columns that are not the usual ones.
        encoder: As `embed.encoder` of a project.
        out: Folder to write to; None = ``simulate-`` and the first file's name.
        workers: Processes.

    Raises:
        ConfigError: If an option is out of range.
        InputError: If the files hold nothing that can be simulated.
    """
    from curate.simulate.filed import Asked, parts
    from curate.simulate.labelled import labelled

    data = labelled(paths, task=task, columns=columns)
    folder = out or Path(f"simulate-{_stem(paths[0])}")
    with bar("simulating") as progress:
        made = parts(
            data.data,
            asked or Asked(),
            embed=lambda texts: _embedded(texts, encoder, folder),
            workers=workers,
            folder=folder / "runs",
            progress=progress,
        )
    title = ", ".join(Path(path).name for path in paths)
    written = _write(folder, title, data, made)
    return _summary(data, made, written)


def asked(*, strategies: str, random_share: float, **options: Any) -> Asked:
    """Return the options of a simulation, from the command line's words.

    Args:
        strategies: Names with commas between.
        random_share: Share of each round drawn by lot.
        options: The other fields of `Asked`.

    Raises:
        ConfigError: If the share is none, or a strategy is not known.
    """
    from curate.config import SelectConfig
    from curate.select import strategies as known
    from curate.simulate.filed import Asked

    if not 0 <= random_share <= 1:
        raise ConfigError(f"--random-share must be from 0 to 1, not {random_share:g}")
    names = tuple(name.strip() for name in strategies.split(",") if name.strip())
    for name in names:
        known.get(name)
    return Asked(strategies=names, config=SelectConfig(random_share=random_share), **options)


def columns(**names: str | None) -> Columns:
    """Return the names of columns, from the command line's words."""
    from curate.simulate.rows import Columns

    return Columns(**names)


def _stem(path: str | Path) -> str:
    return Path(path).name.split(".")[0] or "data"


def _embedded(texts: list[str], encoder: str, folder: Path) -> npt.NDArray[np.float32]:
    from curate.embed import VectorCache, embed

    with bar("embedding") as progress:
        cache = VectorCache(folder / "vectors")
        return embed(texts, encoder=encoder, cache=cache, progress=progress)


def _write(folder: Path, title: str, data: Labelled, made: Sequence[Part]) -> tuple[Path, ...]:
    from curate.simulate.page import page
    from curate.simulate.picture import draw

    files = (folder / "curves.json", folder / "curves.png", folder / "simulate.html")
    write_json(
        files[0],
        {
            "task": data.data.kind,
            "rejected": dict(data.rejected),
            "parts": [
                {"title": part.title, "about": part.about, **part.curves.as_json()} for part in made
            ],
        },
    )
    with beside(files[1]) as draft:
        draw(made, draft)
    with beside(files[2]) as draft:
        draft.write_text(page(title, made, _rejected(data)), encoding="utf-8")
    return files


def _rejected(data: Labelled) -> tuple[str, ...]:
    return tuple(f"{n:,} rows left out: {why}" for why, n in data.rejected.most_common(3))


def _summary(data: Labelled, made: Sequence[Part], written: Sequence[Path]) -> Summary:
    first = made[0].curves
    verdicts: dict[str, Any] = {
        part.title: {name: part.curves.verdict(name) for name in part.curves.strategies}
        for part in made
    }
    lines = [
        f"{part.title}, {name}: {part.curves.verdict(name)}"
        for part in made
        for name in part.curves.strategies
        if name != part.curves.baseline
    ]
    return Summary(
        stage="simulate",
        counts={
            "rows": len(data.data.groups),
            "rejected": sum(data.rejected.values()),
            "strategies": len(first.strategies),
            "seeds": first.n_seeds,
        },
        paths=tuple(path.as_posix() for path in written),
        notes=(*(part.about for part in made[:1]), *lines, *_rejected(data)),
        data={"verdicts": verdicts},
    )
