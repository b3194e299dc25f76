"""Reviewers' accounts on an Argilla that one owns."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from curate.errors import DeskError
from curate.review.argilla_datasets import Workspace
from curate.review.argilla_rest import RefusedError

__all__ = ["ensure_annotators"]


def ensure_annotators(
    workspace: Workspace,
    names: Iterable[str],
    *,
    passwords: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """See to it that reviewers have accounts in a workspace; doing it again changes nothing.

    Args:
        workspace: With the owner's key behind it (`ArgillaDesk.workspace`).
        names: User names.
        passwords: For new accounts, 8 to 100 characters each; generated where not given, and
            then known to nobody: the key alone opens the account.

    Returns:
        Name to API key, in the order given.

    Raises:
        DeskError: If the key is not the owner's, or the server refuses a name.
    """
    rest, wanted = workspace.rest, list(dict.fromkeys(names))
    try:
        accounts = {user["username"]: user for user in rest.get("users")["items"]}
    except RefusedError as no:
        if no.status != 403:
            raise
        raise DeskError(
            f"{rest.url}: only the owner may list and make accounts; use the owner's key, or "
            "have these made there: " + ", ".join(wanted)
        ) from no
    id = workspace.id(create=True)
    members = {user["id"] for user in rest.get(f"workspaces/{id}/users")["items"]}
    for name in wanted:
        if name not in accounts:
            accounts[name] = rest.post("users", _new(name, passwords or {}))
        if accounts[name]["id"] not in members:
            rest.post(f"workspaces/{id}/users", {"user_id": accounts[name]["id"]})
    return {name: str(accounts[name]["api_key"]) for name in wanted}


def _new(name: str, passwords: Mapping[str, str]) -> dict[str, str]:
    password = passwords.get(name) or secrets.token_urlsafe(24)
    return {"username": name, "first_name": name, "role": "annotator", "password": password}
