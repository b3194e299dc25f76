"""The vault: which value each pseudonym stands for, in a SQLite file that its owner alone reads."""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path
from types import TracebackType

from curate.checks.personal.pseudonyms import ENVIRONMENT, TAG, pseudonym
from curate.errors import ConfigError

__all__ = ["Vault"]


class Vault:
    """Pseudonyms and their values; open it in a ``with`` block.

    The file is made with mode 0600. `commit` is called before redacted texts are handed out, so
    that a kill at any moment leaves no placeholder without its value.

    Args:
        path: The file; made where there is none, with a key of the environment variable
            ``CURATE_PSEUDONYM_KEY``, or a random one.

    Raises:
        ConfigError: If the file is none of these.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file = _opened(self.path)
        self.key = self._key()
        self._values: dict[str, str] = dict(
            self._file.execute("SELECT name, value FROM pseudonyms")
        )

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._values)

    def keep(self, kind: str, value: str, key: bytes) -> str:
        """Return the pseudonym of a value, and remember what it stands for.

        Two values that share a tag are told apart by a longer one for the later.
        """
        for length in range(TAG, 5 * TAG + 1, TAG):
            name = pseudonym(kind, value, key, length)
            if self._values.setdefault(name, value) == value:
                break
        self._file.execute("INSERT OR IGNORE INTO pseudonyms VALUES (?, ?, ?)", (name, kind, value))
        return name

    def value(self, name: str) -> str | None:
        """Return what a pseudonym stands for, or None where the vault does not know it."""
        return self._values.get(name)

    def commit(self) -> None:
        """Make sure that the disk holds all that was kept."""
        self._file.commit()

    def close(self) -> None:
        """Commit, and close the file."""
        self._file.commit()
        self._file.close()

    def _key(self) -> bytes:
        with self._file:
            fresh = os.environ.get(ENVIRONMENT, "").encode() or secrets.token_bytes(32)
            self._file.execute("INSERT OR IGNORE INTO settings VALUES ('key', ?)", (fresh,))
        key: bytes = self._file.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()[
            0
        ]
        return key


_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pseudonyms
    (name TEXT PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL);
"""


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    file = sqlite3.connect(path, timeout=60)
    try:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")
        file.executescript(_TABLES)
    except sqlite3.DatabaseError as error:
        file.close()
        raise ConfigError(f"{path}: no vault of pseudonyms ({error}); name another file") from error
    return file
