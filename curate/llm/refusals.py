"""What a server's no means: for one call, for one parameter, or for the run.

In: a status and the body of an error. Out: what it says, without a secret in it; whether it is
about a parameter that can be left away; and if no other call would fare better, what to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from curate.config import MemberConfig
from curate.llm.reading import said_in

__all__ = ["Refusal", "advice", "refusal_from", "refused_parameter", "scrubbed"]

Json = Any

_OPTIONAL = ("top_logprobs", "logprobs", "response_format", "seed", "n")
"""Parameters without which a request still makes sense; the longer name before its part."""
_COMPLAINT = re.compile(
    r"un(?:supported|known|recogni[sz]ed|expected|available)|not (?:\w+ )?(?:support|allow|permit"
    r"|implement|available|enabled)|n't support|extra|forbidden|disabled|cannot|can't|must be|"
    r"at most|only|exceed|greater|invalid|too (?:large|many|high)",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|no such model|model\b.{0,120}?(?:not found|not exist|not loaded|unknown|"
    r"not available|no access|not supported)|(?:unknown|invalid) model",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_CONTENT = re.compile(r"moderat|flagged|content.?(?:policy|filter|management)|safety", re.I)
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient.?(?:credit|balance|funds)", re.I)
_SECRET = re.compile(
    r"(?i:bearer|api[-_ ]?key[\"']?\s*[:=])\s*\S+|\b(?:sk|gsk|hf)[-_]\S{6,}|\S*\*{3,}\S*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A server's no."""

    status: int
    said: str
    """One line, without the key."""
    code: str = ""
    """The error's own code or type, where it has one."""
    parameter: str = ""
    """Which parameter it is about, where it says so."""

    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.said}" if self.said else f"HTTP {self.status}"


def refusal_from(status: int, body: bytes, *, key: str | None) -> Refusal:
    """Return what the body of an error says.

    Args:
        status: Of HTTP.
        body: As received.
        key: The API key, which shows nowhere in it afterwards.
    """
    try:
        held = json.loads(body)
    except (ValueError, RecursionError):
        held = None
    error = held.get("error", held) if isinstance(held, Mapping) else None
    named = error if isinstance(error, Mapping) else {}
    return Refusal(
        status=status,
        said=scrubbed(said_in(body), key),
        code=" ".join(str(named[k]) for k in ("code", "type") if named.get(k)),
        parameter=str(named.get("param") or ""),
    )


def scrubbed(text: str, key: str | None) -> str:
    """Return a text without the key, and without what looks like one, half masked or not.

    >>> scrubbed("Incorrect API key provided: sk-ab****yz.", "sk-abcdefyz")
    'Incorrect API key provided: …'
    """
    return _SECRET.sub("…", text.replace(key, "…") if key else text)


def refused_parameter(refusal: Refusal, body: Container[str]) -> str | None:
    """Return which optional parameter of a request the server does not take; None: it is not that.

    Args:
        refusal: Of status 400 or 422, else None is returned.
        body: The request's parameters.
    """
    if refusal.status not in (400, 422):
        return None
    there = [name for name in _OPTIONAL if name in body]
    if refusal.parameter in there:
        return refusal.parameter
    if not _COMPLAINT.search(refusal.said):
        return None
    return next((name for name in there if _names(refusal.said, name)), None)


def _names(text: str, name: str) -> bool:
    """Return whether a text names a parameter; the short `n` only after a quote, dot or colon."""
    pattern = rf"(?:[\"'`.]|: ){name}(?!\w)" if len(name) == 1 else rf"(?<!\w){name}(?!\w)"
    return re.search(pattern, text) is not None


def advice(
    refusal: Refusal, member: MemberConfig, *, answered: bool, with_key: bool = True
) -> str | None:
    """Return what to do if no other call would fare better; None if only this one is refused.

    Args:
        refusal: Any.
        member: Who was asked.
        answered: Whether this server has answered a call before: then a 403 or 404 is the call's.
        with_key: Whether a key was sent.
    """
    told = f"{refusal.code} {refusal.said}"
    if refusal.status == 402 or _NO_CREDIT.search(told):
        return "the account has no credit left; top it up, then run the same command again"
    if refusal.status == 401 or (refusal.status == 403 and not answered and _bars(told)):
        return _about_key(member, with_key)
    if refusal.status in (400, 404, 422) and _NO_MODEL.search(told) and not answered:
        return f"there is no model {member.model!r}; correct `model:` or `base_url:`"
    if (refusal.status in (404, 405) or refusal.status < 400) and not answered:
        return "no chat completions are served there; correct `base_url:` (most end in /v1)"
    return None


def _bars(told: str) -> bool:
    return not _ABOUT_CONTENT.search(told)


def _about_key(member: MemberConfig, with_key: bool) -> str:
    if not with_key:
        return "the server wants a key; name the variable that holds one in `api_key_env:`"
    return f"the key in {member.api_key_env} is refused; put a valid one into that variable"
