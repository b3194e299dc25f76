"""A stream by HTTP: rows are posted to this machine, decisions come back.

``POST /rows`` takes JSON Lines (or one JSON object) and answers with one decision a row;
``GET /`` says how the stream stands. Requests are served one after the other. Pages in a browser
are refused, so that no web site can post rows through somebody's browser.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from curate.console import say
from curate.errors import ConfigError
from curate.pipeline.journal import Journal
from curate.pipeline.stream import Stream, Tell
from curate.pipeline.summary import Summary
from curate.project import Project

__all__ = ["listen"]

MOST_BYTES = 16_000_000
"""Of one request."""


def listen(project: Project, port: int, *, desk: bool = True, tell: Tell | None = None) -> Summary:
    """Serve the stream on 127.0.0.1 until the process is told to stop.

    Args:
        project: The project.
        port: 0 = any free one; standard error says which.
        desk: Push what is taken.
        tell: Called with every decision.

    Raises:
        ConfigError: If the port is taken.
    """
    with Journal(project.folder / "stream.sqlite") as journal:
        stream = Stream(project, journal, desk=desk, tell=tell)
        stream.go_on()
        with _Server(port, stream) as server:
            say(f"stream: POST JSON lines to http://127.0.0.1:{server.server_port}/rows")
            try:
                server.serve_forever(poll_interval=0.5)
            finally:
                summary = stream.finish()
    return summary


class _Server(HTTPServer):
    def __init__(self, port: int, stream: Stream) -> None:
        self.stream = stream
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as taken:
            raise ConfigError(
                f"port {port}: {taken.strerror}; name another with --listen"
            ) from None

    def service_actions(self) -> None:
        """Look, between requests, whether something waits to be pushed."""
        self.stream.push_some()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        """Say how the stream stands."""
        if self._from_a_page():
            return
        self._reply(200, self.server.stream.summary().as_json())

    def do_POST(self) -> None:
        """Decide the rows that are posted."""
        if self._from_a_page():
            return
        if self.path != "/rows":
            self._reply(404, {"error": "POST /rows takes JSON lines; GET / says how it stands"})
            return
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal() or int(size) > MOST_BYTES:
            self._reply(413, {"error": f"give a Content-Length of at most {MOST_BYTES:,} bytes"})
            return
        body = self.rfile.read(int(size))
        if len(body) < int(size):
            return
        self._reply(200, self._decided(body))

    def _decided(self, body: bytes) -> dict[str, Any]:
        lines = _one_a_line(body)
        return {"decisions": self.server.stream.take_in("http", lines, end=0, mark="")}

    def _from_a_page(self) -> bool:
        """Refuse what a web page sends, or what came under another name of this machine."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        refused = "Origin" in self.headers or host not in ("127.0.0.1", "localhost")
        if refused:
            self._reply(403, {"error": "requests from web pages are refused"})
        return refused

    def _reply(self, status: int, value: dict[str, Any]) -> None:
        content = json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is posted is nobody else's."""


def _one_a_line(body: bytes) -> bytes:
    """Return JSON Lines; an object or a list of objects is put on lines of its own."""
    try:
        value = json.loads(body)
    except ValueError:
        return body.rstrip(b"\n") + b"\n"
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
