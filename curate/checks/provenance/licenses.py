"""What licences of data allow: a small table of those that occur."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LICENSES", "License", "license_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What one licence asks of those who train on the data and pass it on."""

    id: str
    """As SPDX writes it, where SPDX knows it."""
    non_commercial: bool = False
    share_alike: bool = False
    no_derivatives: bool = False
    closed: bool = False
    """Nothing may be done without asking."""


def _creative_commons() -> list[License]:
    return [
        License(
            id=f"CC-BY{clause}-{version}",
            non_commercial="-NC" in clause,
            share_alike="-SA" in clause,
            no_derivatives="-ND" in clause,
        )
        for clause in ("", "-SA", "-NC", "-NC-SA", "-ND", "-NC-ND")
        for version in ("1.0", "2.0", "2.5", "3.0", "4.0")
    ]


_FREE = (
    *("CC0-1.0", "PDDL-1.0", "Unlicense", "CC-PDDC", "MIT", "MIT-0", "Apache-2.0", "0BSD", "ISC"),
    *("BSD-2-Clause", "BSD-3-Clause", "ODC-By-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0"),
    *("BSL-1.0", "Zlib", "AFL-3.0", "Artistic-2.0", "ECL-2.0", "PostgreSQL", "OFL-1.1"),
)
_COPYLEFT = (
    *("ODbL-1.0", "CDLA-Sharing-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "LGPL-3.0", "AGPL-3.0"),
    *("MPL-2.0", "EPL-2.0", "EUPL-1.2", "GFDL-1.3", "GPL-2.0-only", "GPL-3.0-only"),
    *("GPL-2.0-or-later", "GPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later"),
)
_MODELS = ("Llama2", "Llama3", "Llama3.1", "Llama3.2", "Llama3.3", "Gemma", "OpenRAIL", "DeepSeek")

LICENSES: dict[str, License] = {
    known.id.lower(): known
    for known in (
        *_creative_commons(),
        *(License(id=id) for id in (*_FREE, *_MODELS)),
        *(License(id=id, share_alike=True) for id in _COPYLEFT),
        License(id="Proprietary", closed=True),
    )
}
"""Lower-case id to licence. What a model's licence asks of its outputs is not told here."""

_ALIASES = {
    "apache": "apache-2.0",
    "apache 2": "apache-2.0",
    "apache2": "apache-2.0",
    "bsd": "bsd-3-clause",
    "cc by": "cc-by-4.0",
    "cc by sa": "cc-by-sa-4.0",
    "cc by nc": "cc-by-nc-4.0",
    "cc by nc sa": "cc-by-nc-sa-4.0",
    "cc by nd": "cc-by-nd-4.0",
    "cc by nc nd": "cc-by-nc-nd-4.0",
    "cc0": "cc0-1.0",
    "cc zero": "cc0-1.0",
    "public domain": "cc-pddc",
    "odc by": "odc-by-1.0",
    "pddl": "pddl-1.0",
    "odbl": "odbl-1.0",
    "gpl": "gpl-3.0",
    "agpl": "agpl-3.0",
    "lgpl": "lgpl-3.0",
    "all rights reserved": "proprietary",
    "closed": "proprietary",
}


def license_of(text: str) -> License | None:
    """Return the licence that a text names, or None where the table has none such.

    Spelling is forgiven: case, spaces for dashes, "license", a version left out (the newest of
    Creative Commons is taken), the address of a Creative Commons deed.

    >>> license_of("CC BY-NC 4.0").id, license_of("apache 2.0").id, license_of("my own")
    ('CC-BY-NC-4.0', 'Apache-2.0', None)
    """
    plain = _plain(text)
    words = plain.replace("-", " ")
    alias = _ALIASES.get(words.removesuffix(" 0").strip()) or _ALIASES.get(words)
    return LICENSES[alias] if alias else _loose(plain) or _loose(f"{plain}.0")


def _plain(text: str) -> str:
    deed = _DEED.search(text)
    if deed:
        name = "cc0" if deed[1].lower() == "zero" else f"cc-{deed[1].lower()}"
        return f"{name}-{deed[2]}"
    for pattern, short in _WORDED:
        text = pattern.sub(short, text)
    return re.sub(r"[\s_,/()-]+", "-", text).strip("-.").lower()


_DEED = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/([0-9.]+)", re.IGNORECASE
)
_WORDED = [
    (re.compile(pattern, re.IGNORECASE), short)
    for pattern, short in (
        (r"\b(?:the|licen[cs]ed?|version|international|unported|under)\b", " "),
        ("creative commons", "cc"),
        ("attribution", "by"),
        ("non-?commercial", "nc"),
        ("share-?alike", "sa"),
        ("no-?deriv(?:ative)?s?", "nd"),
        (r"\bv(?=\d)", ""),
    )
]


def _loose(plain: str) -> License | None:
    """Compare without any mark, so that ``ccbysa4.0`` and ``cc-by-sa-4.0`` are one."""
    return _BARE.get(_bare(plain))


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)


_BARE = {_bare(id): known for id, known in LICENSES.items()}
