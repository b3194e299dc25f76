"""Compiling the loops behind measures and strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

__all__ = ["compiled", "reordered"]

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first call, and keep the result on disk where a folder can be written for it.

    numba looks beside the source, then in the user's cache folder (or ``NUMBA_CACHE_DIR``); where
    it can write to none of them, every process compiles anew.
    """
    return _njit(function, fastmath=False)


def reordered(function: Callable[P, R]) -> Callable[P, R]:
    """Compile so that sums may be taken in another order, the same one at every call."""
    return _njit(function, fastmath={"reassoc", "contract"})


def _njit(function: Callable[P, R], *, fastmath: bool | set[str]) -> Callable[P, R]:
    try:
        return numba.njit(cache=True, nogil=True, fastmath=fastmath)(function)
    except RuntimeError:
        return numba.njit(nogil=True, fastmath=fastmath)(function)
