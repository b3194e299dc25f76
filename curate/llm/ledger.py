"""What models were asked, what they answered and what it cost: each call paid once.

In: calls with their replies. Out: the reply to a call of the same key, and sums by model and stage.
One SQLite file (WAL). A reply is committed before `put` returns, so that a process may be killed
at any moment; others may read meanwhile. Keys and headers never come in here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from curate.llm.calls import Call, Reply
from curate.llm.ledger_file import in_a_sentence, opened
from curate.llm.stored import pack, pack_reply, unpack, unpack_reply

__all__ = ["Ledger", "Spent", "Unpriced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the calls of one model in one stage came to."""

    stage: str = ""
    model: str = ""
    calls: int = 0
    """Calls that were answered."""
    failed: int = 0
    """Calls that failed and have no answer yet."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    """Failed calls included, as far as the server told."""
    money: float = 0.0
    """What the calls with a known price cost; NaN where none of them has one."""
    unpriced: int = 0
    """Calls whose price was not known."""
    seconds: float = 0.0
    """Of all calls, one after the other; those of unknown duration left out."""

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """Calls of one model at one address whose price was not known when they were made."""

    model: str
    base_url: str
    calls: int
    prompt_tokens: int
    completion_tokens: int


class Ledger:
    """The calls of a project, in one SQLite file that is made with the first of them.

    Args:
        path: Of the file; ``:memory:`` keeps nothing.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._here = threading.RLock()
        self._asks: dict[tuple[str, ...], int] = {}

    def __contains__(self, key: object) -> bool:
        """Whether the call of that key was answered."""
        with self._reading() as db:
            return db.execute("SELECT 1 FROM replies WHERE key = ?", (key,)).fetchone() is not None

    def get(self, keys: Iterable[str]) -> dict[str, Reply]:
        """Return the replies to those keys that were answered."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Reply] = {}
        with self._reading() as db:
            for first in range(0, len(wanted), _AT_ONCE):
                some = wanted[first : first + _AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = db.execute(f"{_REPLY} WHERE key IN ({marks})", some)
                found |= {row[0]: _reply(row) for row in rows}
        return {key: found[key] for key in wanted if key in found}

    def put(
        self, call: Call, reply: Reply, *, stage: str, member: str = "", money: float = math.nan
    ) -> None:
        """Keep what came back for a call; when this returns, it survives a kill of the process.

        The first answer to a key stands. A reply that failed is kept apart, with its reason.

        Args:
            call: What was asked.
            reply: What came back.
            stage: Who asked: generate or judge.
            member: What the model's answers are filed under.
            money: What it cost; NaN where no price is known.

        Raises:
            ProjectError: If the file cannot be written.
        """
        prompt = pack(call.messages)
        hash = hashlib.blake2b(_plain(call.messages), digest_size=16).digest()
        with self._writing() as db:
            ask = self._ask(db, call, stage, member)
            db.execute("INSERT OR IGNORE INTO prompts VALUES (?,?)", (hash, prompt))
            numbers = _numbers(reply, money)
            row: tuple[Any, ...]
            if reply.why_failed is None:
                row = (call.key, ask, hash, call.sample, *numbers, pack_reply(reply))
                db.execute("INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
            else:
                row = (call.key, ask, hash, call.sample, *numbers, _storable(reply.why_failed))
                db.execute("INSERT INTO failures VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)

    def totals(self) -> Spent:
        """Return what all calls came to."""
        with self._reading() as db:
            return replace(_spent(db.execute(_SUMS.format(by="")).fetchone()), stage="", model="")

    def by_model_and_stage(self) -> list[Spent]:
        """Return what the calls of each model in each stage came to, in the order of names."""
        by = "GROUP BY stage, model ORDER BY stage, model"
        with self._reading() as db:
            return [_spent(row) for row in db.execute(_SUMS.format(by=by)).fetchall()]

    def unpriced(self) -> list[Unpriced]:
        """Return the calls whose price was not known when they were made."""
        with self._reading() as db:
            return [
                Unpriced(
                    model=row[0],
                    base_url=row[1],
                    calls=row[2],
                    prompt_tokens=row[3],
                    completion_tokens=row[4],
                )
                for row in db.execute(_UNPRICED)
            ]

    def why_failed(self) -> dict[str, int]:
        """Return the reasons of the calls that have no answer yet, the most frequent first."""
        with self._reading() as db:
            return dict(db.execute(_REASONS).fetchall())

    def measured(self, model: str, stage: str, *, most: int = 10_000) -> list[tuple[int, float]]:
        """Return completion tokens and seconds of a model's latest answers in a stage.

        Answers whose tokens are not known are left out; seconds are NaN where not known.

        Args:
            model: As the server knows it.
            stage: generate or judge.
            most: How many answers to look at.
        """
        with self._reading() as db:
            rows = db.execute(_MEASURED, (model, stage, most)).fetchall()
        return [(tokens, math.nan if s is None else s) for tokens, s in rows]

    def counted(self, model: str, stage: str, *, most: int = 200) -> list[tuple[Call, int]]:
        """Return a model's latest calls in a stage, with the prompt tokens that its server told.

        Calls whose tokens were counted here are left out, and those whose prompt another sample
        of the same request paid.
        """
        with self._reading() as db:
            rows = db.execute(_COUNTED, (model, stage, most)).fetchall()
        return [
            (
                Call(
                    model=model,
                    base_url=base_url,
                    messages=tuple(unpack(messages)),
                    params=json.loads(params),
                ),
                tokens,
            )
            for base_url, params, messages, tokens in rows
        ]

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._here:
            if "_db" in self.__dict__:
                self._db.close()
                del self.__dict__["_db"]
                self._asks.clear()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _db(self) -> sqlite3.Connection:
        return opened(self.path)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._here, in_a_sentence(self.path):
            yield self._db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                self._asks.clear()
                raise

    def _ask(self, db: sqlite3.Connection, call: Call, stage: str, member: str) -> int:
        """Return the number of what this call has in common with others."""
        params = json.dumps(_without_secrets(call.params), sort_keys=True, default=dict)
        ask = (stage, member, call.model, _bare(call.base_url), params)
        if ask not in self._asks:
            db.execute("INSERT OR IGNORE INTO asks VALUES (NULL,?,?,?,?,?)", ask)
            self._asks[ask] = db.execute(_ASK, ask).fetchone()[0]
        return self._asks[ask]


_AT_ONCE = 500

_ASK = (
    "SELECT id FROM asks WHERE stage = ? AND member = ? AND model = ? AND base_url = ?"
    " AND params = ?"
)
_REPLY = "SELECT key, prompt_tokens, completion_tokens, counted, seconds, reply FROM replies"
_OPEN = "NOT EXISTS (SELECT 1 FROM replies WHERE replies.key = failures.key)"
_COSTS = "ask, prompt_tokens, completion_tokens, money, seconds"
_BOTH = (
    f"SELECT 1 AS answered, NULL AS open, {_COSTS} FROM replies UNION ALL"
    f" SELECT 0, CASE WHEN {_OPEN} THEN key END, {_COSTS} FROM failures"
)
_PAID = "prompt_tokens + completion_tokens > 0"
_SUMS = (
    "SELECT stage, model, sum(answered), count(DISTINCT open), sum(prompt_tokens),"
    " sum(completion_tokens), total(money), count(money),"
    f" sum(money IS NULL AND (answered OR {_PAID})), total(seconds)"
    f" FROM ({_BOTH}) JOIN asks ON asks.id = ask {{by}}"
)
_UNPRICED = (
    "SELECT model, base_url, count(*), sum(prompt_tokens), sum(completion_tokens)"
    f" FROM ({_BOTH}) JOIN asks ON asks.id = ask WHERE money IS NULL AND (answered OR {_PAID})"
    " GROUP BY model, base_url ORDER BY model, base_url"
)
_REASONS = (
    f"SELECT reason, count(DISTINCT key) AS n FROM failures WHERE {_OPEN}"
    " GROUP BY reason ORDER BY n DESC, reason"
)
_COUNTED = (
    "SELECT base_url, params, messages, prompt_tokens FROM replies JOIN asks ON asks.id = ask"
    " JOIN prompts ON hash = prompt WHERE model = ? AND stage = ? AND prompt_tokens > 0"
    " AND NOT counted ORDER BY replies.rowid DESC LIMIT ?"
)
_MEASURED = (
    "SELECT completion_tokens, seconds FROM replies JOIN asks ON asks.id = ask"
    " WHERE model = ? AND stage = ? AND completion_tokens > 0 ORDER BY replies.rowid DESC LIMIT ?"
)


def _numbers(reply: Reply, money: float) -> tuple[float | None, ...]:
    """Return the columns of numbers; NaN becomes NULL."""
    counts = (reply.prompt_tokens, reply.completion_tokens, int(reply.tokens_counted))
    return (*counts, _known(money), _known(reply.seconds), time.time())


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _reply(row: tuple[Any, ...]) -> Reply:
    return unpack_reply(
        row[5],
        prompt_tokens=row[1],
        completion_tokens=row[2],
        counted=bool(row[3]),
        seconds=row[4],
    )


def _spent(row: tuple[Any, ...]) -> Spent:
    stage, model, calls, failed, prompt, completion, money, priced, unpriced, seconds = row
    return Spent(
        stage=stage or "",
        model=model or "",
        calls=calls or 0,
        failed=failed,
        prompt_tokens=prompt or 0,
        completion_tokens=completion or 0,
        money=math.nan if unpriced and not priced else money,
        unpriced=unpriced or 0,
        seconds=seconds,
    )


def _plain(value: object) -> bytes:
    text = json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=dict
    )
    return text.encode("utf-8", "surrogatepass")


_SECRET = ("api_key", "extra_headers", "headers", "extra_query")


def _without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name not in _SECRET}


def _bare(address: str) -> str:
    """Return an address without user, password and query.

    >>> _bare("https://me:secret@models.example/v1?key=secret")
    'https://models.example/v1'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
