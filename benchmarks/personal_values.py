"""Values with known truth: personal data and secrets that are valid, and their hard negatives.

Drawn from a seeded generator with the check digits that the formats demand, none of them of a
living person but by chance. ``development`` was tuned on; ``first`` was reported on once, then
its misses were mended, so that it counts as development since. What is reported on now stands in
`personal_report`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib
import json
import zlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Literal

__all__ = ["NEGATIVES", "POSITIVES", "Maker", "Part", "Seen", "Values"]

Part = Literal["development", "first", "report"]
Seen = Literal["development", "first"]
Maker = Callable[[Random], str]
Values = Mapping[str, Mapping[Seen, tuple[Maker, ...]]]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HEX = "0123456789abcdef"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def drawn(rng: Random, form: str) -> str:
    """Fill a form: # a digit, @ a capital letter, ? a letter or digit, ~ a hexadecimal digit."""
    sets = {"#": "0123456789", "@": LETTERS, "?": ALNUM, "~": HEX}
    return "".join(rng.choice(sets[c]) if c in sets else c for c in form)


def form(*forms: str) -> tuple[Maker, ...]:
    """Return a maker for each form."""
    return tuple(functools.partial(drawn, form=one) for one in forms)


def valid(module: str, shape: str) -> Maker:
    """Return a maker that draws until `stdnum` finds its check digits right."""

    def make(rng: Random) -> str:
        checker: Any = importlib.import_module(f"stdnum.{module}")
        while True:
            value = drawn(rng, shape)
            if checker.is_valid(value):
                return value

    return make


def dated(module: str, shape: str) -> Maker:
    """As `valid`, with a date of birth in place of YY, MM and DD."""

    def make(rng: Random) -> str:
        checker: Any = importlib.import_module(f"stdnum.{module}")
        while True:
            year, month, day = rng.randint(50, 99), rng.randint(1, 12), rng.randint(1, 28)
            filled = shape.replace("YY", f"{year}").replace("MM", f"{month:02}")
            value = drawn(rng, filled.replace("DD", f"{day:02}"))
            if checker.is_valid(value):
                return value

    return make


def phone(region: str, international: bool) -> Maker:
    """Return a maker of numbers that the region's plan has, written as people there write them."""

    def make(rng: Random) -> str:
        import phonenumbers as p

        example = p.example_number_for_type(region, rng.choice((0, 1)))
        assert example is not None
        known, code = p.national_significant_number(example), p.country_code_for_region(region)
        while True:
            digits = known[:4] + "".join(rng.choice("0123456789") for _ in known[4:])
            number = p.parse(f"+{code}{digits}")
            if p.is_valid_number_for_region(number, region):
                style = "INTERNATIONAL" if international else "NATIONAL"
                return str(p.format_number(number, getattr(p.PhoneNumberFormat, style)))

    return make


def card(lead: str, length: int, groups: str) -> Maker:
    """Return a maker of card numbers: the brand's first digits, Luhn's last."""

    def make(rng: Random) -> str:
        from stdnum import luhn

        body = lead + "".join(rng.choice("0123456789") for _ in range(length - len(lead) - 1))
        digits = iter(body + luhn.calc_check_digit(body))
        return "".join(next(digits) if c == "#" else c for c in groups)

    return make


def iban(country: str, bban: str, spaced: bool) -> Maker:
    """Return a maker of IBANs of a country."""

    def make(rng: Random) -> str:
        from stdnum import iban as known

        while True:
            rest = drawn(rng, bban)
            number = f"{country}{known.calc_check_digits(f'{country}00{rest}')}{rest}"
            if known.is_valid(number):
                return str(known.format(number)) if spaced else number

    return make


def base58(version: int, size: int, tail: bytes = b"") -> Maker:
    """Return a maker of base58check texts: a version byte, `size` bytes, four of checksum."""

    def make(rng: Random) -> str:
        raw = bytes([version]) + rng.randbytes(size) + tail
        raw += hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]
        number, out = int.from_bytes(raw, "big"), ""
        while number:
            number, digit = divmod(number, 58)
            out = BASE58[digit] + out
        return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out

    return make


def checksummed(lead: str) -> Maker:
    """Return a maker of tokens whose last six digits are the CRC-32 of the others, in base 62."""

    def make(rng: Random) -> str:
        body = drawn(rng, "?" * 30)
        number, tail = zlib.crc32(body.encode()), ""
        for _ in range(6):
            number, digit = divmod(number, 62)
            tail = ALNUM[digit] + tail
        return lead + body + tail

    return make


def jwt(algorithm: str) -> Maker:
    """Return a maker of JSON web tokens."""

    def make(rng: Random) -> str:
        said = ({"alg": algorithm, "typ": "JWT"}, {"sub": drawn(rng, "######"), "iat": 1700000000})
        parts = [json.dumps(part).encode() for part in said] + [rng.randbytes(32)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    return make


def pem(name: str, size: int) -> Maker:
    """Return a maker of private key blocks."""

    def make(rng: Random) -> str:
        body = base64.encodebytes(rng.randbytes(size)).decode()
        return f"-----BEGIN {name}PRIVATE KEY-----\n{body}-----END {name}PRIVATE KEY-----"

    return make


def email(*domains: str) -> Maker:
    """Return a maker of mailboxes."""
    first = "anna ben chloe david elif farid greta hugo ines jonas kavya luis mei nils olga".split()
    last = "adler brown costa dubois eriksen fischer garcia haddad ito jansen kumar lopez".split()

    def make(rng: Random) -> str:
        join = rng.choice((".", "_", "", "-"))
        name = f"{rng.choice(first)}{join}{rng.choice(last)}{rng.choice(('', '7', '84', '+news'))}"
        return f"{name}@{rng.choice(domains)}"

    return make


def password(*forms: str) -> tuple[Maker, ...]:
    """Return makers of what people make up."""
    words = ("Sommer", "tiger", "Dragon", "blue", "kitten", "Paris", "monkey", "Winter")
    return tuple(lambda rng, f=f: drawn(rng, rng.choice(words) + f) for f in forms)


def date(*forms: str) -> tuple[Maker, ...]:
    """Return makers of dates from 1940 to 2009."""

    def make(rng: Random, form: str) -> str:
        import datetime

        day = datetime.date(1940, 1, 1) + datetime.timedelta(rng.randrange(70 * 365))
        return day.strftime(form)

    return tuple(functools.partial(make, form=one) for one in forms)


def street(*forms: str) -> tuple[Maker, ...]:
    """Return makers of addresses; a form's {s} is a name, # a digit."""
    names = ("Maple", "Linden", "Garden", "Mill", "Church", "Kastanien", "Wilson", "Harbor")
    return tuple(lambda rng, f=f: drawn(rng, f.replace("{s}", rng.choice(names))) for f in forms)


def ip(public: bool = True) -> Maker:
    """Return a maker of IPv4 addresses."""

    def make(rng: Random) -> str:
        import ipaddress

        while True:
            address = ipaddress.IPv4Address(rng.getrandbits(32))
            if address.is_global and not address.is_multicast and address.packed[0] > 30:
                return str(address)

    return make


POSITIVES: Values = {
    "email": {
        "development": (email("gmail.com", "web.de", "acme.co.uk", "uni-bonn.de"),),
        "first": (email("proton.me", "orange.fr", "mail.tsinghua.edu.cn", "dept.corp.io"),),
    },
    "phone": {
        "development": (
            *(phone(r, True) for r in ("US", "GB", "DE", "FR")),
            *(phone(r, False) for r in ("US", "GB", "FR")),
        ),
        "first": (
            *(phone(r, True) for r in ("JP", "BR", "PL", "KE", "SE")),
            *(phone(r, False) for r in ("AU", "ES", "IT", "CA", "IN")),
        ),
    },
    "card": {
        "development": (card("4", 16, "#### #### #### ####"), card("53", 16, "################")),
        "first": (
            card("37", 15, "#### ###### #####"),
            card("6011", 16, "####-####-####-####"),
            card("2250", 16, "#### #### #### ####"),
            card("3530", 16, "################"),
        ),
    },
    "iban": {
        "development": (iban("DE", "#" * 18, True), iban("GB", "@@@@" + "#" * 14, False)),
        "first": (
            iban("NL", "@@@@" + "#" * 10, True),
            iban("PL", "#" * 24, True),
            iban("AT", "#" * 16, False),
            iban("CH", "#" * 17, True),
        ),
    },
    "ip": {
        "development": (ip(),),
        "first": (
            ip(),
            *form("2a02:8071:~~~~:~~~~::~~~~", "2001:9e8:~~~~:~~00:~~~~:~~~~:~~~~:~~~~"),
        ),
    },
    "mac": {
        "development": form("3c:22:fb:~~:~~:~~"),
        "first": form("A4-5E-60-~~-~~-~~", "f0:18:98:~~:~~:~~", "001b.63~~.~~~~"),
    },
    "national_id": {
        "development": (
            valid("us.ssn", "###-##-####"),
            valid("it.codicefiscale", "RSSMRA8#A0#H50#@"),
            valid("es.dni", "########@"),
            valid("br.cpf", "###.###.###-##"),
        ),
        "first": (
            valid("gb.nhs", "### ### ####"),
            valid("fr.nir", "1 8# 0# 7# ### ### ##"),
            valid("in_.aadhaar", "#### #### ####"),
            dated("pl.pesel", "YYMMDD#####"),
            dated("se.personnummer", "YYMMDD-####"),
            dated("kr.rrn", "YYMMDD-1######"),
            valid("ch.ssn", "756.####.####.##"),
            valid("nl.bsn", "#########"),
            valid("de.idnr", "## ### ### ###"),
            dated("fi.hetu", "DDMMYY-###@"),
        ),
    },
    "passport": {
        "development": form("5########"),
        "first": form("@@#######", "C4VK#####", "@########"),
    },
    "birth_date": {
        "development": date("%d/%m/%Y", "%Y-%m-%d"),
        "first": date("%B %d, %Y", "%d.%m.%Y", "%d %B %Y", "%m/%d/%y"),
    },
    "address": {
        "development": street("1## {s} Street, Boston, MA 02###", "{s}straße 1#, 10### Berlin"),
        "first": street(
            "4## {s} Boulevard Apt 3, Denver, CO 80###",
            "2# {s} Road, Leeds LS1 4AP",
            "1# avenue {s}, 69### Lyon",
            "Calle {s} 4#, 28### Madrid",
            "{s}gasse #, 10## Wien",
        ),
    },
    "wallet": {
        "development": (base58(0, 20), *form("0x" + "~" * 40)),
        "first": (base58(5, 20), base58(0x41, 20)),
    },
    "api_key": {
        "development": (checksummed("ghp_"), *form("AKIA" + "@" * 16, "sk-proj-" + "?" * 48)),
        "first": (
            checksummed("npm_"),
            *form(
                "xoxb-############-############-" + "?" * 24, "AIza" + "?" * 35, "glpat-" + "?" * 20
            ),
            *form(
                "sk_live_" + "?" * 24, "SG." + "?" * 22 + "." + "?" * 43, "sk-ant-api03-" + "?" * 95
            ),
        ),
    },
    "jwt": {"development": (jwt("HS256"),), "first": (jwt("RS256"), jwt("ES384"))},
    "private_key": {
        "development": (pem("RSA ", 600),),
        "first": (pem("", 48), pem("OPENSSH ", 300), pem("EC ", 120), base58(0x80, 32, b"\1")),
    },
    "url_credentials": {
        "development": form("anna:??????????"),
        "first": form("svc-app:????????#", "root:?????-?????"),
    },
    "password": {
        "development": password("###!", "#_##"),
        "first": password("@##", "!!##", "-##-@"),
    },
}
"""Kind to makers: valid values, in formats of several countries."""


def broken(maker: Maker, alphabet: str = "0123456789") -> Maker:
    """Return a maker of what another one makes with its last character altered."""

    def make(rng: Random) -> str:
        value = maker(rng)
        return value[:-1] + rng.choice([c for c in alphabet if c != value[-1]])

    return make


def isbn(rng: Random) -> str:
    from stdnum import ean

    body = drawn(rng, "978#########")
    return f"978-{body[3]}-{body[4:8]}-{body[8:]}-{ean.calc_check_digit(body)}"


NEGATIVES: Mapping[Seen, Mapping[str, tuple[Maker, ...]]] = {
    "development": {
        "order": form("########", "10########"),
        "broken card": (broken(card("4", 16, "#### #### #### ####")),),
        "broken iban": (broken(iban("DE", "#" * 18, True)),),
        "version": form("10.#.1#.#", "1#.0.##.2"),
        "uuid": form("~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~"),
        "commit": form("~" * 40),
        "isbn": (isbn,),
        "sum": form("#### - #### = ###", "12## / 2##", "#.#######"),
        "score": form("#-#", "6-4, 7-5", "1##-9#"),
        "placeholder": form("user@example.com", "192.168.1.##", "sk-xxxxxxxxxxxxxxxxxxxxxxxx"),
    },
    "first": {
        "order": form("SO-#######", "114-#######-#######", "#### #### ##", "INV##########"),
        "broken card": (
            broken(card("5", 16, "####-####-####-####")),
            broken(card("37", 15, "#### ###### #####")),
        ),
        "broken iban": (broken(iban("NL", "@@@@" + "#" * 10, True)),),
        "broken wallet": (broken(base58(0, 20), BASE58),),
        "broken token": (broken(checksummed("ghp_"), ALNUM),),
        "broken id": (
            broken(valid("es.dni", "########@"), "TRWAGMYFPDXBNJZSQVHLCKE"),
            broken(valid("br.cpf", "###.###.###-##")),
        ),
        "version": form("3.1#.#.2##", "v2.#.#.1", "120.0.####.###"),
        "uuid": form("~~~~~~~~-~~~~-1~~~-b~~~-~~~~~~~~~~~~"),
        "commit": form("~" * 64, "~~~~~~~"),
        "isbn": (isbn, *form("####-###X")),
        "sum": form(
            "3.14159265##", "(## + ##) * 4## = ####", "1,2##,###.##", "2^## - 1 = 2147483647"
        ),
        "score": form("21-1#, 19-21, 21-1#", "1#:2#:0#", "2-0, 1-1, 3-2"),
        "price": form("$1,299.00", "£##.## - £##.##", "EUR 1.###,##"),
        "date": (*date("%Y%m%d"), *form("2024-01-0#T1#:0#:##Z", "1999-2003")),
        "code": form(
            'password = os.environ["DB_PASSWORD"]',
            "token: str = get_token(user)",
            "rgb(1##, 1##, ##)",
        ),
        "placeholder": form(
            "jane@example.org", "10.0.#.##", "127.0.0.1", "YOUR_API_KEY_HERE", "00:00:00:00:00:00"
        ),
    },
}
"""What looks like a value, and is none."""
