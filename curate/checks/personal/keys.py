"""What opens a door by itself: keys and tokens of known makers, private keys, JSON web tokens."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator

from curate.checks.personal.match import CHECKED, FORMAT, WEAK, Match, Pattern
from curate.checks.personal.payment import base58check
from curate.checks.personal.randomness import is_made_up, looks_random

__all__ = ["RECOGNISERS"]

_TOKENS = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36}",
    r"npm_[A-Za-z0-9]{36}",
    r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    r"gl(?:pat|dt|ft|soat|rt|cbt|ptt|imt|agent|oas)-[\w-]{20,70}",
    r"xox[abeoprs]-[\w-]{20,200}",
    r"xapp-\d-[A-Z0-9]{5,15}-\d{5,15}-[a-f0-9]{32,64}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}",
    r"whsec_[A-Za-z0-9+/]{32,64}",
    r"AIza[\w-]{35}",
    r"GOCSPX-[\w-]{28}",
    r"ya29\.[\w-]{50,400}",
    r"sk-(?:(?:proj|svcacct|admin|or-v1|ant-\w{3,12})-)?[\w-]{20,220}",
    r"hf_[A-Za-z]{34}",
    r"SG\.[\w-]{22}\.[\w-]{43}",
    r"(?:AC|SK)[0-9a-f]{32}",
    r"pypi-AgE[\w-]{50,400}",
    r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}",
    r"\d{8,10}:AA[\w-]{33}",
    r"AccountKey=[A-Za-z0-9+/]{86}==",
    r"do[oprs]_v1_[a-f0-9]{64}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    r"[0-9a-f]{32}-us\d{1,2}",
    r"key-[0-9a-f]{32}",
    r"dapi[0-9a-f]{32}",
    r"ntn_[A-Za-z0-9]{40,50}",
    r"secret_[A-Za-z0-9]{43}",
    r"lin_api_[A-Za-z0-9]{40}",
    r"r8_[A-Za-z0-9]{37}",
    r"gsk_[A-Za-z0-9]{52}",
    r"xai-[A-Za-z0-9]{80}",
    r"pplx-[A-Za-z0-9]{48,56}",
    r"dckr_pat_[\w-]{27}",
    r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    r"ATATT3[\w=-]{180,200}",
    r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}",
    r"hvs\.[\w-]{24,200}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"NRAK-[A-Z0-9]{27}",
    r"sq0(?:atp|csp)-[\w-]{22,43}",
    r"https://hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,28}",
    r"https://discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,72}",
)
"""Forms that the makers of keys publish, so that scanners find them."""

_TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?<![A-Za-z0-9]-)(?:{'|'.join(_TOKENS)})(?![A-Za-z0-9])")
_TOKEN_GATE = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{4}|gh[pousr]_[A-Za-z0-9]{4}|npm_[A-Za-z0-9]{8}|github_pat_|gl[a-z]{2,5}-[\w-]{20}"
    r"|xox[abeoprs]-|xapp-|[rs]k_(?:live|test)_|whsec_|AIza|GOCSPX-|ya29\.|sk-[\w-]{20}|hf_[A-Za-z]{8}|SG\.[\w-]{22}"
    r"|(?:AC|SK|key-|dapi)[0-9a-f]{32}|pypi-AgE|[MNO][\w-]{23,27}\.[\w-]{6}\.|:AA[\w-]{33}|AccountKey=|do[oprs]_v1_"
    r"|shp(?:at|ca|pa|ss)_|[0-9a-f]{32}-us|ntn_|secret_[A-Za-z0-9]{8}|lin_api_|r8_[A-Za-z0-9]{8}|gsk_|xai-[A-Za-z0-9]{8}"
    r"|pplx-|dckr_pat_|PMAK-|ATATT3|glsa_|hvs\.[\w-]{8}|AGE-SECRET-KEY-1|NRAK-|sq0|/services/T|/api/webhooks/"
)


def _token(value: str, before: str, after: str) -> float:
    """Judge by the checksum where the format has one, else by whether chance could have made it."""
    if re.match(r"gh[pousr]_|npm_", value):
        return CHECKED if _base62_checksum(value.partition("_")[2]) else 0.0
    if is_made_up(value):
        return 0.0
    if value.startswith(("sk-", "secret_", "hvs.")) and not looks_random(value[6:]):
        return 0.0
    return WEAK if "_test_" in value else FORMAT


def _base62_checksum(body: str) -> bool:
    """Check the last six digits of GitHub's and npm's tokens: CRC-32 of the others in base 62."""
    number = zlib.crc32(body[:-6].encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits == body[-6:]


_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{10,2000}\.[\w-]{10,20000}\.[\w-]{0,2000}(?![\w-])")


def _jwt(value: str, before: str, after: str) -> float:
    """Judge by the head, which is JSON that names an algorithm."""
    head = value.partition(".")[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        return 0.0
    return CHECKED if isinstance(said, dict) and "alg" in said else 0.0


_BEGIN = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d:"
)
_END = re.compile(
    r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|Private-MAC: [0-9a-f]{40,64}"
)
_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,.\"'-]{0,20000}")
_LONGEST = 20_000


class _PrivateKeys:
    """Blocks of a private key, up to their end or, where they were cut, as far as they go."""

    gate = r"PRIVATE KEY|PuTTY-User-Key-File"

    def find(self, text: str) -> Iterator[Match]:
        """Yield the blocks that hold a key: a head alone, or with dots below, is none."""
        at = 0
        while begin := _BEGIN.search(text, at):
            at = begin.end()
            end = self._end(text, at)
            if len(re.findall(r"[A-Za-z0-9+/=]", text[at:end])) >= _LEAST:
                yield Match(begin.start(), end, "private_key", FORMAT)
                at = end

    def _end(self, text: str, at: int) -> int:
        again = _BEGIN.search(text, at, at + _LONGEST)
        last = again.start() if again else at + _LONGEST
        end = _END.search(text, at, last)
        if end:
            return end.end()
        body = _BODY.match(text, at, last)
        return at + len(body[0].rstrip()) if body else at


_LEAST = 60
"""Characters of a body; the shortest key, of Ed25519, has 64."""

_WIF = re.compile(r"(?<![A-Za-z0-9])[5KLc9][1-9A-HJ-NP-Za-km-z]{50,51}(?![A-Za-z0-9])")


def _wif(value: str, before: str, after: str) -> float:
    """Judge a wallet's private key (wallet import format) by its checksum."""
    return CHECKED if base58check(value) in (0x80, 0xEF) else 0.0


_URL = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://(?P<value>[^\s:/@?#\"'<>]{0,100}:[^\s/@\"'<>]{1,100})@(?=[\w\[])"
)


def _credentials(value: str, before: str, after: str) -> float:
    password = value.partition(":")[2]
    return 0.0 if is_made_up(password) else FORMAT


RECOGNISERS = (
    Pattern(kind="api_key", gate=_TOKEN_GATE, regex=_TOKEN, judge=_token),
    Pattern(kind="jwt", gate=r"eyJ[\w-]{10}", regex=_JWT, judge=_jwt),
    _PrivateKeys(),
    Pattern(kind="private_key", gate=r"\b[5KLc9][1-9A-HJ-NP-Za-km-z]{50}", regex=_WIF, judge=_wif),
    Pattern(kind="url_credentials", gate=r"://[^\s/@]*:[^\s/@]+@", regex=_URL, judge=_credentials),
)
