"""How the default's rule for a model in the loop was chosen: on sets that are not reported on.

Subjects of MMLU-Redux's questions, categories of TruthfulQA's answers (all-MiniLM vectors), and
mixtures on the sphere: 77 and 100 classes, the latter with sizes by Zipf's law, and 25 with wrong
labels in twenty. Each rule plays through `select.choose` in rounds of 50 without a random slice;
`ours` is the area under its learning curve (macro-F1), `ratio` its label efficiency at 80 % of the
full-data macro-F1.

    python -m benchmarks.class_parameters [--json FILE]

CURATE_BENCH_SEEDS and CURATE_BENCH_SETS (names, by commas) make it shorter.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, finish, json_path
from benchmarks.vectors import cache_folder, embedded, lines
from curate import simulate
from curate.config import ColdStartConfig, SelectConfig
from curate.select import strategies
from curate.select.facility_location import representatives
from curate.select.hybrid import NeedThenCover
from curate.select.model_need import runner_up
from curate.select.strategies import Offer, Picker
from curate.select.within import Within

__all__ = ["SETS", "Labelled", "main", "mixture", "rows"]

Floats = npt.NDArray[np.float64]
Weigh = Callable[[Floats], Floats]

SEEDS = int(os.environ.get("CURATE_BENCH_SEEDS", "3"))
BUDGET = 800
FIRST = 200
"""Budget to tell cold starts by."""
BATCH = 50
COLD_STARTS = ("typical", "facility_location", "prob_cover", "k_center", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Vectors with a class each, and which are tested on."""

    vectors: npt.NDArray[np.float32]
    labels: list[str]
    test: npt.NDArray[np.bool_]


def main() -> None:
    """Print the table."""
    finish(list(rows()), json_path())


def rows() -> Iterator[Row]:
    """Return a row a set and rule, then a row a set and cold start."""
    for name, rule in RULES.items():
        strategies.add(name, rule)
    for name in os.environ.get("CURATE_BENCH_SETS", ",".join(SETS)).split(","):
        data = SETS[name]()
        if data is None:
            continue
        yield from _told(_simulated(data, tuple(RULES), BUDGET, "typical"), name)
        for cold in COLD_STARTS:
            curves = _simulated(data, ("hybrid",), FIRST, cold)
            yield from _told(curves, f"{name}, {FIRST} labels, cold start {cold}")


def _simulated(data: Labelled, rules: tuple[str, ...], budget: int, cold: str) -> simulate.Curves:
    return simulate.classes(
        data.vectors,
        data.labels,
        test=data.test,
        strategies=rules,
        seeds=SEEDS,
        batch=BATCH,
        budget=budget,
        rare=0,
        config=SelectConfig(random_share=0, cold_start=ColdStartConfig(strategy=cold)),
        folder=cache_folder() / "class_parameters",
    )


def _told(curves: simulate.Curves, step: str) -> Iterator[Row]:
    for rule in curves.strategies:
        found = curves.label_efficiency(0.8, rule)
        late = curves.label_efficiency(0.9, rule)
        yield Row(
            step=f"{step}: {rule}",
            ours=curves.area(rule).value,
            peer=curves.area(curves.baseline).value,
            ratio=found.ratio,
            quality_ours=found.low,
            quality_peer=found.high,
            note=f"areas; full data {curves.full:.3f}; at 90 %: {late.ratio:.2f}",
        )


def _by_weight(offer: Offer, *, weigh: Weigh, sharpened: Weigh | None) -> Picker:
    """Cover the open rows, each weighing what `weigh` makes of its chances.

    `sharpened` chances say how large the classes are that are to count alike; None = no matter.
    """
    beliefs = offer.pool.beliefs
    assert beliefs is not None
    weights = np.where(offer.open, weigh(beliefs.probabilities), 0.0)
    if sharpened is not None:
        chances = sharpened(beliefs.probabilities)
        sizes = np.maximum(chances[offer.open].sum(axis=0), 1)
        weights = weights * (chances @ (1 / sizes))
    listed = np.flatnonzero(offer.open)
    covered = offer.vectors[offer.centres]
    worth = (weights[listed], None)
    return Within(
        listed, representatives(offer.vectors, listed, offer.k, covered, worth, offer.rng)
    )


def _short(offer: Offer, *, share: float) -> Picker:
    """Short-list a share of the open rows by need, and cover all with them, weights alike."""
    times = max(1.0, share * int(offer.open.sum()) / max(1, offer.k))
    return NeedThenCover(replace(offer, prefilter=times))


def _margin(chances: Floats) -> Floats:
    top = np.sort(chances, axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]), np.float64)


def _least(chances: Floats) -> Floats:
    return np.asarray(1 - chances.max(axis=1), np.float64)


def _odds_squared(chances: Floats) -> Floats:
    return runner_up(chances) ** 2


def _plain(chances: Floats) -> Floats:
    return chances


def _squared(chances: Floats) -> Floats:
    raised = chances**2
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)


def _whole(chances: Floats) -> Floats:
    return np.asarray(np.eye(chances.shape[1])[chances.argmax(axis=1)], np.float64)


RULES: Mapping[str, Callable[[Offer], Picker]] = {
    "hybrid": strategies.get("hybrid"),
    "margin": strategies.get("margin"),
    "facility_location": strategies.get("facility_location"),
    "cover by the most uncertain tenth": partial(_short, share=0.1),
    "1 - max p": partial(_by_weight, weigh=_least, sharpened=None),
    "odds": partial(_by_weight, weigh=runner_up, sharpened=None),
    "1 - max p, classes by p": partial(_by_weight, weigh=_least, sharpened=_plain),
    "margin, classes by p": partial(_by_weight, weigh=_margin, sharpened=_plain),
    "odds, classes by p": partial(_by_weight, weigh=runner_up, sharpened=_plain),
    "odds, classes by argmax": partial(_by_weight, weigh=runner_up, sharpened=_whole),
    "odds squared, classes by p squared": partial(
        _by_weight, weigh=_odds_squared, sharpened=_squared
    ),
}
"""`hybrid` is: odds, classes by p squared."""


def mixture(
    n_classes: int, n: int, *, zipf: float = 0.0, noise: float = 1.0, wrong: float = 0.0, rng: int
) -> Labelled:
    """Draw classes as lopsided clouds on the sphere, a few clouds a class, grouped by domain.

    Args:
        n_classes: How many.
        n: Rows on offer; a quarter as many are tested on, classes alike.
        zipf: Class sizes fall as rank to the power of minus this.
        noise: Spread of a cloud, against distances between classes of a domain of about 1.
        wrong: Share of wrong labels on offer.
        rng: Seed.
    """
    draw = np.random.default_rng(rng)
    scales = (1 + np.arange(N_DIMS)) ** -0.5
    scales /= np.sqrt((scales**2).sum())
    turn = np.linalg.qr(draw.normal(size=(N_DIMS, N_DIMS)))[0]

    def spread(*shape: int) -> Floats:
        return np.asarray((draw.normal(size=(*shape, N_DIMS)) * scales) @ turn.T)

    of_domain = draw.integers(0, n_classes // 12 + 2, n_classes)
    centres = 0.6 * spread(n_classes) + spread(n_classes // 12 + 2)[of_domain] + 0.4 * spread()
    clouds = 0.6 * spread(n_classes, N_CLOUDS)
    sizes = draw.permutation((1.0 + np.arange(n_classes)) ** -zipf)
    chance = np.concatenate([np.tile(sizes / sizes.sum(), (1, 1)), np.full((1, n_classes), 1)])
    label = np.concatenate(
        [draw.choice(n_classes, m, p=p / p.sum()) for m, p in zip((n, n // 4), chance, strict=True)]
    )
    cloud = np.minimum(draw.geometric(0.5, len(label)) - 1, N_CLOUDS - 1)
    heavy = noise * np.exp(0.4 * draw.normal(size=(len(label), 1)))
    points = centres[label] + clouds[label, cloud] + heavy * spread(len(label))
    test = np.arange(len(label)) >= n
    mistaken = ~test & (draw.random(len(label)) < wrong)
    label[mistaken] = draw.integers(0, n_classes, int(mistaken.sum()))
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    return Labelled(
        vectors=unit.astype(np.float32), labels=[f"{c:03d}" for c in label.tolist()], test=test
    )


N_DIMS = 384
N_CLOUDS = 4


def _subjects() -> Labelled | None:
    rows = lines("E_mmlu_redux_human_label_errors.jsonl.gz")
    return _texts({row["question"]: row["subject"] for row in rows})


def _categories() -> Labelled | None:
    rows = lines("E_truthfulqa_human_truth_info_labels.jsonl.gz")
    whole = [row for row in rows if row["category"] and row["response"]]
    texts = {f"{row['instruction']} {row['response']}": row["category"] for row in whole}
    kept = np.random.default_rng(0).random(len(texts)) < 0.4
    some = {text: name for (text, name), keep in zip(texts.items(), kept, strict=True) if keep}
    sizes = {name: list(some.values()).count(name) for name in set(some.values())}
    return _texts({text: name for text, name in some.items() if sizes[name] >= 50})


def _texts(labels: dict[str, str]) -> Labelled | None:
    if not labels:
        return None
    return Labelled(
        vectors=embedded(list(labels)),
        labels=list(labels.values()),
        test=np.random.default_rng(1).random(len(labels)) < 0.3,
    )


SETS: Mapping[str, Callable[[], Labelled | None]] = {
    "MMLU-Redux subjects": _subjects,
    "TruthfulQA categories": _categories,
    "77 clouds": partial(mixture, 77, 6000, zipf=0.3, noise=1.3, rng=1),
    "100 clouds, Zipf": partial(mixture, 100, 6000, zipf=0.7, noise=1.1, rng=2),
    "25 clouds, 5 % wrong": partial(mixture, 25, 4000, zipf=0.5, noise=1.6, wrong=0.05, rng=3),
}


if __name__ == "__main__":
    main()
