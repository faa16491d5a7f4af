"""Two listeners in one event loop, from the first connection to the last: the one place where uvicorn is touched."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.errors import MissingExtra, UsageError
from simblock.server.admin import Standing
from simblock.server.answering import App

if TYPE_CHECKING:
    import uvicorn

KEPT = 75
"""Seconds for which an idle connection of a client is kept: longer than the usual balancer keeps it."""
BACKLOG = 2048


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, option: str) -> Address:
        """Of ``HOST:PORT``, ``[::1]:PORT`` or ``:PORT``. Raises UsageError naming the option."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535 or ("[" in host) != ("]" in host):
            raise UsageError(
                f"{option} {text!r}: write it as HOST:PORT, such as 127.0.0.1:8080 (port 0: any free one)"
            )
        return cls(host.strip("[]") or "127.0.0.1", int(port))


class Listener(NamedTuple):
    """A socket that is bound, and the app that answers there."""

    socket: socket.socket
    app: App

    @property
    def url(self) -> str:
        """Where it is reached."""
        host, port = self.socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Patience(NamedTuple):
    """Seconds between the signal and the end: until no connection is taken any more, so that balancers see it coming,
    and then until running answers are cut off."""

    notice: float = 0.0
    drain: float = 30.0


class Steps(NamedTuple):
    """What else is done: ``started`` is awaited before the first connection, ``ended`` after the last, ``beside`` runs
    meanwhile."""

    started: Callable[[], Awaitable[None]]
    ended: Callable[[], Awaitable[None]]
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()


def bind(address: Address, option: str) -> socket.socket:
    """A socket bound there, which does not listen yet. Raises UsageError where that cannot be."""
    made = None
    try:
        family, sort, protocol, _, where = socket.getaddrinfo(
            *address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, sort, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
    except OSError as error:
        if made is not None:
            made.close()
        raise _taken(address, option, error) from None
    return made


def listen(bound: socket.socket, option: str) -> None:
    """Lets connections wait to be taken. Raises UsageError where another process was quicker."""
    try:
        bound.listen(BACKLOG)
    except OSError as error:
        raise _taken(Address(*bound.getsockname()[:2]), option, error) from None


def _taken(address: Address, option: str, error: OSError) -> UsageError:
    reason = (error.strerror or str(error)).lower()
    return UsageError(
        f"{option} {address.host}:{address.port}: {reason}: choose another port, or end what listens there"
    )


def run(
    listeners: Sequence[Listener],
    standing: Standing,
    patience: Patience,
    steps: Steps,
) -> None:
    """Serves until a signal comes and the last answer is out; the first of the listeners is drained before the others.

    Raises KeyboardInterrupt where SIGINT ended it, MissingExtra.
    """
    uvicorn = _uvicorn()
    factory = uvicorn.Config(_nowhere).get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        signals: list[int] = []
        runner.run(_serve(listeners, standing, patience, steps, signals))
    if signals[0] == signal.SIGINT:
        raise KeyboardInterrupt


async def serve(
    listeners: Sequence[Listener], standing: Standing, patience: Patience, stop: asyncio.Event
) -> None:
    """Serves in the loop that runs until ``stop`` is set and the last answer is out; a second time, it is not waited."""
    servers = [_server(listener, patience) for listener in listeners]
    running = [
        asyncio.ensure_future(server.serve(sockets=[listener.socket]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    await stop.wait()
    stop.clear()
    standing.draining = True
    hurried = asyncio.ensure_future(_hurry(stop, servers))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(hurried), patience.notice or 0.001)
    for server, task in zip(servers, running, strict=True):
        server.should_exit = True
        await task
    hurried.cancel()


async def _hurry(stop: asyncio.Event, servers: Sequence[uvicorn.Server]) -> None:
    await stop.wait()
    for server in servers:
        server.force_exit = server.should_exit = True


async def _serve(
    listeners: Sequence[Listener],
    standing: Standing,
    patience: Patience,
    steps: Steps,
    signals: list[int],
) -> None:
    stop = asyncio.Event()
    with _signals(stop, signals):
        await steps.started()
        tasks = [asyncio.ensure_future(one()) for one in steps.beside]
        try:
            await serve(listeners, standing, patience, stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await steps.ended()


@contextlib.contextmanager
def _signals(stop: asyncio.Event, seen: list[int]) -> Iterator[None]:
    """Sets ``stop`` at SIGTERM and SIGINT, each time, and notes which came."""
    loop = asyncio.get_running_loop()

    def note(number: int) -> None:
        seen.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, note, number)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _server(listener: Listener, patience: Patience) -> uvicorn.Server:
    uvicorn = _uvicorn()

    class Server(uvicorn.Server):  # type: ignore[misc, name-defined]
        """One of two in a loop: signals are heard by the loop, not by each."""

        def capture_signals(self) -> contextlib.AbstractContextManager[None]:
            return contextlib.nullcontext()

    config = uvicorn.Config(
        listener.app,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,  # the upstream's own go through
        timeout_keep_alive=KEPT,
        timeout_graceful_shutdown=max(int(patience.drain), 1),
        backlog=BACKLOG,
    )
    return Server(config)


def _uvicorn() -> Any:
    try:
        import uvicorn
    except ImportError:
        raise MissingExtra("simblock serve", "serve") from None
    return uvicorn


async def _nowhere(*_: Any) -> None: ...


__all__ = ["Address", "Listener", "Patience", "Steps", "bind", "listen", "run", "serve"]
