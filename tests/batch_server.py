"""A small real server of files and batches in the shape of OpenAI's API, with faults to choose."""

from __future__ import annotations

import email
import email.policy
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["BatchApi", "batch_api"]

Json = Any


@dataclass(slots=True, kw_only=True)
class Faults:
    """What the server does otherwise than well."""

    ends: str = "completed"
    """How batches end."""
    looks: int = 0
    """How often a batch is looked at before it ends."""
    done: float = 1.0
    """Share of a batch's requests that are answered before it ends."""
    refused: frozenset[str] = frozenset()
    """Texts whose request fails with a 400."""
    extra_lines: tuple[str, ...] = ()
    """Put into each output file."""
    statuses: dict[str, list[int]] = field(default_factory=dict)
    """By ``POST /batches`` and the like: what the next requests meet instead of an answer."""
    cut_after: dict[str, int] = field(default_factory=dict)
    """By the same: how many of the next requests are carried out, and never answered."""
    held: dict[str, threading.Event] = field(default_factory=dict)
    """By the same: what is waited for before it is carried out, or (``… done``) answered."""
    errors: tuple[str, ...] = ()
    """What a batch that failed as a whole says."""


class BatchApi(ThreadingHTTPServer):
    """Answers each chat with its last text in capitals, in shuffled order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = Faults()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Json]] = {}
        self.created: list[str] = []
        """Marks of the batches, in the order of their creation."""
        self.asked: Counter[str] = Counter()
        """Requests by ``POST /batches`` and the like."""
        self.paid: Counter[str] = Counter()
        """Requests that were answered, by custom_id."""
        self.keys: set[str] = set()
        self.reached: dict[str, threading.Event] = {}
        """Set when a request is held."""
        self.lock = threading.RLock()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def hold(self, what: str) -> threading.Event:
        """Hold requests of a kind; return what is set once there is one."""
        self.faults.held[what] = threading.Event()
        self.reached[what] = threading.Event()
        return self.reached[what]

    def let_go(self) -> None:
        for event in self.faults.held.values():
            event.set()
        self.faults.held = {}

    def put(self, data: bytes) -> str:
        with self.lock:
            name = f"file-{len(self.files)}"
            self.files[name] = data
            return name

    def create(self, asked: dict[str, Json]) -> dict[str, Json]:
        with self.lock:
            name = f"batch_{len(self.batches)}"
            rows = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
            assert len({row["custom_id"] for row in rows}) == len(rows) <= 50_000
            assert asked["endpoint"] == "/v1/chat/completions"
            assert asked["completion_window"] == "24h"
            batch = {
                "id": name,
                "object": "batch",
                "status": "validating",
                "metadata": asked["metadata"],
                "input_file_id": asked["input_file_id"],
                "created_at": 4_000_000_000 + len(self.batches),
                "output_file_id": None,
                "error_file_id": None,
                "errors": None,
            }
            self.batches[name] = batch
            self.created.append(asked["metadata"]["curate"])
            return batch

    def look(self, name: str) -> dict[str, Json]:
        with self.lock:
            batch = self.batches[name]
            if batch["status"] in ("validating", "in_progress"):
                if batch.setdefault("looks", 0) >= self.faults.looks:
                    self._end(batch)
                else:
                    batch |= {"status": "in_progress", "looks": batch["looks"] + 1}
            return batch

    def _end(self, batch: dict[str, Json]) -> None:
        faults = self.faults
        batch["status"] = faults.ends
        if faults.ends == "failed":
            rows = [{"code": "invalid", "message": said, "line": None} for said in faults.errors]
            batch["errors"] = {"object": "list", "data": rows}
            return
        rows = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        done = rows[: round(len(rows) * faults.done)]
        random.Random(7).shuffle(done)
        good = [row for row in done if _text(row) not in faults.refused]
        self.paid.update(row["custom_id"] for row in good)
        lines = [json.dumps(_answer(row)) for row in good] + list(faults.extra_lines)
        batch["output_file_id"] = self.put("\n".join(lines).encode()) if lines else None
        bad = [_refusal(row) for row in done if _text(row) in faults.refused]
        bad += [_expired(row) for row in rows[len(done) :] if faults.ends == "expired"]
        if bad:
            batch["error_file_id"] = self.put("\n".join(map(json.dumps, bad)).encode() + b"\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BatchApi

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        steps = parts.path.removeprefix("/v1/").split("/")
        what = f"{method} /{steps[0]}" + ("/id" if len(steps) > 1 else "")
        server = self.server
        with server.lock:
            server.asked[what] += 1
            server.keys.add(self.headers.get("Authorization", ""))
            statuses = server.faults.statuses.get(what) or [0]
            status = statuses.pop(0)
        if status:
            self._send(status, {"error": {"message": f"told to answer {status}"}})
            return
        self._wait(what)
        answer = self._carried_out(method, steps, parse_qs(parts.query), raw)
        self._wait(f"{what} done")
        if server.faults.cut_after.get(what, 0) > 0:
            server.faults.cut_after[what] -= 1
            self.close_connection = True
            return
        self._send(404 if answer is None else 200, answer or {"error": {"message": "not here"}})

    def _wait(self, what: str) -> None:
        held = self.server.faults.held.get(what)
        if held is not None:
            self.server.reached[what].set()
            held.wait(60)

    def _carried_out(
        self, method: str, steps: list[str], query: dict[str, list[str]], raw: bytes
    ) -> Json:
        server = self.server
        if method == "POST" and steps == ["files"]:
            return {"id": server.put(_uploaded(self.headers["Content-Type"], raw))}
        if method == "POST":
            return server.create(json.loads(raw))
        if steps == ["batches"]:
            return _page(list(server.batches.values())[::-1], query)
        if steps[0] == "batches":
            return server.look(steps[1]) if steps[1] in server.batches else None
        return server.files.get(steps[1])

    def _send(self, status: int, answer: Json) -> None:
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def _uploaded(kind: str, raw: bytes) -> bytes:
    """Return the file of a multipart form."""
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    form = email.message_from_bytes(head + raw, policy=email.policy.HTTP)
    fields = {
        part.get_param("name", header="content-disposition"): part for part in form.iter_parts()
    }
    assert fields["purpose"].get_content().strip() == "batch"
    return fields["file"].get_payload(decode=True)


def _page(newest_first: list[dict[str, Json]], query: dict[str, list[str]]) -> dict[str, Json]:
    ids = [batch["id"] for batch in newest_first]
    start = ids.index(query["after"][0]) + 1 if "after" in query else 0
    end = start + int(query["limit"][0])
    return {"object": "list", "data": newest_first[start:end], "has_more": end < len(ids)}


def _text(row: dict[str, Json]) -> str:
    return str(row["body"]["messages"][-1]["content"])


def _answer(row: dict[str, Json]) -> dict[str, Json]:
    said = {"role": "assistant", "content": _text(row).upper()}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": row["body"]["model"],
        "choices": [{"index": 0, "message": said, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }
    response = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": row["custom_id"], "response": response, "error": None}


def _refusal(row: dict[str, Json]) -> dict[str, Json]:
    body = {"error": {"message": "this prompt is refused", "type": "invalid_request_error"}}
    response = {"status_code": 400, "request_id": "req_2", "body": body}
    return {"id": "batch_req_2", "custom_id": row["custom_id"], "response": response, "error": None}


def _expired(row: dict[str, Json]) -> dict[str, Json]:
    said = "This request could not be executed before the completion window expired."
    error = {"code": "batch_expired", "message": said}
    return {"id": "batch_req_3", "custom_id": row["custom_id"], "response": None, "error": error}


@contextmanager
def batch_api() -> Iterator[BatchApi]:
    """Run one on a free port for as long as the block lasts."""
    server = BatchApi()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.let_go()
        server.shutdown()
        thread.join()
        server.server_close()
