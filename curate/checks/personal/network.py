"""Where a person's machine is: IP and MAC addresses."""

from __future__ import annotations

import ipaddress
import re

from curate.checks.personal.match import FORMAT, WEAK, Pattern

__all__ = ["RECOGNISERS"]

_V4 = re.compile(r"(?<![\w.\-+/^~=])\d{1,3}(?:\.\d{1,3}){3}(?![\w+-]|\.\d)")
_V6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![\w:]|\.\d)"
)
_VERSION = re.compile(
    r"(?i)\b(?:v|ver|version|release[d]?|build|section|sec|chapter|clause|article|paragraph|§|firmware|driver|oid"
    r"|update[d]?|upgrade[d]?|chrome|firefox|edge|safari|opera|windows|android|ios|linux|kernel|python|java|node"
    r"|package|dll|assembly|patch(?:ed)?|fixed in"
    r"|installed)\b[\s:=./(]{0,3}\w{0,12}[\s/]{0,2}$|[§/]\s?$"
)
_ADDRESSED = re.compile(
    r"(?i)\b(?:ip(?:v[46])?|ips|address(?:es)?|host(?:name)?|server|ping(?:ed)?|dns|subnet|gateway|client|remote|from|login"
    r"|logged|connect(?:ed|ion|ing|s)?|ssh|http|port|network|router|adresse|dirección|indirizzo|endereço|at|src|dst)\b"
)
_EVERYBODYS = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"}
)
"""Public name servers."""


def _v4(value: str, before: str, after: str) -> float:
    """Judge by the words before it; without any, what counts as a version does is none."""
    parts = value.split(".")
    if any(len(part) > 1 and part[0] == "0" for part in parts):
        return 0.0
    sure = _ip(value)
    if _VERSION.search(before) and not re.search(r"(?i)\bip\b", before):
        return min(sure, WEAK)
    counting = int(parts[0]) < 32 or sum(len(part) == 1 for part in parts) > 1
    return min(sure, WEAK) if counting and not _ADDRESSED.search(before[-40:]) else sure


def _v6(value: str, before: str, after: str) -> float:
    return _ip(value) if value.count(":") > 3 or "::" in value else 0.0


def _ip(value: str) -> float:
    """Judge by the range: the world's is somebody's; a private network's says little."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return 0.0
    if address.version == 6 and not _WORLD.match(value):
        return WEAK if address.is_private and not address.is_loopback else 0.0
    if value in _EVERYBODYS or address.is_multicast or address.is_reserved:
        return WEAK
    return FORMAT if address.is_global else WEAK


_WORLD = re.compile(r"[23][0-9A-Fa-f]{3}:")
"""2000::/3, the addresses that were given out."""

_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:(:)[0-9A-Fa-f]{2}|(-)[0-9A-Fa-f]{2})(?:(?(1):|-)[0-9A-Fa-f]{2}){4}(?![\w:-])"
    r"|(?<![\w.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w.])"
)


def _mac(value: str, before: str, after: str) -> float:
    """Judge by a letter among the digits: without one it may be a time, a lot, a number."""
    digits = re.sub(r"\W", "", value)
    if len(set(digits.lower())) < 3:
        return 0.0
    if ":" in value or re.search(r"(?i)\bmac\b|ether|hardware|physical", before):
        return FORMAT
    return FORMAT if re.search("[A-Fa-f]", digits) and re.search("[0-9]", digits) else 0.0


RECOGNISERS = (
    Pattern(kind="ip", gate=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", regex=_V4, judge=_v4),
    Pattern(
        kind="ip", gate=r"[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]", regex=_V6, judge=_v6
    ),
    Pattern(
        kind="mac",
        gate=r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
        regex=_MAC,
        judge=_mac,
    ),
)
