"""Names of persons, by a model that the user has; nothing here is loaded by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from curate.checks.personal.match import CONTEXT, Match
from curate.errors import ConfigError, MissingExtraError

__all__ = ["Names", "names"]

Model = Callable[[str], Iterator[tuple[int, int, str, float]]]
"""A text to (start, end, label, how sure) of its entities."""

_PERSONS = frozenset({"PER", "PERSON", "B-PER", "I-PER"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A recogniser of persons' names: slow, and only as good as its model."""

    model: Model
    gate: str = r"\pL"

    def find(self, text: str) -> Iterator[Match]:
        """Yield the names in one text."""
        for start, end, label, sure in self.model(text):
            if label.upper() in _PERSONS:
                yield Match(start, end, "person", sure)


def names(model: str) -> Names:
    """Return a recogniser that asks a model, loaded now.

    Args:
        model: ``spacy:NAME`` of an installed pipeline, or ``transformers:NAME`` of a
            token-classification model, a folder or a name of the hub.

    Raises:
        ConfigError: If the text before the colon is neither.
        MissingExtraError: If the package is not installed.
    """
    maker, _, name = model.partition(":")
    if maker not in _MAKERS or not name:
        raise ConfigError(
            f"no model of names {model!r}: write spacy:NAME or transformers:NAME, for example"
            " spacy:en_core_web_sm"
        )
    try:
        return Names(model=_MAKERS[maker](name))
    except ModuleNotFoundError as miss:
        raise MissingExtraError(
            f"{model} needs the package {miss.name!r}; install it with: pip install {miss.name}"
        ) from miss


def _spacy(name: str) -> Model:
    import spacy  # type: ignore[import-not-found,unused-ignore]

    pipeline: Any = spacy.load(name)

    def look(text: str) -> Iterator[tuple[int, int, str, float]]:
        for entity in pipeline(text).ents:
            yield entity.start_char, entity.end_char, entity.label_, CONTEXT

    return look


def _transformers(name: str) -> Model:
    from transformers import pipeline

    ask: Any = pipeline("token-classification", model=name, aggregation_strategy="simple")

    def look(text: str) -> Iterator[tuple[int, int, str, float]]:
        for entity in ask(text):
            yield entity["start"], entity["end"], entity["entity_group"], float(entity["score"])

    return look


_MAKERS: dict[str, Callable[[str], Model]] = {"spacy": _spacy, "transformers": _transformers}
