"""Requests to one server over connections that are kept: status, headers and body, or why none.

aiohttp, and not the `openai` package: what compatible servers agree on is the shape of the
request and of the answer, and the package costs a client ten times the CPU. Bare requests against
a local server, milliseconds of client CPU each, at 64 and at 256 at once: aiohttp 0.08 and 0.11,
httpx2 0.52 and 0.88, `openai` (over httpx2) 1.2 and 1.6, which leaves nothing for reading,
pacing and a ledger within 2 ms; at 16 at once: httpx 1.0, `openai` over aiohttp 0.95. The whole
client beside the package: `python -m benchmarks.client`.

The API key is read when the first request goes out, and stands in no message or `repr`.
"""

from __future__ import annotations

import errno
import io
import os
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from curate.config import MemberConfig
from curate.errors import ConfigError, ModelError

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Connection", "LostError", "Received", "Server"]

_LARGE = 1 << 20
"""Bytes past which aiohttp wants a body as a stream."""


class LostError(Exception):
    """A request to which no whole answer came; the message says what was met instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """Where a member is served, and its key.

    Raises:
        ConfigError: If the address is none that can be asked, or the key stands where the name of
            its variable should.
    """

    def __init__(self, member: MemberConfig):
        parts = _checked(member)
        path = f"{parts.path.rstrip('/')}/chat/completions"
        self.url = parts._replace(path=path, fragment="").geturl()
        self.shown = parts._replace(query="", fragment="").geturl()
        """For messages: without what may be secret."""
        self.proxy = _proxy(parts)
        self._is_here = _is_loopback(parts.hostname or "")
        self._variable = _variable(member, is_here=self._is_here)
        self.is_open = parts.scheme == "http" and not self._is_here
        """Whether texts cross a network unencrypted."""

    def __repr__(self) -> str:
        return f"Server({self.shown!r})"

    def key(self) -> str | None:
        """Return the API key; None where none is sent.

        A server on this machine is sent none unless `api_key_env` is set for it.

        Raises:
            ModelError: If the variable is not set, or holds what no key can be.
        """
        name = self._variable
        key = os.environ.get(name, "").strip() if name else ""
        if not key and name and not self._is_here:
            raise ModelError(
                f"{self.shown}: the variable {name} holds no API key; export it, or set "
                "`api_key_env: null` for a server that needs none"
            )
        if not key.isascii() or (key and not key.isprintable()):
            raise ModelError(
                f"{self.shown}: the variable {name} holds characters that no API key has"
            )
        return key or None


class Connection:
    """Kept connections to one server, on one event loop.

    Args:
        server: Whom to ask.
        most: How many connections at once.
        timeout: Seconds for one request, from sending to the last byte.
    """

    def __init__(self, server: Server, *, most: int, timeout: float):
        self._server = server
        self._most = most
        self._timeout = timeout

    async def __aenter__(self) -> Connection:
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._most),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._headers: dict[str, str] | None = None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, body: bytes) -> Received:
        """Send a request and return its whole answer.

        Raises:
            LostError: If no whole answer came.
            ModelError: If there is no key to send.
        """
        import aiohttp

        try:
            async with self._session.post(
                self._server.url,
                data=io.BytesIO(body) if len(body) > _LARGE else body,
                headers=self._sent_headers(),
                proxy=self._server.proxy,
                allow_redirects=False,
            ) as answer:
                raw = await answer.read()
                return Received(status=answer.status, headers=answer.headers, body=raw)
        except TimeoutError as late:
            raise LostError(f"no answer within {self._timeout:g} s (`timeout:`)") from late
        except (aiohttp.ClientError, OSError) as cut:
            raise LostError(_words(cut)) from cut

    def _sent_headers(self) -> Mapping[str, str]:
        if self._headers is None:
            key = self._server.key()
            self._headers = {"Content-Type": "application/json"}
            self._headers |= {"Authorization": f"Bearer {key}"} if key else {}
        return self._headers


def _words(cut: aiohttp.ClientError | OSError) -> str:
    import aiohttp

    if isinstance(cut, aiohttp.ClientConnectorDNSError):
        return "the host's name is not known"
    if isinstance(cut, aiohttp.ClientSSLError):
        return f"no encrypted connection ({type(cut).__name__})"
    if getattr(cut, "errno", None) == errno.ECONNREFUSED:
        return "connection refused"
    if isinstance(cut, aiohttp.ClientPayloadError):
        return "the connection was cut in the middle of the answer"
    return f"the connection broke ({getattr(cut, 'strerror', None) or type(cut).__name__})"


def _checked(member: MemberConfig) -> SplitResult:
    try:
        parts = urlsplit(member.base_url.strip())
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fit = False
    if not fit:
        raise ConfigError(
            f"`base_url` of {member.label!r} is no address that can be asked; give one such as "
            "http://localhost:8000/v1"
        )
    if parts.username or parts.password:
        raise ConfigError(
            f"`base_url` of {member.label!r} holds a name or password, which files and logs "
            "would keep; name the variable that holds the key in `api_key_env:`"
        )
    return parts


def _variable(member: MemberConfig, *, is_here: bool) -> str | None:
    """Return the variable with the key; a local server is not sent the default one's."""
    if member.api_key_env and not _NAME.fullmatch(member.api_key_env):
        raise ConfigError(
            f"`api_key_env` of {member.label!r} is no name of a variable; it names the one that "
            "holds the key, and is not the key itself"
        )
    named = "api_key_env" in member.model_fields_set
    return member.api_key_env if named or not is_here else None


_NAME = re.compile(r"(?!(?:gsk|hf)_\w{16})[A-Za-z_][A-Za-z0-9_]*")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _proxy(parts: SplitResult) -> str | None:
    """Return the proxy that the environment names for an address; none for this machine."""
    host = parts.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    named = proxies.get(parts.scheme) or proxies.get("all") or ""
    return named if named.startswith("http") else None
