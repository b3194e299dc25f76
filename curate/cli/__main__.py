"""`python -m curate.cli`."""

from __future__ import annotations

from curate.cli import main

__all__ = ["main"]

main()
