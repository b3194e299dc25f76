"""Start, find and stop the embedded Argilla."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from curate.errors import DeskError
from curate.review.server import credentials, environment, processes
from curate.review.server.credentials import Credentials
from curate.review.server.locks import locked
from curate.review.server.processes import Process

__all__ = ["Server", "down", "status", "up"]

DEFAULT_PORT = 6900

_HOST = "127.0.0.1"
_PARTS = ("server", "worker", "redis")  # in the order in which they are stopped
_LAUNCH = Path(__file__).with_name("launch.py")
_START_SECONDS = 180.0
_STOP_SECONDS = 15.0
_LONGEST_SOCKET = 100  # bytes; sun_path holds 108 on Linux and 104 on macOS
_PORTS_TO_TRY = 100
# What a user has set for another server, or another Python, is not meant for this one.
_NOT_INHERITED = ("ARGILLA_", "PYTHON", "UVICORN_", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An embedded Argilla, running or not."""

    url: str
    """Where the browser and the SDK find it."""
    username: str
    """The owner's name, and that of their workspace."""
    password: str = field(repr=False)
    """For the login page."""
    api_key: str = field(repr=False)
    """For the SDK and REST."""
    home: Path
    """The folder given to `up`; the data lie in `home / "argilla"`."""
    port: int
    """On 127.0.0.1, and on no other address."""
    pids: Mapping[str, int]
    """The process id of each part that runs: server, worker, redis."""
    running: bool
    """Whether all parts run and the server answers."""
    version: str
    """Argilla's version."""


def up(
    home: Path | None = None,
    *,
    port: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Server:
    """Start an Argilla of one's own, or return the one that runs already.

    The first call installs the server (a minute or two); later ones take some seconds.
    Data, password and API key stay from one start to the next.

    Args:
        home: Where everything is kept; `$CURATE_HOME` or `~/.curate` by default.
        port: The port to listen on. By default the one of last time, else 6900, else the
            next that is free.
        say: Told, in a sentence each, what takes long.

    Returns:
        The running server, with the credentials of its owner.

    Raises:
        DeskError: If it cannot be installed or started; the message says what to do.
    """
    home = _home(home)
    data = _folder(home)
    with _alone(data, say) as lock:
        found = _look(home)
        if found and found.running:
            return _with_port(found, port)
        log = data / "logs" / "install.log"
        python = environment.interpreter(home, log=log, say=say)
        _stop_all(data)  # what is left of a start that was cut short
        return _start(home, python, port, lock, say)


def down(home: Path | None = None) -> bool:
    """Stop the server, its worker and its Redis; the data stay.

    Returns:
        Whether anything ran.
    """
    data = _data(_home(home))
    if not data.exists():
        return False
    with _alone(_folder(_home(home)), lambda _: None):
        return _stop_all(data)


def status(home: Path | None = None) -> Server | None:
    """Return the server as it is now, running or not; None if there never was one."""
    return _look(_home(home))


def _home(home: Path | None) -> Path:
    chosen = home or os.environ.get("CURATE_HOME") or "~/.curate"
    return Path(chosen).expanduser().absolute()


def _data(home: Path) -> Path:
    return home / "argilla"


def _folder(home: Path) -> Path:
    """Make the data folder, and see to it that its owner alone can enter."""
    data = _data(home)
    try:
        for part in ("", "logs", "run", "redis", "tmp"):
            (data / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_anothers(data)
        data.chmod(0o700)
    except OSError as error:
        raise DeskError(
            f"{data}: cannot be made a private folder ({error.strerror}); name another with "
            "CURATE_HOME"
        ) from error
    return data


def _refuse_anothers(data: Path) -> None:
    owner = data.stat().st_uid
    if owner != os.getuid():
        raise DeskError(
            f"{data}: belongs to user id {owner}, not to you ({os.getuid()}); name another "
            "folder with CURATE_HOME"
        )


def _alone(data: Path, say: Callable[[str], None]) -> Any:
    def waiting() -> None:
        say("Another `curate argilla` command is at work; waiting for it.")

    return locked(data / "lock", waiting=waiting)


def _look(home: Path) -> Server | None:
    data = _data(home)
    known = credentials.find(data / "credentials.json")
    port = _remembered_port(data)
    if known is None or port is None:
        return None
    parts = processes.noted(data / "run")
    version = _answer(port, known) if set(parts) >= set(_PARTS) else None
    return Server(
        url=f"http://{_HOST}:{port}",
        username=known.username,
        password=known.password,
        api_key=known.api_key,
        home=home,
        port=port,
        pids={part: process.pid for part, process in parts.items()},
        running=version is not None,
        version=version or environment.VERSION,
    )


def _answer(port: int, known: Credentials) -> str | None:
    """Return the version of the server that answers and knows our key, if it is there."""
    try:
        with httpx.Client(base_url=f"http://{_HOST}:{port}", trust_env=False) as client:
            version = client.get("/api/v1/version").json()["version"]
            me = client.get("/api/v1/me", headers={"X-Argilla-Api-Key": known.api_key})
            return str(version) if me.status_code == 200 else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def _with_port(found: Server, port: int | None) -> Server:
    if port not in (None, found.port):
        raise DeskError(
            f"Argilla runs already at {found.url}; stop it with `curate argilla down` before "
            f"starting it on port {port}"
        )
    return found


def _start(
    home: Path, python: Path, port: int | None, lock: int, say: Callable[[str], None]
) -> Server:
    data = _data(home)
    known = credentials.keep(data / "credentials.json")
    chosen = _choose_port(data, port)
    _prepare_database(data / "argilla.db")
    _clear(data)
    socket_path = _socket(data)
    (data / "run" / "redis.conf").write_text(_redis_settings(socket_path), "utf-8")
    _remember_port(data, chosen)
    say(f"Starting Argilla {environment.VERSION} at http://{_HOST}:{chosen}.")
    env = _environment(data, chosen, socket_path, lock)
    try:
        with _inheritable(lock):
            started = [_spawn(part, python, data, chosen, env) for part in reversed(_PARTS)]
        return _ready(home, started, known)
    except BaseException:
        _stop_all(data)
        raise


def _choose_port(data: Path, asked: int | None) -> int:
    if asked is not None:
        if not _is_free(asked):
            raise DeskError(
                f"port {asked} on {_HOST} is taken; stop what listens there, or give another "
                "with --port"
            )
        return asked
    first = _remembered_port(data) or DEFAULT_PORT
    for port in range(first, first + _PORTS_TO_TRY):
        if _is_free(port):
            return port
    raise DeskError(f"ports {first} to {port} on {_HOST} are all taken; give another with --port")


def _is_free(port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, port))
        except (OSError, OverflowError):
            return False
        return True


def _remembered_port(data: Path) -> int | None:
    try:
        return int(json.loads((data / "settings.json").read_text("utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember_port(data: Path, port: int) -> None:
    beside = data / ".settings.json"
    beside.write_text(json.dumps({"port": port}), "utf-8")
    beside.replace(data / "settings.json")


def _prepare_database(file: Path) -> None:
    """Have SQLite write ahead: readers and writers then do not wait for each other.

    The mode is a property of the file and stays with it. A file without a single user is
    what a first start leaves when it is cut short amid its migrations, which cannot be
    taken up again: it is made anew.
    """
    try:
        if not _has_users(file):
            for part in ("", "-wal", "-shm"):
                file.with_name(file.name + part).unlink(missing_ok=True)
        file.touch(mode=0o600)
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
    except sqlite3.Error as error:
        raise DeskError(
            f"{file}: SQLite cannot use it ({error}); put back a copy, or move it away to "
            "start with an empty Argilla"
        ) from error


def _has_users(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=10)) as connection:
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'users'"
        if not connection.execute(tables).fetchone()[0]:
            return False
        return bool(connection.execute("SELECT count(*) FROM users").fetchone()[0])


def _clear(data: Path) -> None:
    """Leave the files of the last run behind, and its logs as `*.log.1`."""
    shutil.rmtree(data / "tmp", ignore_errors=True)
    (data / "tmp").mkdir(mode=0o700)
    for part in _PARTS:
        (data / "run" / f"{part}.json").unlink(missing_ok=True)
        log = _log(data, part)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))


def _log(data: Path, part: str) -> Path:
    return data / "logs" / f"{part}.log"


def _socket(data: Path) -> Path:
    """Return where Redis listens: beside the data, unless that name is too long for a socket."""
    near = data / "run" / "redis.sock"
    if len(os.fsencode(near)) <= _LONGEST_SOCKET:
        return near
    return Path(tempfile.mkdtemp(prefix="curate-")) / "redis.sock"


def _redis_settings(socket_path: Path) -> str:
    """Listen on the socket alone, and keep the jobs across restarts."""
    return (
        f"port 0\nunixsocket {_quoted(socket_path)}\nunixsocketperm 700\n"
        'dir redis\nappendonly yes\nsave ""\ndaemonize no\nset-proc-title no\n'
    )


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _environment(data: Path, port: int, socket_path: Path, lock: int) -> dict[str, str]:
    """Return what the parts are told; secrets they read from the credentials' file."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED)}
    origins = [f"http://{host}:{port}" for host in (_HOST, "localhost")]
    return kept | {
        "ARGILLA_HOME_PATH": str(data),
        "ARGILLA_DATABASE_URL": "sqlite+aiosqlite:///argilla.db?check_same_thread=False",
        "ARGILLA_DATABASE_SQLITE_TIMEOUT": "60",
        "ARGILLA_SEARCH_ENGINE": "sqlite",
        "ARGILLA_REDIS_URL": f"unix://{quote(str(socket_path))}",
        "ARGILLA_CORS_ORIGINS": json.dumps(origins),
        "ARGILLA_ENABLE_TELEMETRY": "0",
        "ARGILLA_SHOW_HUGGINGFACE_SPACE_PERSISTENT_STORAGE_WARNING": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), _HOST, "localhost"])),
        "TMPDIR": str(data / "tmp"),  # the server leaves a copy of its pages there
        "CURATE_LOCK_FD": str(lock),
        "_TYPER_STANDARD_TRACEBACK": "1",  # its own would print local variables into the log
    }


@contextmanager
def _inheritable(descriptor: int) -> Iterator[None]:
    """Let children have the lock while they are being started."""
    os.set_inheritable(descriptor, True)
    yield
    os.set_inheritable(descriptor, False)


def _spawn(part: str, python: Path, data: Path, port: int, env: Mapping[str, str]) -> Process:
    command = [str(python), "-s", str(_LAUNCH), part, str(data)]
    if part == "server":
        command.append(str(port))
    return processes.spawn(part, command, env=env, log=_log(data, part))


def _ready(home: Path, started: list[Process], known: Credentials) -> Server:
    """Wait until the server answers; fail as soon as one of its parts ends."""

    def settled() -> bool:
        return bool(failed()) or _running(home)

    def failed() -> list[Process]:
        return [process for process in started if not process.alive]

    in_time = processes.wait_until(settled, seconds=_START_SECONDS)
    found = _look(home)
    if found and found.running and not failed():
        return found
    raise DeskError(_failure(_data(home), failed(), in_time, known))


def _running(home: Path) -> bool:
    found = _look(home)
    return bool(found and found.running)


def _failure(data: Path, failed: list[Process], in_time: bool, known: Credentials) -> str:
    part = failed[0].part if failed else "server"
    log = _log(data, part)
    tail = log.read_text("utf-8", "replace") if log.exists() else ""
    met = f"Argilla's {part} ended while starting"
    if not in_time:
        met = f"Argilla did not answer within {_START_SECONDS:.0f} seconds"
    shown = "\n".join(tail.splitlines()[-15:])
    return f"{met}. {_advice(tail)}\nThe last lines of {log}:\n{known.hidden_in(shown)}"


def _advice(log: str) -> str:
    if "address already in use" in log.lower():
        return "Its port was taken meanwhile; run `curate argilla up` again."
    if "No space left" in log or "disk is full" in log:
        return "The disk is full; make room and run `curate argilla up` again."
    if "ModuleNotFoundError" in log or "ImportError" in log:
        return "Its environment is damaged; delete that folder and run `curate argilla up` again."
    return "Run `curate argilla up` again; if it ends the same way, the log says why."


def _stop_all(data: Path) -> bool:
    found = processes.noted(data / "run")
    for part in _PARTS:
        if part in found:
            processes.stop(found[part], patience=_STOP_SECONDS)
        (data / "run" / f"{part}.json").unlink(missing_ok=True)
    return bool(found)
