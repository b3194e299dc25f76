"""A server of a model that answers by rote and writes down each request that it answers.

Run as a script: `python tests/pipeline/counting_server.py LOG SECONDS`. It prints its address when
it listens, and ends when its standard input closes. A prompt with "torn" is answered differently
for each seed, one with "broken" is refused for as long as the file LOG.broken is there.
"""

import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["requests_in", "running_counter"]


@contextmanager
def running_counter(log: Path, seconds: float = 0.0):
    """Yield the address of a server that takes so many seconds for an answer."""
    log.touch()
    child = subprocess.Popen(
        [sys.executable, __file__, str(log), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield child.stdout.readline().decode().strip()
    finally:
        child.stdin.close()
        child.wait(timeout=20)
        child.stdout.close()


def requests_in(log: Path) -> list[str]:
    """Return what was answered so far, one line a request."""
    return log.read_text().splitlines()


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt, seed = asked["messages"][-1]["content"], asked.get("seed", 0)
        if "broken" in prompt and Path(f"{self.server.log}.broken").exists():
            self._send(400, {"error": {"message": "the prompt is broken"}})
            return
        time.sleep(self.server.seconds)
        with self.server.lock, open(self.server.log, "a") as log:
            log.write(f"{asked['model']} {seed} {prompt}\n")
        self._send(200, _completion(asked["model"], _answer(prompt, seed)))

    def log_message(self, *args):
        pass

    def _send(self, status, body):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _answer(prompt, seed):
    if "torn" not in prompt:
        return "The answer is 4."
    digest = hashlib.sha256(f"{prompt} {seed}".encode()).hexdigest()
    return f"The answer is {int(digest[:4], 16)}."


def _completion(model, text):
    token = {"token": text, "logprob": -0.5, "bytes": None, "top_logprobs": []}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
                "logprobs": {"content": [token], "refusal": None},
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }


def _serve(log, seconds):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    server.daemon_threads = True
    server.handle_error = lambda *met: None
    server.log, server.seconds, server.lock = log, float(seconds), threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
