"""Requests that an application never sees: what is answered in its place."""

from __future__ import annotations

from simblock.middleware.types import Receive, Send
from simblock.serving.refusing import refusal
from simblock.serving.routes import Route


def refused(route: Route) -> tuple[int, bytes]:
    """Status and body for a route that is refused."""
    return 403, refusal(403, "route_refused", f"this route is not filtered, so it is refused: {route.why}")


async def refuse(send: Send, status: int, body: bytes) -> None:
    """Answers with an error."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse_websocket(receive: Receive, send: Send) -> None:
    """Closes a websocket before it opens: what goes through one is not filtered."""
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": "not filtered by simblock"})
