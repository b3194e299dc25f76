"""Presidio's patterns and detect-secrets, for an environment of their own; see `audit_personal`.

Reads texts as JSON lines, writes ``{"found": [[start, end, entity, score], ...]}`` for each and,
last, the CPU seconds. Presidio runs without a language model: a blank tokenizer, with the words
themselves in place of lemmas so that its context words count. All its pattern recognisers are
loaded, of every country.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Look at the texts of standard input."""
    texts = [json.loads(line) for line in sys.stdin]
    look = {"presidio": _presidio, "detect-secrets": _secrets}[sys.argv[1]]()
    look("Warm up: jo@curate.dev")
    began = time.process_time()
    found = [look(text) for text in texts]
    spent = time.process_time() - began
    for some in found:
        print(json.dumps({"found": some}))
    print(json.dumps({"seconds": spent}))


def _presidio() -> Any:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

    registry = RecognizerRegistry(recognizers=_patterns(), supported_languages=["en"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=_blank(), supported_languages=["en"])

    def look(text: str) -> list[list[Any]]:
        results = engine.analyze(text, language="en")
        return [[r.start, r.end, r.entity_type, r.score] for r in results]

    return look


def _patterns() -> list[Any]:
    """Return every recogniser of patterns, and that of phone numbers, as for English."""
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer import predefined_recognizers as known

    kinds: list[Any] = [
        c for _, c in inspect.getmembers(known, inspect.isclass) if c is not PatternRecognizer
    ]
    chosen = [c for c in kinds if issubclass(c, PatternRecognizer | known.PhoneRecognizer)]
    return [kind(supported_language="en") for kind in chosen]


def _blank() -> Any:
    import spacy  # type: ignore[import-not-found]
    from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

    class Blank(SpacyNlpEngine):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
            self.nlp = {"en": spacy.blank("en")}

        def load(self) -> None:
            """Nothing is to be loaded."""

        def process_text(self, text: str, language: str) -> Any:
            """Return the words of a text, each as its own lemma."""
            words = self.nlp[language](text)
            return NlpArtifacts(
                entities=[],
                tokens=words,
                tokens_indices=[word.idx for word in words],
                lemmas=[word.text.lower() for word in words],
                nlp_engine=self,
                language=language,
            )

    return Blank()


def _secrets() -> Any:
    """Return detect-secrets' scan of each line.

    Of a private key it names the head, which counts here as the whole block.
    """
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    settings = default_settings()
    settings.__enter__()

    def look(text: str, kept: Any = settings) -> list[list[Any]]:
        found, at = [], 0
        for line in text.splitlines(keepends=True):
            for one in scan_line(line.rstrip("\n")):
                start = text.find(one.secret_value or "\0", at, at + len(line))
                if start >= 0:
                    found.append([start, _end(text, start, one), one.type, 1.0])
            at += len(line)
        return found

    return look


def _end(text: str, start: int, one: Any) -> int:
    last = text.find("PRIVATE KEY-----", start + 30) if one.type == "Private Key" else -1
    return start + len(one.secret_value) if last < 0 else last + 16


if __name__ == "__main__":
    main()
