"""Who tells whether one answer implies another: a language model, or a cross-encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from curate.config import MemberConfig
from curate.errors import ConfigError
from curate.llm import Ask, Call, Reply
from curate.llm.prompts import load
from curate.llm.rendering import render, without_quotes
from curate.score.entailing import Judgement, Statement

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["AskedJudge", "EncoderJudge"]

Floats = npt.NDArray[np.float64]


class AskedJudge:
    """A language model that answers yes or no, at temperature 0.

    Args:
        ask: Answers calls.
        member: Which model; its `params` go over ours (temperature 0, 16 tokens).
    """

    def __init__(self, ask: Ask, member: MemberConfig) -> None:
        self._ask = ask
        self._member = member
        self._prompt = load("score", "entailment")

    def __call__(self, statements: Sequence[Statement]) -> list[Judgement]:
        """Ask for each statement, and read yes or no out of the reply."""
        replies = self._ask([self.call(statement) for statement in statements])
        return [_read(reply) for reply in replies]

    def call(self, statement: Statement) -> Call:
        """Return what is sent for a statement."""
        texts = zip(self._prompt.inputs, statement, strict=True)
        return Call(
            model=self._member.model,
            base_url=self._member.address,
            messages=render(self._prompt, dict(texts)),
            params=_params(self._member),
        )


class EncoderJudge:
    """A cross-encoder trained on natural language inference.

    Which output is entailment, neutral or contradiction is read from the model's own labels. The
    question is put before both sides, which short answers need (Kuhn, 2023). Statements of one
    length in tokens go through the model together, without padding, and probabilities are given to
    six decimals, so that what is said of one does not depend on the others. Statements that the
    model cannot read whole are not judged.

    Args:
        source: A name on the hub or a folder. Code that comes with a model is never run.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, statements: Sequence[Statement]) -> list[Judgement]:
        """Judge each statement; the model is loaded on the first.

        Raises:
            ConfigError: If the model cannot be loaded, or has no label for entailment.
        """
        found = [Judgement.unknown(self._too_long)] * len(statements)
        pairs = [_sides(statement) for statement in statements]
        lengths = self._lengths(pairs)
        for length in np.unique(lengths[lengths <= self._longest]).tolist():
            rows = np.flatnonzero(lengths == length).tolist()
            for row, (yes, no) in zip(rows, self._judged([pairs[r] for r in rows]), strict=True):
                found[row] = Judgement(float(yes), float(no))
        return found

    @cached_property
    def _model(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder

        try:
            model: CrossEncoder = CrossEncoder(self._source, trust_remote_code=False)
            return model
        except (OSError, ValueError) as bad:
            raise ConfigError(
                f"`score.answer.nli`: {self._source!r} cannot be loaded: "
                f"{' '.join(str(bad).split())[:300]}"
            ) from bad

    @cached_property
    def _outputs(self) -> tuple[int, int]:
        """Return which output is entailment, and which contradiction (-1 = the model has none)."""
        known: dict[Any, Any] = getattr(self._model.config, "id2label", None) or {}
        labels = {str(name).lower(): int(n) for n, name in known.items()}
        if "entailment" not in labels:
            raise ConfigError(
                f"`score.answer.nli`: {self._source!r} has the labels {', '.join(labels)}; "
                "one must be called entailment"
            )
        return labels["entailment"], labels.get("contradiction", -1)

    @cached_property
    def _longest(self) -> int:
        """Return how many tokens of question and answers the model reads at once."""
        read = int(self._model.tokenizer.model_max_length)
        return min(read, int(getattr(self._model.config, "max_position_embeddings", read)), _MOST)

    @property
    def _too_long(self) -> str:
        return f"question and answers are longer than the {self._longest} tokens that are compared"

    def _lengths(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.int64]:
        if not pairs:
            return np.empty(0, dtype=np.int64)
        premises, hypotheses = map(list, zip(*pairs, strict=True))
        ids = self._model.tokenizer(premises, hypotheses, truncation=False, verbose=False)
        return np.array([len(row) for row in ids["input_ids"]], dtype=np.int64)

    def _judged(self, pairs: list[tuple[str, str]]) -> Floats:
        """Return the probabilities of entailment and contradiction, shape (n, 2)."""
        entailment, contradiction = self._outputs
        said: Any = self._model.predict(pairs, apply_softmax=True, show_progress_bar=False)
        said = np.asarray(said, dtype=np.float64)
        no = said[:, contradiction] if contradiction >= 0 else np.zeros(len(said))
        return np.stack([said[:, entailment], no], axis=1).round(6)


_MOST = 512
"""Tokens: what encoders for inference were trained on."""

_SAID = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_LEADS = re.compile(r"\W*(?:yes|no)\b", re.IGNORECASE)


def _params(member: MemberConfig) -> dict[str, Any]:
    ours: dict[str, Any] = {"temperature": 0, "max_tokens": 16}
    if "max_completion_tokens" in member.params:
        ours.pop("max_tokens")
    return ours | member.params


def _read(reply: Reply) -> Judgement:
    """Read yes or no: the first word, or the only one of both that occurs.

    >>> from curate.records import Message
    >>> said = Message(role="assistant", content="**Yes**, it does; there is no doubt.")
    >>> _read(Reply(message=said))
    Judgement(entailment=1.0, contradiction=0.0, why=None)
    """
    if reply.why_failed:
        return Judgement.unknown(f"no reply of the entailment check: {reply.why_failed}")
    text = without_quotes(reply.text)
    words = [word.lower() for word in _SAID.findall(text)]
    if not words or (len(set(words)) > 1 and not _LEADS.match(text)):
        said = " ".join(text.split())[:80]
        return Judgement.unknown(f"the entailment check said neither yes nor no: {said!r}")
    return Judgement(float(words[0] == "yes"))


def _sides(statement: Statement) -> tuple[str, str]:
    """Return premise and hypothesis, the question before each."""
    asked = f"{statement.question.strip()} " if statement.question.strip() else ""
    return asked + statement.premise, asked + statement.hypothesis
