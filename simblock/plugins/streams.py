"""The body of a response through an exchange, for clients that block and for clients that await."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from simblock.serving.exchange import Exchange

_DONE = b"[DONE]"


class _Carried:
    """``response`` is the upstream's, ``broken`` makes the error of an answer that cannot go on."""

    def __init__(self, exchange: Exchange, response: Any, broken: Callable[[], Exception]) -> None:
        self._exchange, self._response, self._broken = exchange, response, broken
        self._ended = False

    def _checked(self, out: bytes) -> bytes:
        """What goes out, unless the answer is broken off."""
        if self._exchange.broken:
            raise self._broken()
        # clients leave at this word, whatever may follow
        self._ended = self._ended or _DONE in out[-16:]
        return out

    def _close(self, failed: str | None = None) -> None:
        self._exchange.close(gone=not self._ended, failed=failed)


class Filtered(_Carried):
    """Yields what may go out of a response. Closed before its end, it closes the response inside, too."""

    def __iter__(self) -> Iterator[bytes]:
        exchange, out = self._exchange, b""
        try:
            for chunk in self._response.stream:
                out = self._checked(exchange.feed(chunk))
                if exchange.over:
                    break
                if out:
                    yield out
                    out = b""
            out += self._checked(exchange.finish())
        except Exception as error:
            self._close(type(error).__name__)
            self.close()
            raise
        self._ended = True
        self.close()
        if out:
            yield out

    def close(self) -> None:
        """Ends the response inside: the upstream is told that nobody listens any more."""
        self._close()
        self._response.close()


class AsyncFiltered(_Carried):
    """:class:`Filtered` for event loops."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange, out = self._exchange, b""
        try:
            async for chunk in self._response.stream:
                out = self._checked(await exchange.afeed(chunk))
                if exchange.over:
                    break
                if out:
                    yield out
                    out = b""
            out += self._checked(await exchange.afinish())
        except Exception as error:
            self._close(type(error).__name__)
            await self.aclose()
            raise
        self._ended = True
        await self.aclose()
        if out:
            yield out

    async def aclose(self) -> None:
        """Ends the response inside: the upstream is told that nobody listens any more."""
        self._close()
        await self._response.aclose()


__all__ = ["AsyncFiltered", "Filtered"]
