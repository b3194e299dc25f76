"""What is said when the other side is away, is something else, or says no."""

from __future__ import annotations

import json
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from curate.errors import DeskError
from curate.review.annotator import Annotator
from curate.review.argilla import ArgillaDesk
from curate.review.argilla_rest import InsecureDeskWarning, RefusedError, Rest
from tests.argilla_server import free_port

KEY = "very-secret-key-0123456789"

Reply = tuple[int, str, str]
"""Status, content type, body."""


class Site:
    """A small web server that answers as it is told, and counts."""

    def __init__(self, reply: Callable[[str, int], Reply | None]):
        self.reply, self.met, self.keys = reply, [], set()
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[Site]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                site.keys.add(self.headers.get("X-Argilla-Api-Key"))
                site.met.append(f"{self.command} {self.path}")
                answer = site.reply(self.path, len(site.met))
                if answer is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, kind, body = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                if status in (301, 302, 307):
                    self.send_header("Location", "https://elsewhere.example/secret?x=1")
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except (OSError, ValueError):
                    pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def says(status: int, body: object = None, kind: str = "application/json") -> Callable[..., Reply]:
    return lambda path, n: (status, kind, body if isinstance(body, str) else json.dumps(body))


def error_of(reply: Callable[[str, int], Reply | None]) -> str:
    """Return what `check` says, having looked for the key in all that could be logged of it."""
    with Site(reply).running() as site, ArgillaDesk(site.url, KEY, "w") as desk:
        with pytest.raises(DeskError) as met:
            desk.check()
        assert site.keys == {KEY}, "the key reached the server"
    logged = "".join(traceback.format_exception(met.value)) + repr(desk) + repr(desk.rest)
    assert KEY not in logged
    assert site.url in str(met.value)
    return str(met.value)


def test_nothing_listening_says_how_to_start_it():
    url = f"http://127.0.0.1:{free_port()}"
    with ArgillaDesk(url, KEY, "w") as desk, pytest.raises(DeskError) as met:
        desk.check()
    assert url in str(met.value) and "curate argilla up" in str(met.value)


def test_a_page_of_html_is_no_argilla():
    assert "no Argilla 2 answers there (/api/v1/version answers with text/html" in error_of(
        says(200, "<html>hello</html>", "text/html")
    )


def test_another_api_is_no_argilla():
    assert "no Argilla 2" in error_of(says(404, {"detail": "Not Found"}))
    assert "no Argilla 2" in error_of(says(200, ["a list"]))


def test_an_old_server_is_told_which_version_is_needed():
    assert "Argilla 1.29.0; chats need 2.4" in error_of(says(200, {"version": "1.29.0"}))


def test_a_redirect_is_not_followed_with_the_key():
    said = error_of(says(302, ""))
    assert "https://elsewhere.example" in said and "secret?x" not in said


def test_a_refused_key_says_where_to_get_another():
    def reply(path: str, n: int) -> Reply:
        if path.endswith("/version"):
            return says(200, {"version": "2.8.0"})(path, n)
        return says(401, {"detail": {"code": "x", "params": {"detail": f"bad key {KEY}"}}})(path, n)

    assert "My settings" in error_of(reply)


def test_a_server_that_hangs_up_each_time_is_named_and_asked_four_times():
    with Site(lambda path, n: None).running() as site, Rest(site.url, KEY) as rest:
        with pytest.raises(DeskError, match="connection broke during GET version"):
            rest.get("version")
        assert len(site.met) == 4


def test_reading_goes_on_after_a_gateway_was_busy():
    def reply(path: str, n: int) -> Reply:
        return says(503, "busy", "text/plain")(path, n) if n < 3 else says(200, {"ok": 1})(path, n)

    with Site(reply).running() as site, Rest(site.url, KEY) as rest:
        assert rest.get("x") == {"ok": 1}


def test_what_may_have_been_written_is_not_written_twice():
    with Site(lambda path, n: None).running() as site, Rest(site.url, KEY) as rest:
        with pytest.raises(DeskError, match="run the same command again"):
            rest.post("datasets", {"name": "x"})
        assert site.met == ["POST /api/v1/datasets"]


def test_no_answer_in_time_is_an_error():
    wait = threading.Event()

    def reply(path: str, n: int) -> Reply:
        wait.wait(5)
        return says(200, {})(path, n)

    with Site(reply).running() as site, Rest(site.url, KEY, timeout=0.2) as rest:
        with pytest.raises(DeskError, match="no answer in time to POST x"):
            rest.post("x", {})
        wait.set()


@pytest.mark.parametrize(
    ("status", "says_"),
    [(403, "may not do that"), (413, "refuses x: too big"), (500, "failed inside")],
)
def test_a_refusal_has_its_status_and_a_sentence(status, says_):
    with Site(says(status, {"detail": "too big"})).running() as site, Rest(site.url, KEY) as rest:
        with pytest.raises(RefusedError, match=says_) as met:
            rest.put("x", {})
        assert met.value.status == status


def test_validation_errors_read_as_places_and_reasons():
    body = {
        "detail": {"code": "v", "params": {"errors": [{"loc": ["body", 3], "msg": "too long"}]}}
    }
    with Site(says(422, body)).running() as site, Rest(site.url, KEY) as rest:
        with pytest.raises(RefusedError) as met:
            rest.post("x", {})
        assert met.value.detail == "body.3: too long"


def test_records_that_shift_over_a_page_while_read_are_read_again():
    ids = [str(i) for i in range(5)]

    def reply(path: str, n: int) -> Reply:
        offset = int(path.partition("offset=")[2].partition("&")[0])
        page = ids[offset : offset + 2] if n > 2 else ids[:2] if offset == 0 else ids[1:3]
        items = [{"id": i} for i in page]
        return says(200, {"items": items, "total": 5})(path, n)

    with Site(reply).running() as site, Rest(site.url, KEY, page=2) as rest:
        assert sorted(r["id"] for r in rest.records("d")) == ids


def test_records_that_never_hold_still_are_an_error():
    with (
        Site(says(200, {"items": [{"id": "1"}], "total": 2})).running() as site,
        Rest(site.url, KEY) as rest,
        pytest.raises(DeskError, match=r"1 of 2 records seen"),
    ):
        rest.records("d")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host", "no address of an Argilla"),
        ("file:///etc/passwd", "no address of an Argilla"),
        ("localhost:6900", "no address of an Argilla"),
        ("", "no address of an Argilla"),
        ("http://[::1", "no address of an Argilla"),
        ("http://host:port", "no address of an Argilla"),
        ("http://me:pass-word@host:port", "no address of an Argilla"),
        ("https://me:pass-word@host", "name or password"),
        ("https://host/?key=abc", "query or fragment"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_at_once(url, message):
    with pytest.raises(DeskError, match=message) as met:
        Rest(url, KEY)
    assert "pass-word" not in str(met.value) and "abc" not in str(met.value)


@pytest.mark.parametrize("key", ["", "  ", "käse", "a\nb"])
def test_a_key_that_no_header_can_hold_is_refused_at_once(key):
    with pytest.raises(DeskError, match="API key") as met:
        Rest("http://localhost:6900", key)
    assert "käse" not in str(met.value)


def test_plain_http_to_another_machine_is_warned_of():
    with pytest.warns(InsecureDeskWarning, match="https"):
        ArgillaDesk("http://argilla.example", KEY, "w").close()


def test_plain_http_to_this_machine_and_https_are_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for url in ("http://localhost:1", "http://127.0.0.1:1/", "http://[::1]:1", "https://a.b/c"):
            Annotator(url, KEY).close()


def test_an_address_keeps_the_path_that_a_proxy_gives_it():
    with Site(says(200, {})).running() as site, Rest(f"{site.url}/argilla/", KEY) as rest:
        rest.get("version")
        assert site.met == ["GET /argilla/api/v1/version"]
