"""The client side: what a hosted model says is filtered where an application's HTTP client gets it.

httpx and httpx2 have the same interface, so there is one body for both: :func:`transports` makes the two classes of a
package. Where a server refuses a route that it does not know, a client's transport lets it pass, for it is the
application itself that asks: only what is known to generate is filtered.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from simblock.errors import InputError, MissingExtra, Unavailable
from simblock.events import Events
from simblock.plugins.streams import AsyncFiltered, Filtered
from simblock.policy import Policy
from simblock.serving.exchange import Exchange, Head
from simblock.serving.gate import Gate, open_gate
from simblock.serving.refusing import told_of, too_large
from simblock.serving.routes import Route, readings
from simblock.stores import Index

T = TypeVar("T")
BASE = 4
"""Parts that a path may have before those that name a route; of a longer one the last count."""
NOT_SENT = frozenset({b"accept-encoding", b"range", b"content-length", b"transfer-encoding"})
"""Headers of a request that are made anew: answers are to come whole and as they are."""


class Gated:
    """What the blocking and the awaiting transport share.

    ``index`` is a path or URL, an open index, or several of them; ``policy`` a file or a :class:`simblock.Policy`.
    Further settings are those of :class:`simblock.serving.settings.Settings`; what is not given is taken from the
    environment (``SIMBLOCK_INDEX``, …). ``events`` takes decisions and delays. Instead of all that, a ``gate``: give
    several transports the same one. ``transport`` sends the requests; unset, the package's own, without the proxies
    that the environment names.

    Raises SimblockError where the index or the policy cannot be used.
    """

    package: ClassVar[Any]
    default: ClassVar[str]
    stream: ClassVar[Any]

    def __init__(
        self,
        index: str | Path | Index | Sequence[str | Path | Index] | None = None,
        policy: str | Path | Policy | None = None,
        *,
        transport: Any = None,
        gate: Gate | None = None,
        events: Events | None = None,
        **settings: Any,
    ) -> None:
        self.gate = gate or open_gate(index, policy, events, **settings)
        self.inner = transport or getattr(self.package, self.default)()

    def _route(self, request: Any) -> Route | None:
        """The generation route that some server may take a request for; None where it passes."""
        path = request.url.raw_path.partition(b"?")[0].decode("latin-1")
        found = [self.gate.routes.of(request.method, tail) for one in readings(path) for tail in _tails(one)]
        route = next((route for route in found if route.kind == "generation"), None)
        if route is None:
            reason, name = (found[0].why, found[0].name) if found[0].kind == "pass" else ("unknown", "other")
            self.gate.events.bypassed(reason, name)
        return route

    def _sent(self, request: Any, body: bytes) -> Any:
        """The request as it is put to the upstream."""
        headers = [pair for pair in request.headers.raw if pair[0].lower() not in NOT_SENT]
        headers.append((b"accept-encoding", b"identity"))
        return self.package.Request(
            request.method, request.url, headers=headers, content=body, extensions=request.extensions
        )

    def _refused(self, status: int, body: bytes) -> Any:
        """An answer of our own, to a request that the upstream must not see."""
        headers = [(b"content-type", b"application/json")]
        return self.package.Response(status, headers=headers, content=body)

    def _too_large(self, body: bytes) -> Any:
        most = self.gate.settings.max_body
        if len(body) <= most:
            return None
        return self._refused(*too_large(most))

    def _answer(self, head: Head, stream: Any, response: Any) -> Any:
        return self.package.Response(
            head.status, headers=head.headers, stream=stream, extensions=response.extensions
        )

    def _broken(self) -> Exception:
        """What a client is told where an answer cannot go on."""
        error: Exception = self.package.RemoteProtocolError(
            "what the upstream sent cannot be read: see simblock's log"
        )
        return error


class Transport(Gated):
    """Filters what generation routes answer to a blocking client; other requests pass untouched."""

    def handle_request(self, request: Any) -> Any:
        """Sends a request, and answers it; what the transport inside raises goes through."""
        route = self._route(request)
        if route is None:
            return self.inner.handle_request(request)
        body = request.read()
        if (refused := self._too_large(body)) is not None:
            return refused
        try:
            exchange = self.gate.exchange(route, request.headers.raw, body)
        except (InputError, Unavailable) as error:
            return self._refused(*told_of(error))
        try:
            return self._exchanged(exchange, request, body)
        except BaseException as error:
            _close(exchange, error)
            raise

    def _exchanged(self, exchange: Exchange, request: Any, body: bytes) -> Any:
        def again(body: bytes) -> tuple[int, bytes]:
            response = self.inner.handle_request(self._sent(request, body))
            try:
                return response.status_code, b"".join(response.stream)
            finally:
                response.close()

        exchange.again = again
        response = self.inner.handle_request(self._sent(request, body))
        stream = self.stream(exchange, response, self._broken)
        try:
            head = exchange.head(response.status_code, response.headers.raw)
            if head is None:
                stream = self.package.ByteStream(b"".join(stream))
            return self._answer(head or _decided(exchange), stream, response)
        except BaseException:
            response.close()
            raise

    def close(self) -> None:
        """Closes the transport inside."""
        self.inner.close()


class AsyncTransport(Gated):
    """Filters what generation routes answer to an awaiting client, on asyncio; other requests pass untouched."""

    async def handle_async_request(self, request: Any) -> Any:
        """Sends a request, and answers it; what the transport inside raises goes through."""
        route = self._route(request)
        if route is None:
            return await self.inner.handle_async_request(request)
        body = await request.aread()
        if (refused := self._too_large(body)) is not None:
            return refused
        try:
            exchange = await self.gate.aexchange(route, request.headers.raw, body)
        except (InputError, Unavailable) as error:
            return self._refused(*told_of(error))
        try:
            return await self._exchanged(exchange, request, body)
        except BaseException as error:
            _close(exchange, error)
            raise

    async def _exchanged(self, exchange: Exchange, request: Any, body: bytes) -> Any:
        async def again(body: bytes) -> tuple[int, bytes]:
            response = await self.inner.handle_async_request(self._sent(request, body))
            try:
                return response.status_code, b"".join([chunk async for chunk in response.stream])
            finally:
                await response.aclose()

        exchange.again = again
        response = await self.inner.handle_async_request(self._sent(request, body))
        stream = self.stream(exchange, response, self._broken)
        try:
            head = exchange.head(response.status_code, response.headers.raw)
            if head is None:
                stream = self.package.ByteStream(b"".join([chunk async for chunk in stream]))
            return self._answer(head or _decided(exchange), stream, response)
        except BaseException:
            await response.aclose()
            raise

    async def aclose(self) -> None:
        """Closes the transport inside."""
        await self.inner.aclose()


def transports(name: str) -> tuple[type[Transport], type[AsyncTransport]]:
    """The blocking and the awaiting transport for httpx, or for httpx2. Raises MissingExtra."""
    try:
        package = importlib.import_module(name)
    except ImportError:
        raise MissingExtra(f"simblock.plugins.{name}", name) from None
    return (
        _made(Transport, package.BaseTransport, package, "HTTPTransport", (Filtered, package.SyncByteStream)),
        _made(
            AsyncTransport,
            package.AsyncBaseTransport,
            package,
            "AsyncHTTPTransport",
            (AsyncFiltered, package.AsyncByteStream),
        ),
    )


def _made(body: type[T], base: type, package: Any, default: str, stream: tuple[type, type]) -> type[T]:
    """``body`` as a transport of a package, with its streams as those of the package."""
    fields = {
        "__doc__": body.__doc__,
        "__module__": f"simblock.plugins.{package.__name__}",
        "package": package,
        "default": default,
        "stream": type(stream[0].__name__, stream, {}),
    }
    return type(body.__name__.replace("Transport", "SimblockTransport"), (body, base), fields)


def _tails(path: str) -> list[str]:
    """A path, and of one with a long base its ends: hosted models stand behind projects, places and versions."""
    parts = path.split("/")[1:]
    return [path, *("/" + "/".join(parts[-size:]) for size in (BASE + 2, BASE + 1) if len(parts) > size)]


def _decided(exchange: Exchange) -> Head:
    """The head that a whole answer turned out to have."""
    assert exchange.answer_head is not None, "finish() sets it"
    return exchange.answer_head


def _close(exchange: Exchange, error: BaseException) -> None:
    """Tells of a request that came to nothing: something failed, or the application gave up."""
    failed = isinstance(error, Exception)
    exchange.close(gone=not failed, failed=type(error).__name__ if failed else None)


__all__ = ["AsyncTransport", "Transport", "transports"]
