"""Names for the parts of a map: the words that set them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Region", "name_regions"]

Floats = npt.NDArray[np.floating]
Indices = npt.NDArray[np.integer]

_WORD = re.compile(r"[^\W\d_]{4,24}")
_STOP = frozenset(
    """about after again along also although another back because been before being below between
    both could does doing down during each either else even ever every first following from give
    given gets have having here hers himself into itself just know last least less like make made
    many more most much must need next once only other over same should since some still such take
    than that their them then there these they this those through under until upon used uses using
    very want well were what when where which while will with within without would write your
    yours""".split()
)
_MEMBERS = 36
_MOST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of the map."""

    x: float
    y: float
    words: tuple[str, ...]
    n: int


def name_regions(xy: Floats, texts: Sequence[str], *, seed: int = 0) -> tuple[Region, ...]:
    """Split a map into at most nine parts and name each by the two words most its own.

    k-means on the points; a word's weight is how often texts of the part hold it, times the
    logarithm of how much more often than texts in general. Words in fewer than three texts of
    a part, and parts without such a word, are left unnamed.

    Args:
        xy: Points, shape (n, 2).
        texts: The text of each, or none at all.
        seed: Of the start of k-means.

    Returns:
        Named parts, the largest first.
    """
    k = min(_MOST, len(texts) // _MEMBERS)
    if k < 2:
        return ()
    part = _parts(xy, k, seed)
    words = [frozenset(_words(text)) for text in texts]
    overall = Counter(word for some in words for word in some)
    regions = [_region(xy, words, overall, np.flatnonzero(part == p)) for p in range(k)]
    return tuple(sorted((r for r in regions if r.words), key=lambda r: (-r.n, r.words)))


def _parts(xy: Floats, k: int, seed: int) -> Indices:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        means = KMeans(k, n_init=4, random_state=seed).fit(np.asarray(xy, np.float64))
    labels: Indices = means.labels_
    return labels


def _words(text: str) -> list[str]:
    return [w for w in _WORD.findall(text.lower()) if w not in _STOP]


def _region(
    xy: Floats, words: list[frozenset[str]], overall: Counter[str], members: Indices
) -> Region:
    inside = Counter(word for m in members for word in words[m])
    n = len(members)
    weight = {
        word: count / n * float(np.log(count / n / (overall[word] / len(words))))
        for word, count in inside.items()
        if count >= 3
    }
    best = sorted((w for w in weight if weight[w] > 0.02), key=lambda w: (-weight[w], w))
    x, y = np.median(xy[members], axis=0) if n else (0.0, 0.0)
    return Region(x=float(x), y=float(y), words=_distinct(best), n=n)


def _distinct(best: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for word in best:
        if not any(word[:4] == other[:4] for other in kept):
            kept.append(word)
    return tuple(kept[:2])
