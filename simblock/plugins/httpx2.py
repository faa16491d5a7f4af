"""Transports for httpx2: ``httpx2.Client(transport=SimblockTransport(index=…))``.

See :class:`simblock.plugins.transports.Gated` for what they take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simblock.plugins.transports import AsyncTransport, Transport, transports

if TYPE_CHECKING:
    import httpx2

    class SimblockTransport(Transport, httpx2.BaseTransport):
        """Filters what generation routes answer to a blocking client; other requests pass untouched."""

    class AsyncSimblockTransport(AsyncTransport, httpx2.AsyncBaseTransport):
        """The same for an awaiting client, on asyncio."""

else:
    SimblockTransport, AsyncSimblockTransport = transports("httpx2")

__all__ = ["AsyncSimblockTransport", "SimblockTransport"]
