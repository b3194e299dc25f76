"""Answers from Argilla: true ranks, each with its person, times and guideline version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from curate.records import Response, Vote
from curate.review.argilla_datasets import Dataset, Versions, versions
from curate.review.argilla_rest import RefusedError, Rest
from curate.review.desk import Asked, Pulled
from curate.review.shuffle import ranks_of, vote_of

__all__ = ["pull"]

Json = Any

_MAIN = ("preference", "ranking", "quality")
"""Questions that have a row for every response, so that one without a value is seen, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One record as the desk holds it, with what its answers need to be read."""

    record: Json
    asked: Asked
    main: str
    versions: Versions


def pull(
    rest: Rest,
    workspace: str,
    datasets: Mapping[str, Dataset],
    asked: Iterable[Asked],
    since: Mapping[str, str],
) -> Pulled:
    """Fetch the answers that are news; see `Desk.pull`."""
    wanted = {one.item_id: one for one in asked}
    held, foreign = _held(rest, datasets, wanted)
    refused = {id: why for id, one in held.items() if (why := _mismatch(one))}
    people = _people(rest, workspace)
    readable = [held[id] for id in wanted if id in held and id not in refused]
    rows = [row for one in readable for row in _responses(one, people)]
    return Pulled(
        responses=tuple(row for row in rows if _is_news(row, since)),
        seen=len({row.id.partition("/")[0] for row in rows}),
        gone=_gone(since, rows, refused, held),
        missing=tuple(id for id in wanted if id not in held),
        refused=refused,
        notes=(*_notes(datasets), *_strangers(foreign)),
    )


def _held(
    rest: Rest, datasets: Mapping[str, Dataset], wanted: Mapping[str, Asked]
) -> tuple[dict[str, _Held], int]:
    """Read every record; return those asked for, and how many others there are."""
    found: dict[str, _Held] = {}
    foreign = 0
    for dataset in datasets.values():
        shown, main = versions(dataset), _main_question(rest, dataset)
        for record in rest.records(dataset["id"], "responses"):
            one = wanted.get(record["external_id"])
            if one is None:
                foreign += 1
            else:
                found[one.item_id] = _Held(record=record, asked=one, main=main, versions=shown)
    return found, foreign


def _main_question(rest: Rest, dataset: Dataset) -> str:
    names = [q["name"] for q in rest.get(f"datasets/{dataset['id']}/questions")["items"]]
    return next((name for name in _MAIN if name in names), "")


def _mismatch(one: _Held) -> str | None:
    mark = (one.record["metadata"] or {}).get("order")
    if mark == one.asked.mark:
        return None
    return (
        "its answers stand on the desk in another order than the project holds, so votes cannot "
        "be told apart; restore the permutation of the push that made it, or ask it anew"
    )


def _people(rest: Rest, workspace: str) -> dict[str, str]:
    """Return user id to name, as far as this user may know: owners all, admins the workspace's."""
    try:
        users = rest.get("users")["items"]
    except RefusedError as no:
        if no.status != 403:
            raise
        users = [rest.get("me"), *_members(rest, workspace)]
    return {user["id"]: user["username"] for user in users}


def _members(rest: Rest, workspace: str) -> list[Json]:
    ids = {w["name"]: w["id"] for w in rest.get("me/workspaces")["items"]}
    try:
        members: list[Json] = rest.get(f"workspaces/{ids[workspace]}/users")["items"]
    except RefusedError:
        return []
    return members


def _responses(one: _Held, people: Mapping[str, str]) -> Iterator[Response]:
    for response in sorted(one.record["responses"], key=lambda r: (r["inserted_at"], r["id"])):
        values = {name: held["value"] for name, held in (response["values"] or {}).items()}
        for question in dict.fromkeys([one.main, *values]):
            yield Response(
                id=f"{response['id']}/{question}",
                item_id=one.asked.item_id,
                annotator=people.get(response["user_id"], f"user {response['user_id']}"),
                question=question,
                value=_READ.get(question, _as_it_is)(one.asked, values.get(question)),
                status=response["status"],
                inserted_at=response["inserted_at"],
                updated_at=response["updated_at"],
                guideline=one.versions.at(response["updated_at"]),
            )


def _vote(asked: Asked, value: Json) -> Json:
    return None if value is None else vote_of(asked, cast(Vote, value))


def _ranks(asked: Asked, value: Json) -> Json:
    """Read `rank` of each option: the options themselves come in the order of the question."""
    if value is None:
        return None
    said = {_position(option["value"]): option["rank"] for option in value if option.get("rank")}
    return ranks_of(asked, said)


def _position(option: str) -> int:
    return int(option.removeprefix("response")) - 1


def _as_it_is(_: Asked, value: Json) -> Json:
    return value


_READ: Mapping[str, Callable[[Asked, Json], Json]] = {"preference": _vote, "ranking": _ranks}


def _is_news(row: Response, since: Mapping[str, str]) -> bool:
    return since.get(row.id, "") != row.updated_at


def _gone(
    since: Mapping[str, str],
    rows: Iterable[Response],
    refused: Mapping[str, str],
    held: Mapping[str, _Held],
) -> tuple[str, ...]:
    """Return what was told before and is no longer there; unreadable is not gone."""
    there = {row.id for row in rows}
    unreadable = {r["id"] for id in refused for r in held[id].record["responses"]}
    return tuple(id for id in since if id not in there and id.partition("/")[0] not in unreadable)


def _notes(datasets: Mapping[str, Dataset]) -> Iterator[str]:
    for name, dataset in datasets.items():
        if versions(dataset).edited:
            yield (
                f"the guideline of dataset {name!r} was edited in Argilla; answers since then "
                "carry the version of that text. Take it over into your file, or push again"
            )


def _strangers(n: int) -> Iterator[str]:
    if n:
        yield f"{n} records on the desk belong to no item asked, and were left aside"
