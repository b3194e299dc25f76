"""How a person pays: cards, bank accounts, wallets."""

from __future__ import annotations

import hashlib
import re

from curate.checks.personal.match import CHECKED, CONTEXT, WEAK, Pattern

__all__ = ["RECOGNISERS", "base58check"]

_CARD = re.compile(
    r"(?<![\w.,$€£+\-/])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?"
    r"|\d{4}([ -]?)\d{6}\2\d{4,5})"
    r"(?![\w/]|[.,]\d|[ -]\d{3})"
)
_PAID = re.compile(
    r"(?i)\b(?:cards?|visa|master ?card|maestro|amex"
    r"|american express|discover|diners|jcb|debit|credit|cc|pan"
    r"|pay(?:ment|ing)?|charged?|karte|kreditkarte\w*|carte|tarjeta|carta|cart[ãa]o|kaart|cvv|cvc)\b|卡"
)
_NO_CARD = re.compile(
    r"(?i)\b(?:order|invoice|tracking|ref(?:erence)?|ticket|serial"
    r"|isbn|ean|upc|imei|sku|id|doi|number of)\b[^\n]{0,15}$"
    r"|[=^*]\s*$"
)
_BRANDS = (
    (r"4(?:\d{12}|\d{15}|\d{18})", False),
    (r"(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}", False),
    (r"3[47]\d{13}", False),
    (r"(?:6011|64[4-9]\d|65\d\d)\d{12}", False),
    (r"35(?:2[89]|[3-8]\d)\d{12}", False),
    (r"(?:30[0-5]\d|36\d\d|3[89]\d\d)\d{10}", False),
    (r"(?:5[06-9]|6\d)\d{10,17}", True),
    (r"62\d{14,17}", True),
)
"""Digits of the brands' numbers, and whether words beside it must say that it is a card."""
_ISSUED = re.compile("|".join(brand for brand, doubtful in _BRANDS if not doubtful))
_POSSIBLE = re.compile("|".join(brand for brand, _ in _BRANDS))
_TEST_CARDS = frozenset(
    "4242424242424242 4111111111111111 4012888888881881 4000056655665556 5555555555554444 "
    "5105105105105100 2223003122003222 378282246310005 371449635398431 6011111111111117 "
    "6011000990139424 3056930009020004 36227206271667 3566002020360505 30569309025904".split()
)
"""Of the payment services' handbooks: nobody's."""


def _card(value: str, before: str, after: str) -> float:
    from stdnum import luhn

    digits = re.sub(r"\D", "", value)
    if re.search(r"\b[A-Z]{2}\d\d $", before):
        return 0.0
    paid = bool(_PAID.search(before) or _PAID.search(after[:20]))
    brands = _POSSIBLE if paid else _ISSUED
    if not brands.fullmatch(digits) or not luhn.is_valid(digits) or len(set(digits)) < 3:
        return 0.0
    if digits in _TEST_CARDS or (_NO_CARD.search(before) and not paid):
        return WEAK
    return CHECKED


_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)


def _iban(value: str, before: str, after: str) -> float:
    from stdnum import iban

    return CHECKED if iban.is_valid(value) else 0.0


_ACCOUNT = re.compile(
    r"(?i)(?<![^\W_])(?:(?:bank ?)?(?:account|acct|a/c|konto"
    r"|cuenta|compte|conta|rekening)|routing|aba|sort code|blz)"
    r"(?: (?:transit|corrente|bancaria"
    r"|bancaire))?[\s\"'*_]{0,3}(?:(?:number|nummer|num|nr|no|n[º°]|#)\.?)?"
    r"[ \t\"'`*:=#()\-–]{0,6}(?:is|was|ist|es|est)?[ \t\"':]{0,3}"
    r"(?P<value>\d{2}-\d{2}-\d{2}(?!\d)|\d(?: ?\d){5,18})(?![\w-]|[.,]\d| [-+*/=] )"
)


def _account(value: str, before: str, after: str) -> float:
    """Judge a routing number by its checksum, an account number by its length."""
    from stdnum.us import rtn

    digits = re.sub(r"\D", "", value)
    if re.search(r"(?i)routing|aba", before[-30:]):
        return CHECKED if rtn.is_valid(digits) else 0.0
    return CONTEXT if 6 <= len(digits) <= 17 else 0.0


_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:0x[0-9a-fA-F]{40}|(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{11,71}|[13TLMD][1-9A-HJ-NP-Za-km-z]{25,34})"
    r"(?![A-Za-z0-9])"
)


def _wallet(value: str, before: str, after: str) -> float:
    """Judge by base58check, bech32, or (Ethereum, in mixed case) EIP-55."""
    if value.startswith("0x"):
        return _ethereum(value[2:])
    if value.startswith(("bc1", "tb1", "ltc1")):
        return CHECKED if _bech32(value) else 0.0
    return CHECKED if base58check(value) in _VERSIONS else 0.0


_VERSIONS = {0x00, 0x05, 0x41, 0x30, 0x32, 0x1E}
"""Bitcoin (two), Tron, Litecoin (two), Dogecoin."""


def base58check(text: str) -> int | None:
    """Return the version byte of a base58 text whose checksum holds, else None.

    >>> base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    0
    >>> base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb") is None
    True
    """
    number = 0
    for mark in text:
        number = number * 58 + _BASE58.index(mark)
    zeros = len(text) - len(text.lstrip("1"))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, checksum = raw[:-4], raw[-4:]
    twice = hashlib.sha256(hashlib.sha256(body).digest()).digest()
    return body[0] if body and twice[:4] == checksum else None


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _bech32(text: str) -> bool:
    """Check the checksum of BIP 173 (bech32) and BIP 350 (bech32m)."""
    lead, _, data = text.rpartition("1")
    values = [*(ord(c) >> 5 for c in lead), 0, *(ord(c) & 31 for c in lead)]
    return _polymod([*values, *(_BECH32.index(c) for c in data)]) in (1, 0x2BC830A3)


_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= factor if top >> bit & 1 else 0
    return check


def _ethereum(digits: str) -> float:
    from curate.checks.personal.keccak import keccak_256

    if len(set(digits.lower())) < 6:
        return 0.0
    if digits in (digits.lower(), digits.upper()):
        return CONTEXT
    hashed = keccak_256(digits.lower().encode()).hex()
    right = "".join(
        c.upper() if int(h, 16) > 7 else c for c, h in zip(digits.lower(), hashed, strict=False)
    )
    return CHECKED if right == digits else 0.0


RECOGNISERS = (
    Pattern(kind="card", gate=r"[0-9](?:[ -]?[0-9]){12}", regex=_CARD, judge=_card),
    Pattern(
        kind="iban",
        gate=r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}[ -]?[A-Z0-9]{4}",
        regex=_IBAN,
        trims=2,
        judge=_iban,
    ),
    Pattern(
        kind="bank_account",
        gate=(
            r"(?i)(?:account|acct|a/c|konto|cuenta|compte|conta"
            r"|rekening|routing|aba|sort code|blz)[^\n]{0,40}[0-9]"
        ),
        regex=_ACCOUNT,
        judge=_account,
    ),
    Pattern(
        kind="wallet",
        gate=r"0x[0-9a-fA-F]{40}|(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{11}|\b[13TLMD][1-9A-HJ-NP-Za-km-z]{25}",
        regex=_WALLET,
        judge=_wallet,
    ),
)
