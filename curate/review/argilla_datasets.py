"""The datasets of a batch on Argilla: found, made, compared, and their guideline's history.

How many people answer an item is a setting of the dataset there, and so is the number of
answers to rank. So a batch lies in one dataset for each overlap (`-x2`), and for full rankings
for each number of answers (`-n5-x2`).

A guideline belongs to the dataset, too, and may change while people answer. The dataset's
metadata keep which version was shown since when, by the server's clock, so each answer is read
back with the version that it was given under.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from curate.errors import DeskError
from curate.records import Item
from curate.review.argilla_rest import RefusedError, Rest
from curate.review.desk import Batch
from curate.review.guidelines import Guideline, version_of
from curate.review.questions import Layout

__all__ = ["Versions", "Workspace", "dataset_name", "page_of", "versions"]

Json = Any
Dataset = Mapping[str, Json]

_OURS = "curate"
"""The key of the dataset's metadata that is ours."""


def dataset_name(batch: Batch, item: Item) -> str:
    """Return the name of the dataset that an item belongs to."""
    n = f"-n{len(item.candidates)}" if batch.task == "rank" and batch.ranking == "full" else ""
    return f"{batch.name}{n}-x{item.overlap}"


def page_of(rest: Rest, dataset: Dataset) -> str:
    """Return the address of a dataset's page for reviewers."""
    return f"{rest.url}/dataset/{dataset['id']}/annotation-mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Which guideline a dataset showed since when."""

    steps: tuple[tuple[datetime, str], ...]
    """Moments (UTC) and versions, in time order; the first counts from the beginning."""
    edited: bool
    """Whether the text on the desk is none that was pushed."""

    def at(self, moment: str) -> str:
        """Return the version shown at a time of the server's clock."""
        when, shown = _moment(moment), ""
        for since, version in self.steps:
            if since <= when or not shown:
                shown = version
        return shown


def versions(dataset: Dataset) -> Versions:
    """Return the history of a dataset's guideline.

    A text that someone edited on the desk itself counts since the dataset last changed.
    """
    steps = [(_moment(e["since"]), str(e["version"])) for e in _history(dataset)]
    now = version_of(dataset.get("guidelines") or "")
    edited = bool(steps) and steps[-1][1] != now
    if edited or not steps:
        steps.append((_moment(dataset["updated_at"]), now))
    return Versions(steps=tuple(sorted(steps)), edited=edited)


class Workspace:
    """One workspace of an Argilla, and the datasets in it.

    Args:
        rest: Requests as a user who may read the workspace.
        name: The workspace's name.
    """

    def __init__(self, rest: Rest, name: str):
        self.rest = rest
        self.name = name

    def id(self, *, create: bool = False) -> str:
        """Return the server's id of the workspace, made first if asked to.

        Raises:
            DeskError: If there is none, or this user may not make it.
        """
        found = {w["name"]: str(w["id"]) for w in self.rest.get("me/workspaces")["items"]}
        if self.name in found:
            return found[self.name]
        if create:
            return self._create()
        known = ", ".join(sorted(found)) or "none"
        raise DeskError(
            f"{self.rest.url}: no workspace {self.name!r} that this user may enter (there: "
            f"{known}); correct `push.workspace`, or push first"
        )

    def _create(self) -> str:
        try:
            return str(self.rest.post("workspaces", {"name": self.name})["id"])
        except RefusedError as no:
            raise DeskError(
                f"{self.rest.url}: no workspace {self.name!r} for this user, and making it is "
                f"refused ({no.detail or no.status}); ask the owner to make it and add you as "
                "admin, or correct `push.workspace`"
            ) from no

    def of_batch(self, batch: str, *, create: bool = False) -> dict[str, Dataset]:
        """Return the batch's datasets by name."""
        pattern = re.compile(rf"{re.escape(batch)}(-n\d+)?-x\d+")
        listed = self.rest.get("me/datasets", workspace_id=self.id(create=create))["items"]
        return {d["name"]: d for d in listed if pattern.fullmatch(d["name"])}

    def keep(
        self, name: str, batch: Batch, wanted: Layout, *, overlap: int, held: Dataset | None
    ) -> Dataset:
        """Return the dataset as the batch wants it: made, completed or brought up to date.

        Raises:
            DeskError: If another one of that name stands in the way.
        """
        dataset = held or self._make(name, batch, overlap)
        if dataset["status"] != "ready":
            self._complete(dataset, wanted)
        else:
            self._compare(dataset, wanted)
        return self._keep_guideline(dataset, batch.guideline)

    def _make(self, name: str, batch: Batch, overlap: int) -> Dataset:
        first = {"version": batch.guideline.version, "since": _BEGINNING}
        made: Dataset = self.rest.post(
            "datasets",
            {
                "name": name,
                "workspace_id": self.id(),
                "guidelines": batch.guideline.text,
                "allow_extra_metadata": True,
                "distribution": {"strategy": "overlap", "min_submitted": overlap},
                "metadata": {_OURS: {"batch": batch.name, "guidelines": [first]}},
            },
        )
        return made

    def _complete(self, dataset: Dataset, wanted: Layout) -> None:
        """Add what a dataset lacks that was not published yet, and publish it."""
        for kind, parts in (("fields", wanted.fields), ("questions", wanted.questions)):
            held = {part["name"] for part in self._parts(dataset, kind)}
            for part in parts:
                if part["name"] not in held:
                    self.rest.post(f"datasets/{dataset['id']}/{kind}", part)
        self._compare(dataset, wanted)
        self.rest.put(f"datasets/{dataset['id']}/publish")

    def _compare(self, dataset: Dataset, wanted: Layout) -> None:
        differs = [
            *_differences("field", wanted.fields, self._parts(dataset, "fields")),
            *_differences("question", wanted.questions, self._parts(dataset, "questions")),
        ]
        if differs:
            raise DeskError(
                f"{self.rest.url}: dataset {dataset['name']!r} in workspace {self.name!r} asks "
                f"something else: {'; '.join(differs)}. Give this queue another name "
                "(`push.dataset`), or delete or rename that dataset in Argilla"
            )

    def _parts(self, dataset: Dataset, kind: str) -> list[Json]:
        found: list[Json] = self.rest.get(f"datasets/{dataset['id']}/{kind}")["items"]
        return found

    def _keep_guideline(self, dataset: Dataset, guideline: Guideline) -> Dataset:
        path = f"datasets/{dataset['id']}"
        if (dataset.get("guidelines") or "") != guideline.text:
            dataset = self.rest.patch(path, {"guidelines": guideline.text})
        steps = list(_history(dataset))
        if steps and steps[-1]["version"] == guideline.version:
            return dataset
        since = dataset["updated_at"] if steps else _BEGINNING
        steps.append({"version": guideline.version, "since": since})
        ours = {**_ours(dataset), "guidelines": steps}
        changed: Dataset = self.rest.patch(path, {"metadata": {_OURS: ours}})
        return changed


_BEGINNING = "1970-01-01T00:00:00"


def _ours(dataset: Dataset) -> Mapping[str, Json]:
    ours = (dataset.get("metadata") or {}).get(_OURS)
    return ours if isinstance(ours, dict) else {}


def _history(dataset: Dataset) -> Iterator[Mapping[str, Json]]:
    steps = _ours(dataset).get("guidelines")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and "version" in step and "since" in step:
            yield step


def _moment(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _differences(
    kind: str, wanted: Iterable[Mapping[str, Json]], held: Iterable[Mapping[str, Json]]
) -> Iterator[str]:
    by_name = {part["name"]: part for part in held}
    ours = {part["name"]: part for part in wanted}
    for name, part in ours.items():
        if name not in by_name:
            yield f"{kind} {name!r} is missing"
        elif _nature(part) != _nature(by_name[name]):
            yield f"{kind} {name!r} is of another kind"
    for name, part in by_name.items():
        if kind == "field" and name not in ours and part["required"]:
            yield f"{kind} {name!r} is asked for besides"


def _nature(part: Mapping[str, Json]) -> tuple[Json, ...]:
    """Return what must agree: kind and options; titles may be worded anew."""
    settings = part["settings"]
    options = tuple(option["value"] for option in settings.get("options") or ())
    return settings["type"], bool(settings.get("use_markdown")), options
