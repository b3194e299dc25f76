"""Records and members for the tests of `generate`."""

import json

import pyarrow as pa

from curate.config import CommitteeMemberConfig
from curate.records import RECORDS


def user(text):
    return {"role": "user", "content": text}


def records(*chats, tools=None):
    """Records r0, r1, … of the given chats; a text is one user turn."""
    rows = [
        {
            "id": f"r{n}",
            "messages": [user(chat)] if isinstance(chat, str) else chat,
            "tools": None if tools is None else json.dumps(tools),
            "source": f"logs.jsonl:{n + 1}",
            "group": f"g{n}",
            "metadata": "{}",
        }
        for n, chat in enumerate(chats)
    ]
    return pa.Table.from_pylist(rows, schema=RECORDS)


def member(model="m", **keys):
    return CommitteeMemberConfig(model=model, base_url="http://127.0.0.1:1/v1", **keys)
