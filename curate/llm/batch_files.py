"""Batch files: requests as lines, and the lines that come back; no network needed.

In: calls. Out: the JSONL that OpenAI's Batch API and ``vllm run-batch`` eat, one request a line
under its call's key; and from their output, in any order, each key's reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.console import say
from curate.errors import InputError
from curate.files import beside
from curate.llm.calls import Call, Reply
from curate.llm.reading import read_replies, said_in

__all__ = ["Result", "read_results", "request_line", "result_of", "write_requests"]

Json = Any
Chat = Sequence[Mapping[str, Json]]

_ENDPOINT = "/v1/chat/completions"
_NOT_OF_THE_BODY = ("extra_headers", "extra_query", "extra_body", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line that came back."""

    key: str
    """What the request was called: its call's key."""
    body: Json
    """The chat completion; None where there is none."""
    why_failed: str | None = None

    def reply(self, messages: Chat = ()) -> Reply:
        """Return what came back.

        Args:
            messages: The chat that was sent; its tokens are counted where the line does not tell.
        """
        if self.why_failed is not None:
            return Reply.failed(self.why_failed)
        return read_replies(self.body, messages)[0]


def write_requests(calls: Iterable[Call], path: str | Path) -> int:
    """Write calls as a file of requests, one a line; calls of one key are written once.

    Each is a request of its own, also where calls differ only in their sample. Run the file with
    ``vllm run-batch -i FILE -o OUT --model MODEL``, or upload it; then `read_results`.

    Returns:
        How many lines were written.
    """
    seen: set[str] = set()
    with beside(Path(path)) as draft, draft.open("wb") as file:
        for call in calls:
            if call.key not in seen:
                seen.add(call.key)
                file.write(request_line(call))
    return len(seen)


def read_results(path: str | Path) -> Iterator[tuple[str, Reply]]:
    """Give the reply of each line of an output or error file, with its key, in the file's order.

    What is no result (a broken last line, another's file) is told on standard error and left out.
    A prompt's tokens that the line does not tell are not known here, and count as few.

    Raises:
        InputError: If the file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                found = result_of(line) if line.strip() else None
                if isinstance(found, Result):
                    yield found.key, found.reply()
                elif found is not None:
                    say(f"{path}:{number}: left out: {found}")
    except OSError as bad:
        raise InputError(f"{path}: cannot be read ({bad.strerror or bad})") from bad


def request_line(call: Call) -> bytes:
    """Return a call as a line of a request file, its line feed included.

    With a seed in its params, sample i is sent seed + i.
    """
    body: dict[str, Json] = {"model": call.model, "messages": call.messages}
    body |= {k: v for k, v in call.params.items() if k not in _NOT_OF_THE_BODY}
    body |= call.params.get("extra_body") or {}
    if isinstance(body.get("seed"), int):
        body["seed"] += call.sample
    row = {"custom_id": call.key, "method": "POST", "url": _ENDPOINT, "body": body}
    try:
        return _line(row, ensure_ascii=False)
    except UnicodeEncodeError:
        return _line(row, ensure_ascii=True)


def _line(row: Json, *, ensure_ascii: bool) -> bytes:
    """Return a row as UTF-8; half a surrogate pair is none, and has to be escaped."""
    text = json.dumps(row, ensure_ascii=ensure_ascii, separators=(",", ":"), default=dict)
    return text.encode() + b"\n"


def result_of(line: bytes | str) -> Result | str:
    """Return what a line of an output or error file holds, or why it is none.

    >>> result_of('{"custom_id": "k1", "response": null, "error": {"code": "batch_expired"}}')
    Result(key='k1', body=None, why_failed='expired: batch_expired')
    >>> result_of("[]")
    'no object with a custom_id'
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
        return "no object with a custom_id"
    response = row.get("response")
    response = response if isinstance(response, dict) else {}
    body = response.get("body")
    return Result(key=row["custom_id"], body=body, why_failed=_why(row.get("error"), response))


def _why(error: Json, response: Mapping[str, Json]) -> str | None:
    """Return why a request has no answer, None where it has one."""
    status, body = response.get("status_code"), response.get("body")
    if not error and body is not None and (not isinstance(status, int) or status < 400):
        return None
    said = said_in(error or body or "") or "the line holds no answer"
    if isinstance(error, dict) and error.get("code") == "batch_expired":
        return f"expired: {error.get('message') or error['code']}"
    return f"HTTP {status}: {said}" if isinstance(status, int) and status >= 400 else said
