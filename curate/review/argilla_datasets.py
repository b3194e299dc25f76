"""The datasets of a batch on Argilla: found, made, compared, and their guideline's history.

How many people answer an item is a setting of the dataset there, and so is the number of
answers to rank. So a batch lies in one dataset for each overlap (`-x2`), and for full rankings
for each number of answers (`-n5-x2`).

A guideline belongs to the dataset, too, and may change while people answer. An invisible
comment at its end keeps which version was shown since when, by the server's clock, so each
answer is read back with the version that it was given under. (The dataset's metadata would be
the place for it, but Argilla 2.8 stores them only at creation: changes are acknowledged and
lost.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from curate.errors import DeskError
from curate.records import Item
from curate.review.argilla_rest import RefusedError, Rest
from curate.review.desk import Batch
from curate.review.guidelines import Guideline, version_of
from curate.review.questions import Layout

__all__ = ["Versions", "Workspace", "dataset_name", "guideline_text", "page_of", "versions"]

Json = Any
Dataset = Mapping[str, Json]


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
    body, marks = _split(dataset)
    steps = [(_when(since, dataset), version) for version, since in marks]
    edited = bool(steps) and steps[-1][1] != version_of(body)
    if edited or not steps:
        steps.append((_moment(dataset["updated_at"]), version_of(body)))
    return Versions(steps=tuple(steps), edited=edited)


def guideline_text(dataset: Dataset) -> str:
    """Return the guideline that a dataset shows, its history left out."""
    return _split(dataset)[0]


def _split(dataset: Dataset) -> tuple[str, list[tuple[str, str]]]:
    """Return a guideline's text, and each version with its time as noted."""
    text = dataset.get("guidelines") or ""
    found = _NOTE.search(text)
    if not found:
        return text, []
    marks = [step.split(" ") for step in found["steps"].split(", ")]
    return text[: found.start()], [(version, since) for version, since in marks]


def _joined(text: str, steps: Sequence[tuple[str, str]]) -> str:
    noted = ", ".join(f"{version} {since}" for version, since in steps)
    return f"{text}\n\n<!-- versions shown: {noted} -->"


_NOTE = re.compile(r"\n\n<!-- versions shown: (?P<steps>g\w+ \S+(, g\w+ \S+)*) -->\s*\Z")
_START, _NOW = "start", "now"
_MOST_VERSIONS = 12


def _when(since: str, dataset: Dataset) -> datetime:
    if since == _START:
        return datetime.min.replace(tzinfo=UTC)
    return _moment(dataset["updated_at"] if since == _NOW else since)


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
        shown = _joined(batch.guideline.text, [(batch.guideline.version, _START)])
        made: Dataset = self.rest.post(
            "datasets",
            {
                "name": name,
                "workspace_id": self.id(),
                "guidelines": shown,
                "allow_extra_metadata": True,
                "distribution": {"strategy": "overlap", "min_submitted": overlap},
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
        """Show the guideline, and note since when; a cut in between is mended by the next push."""
        text, steps = _split(dataset)
        if text != guideline.text or not steps or steps[-1][0] != guideline.version:
            steps = [*steps, *_by_hand(dataset, text, steps)]
            steps.append((guideline.version, _NOW if steps else _START))
            dataset = self._show(dataset, guideline.text, steps)
        if steps[-1][1] == _NOW:
            steps[-1] = (guideline.version, str(dataset["updated_at"]))
            dataset = self._show(dataset, guideline.text, steps)
        return dataset

    def _show(self, dataset: Dataset, text: str, steps: list[tuple[str, str]]) -> Dataset:
        if len(steps) > _MOST_VERSIONS:
            raise DeskError(
                f"{self.rest.url}: dataset {dataset['name']!r} has shown {_MOST_VERSIONS} versions "
                "of its guideline; select a new round for another one"
            )
        path = f"datasets/{dataset['id']}"
        changed: Dataset = self.rest.patch(path, {"guidelines": _joined(text, steps)})
        return changed


def _by_hand(
    dataset: Dataset, text: str, steps: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield the version that someone put there on the desk itself, if any."""
    if text and (not steps or steps[-1][0] != version_of(text)):
        yield version_of(text), str(dataset["updated_at"]) if steps else _START


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
