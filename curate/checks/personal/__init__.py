"""Personal data and secrets: found by patterns with checks, and taken out.

In: texts, or chat messages. Out: `Match`es (where, which kind, how sure), or the texts with
placeholders, which a vault can turn back. No value is ever part of a message, a log or an error.
"""

from __future__ import annotations

from curate.checks.personal.check import PERSONAL, SECRETS
from curate.checks.personal.kinds import KINDS, Kind, named
from curate.checks.personal.match import Match, Pattern, Recogniser
from curate.checks.personal.names import Names, names
from curate.checks.personal.recognisers import RECOGNISERS
from curate.checks.personal.redaction import (
    How,
    Redactor,
    found_kinds,
    redact,
    redact_message,
    redact_messages,
    restore,
    restore_message,
)
from curate.checks.personal.scan import find, scan
from curate.checks.personal.vault import Vault

__all__ = [
    "KINDS",
    "PERSONAL",
    "RECOGNISERS",
    "SECRETS",
    "How",
    "Kind",
    "Match",
    "Names",
    "Pattern",
    "Recogniser",
    "Redactor",
    "Vault",
    "find",
    "found_kinds",
    "named",
    "names",
    "redact",
    "redact_message",
    "redact_messages",
    "restore",
    "restore_message",
    "scan",
]
