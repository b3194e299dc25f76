"""How a person is reached: e-mail addresses, phone numbers, postal addresses."""

from __future__ import annotations

import functools
import re
from typing import Any

from curate.checks.personal.match import CHECKED, CONTEXT, FORMAT, WEAK, Pattern

__all__ = ["RECOGNISERS", "REGIONS"]

_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]{0,63}[\w+-]"
_DOMAIN = r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,6}[^\W\d_]{2,24}"
_AT = r"[ \t]?[\[({<][ \t]?at[ \t]?[\])}>][ \t]?"
_DOT = r"(?:[ \t]?[\[({<][ \t]?dot[ \t]?[\])}>][ \t]?|\.)"

_EMAIL = re.compile(rf"(?<![\w.+%-])[\w](?:{_LOCAL})?@{_DOMAIN}(?![\w@])(?!\.\w)")
_SPELT = re.compile(
    rf"(?i)(?<![\w.+%-])[\w][\w.+-]{{0,62}}{_AT}(?:[a-z0-9-]{{1,63}}{_DOT}){{1,4}}[a-z]{{2,24}}(?!\w)"
)


def _email(value: str, before: str, after: str) -> float:
    local, _, domain = re.sub(rf"(?i){_AT}", "@", value).lower().partition("@")
    domain = re.sub(rf"(?i){_DOT}", ".", domain)
    if domain.rpartition(".")[2] in _FILES or _IN_URL.search(before):
        return 0.0
    if _RESERVED.search(domain) or local in _MACHINES or before.endswith("://"):
        return WEAK
    return FORMAT


_FILES = frozenset("png jpg jpeg gif svg webp css scss html htm json yaml yml xml txt pdf".split())
"""2x.png is a file for dense screens, no domain."""
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.\w+)?|test|invalid|localhost|local)$")
"""RFC 2606 and 6761: nobody's."""
_IN_URL = re.compile(r"://[^\s/@]{0,50}:$")
"""What follows is a password and a host, not a mailbox."""
_MACHINES = frozenset({"git", "noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon"})

REGIONS = tuple("US GB CA AU DE FR ES IT NL BE CH AT SE DK NO FI PL PT IE BR MX IN JP ZA".split())
"""Where a number without its country code may belong."""

_PHONE = re.compile(
    r"(?<![\w.,/\-+$€£¥#=%])(?:\(?\+[ ]?"
    r"|\()?\d(?:[ \t\u00a0\u2011().\-/]{0,3}\d){6,15}(?![\w%]|[.,-]\d)"
)
_CALLED = (
    r"(?:(?:my|his|her|their|our|mein\w*|mon|son|mi|su|meu"
    r"|mijn) n[uú]m(?:b|m)?er[o]?|tele?(?:fono?|phone|fon)s?"
    r"|phones?|call(?:ed|ing)?|mobile?|cell(?:ulare|phone)?|fax"
    r"|text (?:me|us|him|her|them|on|at)|sms|whats ?app|dial"
    r"|ring|reach|contact|hotline|landline|handy|rufnummer|erreichbar|anruf\w*|m[óo]vil|celular|ll[aá]m\w+"
    r"|portable|appel\w*|joindre|chiam\w+|cellulare|ligue|zap|bel|bereikbaar|mobiel\w*|mobilnummer|puhelin|tlf"
    r"|t[ée]l|电话|電話|手机|携帯|फोन|☎|📞)"
)
_NEAR = re.compile(rf"(?i)(?<![^\W_]){_CALLED}(?![^\W\d_])")
_LEADING = re.compile(
    rf"(?i)(?<![^\W_]){_CALLED}(?:\W{{1,3}}(?:number|nummer|n[uú]mero|numero|num[ée]ro|nr|no|is|at|on|me|us|him|her|them|my"
    r"|new|work|home|office|back|ist|auf|unter|mich|est|au|es|al|è|ao|é|op)(?![^\W\d_])){0,5}[^\w+=]{0,6}$"
)
_COUNTED = re.compile(
    r"(?i)\b(?:order|invoice|tracking|ref(?:erence)?|ticket|case|serial|sku|part|item|model|isbn|issn"
    r"|account|konto|transaction|version|build|batch|lot|policy|claim|bestellung|rechnung|commande"
    r"|pedido|id|doi|pmid|total|sum|equals|population|score)\b[^\n]{0,15}$|[=^*]\s*$"
)


def _phone(value: str, before: str, after: str) -> float:
    """Judge by the numbering plans: a country code, the country's own grouping, or words."""
    if "\n" in value or _DATE.fullmatch(value) or _SUM.search(value) or before.endswith("<<"):
        return 0.0
    if value.count("(") != value.count(")"):
        return 0.0
    if value.lstrip("( ").startswith("+"):
        return CHECKED if _valid(value, None) else 0.0
    if _COUNTED.search(before) or _CODED.search(before) or re.match(r"\s*[=*×^<>]", after):
        return 0.0
    leading, near = bool(_LEADING.search(before)), bool(_NEAR.search(before[-40:]))
    for region in REGIONS:
        number = _valid(value, region)
        if number and (leading or (near and _grouped(value, number, region, 2))):
            return CONTEXT
        if number and _grouped(value, number, region, _GROUPS.get(region, 4)):
            return FORMAT
    return 0.0


_SUM = re.compile(r"\d +[-/] +\d|^\d+[-/]\d+$(?<!\d{7})|\d\.\d{1,2}[-/ ]|^\d+\.\d+$")
"""A difference, a quotient or a decimal number."""
_CODED = re.compile(
    r"(?i)\b(?:function|assert|return|print|def|coords|substring|regex)\b|\w\([^()]{0,20}$"
    r"|\b(?:input|output|string|digits?|chars|text)\b[^\w\n]{0,4}[\"'`]$"
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-/. ]\d\d?[-/. ]\d\d?(?:[ \d]*)|\d\d?[-/. ]\d\d?[-/. ](?:19|20)\d\d"
)


@functools.lru_cache(maxsize=65_536)
def _valid(value: str, region: str | None) -> Any:
    """Return the parsed number where the numbering plan of its region has it, else None."""
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _grouped(value: str, number: Any, region: str, fewest: int) -> bool:
    """Say whether the digits stand in groups as people of that country write them."""
    import phonenumbers

    usual = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    groups = re.findall(r"\d+", value)
    return len(groups) >= fewest and groups == re.findall(r"\d+", usual)


_GROUPS = {"US": 3, "CA": 3, "GB": 3, "AU": 3, "BR": 3}
"""Fewest groups that tell a number apart from other figures; elsewhere 4."""

_STREET_EN = (
    r"Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq"
    r"|Terrace|Ter|Highway|Hwy|Parkway|Pkwy|Crescent|Close|Circle|Cir|Grove|Gardens|Mews|Row"
)
_TOWN = r"(?:,? [A-ZÀ-Þ][\w'’.-]{1,25}){1,3}"
_ZIP = (
    r"(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}"
    r"|[A-Z]{2,3} \d{4}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,:/$€£-])\d{{1,5}}[A-Za-z]? (?:(?:[NSEW]|North|South|East|West)\.? )?"
    rf"(?:(?:[A-Z][a-z'’]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}(?:{_STREET_EN})\b\.?"
    rf"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?\w{{1,5}})?(?:{_TOWN},? {_ZIP})?"
)
_GERMAN = re.compile(
    r"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß.-]{1,30} ){0,2}[A-ZÄÖÜ]?[\wäöüß-]{0,30}?"
    r"(?:[sS]tra(?:ß|ss)e|[sS]tr\.|[wW]eg|[pP]latz|[aA]llee|[gG]asse|straat|laan|gracht|kade)"
    r" \d{1,4} ?[a-z]?\b(?:,? (?:[A-Z]{1,2}-)?\d{4,5}(?: [A-Z]{2})? [A-ZÄÖÜ][\wäöüß.-]{1,30})?"
)
_LATIN = re.compile(
    r"(?<![\w.,])(?:\d{1,4}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue"
    r"|[Bb]oulevard|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]llée|[Qq]uai)"
    r"(?: (?:de|du|des|la|le|les|l'|d'"
    r"|[A-ZÀ-Þ][\w'’-]{1,25})){1,5}(?:,? \d{5} [A-ZÀ-Þ][\w'’-]{1,25})?"
    r"|(?:Calle|C/|Avenida|Avda\.|Plaza|Paseo|Rua|Av\.|Travessa|Via|Viale|Corso|Piazza)"
    r"(?: (?:de|del|da|do|dos|la|las|los|el|dei|della"
    r"|[A-ZÀ-Þ][\w'’.-]{1,25})){1,5},? (?:n[ºo°.]{1,2} ?)?"
    r"\d{1,4}\b(?:,? (?:\d{5}(?:-\d{3})?) [A-ZÀ-Þ][\w'’-]{1,25})?)"
)
_LIVES = re.compile(
    r"(?i)\b(?:address|live[sd]?|living|reside[sd]?|located|ship(?:ped|ping)?|deliver(?:ed|y)?|mail(?:ed|ing)?|move[d]?"
    r"|home|house|wohn\w*|adresse?|anschrift|lieferung|habite|livr\w+|domicili\w+|vivo|vive|direcci[óo]n"
    r"|env[ií]\w+|abito|indirizzo|moro|endereço|entrega|woon\w*|adres)\b"
)


def _address(value: str, before: str, after: str) -> float:
    """Judge by a postcode within, or by words that say that somebody lives or receives there."""
    if re.search(r"\d{4,}|\d[A-Z]{2}$|\d[A-Z]\d$", re.sub(r"^\d+", "", value)):
        return FORMAT
    return (
        CONTEXT
        if _LIVES.search(before) or re.match(r"\.?,? (?:\d{4,5}|[A-Z][a-z]+, [A-Z]{2})\b", after)
        else WEAK
    )


RECOGNISERS = (
    Pattern(kind="email", gate=r"@[^\s@]", regex=_EMAIL, judge=_email),
    Pattern(kind="email", gate=r"(?i)[\[({<] ?at ?[\])}>]", regex=_SPELT, judge=_email),
    Pattern(
        kind="phone",
        gate=r"[0-9](?:[ \t\x{a0}\x{2011}().\-/]{0,3}[0-9]){6}",
        regex=_PHONE,
        trims=2,
        judge=_phone,
    ),
    Pattern(
        kind="address",
        gate=rf"[0-9][A-Za-z]? [A-Z0-9][^\n]{{0,60}} (?:{_STREET_EN})\b",
        regex=_ENGLISH,
        judge=_address,
    ),
    Pattern(
        kind="address",
        gate=(
            r"(?:[sS]tra(?:ß|ss)e|[sS]tr\.|[wW]eg|[pP]latz"
            r"|[aA]llee|[gG]asse|straat|laan|gracht|kade) [0-9]"
        ),
        regex=_GERMAN,
        judge=_address,
    ),
    Pattern(
        kind="address",
        gate=r"[0-9],? (?i:rue|avenue|boulevard|place|chemin|impasse|allée|quai|bis|ter) "
        r"|(?:Calle|C/|Avenida|Avda\.|Plaza|Paseo|Rua|Av\.|Travessa|Via|Viale|Corso|Piazza) ",
        regex=_LATIN,
        judge=_address,
    ),
)
