"""The words of the whole tool: what a row is, its id, and its Arrow schema.

Bulk travels as Arrow (`RECORDS`, `CANDIDATES`, `PAIRS`, …); the dataclasses are a row's
view at the rim: readers, writers, desks, `explain`. Ids are content hashes (role, content,
tool calls; NFC; no timestamps), so that every stage is idempotent.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = [
    "CANDIDATES",
    "CURATED",
    "MESSAGE",
    "PAIRS",
    "QUEUE",
    "RECORDS",
    "REJECTED",
    "RESPONSES",
    "VERDICTS",
    "Candidate",
    "Curated",
    "Evidence",
    "Finding",
    "Item",
    "Message",
    "Origin",
    "Pair",
    "Record",
    "Rejected",
    "Response",
    "Selection",
    "Severity",
    "ToolCall",
    "Verdict",
    "Vote",
    "candidate_from",
    "candidate_id",
    "digest",
    "message_from",
    "message_row",
    "pair_id",
    "record_from",
    "record_id",
]

Json = Any
Origin = Literal["log", "committee", "sample", "expert"]
Vote = Literal["a", "b", "tie", "both_bad"]
Task = Literal["rewrite", "rank"]
Status = Literal["draft", "submitted", "discarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool that a model asked for."""

    name: str
    arguments: str
    """As logged: a JSON text, even where the log held an object."""
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: str
    """system, developer, user, assistant or tool."""
    content: str | None = None
    """Text; None where the log holds null (a turn of tool calls only)."""
    name: str | None = None
    tool_call_id: str | None = None
    """On a tool's turn: which call it answers."""
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    thinking: str | None = None
    """Reasoning text that the log holds apart from the answer."""
    parts: str | None = None
    """JSON of the content parts that are not text (images, audio), as logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A prompt in its context."""

    id: str
    messages: tuple[Message, ...]
    tools: str | None = None
    """JSON list of the tools on offer, as logged."""
    source: str = ""
    """``file:line`` of its first appearance."""
    time: float | None = None
    """Seconds since the epoch."""
    group: str = ""
    """Conversation or user: rows of one group never lie on both sides of a split."""
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One completion of a record."""

    id: str
    record_id: str
    message: Message
    model: str = ""
    """Empty where the source does not say."""
    origin: Origin = "log"
    repeat: int = 0
    """How many identical answers of this model to this prompt came before it."""
    params: Mapping[str, Json] = field(default_factory=dict)
    logprob_sum: float = float("nan")
    logprob_mean: float = float("nan")
    finish_reason: str | None = None
    source: str = ""
    time: float | None = None
    group: str = ""
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two completions of one record that stood, or may stand, side by side."""

    id: str
    record_id: str
    a: str
    """Candidate id."""
    b: str
    winner: Vote | None = None
    """What the source says; None where it says nothing."""
    judge: str = ""
    source: str = ""
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one judge made of an item."""

    item_id: str
    """Candidate id, or pair id."""
    judge: str
    value: float | str | None
    """A grade from 1 to 5, a `Vote`, 1.0 / 0.0 for right / wrong, or a chance of being right;
    None: unscored, or (pairwise, with both `orders`) undecided."""
    kind: Literal["pointwise", "pairwise", "reference", "p_true"] = "pointwise"
    prompt: str = ""
    """Name and version of the prompt, and the first digits of its hash, as ``rubric@1+2c41f0``."""
    orders: tuple[str | None, ...] = ()
    """pairwise: what was said with a first, and with b first; in terms of a and b."""
    why_unscored: str | None = None
    rationale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing put before a person: a candidate to rewrite, or candidates to rank."""

    id: str
    """Candidate id (rewrite) or pair id (rank)."""
    task: Task
    record: Record
    candidates: tuple[Candidate, ...]
    """In the tool's own order; the desk shuffles what people see."""
    overlap: int = 1
    """How many people should answer it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one person answered to one question of an item."""

    id: str
    """Desk's response id and the question's name."""
    item_id: str
    annotator: str
    question: str
    value: Json
    """rank: candidate id to rank (equal = tie), or a `Vote`; rewrite: text or label."""
    status: Status
    inserted_at: str
    updated_at: str
    guideline: str
    """Version (content hash) of the guideline under which it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """A settled row, with the ids of all it came from."""

    id: str
    item_id: str
    record_id: str
    task: Task
    outcome: str
    """rank: a, b, tie, both_bad; rewrite: good, rewritten, unlabelable."""
    chosen: Message | None
    rejected: Message | None
    support: float
    """Share (majority) or posterior (Dawid-Skene) behind the outcome, in [0, 1]."""
    n_responses: int
    agreement: float
    """Share of agreeing pairs of annotators; NaN for fewer than two."""
    sources: tuple[str, ...]
    """Ids of candidates and responses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where in a row a finding shows, and what it is held against."""

    row: int
    field: Literal["prompt", "answer", "rejected", "row"] = "answer"
    """Which text of the row; ``row`` = the row as a whole, which has no spans."""
    spans: tuple[tuple[int, int], ...] = ()
    """Half-open ranges of characters of that text, ascending, apart from each other."""
    note: str = ""
    """A clause on what was met: ``Jaccard .93``."""
    beside: str = ""
    """Text of the other side where that is no audited row: a benchmark's, a log's; an excerpt."""
    beside_name: str = ""
    """Where the other side stands: ``vicuna80.jsonl:12``."""
    beside_spans: tuple[tuple[int, int], ...] = ()
    """What matches, in `beside`."""
    secret: bool = False
    """The spans must never be shown: personal data, keys."""


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an audit or a validator says of rows."""

    check: str
    severity: Severity
    message: str
    rows: tuple[int, ...] = ()
    """Rows at fault: those that a fix takes out."""
    against: tuple[int, ...] = ()
    """Rows that stay and explain it: the first of some copies, what contradicts it."""
    score: float = float("nan")
    """How far it is past the threshold, or how sure: higher = worse, comparable within a check."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that was dropped: where it stood, at which stage, and why."""

    file: str
    line: int
    """1-based; for a table the row, for a JSON array the element; 0 = the file as a whole."""
    stage: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A round's queue: what was picked, in which order, why, and with which chance.

    `indices` point into the arrays that were given to the strategy; nothing is reordered.
    """

    indices: npt.NDArray[np.int64]
    """Picked rows, in the order of picking, shape (k,)."""
    part: tuple[str, ...]
    """Which part of the queue each belongs to: active, random, always or typical."""
    reason: tuple[str, ...]
    """One sentence for each."""
    probability: npt.NDArray[np.float64]
    """Chance of inclusion by design, shape (k,): of the lot for a row drawn by lot, of the draw
    (given what came before it) for a strategy that draws; NaN where the pick was deterministic."""
    scores: Mapping[str, npt.NDArray[np.float64]]
    """Columns over ALL rows that were on offer, shape (n_items,)."""
    left_out: Mapping[int, str]
    """Row that could not be picked: reason. Rows merely outranked are not listed."""
    strategy: str
    """Which strategy filled the queue, and why where another one was configured."""
    seed: int
    inclusion: npt.NDArray[np.float64] | None = None
    """Chance to be in the queue at all, by lot or by a strategy that draws, shape (k,); NaN where
    it is not known; None where the strategy does not draw."""
    notes: tuple[str, ...] = ()
    """What the reader of the queue should know of it: quotas not filled, limits reached."""

    def __len__(self) -> int:
        return len(self.indices)

    def explain(self, row: int) -> str:
        """Say why a row is, or is not, in the queue.

        Args:
            row: Index into the arrays that were given to the strategy.
        """
        picked = {int(i): n for n, i in enumerate(self.indices)}
        if row in picked:
            n = picked[row]
            return f"picked as number {n + 1} of {len(self)} ({self.part[n]}): {self.reason[n]}"
        if row in self.left_out:
            return f"left out: {self.left_out[row]}"
        return f"on offer, but outranked: the {len(self)} picked rows came first by {self.strategy}"


MESSAGE = pa.struct(
    [
        ("role", pa.string()),
        ("content", pa.string()),
        ("name", pa.string()),
        ("tool_call_id", pa.string()),
        (
            "tool_calls",
            pa.list_(
                pa.struct([("name", pa.string()), ("arguments", pa.string()), ("id", pa.string())])
            ),
        ),
        ("refusal", pa.string()),
        ("thinking", pa.string()),
        ("parts", pa.string()),
    ]
)
"""A `Message` as an Arrow struct; `arguments` and `parts` are JSON texts."""

_TIME = pa.float64()

RECORDS = pa.schema(
    [
        ("id", pa.string()),
        ("messages", pa.list_(MESSAGE)),
        ("tools", pa.string()),
        ("source", pa.string()),
        ("time", _TIME),
        ("group", pa.string()),
        ("metadata", pa.string()),
    ]
)
"""`Record`, one row each; `tools` and `metadata` are JSON texts."""

CANDIDATES = pa.schema(
    [
        ("id", pa.string()),
        ("record_id", pa.string()),
        ("message", MESSAGE),
        ("model", pa.string()),
        ("origin", pa.string()),
        ("repeat", pa.int32()),
        ("params", pa.string()),
        ("logprob_sum", pa.float64()),
        ("logprob_mean", pa.float64()),
        ("finish_reason", pa.string()),
        ("source", pa.string()),
        ("time", _TIME),
        ("group", pa.string()),
        ("metadata", pa.string()),
    ]
)
"""`Candidate`, one row each; `params` and `metadata` are JSON texts; a log-probability is NaN
where the source has none."""

PAIRS = pa.schema(
    [
        ("id", pa.string()),
        ("record_id", pa.string()),
        ("a", pa.string()),
        ("b", pa.string()),
        ("winner", pa.string()),
        ("judge", pa.string()),
        ("source", pa.string()),
        ("metadata", pa.string()),
    ]
)
"""`Pair`, one row each."""

REJECTED = pa.schema(
    [("file", pa.string()), ("line", pa.int64()), ("stage", pa.string()), ("reason", pa.string())]
)
"""`Rejected`, one row each."""

QUEUE = pa.schema(
    [
        ("order", pa.int32()),
        ("item_id", pa.string()),
        ("task", pa.string()),
        ("record_id", pa.string()),
        ("candidate_ids", pa.list_(pa.string())),
        ("part", pa.string()),
        ("probability", pa.float64()),
        ("reason", pa.string()),
        ("overlap", pa.int32()),
    ]
)
"""A round's queue as stored, in picking order."""

RESPONSES = pa.schema(
    [
        ("id", pa.string()),
        ("item_id", pa.string()),
        ("annotator", pa.string()),
        ("question", pa.string()),
        ("value", pa.string()),
        ("status", pa.string()),
        ("inserted_at", pa.string()),
        ("updated_at", pa.string()),
        ("guideline", pa.string()),
    ]
)
"""`Response`, one row each; `value` is a JSON text."""

VERDICTS = pa.schema(
    [
        ("item_id", pa.string()),
        ("judge", pa.string()),
        ("kind", pa.string()),
        ("prompt", pa.string()),
        ("grade", pa.float64()),
        ("choice", pa.string()),
        ("orders", pa.list_(pa.string())),
        ("why_unscored", pa.string()),
        ("rationale", pa.string()),
    ]
)
"""`Verdict`, one row each: a number is its `grade`, a `Vote` its `choice`; NaN and null where
the verdict has none."""

CURATED = pa.schema(
    [
        ("id", pa.string()),
        ("item_id", pa.string()),
        ("record_id", pa.string()),
        ("task", pa.string()),
        ("outcome", pa.string()),
        ("chosen", MESSAGE),
        ("rejected", MESSAGE),
        ("support", pa.float64()),
        ("n_responses", pa.int32()),
        ("agreement", pa.float64()),
        ("sources", pa.list_(pa.string())),
    ]
)
"""`Curated`, one row each."""


def digest(*parts: str) -> str:
    """Hash texts to 24 hexadecimal digits, the same on every machine and hash seed.

    Each part is put in NFC and prefixed with its length, so that ("ab", "c") and ("a", "bc")
    differ. Lone surrogates are hashed as they are (``surrogatepass``).

    >>> digest("e\u0301") == digest("\u00e9"), digest("ab", "c") == digest("a", "bc")
    (True, False)
    """
    return _hash([_frame(part) for part in parts])


def record_id(messages: Sequence[Mapping[str, Json]], tools: str | None = None) -> str:
    """Return the content id of a prompt.

    Args:
        messages: Rows of the shape of `MESSAGE` (missing keys count as null).
        tools: JSON text of the tools on offer.
    """
    return "r" + _hash([*map(_content, messages), _frame(tools or "")])


def candidate_id(record: str, model: str, message: Mapping[str, Json], repeat: int = 0) -> str:
    """Return the content id of a completion.

    Args:
        record: Id of its record.
        model: Who answered, or "".
        message: Row of the shape of `MESSAGE`.
        repeat: How many identical answers of that model to that prompt came before it.
    """
    head = [_frame(record), _frame(model), _frame(str(repeat))]
    return "c" + _hash([*head, _content(message)])


def pair_id(*candidates: str) -> str:
    """Return the id of candidates that stand side by side, the same in any order.

    >>> pair_id("c1", "c2") == pair_id("c2", "c1")
    True
    """
    return "p" + digest(*sorted(candidates))


def _hash(frames: Sequence[str]) -> str:
    raw = "".join(frames).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=12).hexdigest()


def _frame(text: str) -> str:
    """Return a text in NFC after the number of its bytes."""
    if text.isascii():
        return f"{len(text)}:{text}"
    text = unicodedata.normalize("NFC", text)
    return f"{len(text.encode('utf-8', 'surrogatepass'))}:{text}"


def _content(message: Mapping[str, Json]) -> str:
    """Return the frames of a message's content; a plain text needs no look at the other keys."""
    content = message.get("content")
    if len(message) == 2 and content is not None:
        return _frame(message["role"]) + _frame(content) + _NO_MORE
    texts = [message["role"], *(_mark(message.get(k)) for k in _CONTENT_KEYS)]
    for call in message.get("tool_calls") or ():
        texts += ["call", call["name"] or "", call["arguments"] or ""]
    return "".join(map(_frame, texts))


_CONTENT_KEYS = ("content", "name", "tool_call_id", "refusal", "parts")


def _mark(text: str | None) -> str:
    return "\x00" if text is None else text


_NO_MORE = _frame("\x00") * (len(_CONTENT_KEYS) - 1)
"""Frames of name, tool_call_id, refusal and parts where all of them are null."""


def message_row(message: Message) -> dict[str, Json]:
    """Return a message as a row of the shape of `MESSAGE`."""
    calls = [{"name": c.name, "arguments": c.arguments, "id": c.id} for c in message.tool_calls]
    return {
        "role": message.role,
        "content": message.content,
        "name": message.name,
        "tool_call_id": message.tool_call_id,
        "tool_calls": calls or None,
        "refusal": message.refusal,
        "thinking": message.thinking,
        "parts": message.parts,
    }


def message_from(row: Mapping[str, Json]) -> Message:
    """Return the message that a row of the shape of `MESSAGE` describes.

    >>> message_from(message_row(Message(role="user", content="hi"))).content
    'hi'
    """
    calls = row.get("tool_calls") or ()
    return Message(
        role=row["role"],
        content=row.get("content"),
        name=row.get("name"),
        tool_call_id=row.get("tool_call_id"),
        tool_calls=tuple(
            ToolCall(name=c["name"], arguments=c["arguments"], id=c.get("id")) for c in calls
        ),
        refusal=row.get("refusal"),
        thinking=row.get("thinking"),
        parts=row.get("parts"),
    )


def record_from(row: Mapping[str, Json]) -> Record:
    """Return the record that a row of `RECORDS` describes."""
    return Record(
        id=row["id"],
        messages=tuple(message_from(m) for m in row["messages"]),
        tools=row["tools"],
        source=row["source"] or "",
        time=row["time"],
        group=row["group"] or "",
        metadata=json.loads(row["metadata"] or "{}"),
    )


def candidate_from(row: Mapping[str, Json]) -> Candidate:
    """Return the candidate that a row of `CANDIDATES` describes."""
    plain = {k: row[k] for k in ("id", "record_id", "origin", "repeat", "finish_reason", "time")}
    return Candidate(
        **plain,
        message=message_from(row["message"]),
        model=row["model"] or "",
        params=json.loads(row["params"] or "{}"),
        logprob_sum=_nan(row["logprob_sum"]),
        logprob_mean=_nan(row["logprob_mean"]),
        source=row["source"] or "",
        group=row["group"] or "",
        metadata=json.loads(row["metadata"] or "{}"),
    )


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value
