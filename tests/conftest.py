"""One real Argilla, and one real server of each small model, for the tests that ask for them."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from curate.review.server import Server
from tests.argilla_server import running_argilla
from tests.model_server import ModelServer, gemma_file, running_model, smollm2_file

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # started in the background: children would inherit it, and Ctrl-C could not be tested
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_argilla(tmp_path_factory.mktemp("desk")) as server:
        yield server


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("smollm2") / "server.log"
    with running_model(smollm2_file(), "smollm2-135m", log) as server:
        yield server


@pytest.fixture(scope="session")
def gemma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp("gemma")
    with running_model(gemma_file(folder), "gemma-270m", folder / "server.log") as server:
        yield server
