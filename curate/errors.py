"""What can go wrong with a run.

::

    CurateError
    ├── ConfigError        a key, a preset or a value of the configuration          exit 2
    ├── InputError         a file that cannot be read at all                        exit 2
    ├── MissingExtraError  an optional package that is not installed                exit 2
    ├── ProjectError       the folder, its lock, or a file that was altered         exit 3
    ├── SelectionError     nothing to choose from, or a protected row was touched   exit 4
    ├── DeskError          Argilla is away, refuses the key, or refuses the data    exit 5
    ├── ExportError        rows that the target's trainer would not accept          exit 6
    ├── ModelError         a model's server is away, refuses the key or the request exit 7
    └── BudgetError        the limit in money, calls or tokens is reached           exit 8

Exit 1 is no failure: an audit or a diff ran, and found more than its bar lets pass.

A failure of one *item* is never an exception: it is a value with its reason
(a rejected row, an unscored verdict, a NaN), counted in the summary.
"""

from __future__ import annotations

__all__ = [
    "BudgetError",
    "ConfigError",
    "CurateError",
    "DeskError",
    "ExportError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "ProjectError",
    "SelectionError",
]


class CurateError(Exception):
    """A run that cannot go on; the message says what was met, where, and what to do."""

    exit_code = 1


class ConfigError(CurateError):
    """A key, a preset or a value of the configuration."""

    exit_code = 2


class InputError(CurateError):
    """A file or folder that cannot be read at all."""

    exit_code = 2


class MissingExtraError(CurateError):
    """An optional package that is not installed; the message carries the install line."""

    exit_code = 2


class ProjectError(CurateError):
    """The project's folder: unwritable, locked by another run, or altered."""

    exit_code = 3


class SelectionError(CurateError):
    """Nothing to choose from, or a row that must never be asked would be."""

    exit_code = 4


class DeskError(CurateError):
    """The desk: not reachable, refuses the key, or refuses the data."""

    exit_code = 5


class ExportError(CurateError):
    """Rows that the target's trainer would not accept."""

    exit_code = 6


class ModelError(CurateError):
    """A model's server: not reachable, refuses the key, or refuses every request."""

    exit_code = 7


class BudgetError(CurateError):
    """The limit in money, calls or tokens is reached; what was answered is kept."""

    exit_code = 8
