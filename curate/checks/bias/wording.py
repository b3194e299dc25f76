"""Whether words alone, without the prompt, tell which answer was chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.bias.preferences import NO_PREFERENCES, Preferences, preferences_of
from curate.checks.check import Check, Context, Found
from curate.checks.figures import as_figure, percent_with_interval
from curate.checks.rows import Rows
from curate.measure.effects import clustered_share, holm
from curate.measure.intervals import Interval
from curate.measure.lexical import words
from curate.records import Evidence, Finding

__all__ = ["CHECK", "WordTrace", "word_only_scores", "word_traces"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordTrace:
    """A word that wins, or loses, more than words do."""

    word: str
    won: int
    """Prompts on which it stood more in chosen answers than in rejected ones."""
    lost: int
    z: float
    """Above 0 = wins; standard deviations from what words in general win."""
    p_value: float
    """Corrected for all words tried."""


def word_only_scores(
    chosen: Sequence[str], rejected: Sequence[str], folds: npt.ArrayLike
) -> Floats:
    """Return what a model that sees the words of two answers, and no prompt, makes of each pair.

    Logistic regression on the difference of the answers' unit word vectors, so that length does
    not show. Well above one half, preferences follow wording that has nothing to do with what was
    asked, as the hypothesis alone gives away the label in inference data (Gururangan et al., 2018).

    Args:
        chosen: Texts.
        rejected: Texts.
        folds: Number of each pair's fold, from 0.

    Returns:
        Held-out log odds that the chosen one is chosen, shape (n_pairs,).
    """
    held = _presence([*chosen, *rejected])[0]
    return _scores(held, np.asarray(folds))


def word_traces(
    chosen: Sequence[str], rejected: Sequence[str], prompts: npt.ArrayLike
) -> list[WordTrace]:
    """Return the words that stand in chosen answers more, or less, than words in general do.

    A word is counted once a prompt; what words in general win (more where longer answers are
    chosen) is what each is held against: z = (won - n p) / sqrt(n p (1 - p)), two-sided normal
    p-values corrected by Holm (1979). Words that differ on fewer than twenty prompts are left out.

    Args:
        chosen: Texts.
        rejected: Texts.
        prompts: Number of each pair's prompt, from 0.

    Returns:
        All words tried, the farthest out first.
    """
    held, names = _presence([*chosen, *rejected])
    return _traces(held, names, np.asarray(prompts))


def _run(rows: Rows, context: Context) -> Found:
    pairs = preferences_of(rows)
    if not len(pairs):
        return Found(check=CHECK.name, skipped=NO_PREFERENCES)
    if len(pairs) < _FEWEST:
        return Found(check=CHECK.name, skipped=_TOO_FEW.format(n=len(pairs)))
    pairs = _sampled(pairs, context.seed)
    at = pa.array(pairs.rows)
    texts = [*rows.answer.take(at).to_pylist(), *rows.rejected.take(at).to_pylist()]
    held, names = _presence(texts)
    scores = _scores(held, pairs.prompts % _FOLDS)
    accuracy = clustered_share((np.sign(scores.round(_DIGITS)) + 1) / 2, pairs.prompts)
    traces = [trace for trace in _traces(held, names, pairs.prompts) if trace.p_value <= _SURE]
    figures = {
        "looked_at": len(pairs),
        "words_only_accuracy": as_figure(accuracy),
        "words_of_chosen": _table(traces, 1),
        "words_of_rejected": _table(traces, -1),
    }
    findings = tuple(_finding(accuracy, traces, texts, pairs, context.threshold(CHECK)))
    return Found(check=CHECK.name, findings=findings, looked_at=len(pairs), figures=figures)


CHECK = Check(
    name="wording-bias",
    family="bias",
    about="Words of the answers, whatever was asked, tell which one was chosen.",
    severity="warning",
    threshold=0.65,
    means="share of the preferences that a model of the answers' words alone gets right, held out "
    "by prompt, with its interval above one half; flagged above",
    run=_run,
    fixes=False,
)

_TOO_FEW = "{n:,} preferences: too few to learn from words; 100 are needed"
_FEWEST, _MOST, _CUT = 100, 10_000, 1_000
_FOLDS, _DIGITS, _SURE, _TOLD = 5, 9, 0.01, 12
_PROMPTS = 20


def _sampled(pairs: Preferences, seed: int) -> Preferences:
    if len(pairs) <= _MOST:
        return pairs
    drawn = np.random.default_rng(seed).permutation(len(pairs))[:_MOST]
    which = np.zeros(len(pairs), bool)
    which[drawn] = True
    return pairs.some(which)


def _presence(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """Return which text holds which word that several do, sparse, and the words."""
    from scipy.sparse import csr_matrix

    known: dict[str, int] = {}
    coded = [
        [known.setdefault(w, len(known)) for w in dict.fromkeys(words(t[:_CUT]))] for t in texts
    ]
    starts = np.cumsum([0, *map(len, coded)])
    ids = np.fromiter((i for some in coded for i in some), np.int64, count=int(starts[-1]))
    held = csr_matrix((np.ones(len(ids)), ids, starts), shape=(len(texts), len(known)))
    times = np.bincount(ids, minlength=len(known))
    often = sorted((word for word, i in known.items() if times[i] >= _SHARED))
    return held[:, [known[word] for word in often]], often


_SHARED = 5


def _scores(held: Any, folds: Ints) -> Floats:
    """Return held-out log odds of the first half of the rows over the second."""
    n = held.shape[0] // 2
    length = np.sqrt(np.asarray(held.sum(axis=1)).ravel())
    unit = held.multiply(1 / np.maximum(length, 1.0)[:, None]).tocsr()
    gaps = (unit[:n] - unit[n:]).tocsr()
    out = np.zeros(n)
    for fold in np.unique(folds).tolist() if gaps.shape[1] else []:
        inside = folds == fold
        if not inside.all():
            out[inside] = gaps[inside] @ _learned(gaps[~inside])
    return out


def _learned(gaps: Any) -> Floats:
    """Return a weight a word: every other pair is turned round, so that there are two classes."""
    from scipy.sparse import diags
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    sign = np.where(np.arange(gaps.shape[0]) % 2, -1.0, 1.0)
    if len(sign) < 2:
        return np.zeros(gaps.shape[1])
    model = LogisticRegression(C=1.0, fit_intercept=False, solver="lbfgs", tol=1e-3, max_iter=200)
    with threadpool_limits(limits=1):
        weights: Floats = model.fit(diags(sign) @ gaps, sign > 0).coef_[0]
    return weights


def _traces(held: Any, names: Sequence[str], prompts: Ints) -> list[WordTrace]:
    from scipy.special import erfc

    n = held.shape[0] // 2
    won, lost = _by_prompt(held[:n] - held[n:], prompts)
    total = won + lost
    if not total.sum():
        return []
    share = float(won.sum() / total.sum())
    tried = np.flatnonzero(total >= _PROMPTS)
    spread = np.sqrt(np.maximum(total * share * (1 - share), _NOTHING))
    z = (won - total * share) / spread
    p = holm(erfc(np.abs(z[tried]) / np.sqrt(2)))
    order = np.argsort(-np.abs(z[tried]), kind="stable")
    return [
        WordTrace(
            word=names[i], won=int(won[i]), lost=int(lost[i]), z=float(z[i]), p_value=float(p[at])
        )
        for at, i in zip(order, tried[order], strict=True)
    ]


_NOTHING = 1e-9


def _by_prompt(gaps: Any, prompts: Ints) -> tuple[Ints, Ints]:
    """Count for each word the prompts on which it won, and on which it lost."""
    from scipy.sparse import csr_matrix

    n = gaps.shape[0]
    numbers = np.unique(prompts, return_inverse=True)[1]
    groups = csr_matrix((np.ones(n), (numbers, np.arange(n))))
    summed = (groups @ gaps).tocsc()
    ends = summed.indptr
    sides = [np.concatenate([[0], np.cumsum(side)]) for side in (summed.data > 0, summed.data < 0)]
    won, lost = (side[ends[1:]] - side[ends[:-1]] for side in sides)
    return won, lost


def _table(traces: list[WordTrace], side: int) -> list[dict[str, Any]]:
    return [
        {"name": trace.word, "won": trace.won, "lost": trace.lost, "z": trace.z}
        for trace in traces
        if trace.z * side > 0
    ][:_TOLD]


def _finding(
    accuracy: Interval,
    traces: list[WordTrace],
    texts: Sequence[str],
    pairs: Preferences,
    threshold: float,
) -> Iterator[Finding]:
    if not (accuracy.value > threshold and accuracy.low > 0.5):
        return
    told = [
        f"{', '.join(repr(trace.word) for trace in some[:_NAMED])} in {which} answers"
        for which, side in (("chosen", 1), ("rejected", -1))
        if (some := [trace for trace in traces if trace.z * side > 0])
    ]
    message = (
        f"The words of two answers, without the prompt, tell which was chosen in "
        f"{percent_with_interval(accuracy)} of {len(pairs):,} preferences looked at"
        f"{' (' + '; '.join(told) + ')' if told else ''}: a reward model can learn the wording in "
        "place of what makes an answer good. Write chosen and rejected answers by the same means"
    )
    yield Finding(
        check=CHECK.name,
        severity=CHECK.severity,
        message=message,
        score=accuracy.value,
        evidence=tuple(_examples(traces[:_EXAMPLES], texts, pairs)),
    )


_NAMED, _EXAMPLES = 4, 3


def _examples(
    traces: list[WordTrace], texts: Sequence[str], pairs: Preferences
) -> Iterator[Evidence]:
    """Give for each of the words a row that holds it on the side where it stands most."""
    n = len(pairs)
    for trace in traces:
        side = texts[:n] if trace.z > 0 else texts[n:]
        for i, text in enumerate(side):
            at = text[:_CUT].lower().find(trace.word)
            if at >= 0 and trace.word in words(text[:_CUT]):
                yield Evidence(
                    row=int(pairs.rows[i]),
                    field="answer" if trace.z > 0 else "rejected",
                    spans=((at, at + len(trace.word)),),
                    note=f"won on {trace.won:,} prompts, lost on {trace.lost:,}",
                )
                break
