"""What a member's `params` may hold: what goes into a request's body, and no secrets.

They stand in files (the answers' own column, the ledger), so that what carries a key is refused
before anything is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from curate.config import MemberConfig
from curate.errors import ConfigError

__all__ = ["check_params"]

_NOT_SENT: Mapping[str, str] = {
    "api_key": "name the variable that holds the key in `api_key_env:`",
    "headers": "no headers are sent but the key's; see `api_key_env:`",
    "extra_headers": "no headers are sent but the key's; see `api_key_env:`",
    "extra_query": "what belongs to the address stands in `base_url:`",
    "extra_body": "params go into the request's body as they are; write them without it",
    "timeout": "say it with `timeout:` beside `params:`",
    "base_url": "say it with `base_url:` beside `params:`",
}


def check_params(member: MemberConfig, where: str, *, elsewhere: Mapping[str, str]) -> None:
    """Look whether a member's parameters can be sent.

    Args:
        member: Whose.
        where: The key under which the member stands, for the message.
        elsewhere: Parameters that the stage sets itself, each with what to do instead.

    Raises:
        ConfigError: If a parameter belongs to another key, or is nothing that JSON can hold.

    >>> sampled = MemberConfig(model="m", params={"temperature": 0.7})
    >>> check_params(sampled, "generate.members", elsewhere={})
    """
    for key, instead in {**_NOT_SENT, **elsewhere}.items():
        if key in member.params:
            raise ConfigError(f"`{where}`: {member.label}: `params.{key}`: {instead}")
    for key, value in member.params.items():
        try:
            json.dumps(value, allow_nan=False, sort_keys=True)
        except (TypeError, ValueError, RecursionError) as bad:
            raise ConfigError(
                f"`{where}`: {member.label}: `params.{key}` cannot be written as JSON ({bad}); "
                "put a date or a number that is none in quotes"
            ) from bad
