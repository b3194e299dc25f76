"""Starting, finding and stopping: what is kept, what is refused, what is left of a crash."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from curate.errors import DeskError
from curate.review.server import Server, down, environment, processes, status, up
from tests.argilla_server import free_port, running_argilla
from tests.review.server.desk import connect


def secrets(server: Server) -> list[str]:
    return [server.password, server.api_key]


@pytest.mark.argilla
def test_a_second_up_finds_the_first(server: Server) -> None:
    said: list[str] = []
    assert up(server.home, say=said.append) == server
    assert status(server.home) == server
    assert said == []


@pytest.mark.argilla
def test_a_second_up_on_another_port_is_refused(server: Server) -> None:
    with pytest.raises(DeskError, match=r"runs already at .*curate argilla down"):
        up(server.home, port=free_port())


@pytest.mark.argilla
def test_nothing_listens_beyond_this_machine(server: Server) -> None:
    ours = [psutil.Process(pid) for pid in server.pids.values()]
    family = [*ours, *(child for one in ours for child in one.children(recursive=True))]
    listening = {
        (c.laddr.ip, c.laddr.port)
        for process in family
        for c in process.net_connections("inet")
        if c.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", server.port)}


@pytest.mark.argilla
def test_secrets_are_in_no_command_line_log_or_repr(server: Server) -> None:
    lines = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    logs = [file.read_text() for file in (server.home / "argilla" / "logs").iterdir()]
    environ = [str(psutil.Process(pid).environ()) for pid in server.pids.values()]
    text = "\n".join([*lines, *logs, *environ, repr(server)])
    assert len(logs) >= 3
    assert not [secret for secret in secrets(server) if secret in text]


@pytest.mark.argilla
def test_all_that_is_kept_is_the_owners_alone(server: Server) -> None:
    data = server.home / "argilla"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for file in (data / "credentials.json", data / "argilla.db", data / "logs" / "server.log"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.argilla
def test_the_password_opens_the_login_page(server: Server) -> None:
    form = {"username": server.username, "password": server.password}
    assert httpx.post(f"{server.url}/api/v1/token", data=form).status_code == 201
    assert "<html" in httpx.get(f"{server.url}/sign-in").text


@pytest.mark.argilla
def test_a_crash_is_survived_with_all_data(tmp_path: Path) -> None:
    """One server, killed and started again: data, keys, address; then two starts at once."""
    with running_argilla(tmp_path / "with space % and 'quote'") as first:
        with connect(first, first.api_key) as http:
            http.post("/api/v1/workspaces", json={"name": "kept"}).raise_for_status()
        for pid in first.pids.values():
            os.kill(pid, signal.SIGKILL)
        assert processes.wait_until(lambda: _pids(first.home) == {}, seconds=10)
        left = status(first.home)
        assert left is not None
        assert (left.url, left.running) == (first.url, False)

        both = _at_the_same_time(first.home)

        assert both[0] == both[1]
        assert both[0].url == first.url
        assert secrets(both[0]) == secrets(first)
        with connect(first, first.api_key) as http:
            names = [one["name"] for one in http.get("/api/v1/me/workspaces").json()["items"]]
        assert names == ["curate", "kept"]
        pids = list(both[0].pids.values())
        assert down(first.home)
        assert not [pid for pid in pids if psutil.pid_exists(pid)]
        assert not down(first.home)


def _pids(home: Path) -> Mapping[str, int]:
    found = status(home)
    return found.pids if found else {}


def _at_the_same_time(home: Path) -> list[Server]:
    found: list[Server] = []
    threads = [threading.Thread(target=lambda: found.append(up(home))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.argilla
def test_an_up_that_is_cut_short_can_be_run_again(tmp_path: Path) -> None:
    """Ctrl-C ends what was started; after a kill the next start knows of it."""
    port = free_port()
    try:
        assert _cut_short(tmp_path, port, signal.SIGINT) == {}
        assert "server" in _cut_short(tmp_path, port, signal.SIGKILL)
        server = up(tmp_path, port=port)
        assert server.running
        assert sorted(_processes_of(tmp_path)) == sorted(server.pids.values())
    finally:
        down(tmp_path)
    assert _processes_of(tmp_path) == []


def _cut_short(home: Path, port: int, how: signal.Signals) -> dict[str, processes.Process]:
    """Run `up`, end it a second after the server was spawned; return what is left running."""
    run = home / "argilla" / "run"
    code = (
        f"import pathlib as p, curate.review.server as s; s.up(p.Path({str(home)!r}), port={port})"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as starter:
        assert processes.wait_until(lambda: "server" in processes.noted(run), seconds=30)
        time.sleep(1)  # amid its imports or its migrations
        starter.send_signal(how)
    assert starter.returncode != 0
    return processes.noted(run)


def _processes_of(home: Path) -> list[int]:
    """Return who was started for `home`, Redis among them, but not their children."""
    found = []
    for one in psutil.process_iter(["pid", "cmdline", "environ"]):
        if (one.info["environ"] or {}).get("ARGILLA_HOME_PATH") == str(home / "argilla"):
            parent = one.parent()
            if parent is None or parent.environ().get("ARGILLA_HOME_PATH") is None:
                found.append(one.pid)
    return found


def test_there_is_no_status_before_the_first_up(tmp_path: Path) -> None:
    assert status(tmp_path) is None
    assert not down(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pid_file_whose_process_is_another_by_now_is_no_process_of_ours(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        processes.note(tmp_path, "server")
        mine = (tmp_path / "server.json").read_text()
        (tmp_path / "server.json").write_text(mine.replace(str(os.getpid()), str(other.pid)))
        assert processes.noted(tmp_path) == {}
        (tmp_path / "server.json").write_text(mine)
        assert processes.noted(tmp_path)["server"].pid == os.getpid()
        for broken in ("", "{", "[]", '{"pid": 1}', '{"part": "a", "pid": 1, "began": ""}'):
            (tmp_path / "server.json").write_text(broken)
            assert processes.noted(tmp_path) == {}
        assert other.poll() is None
        other.kill()


def test_a_process_that_will_not_end_is_made_to(tmp_path: Path) -> None:
    ignore = "import signal, time; signal.signal(15, signal.SIG_IGN)"
    code = f"{ignore}; print(1, flush=True); time.sleep(60)"
    log = tmp_path / "log"
    process = processes.spawn("p", [sys.executable, "-c", code], env={}, log=log)
    assert processes.wait_until(lambda: log.read_text() == "1\n", seconds=10)
    processes.stop(process, patience=0.2)
    assert not process.alive


@pytest.fixture
def false_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that looks right and whose Python prints a line and fails."""
    place = tmp_path / "environment"
    name = f"argilla_server-{environment.VERSION}.dist-info"
    (place / "lib" / "python3.11" / "site-packages" / name).mkdir(parents=True)
    (place / "bin").mkdir()
    (place / "bin" / "python").write_text("#!/bin/sh\necho no such luck\nexit 3\n")
    (place / "bin" / "python").chmod(0o755)
    monkeypatch.setenv("CURATE_ARGILLA_ENV", str(place))
    return place


def test_a_start_that_fails_shows_the_log(false_environment: Path, tmp_path: Path) -> None:
    with pytest.raises(DeskError) as caught:
        up(tmp_path / "home")
    message = str(caught.value)
    assert "ended while starting" in message
    assert "no such luck" in message
    assert str(tmp_path / "home" / "argilla" / "logs") in message
    assert "curate argilla up" in message


def test_a_log_never_shows_a_secret(false_environment: Path, tmp_path: Path) -> None:
    python = false_environment / "bin" / "python"
    python.write_text(f'#!/bin/sh\ncat "{tmp_path}/home/argilla/credentials.json"\nexit 3\n')
    with pytest.raises(DeskError) as caught:
        up(tmp_path / "home")
    assert "[secret]" in str(caught.value)
    kept = (tmp_path / "home" / "argilla" / "credentials.json").read_text()
    assert not [word for word in str(caught.value).split('"') if len(word) > 15 and word in kept]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(
    false_environment: Path, tmp_path: Path
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DeskError, match=rf"port {port} .* is taken.*--port"):
            up(tmp_path, port=port)


def test_a_taken_port_nobody_asked_for_is_stepped_over(
    false_environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "argilla").mkdir()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "argilla" / "settings.json").write_text(f'{{"port": {port}}}')
        said: list[str] = []
        with pytest.raises(DeskError):
            up(tmp_path, say=said.append)
    chosen = int(said[-1].rpartition(":")[2].rstrip("."))
    assert port < chosen < port + 100


@pytest.mark.parametrize(
    "content", [b"this is no database at all" * 100, b"SQLite format 3\0" * 99]
)
def test_a_damaged_database_is_refused_and_left_as_it_is(
    false_environment: Path, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "argilla" / "argilla.db"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(DeskError, match=r"argilla\.db: SQLite cannot use it .*move it away"):
        up(tmp_path)
    assert file.read_bytes() == content


def test_a_database_cut_short_amid_its_first_migrations_is_made_anew(
    false_environment: Path, tmp_path: Path
) -> None:
    file = tmp_path / "argilla" / "argilla.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE users (id); CREATE TABLE workspaces (id)")
    with pytest.raises(DeskError, match="ended while starting"):
        up(tmp_path)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(DeskError, match=r"private folder .*CURATE_HOME"):
        up(tmp_path / "home")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    (tmp_path / "argilla").mkdir()
    os.chown(tmp_path / "argilla", 12345, 12345)
    with pytest.raises(DeskError, match="belongs to user id 12345"):
        up(tmp_path)


def test_a_folder_that_others_could_enter_is_closed(
    false_environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "argilla").mkdir(mode=0o755)
    with pytest.raises(DeskError):
        up(tmp_path)
    (tmp_path / "argilla").chmod(0o755)
    (tmp_path / "argilla" / "credentials.json").chmod(0o644)
    with pytest.raises(DeskError):
        up(tmp_path)
    assert stat.S_IMODE((tmp_path / "argilla").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "argilla" / "credentials.json").stat().st_mode) == 0o600


def test_credentials_that_cannot_be_read_are_said_to_be(
    false_environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "argilla").mkdir()
    (tmp_path / "argilla" / "credentials.json").write_text('{"password": "abc')
    with pytest.raises(DeskError, match=r"credentials\.json: not the credentials.*delete"):
        up(tmp_path)


def test_a_folder_of_another_is_not_built_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "thesis.tex").write_text("")
    monkeypatch.setenv("CURATE_ARGILLA_ENV", str(tmp_path / "environment"))
    with pytest.raises(DeskError, match=r"no environment with argilla-server.*CURATE_ARGILLA_ENV"):
        up(tmp_path / "home")
    assert (tmp_path / "environment" / "thesis.tex").exists()


@pytest.mark.slow
def test_an_installation_that_was_killed_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CURATE_ARGILLA_ENV", raising=False)
    monkeypatch.setattr(environment, "_REQUIREMENTS", _requirements(tmp_path))
    partial = tmp_path / f"argilla-server-{environment.VERSION}.partial"
    (partial / "lib").mkdir(parents=True)
    said: list[str] = []
    python = environment.interpreter(tmp_path, log=tmp_path / "log", say=said.append)
    assert python.exists() and not partial.exists()
    assert len(said) == 1
    assert environment.interpreter(tmp_path, log=tmp_path / "log", say=said.append) == python
    assert len(said) == 1  # the second call finds it


@pytest.mark.slow
def test_an_installation_that_fails_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("./no-such-wheel.whl\n")
    monkeypatch.delenv("CURATE_ARGILLA_ENV", raising=False)
    monkeypatch.setattr(environment, "_REQUIREMENTS", tmp_path / "requirements.txt")
    with pytest.raises(DeskError, match=r"could not install .*\n.*log:(.|\n)*no-such-wheel"):
        environment.interpreter(tmp_path, log=tmp_path / "log", say=lambda _: None)
    assert not (tmp_path / f"argilla-server-{environment.VERSION}").exists()


def _requirements(folder: Path) -> Path:
    """Return requirements for an empty wheel that is named as the server is."""
    name = f"argilla_server-{environment.VERSION}"
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        about = f"Metadata-Version: 2.1\nName: argilla-server\nVersion: {environment.VERSION}\n"
        archive.writestr(f"{name}.dist-info/METADATA", about)
        archive.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{name}.dist-info/RECORD", "")
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel}\n")
    return requirements
