"""Text from data files, made harmless for a page, and the policy that proves it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

__all__ = ["embed_json", "policy", "shown"]

Json = Any

_NEVER_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ACTIVE_IN_HTML = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def shown(text: str) -> str:
    """Put U+FFFD for what would break or bend a line: controls, bidi overrides, lone surrogates.

    >>> shown("invoice\u202egpj.exe").isprintable()
    True
    """
    return _NEVER_SHOWN.sub("\ufffd", text)


def embed_json(value: Json) -> str:
    r"""Write JSON that may stand inside a script element, and that UTF-8 can hold.

    What HTML could read as the end of the element, U+2028 and U+2029, and surrogates without
    a partner become JSON escapes; NaN and infinities must have been made null before.

    Raises:
        ValueError: If a number is not finite.

    >>> embed_json({"text": "</script>"})
    '{"text":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _ACTIVE_IN_HTML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def policy(*, script: str, style: str) -> str:
    """Return a Content-Security-Policy under which this one script and style sheet work.

    Nothing is fetched, no other script or style applies, and no text becomes markup by script
    (trusted types).

    >>> policy(script="", style="").split("; ")[0]
    "default-src 'none'"
    """
    rules = (
        "default-src 'none'",
        f"script-src '{_source(script)}'",
        f"style-src '{_source(style)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    )
    return "; ".join(rules)


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
