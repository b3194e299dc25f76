import os
import subprocess
import sys
from typing import Literal, get_origin

from curate import measure


def test_every_name_is_there_and_documented():
    for name in measure.__all__:
        thing = getattr(measure, name)
        assert thing.__doc__ or get_origin(thing) is Literal, name


def test_importing_costs_no_numba():
    script = "import sys, curate.measure; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_second_process_finds_the_loops_compiled(tmp_path):
    script = (
        "from curate import measure\n"
        "from curate.measure import _vote_loops\n"
        "print(measure.margin([[1, 1, 2]])[0] > 0)\n"
        "stats = _vote_loops.vote_shares.stats\n"
        "print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert runs == [["True", "0", "1"], ["True", "1", "0"]]
