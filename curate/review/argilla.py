"""Argilla as a desk: items become records, what people submit becomes responses.

An item's id is the record's external id, so pushing is idempotent. Beside its texts a record
carries one thing: a digest of the order in which the answers stand, by which a pull refuses to
map a vote through a permutation that is not the record's. (Metadata are no place for secrets:
`GET /records/{id}` shows them to every reviewer, even those marked as hidden.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from curate.errors import DeskError
from curate.review.accounts import ensure_annotators
from curate.review.argilla_datasets import Dataset, Workspace
from curate.review.argilla_pull import pull
from curate.review.argilla_push import push
from curate.review.argilla_rest import Rest
from curate.review.desk import Asked, Batch, Person, Progress, Pulled, Pushed

__all__ = ["ArgillaDesk"]


class ArgillaDesk:
    """A workspace of an Argilla server; fills the protocol `Desk`.

    Nothing is asked of the server before the first call.

    Args:
        url: Where Argilla answers.
        api_key: Of the owner, or of an admin of the workspace.
        workspace: Its name; made by the first push if the user may.
        timeout: Seconds to wait for one answer.
        chunk: Records to write at once, at most 500; few large ones are split further.
        page: Records to read at once, at most 1,000.

    Raises:
        DeskError: If the URL cannot be one of an Argilla, or the key is empty.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        workspace: str,
        *,
        timeout: float = 60.0,
        chunk: int = 200,
        page: int = 500,
    ):
        self.rest = Rest(url, api_key, timeout=timeout, page=page)
        self.workspace = Workspace(self.rest, workspace)
        self._chunk = chunk
        self._checked = False

    def __repr__(self) -> str:
        return f"ArgillaDesk({self.rest.url!r}, workspace={self.workspace.name!r})"

    def __enter__(self) -> ArgillaDesk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open connections."""
        self.rest.close()

    def check(self) -> None:
        """Make sure that an Argilla answers and knows the key.

        Raises:
            DeskError: If not; the message says what to do.
        """
        if not self._checked:
            self.rest.check()
            self._checked = True

    def push(self, batch: Batch, *, progress: Callable[[int, int], None] | None = None) -> Pushed:
        """Put a batch before people; see `Desk.push`."""
        self.check()
        return push(self.rest, self.workspace, batch, progress or _silent, chunk=self._chunk)

    def pull(
        self, name: str, asked: Iterable[Asked], *, since: Mapping[str, str] | None = None
    ) -> Pulled:
        """Fetch the answers that are news; see `Desk.pull`."""
        return pull(self.rest, self.workspace.name, self._datasets(name), asked, since or {})

    def ensure_annotators(
        self, names: Iterable[str], *, passwords: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Give reviewers accounts in the workspace; see `accounts.ensure_annotators`."""
        self.check()
        return ensure_annotators(self.workspace, names, passwords=passwords)

    def progress(self, name: str) -> Progress:
        """Count what is done of a batch; see `Desk.progress`."""
        parts = [self._progress(dataset) for dataset in self._datasets(name).values()]
        return Progress(
            total=sum(part.total for part in parts),
            completed=sum(part.completed for part in parts),
            people=_together(part.people for part in parts),
        )

    def _datasets(self, name: str) -> dict[str, Dataset]:
        self.check()
        found = self.workspace.of_batch(name)
        if not found:
            raise DeskError(
                f"{self.rest.url}: nothing named {name!r} in workspace {self.workspace.name!r}; "
                "push it first, or see whether it was deleted or renamed there"
            )
        return found

    def _progress(self, dataset: Dataset) -> Progress:
        path = f"datasets/{dataset['id']}"
        counts = self.rest.get(f"{path}/progress")
        users = self.rest.get(f"{path}/users/progress")["users"]
        people = {user["username"]: _person(user) for user in users}
        return Progress(total=counts["total"], completed=counts["completed"], people=people)


def _silent(done: int, total: int) -> None:
    pass


def _person(user: Mapping[str, Mapping[str, int]]) -> Person:
    of = [user.get(status) or {} for status in ("completed", "pending")]
    submitted, discarded, draft = (
        sum(part.get(kind) or 0 for part in of) for kind in ("submitted", "discarded", "draft")
    )
    return Person(submitted=submitted, discarded=discarded, draft=draft)


def _together(parts: Iterable[Mapping[str, Person]]) -> dict[str, Person]:
    sums: dict[str, Person] = {}
    for name, one in ((name, one) for part in parts for name, one in part.items()):
        so_far = sums.get(name, Person())
        sums[name] = Person(
            submitted=so_far.submitted + one.submitted,
            discarded=so_far.discarded + one.discarded,
            draft=so_far.draft + one.draft,
        )
    return sums
