"""One command a stage: parse, call one public function, print one summary.

Exit codes: 0 done (or waiting at the desk); 1 an audit or diff above its bar; 2 to 8 as
`curate.errors` draws them; 130 after Ctrl-C.
"""

from __future__ import annotations

import sys
import warnings

from curate.cli import commands, desk, files
from curate.cli.base import app
from curate.errors import CurateError

__all__ = ["app", "commands", "desk", "files", "main"]


def main() -> None:
    """Run the command line; every failure is one sentence and an exit code."""
    warnings.formatwarning = _warning
    try:
        app()
    except CurateError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, SystemExit) as stop:
        if isinstance(stop, SystemExit) and stop.code != _INTERRUPTED:
            raise
        _fail("stopped; nothing already made is lost, the same command goes on", _INTERRUPTED)
    except OSError as error:
        _fail(_disk(error), 3)


_INTERRUPTED = 130


def _warning(message: Warning | str, *_: object, **__: object) -> str:
    return f"curate: {message}\n"


def _fail(message: str, code: int) -> None:
    print(f"curate: {message}", file=sys.stderr)
    sys.exit(code)


def _disk(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}; nothing already made is lost, mend it and run again"
