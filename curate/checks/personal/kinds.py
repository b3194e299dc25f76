"""The kinds of personal data and secrets, in the words in which people are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["KINDS", "Family", "Kind", "named"]

Family = Literal["personal", "secret"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of value."""

    name: str
    family: Family
    one: str
    """With its article: ``an e-mail address``."""
    many: str


_PERSONAL = {
    "email": ("an e-mail address", "e-mail addresses"),
    "phone": ("a phone number", "phone numbers"),
    "card": ("a payment card number", "payment card numbers"),
    "iban": ("an IBAN", "IBANs"),
    "bank_account": ("a bank account number", "bank account numbers"),
    "national_id": ("a national identity number", "national identity numbers"),
    "passport": ("a passport number", "passport numbers"),
    "driving_licence": ("a driving licence number", "driving licence numbers"),
    "birth_date": ("a date of birth", "dates of birth"),
    "address": ("a postal address", "postal addresses"),
    "ip": ("an IP address", "IP addresses"),
    "mac": ("a MAC address", "MAC addresses"),
    "wallet": ("a crypto wallet address", "crypto wallet addresses"),
    "person": ("a person's name", "names of persons"),
}
_SECRET = {
    "api_key": ("an API key or token", "API keys or tokens"),
    "private_key": ("a private key", "private keys"),
    "jwt": ("a JSON web token", "JSON web tokens"),
    "url_credentials": ("a URL with a password", "URLs with passwords"),
    "password": ("a password", "passwords"),
}


def _kinds(family: Family, words: Mapping[str, tuple[str, str]]) -> dict[str, Kind]:
    return {k: Kind(name=k, family=family, one=a, many=b) for k, (a, b) in words.items()}


KINDS: Mapping[str, Kind] = {**_kinds("personal", _PERSONAL), **_kinds("secret", _SECRET)}
"""Name to kind; ``person`` is found only by a recogniser that the user brings."""


def named(kind: str, times: int = 1) -> str:
    """Say how many values of a kind there are.

    >>> named("email"), named("email", 3), named("badge", 2)
    ('an e-mail address', '3 e-mail addresses', '2 values of the kind badge')
    """
    known = KINDS.get(kind)
    if known is None:
        return f"{times} values of the kind {kind}" if times > 1 else f"a value of the kind {kind}"
    return known.one if times == 1 else f"{times} {known.many}"
