"""Processes that outlive the command that started them, known again by more than their id.

A process id alone is not enough: after a reboot, or once the ids have come round, it may
be another's. So a process notes its id together with the moment it began, and nothing is
ever signalled whose beginning does not match.

Pure standard library, for `launch.py` uses it too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "note", "noted", "spawn", "stop", "wait_until"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process, as it noted itself."""

    part: str
    pid: int
    began: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _beginning(self.pid) == self.began


def spawn(part: str, command: list[str], *, env: Mapping[str, str], log: Path) -> Process:
    """Start a process that nobody waits for, its output appended to `log`.

    `subprocess` would warn that it is still running once its handle is let go of.
    """
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        command,
        env,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    return Process(part=part, pid=pid, began=_beginning(pid) or "")


def note(folder: Path, part: str) -> None:
    """Write this process's id and beginning into `folder`."""
    content = json.dumps({"part": part, "pid": os.getpid(), "began": _beginning(os.getpid())})
    beside = folder / f".{part}.{os.getpid()}"
    beside.write_text(content, "utf-8")
    beside.replace(folder / f"{part}.json")


def noted(folder: Path) -> dict[str, Process]:
    """Return the processes noted in `folder` that still run, by part."""
    found = [_read(file) for file in sorted(folder.glob("*.json"))]
    return {process.part: process for process in found if process and process.alive}


def stop(process: Process, *, patience: float) -> None:
    """End a process: ask, wait for at most `patience` seconds, then insist."""
    for how, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if process.alive:
            _signal(process.pid, how)
        if wait_until(lambda: not process.alive, seconds=seconds):
            return


def wait_until(true: Callable[[], bool], *, seconds: float) -> bool:
    """Return whether `true()` held within so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _read(file: Path) -> Process | None:
    try:
        entry = json.loads(file.read_text("utf-8"))
        return Process(part=entry["part"], pid=int(entry["pid"]), began=str(entry["began"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # half-written or foreign: no process of ours


def _signal(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


def _beginning(pid: int) -> str | None:
    """Return what tells this process from any other with its id; None if it is gone."""
    _take_leave(pid)
    return _beginning_linux(pid) if sys.platform == "linux" else _beginning_elsewhere(pid)


def _take_leave(pid: int) -> None:
    """Take leave of a child that has ended, which would else look alive."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _beginning_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    if state == "Z" and int(fields[16]) <= 1:  # else its threads still hold files and ports
        _take_leave(pid)
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}:{fields[18]}"  # proc(5): field 22, starttime; 20, num_threads


def _beginning_elsewhere(pid: int) -> str | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
