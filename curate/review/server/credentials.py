"""The owner's password and API key: made once, kept in a file that only its owner may read."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from curate.errors import DeskError

__all__ = ["Credentials", "find", "keep"]

USERNAME = "curate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens the server."""

    username: str
    """The owner's name, and that of their workspace."""
    password: str = field(repr=False)
    """For the login page."""
    api_key: str = field(repr=False)
    """For the SDK and REST."""
    auth_secret: str = field(repr=False)
    """Signs the login tokens, so that a login outlives a restart."""

    def hidden_in(self, text: str) -> str:
        """Return the text without any of the secrets."""
        for secret in (self.password, self.api_key, self.auth_secret):
            text = text.replace(secret, "[secret]")
        return text


def keep(file: Path) -> Credentials:
    """Return the credentials of `file`, made and written there if it does not exist."""
    found = find(file)
    if found:
        file.chmod(0o600)
        return found
    made = Credentials(
        username=USERNAME,
        password=secrets.token_urlsafe(12),
        api_key=secrets.token_urlsafe(32),
        auth_secret=secrets.token_urlsafe(32),
    )
    _write(file, json.dumps(asdict(made), indent=2))
    return made


def find(file: Path) -> Credentials | None:
    """Return the credentials of `file`, or None if there is no such file.

    Raises:
        DeskError: If the file cannot be read as credentials.
    """
    if not file.exists():
        return None
    try:
        entry = json.loads(file.read_text("utf-8"))
        return Credentials(**{one.name: str(entry[one.name]) for one in fields(Credentials)})
    except (OSError, ValueError, KeyError, TypeError):
        raise DeskError(
            f"{file}: not the credentials that `curate argilla up` wrote; delete the file and "
            "run `curate argilla up` again: the server then gets a new password and API key"
        ) from None


def _write(file: Path, content: str) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    beside.replace(file)
