"""One real Argilla for all tests of this folder, and what annotators do to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import httpx
import pytest

from curate.review.server import Server
from tests.argilla_server import rg, running_argilla
from tests.review.server.desk import Desk, People, connect


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_argilla(tmp_path_factory.mktemp("argilla")) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[rg.Argilla]:
    client = rg.Argilla(api_url=server.url, api_key=server.api_key)
    with closing(client.http_client):
        yield client


@pytest.fixture(scope="session")
def owner(server: Server) -> Iterator[httpx.Client]:
    with connect(server, server.api_key) as session:
        yield session


@pytest.fixture(scope="session")
def people(server: Server, client: rg.Argilla, owner: httpx.Client) -> Iterator[People]:
    with People(server, client, owner) as people:
        yield people


@pytest.fixture
def desk(server: Server, client: rg.Argilla, owner: httpx.Client, people: People) -> Desk:
    name = f"d{uuid4().hex[:8]}"
    return Desk(server=server, client=client, owner=owner, people=people, name=name)
