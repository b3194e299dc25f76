"""What opens a door by the words beside it: ``password: …``, ``api_key = …``, ``Bearer …``."""

from __future__ import annotations

import base64
import re

from curate.checks.personal.match import CONTEXT, FORMAT, Pattern
from curate.checks.personal.randomness import is_made_up, looks_random

__all__ = ["RECOGNISERS"]

_NAMES = (
    r"passwords?|passwd|passphrase|passcode|pwd|passwort"
    r"|kennwort|mot de passe|contraseña|clave|senha|wachtwoord"
    r"|lösenord|hasło|пароль|密码|密碼|パスワード"
)
_GIVEN = (
    r"[\"'`*_]{0,3}\s{0,3}(?::=|=>|->|={1,2}|[:：]"
    r"|\b(?:is|was|to|ist|lautet|est|es|é|è)\b:?)\s{0,3}"
)
_VALUE = r"[\"'`*]{0,3}(?P<value>[^\s\"'`<>,;(){}\[\]|\\]{3,63}[^\s\"'`<>,.;:?(){}\[\]|\\*])"
_PASSWORD = re.compile(rf"(?i)(?<![A-Za-zÀ-ÿ])(?:{_NAMES}){_GIVEN}{_VALUE}(?![\w(\[])")


def _password(value: str, before: str, after: str) -> float:
    """Judge by its make: a word needs quotes to be one, code that names a variable is none."""
    quoted = before[-1:] in "\"'`*" and after[:1] in "\"'`*" and before[-1:] != ""
    if is_made_up(value) or _CODE.fullmatch(value) or (not quoted and _TYPED.match(after)):
        return 0.0
    classes = sum(bool(re.search(c, value)) for c in ("[a-z]", "[A-Z]", r"\d", r"[^\w]|_"))
    if not quoted and value.isalpha():
        return 0.0
    if classes == 1:
        return CONTEXT if quoted and len(value) >= 6 and not _PROSE.search(before) else 0.0
    if classes == 2 and re.fullmatch(r"[A-Z]?[a-z'’-]+\W?", value):
        return 0.0
    return CONTEXT


_CODE = re.compile(
    r"[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)+|[a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+|https?://\S+|[@:%$]\w+|/\S*"
)
"""An attribute, a name in snake case, a URL, a parameter, a path."""
_TYPED = re.compile(r"\s?(?:\(|\[|\+=)|\.\w")
_PROSE = re.compile(r"(?i)\b(?:is|was|to|ist|est|es)\b\W*$")

_PIN = re.compile(
    r"(?<![A-Za-z])(?:PIN|pin)(?: (?:code|number|is|Code|Nummer))?\b[\"'`*_]{0,3}\s?(?:[:=]"
    r"|is|was)?\s?[\"'`*]{0,3}(?P<value>\d{4,8})(?![\w.,-]\d|\d)"
)


def _pin(value: str, before: str, after: str) -> float:
    return CONTEXT


_KEY_NAMES = (
    r"api[ _-]?keys?|apikey|(?:client|app|consumer|shared|signing"
    r"|webhook)[ _-]?secret|secret(?:[ _-]?access)?[ _-]?key"
    r"|secret|access[ _-]?(?:key|token)(?:[ _-]?id)?|auth[ _-]?(?:key"
    r"|token)|refresh[ _-]?token|bot[ _-]?token|token"
    r"|account[ _-]?key|encryption[ _-]?key|master[ _-]?key"
    r"|private[ _-]?key|licen[cs]e[ _-]?key|credentials?"
)
_KEY = re.compile(
    rf"(?i)(?<![A-Za-z])(?:{_KEY_NAMES}){_GIVEN}[\"'`*]{{0,3}}(?P<value>[A-Za-z0-9+/_=.~-]{{15,199}}[A-Za-z0-9+/_=~-])(?![\w(])"
)


def _key(value: str, before: str, after: str) -> float:
    if is_made_up(value) or _CODE.fullmatch(value) or not looks_random(value):
        return 0.0
    return CONTEXT


_HEADER = re.compile(
    r"(?i)(?<![A-Za-z])(?:bearer|basic"
    r"|authorization: ?token)[ \t]{1,3}(?P<value>[A-Za-z0-9+/_=.~-]{12,2000})(?![\w])"
)


def _header(value: str, before: str, after: str) -> float:
    """Judge a bearer token by its looks, basic authentication by the colon that it decodes to."""
    if before.rstrip().lower().endswith("basic"):
        return FORMAT if _decodes_to_a_pair(value) else 0.0
    return 0.0 if is_made_up(value) or not looks_random(value) else FORMAT


def _decodes_to_a_pair(value: str) -> bool:
    try:
        return ":" in base64.b64decode(value, validate=True).decode()
    except ValueError:
        return False


RECOGNISERS = (
    Pattern(kind="password", gate=rf"(?i)(?:{_NAMES})", regex=_PASSWORD, judge=_password),
    Pattern(kind="password", gate=r"\b(?:PIN|pin)\b[^\n]{0,16}[0-9]{4}", regex=_PIN, judge=_pin),
    Pattern(
        kind="api_key",
        gate=r"(?i)(?:key|secret|token|credential)[^\n]{0,12}[A-Za-z0-9+/_=.~-]{16}",
        regex=_KEY,
        judge=_key,
    ),
    Pattern(
        kind="api_key",
        gate=r"(?i)(?:bearer|basic|authorization: ?token)[ \t]",
        regex=_HEADER,
        judge=_header,
    ),
)
