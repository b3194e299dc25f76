"""The cleaned file of an audit: rows at fault taken out, personal data replaced."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import ConfigError
from curate.pipeline.audit_options import AuditOptions

if TYPE_CHECKING:
    from curate.audit import Audited, Fixed
    from curate.checks.personal.redaction import Redactor

__all__ = ["check_fix", "fixed"]

Json = Any


def check_fix(paths: Sequence[str | Path], asked: AuditOptions) -> None:
    """Check what the fix is asked for, before hours go into an audit.

    Raises:
        ConfigError: As `fixed`; or if `redact` or `vault` is given and nothing is to be fixed.
    """
    from curate.audit import targets_of
    from curate.ingest.files import find

    if asked.fix is None:
        if asked.vault or asked.redact != "auto":
            raise ConfigError("--redact and --vault say what --fix OUT does; name OUT")
        return
    targets_of(find(paths), asked.fix)
    with _redactor(asked):
        pass


def fixed(audited: Audited, paths: Sequence[str | Path], asked: AuditOptions) -> Fixed | None:
    """Write the cleaned file, where one was asked for, and what was taken out.

    Raises:
        ConfigError: If the output is one of the audited files, or pseudonyms are asked for and
            there is no key.
    """
    from curate.audit import fix

    if asked.fix is None:
        return None
    with _redactor(asked) as redact:
        return fix(audited, paths, asked.fix, redact=redact)


@contextlib.contextmanager
def _redactor(
    asked: AuditOptions,
) -> Iterator[Callable[[Sequence[Json]], list[Json]] | None]:
    """Give what replaces personal data in rows; None where such rows are taken out."""
    from curate.checks.personal.pseudonyms import ENVIRONMENT
    from curate.checks.personal.redaction import Redactor
    from curate.checks.personal.vault import Vault

    if asked.redact == "drop":
        yield None
        return
    how = asked.redact
    if how == "auto":
        how = "pseudonym" if asked.vault or os.environ.get(ENVIRONMENT) else "mask"
    with contextlib.ExitStack() as open_:
        vault = open_.enter_context(Vault(asked.vault)) if asked.vault else None
        redactor = Redactor(how=how, vault=vault)
        yield lambda rows: _without(rows, redactor)


def _without(rows: Sequence[Json], redactor: Redactor) -> list[Json]:
    """Return rows with the values in all their texts replaced; keys and numbers stay."""
    texts: list[str] = []
    leads: list[str] = []

    def gather(text: str, lead: str) -> str:
        texts.append(text)
        leads.append(lead)
        return text

    for row in rows:
        _visit(row, "", gather)
    done = iter(redactor.texts(texts, leads))
    return [_visit(row, "", lambda text, lead: next(done)) for row in rows]


def _visit(value: Json, lead: str, change: Callable[[str, str], Json]) -> Json:
    if isinstance(value, str):
        return change(value, lead)
    if isinstance(value, dict):
        return {key: _visit(inner, f"{key}: ", change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_visit(inner, lead, change) for inner in value]
    return value
