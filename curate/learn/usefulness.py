"""Which score columns told useful answers beforehand, and what a mix of them would tell.

An answer is useful where it changed something: a large edit, a rewrite, a preference that went
against the model. What a round's answers say of that decides what the next round goes by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.learn._auroc import resampled_auroc
from curate.learn._inputs import weights_of
from curate.learn.features import FeatureMap, map_features
from curate.learn.logistic import LogisticHead
from curate.measure.ranking import Estimate

__all__ = ["Need", "Usefulness", "learned_need", "usefulness"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

N_FOLDS = 5
N_RESAMPLES = 500
LEAST = 10
"""Answers of each kind, useful and not, below which the default stays whatever they say."""
SPREAD = 0.5
"""How far, in logits, the mix is believed to be from the default before any answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usefulness:
    """What a project's answers say of the scores they were chosen by."""

    n: int
    """Answers looked at."""
    n_useful: float
    """Of them useful (vote shares added up)."""
    default: str
    columns: Mapping[str, Estimate]
    """AUROC of each column, best first: how often a useful answer had the higher score."""
    mix: Estimate
    """AUROC of the learned mix on answers that it was not fitted on."""
    gain: Estimate
    """What the mix adds to the default column's AUROC on the same answers."""
    weights: Mapping[str, float]
    """Of the standardised ranks in the mix, greatest first (a name with ``?``: that it is not
    known); the default starts at 1, the others at 0."""
    held_out: Floats = field(compare=False)
    """Each answer's log odds of being useful, by a mix that was fitted without it, in the order
    of the rows that were answered, shape (n,)."""
    better: bool
    """Whether the mix beats the default beyond noise, on at least 10 answers of each kind."""
    sentences: tuple[str, ...]
    """All of this in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How likely an answer to each row would be useful."""

    chance: Floats
    """Posterior mean, shape (n,)."""
    variance: Floats
    """Of its log odds, shape (n,)."""
    information: Floats
    """What an answer would tell of the model (BALD), nats, shape (n,)."""
    features: npt.NDArray[np.float32]
    """What the model looks at, shape (n, n_features)."""
    mapped: FeatureMap
    """What makes features of further rows."""
    head: LogisticHead


def usefulness(
    scores: Mapping[str, npt.ArrayLike],
    useful: npt.ArrayLike,
    *,
    default: str,
    rng: np.random.Generator | int = 7,
    weights: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    vectors: Sequence[npt.ArrayLike] = (),
) -> Usefulness:
    """Tell which score columns predicted useful answers, and whether a mix does so better.

    Each column and the mix are judged by AUROC with a percentile bootstrap interval over groups.
    The mix is a logistic regression on rank-normalised columns whose prior is the default column
    alone; it is judged on answers it was not fitted on (five folds of whole groups), against the
    default on the same answers and the same resamples.

    Args:
        scores: Score columns by name, each of shape (n,), NaN = not known.
        useful: Whether each row's answer was useful, or the share of votes that say so, shape
            (n,); NaN = not answered, left out.
        default: The column that was gone by so far.
        rng: Generator or seed of folds and resamples.
        weights: How many rows of the pool each answer speaks for, shape (n,): the inverse of its
            inclusion probability, 1 for a row that was picked for sure; None = 1 each. They judge
            and do not fit: the mix sees what rows were picked by, and needs no weights.
        groups: Rows that belong together (one prompt's), shape (n,); None = each alone.
        vectors: Blocks of shape (n, d) for the mix to look at beside the columns.

    Raises:
        ValueError: If `default` is no column, or shapes differ.
    """
    answers = _answers(scores, useful, default, weights, groups)
    generator = np.random.default_rng(rng)
    mapped = map_features(vectors, scores)
    rows = mapped(vectors, scores)[answers.rows]
    alike = _answers(scores, useful, default, None, groups)
    held_out = _held_out(rows, _at(mapped, default), alike, generator)
    times = answers.resampled(generator)
    columns = {name: _judged(np.asarray(v), answers, times) for name, v in scores.items()}
    mix, gain = _compared(held_out, np.asarray(scores[default]), answers, times)
    best = dict(sorted(columns.items(), key=lambda item: -np.nan_to_num(item[1].value, nan=-1)))
    better = answers.enough and gain.low > 0
    return Usefulness(
        n=len(answers.rows),
        n_useful=float(answers.useful.sum()),
        default=default,
        columns=best,
        mix=mix,
        gain=gain,
        weights=_weights(rows, mapped, default, alike),
        held_out=held_out,
        better=better,
        sentences=tuple(_sentences(answers, default, best, mix, gain, better)),
    )


def learned_need(
    scores: Mapping[str, npt.ArrayLike],
    useful: npt.ArrayLike,
    *,
    default: str,
    vectors: Sequence[npt.ArrayLike] = (),
    weights: npt.ArrayLike | None = None,
    nuisance: npt.ArrayLike | None = None,
    start: LogisticHead | None = None,
) -> Need:
    """Fit on the answered rows, and predict for all rows how likely an answer would be useful.

    Args:
        scores: Score columns of the whole pool by name, each of shape (n,), NaN = not known.
        useful: Whether each row's answer was useful, or the share of votes that say so, shape
            (n,); NaN = not answered yet.
        default: The column that is right until answers say otherwise.
        vectors: Blocks of shape (n, d) to look at beside the columns.
        weights: Inverse of each row's inclusion probability, shape (n,); None = 1 each.
        nuisance: Columns to account for and to hold at their mean when predicting, shape (n, Q).
        start: Last round's head: the same fit, found in fewer steps.

    Raises:
        ValueError: If nothing is answered, `default` is no column, or shapes differ.
    """
    answers = _answers(scores, useful, default, weights, None)
    mapped = map_features(vectors, scores)
    rows = mapped(vectors, scores)
    beside = None if nuisance is None else np.asarray(nuisance)[answers.rows]
    head = _mix(rows[answers.rows], _at(mapped, default), answers, beside, start)
    return Need(
        chance=head.probabilities(rows)[:, 1],
        variance=head.variance(rows),
        information=head.information(rows),
        features=rows,
        mapped=mapped,
        head=head,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    rows: Ints
    """Of the pool, that were answered."""
    useful: Floats
    weights: Floats
    """Add up to the effective number of answers."""
    group: Ints

    @property
    def enough(self) -> bool:
        return bool(min(self.useful.sum(), (1 - self.useful).sum()) >= LEAST)

    def resampled(self, generator: np.random.Generator) -> Floats:
        """Return weights of the rows: as they are, and then for resamples of whole groups."""
        n_groups = int(self.group.max(initial=-1)) + 1
        if not n_groups:
            return np.ones((1, 0))
        even = np.full(n_groups, 1 / n_groups)
        drawn = generator.multinomial(n_groups, even, N_RESAMPLES)
        times = np.concatenate([np.ones((1, n_groups)), drawn])
        return np.asarray(times[:, self.group] * self.weights)

    def part(self, of: npt.NDArray[np.bool_]) -> _Answers:
        return _Answers(
            rows=self.rows[of],
            useful=self.useful[of],
            weights=self.weights[of],
            group=self.group[of],
        )


def _answers(
    scores: Mapping[str, npt.ArrayLike],
    useful: npt.ArrayLike,
    default: str,
    weights: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
) -> _Answers:
    if default not in scores:
        raise ValueError(f"default: {default!r} is none of the columns {', '.join(scores)}")
    said = np.asarray(useful, dtype=np.float64)
    group = np.arange(len(said)) if groups is None else np.asarray(groups)
    if said.ndim != 1 or group.shape != said.shape or len(np.asarray(scores[default])) != len(said):
        raise ValueError("scores, useful and groups must have one entry a row")
    if (said < 0).any() or (said > 1).any():
        raise ValueError("useful must be between 0 and 1, or NaN where nobody answered")
    rows = np.flatnonzero(~np.isnan(said))
    whole = np.ones(len(said)) if weights is None else np.asarray(weights, dtype=np.float64)
    if whole.shape != said.shape:
        raise ValueError(f"weights must be of shape {said.shape}, not {whole.shape}")
    weight = weights_of(whole[rows], len(rows)) if len(rows) else np.zeros(0)
    effective = weight * weight.sum() / max(float(weight @ weight), 1e-300)
    numbered = np.unique(group[rows], return_inverse=True)[1].reshape(-1)
    return _Answers(rows=rows, useful=said[rows], weights=effective, group=numbered)


def _at(mapped: FeatureMap, name: str) -> int | None:
    """Return which feature a column is; None where it is constant."""
    return mapped.names.index(name) if name in mapped.names else None


def _mix(
    rows: npt.NDArray[np.float32],
    default: int | None,
    answers: _Answers,
    nuisance: npt.ArrayLike | None = None,
    start: LogisticHead | None = None,
) -> LogisticHead:
    believed = np.zeros(rows.shape[1])
    if default is not None:
        believed[default] = 1.0
    labels = np.stack([1 - answers.useful, answers.useful], axis=1)
    return LogisticHead(spread=SPREAD).fit(
        rows, labels, weights=answers.weights, nuisance=nuisance, prior_mean=believed, start=start
    )


def _held_out(
    rows: npt.NDArray[np.float32],
    default: int | None,
    answers: _Answers,
    generator: np.random.Generator,
) -> Floats:
    """Return each answer's log odds under a mix fitted without its fold."""
    n_groups = int(answers.group.max(initial=-1)) + 1
    fold = (generator.permutation(n_groups) % N_FOLDS)[answers.group]
    found = np.full(len(rows), np.nan)
    for k in range(N_FOLDS):
        out = fold == k
        if out.any() and not out.all():
            head = _mix(rows[~out], default, answers.part(~out))
            found[out] = head.logits(rows[out])[:, 1]
    return found


def _judged(scores: Floats, answers: _Answers, times: Floats) -> Estimate:
    known = ~np.isnan(scores[answers.rows])
    return _estimate(_areas(scores[answers.rows], known, answers, times))


def _compared(
    held_out: Floats, default: Floats, answers: _Answers, times: Floats
) -> tuple[Estimate, Estimate]:
    both = ~np.isnan(held_out) & ~np.isnan(default[answers.rows])
    mix = _areas(held_out, both, answers, times)
    return _estimate(mix), _estimate(mix - _areas(default[answers.rows], both, answers, times))


def _areas(
    scores: Floats, known: npt.NDArray[np.bool_], answers: _Answers, times: Floats
) -> Floats:
    if not known.any():
        return np.full(len(times), np.nan)
    return resampled_auroc(scores[known], answers.useful[known], times[:, known])


def _estimate(values: Floats) -> Estimate:
    """Make the first the value, and the others its interval."""
    drawn = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
    return Estimate(value=float(values[0]), low=float(low), high=float(high))


def _weights(
    rows: npt.NDArray[np.float32], mapped: FeatureMap, default: str, answers: _Answers
) -> dict[str, float]:
    if not len(rows):
        return {}
    found = _mix(rows, _at(mapped, default), answers).weights[: len(mapped.names)]
    named = zip(mapped.names, found.tolist(), strict=True)
    return dict(sorted(named, key=lambda item: -abs(item[1])))


def _sentences(
    answers: _Answers,
    default: str,
    columns: Mapping[str, Estimate],
    mix: Estimate,
    gain: Estimate,
    better: bool,
) -> Iterator[str]:
    n, n_useful = len(answers.rows), answers.useful.sum()
    if not n:
        yield f"Nothing was answered yet; {default} stays."
        return
    yield f"{n_useful:.0f} of {n} answers were useful ({n_useful / n:.0%})."
    if not answers.enough:
        yield f"Too few to compare scores: {LEAST} of each kind are needed; {default} stays."
        return
    best = next(iter(columns))
    if best != default:
        yield f"{best} told them best: {_said(columns[best])} of pairs in the right order."
    yield f"{default}, gone by so far, put {_said(columns[default])} of pairs in the right order."
    yield f"A mix learned from the answers: {_said(mix)}, on answers it had not seen."
    points = f"{100 * gain.value:+.0f} points [{100 * gain.low:.0f}, {100 * gain.high:.0f}]"
    verdict = "the mix has proved itself" if better else f"not beyond chance; {default} stays"
    yield f"That is {points} against {default}: {verdict}."


def _said(area: Estimate) -> str:
    return f"{area.value:.0%} [{100 * area.low:.0f}, {100 * area.high:.0f}]"
