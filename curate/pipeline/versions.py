"""Which versions of what decides the numbers are at work."""

from __future__ import annotations

import platform
from importlib import metadata

__all__ = ["versions"]

_PACKAGES = ("curate-llm", "numpy", "pyarrow", "sentence-transformers", "torch", "tiktoken")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of those that decide its numbers."""
    return {"python": platform.python_version(), **{p: metadata.version(p) for p in _PACKAGES}}
