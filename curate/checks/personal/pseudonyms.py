"""Pseudonyms: a keyed hash of the value, short enough to read, the same in every run."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from typing import TYPE_CHECKING

from curate.errors import ConfigError

if TYPE_CHECKING:
    from curate.checks.personal.vault import Vault

__all__ = ["ENVIRONMENT", "TAG", "key_of", "pseudonym"]

ENVIRONMENT = "CURATE_PSEUDONYM_KEY"
TAG = 8
"""Characters of a tag, of 5 bits each."""

_SHORTEST = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that looks like a digit."""


def pseudonym(kind: str, value: str, key: bytes, length: int = TAG) -> str:
    """Return the placeholder of a value.

    Args:
        kind: Its kind.
        value: As it stands in the text, case and spaces included, so that it can be put back.
        key: At least 16 bytes that nobody else knows.
        length: Characters of the tag, at most 40; a longer tag begins as the shorter one does.

    >>> pseudonym("email", "jo@curate.dev", b"k" * 16)
    '<EMAIL_KRKW2E1E>'
    """
    raw = hmac.digest(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    number = int.from_bytes(raw, "big") >> (256 - 5 * length)
    tag = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
    return f"<{_label(kind)}_{tag}>"


def key_of(key: bytes | None, vault: Vault | None) -> bytes:
    """Return the key to make pseudonyms with: the one given, the vault's, or the environment's.

    Raises:
        ConfigError: If there is none, or it is so short that it could be guessed.
    """
    key = (
        key or (vault.key if vault is not None else b"") or os.environ.get(ENVIRONMENT, "").encode()
    )
    if not key:
        raise ConfigError(
            f"pseudonyms need a key, or the same value would get another one in every run: give "
            f"a vault, set {ENVIRONMENT} to {_SHORTEST} random characters or more, or remove values"
        )
    if len(key) < _SHORTEST:
        raise ConfigError(
            f"the key of the pseudonyms has {len(key)} characters and could be guessed; "
            f"set {ENVIRONMENT} to {_SHORTEST} random ones or more"
        )
    return key


def _label(kind: str) -> str:
    label = re.sub("[^A-Z]+", "_", kind.upper()).strip("_")[:20]
    return label if len(label) > 1 else "VALUE"
