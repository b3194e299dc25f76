"""One client of Argilla's REST interface: time limits, second tries, errors that say what to do.

REST and not the `argilla` SDK, all the way: the SDK loses the ranks of rankings and the status,
times and ids of responses, says nothing when settings differ, and takes two seconds to import.

The API key is handed to each request as it leaves; it stands in no header list, message or
`repr`.
"""

from __future__ import annotations

import json
import time
import warnings
import weakref
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from curate.errors import DeskError

__all__ = ["InsecureDeskWarning", "RefusedError", "Rest"]

Json = Any

_PAUSES = (0.2, 0.5, 1.0)
"""Seconds before each further try."""
_BUSY = (429, 502, 503, 504)
_OLDEST = (2, 4)


class InsecureDeskWarning(UserWarning):
    """The API key and all texts would cross a network unencrypted."""


class RefusedError(DeskError):
    """The server understood, and said no."""

    def __init__(self, message: str, *, status: int, detail: str):
        super().__init__(message)
        self.status = status
        self.detail = detail


class Rest:
    """Requests to one Argilla as one user.

    Args:
        url: Where Argilla answers, http or https.
        api_key: Of the user who asks.
        timeout: Seconds to wait for one answer.
        page: Records to read at once, at most 1,000.

    Raises:
        DeskError: If the URL is none that can be asked, or the key is empty.
    """

    def __init__(self, url: str, api_key: str, *, timeout: float = 60.0, page: int = 500):
        self._page = page
        self.url = _checked(url)
        self._key = _Key(_sendable(api_key, self.url))
        self._client = httpx.Client(
            base_url=self.url,
            auth=self._key,
            timeout=httpx.Timeout(timeout, connect=5.0),
            trust_env=not _is_loopback(self.url),
            verify=self.url.startswith("https:"),  # plain http needs no certificates loaded
        )
        self._end = weakref.finalize(self, self._client.close)

    def __repr__(self) -> str:
        return f"Rest({self.url!r})"

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of open connections; also done once nobody holds this any more."""
        self._end()

    def get(self, path: str, **params: str | int | list[str]) -> Json:
        """Return what the server holds at `path` (below ``/api/v1``)."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, body: Json) -> Json:
        """Make something; not tried again once the server may have read it."""
        return self._ask("POST", path, body=body)

    def put(self, path: str, body: Json = None) -> Json:
        """Put something in place."""
        return self._ask("PUT", path, body=body)

    def patch(self, path: str, body: Json) -> Json:
        """Change parts of something."""
        return self._ask("PATCH", path, body=body)

    def delete(self, path: str, **params: str | int | list[str]) -> Json:
        """Remove something."""
        return self._ask("DELETE", path, params=params)

    def check(self) -> Mapping[str, Json]:
        """Return who the key belongs to, once the server proves to be an Argilla of our time.

        Raises:
            DeskError: If it is away, is none, is too old, or refuses the key.
        """
        try:
            version = str(self.get("version").get("version", ""))
        except (RefusedError, AttributeError) as no:
            raise _not_argilla(self.url, "/api/v1/version is not there") from no
        if _number(version) < _OLDEST:
            raise DeskError(
                f"{self.url}: Argilla {version or 'of an unknown version'}; chats need "
                f"{_OLDEST[0]}.{_OLDEST[1]} or later, so update the server"
            )
        me: Mapping[str, Json] = self.get("me")
        return me

    def records(self, dataset_id: str, *include: str) -> list[Json]:
        """Return every record of a dataset, each once.

        The server orders pages by time of insertion alone, so one that is added or deleted
        while pages are read can push another over a page's edge: then it is read again.
        """
        for _ in range(4):
            found, total = self._read_records(dataset_id, list(include))
            if len(found) == total:
                return list(found.values())
        raise DeskError(
            f"{self.url}: dataset {dataset_id} changes while it is read ({len(found)} of {total} "
            "records seen); run the same command again when it is quiet"
        )

    def _read_records(self, dataset_id: str, include: list[str]) -> tuple[dict[str, Json], int]:
        found: dict[str, Json] = {}
        for page in self._pages(f"datasets/{dataset_id}/records", include):
            found.update((record["id"], record) for record in page["items"])
        return found, int(page.get("total") or 0)

    def _pages(self, path: str, include: list[str]) -> Iterator[Json]:
        offset = 0
        while True:
            page = self.get(path, include=include, offset=offset, limit=self._page)
            yield page
            offset += self._page
            if len(page["items"]) < self._page:
                return

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | list[str]] | None = None,
        body: Json = None,
    ) -> Json:
        for pause in (*_PAUSES, None):
            try:
                answer = self._send(method, path, params, body)
            except httpx.RequestError as cut:
                if pause is None or not _may_repeat(method, cut):
                    raise _away(self.url, method, path, cut) from cut
            else:
                if answer.status_code not in _BUSY or pause is None:
                    return self._read(answer, path)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | list[str]] | None,
        body: Json,
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        return self._client.request(
            method, f"/api/v1/{path}", params=params, content=content, headers=headers
        )

    def _read(self, answer: httpx.Response, path: str) -> Json:
        if answer.status_code == 204:
            return None
        if answer.is_redirect:
            raise _moved(self.url, answer)
        try:
            body = answer.json()
        except ValueError as no:
            raise self._unreadable(answer, path) from no
        if answer.is_success:
            return body
        raise _refusal(self.url, answer.status_code, path, self._key.hide(_detail(body)))

    def _unreadable(self, answer: httpx.Response, path: str) -> DeskError:
        if answer.status_code >= 400:
            return _refusal(self.url, answer.status_code, path, answer.reason_phrase)
        kind = answer.headers.get("content-type", "nothing named").partition(";")[0]
        return _not_argilla(self.url, f"/api/v1/{path} answers with {kind}, not JSON")


class _Key(httpx.Auth):
    """The API key, added to a request as it leaves."""

    __slots__ = ("_key",)

    def __init__(self, key: str):
        self._key = key

    def __repr__(self) -> str:
        return "_Key(…)"

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["X-Argilla-Api-Key"] = self._key
        yield request

    def hide(self, text: str) -> str:
        return text.replace(self._key, "…")


def _checked(url: str) -> str:
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https"):
        raise DeskError(f"{_shown(url)}: no address of an Argilla; give one such as {_EXAMPLE}")
    if parts.username or parts.password:
        raise DeskError(
            f"{_shown(url)}: the address holds a name or password, which logs would keep; "
            "the API key alone is enough"
        )
    if parts.query or parts.fragment:
        raise DeskError(f"{_shown(url)}: the address has a query or fragment; leave it away")
    _warn_of_plain_http(parts.scheme, parts.hostname or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


_EXAMPLE = "http://localhost:6900"


def _split(url: str) -> SplitResult | None:
    """Return an address's parts; None if it has no host or no possible port."""
    try:
        parts = urlsplit(url.strip())
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.hostname}" if parts else repr(url.rpartition("@")[2][:80])


def _warn_of_plain_http(scheme: str, host: str) -> None:
    if scheme == "http" and not _is_loopback_host(host):
        warnings.warn(
            f"http://{host} is not encrypted: the API key and every text cross the network in "
            "the clear; use https",
            InsecureDeskWarning,
            stacklevel=5,
        )


def _is_loopback(url: str) -> bool:
    return _is_loopback_host(urlsplit(url).hostname or "")


def _is_loopback_host(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _sendable(key: str, url: str) -> str:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise DeskError(
            f"{url}: the API key is empty or holds characters that no key has; copy it from "
            "Argilla (My settings) into the variable that `push.api_key_env` names"
        )
    return key


def _number(version: str) -> tuple[int, ...]:
    digits = version.split(".")[:2]
    return tuple(int(d) for d in digits) if all(d.isdigit() for d in digits) else (0,)


def _may_repeat(method: str, cut: httpx.RequestError) -> bool:
    return method == "GET" or isinstance(cut, httpx.ConnectError | httpx.ConnectTimeout)


def _away(url: str, method: str, path: str, cut: httpx.RequestError) -> DeskError:
    if isinstance(cut, httpx.ConnectError | httpx.ConnectTimeout):
        return DeskError(
            f"{url}: nothing answers there ({_words(cut)}); start it (`curate argilla up` for "
            "one of your own) or correct `push.url`"
        )
    if isinstance(cut, httpx.TimeoutException):
        return DeskError(f"{url}: no answer in time to {method} {path}; run the command again")
    return DeskError(
        f"{url}: the connection broke during {method} {path} ({_words(cut)}); what was stored "
        "stays, run the same command again to complete it"
    )


def _words(cut: Exception) -> str:
    return str(cut) or type(cut).__name__


def _moved(url: str, answer: httpx.Response) -> DeskError:
    to = _shown(answer.headers.get("location", ""))
    return DeskError(
        f"{url}: sends us on to {to}; if that is your Argilla, set `push.url` to it (the key is "
        "not sent after a redirect)"
    )


def _not_argilla(url: str, found: str) -> DeskError:
    return DeskError(
        f"{url}: no Argilla 2 answers there ({found}); give its address as the browser has it, "
        f"without a page's path, such as {_EXAMPLE}"
    )


def _refusal(url: str, status: int, path: str, detail: str) -> RefusedError:
    advice = _ADVICE.get(status, "Argilla refuses {path}: {detail}")
    message = advice.format(path=path, detail=detail, status=status)
    return RefusedError(f"{url}: {message}", status=status, detail=detail)


_ADVICE = {
    401: "the API key is refused; copy it again from Argilla (My settings) into the variable "
    "that `push.api_key_env` names",
    403: "this user may not do that ({path}); ask for a key of the owner, or of an admin of the "
    "workspace",
    404: "{path} is not there ({detail}); it was deleted meanwhile, or this is no Argilla 2",
    500: "Argilla failed inside at {path}; its log says why, and the same command may be run again",
    502: "a gateway before Argilla has no answer ({status}); try again once the server is up",
    503: "Argilla is not ready ({status}); try again once the server is up",
    504: "a gateway before Argilla has no answer ({status}); try again once the server is up",
}


def _detail(body: Json) -> str:
    """Return in one line what an error's body says."""
    found = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = found.get("params", found)
        found = found.get("errors") or found.get("detail") or found.get("message") or found
    if isinstance(found, list):
        found = "; ".join(_one(error) for error in found[:3])
    return " ".join(str(found).split())[:500]


def _one(error: Json) -> str:
    if not isinstance(error, dict):
        return str(error)
    where = ".".join(str(part) for part in error.get("loc", ()))
    return f"{where}: {error.get('msg', error)}"
