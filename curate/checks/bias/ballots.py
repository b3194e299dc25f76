"""Who voted for which answer of a preference: votes as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.checks.bias.position import chosen_positions
from curate.checks.bias.preferences import Preferences
from curate.checks.figures import numbered
from curate.checks.rows import Rows

__all__ = ["Ballots", "ballots_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballots:
    """Votes on preferences; arrays of shape (n_votes,)."""

    names: list[str]
    """Annotators, those with most votes first."""
    who: Ints
    """Number of each vote's annotator."""
    pair: Ints
    """Number of each vote's preference among the preferences."""
    rows: Ints
    """Number of each vote's row among the audited ones."""
    side: Ints
    """1 = voted for the chosen answer, -1 = for the rejected one, 0 = tie."""
    traits: Mapping[str, Floats]
    """What votes are held against: longer, first, agreement, a model's name; to 1 = yes, 0 = no,
    NaN = does not tell."""

    def told(self, vote: int) -> str:
        """Say what a vote was."""
        return {1: "voted for the chosen answer", -1: "voted for the rejected answer"}.get(
            int(self.side[vote]), "saw a tie"
        )


def ballots_of(rows: Rows, pairs: Preferences) -> Ballots | None:
    """Return who voted for what: from `Rows.votes`, else by the column annotator.

    A row's annotator, where it has no votes, preferred the chosen answer. None where fewer than
    two annotators are known.
    """
    voters, pair, side = _votes(rows, pairs)
    numbers, names = numbered(voters)
    known = numbers >= 0
    if len(names) < 2:
        return None
    who, pair, side = numbers[known], pair[known], side[known]
    taken = Ballots(names=names, who=who, pair=pair, rows=pairs.rows[pair], side=side, traits={})
    traits = {
        "longer": _leaning(np.sign(pairs.chosen - pairs.rejected)[pair], side),
        "first": _leaning(_first(rows, pairs)[pair], side),
        **_for_models(rows, pairs, pair, side),
        "agreement": _agreement(taken, len(pairs)),
    }
    told = {name: hits for name, hits in traits.items() if (~np.isnan(hits)).any()}
    return Ballots(names=names, who=who, pair=pair, rows=pairs.rows[pair], side=side, traits=told)


def _votes(rows: Rows, pairs: Preferences) -> tuple[pa.Array, Ints, Ints]:
    """Return the voters' names, the pair of each vote, and its side."""
    at = pa.array(pairs.rows)
    texts, annotator = rows.votes.take(at), rows.column("annotator").take(at)
    voted = texts.is_valid().to_numpy(zero_copy_only=False)
    pair, names, side = _read(texts, np.flatnonzero(voted))
    single = np.flatnonzero(~voted & annotator.is_valid().to_numpy(zero_copy_only=False))
    voters = pa.chunked_array([names, annotator.take(pa.array(single)).cast(pa.string())])
    sides = np.concatenate([side, np.ones(len(single), np.int64)])
    return voters.combine_chunks(), np.concatenate([pair, single]), sides


def _read(texts: pa.Array, at: Ints) -> tuple[Ints, pa.Array, Ints]:
    """Read ``[[by, value], ...]`` texts in lots; votes of any other value are left out."""
    import msgspec

    decoder = msgspec.json.Decoder(list[tuple[str | None, str | float | None]])
    pair: list[int] = []
    side: list[int] = []
    names: list[pa.Array] = []
    for start in range(0, len(at), _LOT):
        lot = at[start : start + _LOT]
        said: list[str | None] = []
        for number, text in zip(lot.tolist(), texts.take(pa.array(lot)).to_pylist(), strict=True):
            for by, value in _decoded(decoder, text):
                if value in _SIDES:
                    pair.append(number)
                    said.append(by)
                    side.append(_SIDES[value])
        names.append(pa.array(said, pa.string()))
    together = pa.concat_arrays(names) if names else pa.array([], pa.string())
    return np.array(pair, np.int64), together, np.array(side, np.int64)


_LOT = 16_384
_SIDES = {"a": 1, "b": -1, "tie": 0}


def _decoded(decoder: object, text: str) -> list[tuple[str | None, object]]:
    import msgspec

    try:
        found: list[tuple[str | None, object]] = decoder.decode(text)  # type: ignore[attr-defined]
        return found
    except msgspec.ValidationError:
        return []


def _leaning(chosen: Floats, side: Ints) -> Floats:
    """Return whether each vote fell on what the chosen answer is (1) or is not (-1)."""
    fell = chosen * side
    return np.where(np.isnan(fell) | (fell == 0), np.nan, (fell > 0).astype(np.float64))


def _first(rows: Rows, pairs: Preferences) -> Floats:
    """Return 1 where the chosen answer stood first, -1 where second, NaN = not known."""
    return 2 * chosen_positions(rows)[pairs.rows] - 1


def _for_models(rows: Rows, pairs: Preferences, pair: Ints, side: Ints) -> dict[str, Floats]:
    """Return for the commonest models whether votes fell on them, where one of the two was it."""
    at = pa.array(pairs.rows)
    names_of = ("model", "rejected_model")
    sides = [rows.column(name).take(at).cast(pa.large_string()) for name in names_of]
    numbers, names = numbered(pa.concat_arrays(sides))
    won, lost = np.split(numbers, 2)
    return {
        name: _leaning(((won == n).astype(np.float64) - (lost == n))[pair], side)
        for n, name in enumerate(names[:_MODELS])
    }


_MODELS = 8


def _agreement(ballots: Ballots, n_pairs: int) -> Floats:
    """Return whether each vote is that of most others on the pair; NaN where they have no most."""
    counts = np.zeros((n_pairs, 3), np.int64)
    np.add.at(counts, (ballots.pair, ballots.side + 1), 1)
    others = counts[ballots.pair]
    others[np.arange(len(others)), ballots.side + 1] -= 1
    most = others.max(axis=1)
    single = (others == most[:, None]).sum(axis=1) == 1
    said = others.argmax(axis=1) == ballots.side + 1
    return np.where((most > 0) & single, said.astype(np.float64), np.nan)
