"""Compiling the loops behind the measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

__all__ = ["compiled"]

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first call, and keep the result on disk where a folder can be written for it.

    numba looks beside the source, then in the user's cache folder (or ``NUMBA_CACHE_DIR``); where
    it can write to none of them, every process compiles anew.
    """
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)
