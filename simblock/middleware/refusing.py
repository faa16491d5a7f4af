"""Requests that an application never sees: what is answered in its place."""

from __future__ import annotations

from simblock.middleware.types import Receive, Send
from simblock.serving.routes import Route
from simblock.wire.jsontext import dump

TOO_LARGE = "the request has over {} bytes: send less, or raise SIMBLOCK_MAX_BODY"
_KINDS = {400: "invalid_request_error", 403: "permission_error", 413: "invalid_request_error"}


def refused(route: Route) -> tuple[int, str]:
    """Status and message for a route that is refused."""
    return 403, f"this route is not filtered, so it is refused: {route.why}"


async def refuse(send: Send, status: int, message: str) -> None:
    """Answers with an error in the shape that clients of generation servers read."""
    kind = _KINDS.get(status, "api_error")
    body = dump({"error": {"message": message, "type": kind, "param": None, "code": "simblock"}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse_websocket(receive: Receive, send: Send) -> None:
    """Closes a websocket before it opens: what goes through one is not filtered."""
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": "not filtered by simblock"})
