"""Rows that arrive one at a time: decided at once, at the pace that people can answer."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from curate.records import digest

__all__ = ["Decision", "StreamSelector"]

DAY = 86_400.0


class Lookup(Protocol):
    """What finds the most similar row of those that people saw (`curate.select.Nearest`)."""

    def cosine(self, vector: npt.NDArray[np.float32]) -> tuple[float, int]:
        """Return the highest cosine and its row; (-1, -1) where there is none."""

    def add(self, vectors: npt.NDArray[np.float32]) -> None:
        """Count further rows as seen, shape (n, n_dims)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a row on its arrival."""

    id: str
    taken: bool
    part: str | None
    """random or active; None = not taken."""
    probability: float
    """Chance with which the lot takes a row at this moment; 0 where capacity was used up."""
    need: float
    rank: float
    """Share of the rows lately seen that need a person at least as much; small = needy."""
    share: float
    """Share of rows that are taken at this moment."""
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; NaN becomes null."""
        return {k: None if v != v else v for k, v in asdict(self).items()}


class StreamSelector:
    """Decides on arrival, with a threshold that steers itself to the reviewers' capacity.

    Three parts, each of constant cost beside the look-up of the nearest reviewed row:

    - *How many*: capacity flows into a bucket of `burst` days, each row taken costs one. The
      share of rows to take is capacity / arrival rate x 2 x the bucket's level, so the level
      settles at one half and what is taken equals capacity whatever the arrivals do: an estimate
      of the rate (exponentially weighted, `_MEMORY` days) that is off by a factor only shifts the
      level. Over any time T no more than capacity x T + one bucket is taken.
    - *Which*: a row's rank is its conformal p-value among the last `_WINDOW` needs (Vovk et al.,
      2005), uniform whatever the distribution of needs while rows are exchangeable; it is taken
      when its rank is within the share. Drift of the needs moves the threshold within a window.
    - *The lot*: `random_share` of what is taken is drawn by lot, before anything is known of the
      row, with the chance kept; so estimates stay unbiased. A row's luck follows from the
      seed and its id: the same row at the same state is decided the same again.

    Args:
        per_day: Reviews a day that people have time for.
        burst: Days' capacity that the bucket holds.
        random_share: Share of what is taken that is drawn by lot.
        near_identical: Rows at least this similar (cosine) to one that was taken or reviewed are
            left to the lot; above 1 = never.
        seen: Finds the most similar row that was taken or reviewed; None = nothing is compared.
        seed: Every row's luck follows from it.

    >>> stream = StreamSelector(per_day=24, random_share=0, seed=7)
    >>> hourly = [stream.decide(f"r{n}", need=n % 10, at=60.0 * n) for n in range(14400)]
    >>> round(sum(d.taken for d in hourly) / 10)
    24
    """

    def __init__(
        self,
        *,
        per_day: float,
        burst: float = 1.0,
        random_share: float = 0.1,
        near_identical: float = 0.97,
        seen: Lookup | None = None,
        seed: int = 7,
    ) -> None:
        if per_day <= 0 or burst <= 0 or not 0 <= random_share <= 1:
            raise ValueError(
                "per_day and burst must be above 0 and random_share from 0 to 1, "
                f"not {per_day:g}, {burst:g}, {random_share:g}"
            )
        self._per_second = per_day / DAY
        self._room = max(2.0, per_day * burst)
        self._random_share = random_share
        self._near_identical = near_identical
        self._seen = seen
        self._seed = str(seed)
        self._level = self._room / 2
        self._arrived = 0.0
        self._watched = 0.0
        self._at: float | None = None
        self._windows: dict[str, _Window] = {}

    def decide(
        self,
        id: str,
        *,
        need: float,
        at: float,
        vector: npt.NDArray[np.float32] | None = None,
        kind: str = "need",
    ) -> Decision:
        """Say whether a row goes to people.

        Args:
            id: Its id; decides its luck.
            need: Higher = more worth a person's time; NaN = only the lot can take it.
            at: When it arrived, in seconds; a clock that was moved back counts as standing still.
            vector: Unit vector, shape (n_dims,), to compare with what was taken before.
            kind: What the need is (a score's name); needs are ranked among those of their kind.
        """
        self._flow(at)
        share = self._share()
        lot = share * self._random_share
        window = self._windows.setdefault(kind, _Window())
        rank = window.rank(need, self._luck("rank", id))
        decision = self._decided(id, (kind, need), rank, share, lot, vector)
        window.remember(need)
        if decision.taken:
            self._level -= 1
            if vector is not None and self._seen is not None:
                self._seen.add(vector[None, :])
        return decision

    def state(self) -> dict[str, Any]:
        """Return all that a later process needs to go on, as a JSON object."""
        return {
            "level": self._level,
            "arrived": self._arrived,
            "watched": self._watched,
            "at": self._at,
            "recent": {kind: list(window.recent) for kind, window in self._windows.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned; the rows that were taken go to `seen` by themselves."""
        self._level = min(float(state["level"]), self._room)
        self._arrived, self._watched = float(state["arrived"]), float(state["watched"])
        self._at = state["at"]
        self._windows = {kind: _Window(needs) for kind, needs in state["recent"].items()}

    def threshold(self, kind: str = "need") -> float:
        """Return the need of a kind from which on rows are taken now; NaN before any was seen."""
        window = self._windows.get(kind)
        return math.nan if window is None else window.quantile(1 - self._active(self._share()))

    def _flow(self, at: float) -> None:
        """Let time pass: capacity flows in, arrivals are forgotten, this one counts."""
        passed = 0.0 if self._at is None else max(0.0, at - self._at)
        self._at = at if self._at is None else max(at, self._at)
        self._level = min(self._room, self._level + passed * self._per_second)
        kept = math.exp(-passed / (_MEMORY * DAY))
        self._arrived = self._arrived * kept + 1
        self._watched = self._watched * kept + _MEMORY * DAY * (1 - kept)

    def _share(self) -> float:
        """Return the share of rows to take now; 0 where capacity is used up."""
        if self._level < 1:
            return 0.0
        expected = _AT_FIRST * self._per_second
        rate = self._arrived / (self._watched + 1 / expected)
        return min(1.0, self._per_second / rate * 2 * self._level / self._room)

    def _active(self, share: float) -> float:
        """Return the share of the rows left by the lot that are to be taken."""
        lot = share * self._random_share
        return (share - lot) / (1 - lot) if lot < 1 else 0.0

    def _luck(self, what: str, id: str) -> float:
        """Return a number in [0, 1) that follows from the seed and the id."""
        return int(digest("stream", self._seed, what, id)[:13], 16) / 16.0**13

    def _decided(
        self,
        id: str,
        named: tuple[str, float],
        rank: float,
        share: float,
        lot: float,
        vector: npt.NDArray[np.float32] | None,
    ) -> Decision:
        (kind, need), taken, part, reason = named, False, None, ""
        if share == 0:
            reason = "capacity was used up"
        elif self._luck("lot", id) < lot:
            taken, part, reason = True, "random", f"drawn by lot (chance {lot:.4f})"
        elif math.isnan(need):
            reason = f"no {kind} to go by, so only the lot could have taken it"
        elif rank >= self._active(share):
            reason = f"{_stands(kind, need, rank)}; the first {100 * share:.2g} % are taken now"
        elif twin := self._twin(vector):
            reason = twin
        else:
            taken, part, reason = True, "active", _stands(kind, need, rank)
        return Decision(
            id=id,
            taken=taken,
            part=part,
            probability=lot,
            need=need,
            rank=rank,
            share=share,
            reason=reason,
        )

    def _twin(self, vector: npt.NDArray[np.float32] | None) -> str | None:
        if vector is None or self._seen is None or self._near_identical > 1:
            return None
        cosine, row = self._seen.cosine(vector)
        if row < 0 or cosine < self._near_identical:
            return None
        return f"near-identical to one that was taken or reviewed (cosine {min(cosine, 1):.3f})"


class _Window:
    """The needs that were seen last, in order of arrival and of size."""

    def __init__(self, needs: Iterable[float] = ()) -> None:
        self.recent = deque(map(float, needs), maxlen=_WINDOW)
        self._sorted = sorted(self.recent)

    def rank(self, need: float, luck: float) -> float:
        """Return the share of the needs that are as high, ties broken by luck."""
        if math.isnan(need):
            return math.nan
        higher = len(self._sorted) - bisect_right(self._sorted, need)
        equal = len(self._sorted) - higher - bisect_left(self._sorted, need)
        return (higher + luck * (equal + 1)) / (len(self._sorted) + 1)

    def remember(self, need: float) -> None:
        """Count a need, and forget the oldest where there are enough."""
        if math.isnan(need):
            return
        if len(self.recent) == _WINDOW:
            self._sorted.pop(bisect_left(self._sorted, self.recent[0]))
        self.recent.append(need)
        insort(self._sorted, need)

    def quantile(self, share: float) -> float:
        """Return the need below which a share of the needs lies."""
        at = min(max(math.ceil(share * len(self._sorted)) - 1, 0), len(self._sorted) - 1)
        return self._sorted[at] if self._sorted else math.nan


def _stands(kind: str, need: float, rank: float) -> str:
    return f"{kind} {need:.3g}, above {100 * (1 - rank):.3g} % of the rows lately seen"


_WINDOW = 2000
"""Needs that a new one is ranked among."""
_MEMORY = 0.25
"""Days over which the arrival rate is averaged."""
_AT_FIRST = 10
"""Arrivals expected at first, as a multiple of capacity."""
