"""The same for an event loop: what a guard that awaits reads from Redis."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import redis.asyncio as aredis
from redis import exceptions as said
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from simblock.stores.redis.address import Address
from simblock.stores.redis.connections import Patience, arguments
from simblock.stores.redis.routing import Batch, Flow, Node, Replies, Round, Router
from simblock.stores.redis.trouble import GARBLED, as_said, translate, unreached

__all__ = ["AwaitingLink"]

_T = TypeVar("_T")
_AT_ONCE = 32
"""Calls under way, each with a connection of its own: a server has one thread, more would only wait there."""
_STALLED = 0.005
"""Seconds for what came while the loop was held up: longer than the loop needs to read it, and unnoticed."""


class _Connecting:
    """Put before the client library's class: says in our words why there is no connection, and ends one
    without a farewell."""

    _writer: asyncio.StreamWriter | None
    _reader: asyncio.StreamReader | None

    async def _connect(self) -> None:
        try:
            await super()._connect()  # type: ignore[misc]
        except (OSError, *GARBLED) as error:
            raise unreached(error) from None

    async def abort(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        await self.disconnect(nowait=True)  # type: ignore[attr-defined]

    def abandon(self) -> None:
        """Ends a connection whose event loop is over.

        A transport waits for its loop to call it back before it closes its socket, so that is done here.
        """
        writer, self._writer, self._reader = self._writer, None, None
        if writer is None:
            return
        transport: Any = writer.transport
        with contextlib.suppress(RuntimeError):
            transport.abort()
        secured = getattr(transport, "_ssl_protocol", None)
        below = transport if secured is None else secured._transport
        # Another loop's transport may have closed its socket with the loop, or have no such method.
        with contextlib.suppress(RuntimeError, AttributeError):
            below._call_connection_lost(None)


class _Plain(_Connecting, aredis.Connection):
    pass


class _Secure(_Connecting, aredis.SSLConnection):
    pass


class AwaitingLink:
    """The way to the servers of an address from one event loop; errors and patience are those of
    :class:`~simblock.stores.redis.clients.Link`. At most 32 calls are under way, others wait."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._router = Router(address)
        self._patience = Patience(address.connect_timeout, address.timeout)
        self._idle: dict[Node, list[Any]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def __repr__(self) -> str:
        return f"AwaitingLink({self.address.name!r})"

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of keys, None where there is none, by one command (one round to all nodes of a
        cluster)."""
        try:
            await self._turn()
            try:
                return await self._drive(self._router.values(keys))
            finally:
                self._turns.release()
        except said.RedisError as error:
            raise translate(self.address, error, self._patience.answer) from None

    async def close(self) -> None:
        """Ends its connections; it may be used again."""
        waiting = [connection for idle in self._idle.values() for connection in idle]
        self._idle.clear()
        for connection in waiting:
            try:
                await connection.disconnect()
            except (said.RedisError, OSError):
                await connection.abort()

    def abandon(self) -> None:
        """Ends its connections where its event loop is closed, so that nothing can be awaited there."""
        for idle in self._idle.values():
            for connection in idle:
                connection.abandon()
        self._idle.clear()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self._patience.whole):
                await self._turns.acquire()
        except TimeoutError:
            raise said.TimeoutError from None

    async def _drive(self, flow: Flow[_T]) -> _T:
        until = time.monotonic() + self._patience.whole
        try:
            asked = next(flow)
            while True:
                asked = flow.send(await self._exchange(asked, until))
        except StopIteration as stop:
            result: _T = stop.value
            return result

    async def _exchange(self, asked: Round, until: float) -> Replies:
        if len(asked) == 1:
            return [await self._talk(asked[0], until)]
        return list(await asyncio.gather(*(self._talk(batch, until) for batch in asked)))

    async def _talk(self, batch: Batch, until: float) -> list[Any]:
        """The replies of one server, or the exception that befell it, as often as there are commands."""
        connection = None
        try:
            connection = self._waiting(batch.node) or await self._open(batch.node, until)
            replies = await self._within(
                min(self._patience.answer, until - time.monotonic()), _speak(connection, batch)
            )
        except (said.RedisError, OSError, *GARBLED) as error:
            await self._drop(batch.node, connection)
            return [as_said(error)] * len(batch.commands)
        except BaseException:
            await self._drop(batch.node, connection)
            raise
        self._idle.setdefault(batch.node, []).append(connection)
        return replies

    async def _open(self, node: Node, until: float) -> Any:
        made: Any = _Secure if self.address.tls else _Plain
        given = arguments(self.address, node) | {"retry": Retry(NoBackoff(), 0)}
        connection = made(**given, socket_timeout=None, socket_connect_timeout=self._patience.connect)
        limit = min(self._patience.connect, until - time.monotonic())
        try:
            await self._within(limit, connection.connect())
        except said.TimeoutError:
            await connection.abort()
            raise unreached(TimeoutError()) from None
        except BaseException:  # who asked may be cancelled when the connection was made already
            await connection.abort()
            raise
        return connection

    def _waiting(self, node: Node) -> Any:
        """An idle connection that is open, as far as the loop has seen."""
        waiting = self._idle.get(node)
        while waiting:
            connection = waiting.pop()
            if connection.is_connected:
                return connection
        return None

    async def _within(self, seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
        """What comes of some work, if it comes in time.

        A loop that was held up finds the answer and the end of the time at once; so it may look once
        more, or a busy process would take its own work for the server's silence.
        """
        task = asyncio.ensure_future(work)
        try:
            for limit in (max(seconds, 0.0), _STALLED):
                done, _ = await asyncio.wait({task}, timeout=limit)
                if done:
                    return task.result()
            raise said.TimeoutError
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # or the loop complains that nobody looked

    async def _drop(self, node: Node, connection: Any = None) -> None:
        """Ends a connection that failed, and with it those that are idle: they may be as dead."""
        for each in [*self._idle.pop(node, ()), *([connection] if connection else [])]:
            await each.abort()


async def _speak(connection: Any, batch: Batch) -> list[Any]:
    await connection.send_packed_command(connection.pack_commands(batch.commands))
    return [await _reply(connection) for _ in batch.commands]


async def _reply(connection: Any) -> Any:
    """A reply; a refusal by the server is one too, and given back."""
    try:
        return await connection.read_response()
    except said.ResponseError as error:
        return error
