"""Words that set texts apart: of groups beside each other, of new texts beside old ones.

In: texts. Out: words, the most telling first. Words of any script (`lexical.words`); what is in
few texts says nothing, and what is in all of them as little.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from curate.measure.lexical import words

__all__ = ["keywords", "word_counts", "word_divergence", "words_apart"]

_CUT = 2_000
"""Characters of each text that are looked at."""


def keywords(
    groups: Sequence[Sequence[str]], *, beside: Sequence[str] = (), most: int = 4
) -> list[tuple[str, ...]]:
    """Return the words that are most a group's own: class-based TF-IDF.

    ``share of the group's texts that hold the word x log(1 + A / f)``, f the word's frequency in
    all groups and A the mean number of words a group (c-TF-IDF: Grootendorst, BERTopic, 2022),
    with texts counted in place of words, so that one text that repeats itself does not name a
    group. A word must be in two of its texts, or in the only one.

    Args:
        groups: Texts of each group.
        beside: Texts that belong to no group and are like the rest of the world.
        most: Words a group.

    >>> keywords([["book a flight", "flight to Oslo"], ["bake a cake", "cake with eggs"]], most=1)
    [('flight',), ('cake',)]
    """
    counted = [word_counts(texts) for texts in (*groups, beside)]
    overall = sum(counted, Counter[str]())
    mean = sum(overall.values()) / max(sum(map(bool, counted)), 1)
    return [
        _heaviest(counts, overall, mean, len(texts), most)
        for counts, texts in zip(counted, groups, strict=False)
    ]


def word_counts(texts: Iterable[str]) -> Counter[str]:
    """Return in how many texts each word stands; words of digits or of one Latin letter aside."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word for word in words(text[:_CUT]) if _says_something(word)})
    return counts


def words_apart(
    new: Counter[str], old: Counter[str], *, most: int = 10, least: float = 3.0
) -> list[tuple[str, float]]:
    """Return the words that are commoner in one lot than in the other, with z-scores.

    Log odds ratio with an informative Dirichlet prior, all texts together, over its standard
    error (Monroe, Colaresi and Quinn, "Fightin' Words", 2008).

    Args:
        new: Counts of words, as `word_counts` gives them.
        old: The same of the other lot.
        most: Words at most.
        least: Least z-score.

    Returns:
        Words with z-scores, the highest first.
    """
    prior = new + old
    if not prior:
        return []
    names = sorted(prior)
    weight = np.array([prior[word] for word in names], np.float64)
    weight *= _PRIOR / weight.sum()
    logits = [_log_odds(counts, names, weight) for counts in (new, old)]
    z = (logits[0][0] - logits[1][0]) / np.sqrt(logits[0][1] + logits[1][1])
    order = np.argsort(-z, kind="stable")[:most]
    return [(names[i], float(z[i])) for i in order if z[i] >= least]


def word_divergence(new: Counter[str], old: Counter[str]) -> float:
    """Return the Jensen-Shannon divergence of two lots of words, in bits: 0 = alike, 1 = apart.

    NaN where a side has no word (Lin, 1991).

    >>> word_divergence(Counter("ab"), Counter("bc"))
    0.5
    """
    if not (new and old):
        return math.nan
    names = sorted(new | old)
    p, q = (np.array([c[word] for word in names], np.float64) for c in (new, old))
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float((_relative(p, middle) + _relative(q, middle)) / 2)


_PRIOR = 500.0
"""Words that the prior is worth."""


def _says_something(word: str) -> bool:
    return not word.isdigit() and (len(word) > 2 or not word.isascii()) and word not in _STOP


_STOP = frozenset(
    """about after all also and any are because been but can could did does doing each for from
    get give given had has have her here him his how into its just like make many may more most
    much must not now one only other our out over please same she should some such than that the
    their them then there these they this those use used using was were what when where which
    while who why will with would you your aber als auch auf aus bei bin das dass dem den der des
    die doch ein eine einem einen einer eines hat ich ihr ist kann mit nicht noch nur oder sich sie
    sind und uns von war was wenn wie wir wird zum zur avec ces cette dans des elle est les leur
    mais nous par pas plus pour que qui sont sur une vous como con del las los mas para pero por
    sin sus una che con del della di gli il nel non per sono""".split()
)


def _heaviest(
    counts: Counter[str], overall: Counter[str], mean: float, n: int, most: int
) -> tuple[str, ...]:
    least = min(2, n)
    weights = [
        (-times / n * math.log(1 + mean / overall[word]), word)
        for word, times in counts.items()
        if times >= least
    ]
    return tuple(word for _, word in sorted(weights)[:most])


def _log_odds(
    counts: Counter[str], names: list[str], prior: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the log odds of each word and their variance."""
    times = np.array([counts[word] for word in names], np.float64) + prior
    rest = np.maximum(times.sum() - times, 1e-9)
    return np.log(times / rest), 1 / times


def _relative(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    there = p > 0
    return float((p[there] * np.log2(p[there] / q[there])).sum())
