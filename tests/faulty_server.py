"""A small real server in the shape of OpenAI's API that fails as real ones do.

It runs in its own process, and ends when its standard input does. Which fault a request meets
follows from the seed, the request's last text and how often that text was asked before, so that it
is the same whatever the order. `answered` counts, by text, the choices that were sent in full and
can be read: those are paid. A request that hung, was cut in the middle or was answered with half a
JSON brought nothing that anybody could keep, and is not.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

FAULTS = ("busy", "error", "hang", "cut", "drop", "malformed", "no_choices")
"""429 with Retry-After, 500, no answer, half a body, no byte at all, half a JSON, no choices."""


@dataclass
class Options:
    """How the server behaves; all of it is told by keyword to `faulty_server`."""

    rate: float = 0.0
    """Share of requests that meet a fault."""
    seed: int = 0
    faults: tuple[str, ...] = FAULTS
    retry_after: str = "0.05"
    key: str = ""
    """Where set: any other key is a 401, whose message repeats it."""
    model: str = ""
    """Where set: any other is a 404."""
    refuses: tuple[str, ...] = ()
    """Parameters that are a 400."""
    most_choices: int = 1000
    """What `n` is cut down to, in silence."""
    short: float = 0.0
    """Share of requests for several choices that bring one less."""
    logprobs: float = 1.0
    """Share of requests that asked for them and get them."""
    always: list[Any] = field(default_factory=list)
    """Where set: [status, headers, body] to every request."""


@dataclass
class FaultyServer:
    """A running one."""

    base_url: str
    child: subprocess.Popen[bytes]

    def stats(self) -> dict[str, Any]:
        """Return `answered` (choices by text), `met` (faults by kind) and `bodies`."""
        with urllib.request.urlopen(f"{self.base_url}/stats") as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it at once."""
        self.child.kill()
        self.child.wait()


@contextmanager
def faulty_server(**options: Any) -> Iterator[FaultyServer]:
    """Start one, and end it."""
    command = [sys.executable, __file__, json.dumps(options)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        try:
            yield FaultyServer(child.stdout.readline().decode().strip(), child)
        finally:
            child.kill()


class _Server:
    def __init__(self, options: Options):
        self.options = options
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                headers = dict(
                    line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:-2]
                )
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                if head.startswith(b"GET"):
                    stats = {"answered": self.answered, "met": self.met, "bodies": self.bodies}
                    _send(writer, 200, stats)
                else:
                    self.bodies.append(json.loads(raw))
                    await self.respond(writer, headers, self.bodies[-1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def respond(
        self, writer: asyncio.StreamWriter, headers: dict[str, str], body: dict[str, Any]
    ) -> None:
        refusal = self.refusal(headers, body)
        text = body["messages"][-1]["content"]
        self.asked[text] += 1
        draw = self.draw("fault", text)
        if refusal is not None:
            _send(writer, *refusal)
        elif draw < self.options.rate:
            which = int(draw / self.options.rate * len(self.options.faults))
            fault = self.options.faults[which]
            self.met[fault] += 1
            await self.fail(writer, fault, body)
        else:
            answer = self.answer(body, text)
            _send(writer, 200, answer)
            await writer.drain()
            self.answered[text] += len(answer["choices"])

    def refusal(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[Any, ...] | None:
        known = self.options
        if known.always:
            return known.always[0], known.always[2], known.always[1]
        key = headers.get("authorization", "").removeprefix("bearer ")
        if known.key and key != known.key:
            return 401, _error(f"Incorrect API key provided: {key}. Get one from us.", "bad_key")
        if known.model and body["model"] != known.model:
            said = f"The model `{body['model']}` does not exist."
            return 404, _error(said, "model_not_found")
        refused = next((name for name in known.refuses if name in body), None)
        if refused:
            return 400, _error(f"Unrecognized request argument supplied: {refused}")
        return None

    async def fail(self, writer: asyncio.StreamWriter, fault: str, body: dict[str, Any]) -> None:
        if fault == "busy":
            wait = {"Retry-After": self.options.retry_after}
            _send(writer, 429, _error("slow down"), wait)
        elif fault == "error":
            _send(writer, 500, _error("out of luck"))
        elif fault == "hang":
            await asyncio.sleep(3600)
        elif fault == "cut":
            _send(writer, 200, self.answer(body, "cut"), part=0.5)
            await writer.drain()
            raise ConnectionError
        elif fault == "drop":
            raise ConnectionError
        elif fault == "malformed":
            _send(writer, 200, '{"choices": [{"message": {"content": "Par')
        elif fault == "no_choices":
            _send(writer, 200, {"choices": []})

    def answer(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        asked = min(body.get("n", 1), self.options.most_choices)
        if asked > 1 and self.draw("short", text) < self.options.short:
            asked -= 1
        words = f"you said {text}".split()
        row = [{"token": word, "logprob": -0.5, "top_logprobs": []} for word in words]
        lacks = not body.get("logprobs") or self.draw("bare", text) >= self.options.logprobs
        choice = {
            "message": {"role": "assistant", "content": " ".join(words)},
            "finish_reason": "stop",
            "logprobs": None if lacks else {"content": row},
        }
        usage = {"prompt_tokens": 7, "completion_tokens": len(words)}
        choices = [{"index": i, **choice} for i in range(asked)]
        return {"model": "faulty", "choices": choices, "usage": usage}

    def draw(self, what: str, text: str) -> float:
        seen = f"{self.options.seed} {what} {self.asked[text]} {text}"
        return (
            int(
                hashlib.blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest(),
                16,
            )
            / 2**48
        )


def _error(said: str, code: str = "") -> dict[str, Any]:
    return {"error": {"message": said, "code": code}}


def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: Any,
    headers: dict[str, str] | None = None,
    *,
    part: float = 1.0,
) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(raw))} | (headers or {})
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k}: {v}" for k, v in told.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + raw[: int(len(raw) * part)])


async def _main(options: dict[str, Any]) -> None:
    server = _Server(Options(**options))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 26)
    port = listening.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    sys.stdout.flush()
    raise SystemExit


if __name__ == "__main__":
    asyncio.run(_main(json.loads(sys.argv[1])))
