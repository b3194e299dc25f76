"""The server's own virtual environment: `argilla-server` pins versions that we do not.

Built beside its final place and renamed once it is whole, so a build that was cut short
is never taken for a finished one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from curate.errors import DeskError
from curate.review.server.locks import locked

__all__ = ["VERSION", "interpreter"]

VERSION = "2.8.0"

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_STAMP = "curate-requirements.sha256"
_NEWEST = (3, 13)  # the pinned pydantic-core has no wheel for a later Python


def interpreter(home: Path, *, log: Path, say: Callable[[str], None]) -> Path:
    """Return the Python of the server's environment, built first if there is none.

    Args:
        home: The folder that holds it, unless `CURATE_ARGILLA_ENV` names another place.
        log: Where the installation writes what it does.
        say: Told what takes long.

    Raises:
        DeskError: If it cannot be built, or the place is taken by something else.
    """
    place = _place(home)
    if not _is_whole(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        _build_alone(place, log, say)
    return place / "bin" / "python"


def _place(home: Path) -> Path:
    named = os.environ.get("CURATE_ARGILLA_ENV")
    return Path(named).expanduser().absolute() if named else home / f"argilla-server-{VERSION}"


def _is_whole(place: Path) -> bool:
    """Tell whether the packages are there; one of ours must also have today's pins."""
    stamp = place / _STAMP
    packages = place.glob(f"lib/python3*/site-packages/argilla_server-{VERSION}.dist-info")
    current = not stamp.exists() or stamp.read_text("utf-8") == _fingerprint()
    return (place / "bin" / "python").exists() and any(packages) and current


def _fingerprint() -> str:
    return hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()


def _build_alone(place: Path, log: Path, say: Callable[[str], None]) -> None:
    def waiting() -> None:
        say(f"Another `curate argilla up` is installing into {place}; waiting for it.")

    with locked(place.with_name(f"{place.name}.lock"), waiting=waiting) as lock:
        if not _is_whole(place):
            _refuse_foreign(place)
            say(f"Installing argilla-server {VERSION} into {place} (once; about 600 MB).")
            _build(place, log, lock)


def _refuse_foreign(place: Path) -> None:
    """Never build over a folder that another made."""
    if place.exists() and not (place / _STAMP).exists() and any(place.iterdir()):
        raise DeskError(
            f"{place}: no environment with argilla-server {VERSION}; point CURATE_ARGILLA_ENV "
            "at one, or at a folder that does not exist yet, or unset it"
        )


def _build(place: Path, log: Path, lock: int) -> None:
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    python = str(partial / "bin" / "python")
    install = ["install", "--no-input", "--disable-pip-version-check", "-r", str(_REQUIREMENTS)]
    log.write_text("", "utf-8")
    _run([_base_python(), "-I", "-m", "venv", str(partial)], log, lock)
    _run([python, "-I", "-m", "pip", *install], log, lock)  # -I: see no PYTHONPATH, no folder
    (partial / _STAMP).write_text(_fingerprint(), "utf-8")
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)


def _base_python() -> str:
    """Return a Python that the pinned packages install on."""
    if sys.version_info[:2] <= _NEWEST:
        return sys.executable
    for minor in range(_NEWEST[1], 10, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    raise DeskError(
        f"argilla-server {VERSION} does not install on Python {sys.version.split()[0]}; put a "
        "python3.11, 3.12 or 3.13 on the PATH, or point CURATE_ARGILLA_ENV at an environment "
        "that has it"
    )


def _run(command: list[str], log: Path, lock: int) -> None:
    """Run one step; it inherits the lock, so that an orphan of it keeps others out."""
    with log.open("ab") as output:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[lock],
            check=False,
        )
    if done.returncode:
        raise DeskError(
            f"could not install argilla-server {VERSION}: `{' '.join(command[:5])}` ended with "
            f"{done.returncode}. {_advice(log)}\nThe last lines of {log}:\n{_tail(log)}"
        )


def _advice(log: Path) -> str:
    text = log.read_text("utf-8", "replace")
    if "ensurepip" in text:
        return "Install your system's package for venv (on Debian: python3-venv), then try again."
    if "No space left" in text:
        return "Make room (600 MB), then try again."
    return "Check that pip reaches its package index (pip download numpy), then try again."


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:])
