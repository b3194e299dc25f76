"""What judges make of candidates and pairs.

In: items, judges, and something that answers calls. Out: verdicts as Arrow; a reply that cannot be
read is unscored, with its reason.
"""

__all__: list[str] = []
