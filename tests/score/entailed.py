"""Small real parts that tell whether one answer implies another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from curate.llm import Call, Reply
from curate.records import Message

__all__ = ["Asked", "said_of", "tiny_cross_encoder"]


def said_of(call: Call) -> dict[str, str]:
    """Return the texts that stand between the markers of a call's chat."""
    shown = call.messages[-1]["content"]
    parts = re.findall(r"\[BEGIN (\w+) (\w+)\]\n(.*?)\n\[END \1 \2\]", shown, re.DOTALL)
    return {name: text for name, _, text in parts}


class Asked:
    """Answers calls by a function of both answers; remembers what it was asked."""

    def __init__(self, says: Callable[[str, str], str | Reply]) -> None:
        self.calls: list[Call] = []
        self._says = says

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        for call in calls:
            self.calls.append(call)
            texts = said_of(call)
            said = self._says(texts["first"], texts["second"])
            if isinstance(said, str):
                said = Reply(message=Message(role="assistant", content=said))
            yield said

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(said_of(call)["first"], said_of(call)["second"]) for call in self.calls]


def tiny_cross_encoder(folder: Path, labels: tuple[str, ...], *, seed: int = 0) -> Path:
    """Save a cross-encoder that reads 64 characters, with weights drawn at random."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "?", ".", *letters]
    (folder / "vocab.txt").write_text("\n".join([*words, *(f"##{c}" for c in letters)]))
    torch.manual_seed(seed)
    numbered: dict[int, Any] = dict(enumerate(labels))
    config = BertConfig(
        vocab_size=len(words) + len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        id2label=numbered,
        label2id={label: n for n, label in numbered.items()},
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(
        folder
    )
    return folder
