"""A reviewer at Argilla, by the interface that the browser uses: look, answer, change one's mind.

For demos and tests, in which recorded people answer through the same doors as real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.errors import DeskError
from curate.records import Status
from curate.review.argilla_datasets import guideline_text
from curate.review.argilla_rest import Rest
from curate.review.questions import as_written

__all__ = ["Annotator", "Answer", "Shown"]

Json = Any
_MOST_ANSWERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One record as a reviewer sees it."""

    record: str
    """The server's id, to answer by."""
    item_id: str
    fields: Mapping[str, Json]
    prefilled: Mapping[str, Json]
    """Question to the value that stands in it beforehand."""
    metadata: Mapping[str, Json]
    """What the reviewer may see of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to say to one record."""

    record: str
    values: Mapping[str, Json]
    """Question to value; a ranking is a mapping of option to rank, equal ranks are ties."""
    status: Status = "submitted"


class Annotator:
    """One person's account.

    Args:
        url: Where Argilla answers.
        api_key: The person's own.
        workspace: Only datasets of this one; by default of all that the person may enter.

    Raises:
        DeskError: From any call, if the server is away or refuses.
    """

    def __init__(self, url: str, api_key: str, *, workspace: str | None = None):
        self.rest = Rest(url, api_key)
        self.workspace = workspace

    def __enter__(self) -> Annotator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open connections."""
        self.rest.close()

    def datasets(self) -> dict[str, str]:
        """Return the names of the datasets that the person may answer, and their ids.

        Of those of one name in several workspaces, the newest.
        """
        return {d["name"]: d["id"] for d in self._listed() if d["status"] == "ready"}

    def guidelines(self, dataset: str) -> str:
        """Return what the person is told."""
        return guideline_text(self.rest.get(f"datasets/{self._id(dataset)}"))

    def pending(self, dataset: str) -> list[Shown]:
        """Return the records that wait for this person, as the browser's queue lists them.

        Args:
            dataset: A dataset's name.
        """
        return self._search(dataset, [_status("response", "pending"), _status("record", "pending")])

    def seen(self, dataset: str, status: Status) -> list[Shown]:
        """Return the records that the person has answered with that status."""
        return self._search(dataset, [_status("response", status)])

    def submit(self, record: str, values: Mapping[str, Json], status: Status = "submitted") -> str:
        """Answer one record for the first time; return the response's id.

        Args:
            record: `Shown.record`.
            values: As `Answer.values`.
            status: submitted, draft or discarded.
        """
        body = {"values": self._values(values), "status": status}
        return str(self.rest.post(f"records/{record}/responses", body)["id"])

    def submit_all(self, answers: Iterable[Answer]) -> list[str]:
        """Answer many, or answer anew; return the responses' ids, in order.

        Raises:
            DeskError: If any is refused, after the others are stored; the message has each.
        """
        todo = [self._upsert(answer) for answer in answers]
        ids: list[str] = []
        for start in range(0, len(todo), _MOST_ANSWERS):
            ids += self._submit_some(todo[start : start + _MOST_ANSWERS])
        return ids

    def withdraw(self, response: str) -> None:
        """Take an answer back.

        Args:
            response: Its id, as `submit` returned it.
        """
        self.rest.delete(f"responses/{response}")

    def _listed(self) -> list[Json]:
        found: list[Json] = self.rest.get("me/datasets")["items"]
        if self.workspace is None:
            return found
        ids = {w["name"]: w["id"] for w in self.rest.get("me/workspaces")["items"]}
        return [d for d in found if d["workspace_id"] == ids.get(self.workspace)]

    def _id(self, dataset: str) -> str:
        known = self.datasets()
        if dataset not in known:
            there = ", ".join(sorted(known)) or "none"
            raise DeskError(f"{self.rest.url}: no dataset {dataset!r} for this person ({there})")
        return known[dataset]

    def _search(self, dataset: str, filters: Sequence[Json]) -> list[Shown]:
        id = self._id(dataset)
        names = {q["id"]: q["name"] for q in self.rest.get(f"datasets/{id}/questions")["items"]}
        found: list[Shown] = []
        while True:
            page = self._page(id, filters, offset=len(found))
            found += [_shown(hit["record"], names) for hit in page["items"]]
            if not page["items"] or len(found) >= page["total"]:
                return found

    def _page(self, dataset_id: str, filters: Sequence[Json], *, offset: int) -> Json:
        path = f"me/datasets/{dataset_id}/records/search"
        query = f"include=suggestions&limit=500&offset={offset}"
        return self.rest.post(f"{path}?{query}", {"filters": {"and": list(filters)}})

    def _submit_some(self, todo: list[Json]) -> list[str]:
        results = self.rest.post("me/responses/bulk", {"items": todo})["items"]
        errors = [r["error"]["detail"] for r in results if r["error"]]
        if errors:
            raise DeskError(
                f"{self.rest.url}: {len(errors)} of {len(todo)} answers are refused: "
                + "; ".join(errors[:3])
            )
        return [str(r["item"]["id"]) for r in results]

    def _upsert(self, answer: Answer) -> Json:
        values = self._values(answer.values)
        return {"record_id": answer.record, "values": values, "status": answer.status}

    def _values(self, values: Mapping[str, Json]) -> Json:
        return {name: {"value": _value(value)} for name, value in values.items()} or None


def _status(entity: str, status: str) -> Json:
    return {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": [status]}


def _shown(record: Json, names: Mapping[str, str]) -> Shown:
    return Shown(
        record=record["id"],
        item_id=record["external_id"],
        fields={name: as_written(shown) for name, shown in record["fields"].items()},
        prefilled={names[s["question_id"]]: s["value"] for s in record["suggestions"]},
        metadata=record.get("metadata") or {},
    )


def _value(value: Json) -> Json:
    """Return a value as the browser posts it: a ranking as options in their declared order."""
    if not isinstance(value, Mapping):
        return value
    ordered = sorted(value.items(), key=lambda held: (len(held[0]), held[0]))
    return [{"value": option, "rank": rank} for option, rank in ordered]
