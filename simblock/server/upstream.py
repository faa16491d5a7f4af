"""The server behind the proxy: the one place where aiohttp is touched.

What comes back is not decompressed, cookies are nobody's, and a redirect is the client's to follow.
"""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from simblock.errors import MissingExtra, UsageError
from simblock.server.answering import RawHeaders

if TYPE_CHECKING:
    import aiohttp
    from multidict import CIMultiDict
    from yarl import URL

LOG = logging.getLogger("simblock")
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade".split()
)
"""Headers of one connection alone (RFC 9110, 7.6.1)."""
KEPT = 4.0
"""Seconds for which an idle connection is kept: less than uvicorn and llama.cpp keep it, so that none is used that
the other side is about to close."""
AT_ONCE = 1.0
"""Seconds within which a kept connection shows that the other side had closed it: later, a request was at work."""
_AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class UpstreamError(Exception):
    """The upstream gave no answer, or broke one off; ``status`` is what a client is told, where it still can be."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Timeouts(NamedTuple):
    """Seconds until a connection stands, and between two reads: a whole answer may take as long as it takes."""

    connect: float = 10.0
    read: float = 600.0


PATIENT = Timeouts()


@dataclass(slots=True)
class Connection:
    """Whether a request goes out on a connection that stood before."""

    kept: bool = False


class Upstream:
    """Sends requests on, over a pool of connections. Raises UsageError for a URL that cannot be meant."""

    def __init__(self, url: str, timeouts: Timeouts = PATIENT) -> None:
        self.url = _checked(url)
        self._timeouts = timeouts
        self._failing: set[str] = set()
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes the pool. Raises MissingExtra."""
        try:
            import aiohttp
        except ImportError:
            raise MissingExtra("simblock proxy", "serve") from None
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timeouts.connect, sock_read=self._timeouts.read
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=KEPT,
                ssl=ssl.create_default_context(),  # reads SSL_CERT_FILE
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_AUTOMATIC,
            timeout=limits,
            trust_env=False,
            max_line_size=65536,
            max_field_size=65536,
            trace_configs=[_tracing()],
        )

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def ask(
        self, method: str, target: bytes, headers: RawHeaders, body: bytes | AsyncIterator[bytes] | None
    ) -> AsyncIterator[Answer]:
        """Sends a request; ``target`` is path and query as they came. Raises UpstreamError, while the answer is read too.

        Left early, the connection is closed, so the upstream knows that nobody listens.
        """
        import aiohttp
        from multidict import CIMultiDict
        from yarl import URL

        assert self._session is not None, "open() comes first"
        url = URL(self.url + quote(target, safe=_AS_IT_IS), encoded=True)
        sent = CIMultiDict((name.decode("latin-1"), _text(value)) for name, value in headers)
        try:
            async with await self._begun(method, url, sent, body) as response:
                try:
                    yield Answer(response, self.url)
                finally:
                    if not response.content.at_eof():
                        response.close()
                self._failing.clear()
        except (TimeoutError, aiohttp.ServerTimeoutError) as error:
            raise self._told(
                error, 504, "upstream_timeout", "the model server did not answer in time"
            ) from None
        except aiohttp.ClientSSLError as error:
            raise self._told(
                error, 502, "upstream_untrusted", "the model server's certificate is not trusted"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise self._told(
                error, 502, "upstream_unreachable", "the model server cannot be reached"
            ) from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._told(error, 502, "upstream_failed", "the model server broke off its answer") from None

    async def _begun(
        self, method: str, url: URL, headers: CIMultiDict[str], body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """The answer from its head on. Asks once more where the other side closed a kept connection as we took it."""
        import aiohttp

        assert self._session is not None, "open() comes first"
        ask = partial(self._session.request, method, url, headers=headers, data=body, allow_redirects=False)
        connection, began = Connection(), time.monotonic()
        try:
            return await ask(trace_request_ctx=connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not (connection.kept and isinstance(body, bytes)) or time.monotonic() - began > AT_ONCE:
                raise
        return await ask()

    def _told(self, error: Exception, status: int, code: str, message: str) -> UpstreamError:
        """The error for the client; of each kind the first is logged, until the upstream answers again."""
        if code not in self._failing:
            self._failing.add(code)
            LOG.warning("upstream %s: %s (%s)", self.url, message, type(error).__name__)
        return UpstreamError(status, code, message)


class Answer:
    """An answer of the upstream: its status, its headers without those of the connection, and its body as it comes."""

    def __init__(self, response: aiohttp.ClientResponse, base: str) -> None:
        self.status = response.status
        raw = response.raw_headers
        dropped = HOP_BY_HOP | named_by_connection(raw)
        self.headers = [
            (name, _relative(value, base) if name.lower() == b"location" else value)
            for name, value in raw
            if name.lower() not in dropped
        ]
        self.chunks: AsyncIterator[bytes] = response.content.iter_any().__aiter__()
        self.read = response.read


def named_by_connection(headers: RawHeaders) -> frozenset[bytes]:
    """The headers that a Connection header names: they are of that connection, too."""
    values = (value for name, value in headers if name.lower() == b"connection")
    return frozenset(part.strip().lower() for value in values for part in value.split(b","))


def _tracing() -> aiohttp.TraceConfig:
    """Tells requests that brought a :class:`Connection` which kind they got."""
    import aiohttp

    async def kept(_session: object, context: SimpleNamespace, _params: object) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.kept = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(kept)
    return tracing


_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F))).replace("#", "").replace('"', "")


def _text(value: bytes) -> str:
    """A header's value for aiohttp, which sends UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _relative(location: bytes, base: str) -> bytes:
    """Where a redirect leads to, seen from the client: one to the upstream itself would lead it past the filter."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(base)).encode()
    rest = location[len(origin) :]
    if not location.lower().startswith(origin.lower()) or rest[:1] not in {b"", b"/", b"?"}:
        return location
    return rest.removeprefix(urlsplit(base).path.encode()) or b"/"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise UsageError(
            "--upstream is no URL of a server: write it as http://HOST:PORT or https://HOST/PREFIX"
        )
    if parts.username or parts.password:
        raise UsageError(
            "--upstream holds a password: clients send their own Authorization header, leave it out"
        )
    if parts.query or parts.fragment or re.search(r"[^\x21-\x7e]", url.strip()):
        raise UsageError(
            "--upstream has a query, a fragment or blanks: give scheme, host, port and prefix alone"
        )
    return url.strip().rstrip("/")


__all__ = ["HOP_BY_HOP", "Answer", "Timeouts", "Upstream", "UpstreamError", "named_by_connection"]
