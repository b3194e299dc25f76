"""One real Argilla for every test of a session that asks for `argilla`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curate.review.server import Server
from tests.argilla_server import running_argilla


@pytest.fixture(scope="session")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_argilla(tmp_path_factory.mktemp("desk")) as server:
        yield server
