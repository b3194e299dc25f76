"""One name for a simulation's data, options and code: what decides its result."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

__all__ = ["identity"]


def identity(task: object, plan: object) -> str:
    """Return a digest of what decides the result of a single run.

    Which other strategies and seeds are run beside it does not count, so that more of either may
    be asked for later. The code counts by its text.

    Args:
        task: What is learned.
        plan: How much is asked.

    >>> identity([1], {"b": 2, "a": None}) == identity([1], {"a": None, "b": 2})
    True
    """
    hashed = hashlib.sha256(_code().encode())
    for part in (*_parts(task), *_parts(plan)):
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.hexdigest()[:24]


_NOT_OF_ONE_RUN = ("strategies", "seeds", "sizes")


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, BaseModel):
        yield value.model_dump_json().encode()
    elif isinstance(value, str | bytes | int | float | None):
        yield f"{type(value).__name__}:{value!r}".encode("utf-8", "surrogatepass")
    elif isinstance(value, list | tuple):
        yield f"{len(value)} values".encode()
        for inner in value:
            yield from _parts(inner)
    else:
        yield type(value).__qualname__.encode()
        for name, inner in sorted(_named(value).items()):
            if name not in _NOT_OF_ONE_RUN:
                yield from _parts(name)
                yield from _parts(inner)


def _named(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return {str(name): inner for name, inner in value.items()}
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    there = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return {**there, **getattr(value, "__dict__", {})}


@functools.cache
def _code() -> str:
    """Return a digest of the code that a run's result hangs on."""
    import curate

    root = Path(curate.__file__).parent
    hashed = hashlib.sha256(curate.__version__.encode() if hasattr(curate, "__version__") else b"")
    for package in ("select", "learn", "measure", "simulate"):
        for path in sorted((root / package).rglob("*.py")):
            hashed.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return hashed.hexdigest()
