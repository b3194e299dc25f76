"""Names for the parts of a map: the words that set them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Region", "name_parts", "name_regions", "parts_of"]

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
_FITTED = 20_000
_LEAST = 0.02


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
    part = parts_of(xy[: len(texts)], seed=seed)
    members = [np.flatnonzero(part == p) for p in range(int(part.max(initial=0)) + 1)]
    if len(members) < 2:
        return ()
    names = name_parts(part, texts)
    regions = [_region(xy[m], name) for m, name in zip(members, names, strict=True) if name]
    return tuple(sorted(regions, key=lambda r: (-r.n, r.words)))


def parts_of(xy: Floats, *, seed: int = 0) -> Indices:
    """Return the part of the map that each point lies in, shape (n,): k-means, nine at most.

    Of more than 20,000 points, as many drawn at random say where the parts lie.
    """
    k = min(_MOST, len(xy) // _MEMBERS)
    if k < 2:
        return np.zeros(len(xy), np.int32)
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    points = np.asarray(xy, np.float64)
    drawn = points
    if len(points) > _FITTED:
        drawn = points[np.random.default_rng(seed).choice(len(points), _FITTED, replace=False)]
    with threadpool_limits(limits=1):
        labels: Indices = KMeans(k, n_init=4, random_state=seed).fit(drawn).predict(points)
    return labels


def name_parts(part: Indices, texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the words of each part, counted from 0: at most two, none where none sets it apart.

    Args:
        part: Of each text, shape (n,); -1 = of none.
        texts: The text of each.
    """
    words = [frozenset(_words(text)) for text in texts]
    overall = Counter(word for some in words for word in some)
    members = [np.flatnonzero(part == p) for p in range(int(part.max(initial=-1)) + 1)]
    return _shared_out([_weights(words, overall, m) for m in members])


def _words(text: str) -> list[str]:
    return [w for w in _WORD.findall(text.lower()) if w not in _STOP]


def _weights(
    words: list[frozenset[str]], overall: Counter[str], members: Indices
) -> dict[str, float]:
    inside = Counter(word for m in members for word in words[m])
    n = len(members)
    return {
        word: count / n * float(np.log(count / n / (overall[word] / len(words))))
        for word, count in sorted(inside.items())
        if count >= 3
    }


def _shared_out(weights: list[dict[str, float]]) -> list[tuple[str, ...]]:
    """Give each word to the one part where it weighs most, and each part its two heaviest."""
    offers = sorted((-w, p, word) for p, some in enumerate(weights) for word, w in some.items())
    names: list[tuple[str, ...]] = [() for _ in weights]
    taken: list[str] = []
    for negative, p, word in offers:
        new = not any(word[:4] == other[:4] for other in taken)
        if negative < -_LEAST and new and len(names[p]) < 2:
            names[p] += (word,)
            taken.append(word)
    return names


def _region(xy: Floats, name: tuple[str, ...]) -> Region:
    x, y = np.median(xy, axis=0)
    return Region(x=float(x), y=float(y), words=name, n=len(xy))
