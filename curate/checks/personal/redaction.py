"""Redaction: values out, placeholders in; the same value gets the same placeholder.

A pseudonym is ``<EMAIL_7F3A2CQK>``: the kind, and a keyed hash of the value. Who has no key can
neither reverse it nor find it by hashing a dictionary; who has the vault can restore the text.
Placeholders hold no quote and no backslash, so JSON that holds them stays JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curate.checks.personal.match import PLACEHOLDER, Match, Recogniser
from curate.checks.personal.messages import mapped_json, mapped_messages
from curate.checks.personal.pseudonyms import key_of, pseudonym
from curate.checks.personal.scan import scan_texts
from curate.checks.personal.vault import Vault

__all__ = [
    "How",
    "Redactor",
    "found_kinds",
    "redact",
    "redact_message",
    "redact_messages",
    "restore",
    "restore_message",
]

How = Literal["pseudonym", "remove", "mask"]
MessageRow = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Redactor:
    """How values are taken out, and a tally of what was found.

    Args:
        how: ``pseudonym`` puts ``<KIND_TAG>`` in place, the same for the same value; ``remove``
            puts nothing; ``mask`` a dot for each character.
        vault: Keeps what stood there, so that `restore` can put it back; None = one way.
        key: Secret that the pseudonyms are made with; else the vault's, else that of the
            environment variable ``CURATE_PSEUDONYM_KEY``.
        kinds: Which kinds are taken out; empty = all.
        threshold: Matches less sure than this stay.
        recognisers: What looks; empty = all of the house.

    Raises:
        ConfigError: If pseudonyms are asked for, and there is no key.
    """

    how: How = "pseudonym"
    vault: Vault | None = None
    key: bytes | None = None
    kinds: Collection[str] = ()
    threshold: float = 0.5
    recognisers: Sequence[Recogniser] = ()
    found: Counter[str] = field(default_factory=Counter)
    """Kind to how many values were taken out so far."""

    def __post_init__(self) -> None:
        if self.how == "pseudonym":
            self.key = key_of(self.key, self.vault)

    def texts(self, texts: Sequence[str | None], leads: Sequence[str] = ()) -> list[str | None]:
        """Return the texts without the values; null stays null.

        Args:
            texts: Texts, or None.
            leads: What stands before each text and says what it is (``ssn: ``).
        """
        done, rows = list(texts), list(range(len(texts)))
        for _ in range(_ROUNDS):
            led = [leads[row] for row in rows] if leads else ()
            some = [done[row] for row in rows]
            hits = scan_texts(some, self.recognisers, self.threshold, self.kinds, led)
            for n, matches in hits.items():
                done[rows[n]] = self._without(some[n] or "", matches)
            rows = [rows[n] for n in hits]
        if self.vault is not None:
            self.vault.commit()
        return done

    def messages(self, messages: Sequence[MessageRow]) -> list[dict[str, Any]]:
        """Return chat messages, rows of the shape of `records.MESSAGE`, without the values.

        Content, name, refusal, thinking, the arguments of tool calls and the texts in JSON
        parts are looked at; JSON stays JSON.
        """
        return mapped_messages(messages, self.texts)

    def json_texts(self, texts: Sequence[str | None]) -> list[str | None]:
        """Return JSON texts (the `tools` and `metadata` of a record) without the values.

        A number that is taken out becomes a text.
        """
        return mapped_json(texts, self.texts)

    def _without(self, text: str, matches: Sequence[Match]) -> str:
        pieces, at = [], 0
        for match in matches:
            pieces += [
                text[at : match.start],
                self._instead(match.kind, text[match.start : match.end]),
            ]
            at = match.end
            self.found[match.kind] += 1
        return "".join([*pieces, text[at:]])

    def _instead(self, kind: str, value: str) -> str:
        if self.how == "remove":
            return ""
        if self.how == "mask":
            return "•" * len(value)
        key = key_of(self.key, self.vault)
        if self.vault is None:
            return pseudonym(kind, value, key)
        return self.vault.keep(kind, value, key)


_ROUNDS = 8
"""What was taken out may bring together what then looks like a value; after so many, enough."""


def redact(
    texts: Sequence[str | None],
    *,
    how: How = "pseudonym",
    vault: Vault | None = None,
    key: bytes | None = None,
    kinds: Collection[str] = (),
    threshold: float = 0.5,
) -> list[str | None]:
    """Return texts without personal data and secrets; arguments as those of `Redactor`.

    >>> redact(["Write to jo@curate.dev"], key=b"k" * 16)
    ['Write to <EMAIL_KRKW2E1E>']
    >>> redact(["Write to jo@curate.dev"], how="mask")
    ['Write to •••••••••••••']
    """
    redactor = Redactor(how=how, vault=vault, key=key, kinds=kinds, threshold=threshold)
    return redactor.texts(texts)


def redact_message(message: MessageRow, redactor: Redactor) -> dict[str, Any]:
    """Return one chat message without the values; for many, `Redactor.messages` is faster."""
    return redactor.messages([message])[0]


def redact_messages(messages: Sequence[MessageRow], redactor: Redactor) -> list[dict[str, Any]]:
    """Return chat messages without the values: all their texts are looked at in one pass."""
    return redactor.messages(messages)


def restore(texts: Sequence[str | None], vault: Vault) -> list[str | None]:
    """Put back what the vault holds; placeholders that it does not know stay."""
    return [
        text and PLACEHOLDER.sub(lambda hit: vault.value(hit[0]) or hit[0], text) for text in texts
    ]


def restore_message(message: MessageRow, vault: Vault) -> dict[str, Any]:
    """Put back what the vault holds in one chat message.

    A number that a placeholder stood for in JSON comes back as a text.
    """
    return mapped_messages([message], lambda texts, leads: restore(texts, vault))[0]


def found_kinds(
    texts: Sequence[str | None], *, threshold: float = 0.5, recognisers: Sequence[Recogniser] = ()
) -> Counter[str]:
    """Count the values of each kind in texts, without changing anything.

    >>> found_kinds(["jo@curate.dev, 10.0.0.1, 4539 1488 0343 6467"])
    Counter({'email': 1, 'card': 1})
    """
    hits = scan_texts(texts, recognisers, threshold)
    return Counter(match.kind for matches in hits.values() for match in matches)
