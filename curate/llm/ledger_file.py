"""The ledger's file: its tables, its version, and what is said when it cannot be used.

::

    asks      what calls have in common: stage, member, model, address, parameters
    prompts   each distinct chat once, by the hash of its JSON text
    replies   one row a key
    failures  one row a failed call, with its reason; the next run asks it again
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from curate.errors import ProjectError

__all__ = ["in_a_sentence", "opened"]

VERSION = 1
"""Of the tables; a file with a higher number was written by a newer curate."""
_APPLICATION = 0x63757261
"""Marks the file as ours (SQLite's `application_id`): "cura"."""

_TABLES = """
CREATE TABLE asks (id INTEGER PRIMARY KEY, stage TEXT, member TEXT, model TEXT, base_url TEXT,
    params TEXT, UNIQUE (stage, member, model, base_url, params));
CREATE TABLE prompts (hash BLOB PRIMARY KEY, messages BLOB);
CREATE TABLE replies (key TEXT PRIMARY KEY, ask INTEGER, prompt BLOB, sample INTEGER,
    prompt_tokens INTEGER, completion_tokens INTEGER, counted INTEGER, money REAL, seconds REAL,
    at REAL, reply BLOB);
CREATE TABLE failures (key TEXT, ask INTEGER, prompt BLOB, sample INTEGER,
    prompt_tokens INTEGER, completion_tokens INTEGER, counted INTEGER, money REAL, seconds REAL,
    at REAL, reason TEXT);
CREATE INDEX failed ON failures (key);
"""


def opened(path: Path) -> sqlite3.Connection:
    """Open a ledger, and make it where there is none; any thread may use what is returned.

    Raises:
        ProjectError: If it cannot be opened, is no ledger, or one of a newer version.
    """
    with in_a_sentence(path):
        db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db, path)
    except BaseException:
        db.close()
        raise
    return db


@contextlib.contextmanager
def in_a_sentence(path: Path) -> Iterator[None]:
    """Turn what SQLite raises within the block into a `ProjectError`."""
    try:
        yield
    except sqlite3.Error as bad:
        raise ProjectError(
            f"{path}: the ledger cannot be used ({bad}); nothing kept so far is lost"
        ) from bad


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    with in_a_sentence(path):
        made = _is_made(db, path)
        if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        if not made:
            _make(db, path)


def _make(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, unless another process was faster."""
    db.execute("BEGIN IMMEDIATE")
    if not _is_made(db, path):
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA application_id={_APPLICATION}")
        db.execute(f"PRAGMA user_version={VERSION}")
    db.execute("COMMIT")


def _is_made(db: sqlite3.Connection, path: Path) -> bool:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise ProjectError(
            f"{path}: written by a newer curate (ledger version {version}, this one knows "
            f"{VERSION}); update it with: pip install -U curate-llm"
        )
    if not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return False
    if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise ProjectError(f"{path}: not a ledger of curate; move it away and run again")
    return True
