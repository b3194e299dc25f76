"""Named plug-ins: an object or its registered name goes in, the object comes out."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from curate.errors import ConfigError, MissingExtraError

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Plug-ins of one kind by name, each imported on first use.

    Args:
        kind: What the entries are, for messages ("reader").
        entries: Name to ``"module:attribute"``.
        extras: Name to the extra of ``curate-llm`` which that entry needs.

    >>> readers = Registry[type]("shape", {"ordered": "collections:OrderedDict"})
    >>> readers.get("ordered").__name__
    'OrderedDict'
    >>> readers.get("orderd")
    Traceback (most recent call last):
    curate.errors.ConfigError: no shape named 'orderd'; did you mean 'ordered'? Known: ordered
    """

    def __init__(self, kind: str, entries: dict[str, str], extras: dict[str, str] | None = None):
        self.kind = kind
        self._entries: dict[str, str | T] = dict(entries)
        self._extras = extras or {}

    def __iter__(self) -> Iterator[str]:
        """Names in the order of registration."""
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def add(self, name: str, entry: T) -> None:
        """Register an object of one's own under `name`."""
        self._entries[name] = entry

    def get(self, name: str) -> T:
        """Return the entry called `name`.

        Raises:
            ConfigError: If there is none; the message lists the names.
            MissingExtraError: If a package it needs is missing; the message has the install line.
        """
        if name not in self._entries:
            raise ConfigError(self._miss(name))
        entry = self._entries[name]
        if isinstance(entry, str):
            entry = self._load(name, entry)
            self._entries[name] = entry
        return entry

    def _load(self, name: str, path: str) -> T:
        module, _, attribute = path.partition(":")
        try:
            return cast(T, getattr(importlib.import_module(module), attribute))
        except ModuleNotFoundError as miss:
            if name not in self._extras:
                raise
            raise MissingExtraError(
                f"{self.kind} {name!r} needs the package {miss.name!r}; "
                f"install it with: pip install 'curate-llm[{self._extras[name]}]'"
            ) from miss

    def _miss(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._entries, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        return f"no {self.kind} named {name!r}{hint} Known: {', '.join(self._entries)}"
