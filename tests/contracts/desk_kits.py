"""What a desk must bring along to be put through `test_desks`: itself, and people at it.

People answer through the desk's own doors, in terms of what they see; a test says which text a
person prefers, never which side it was drawn to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from curate.records import Status
from curate.review import Desk
from curate.review.annotator import Annotator, Answer, Shown
from curate.review.argilla import ArgillaDesk
from curate.review.server import Server
from tests.contracts.cut_line import CutLine, Moment


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One item as a person sees it."""

    prompt: str
    answers: tuple[str, ...]
    prefilled: Mapping[str, str]
    everything: str
    """All that the desk would tell this person of it."""

    def side(self, text: str) -> str:
        """Return the label of the answer that reads so."""
        [at] = [i for i, answer in enumerate(self.answers) if text in answer]
        return "ab"[at]


class Human(Protocol):
    """One reviewer."""

    name: str

    def look(self, batch: str) -> dict[str, Sight]:
        """Return what waits for this person, by item id."""

    def answer(
        self, batch: str, item_id: str, values: Mapping[str, Any], status: Status = "submitted"
    ) -> None:
        """Answer, or answer anew; a ranking is one rank for each answer in the order seen."""

    def withdraw(self, batch: str, item_id: str) -> None:
        """Take the answer back."""


class Kit(Protocol):
    """A desk under test."""

    desk: Desk

    def people(self, *names: str) -> Sequence[Human]:
        """Return reviewers who may answer."""

    def delete(self, batch: str, item_id: str) -> None:
        """Delete an item on the desk's side, behind the tool's back."""

    def cut(self, moment: Moment, *, let_through: int) -> AbstractContextManager[Desk]:
        """Give the same desk over a line that breaks as items are written."""

    def count(self, batch: str) -> int:
        """Return how many items lie there, by the desk's own count."""


class ArgillaKit:
    """The real Argilla, in a workspace of its own."""

    def __init__(self, server: Server):
        self._server = server
        self.workspace = f"w{uuid4().hex[:12]}"
        self.desk = ArgillaDesk(server.url, server.api_key, self.workspace, chunk=20, page=20)

    def people(self, *names: str) -> list[ArgillaHuman]:
        keys = self.desk.ensure_annotators(names)
        return [
            ArgillaHuman(name, Annotator(self._server.url, key, workspace=self.workspace))
            for name, key in keys.items()
        ]

    def delete(self, batch: str, item_id: str) -> None:
        for dataset in self.desk.workspace.of_batch(batch).values():
            for record in self.desk.rest.records(dataset["id"]):
                if record["external_id"] == item_id:
                    self.desk.rest.delete(f"records/{record['id']}")

    @contextmanager
    def cut(self, moment: Moment, *, let_through: int) -> Iterator[ArgillaDesk]:
        with (
            CutLine(
                self._server.port, path="/records/bulk", let_through=let_through, moment=moment
            ) as line,
            ArgillaDesk(line.url, self._server.api_key, self.workspace, chunk=20) as desk,
        ):
            yield desk
            assert line.cuts, "the line was never cut"

    def count(self, batch: str) -> int:
        return self.desk.progress(batch).total


class ArgillaHuman:
    """A reviewer's account on the real Argilla."""

    def __init__(self, name: str, client: Annotator):
        self.name = name
        self.client = client
        self._records: dict[tuple[str, str], str] = {}

    def look(self, batch: str) -> dict[str, Sight]:
        waiting = [s for name in self._datasets(batch) for s in self.client.pending(name)]
        self._records.update(((batch, s.item_id), s.record) for s in waiting)
        return {shown.item_id: _sight(shown) for shown in waiting}

    def answer(
        self, batch: str, item_id: str, values: Mapping[str, Any], status: Status = "submitted"
    ) -> None:
        said = {name: _as_argilla(value) for name, value in values.items()}
        self.client.submit_all(
            [Answer(record=self._find(batch, item_id), values=said, status=status)]
        )

    def withdraw(self, batch: str, item_id: str) -> None:
        # A draft stands in for the answer's id, which only the response itself tells.
        [response] = self.client.submit_all(
            [Answer(record=self._find(batch, item_id), values={}, status="draft")]
        )
        self.client.withdraw(response)

    def _find(self, batch: str, item_id: str) -> str:
        if (batch, item_id) not in self._records:
            self.look(batch)
        return self._records[batch, item_id]

    def _datasets(self, batch: str) -> list[str]:
        return [name for name in self.client.datasets() if name.startswith(f"{batch}-")]


def _sight(shown: Shown) -> Sight:
    texts = {name: text for name, text in shown.fields.items() if name != "prompt"}
    return Sight(
        prompt="\n".join(turn["content"] for turn in shown.fields["prompt"]),
        answers=tuple(text for _, text in sorted(texts.items())),
        prefilled=shown.prefilled,
        everything=repr(shown),
    )


def _as_argilla(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return {f"response{i + 1}": rank for i, rank in enumerate(value)}
