"""A dataset on the real server, and the people who answer."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from curate.review.server import Server
from tests.argilla_server import rg


def connect(server: Server, api_key: str) -> httpx.Client:
    headers = {"X-Argilla-Api-Key": api_key}
    return httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)


class People(ExitStack):
    """Annotators of the workspace, made as they are needed, each with a key of their own."""

    def __init__(self, server: Server, client: rg.Argilla, owner: httpx.Client) -> None:
        super().__init__()
        self._server, self._client, self._owner = server, client, owner
        self._sessions: list[httpx.Client] = []

    def number(self, index: int) -> httpx.Client:
        while len(self._sessions) <= index:
            self._sessions.append(self.enter_context(connect(self._server, self._join())))
        return self._sessions[index]

    def _join(self) -> str:
        name = f"a{uuid4().hex[:8]}"
        user = rg.User(username=name, password=uuid4().hex, role="annotator", client=self._client)
        user.create()
        self._client.workspaces("curate").add_user(user)
        users = self._owner.get("/api/v1/users").json()["items"]
        [key] = [one["api_key"] for one in users if one["username"] == name]
        return str(key)


@dataclass
class Desk:
    server: Server
    client: rg.Argilla
    owner: httpx.Client
    people: People
    name: str
    id: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    met: int = 0

    def open(self, settings: rg.Settings, records: list[rg.Record]) -> rg.Dataset:
        """Create the dataset, log the records, and note the server's id of each."""
        dataset = rg.Dataset(
            name=self.name, workspace="curate", settings=settings, client=self.client
        )
        dataset.create()
        self.id = str(dataset.id)
        if records:
            dataset.records.log(records)
        self.ids = {str(record["external_id"]): record["id"] for record in self.records()}
        return dataset

    def records(self, **include: Any) -> list[dict[str, Any]]:
        reply = self.owner.get(
            f"/api/v1/datasets/{self.id}/records", params={"limit": 1000, **include}
        )
        return list(reply.raise_for_status().json()["items"])

    def annotator(self) -> httpx.Client:
        """Return a session of an annotator who has not answered here yet."""
        self.met += 1
        return self.people.number(self.met - 1)

    def search(self, body: dict[str, Any], by: httpx.Client | None = None, **params: Any) -> Any:
        """Search as the owner over everyone's answers, or as one annotator (`by`)."""
        path = f"datasets/{self.id}/records/search"
        session, path = (by, f"/api/v1/me/{path}") if by else (self.owner, f"/api/v1/{path}")
        return session.post(path, json=body, params=params).raise_for_status().json()

    def found(self, body: dict[str, Any], by: httpx.Client | None = None, **params: Any) -> str:
        """Return the external ids found, in order, as one word."""
        return "".join(
            item["record"]["external_id"] for item in self.search(body, by, **params)["items"]
        )

    def typed(self, query: str, in_field: str | None = None) -> str:
        """Return, sorted, what the search box finds."""
        text = {"q": query} | ({"field": in_field} if in_field else {})
        return "".join(sorted(self.found({"query": {"text": text}})))

    def answer(
        self, by: httpx.Client, record: str, values: dict[str, Any], status: str = "submitted"
    ) -> httpx.Response:
        body = {"values": {k: {"value": v} for k, v in values.items()}, "status": status}
        return by.post(f"/api/v1/records/{self.ids[record]}/responses", json=body)


def terms(entity: str, values: list[Any], **scope: Any) -> dict[str, Any]:
    return _filters({"type": "terms", "scope": {"entity": entity, **scope}, "values": values})


def between(entity: str, ge: Any = None, le: Any = None, **scope: Any) -> dict[str, Any]:
    bounds = {k: v for k, v in (("ge", ge), ("le", le)) if v is not None}
    return _filters({"type": "range", "scope": {"entity": entity, **scope}, **bounds})


def both(*bodies: dict[str, Any]) -> dict[str, Any]:
    return _filters(*[part for body in bodies for part in body["filters"]["and"]])


def sort(entity: str, order: str, **scope: Any) -> dict[str, Any]:
    return {"sort": [{"scope": {"entity": entity, **scope}, "order": order}]}


def _filters(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"filters": {"and": list(parts)}}
