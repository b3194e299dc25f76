"""Completions of committee members, and samples of one member.

In: records as Arrow, members, and something that answers calls. Out: candidates as Arrow.
"""

__all__: list[str] = []
