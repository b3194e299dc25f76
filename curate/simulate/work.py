"""Every strategy on every seed: over several processes, each result kept as soon as it is there."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curate.console import Progress
from curate.files import read_json, write_json
from curate.simulate.curves import Curves
from curate.simulate.gathered import gathered
from curate.simulate.identity import identity
from curate.simulate.loop import Run, Task
from curate.simulate.plan import Plan

__all__ = ["simulated"]

Job = tuple[str, int]
FULL: Job = ("all labels", 0)


def simulated(
    task: Task,
    plan: Plan,
    *,
    workers: int = 1,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Curves:
    """Run every strategy of a plan on every seed.

    The result does not depend on the number of processes, and numbers are added up on one thread
    in each. With a folder, the result of each (strategy, seed) is written as it comes and found
    again by a later run on the same data, options and code.

    Args:
        task: What is learned.
        plan: How much is asked, of whom.
        workers: Processes.
        folder: Where results are kept; None = nowhere.
        progress: Told (done, total) runs.
    """
    jobs = [FULL, *((name, seed) for seed in plan.seeds for name in plan.strategies)]
    shelf = _Shelf(folder, identity(task, plan) if folder is not None else "")
    found = {job: kept for job in jobs if (kept := shelf.get(job)) is not None}
    told = progress or (lambda done, total: None)
    told(len(found), len(jobs))
    for job, made in _made(task, plan, [job for job in jobs if job not in found], workers):
        found[job] = made
        shelf.put(job, made)
        told(len(found), len(jobs))
    return gathered(task, plan, found.pop(FULL), found)


class _Shelf:
    """Results on disk, a file each, in a folder for one identity."""

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._folder = None if folder is None else folder / identity

    def get(self, job: Job) -> Run | None:
        kept = None if self._folder is None else read_json(self._path(job))
        return None if kept is None else Run(**kept)

    def put(self, job: Job, made: Run) -> None:
        if self._folder is not None:
            write_json(self._path(job), asdict(made))

    def _path(self, job: Job) -> Path:
        assert self._folder is not None
        return self._folder / f"{job[0].replace(' ', '_')}-{job[1]}.json"


def _made(task: Task, plan: Plan, jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Run]]:
    if not jobs:
        return
    if workers <= 1 or len(jobs) == 1:
        with _one_thread():
            for job in jobs:
                yield job, _result(task, plan, job)
        return
    yield from _spread(task, plan, jobs, min(workers, len(jobs)))


def _one_thread() -> Any:
    """Add numbers up on one thread from now on, in an order that no machine changes.

    What is limited must be loaded: scipy brings a BLAS of its own.
    """
    import scipy.linalg
    import scipy.optimize  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def _spread(task: Task, plan: Plan, jobs: Sequence[Job], n: int) -> Iterator[tuple[Job, Run]]:
    import multiprocessing

    before = set(multiprocessing.active_children())
    processes = ProcessPoolExecutor(
        n, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(task, plan)
    )
    try:
        waiting = {processes.submit(_job, job): job for job in jobs}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
        processes.shutdown()
    except BaseException:
        processes.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise


_here: tuple[Task, Plan] | None = None
"""What a worker process works on."""


def _begin(task: Task, plan: Plan) -> None:
    """Make ready a worker: one thread for numbers, and no life without its parent."""
    global _here
    _here = (task, plan)
    _one_thread()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _job(job: Job) -> Run:
    assert _here is not None
    return _result(*_here, job)


def _result(task: Task, plan: Plan, job: Job) -> Run:
    if job == FULL:
        return Run(labels=[len(task.rows)], measured={task.metric: [task.full()]})
    return task.run(*job, plan)
