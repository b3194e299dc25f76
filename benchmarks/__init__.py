"""Ours beside the best peer, in one run: ``python -m benchmarks.NAME [--json FILE]``.

In: real data from the folder named by ``CURATE_DATA`` (default ``../shared/data``) and drawn
arrays. Out: a table at the end and, with ``--json``, rows of
``{step, ours, peer, ratio, quality_ours, quality_peer, target, met}``.
"""

__all__: list[str] = []
