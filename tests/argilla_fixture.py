"""One real Argilla for every test of a session that asks for `argilla`."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from curate.review.server import Server
from tests.argilla_server import running_argilla

_RUNNING = pytest.StashKey[Server]()


@pytest.fixture(scope="session")
def argilla(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The running server; several conftest files may import this and share it."""
    config = request.config
    if _RUNNING not in config.stash:
        started = ExitStack()
        config.add_cleanup(started.close)
        home = tmp_path_factory.mktemp("desk")
        config.stash[_RUNNING] = started.enter_context(running_argilla(home))
    return config.stash[_RUNNING]
